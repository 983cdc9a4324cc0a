/* The account's CD stack: there, ours, and of the right revision. */
#include "engine/cloudformation/cfn.h"
#include "engine/cloudformation/rows.h"
#include "engine/cloudformation/service_role.h"
#include "engine/flow.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

#define ROW       "account"
#define ROW_ORDER 1

void flow_cd_done(struct flow_cd *cd)
{
    free(cd->bucket);
    free(cd->cluster);
    free(cd->log_group);
    free(cd->ecr_public_prefix);
    free(cd->subnet);
    free(cd->security_group);
    free(cd->task_definition);
    *cd = (struct flow_cd){0};
}

static void fill(struct flow_cd *out, const json_t *outputs)
{
    long long revision = 0;
    text_parse_int(json_str_or(outputs, "templateVersion", "0"), 0, 1000000, &revision);
    *out = (struct flow_cd){
        .bucket = xstrdup_null(json_str(outputs, "bucketName")),
        .cluster = xstrdup_null(json_str(outputs, "clusterName")),
        .log_group = xstrdup_null(json_str(outputs, "logGroupName")),
        .ecr_public_prefix = xstrdup_null(json_str(outputs, "ecrPublicPrefix")),
        .subnet = xstrdup_null(json_str(outputs, "subnetId")),
        .security_group = xstrdup_null(json_str(outputs, "securityGroupId")),
        .task_definition = xstrdup_null(json_str(outputs, "taskDefArn")),
        .revision = (int)revision,
    };
}

static struct graph *cd_graph(struct engine_context *c)
{
    struct plan_cd_settings s = {
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

static bool
same_template(struct engine_context *c, const struct cfn_stack *stack, const struct graph *g)
{
    cleanup_json json_t *deployed = NULL;
    cleanup_error struct error ignored =
        ERROR_INIT; /* unreadable = different: the change set decides */
    if (cfn_stack_template(c, stack->name, &deployed, &ignored) < 0)
        return false;
    cleanup_json json_t *wanted = graph_template(g);
    return json_equal(deployed, wanted) != 0;
}

struct boot {
    struct engine_context *c;
    struct rows *rows;
    const char *verb;
    unsigned total, complete;
    const char *round; /* "" or ".again": part of the journal's keys, because a token serves one
                          operation */
    bool role_was_late;
};

static char *key(const struct boot *b, const char *name)
{
    return xasprintf("cd.%s%s", name, b->round);
}

static const char *row_of(void *arg, const char *logical_id)
{
    return ROW;
}

static void on_event(void *arg, const struct engine_resource *r, const char *row_id)
{
    struct boot *b = arg;
    b->c->sink->resource(b->c->sink->arg, row_id, r);
    if (text_ends(r->status, "_COMPLETE"))
        b->complete++;
    engine_row(
        b->c,
        ENGINE_ROW_STEP,
        ROW,
        ENGINE_ACTIVE,
        ROW_ORDER,
        "usually about 2 min",
        "CD stack: %s %s",
        b->verb,
        r->logical_id);
}

static int follow_to_end(
    struct boot *b,
    const char *stack_id,
    const char *token,
    const char *last_event,
    const char *wanted_verb,
    struct error *err)
{
    cleanup_free char *journal_key = key(b, last_event);
    struct cfn_follow f = {
        .context = b->c,
        .stack_id = stack_id,
        .token = token,
        .journal_key = journal_key,
        .row_of = row_of,
        .on_event = on_event,
        .arg = b};
    int rc = cfn_follow(&f, err);
    b->role_was_late = rc == 0 && service_role_was_late(f.first_failure);
    if (rc == 0 && !cfn_status_is_good(f.status))
        rc = error_raise(
            err,
            ERR_CLOUD,
            "%s the CD stack ended in %s: %s",
            wanted_verb,
            f.status,
            f.first_failure ? f.first_failure : "no reason given");
    cfn_follow_done(&f);
    return rc;
}

static int clear_dead(struct boot *b, struct cfn_stack *stack, struct error *err)
{
    cleanup_free char *token = NULL;
    b->verb = "removing failed";
    cleanup_free char *token_key = key(b, "clear-token");
    int rc = engine_token(b->c, token_key, &token, err);
    if (rc == 0)
        rc = cfn_stack_delete(b->c, stack->name, token, err);
    if (rc == 0)
        rc = follow_to_end(b, stack->id, token, "clear-last", "removing", err);
    cfn_stack_done(stack);
    return rc;
}

static int wait_idle(struct boot *b, struct cfn_stack *stack, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(b->c->loop) + CFN_WAIT_MS;
    cleanup_free char *executed = NULL;
    cleanup_free char *executed_key = key(b, "executed");
    int rc = b->c->journal->get(b->c->journal->arg, executed_key, &executed, err);
    if (rc == 0 && executed && stack->exists && cfn_status_busy(stack->status)) {
        /* A life of this job before a restart began it: its events go on where they stopped. */
        rc = follow_to_end(b, stack->id, executed, "last-event", b->verb, err);
        cleanup_free char *name = xstrdup(stack->name);
        cfn_stack_done(stack);
        return rc < 0 ? rc : cfn_stack_describe(b->c, name, stack, err);
    }
    if (rc < 0)
        return rc;
    while (stack->exists && cfn_status_busy(stack->status)) {
        /* Another terminal's deployment may be making it right now. */
        engine_row(
            b->c,
            ENGINE_ROW_STEP,
            ROW,
            ENGINE_ACTIVE,
            ROW_ORDER,
            NULL,
            "CD stack: waiting, it is %s",
            stack->status);
        if (loop_now_ms(b->c->loop) > deadline)
            return error_raise(err, ERR_TIMEOUT, "stack %s stayed %s", stack->name, stack->status);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
        cleanup_free char *name = xstrdup(stack->name);
        cfn_stack_done(stack);
        rc = cfn_stack_describe(b->c, name, stack, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int change(
    struct boot *b,
    const struct cfn_stack *stack,
    const struct graph *g,
    bool *empty,
    struct error *err)
{
    struct engine_context *c = b->c;
    cleanup_free char *token = NULL;
    cleanup_free char *text = graph_template_text(g);
    cleanup_free char *set = xasprintf("defang-%s-cd%s", c->deployment, *b->round ? "-again" : "");
    cleanup_free char *token_key = key(b, "token"), *executed_key = key(b, "executed");
    int rc = engine_token(c, token_key, &token, err);
    if (rc < 0)
        return rc;
    bool create = !stack->exists || text_eq(stack->status, "REVIEW_IN_PROGRESS");
    if (create)
        service_roles_ensure(c, g);
    b->verb = create ? "creating" : "updating";
    struct cfn_change ch = {
        .stack_name = c->settings->cd_name,
        .change_set_name = set,
        .token = token,
        .create = create,
        .template_body = text};
    rc = cfn_change_prepare(c, &ch, empty, err);
    if (rc < 0 || *empty)
        return rc;
    rc = c->journal->put(c->journal->arg, executed_key, token, err);
    if (rc == 0)
        rc = c->journal->flush(c->journal->arg, err);
    if (rc == 0)
        rc = cfn_change_execute(c, &ch, err);
    struct cfn_stack now = {0};
    if (rc == 0)
        rc = cfn_stack_describe(c, ch.stack_name, &now, err);
    if (rc == 0)
        rc = follow_to_end(b, now.id ? now.id : ch.stack_name, token, "last-event", b->verb, err);
    cfn_stack_done(&now);
    return rc;
}

/* The account's first stack with ECS came before its service role was known everywhere. By now it
 * is. */
static int change_again(struct boot *b, const struct graph *g, bool *empty, struct error *err)
{
    struct cfn_stack stack = {0};
    error_done(err);
    engine_note(
        b->c,
        ENGINE_SAY_NOTE,
        NULL,
        "ECS is new in this account and its role was not ready: making the CD stack once more");
    b->round = ".again";
    int rc = cfn_stack_describe(b->c, b->c->settings->cd_name, &stack, err);
    if (rc == 0 && stack.exists && cfn_status_is_dead(stack.status))
        rc = clear_dead(b, &stack, err);
    if (rc == 0)
        rc = change(b, &stack, g, empty, err);
    cfn_stack_done(&stack);
    return rc;
}

/* Somebody who can delete the stack by accident would lose the way to every project's state. */
static void protect(struct engine_context *c)
{
    cleanup_error struct error err = ERROR_INIT;
    if (engine_call(
            c,
            &aws_cloudformation_UpdateTerminationProtection,
            json_pack(
                "{s:s,s:b}", "StackName", c->settings->cd_name, "EnableTerminationProtection", 1),
            NULL,
            &err) < 0)
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            NULL,
            "could not protect stack %s against deletion: %s",
            c->settings->cd_name,
            err.message);
}

static int
ensure(struct boot *b, const struct graph *g, bool force, struct flow_cd *out, struct error *err)
{
    struct engine_context *c = b->c;
    struct cfn_stack stack = {0};
    bool empty = false, same = false;
    int rc = cfn_stack_describe(c, c->settings->cd_name, &stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(&stack, "--cd-name (DEFANG_CD_NAME)", err);
    if (rc == 0)
        rc = wait_idle(b, &stack, err);
    if (rc == 0 && stack.exists && cfn_status_is_dead(stack.status))
        rc = clear_dead(b, &stack, err);
    if (rc == 0 && stack.exists) {
        fill(out, stack.outputs);
        rc = guard_revision(out, stack.name, force, err);
        flow_cd_done(out);
        same =
            rc == 0 && !text_eq(stack.status, "REVIEW_IN_PROGRESS") && same_template(c, &stack, g);
    }
    if (rc == 0 && !same)
        rc = change(b, &stack, g, &empty, err);
    if (rc < 0 && b->role_was_late)
        rc = change_again(b, g, &empty, err);
    cfn_stack_done(&stack);
    if (rc == 0)
        rc = cfn_stack_describe(c, c->settings->cd_name, &stack, err);
    if (rc == 0 && !stack.exists)
        rc = error_raise(
            err, ERR_CLOUD, "the CD stack %s is gone after it was made", c->settings->cd_name);
    if (rc == 0) {
        fill(out, stack.outputs);
        if (!stack.termination_protected)
            protect(c);
        engine_row(
            c,
            ENGINE_ROW_STEP,
            ROW,
            same || empty ? ENGINE_SKIPPED : ENGINE_DONE,
            ROW_ORDER,
            NULL,
            "CD stack revision %d, %s",
            out->revision,
            same || empty       ? "up to date"
            : b->verb[0] == 'c' ? "created"
                                : "updated");
    }
    cfn_stack_done(&stack);
    return rc;
}

int flow_cd_ensure(struct engine_context *c, bool force, struct flow_cd *out, struct error *err)
{
    *out = (struct flow_cd){0};
    cleanup_graph struct graph *g = cd_graph(c);
    struct boot b = {.c = c, .verb = "updating", .round = ""};
    engine_row(c, ENGINE_ROW_STEP, ROW, ENGINE_ACTIVE, ROW_ORDER, NULL, "CD stack: checking");
    int rc = ensure(&b, g, force, out, err);
    if (rc == 0 && !out->bucket)
        rc = error_raise(
            err, ERR_CLOUD, "the CD stack %s has no output bucketName", c->settings->cd_name);
    if (rc < 0 && !engine_detaching(c))
        engine_row(
            c,
            ENGINE_ROW_STEP,
            ROW,
            rc == -ECANCELED ? ENGINE_CANCELED : ENGINE_FAILED,
            ROW_ORDER,
            NULL,
            "CD stack: %s",
            rc == -ECANCELED ? "canceled" : "failed");
    return rc < 0 ? error_wrap(err, "preparing the account") : 0;
}

int flow_cd_describe(struct engine_context *c, struct flow_cd *out, bool *exists, struct error *err)
{
    *out = (struct flow_cd){0};
    struct cfn_stack stack;
    int rc = cfn_stack_describe(c, c->settings->cd_name, &stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(&stack, "--cd-name (DEFANG_CD_NAME)", err);
    *exists = rc == 0 && stack.exists && !cfn_status_is_dead(stack.status) &&
              !text_eq(stack.status, "REVIEW_IN_PROGRESS");
    if (*exists)
        fill(out, stack.outputs);
    cfn_stack_done(&stack);
    return rc;
}

/* Project stacks of ours in this account and region, by tag. */
static int refuse_while_projects(struct engine_context *c, struct error *err)
{
    struct flow_stacks stacks = {0};
    cleanup_str struct str list = STR_INIT;
    int rc = flow_stacks_list(c, &stacks, err);
    vec_each(s, &stacks) str_appendf(
        &list,
        "%s%s (%s/%s, engine %s)",
        list.len ? ", " : "",
        s->name,
        s->project,
        s->stack,
        s->engine->name);
    flow_stacks_done(&stacks);
    if (rc < 0 || list.len == 0)
        return rc;
    error_raise(err, ERR_REFUSED, "projects are still deployed with it: %s", str_get(&list));
    error_hint(
        err,
        "take each down first (`defangctl down -p PROJECT`; `defangctl cd ls` lists them), or "
        "force it with `defangctl cd teardown --force`");
    return -EPERM;
}

static int unprotect(struct engine_context *c, const char *stack, struct error *err)
{
    return engine_call(
        c,
        &aws_cloudformation_UpdateTerminationProtection,
        json_pack("{s:s,s:b}", "StackName", stack, "EnableTerminationProtection", 0),
        NULL,
        err);
}

/* From a stack that is there to none. A removal that an earlier life of this job began is followed,
 * not begun again. */
static int remove_stack(struct boot *b, struct cfn_stack *stack, bool force, struct error *err)
{
    struct engine_context *c = b->c;
    cleanup_free char *token = NULL;
    int rc = c->journal->get(c->journal->arg, "cd.delete-token", &token, err);
    bool begun = token && text_eq(stack->status, "DELETE_IN_PROGRESS");
    if (rc == 0 && !begun && !force)
        rc = refuse_while_projects(c, err);
    if (rc == 0 && !begun)
        rc = wait_idle(b, stack, err);
    if (rc < 0 || !stack->exists)
        return rc;
    if (!begun) {
        if (!token)
            rc = engine_token(c, "cd.delete-token", &token, err);
        if (rc == 0)
            rc = unprotect(c, stack->name, err);
        if (rc == 0)
            rc = cfn_stack_delete(c, stack->name, token, err);
    }
    return rc < 0 ? rc : follow_to_end(b, stack->id, token, "delete-last", "removing", err);
}

int flow_cd_teardown(struct engine_context *c, bool force, struct error *err)
{
    struct cfn_stack stack = {0};
    struct boot b = {.c = c, .verb = "removing", .round = ""};
    int rc = cfn_stack_describe(c, c->settings->cd_name, &stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(&stack, "--cd-name (DEFANG_CD_NAME)", err);
    if (rc == 0 && !stack.exists) {
        engine_row(
            c,
            ENGINE_ROW_STEP,
            ROW,
            ENGINE_SKIPPED,
            ROW_ORDER,
            NULL,
            "there is no CD stack %s",
            c->settings->cd_name);
    } else if (rc == 0) {
        rc = remove_stack(&b, &stack, force, err);
        if (rc == 0)
            engine_row(
                c,
                ENGINE_ROW_STEP,
                ROW,
                ENGINE_DONE,
                ROW_ORDER,
                NULL,
                "CD stack removed; its bucket is kept");
        else if (!engine_detaching(c))
            engine_row(
                c,
                ENGINE_ROW_STEP,
                ROW,
                rc == -ECANCELED ? ENGINE_CANCELED : ENGINE_FAILED,
                ROW_ORDER,
                NULL,
                "CD stack: not removed");
    }
    cfn_stack_done(&stack);
    return rc;
}
