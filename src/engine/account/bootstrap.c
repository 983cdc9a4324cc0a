/* The account's CD stack: there, ours, and of the right revision (DESIGN.md section 3, step 3).
 *
 *   describe ─ not ours ─▶ refused
 *      │
 *      ├─ busy ─▶ wait, or follow what an earlier life of this job began
 *      ├─ a roll back that failed ─▶ continue it
 *      ├─ dead (a first creation that failed) ─▶ remove it
 *      ├─ newer than we know ─▶ refused, unless forced
 *      ├─ the same template ─▶ up to date, no change set
 *      └─ else ─▶ change set ─▶ execute ─▶ follow ─ the role was late ─▶ remove, and once more
 *
 * At the end it is protected against deletion: without it nobody finds the projects' state. Several
 * jobs of an account may come here at once; each sees the others' work as "busy". */
#include "engine/account/bootstrap.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/account/cd_work.h"
#include "engine/account/facts.h"
#include "engine/call.h"
#include "engine/stack/change.h"
#include "engine/stack/service_role.h"
#include "engine/stack/stack.h"

#include <errno.h>

/* Left to AWS, the subnet may come to lie in a zone where Fargate is not to be had. Who may not
 * list the zones leaves it to AWS all the same. */
static const char *choose_zone(struct engine_context *c, struct arena *arena)
{
    cleanup_error struct error ignored = ERROR_INIT;
    struct plan_facts f = {.region = aws_session_region(c->aws)};

    if (c->facts && c->facts->zone_count)
        return c->facts->zones[0];
    return flow_zones(c, arena, &f, &ignored) == 0 ? f.zones[0] : NULL;
}

/* A subnet's zone is for life: another one would have to be made beside it, with the same
 * addresses. `deployed` is NULL where there is none. */
static struct graph *cd_graph(struct engine_context *c, struct arena *arena, const json_t *deployed)
{
    const char *zone = deployed ? json_str(deployed, "Resources.Subnet.Properties.AvailabilityZone")
                                : choose_zone(c, arena);
    struct plan_cd_settings s = {
        .zone = zone,
        .cd_name = c->settings->cd_name,
        .prefix = c->settings->prefix,
        .retain_bucket = true,
        .pulumi_image = c->settings->pulumi_image,
        .pull_through = plan_cd_has_pull_through(aws_session_region(c->aws))};
    return plan_cd(&s);
}

/* A newer defangd made it: its template may hold what we do not know how to keep. An older one is
 * upgraded. */
static int guard_revision(const struct flow_cd *cd, const char *name, bool force, struct error *err)
{
    if (force || cd->revision <= PLAN_CD_REVISION)
        return 0;

    error_raise(
        err,
        ERR_REFUSED,
        "stack %s has template revision %d, this defangd knows %d",
        name,
        cd->revision,
        PLAN_CD_REVISION);
    error_hint(
        err,
        "update defangd, or use `defangctl cd bootstrap --force` to go back to the older revision");
    return -EPERM;
}

/* What is to be made of what is deployed, and whether that is the same. */
static struct graph *
wanted_graph(struct engine_context *c, const struct cfn_stack *stack, bool *same)
{
    cleanup_arena struct arena *arena = arena_new();
    cleanup_json json_t *deployed = NULL;
    /* Unreadable = different: the change set decides. */
    cleanup_error struct error ignored = ERROR_INIT;
    bool in_review = text_eq(stack->status, "REVIEW_IN_PROGRESS");

    if (stack->exists && !in_review && cfn_stack_template(c, stack->name, &deployed, &ignored) < 0)
        deployed = json_object();

    struct graph *g = cd_graph(c, arena, deployed);
    cleanup_json json_t *wanted = graph_template(g);
    *same = deployed && json_equal(deployed, wanted);
    return g;
}

/* The token that stands under "executed" tells a later life whose operation it finds. */
static int execute(struct cd_work *w, const struct cfn_change *change, struct error *err)
{
    struct engine_context *c = w->c;
    struct cfn_stack now = {0};
    cleanup_free char *executed_key = cd_work_key(w, "executed");

    /* As a step of a deployment it is no more than that: the deployment may be canceled. */
    int rc = c->project ? 0 : engine_no_return(c, err);
    if (rc == 0)
        rc = engine_journal_put(c, executed_key, change->token, err);
    if (rc == 0)
        rc = engine_journal_flush(c, err);
    if (rc == 0)
        rc = cfn_change_execute(c, change, err);
    if (rc == 0)
        rc = cfn_stack_describe(c, change->stack_name, &now, err);
    if (rc == 0) {
        const char *id = now.id ? now.id : change->stack_name;
        rc = cd_work_follow(w, id, change->token, "last-event", w->verb, err);
    }

    cfn_stack_done(&now);
    return rc;
}

/* Names and tokens are the round's own; the change set of the first round is spent. */
static int change(
    struct cd_work *w,
    const struct cfn_stack *stack,
    const struct graph *g,
    bool *empty,
    struct error *err)
{
    struct engine_context *c = w->c;
    cleanup_free char *token = NULL;
    cleanup_free char *token_key = cd_work_key(w, "token");
    cleanup_free char *text = graph_template_text(g);
    cleanup_free char *set = xasprintf("defang-%s-cd%s", c->deployment, *w->round ? "-again" : "");

    int rc = engine_token(c, token_key, &token, err);
    if (rc < 0)
        return rc;

    bool create = !stack->exists || text_eq(stack->status, "REVIEW_IN_PROGRESS");
    if (create)
        service_roles_ensure(c, g);

    w->verb = create ? "creating" : "updating";
    struct cfn_change change = {
        .stack_name = c->settings->cd_name,
        .change_set_name = set,
        .token = token,
        .create = create,
        .template_body = text};
    rc = cfn_change_prepare(c, &change, empty, err);
    return rc < 0 || *empty ? rc : execute(w, &change, err);
}

/* The account's first stack with ECS came before its service role was known everywhere. By now it
 * is. */
static int change_again(struct cd_work *w, const struct graph *g, bool *empty, struct error *err)
{
    struct cfn_stack stack = {0};

    error_done(err);
    engine_note(
        w->c,
        ENGINE_SAY_NOTE,
        NULL,
        "ECS is new in this account and its role was not ready: making the CD stack once more");
    w->round = ".again";
    w->role_was_late = false;

    int rc = cfn_stack_describe(w->c, w->c->settings->cd_name, &stack, err);
    if (rc == 0 && stack.exists && cfn_status_is_dead(stack.status))
        rc = cd_work_clear(w, &stack, err);
    if (rc == 0)
        rc = change(w, &stack, g, empty, err);
    cfn_stack_done(&stack);
    return rc;
}

/* Somebody who can delete the stack by accident would lose the way to every project's state. */
static void protect(struct engine_context *c)
{
    cleanup_error struct error err = ERROR_INIT;
    json_t *in =
        object(key("EnableTerminationProtection", true), key("StackName", c->settings->cd_name));

    if (engine_call_optional(c, &aws_cloudformation_UpdateTerminationProtection, in, NULL, &err) <
        0)
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            NULL,
            "could not protect stack %s against deletion: %s",
            c->settings->cd_name,
            err.message);
}

/* Ready for a change set, and *same when none is needed. */
static int make_ready(
    struct cd_work *w,
    struct cfn_stack *stack,
    struct graph **g,
    bool force,
    bool *same,
    struct error *err)
{
    struct engine_context *c = w->c;

    int rc = cfn_stack_describe(c, c->settings->cd_name, stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(stack, CD_NAME_SETTING, err);
    if (rc == 0)
        rc = cd_work_wait_idle(w, stack, err);
    if (rc == 0 && stack->exists && text_eq(stack->status, "UPDATE_ROLLBACK_FAILED"))
        rc = cd_work_roll_back(w, stack, err);
    if (rc == 0 && stack->exists && cfn_status_is_dead(stack->status))
        rc = cd_work_clear(w, stack, err);
    if (rc < 0)
        return rc;

    if (stack->exists) {
        struct flow_cd cd;
        flow_cd_fill(&cd, stack->outputs);
        rc = guard_revision(&cd, stack->name, force, err);
        flow_cd_done(&cd);
    }
    if (rc == 0)
        *g = wanted_graph(c, stack, same);
    return rc;
}

static void tell_ready(struct engine_context *c, int revision, bool unchanged, const char *what)
{
    engine_row(
        c,
        ENGINE_ROW_STEP,
        CD_ROW,
        unchanged ? ENGINE_SKIPPED : ENGINE_DONE,
        CD_ROW_ORDER,
        NULL,
        "CD stack revision %d, %s",
        revision,
        unchanged ? "up to date" : what);
}

/* What stands now, whoever made it. */
static int read_made(struct cd_work *w, bool unchanged, struct flow_cd *out, struct error *err)
{
    struct engine_context *c = w->c;
    struct cfn_stack stack = {0};

    int rc = cfn_stack_describe(c, c->settings->cd_name, &stack, err);
    if (rc == 0 && !stack.exists)
        rc = error_raise(
            err, ERR_CLOUD, "the CD stack %s is gone after it was made", c->settings->cd_name);
    if (rc == 0) {
        const char *what = text_eq(w->verb, "creating") ? "created" : "updated";
        flow_cd_fill(out, stack.outputs);
        out->changed = w->changed;
        if (!stack.termination_protected)
            protect(c);
        tell_ready(c, out->revision, unchanged, what);
    }

    cfn_stack_done(&stack);
    return rc;
}

static int ensure(struct cd_work *w, bool force, struct flow_cd *out, struct error *err)
{
    cleanup_graph struct graph *g = NULL;
    struct cfn_stack stack = {0};
    bool empty = false, same = false;

    int rc = make_ready(w, &stack, &g, force, &same, err);
    if (rc == 0 && !same)
        rc = change(w, &stack, g, &empty, err);
    cfn_stack_done(&stack);

    if (rc < 0 && w->role_was_late)
        rc = change_again(w, g, &empty, err);
    return rc < 0 ? rc : read_made(w, same || empty, out, err);
}

int flow_cd_ensure(struct engine_context *c, bool force, struct flow_cd *out, struct error *err)
{
    struct cd_work w = {.c = c, .verb = "updating", .round = ""};
    *out = (struct flow_cd){0};

    engine_row(c, ENGINE_ROW_STEP, CD_ROW, ENGINE_ACTIVE, CD_ROW_ORDER, NULL, "CD stack: checking");
    int rc = ensure(&w, force, out, err);
    if (rc == 0 && !out->bucket)
        rc = error_raise(
            err, ERR_CLOUD, "the CD stack %s has no output bucketName", c->settings->cd_name);

    if (rc < 0 && !engine_detaching(c))
        engine_row(
            c,
            ENGINE_ROW_STEP,
            CD_ROW,
            engine_state_of(rc),
            CD_ROW_ORDER,
            NULL,
            "CD stack: %s",
            rc == -ECANCELED ? "canceled" : "failed");
    return rc < 0 ? error_wrap(err, "preparing the account") : 0;
}
