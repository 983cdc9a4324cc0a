/* `cd cancel`: a stack is freed from what nobody follows any more.
 *
 *   UPDATE_IN_PROGRESS ─▶ CancelUpdateStack, once ─┐
 *   it rolls back already ─────────────────────────┴▶ waited for ─▶ rolled back, or too late
 *   UPDATE_ROLLBACK_FAILED, also at the end of that ─▶ the roll back is continued (mend.c)
 *   UPDATE_FAILED (left so on purpose) ─▶ RollbackStack ─▶ waited for
 *   REVIEW_IN_PROGRESS ─▶ removed: it is nothing but change sets
 *   a creation, a removal, an import, the end of an update ─▶ refused: AWS takes back no such thing
 *   anything else ─▶ nothing is under way; the command that helps is named
 *
 * What came of it is what the stack says afterwards. */
#include "engine/cloudformation/release.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/cloudformation/mend.h"
#include "engine/cloudformation/upkeep.h"
#include "engine/stack/remove.h"
#include "engine/stack/stack.h"

#include <errno.h>

#define ROW            "stack"
#define ROW_ORDER      2
#define CANCEL_SENT    "cfn.cancel-sent"
#define CLEAR_TOKEN    "cfn.release.clear-token"
#define ROLLBACK_TOKEN "cfn.release.rollback-token"
#define ROLLBACK_LAST  "cfn.release.rollback-last"
#define CLEAR_LAST     "cfn.release.clear-last"

static void tell(struct engine_context *c, enum engine_row_state state, const char *what)
{
    engine_row(c, ENGINE_ROW_STEP, ROW, state, ROW_ORDER, NULL, "%s", what);
}

static void tell_waiting(struct engine_context *c, const struct cfn_stack *stack)
{
    tell(c, ENGINE_ACTIVE, stack->status);
}

/* Asked for once, also over a restart: the roll back that follows is an update no more. */
static int ask_back(struct engine_context *c, const struct cfn_stack *stack, struct error *err)
{
    cleanup_free char *sent = NULL;

    int rc = engine_journal_get(c, CANCEL_SENT, &sent, err);
    if (rc < 0 || sent || !text_eq(stack->status, "UPDATE_IN_PROGRESS"))
        return rc; /* it rolls back already */

    rc = engine_no_return(c, err);
    if (rc == 0)
        rc = engine_call(
            c,
            &aws_cloudformation_CancelUpdateStack,
            object(key("StackName", stack->id)),
            NULL,
            err);
    if (rc < 0)
        return error_wrap(err, "taking back the update of stack %s", stack->name);
    return engine_journal_put(c, CANCEL_SENT, "1", err);
}

static const char *row_of(void *arg, const char *logical_id)
{
    return ROW;
}

static void on_event(void *arg, const struct engine_resource *r, const char *row_id)
{
    struct engine_context *c = arg;
    c->sink->resource(c->sink->arg, row_id, r);
}

/* An update that was left failed stays so until its roll back has begun: the events tell when. */
static int roll_failed_back(struct engine_context *c, struct cfn_stack *stack, struct error *err)
{
    cleanup_free char *token = NULL;
    cleanup_free char *id = xstrdup(stack->id);
    struct cfn_follow f = {
        .context = c,
        .stack_id = id,
        .journal_key = ROLLBACK_LAST,
        .row_of = row_of,
        .on_event = on_event,
        .arg = c};

    int rc = engine_no_return(c, err);
    if (rc == 0)
        rc = engine_token(c, ROLLBACK_TOKEN, &token, err);
    if (rc == 0)
        rc = engine_call(
            c,
            &aws_cloudformation_RollbackStack,
            object(key("StackName", id), key("ClientRequestToken", token)),
            NULL,
            err);
    if (rc < 0)
        return error_wrap(err, "taking back the update of stack %s", stack->name);

    tell(c, ENGINE_ACTIVE, "taking back an update that failed");
    f.token = token;
    rc = cfn_follow(&f, err);
    cfn_follow_done(&f);
    if (rc == 0) {
        cfn_stack_done(stack);
        rc = cfn_stack_describe(c, id, stack, err);
    }
    return rc;
}

static int ended_otherwise(const struct cfn_stack *stack, struct error *err)
{
    if (cfn_status_is_good(stack->status)) {
        error_raise(
            err,
            ERR_REFUSED,
            "too late: the update of stack %s had ended, it is %s",
            stack->name,
            stack->status);
        return -EPERM;
    }

    error_raise(
        err,
        ERR_CLOUD,
        "stack %s ended in %s: %s",
        stack->name ? stack->name : "of the project",
        stack->status ? stack->status : "DELETE_COMPLETE",
        stack->status_reason ? stack->status_reason : "no reason given");
    const char *way = stack->status ? cfn_status_way_out(stack->status) : NULL;
    if (way)
        error_hint(err, "%s", way);
    return error_kind_errno(ERR_CLOUD);
}

static int take_back(struct engine_context *c, struct cfn_stack *stack, struct error *err)
{
    int rc = text_eq(stack->status, "UPDATE_FAILED") ? roll_failed_back(c, stack, err)
                                                     : ask_back(c, stack, err);

    /* By id: a stack of the same name that somebody makes meanwhile is none of ours. */
    if (rc == 0)
        rc = stack->exists ? cfn_stack_wait_idle(c, stack->id, stack, tell_waiting, err) : 0;
    if (rc == 0 && stack->exists && text_eq(stack->status, "UPDATE_ROLLBACK_FAILED"))
        return cloudformation_roll_back(c, stack, NULL, err);

    bool back = rc == 0 && stack->exists &&
                (text_eq(stack->status, "UPDATE_ROLLBACK_COMPLETE") ||
                 text_eq(stack->status, "ROLLBACK_COMPLETE"));
    if (rc == 0 && !back)
        rc = ended_otherwise(stack, err);

    if (rc == 0)
        tell(c, ENGINE_DONE, stack->status);
    else if (!engine_detaching(c))
        tell(c, engine_state_of(rc), stack->status ? stack->status : "gone");
    return rc;
}

/* What AWS takes back no more, and what to do instead. */
static int refuse_other_work(const struct cfn_stack *stack, struct error *err)
{
    static const struct {
        const char *status, *why, *hint;
    } reasons[] = {
        {"CREATE_IN_PROGRESS",
         "a first creation is not canceled, it is removed",
         "`defangctl down` waits for its end and removes it"},
        {"DELETE_IN_PROGRESS",
         "a removal cannot be taken back",
         "wait until it has ended; `defangctl up` deploys the project again"},
        {"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
         "too late: the update has ended, what it replaced is being removed",
         "`defangctl up` with the files of before deploys them again"},
    };
    const char *why = "AWS does not take this back";
    const char *hint = "wait until it has ended";

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (!text_eq(reasons[i].status, stack->status))
            continue;
        why = reasons[i].why;
        hint = reasons[i].hint;
    }

    error_raise(err, ERR_REFUSED, "stack %s is %s: %s", stack->name, stack->status, why);
    error_hint(err, "%s", hint);
    return -EPERM;
}

/* Never made: there is nothing in it, and nothing is lost. */
static int remove_empty(struct engine_context *c, const struct cfn_stack *stack, struct error *err)
{
    struct cfn_follow f = {.context = c, .journal_key = CLEAR_LAST};

    int rc = cfn_stack_clear(stack, CLEAR_TOKEN, &f, err);
    cfn_follow_done(&f);
    if (rc == 0)
        tell(c, ENGINE_DONE, "removed the empty stack of a deployment that never began");
    return rc;
}

static void say_idle(struct engine_context *c, const struct cfn_stack *stack)
{
    cleanup_free char *what = xasprintf("nothing is under way: %s", stack->status);
    const char *way = cfn_status_way_out(stack->status);

    tell(c, ENGINE_SKIPPED, what);
    if (way)
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            way,
            "stack %s is %s: %s",
            stack->name,
            stack->status,
            stack->status_reason ? stack->status_reason : "no reason given");
}

static bool can_be_taken_back(const char *status)
{
    static const char *const statuses[] = {
        "UPDATE_IN_PROGRESS",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS"};

    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (text_eq(statuses[i], status))
            return true;
    return false;
}

int cloudformation_release(
    struct engine_context *c, bool force, struct engine_outcome *out, struct error *err)
{
    struct cfn_stack stack = {0};
    cleanup_free char *sent = NULL;
    *out = (struct engine_outcome){0};

    int rc = cloudformation_find(c, &stack, err);
    if (rc == 0)
        rc = engine_journal_get(c, CANCEL_SENT, &sent, err);

    if (rc < 0) {
        /* not deployed, or not ours */
    } else if (text_eq(stack.status, "UPDATE_ROLLBACK_FAILED")) {
        rc = engine_no_return(c, err);
        if (rc == 0)
            rc = cloudformation_roll_back(c, &stack, NULL, err);
    } else if (sent || can_be_taken_back(stack.status)) {
        rc = take_back(c, &stack, err);
    } else if (cfn_status_busy(stack.status)) {
        rc = refuse_other_work(&stack, err);
    } else if (text_eq(stack.status, "REVIEW_IN_PROGRESS")) {
        rc = remove_empty(c, &stack, err);
    } else {
        out->nothing_changed = true;
        say_idle(c, &stack);
    }

    cfn_stack_done(&stack);
    return rc;
}
