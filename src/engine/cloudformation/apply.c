/* A stack is made, or made as the graph says.
 *
 *   executed before? ─ yes ─▶ execute again (does nothing twice) ─▶ follow
 *      └─ no ─▶ make ready ─▶ change set ─ empty ─▶ nothing changed
 *                                └─▶ "executed" in the journal ─▶ execute ─▶ follow ─▶ judge
 *
 * Ready is a stack that is absent, or whole and idle. Another operation is waited for; what a first
 * creation left that failed is removed; what a teardown left is refused, because it may hold data
 * and an `up` is no order to delete it. Passwords are looked at and service-linked roles made
 * before the change set: both fail a stack only after minutes.
 *
 * A cancel takes back what was begun (cancel.c), unless the daemon goes down: then the next life of
 * the job attaches. */
#include "engine/cloudformation/apply.h"

#include "aws/s3/s3.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/call.h"
#include "engine/cloudformation/buckets.h"
#include "engine/cloudformation/cancel.h"
#include "engine/cloudformation/last_word.h"
#include "engine/cloudformation/mend.h"
#include "engine/cloudformation/operation.h"
#include "engine/cloudformation/state.h"
#include "engine/stack/change.h"
#include "engine/stack/log_groups.h"
#include "engine/stack/remove.h"
#include "engine/stack/service_role.h"
#include "engine/values/passwords.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

/* ---- ready for a change set ---- */

static const char *or_none(const char *reason, const char *none)
{
    return reason ? reason : none;
}

/* A stack that only a delete can help is taken away first, under a token of its own. */
static int clear_dead(struct operation *o, struct cfn_stack *stack, struct error *err)
{
    cleanup_free char *buckets = operation_key(o, "clear-buckets");
    cleanup_free char *token_key = operation_key(o, "clear-token");
    cleanup_free char *last = operation_key(o, "clear-last");
    struct cfn_follow f = {.context = o->c, .journal_key = last};

    engine_note(
        o->c,
        ENGINE_SAY_NOTE,
        NULL,
        "removing what an earlier failed creation left of stack %s (%s)",
        stack->name,
        stack->status);
    operation_lift_half_made(o, stack->name, buckets);

    int rc = cfn_stack_clear(stack, token_key, &f, err);
    cfn_follow_done(&f);
    if (rc == 0)
        rc = buckets_settle(o->c, buckets, err);
    if (rc == 0)
        cfn_stack_done(stack);
    return rc;
}

static int refuse_unfinished(const struct cfn_stack *stack, struct error *err)
{
    cleanup_free char *refused = cloudformation_refuses(stack);
    if (!refused)
        return 0;

    error_raise(err, ERR_REFUSED, "%s", refused);
    error_hint(err, "%s", cfn_status_way_out(stack->status));
    return -EPERM;
}

/* Absent, or whole and idle. */
static int make_ready(struct operation *o, struct cfn_stack *stack, struct error *err)
{
    int rc = cfn_stack_describe(o->c, o->stack_name, stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(stack, STACK_NAME_SETTING, err);
    if (rc == 0)
        rc = operation_wait_idle(o, stack, err);
    /* Somebody may have made it anew meanwhile. */
    if (rc == 0)
        rc = cfn_stack_check_ours(stack, STACK_NAME_SETTING, err);
    if (rc < 0 || !stack->exists)
        return rc;

    rc = refuse_unfinished(stack, err);
    if (rc == 0 && text_eq(stack->status, "UPDATE_ROLLBACK_FAILED"))
        rc = cloudformation_roll_back(o->c, stack, NULL, err);
    if (rc == 0 && cfn_status_is_dead(stack->status))
        rc = clear_dead(o, stack, err);
    return rc;
}

/* ---- the change set ---- */

/* A template that is too long for the call lies in the CD bucket. */
static int template_url(struct operation *o, const char *text, char **url, struct error *err)
{
    struct engine_context *c = o->c;
    cleanup_free char *key = xasprintf("templates/%s-%s.json", c->deployment, o->phase);
    int rc;

    do
        rc = s3_put(c->aws, c->facts->bucket, key, "application/json", text, strlen(text), err);
    while (engine_retry_after_auth(c, rc, err));
    if (rc < 0)
        return error_wrap(err, "storing the template in s3://%s/%s", c->facts->bucket, key);
    return s3_url(c->aws, c->facts->bucket, key, url, err);
}

static bool has_log_group(const struct graph *g)
{
    for (size_t i = 0; i < g->len; i++)
        if (text_eq(g->resources[i].type, "AWS::Logs::LogGroup"))
            return true;
    return false;
}

/* Log groups that an earlier stack left become this one's. */
static int find_left_groups(struct operation *o, bool create, bool *import, struct error *err)
{
    cleanup_json json_t *deployed = NULL;
    int rc =
        create || !has_log_group(o->graph) ? 0 : cloudformation_resources(o->c, &deployed, err);

    return rc < 0 ? rc : left_groups_import(o->c, o->graph, deployed, import, err);
}

/* Everything that can refuse comes before the mark in the journal; after it, a later life
 * executes. */
static int change_start(struct operation *o, bool create, bool *empty, struct error *err)
{
    cleanup_free char *text = graph_template_text(o->graph);
    cleanup_free char *url = NULL;
    bool import = false;

    int rc = passwords_check(o->c, o->graph, err);
    if (rc == 0)
        rc = find_left_groups(o, create, &import, err);
    if (rc == 0 && strlen(text) > CFN_INLINE_TEMPLATE_BYTES)
        rc = template_url(o, text, &url, err);
    if (rc < 0)
        return rc;

    struct cfn_change change = {
        .stack_name = o->stack_name,
        .change_set_name = o->change_set,
        .token = o->token,
        .create = create,
        .template_body = text,
        .template_url = url,
        .import_existing = import,
        .keep_failed = o->c->keep_failed};
    service_roles_ensure(o->c, o->graph);
    rc = cfn_change_prepare(o->c, &change, empty, err);
    if (rc < 0 || *empty)
        return rc;

    rc = last_word_check(o, &change, err);
    if (rc == 0)
        rc = operation_set_executed(o, err);
    return rc < 0 ? rc : cfn_change_execute(o->c, &change, err);
}

/* A life before this one executed, or was about to: execute is idempotent by name and token. */
static int execute_again(struct operation *o, struct error *err)
{
    struct cfn_change change = {
        .stack_name = o->stack_name,
        .change_set_name = o->change_set,
        .token = o->token,
        .keep_failed = o->c->keep_failed};
    return cfn_change_execute(o->c, &change, err);
}

/* Up to the executed change set; *empty when there is nothing to change. */
static int begin(struct operation *o, bool *empty, struct error *err)
{
    struct cfn_stack stack = {0};
    bool executed = false;

    int rc = operation_executed(o, &executed, err);
    if (rc < 0)
        return rc;
    if (executed)
        return execute_again(o, err);

    rc = make_ready(o, &stack, err);
    bool create = !stack.exists || text_eq(stack.status, "REVIEW_IN_PROGRESS");
    cfn_stack_done(&stack);
    if (create)
        rows_count_all(o->rows); /* every resource will report */
    return rc < 0 ? rc : change_start(o, create, empty, err);
}

/* ---- to its end ---- */

/* A roll back that ended well leaves the stack as it was: that is another end than a failure in
 * the middle. */
static int judge(
    struct operation *o, const struct cfn_follow *f, struct engine_outcome *out, struct error *err)
{
    out->resources_changed = f->changed;
    if (cfn_status_is_good(f->status) && !text_eq(f->status, "DELETE_COMPLETE"))
        return cloudformation_outputs(o->c, &out->outputs, err);

    out->rolled_back = cfn_status_is_rollback(f->status) && text_ends(f->status, "_COMPLETE");
    int rc = error_raise(
        err,
        out->rolled_back ? ERR_ROLLED_BACK : ERR_CLOUD,
        "stack %s ended in %s: %s",
        o->stack_name,
        f->status,
        or_none(f->first_failure, "no resource gave a reason"));

    /* A note, because the error may give way to a task's own reason. */
    const char *way = out->rolled_back ? NULL : cfn_status_way_out(f->status);
    if (way)
        engine_note(
            o->c, ENGINE_SAY_WARNING, way, "stack %s is left in %s", o->stack_name, f->status);
    return rc;
}

/* Whether the change had ended well before: the rows say so then. What it means for the deployment
 * is for the job to say, which asks again when all has unwound. */
static bool take_back(struct operation *o)
{
    struct engine_end end;

    cloudformation_cancel(o->c, o->phase, &end);
    bool late = end.back == ENGINE_BACK_LATE;
    engine_end_done(&end);
    return late;
}

/* Buckets that the change let go are settled whichever way it ended. */
static int run(struct operation *o, struct engine_outcome *out, struct error *err)
{
    struct cfn_stack stack = {0};
    struct cfn_follow f = {0};
    bool empty = false;

    int rc = begin(o, &empty, err);
    if (rc == 0 && empty) {
        out->nothing_changed = true;
        return cloudformation_outputs(o->c, &out->outputs, err);
    }

    if (rc == 0)
        rc = cfn_stack_describe(o->c, o->stack_name, &stack, err);
    if (rc == 0 && !stack.exists)
        rc = error_raise(
            err, ERR_CLOUD, "stack %s vanished while it was being changed", o->stack_name);
    if (rc == 0)
        rc = operation_follow(o, stack.id, &f, err);

    bool late = rc < 0 && fiber_is_canceled() && take_back(o);
    if (rc == 0) {
        rc = buckets_settle(o->c, o->key_buckets, err);
        if (rc == 0)
            rc = judge(o, &f, out, err);
    }

    if (!engine_detaching(o->c))
        rows_finish(o->rows, rc == 0 || late);
    cfn_follow_done(&f);
    cfn_stack_done(&stack);
    return rc;
}

int cloudformation_apply(
    struct engine_context *c,
    const char *phase,
    const struct graph *g,
    struct engine_outcome *out,
    struct error *err)
{
    struct operation o = {.graph = g};
    *out = (struct engine_outcome){0};

    int rc = operation_init(&o, c, phase, err);
    if (rc == 0) {
        o.rows = rows_from_graph(c, g);
        rc = run(&o, out, err);
    }

    operation_done(&o);
    return rc;
}
