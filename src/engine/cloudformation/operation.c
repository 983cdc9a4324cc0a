/* What the phases of the engine share; operation.h says what each piece promises. The token is made
 * once and kept: CloudFormation takes a repeated call with it for the same one, and its events
 * carry it, so that a later life of the job finds its own. */
#include "engine/cloudformation/operation.h"

#include "base/mem.h"
#include "engine/cloudformation/buckets.h"
#include "engine/stack/protect.h"

/* The names depend on deployment and phase alone: a later life makes the same ones. */
int operation_init(
    struct operation *o, struct engine_context *c, const char *phase, struct error *err)
{
    o->c = c;
    o->phase = phase;
    o->stack_name = plan_stack_name(c->settings, c->project);
    o->change_set = xasprintf("defang-%s-%s", c->deployment, phase);
    o->key_token = operation_key(o, "token");
    o->key_last = operation_key(o, "last-event");
    o->key_executed = operation_key(o, "executed");
    o->key_buckets = operation_key(o, "buckets");
    return engine_token(c, o->key_token, &o->token, err);
}

void operation_done(struct operation *o)
{
    rows_free(o->rows);
    free(o->stack_name);
    free(o->change_set);
    free(o->token);
    free(o->key_token);
    free(o->key_last);
    free(o->key_executed);
    free(o->key_buckets);
}

char *operation_key(const struct operation *o, const char *name)
{
    return xasprintf("cfn.%s.%s", o->phase, name);
}

int operation_executed(struct operation *o, bool *executed, struct error *err)
{
    cleanup_free char *value = NULL;

    int rc = engine_journal_get(o->c, o->key_executed, &value, err);
    *executed = value != NULL;
    return rc;
}

int operation_set_executed(struct operation *o, struct error *err)
{
    int rc = engine_journal_put(o->c, o->key_executed, "1", err);
    return rc < 0 ? rc : engine_journal_flush(o->c, err);
}

int operation_wait_idle(struct operation *o, struct cfn_stack *stack, struct error *err)
{
    if (stack->exists && cfn_status_busy(stack->status))
        engine_note(
            o->c,
            ENGINE_SAY_WARNING,
            NULL,
            "stack %s is busy with another operation (%s): waiting for it to end",
            stack->name,
            stack->status);
    return cfn_stack_wait_idle(o->c, o->stack_name, stack, NULL, err);
}

static const char *row_of(void *arg, const char *logical_id)
{
    return rows_of(((struct operation *)arg)->rows, logical_id);
}

static void on_event(void *arg, const struct engine_resource *r, const char *row_id)
{
    struct operation *o = arg;

    o->c->sink->resource(o->c->sink->arg, row_id, r);
    rows_resource(o->rows, r);
    /* A teardown noted its buckets before it began. */
    if (o->graph)
        buckets_event(o->c, r, o->key_buckets);
}

struct cfn_follow operation_told(struct operation *o)
{
    return (struct cfn_follow){
        .context = o->c,
        .journal_key = o->key_last,
        .row_of = row_of,
        .on_event = on_event,
        .arg = o};
}

int operation_follow(
    struct operation *o, const char *stack_id, struct cfn_follow *f, struct error *err)
{
    *f = operation_told(o);
    f->stack_id = stack_id;
    f->token = o->token;
    return cfn_follow(f, err);
}

void operation_lift_half_made(struct operation *o, const char *stack, const char *buckets_key)
{
    cleanup_json json_t *template = NULL;
    cleanup_error struct error ignored = ERROR_INIT;

    if (cfn_stack_template(o->c, stack, &template, &ignored) < 0)
        return;

    protect_lift(o->c, stack, template, true, &ignored);
    error_done(&ignored);
    buckets_note(o->c, stack, template, buckets_key, &ignored);
}
