/* What a canceled phase began is taken back, and how it ended is read from the stack.
 *
 *   ours, and it runs ─ UPDATE_IN_PROGRESS ─▶ CancelUpdateStack: CloudFormation rolls back
 *                     ├ CREATE_IN_PROGRESS ─▶ the stack is deleted: half of one serves nobody
 *                     ├ protects what is new (phase "keep") ─▶ waited for
 *                     └ anything else ─▶ waited for: it rolls back already, or cleans up
 *   ours, and it has ended ─▶ its own last state tells, whatever came after it
 *   of another phase, deployment or person ─▶ left alone
 *
 * What was asked for is not what happened: CloudFormation may have ended the change in the moment
 * between. So the verdict is made of the last state alone. The fiber is shielded meanwhile, since
 * the job that asks is canceled already. When the daemon goes down nothing is taken back: the next
 * life of the job attaches. */
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

/* This phase's own, or our taking it back. Just executed, its first event may come a little later.
 */
static int look(
    struct operation *o,
    const struct cfn_stack *stack,
    struct cfn_operation *out,
    struct error *err)
{
    struct engine_pace pace = {0};
    cleanup_free char *key = cancel_token_key(o);
    cleanup_free char *cancel_token = NULL;
    int rc = engine_journal_get(o->c, key, &cancel_token, err);

    for (int looks = 0; rc == 0 && looks < START_LOOKS; looks++) {
        cfn_operation_done(out);
        if (looks > 0)
            engine_pace_wait(&pace);
        rc = cfn_operation_look(o->c, stack->id, o->token, cancel_token, out, err);
        if (out->begun)
            break;
    }

    return rc;
}

/* Protection that has begun to be set is let through: half of it serves nobody, a roll back of it
 * may fail on what is protected already, and what the deployment is for runs. */
static bool goes_through(const struct operation *o)
{
    return text_eq(o->phase, "keep");
}

static int
ask_back(struct operation *o, const struct cfn_stack *stack, const char *buckets, struct error *err)
{
    if (goes_through(o))
        return 0;

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
static int
take_back(struct operation *o, const struct cfn_stack *stack, char **status, struct error *err)
{
    struct cfn_follow f;
    cleanup_free char *buckets = operation_key(o, "cancel-buckets");
    bool asks = !goes_through(o) && (text_eq(stack->status, "UPDATE_IN_PROGRESS") ||
                                     text_eq(stack->status, "CREATE_IN_PROGRESS"));

    engine_note(
        o->c,
        ENGINE_SAY_NOTE,
        NULL,
        asks ? "canceling: taking back the change of stack %s"
             : "canceling: waiting for the end of what runs on stack %s (%s)",
        stack->name,
        stack->status);

    int rc = ask_back(o, stack, buckets, err);
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
    if (rc == 0)
        *status = xstrdup(f.status);
    cfn_follow_done(&f);
    return rc;
}

static void judge(const struct operation *o, const char *status, struct engine_end *out)
{
    bool gone = text_eq(status, "DELETE_COMPLETE");
    bool back = cfn_status_is_rollback(status) && text_ends(status, "_COMPLETE");

    if (gone || back)
        out->back = ENGINE_BACK_DONE;
    else if (cfn_status_is_good(status))
        out->back = ENGINE_BACK_LATE;
    else
        out->back = ENGINE_BACK_FAILED;

    out->said = gone ? xasprintf("stack %s is removed again", o->stack_name)
                     : xasprintf("stack %s is %s", o->stack_name, status);
    if (out->back == ENGINE_BACK_FAILED)
        out->hint = xstrdup_null(cfn_status_way_out(status));
}

/* *status stays NULL when the phase never reached CloudFormation. */
static int end_of(struct operation *o, char **status, struct error *err)
{
    struct cfn_stack stack = {0};
    struct cfn_operation ours = {0};

    int rc = cfn_stack_describe(o->c, o->stack_name, &stack, err);
    if (rc == 0 && !stack.exists) {
        *status = xstrdup("DELETE_COMPLETE");
    } else if (rc == 0) {
        rc = look(o, &stack, &ours, err);
        if (rc == 0 && ours.last && cfn_status_busy(stack.status))
            rc = take_back(o, &stack, status, err);
        else if (rc == 0)
            *status = xstrdup_null(ours.last ? stack.status : ours.status);
    }

    cfn_operation_done(&ours);
    cfn_stack_done(&stack);
    return rc;
}

static void settle(struct operation *o, struct engine_end *out)
{
    cleanup_error struct error err = ERROR_INIT;
    cleanup_free char *status = NULL;

    fiber_shield(true);
    int rc = end_of(o, &status, &err);
    fiber_shield(false);

    if (rc < 0) {
        out->back = ENGINE_BACK_UNKNOWN;
        out->said = xasprintf(
            "how stack %s stands is not known (%s)",
            o->stack_name,
            err.message ? err.message : "no reason given");
        out->hint = xstrdup("`defangctl cd ls` tells its state");
    } else if (status) {
        judge(o, status, out);
    }
}

void cloudformation_cancel(struct engine_context *c, const char *phase, struct engine_end *out)
{
    struct operation o = {0};
    bool executed = false;
    cleanup_error struct error ignored = ERROR_INIT;
    *out = (struct engine_end){0};

    int rc = operation_init(&o, c, phase, &ignored);
    if (rc == 0)
        rc = operation_executed(&o, &executed, &ignored);
    if (rc == 0 && executed && !engine_detaching(c))
        settle(&o, out);
    operation_done(&o);
}
