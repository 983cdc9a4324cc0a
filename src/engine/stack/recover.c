/* ContinueUpdateRollback, with as little left out as goes.
 *
 *   round 1: leave nothing out ─ UPDATE_ROLLBACK_COMPLETE ─▶ done
 *      └─ failed ─▶ round 2: leave out those that failed in round 1 by themselves ─ … ─▶ at most
 *                   ROUNDS
 *
 * CloudFormation takes for ResourcesToSkip only resources that are in UPDATE_FAILED because the
 * roll back failed (API reference, ContinueUpdateRollback), so those of an update that failed
 * before must not be named: what failed is read from the events of the round. A resource that was
 * stopped because another one failed says so in its reason and is tried again. What was left out in
 * one round is UPDATE_COMPLETE in the next and is not named again.
 *
 * What is left out may differ from the template; that is said, and the caller deploys it anew. */
#include "engine/stack/recover.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/stack/stack.h"

#define ROUNDS 6

struct recovery {
    const struct cfn_stack *stack;
    const char *journal;
    struct cfn_follow *told; /* the caller's: whom to tell */
    json_t *failed;          /* of this round: {"id", "type", "reason"} */
    json_t *skipped;         /* of all rounds */
};

static const char *row_of(void *arg, const char *logical_id)
{
    const struct cfn_follow *told = ((struct recovery *)arg)->told;
    return told->row_of ? told->row_of(told->arg, logical_id) : "";
}

static void on_event(void *arg, const struct engine_resource *r, const char *row_id)
{
    struct recovery *x = arg;

    if (text_eq(r->status, "UPDATE_FAILED") && !cfn_reason_is_bystander(r->reason)) {
        json_t *one = object(
            key("id", json_string(r->logical_id)),
            key("type", json_string(r->type)),
            key("reason", json_string(r->reason ? r->reason : "no reason given")));
        json_push(x->failed, one);
    }

    if (x->told->on_event)
        x->told->on_event(x->told->arg, r, row_id);
}

/* Named before it is left out: whoever reads knows what to look at. */
static json_t *leave_out(struct recovery *x)
{
    struct engine_context *c = x->told->context;
    json_t *names = json_array(), *one;
    size_t i;

    json_array_foreach(x->failed, i, one) {
        json_push(names, json_string(json_str(one, "id")));
        json_array_append(x->skipped, one);
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            "`defangctl cd refresh` tells how it differs; an `up` that changes it sets it again",
            "%s (%s) cannot be rolled back and is left as it is: %s",
            json_str_or(one, "id", "?"),
            json_str_or(one, "type", "?"),
            json_str_or(one, "reason", "?"));
    }

    json_array_clear(x->failed);
    return json_unless_empty(names);
}

/* The skipped ones are kept with the token: a later life repeats the same call. */
static int ask(struct recovery *x, unsigned round, char **token, struct error *err)
{
    struct engine_context *c = x->told->context;
    cleanup_free char *token_key = xasprintf("%s.token-%u", x->journal, round);
    cleanup_error struct error local = ERROR_INIT;
    json_t *skip = leave_out(x);

    int rc = engine_token(c, token_key, token, err);
    if (rc < 0) {
        json_decref(skip);
        return rc;
    }

    json_t *in = object(
        key("StackName", x->stack->id),
        key("ClientRequestToken", *token),
        key("ResourcesToSkip", skip));
    rc = engine_call(c, &aws_cloudformation_ContinueUpdateRollback, in, NULL, &local);
    if (rc < 0)
        error_move(err, &local);
    return rc < 0 ? error_wrap(err, "continuing the roll back of stack %s", x->stack->name) : 0;
}

static int
follow(struct recovery *x, unsigned round, const char *token, char **status, struct error *err)
{
    cleanup_free char *last = xasprintf("%s.last-%u", x->journal, round);
    struct cfn_follow f = {
        .context = x->told->context,
        .stack_id = x->stack->id,
        .token = token,
        .journal_key = last,
        .row_of = row_of,
        .on_event = on_event,
        .arg = x};

    int rc = cfn_follow(&f, err);
    if (rc == 0)
        *status = xstrdup(f.status);
    cfn_follow_done(&f);
    return rc;
}

static int give_up(const struct recovery *x, const char *status, struct error *err)
{
    const json_t *first = json_array_get(x->failed, 0);

    error_raise(
        err,
        ERR_CLOUD,
        "stack %s could not be rolled back (%s): %s %s",
        x->stack->name,
        status,
        json_str_or(first, "id", x->stack->name),
        json_str_or(first, "reason", "no resource gave a reason"));
    error_hint(
        err,
        "mend the cause and run the command again; `defangctl down` removes a stack in this state "
        "too");
    return error_kind_errno(ERR_CLOUD);
}

static int rounds(struct recovery *x, struct error *err)
{
    cleanup_free char *status = NULL;

    for (unsigned round = 0; round < ROUNDS; round++) {
        cleanup_free char *token = NULL;
        free(status);
        status = NULL;

        int rc = ask(x, round, &token, err);
        if (rc == 0)
            rc = follow(x, round, token, &status, err);
        if (rc < 0)
            return rc;
        if (text_eq(status, "UPDATE_ROLLBACK_COMPLETE"))
            return 0;
        if (!text_eq(status, "UPDATE_ROLLBACK_FAILED"))
            break;
    }

    return give_up(x, status, err);
}

int cfn_stack_recover(
    const struct cfn_stack *stack,
    const char *journal,
    struct cfn_follow *f,
    json_t **skipped,
    struct error *err)
{
    struct recovery x = {
        .stack = stack,
        .journal = journal,
        .told = f,
        .failed = json_array(),
        .skipped = json_array()};

    engine_note(
        f->context,
        ENGINE_SAY_NOTE,
        NULL,
        "the roll back of stack %s had failed (%s): continuing it",
        stack->name,
        stack->status_reason ? stack->status_reason : stack->status);
    int rc = rounds(&x, err);

    json_decref(x.failed);
    *skipped = x.skipped;
    return rc;
}
