/* What a canceled phase began is taken back, and the terminal state waited for.
 *
 *   busy ─ ours ─ UPDATE_IN_PROGRESS ─▶ CancelUpdateStack: CloudFormation rolls back
 *     │      └─── CREATE_IN_PROGRESS ─▶ the stack is deleted: half of one serves nobody
 *     └─ of another phase, deployment or person ─▶ left alone
 *
 * The fiber is shielded meanwhile, since the job that asks is canceled already. When the daemon
 * goes down nothing is taken back: the next life of the job attaches. */
#include "engine/cloudformation/cancel.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/cloudformation/buckets.h"
#include "engine/cloudformation/operation.h"
#include "loop/fiber.h"

#define START_LOOKS 4 /* just executed, its first event may come a little later */

static char *cancel_token_key(const struct operation *o)
{
    return operation_key(o, "cancel-token");
}

/* Under a token of its own: the one of the execution is spent on this stack
 * (TokenAlreadyExistsException). */
static int delete_half_made(struct operation *o, const char *stack, struct error *err)
{
    cleanup_free char *key = cancel_token_key(o);
    cleanup_free char *token = NULL;

    int rc = engine_token(o->c, key, &token, err);
    return rc < 0 ? rc : cfn_stack_delete(o->c, stack, token, err);
}

/* Is what runs on the stack this phase's own, or our taking it back? Another phase, deployment or
 * person is not disturbed. */
static int runs_ours(struct operation *o, const char *stack_id, bool *ours, struct error *err)
{
    struct engine_pace pace = {0};
    cleanup_free char *key = cancel_token_key(o);
    cleanup_free char *cancel_token = NULL;
    *ours = false;

    int rc = engine_journal_get(o->c, key, &cancel_token, err);
    for (int look = 0; rc == 0 && !*ours && look < START_LOOKS; look++) {
        cleanup_free char *running = NULL;
        if (look > 0)
            engine_pace_wait(&pace);
        rc = cfn_operation_token(o->c, stack_id, &running, err);
        *ours = running && (text_eq(running, o->token) || text_eq(running, cancel_token));
    }

    return rc;
}

static int
ask_back(struct operation *o, const struct cfn_stack *stack, const char *buckets, struct error *err)
{
    if (text_eq(stack->status, "UPDATE_IN_PROGRESS")) {
        json_t *in = object(key("StackName", stack->name));
        return engine_call(o->c, &aws_cloudformation_CancelUpdateStack, in, NULL, err);
    }

    if (text_eq(stack->status, "CREATE_IN_PROGRESS")) {
        operation_lift_half_made(o, stack->name, buckets);
        return delete_half_made(o, stack->name, err);
    }

    return 0; /* it rolls back already */
}

/* That CloudFormation does not take it back is told; it is followed all the same, for it moves. */
static int take_back_now(struct operation *o, const struct cfn_stack *stack, struct error *err)
{
    bool ours = false;
    struct cfn_follow f;
    cleanup_free char *buckets = operation_key(o, "cancel-buckets");

    int rc = runs_ours(o, stack->id, &ours, err);
    if (rc < 0 || !ours)
        return rc;

    engine_note(
        o->c, ENGINE_SAY_NOTE, NULL, "canceling: taking back the change of stack %s", stack->name);
    rc = ask_back(o, stack, buckets, err);
    if (rc < 0) {
        engine_note(
            o->c,
            ENGINE_SAY_WARNING,
            NULL,
            "CloudFormation did not take the change back: %s",
            err->message);
        error_done(err);
    }

    rc = operation_follow(o, stack->id, &f, err);
    if (rc == 0 && text_eq(f.status, "DELETE_COMPLETE"))
        rc = buckets_settle(o->c, buckets, err);
    cfn_follow_done(&f);
    return rc;
}

static void take_back(struct operation *o)
{
    cleanup_error struct error err = ERROR_INIT;
    struct cfn_stack stack = {0};

    if (engine_detaching(o->c))
        return;

    fiber_shield(true);
    int rc = cfn_stack_describe(o->c, o->stack_name, &stack, &err);
    if (rc == 0 && stack.exists && cfn_status_busy(stack.status))
        rc = take_back_now(o, &stack, &err);
    if (rc < 0)
        engine_note(
            o->c, ENGINE_SAY_WARNING, NULL, "could not follow the roll back: %s", err.message);
    cfn_stack_done(&stack);
    fiber_shield(false);
}

void cloudformation_cancel(struct engine_context *c, const char *phase)
{
    struct operation o = {0};
    bool executed = false;
    cleanup_error struct error ignored = ERROR_INIT;

    int rc = operation_init(&o, c, phase, &ignored);
    if (rc == 0)
        rc = operation_executed(&o, &executed, &ignored);
    if (rc == 0 && executed)
        take_back(&o);
    operation_done(&o);
}
