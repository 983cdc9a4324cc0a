/* Engine `cloudformation`: the graph is the template. Change set → execute → stack events. No state outside AWS, roll back by AWS.
 *
 *            absent ──create──▶ busy ──▶ good ──update──▶ busy ──▶ good
 *              ▲                  │                          └──▶ rolled back (still whole)
 *              └────delete──── dead (a first create that failed)
 */
#include "engine/cloudformation/buckets.h"
#include "engine/cloudformation/cfn.h"
#include "engine/values/passwords.h"
#include "engine/cloudformation/protect.h"
#include "engine/cloudformation/rows.h"
#include "engine/cloudformation/service_role.h"

#include "aws/model/operations.h"
#include "aws/s3/s3.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/flow.h"
#include "loop/fiber.h"

#include <errno.h>
#include <string.h>

#define START_LOOKS 4

struct apply {
    struct engine_context *c;
    const char *phase;
    const struct graph *graph;
    struct rows *rows;
    char *stack_name, *change_set, *token;
    char *key_token, *key_last, *key_executed, *key_buckets; /* journal keys */
};

static void apply_done(struct apply *a)
{
    rows_free(a->rows);
    free(a->stack_name);
    free(a->change_set);
    free(a->token);
    free(a->key_token);
    free(a->key_last);
    free(a->key_executed);
    free(a->key_buckets);
}

static int apply_init(struct apply *a, struct engine_context *c, const char *phase, struct error *err)
{
    a->c = c;
    a->phase = phase;
    a->stack_name = plan_stack_name(c->settings, c->project);
    a->change_set = xasprintf("defang-%s-%s", c->deployment, phase);
    a->key_token = xasprintf("cfn.%s.token", phase);
    a->key_last = xasprintf("cfn.%s.last-event", phase);
    a->key_executed = xasprintf("cfn.%s.executed", phase);
    a->key_buckets = xasprintf("cfn.%s.buckets", phase);
    return engine_token(c, a->key_token, &a->token, err);
}

static const char *row_of(void *arg, const char *logical_id)
{
    return rows_of(((struct apply *)arg)->rows, logical_id);
}

static void on_event(void *arg, const struct engine_resource *r, const char *row_id)
{
    struct apply *a = arg;
    a->c->sink->resource(a->c->sink->arg, row_id, r);
    rows_resource(a->rows, r);
    if (a->graph)
        buckets_event(a->c, r, a->key_buckets);
}

static int flag_set(struct apply *a, const char *key, struct error *err)
{
    int rc = a->c->journal->put(a->c->journal->arg, key, "1", err);
    return rc < 0 ? rc : a->c->journal->flush(a->c->journal->arg, err);
}

static int flag_get(struct apply *a, const char *key, bool *set, struct error *err)
{
    cleanup_free char *value = NULL;
    int rc = a->c->journal->get(a->c->journal->arg, key, &value, err);
    *set = value != NULL;
    return rc;
}

static int follow(struct apply *a, const char *stack_id, struct cfn_follow *f, struct error *err)
{
    *f = (struct cfn_follow){.context = a->c, .stack_id = stack_id, .token = a->token, .journal_key = a->key_last,
                             .row_of = row_of, .on_event = on_event, .arg = a};
    return cfn_follow(f, err);
}

/* What a creation made that did not end holds no data, and its deletion protection would keep half of a stack for ever. Best effort: what stays protected
 * fails the delete, with its reason. */
static void lift_half_made(struct apply *a, const char *stack, const char *buckets_key)
{
    cleanup_json json_t *template = NULL;
    cleanup_error struct error ignored = ERROR_INIT;
    if (cfn_stack_template(a->c, stack, &template, &ignored) < 0)
        return;
    protect_lift(a->c, stack, template, true, &ignored);
    error_done(&ignored);
    buckets_note(a->c, stack, template, buckets_key, &ignored);
}

/* A stack that only a delete can help: take it away first, under a token of its own. */
static int clear_dead(struct apply *a, struct cfn_stack *stack, struct error *err)
{
    engine_note(a->c, ENGINE_SAY_NOTE, NULL, "removing what an earlier failed creation left of stack %s (%s)", stack->name, stack->status);
    cleanup_free char *buckets = xasprintf("cfn.%s.clear-buckets", a->phase);
    lift_half_made(a, stack->name, buckets);
    cleanup_free char *key = xasprintf("cfn.%s.clear-token", a->phase);
    cleanup_free char *token = NULL;
    int rc = engine_token(a->c, key, &token, err);
    if (rc == 0)
        rc = cfn_stack_delete(a->c, stack->name, token, err);
    if (rc < 0)
        return rc;
    cleanup_free char *last = xasprintf("cfn.%s.clear-last", a->phase);
    struct cfn_follow f = {.context = a->c, .stack_id = stack->id, .token = token, .journal_key = last};
    rc = cfn_follow(&f, err);
    if (rc == 0 && !text_eq(f.status, "DELETE_COMPLETE"))
        rc = error_raise(err, ERR_CLOUD, "stack %s could not be removed (%s): %s", stack->name, f.status,
                         f.first_failure ? f.first_failure : "no reason given");
    cfn_follow_done(&f);
    if (rc == 0)
        rc = buckets_settle(a->c, buckets, err);
    if (rc == 0)
        cfn_stack_done(stack);
    return rc;
}

/* Another operation runs on the stack: it may be a roll back that we can wait for, never something to disturb. */
static int wait_idle(struct apply *a, struct cfn_stack *stack, struct error *err)
{
    struct engine_pace pace = {0};
    int64_t deadline = loop_now_ms(a->c->loop) + CFN_WAIT_MS;
    if (cfn_status_busy(stack->status))
        engine_note(a->c, ENGINE_SAY_WARNING, NULL, "stack %s is busy with another operation (%s): waiting for it to end", stack->name, stack->status);
    while (stack->exists && cfn_status_busy(stack->status)) {
        if (loop_now_ms(a->c->loop) > deadline)
            return error_raise(err, ERR_TIMEOUT, "stack %s stayed %s", stack->name, stack->status);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
        cfn_stack_done(stack);
        int rc = cfn_stack_describe(a->c, a->stack_name, stack, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Puts a template that is too long for the call into the CD bucket. */
static int template_url(struct apply *a, const char *text, char **url, struct error *err)
{
    cleanup_free char *key = xasprintf("templates/%s-%s.json", a->c->deployment, a->phase);
    for (;;) {
        int rc = s3_put(a->c->aws, a->c->facts->bucket, key, "application/json", text, strlen(text), err);
        if (engine_retry_after_auth(a->c, rc, err))
            continue;
        if (rc < 0)
            return error_wrap(err, "storing the template in s3://%s/%s", a->c->facts->bucket, key);
        break;
    }
    return s3_url(a->c->aws, a->c->facts->bucket, key, url, err);
}

static int change_start(struct apply *a, bool create, bool *empty, struct error *err)
{
    cleanup_free char *text = graph_template_text(a->graph);
    cleanup_free char *url = NULL;
    int rc = passwords_check(a->c, a->graph, err);
    if (rc == 0 && strlen(text) > CFN_INLINE_TEMPLATE_BYTES)
        rc = template_url(a, text, &url, err);
    if (rc < 0)
        return rc;
    struct cfn_change change = {.stack_name = a->stack_name, .change_set_name = a->change_set, .token = a->token, .create = create,
                                .template_body = text, .template_url = url};
    service_roles_ensure(a->c, a->graph);
    rc = cfn_change_prepare(a->c, &change, empty, err);
    if (rc < 0 || *empty)
        return rc;
    rc = flag_set(a, a->key_executed, err);
    return rc < 0 ? rc : cfn_change_execute(a->c, &change, err);
}

/* Ready for a change set: absent, or whole and idle. */
static int make_ready(struct apply *a, struct cfn_stack *stack, struct error *err)
{
    int rc = cfn_stack_describe(a->c, a->stack_name, stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(stack, "DEFANG_PREFIX or --stack", err);
    if (rc == 0)
        rc = wait_idle(a, stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(stack, "DEFANG_PREFIX or --stack", err); /* somebody may have made it anew meanwhile */
    if (rc == 0 && stack->exists && text_eq(stack->status, "UPDATE_ROLLBACK_FAILED"))
        return error_raise(err, ERR_CLOUD, "stack %s is in UPDATE_ROLLBACK_FAILED (%s): continue its roll back in the CloudFormation console, then deploy again",
                           stack->name, stack->status_reason ? stack->status_reason : "no reason given");
    if (rc == 0 && stack->exists && text_eq(stack->status, "DELETE_FAILED")) {
        /* A teardown that did not finish: what is left may hold data, and an `up` is no order to delete it. */
        rc = error_raise(err, ERR_REFUSED, "the last teardown of stack %s did not finish (%s)", stack->name, stack->status_reason ? stack->status_reason : "DELETE_FAILED");
        error_hint(err, "run `defangctl down` again (with --force where something is protected), then deploy");
        return rc;
    }
    if (rc == 0 && stack->exists && cfn_status_is_dead(stack->status))
        rc = clear_dead(a, stack, err);
    return rc;
}

static char *cancel_token_key(const struct apply *a)
{
    return xasprintf("cfn.%s.cancel-token", a->phase);
}

/* Under a token of its own: the one of the execution is spent on this stack (TokenAlreadyExistsException). */
static int delete_half_made(struct apply *a, const char *stack, struct error *err)
{
    cleanup_free char *key = cancel_token_key(a);
    cleanup_free char *token = NULL;
    int rc = engine_token(a->c, key, &token, err);
    return rc < 0 ? rc : cfn_stack_delete(a->c, stack, token, err);
}

/* Is what runs on the stack this phase's own, or our taking it back? Another phase, deployment or person is not disturbed. */
static int runs_ours(struct apply *a, const char *stack_id, bool *ours, struct error *err)
{
    struct engine_pace pace = {0};
    cleanup_free char *key = cancel_token_key(a), *cancel_token = NULL;
    int rc = a->c->journal->get(a->c->journal->arg, key, &cancel_token, err);
    *ours = false;
    for (int look = 0; rc == 0 && !*ours && look < START_LOOKS; look++) {
        cleanup_free char *running = NULL;
        if (look > 0)
            engine_pace_wait(&pace); /* just executed, its first event may come a little later */
        rc = cfn_operation_token(a->c, stack_id, &running, err);
        *ours = running && (text_eq(running, a->token) || text_eq(running, cancel_token));
    }
    return rc;
}

static int take_back_now(struct apply *a, const struct cfn_stack *stack, struct error *err)
{
    bool ours = false;
    struct cfn_follow f;
    cleanup_free char *buckets = xasprintf("cfn.%s.cancel-buckets", a->phase);
    int rc = runs_ours(a, stack->id, &ours, err);
    if (rc < 0 || !ours)
        return rc;
    engine_note(a->c, ENGINE_SAY_NOTE, NULL, "canceling: taking back the change of stack %s", stack->name);
    if (text_eq(stack->status, "UPDATE_IN_PROGRESS")) {
        rc = engine_call(a->c, &aws_cloudformation_CancelUpdateStack, json_pack("{s:s}", "StackName", stack->name), NULL, err);
    } else if (text_eq(stack->status, "CREATE_IN_PROGRESS")) {
        lift_half_made(a, stack->name, buckets);
        rc = delete_half_made(a, stack->name, err);
    }
    if (rc < 0) {
        engine_note(a->c, ENGINE_SAY_WARNING, NULL, "CloudFormation did not take the change back: %s", err->message);
        error_done(err);
    }
    rc = follow(a, stack->id, &f, err);
    if (rc == 0 && text_eq(f.status, "DELETE_COMPLETE"))
        rc = buckets_settle(a->c, buckets, err);
    cfn_follow_done(&f);
    return rc;
}

/* Takes back what a canceled apply began and waits for the terminal state; the fiber is shielded meanwhile. */
static void take_back(struct apply *a)
{
    if (engine_detaching(a->c))
        return;
    cleanup_error struct error err = ERROR_INIT;
    struct cfn_stack stack = {0};
    fiber_shield(true);
    int rc = cfn_stack_describe(a->c, a->stack_name, &stack, &err);
    if (rc == 0 && stack.exists && cfn_status_busy(stack.status))
        rc = take_back_now(a, &stack, &err);
    if (rc < 0)
        engine_note(a->c, ENGINE_SAY_WARNING, NULL, "could not follow the roll back: %s", err.message);
    cfn_stack_done(&stack);
    fiber_shield(false);
}

static int judge(struct apply *a, struct cfn_follow *f, struct engine_outcome *out, struct error *err)
{
    out->resources_changed = f->changed;
    if (cfn_status_is_good(f->status) && !text_eq(f->status, "DELETE_COMPLETE"))
        return engine_cloudformation.outputs(a->c, &out->outputs, err);
    out->rolled_back = cfn_status_is_rollback(f->status) && text_ends(f->status, "_COMPLETE");
    return error_raise(err, out->rolled_back ? ERR_ROLLED_BACK : ERR_CLOUD, "stack %s ended in %s: %s", a->stack_name, f->status,
                       f->first_failure ? f->first_failure : "no resource gave a reason");
}

/* Up to the executed change set; *empty when there is nothing to change. */
static int begin(struct apply *a, bool *empty, struct error *err)
{
    bool executed = false;
    int rc = flag_get(a, a->key_executed, &executed, err);
    if (rc < 0)
        return rc;
    if (executed) {
        /* A life before this one executed, or was about to: execute is idempotent by name and token. */
        struct cfn_change change = {.stack_name = a->stack_name, .change_set_name = a->change_set, .token = a->token};
        return cfn_change_execute(a->c, &change, err);
    }
    struct cfn_stack stack = {0};
    rc = make_ready(a, &stack, err);
    bool create = !stack.exists || text_eq(stack.status, "REVIEW_IN_PROGRESS");
    cfn_stack_done(&stack);
    if (create)
        rows_count_all(a->rows);
    return rc < 0 ? rc : change_start(a, create, empty, err);
}

static int apply_run(struct apply *a, struct engine_outcome *out, struct error *err)
{
    struct cfn_stack stack = {0};
    struct cfn_follow f = {0};
    bool empty = false;
    int rc = begin(a, &empty, err);
    if (rc == 0 && empty) {
        out->nothing_changed = true;
        return engine_cloudformation.outputs(a->c, &out->outputs, err);
    }
    if (rc == 0)
        rc = cfn_stack_describe(a->c, a->stack_name, &stack, err);
    if (rc == 0 && !stack.exists)
        rc = error_raise(err, ERR_CLOUD, "stack %s vanished while it was being changed", a->stack_name);
    if (rc == 0)
        rc = follow(a, stack.id, &f, err);
    if (rc < 0 && fiber_is_canceled())
        engine_cloudformation.cancel(a->c, a->phase);
    else if (rc == 0 && (rc = buckets_settle(a->c, a->key_buckets, err)) == 0)
        rc = judge(a, &f, out, err);
    if (!engine_detaching(a->c))
        rows_finish(a->rows, rc == 0);
    cfn_follow_done(&f);
    cfn_stack_done(&stack);
    return rc;
}

static void cloudformation_cancel(struct engine_context *c, const char *phase)
{
    struct apply a = {0};
    bool executed = false;
    cleanup_error struct error ignored = ERROR_INIT;
    if (apply_init(&a, c, phase, &ignored) == 0 && flag_get(&a, a.key_executed, &executed, &ignored) == 0 && executed)
        take_back(&a);
    apply_done(&a);
}

static int cloudformation_apply(struct engine_context *c, const char *phase, const struct graph *g, struct engine_outcome *out,
                                struct error *err)
{
    *out = (struct engine_outcome){0};
    struct apply a = {.graph = g};
    int rc = apply_init(&a, c, phase, err);
    if (rc == 0) {
        a.rows = rows_from_graph(c, g);
        rc = apply_run(&a, out, err);
    }
    apply_done(&a);
    return rc;
}

static int cloudformation_deployed(struct engine_context *c, struct engine_template *out, struct error *err)
{
    *out = (struct engine_template){0};
    cleanup_free char *name = plan_stack_name(c->settings, c->project);
    struct cfn_stack stack;
    int rc = cfn_stack_describe(c, name, &stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(&stack, "DEFANG_PREFIX or --stack", err);
    if (rc == 0 && stack.exists) {
        out->status = xstrdup(stack.status);
        out->exists = !text_eq(stack.status, "REVIEW_IN_PROGRESS") && !cfn_status_is_dead(stack.status);
        out->settled = out->exists && !cfn_status_busy(stack.status) && !text_ends(stack.status, "_FAILED");
        if (out->exists)
            rc = cfn_stack_template(c, name, &out->json, err);
    }
    cfn_stack_done(&stack);
    return rc;
}

static int cloudformation_outputs(struct engine_context *c, json_t **out, struct error *err)
{
    cleanup_free char *name = plan_stack_name(c->settings, c->project);
    struct cfn_stack stack;
    int rc = cfn_stack_describe(c, name, &stack, err);
    *out = rc == 0 && stack.exists ? json_incref(stack.outputs) : NULL;
    cfn_stack_done(&stack);
    return rc;
}

static int cloudformation_resources(struct engine_context *c, json_t **out, struct error *err)
{
    cleanup_free char *stack = plan_stack_name(c->settings, c->project);
    cleanup_json json_t *items = NULL;
    int rc = engine_call_all(c, &aws_cloudformation_ListStackResources, json_pack("{s:s}", "StackName", stack), &items, err);
    *out = NULL;
    if (rc < 0)
        return error_wrap(err, "listing the resources of stack %s", stack);
    *out = json_object();
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
        if (json_str(item, "LogicalResourceId") && json_str(item, "PhysicalResourceId") && !text_eq(json_str(item, "ResourceStatus"), "DELETE_COMPLETE"))
            json_object_set_new(*out, json_str(item, "LogicalResourceId"), json_string(json_str(item, "PhysicalResourceId")));
    return 0;
}

static int destroy_run(struct apply *a, struct cfn_stack *stack, struct engine_outcome *out, struct error *err)
{
    bool executed = false;
    int rc = flag_get(a, a->key_executed, &executed, err);
    if (rc < 0)
        return rc;
    if (!executed) {
        rc = wait_idle(a, stack, err);
        if (rc == 0 && stack->exists)
            rc = flag_set(a, a->key_executed, err);
    }
    if (rc < 0 || !stack->exists)
        return rc;
    if (!text_eq(stack->status, "DELETE_IN_PROGRESS"))
        rc = cfn_stack_delete(a->c, stack->name, a->token, err);
    struct cfn_follow f = {0};
    if (rc == 0)
        rc = follow(a, stack->id, &f, err);
    if (rc == 0 && !text_eq(f.status, "DELETE_COMPLETE"))
        rc = error_raise(err, ERR_CLOUD, "stack %s ended in %s: %s", stack->name, f.status, f.first_failure ? f.first_failure : "no resource gave a reason");
    out->resources_changed = f.changed;
    if (rc == -ECANCELED && !engine_detaching(a->c))
        engine_note(a->c, ENGINE_SAY_WARNING, NULL, "CloudFormation cannot stop a removal: stack %s goes on being removed", stack->name);
    if (!engine_detaching(a->c))
        rows_finish(a->rows, rc == 0);
    cfn_follow_done(&f);
    return rc;
}

static int cloudformation_destroy(struct engine_context *c, bool force, struct engine_outcome *out, struct error *err)
{
    *out = (struct engine_outcome){0};
    struct apply a = {0};
    struct cfn_stack stack = {0};
    bool begun = false;
    int rc = apply_init(&a, c, "destroy", err);
    if (rc == 0)
        rc = flag_get(&a, a.key_executed, &begun, err);
    if (rc == 0)
        rc = cfn_stack_describe(c, a.stack_name, &stack, err);
    if (rc == 0)
        rc = cfn_stack_check_ours(&stack, "DEFANG_PREFIX or --stack", err);
    if (rc == 0 && !stack.exists) {
        out->nothing_changed = !begun; /* an earlier life may have removed it */
    } else if (rc == 0) {
        cleanup_json json_t *template = NULL;
        cleanup_error struct error ignored = ERROR_INIT; /* rows are for people: a template that cannot be read must not stop a teardown */
        cfn_stack_template(c, a.stack_name, &template, &ignored);
        a.rows = rows_from_template(c, template);
        if (!begun)
            rc = protect_lift(c, a.stack_name, template, force, err);
        if (rc == 0 && !begun)
            rc = buckets_note(c, a.stack_name, template, a.key_buckets, err);
        if (rc == 0)
            rc = destroy_run(&a, &stack, out, err);
    }
    if (rc == 0)
        rc = buckets_settle(c, a.key_buckets, err);
    cfn_stack_done(&stack);
    apply_done(&a);
    return rc;
}

const struct engine engine_cloudformation = {
    .name = "cloudformation",
    .deployed = cloudformation_deployed,
    .apply = cloudformation_apply,
    .destroy = cloudformation_destroy,
    .cancel = cloudformation_cancel,
    .outputs = cloudformation_outputs,
    .resources = cloudformation_resources,
    .refresh = cfn_refresh,
    .release = cfn_release,
};
