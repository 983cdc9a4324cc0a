/* The event tail of one stack operation: newest first in pages from AWS, oldest first to the
 * reader, each once, also across a restart.
 *
 *   recall ─▶ drain ─ news ───────▶ tell, mark in the journal ─▶ short pause ─▶ drain …
 *               └─ silence ─▶ ask the stack ─ busy ─▶ longer pause ─▶ drain …
 *                                    └─ idle or gone ─▶ its status is the verdict
 *
 * What must hold: the marker is put in the same turn of the loop as the events that it covers, so
 * that both stand in one transaction or neither does. Events of an operation carry its
 * ClientRequestToken; those of a cancel or a roll back carry another, so after the first of ours
 * all count. What stands between AWS and us may lose the token: after a while without one of ours
 * the newest operation counts whose events carry none and that began no earlier than ours, and
 * where no event comes at all the stack's own state and time. The stack's own word ends the tail,
 * never an event alone: a clean-up may follow the last COMPLETE. */
#include "engine/stack/events.h"

#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#include <stdint.h>
#include <string.h>

#define EVENT_PAGES_MAX 50           /* of 100: more than 500 resources can make in one operation */
#define TOKEN_WAIT_MS   (15 * 1000)  /* for an event with our token; then it goes without */
#define START_WAIT_MS   (120 * 1000) /* until the operation's first event must be there */
#define SKEW_MS         (5LL * 60 * 1000) /* of this machine's clock against AWS's */

void cfn_follow_done(struct cfn_follow *f)
{
    free(f->status);
    free(f->first_failure);
    f->status = f->first_failure = NULL;
}

struct tail {
    struct cfn_follow *f;
    char *last_id;   /* newest event already handed on, or known to be none of ours */
    json_t *counted; /* logical ids in f->changed: a replaced resource completes twice */
    bool started;
    bool tokenless; /* no event carried our token in time: those without one are looked at */
    int64_t since_wall_ms;
};

/* The stack reports on itself as a resource with its own id. */
static bool is_stack_event(const struct cfn_follow *f, const json_t *event)
{
    return text_eq(json_str(event, "PhysicalResourceId"), f->stack_id);
}

/* Without a token only the time tells our operation from one before it. */
static bool is_recent(const struct tail *t, const json_t *event)
{
    double at_s = json_number_value(json_object_get(event, "Timestamp"));

    return at_s <= 0 || (int64_t)(at_s * 1000) + SKEW_MS >= t->since_wall_ms;
}

/* Cancel and roll back carry tokens of their own: events of other tokens count once ours has begun.
 */
static bool belongs(const struct tail *t, const json_t *event)
{
    const char *token = json_str(event, "ClientRequestToken");

    if (!t->f->token || t->started)
        return true;
    return token ? text_eq(token, t->f->token) : t->tokenless && is_recent(t, event);
}

static bool starts_operation(const char *status)
{
    return text_eq(status, "CREATE_IN_PROGRESS") || text_eq(status, "UPDATE_IN_PROGRESS") ||
           text_eq(status, "DELETE_IN_PROGRESS");
}

/* One operation's word on the stack: what stands between its start and the next one's. */
struct segment {
    struct cfn_operation *out;
    const char *stack_id, *token, *other;
    char *status; /* the newest of the operation that is read through now */
    bool over;
};

static void look_at(struct segment *s, const json_t *event)
{
    if (!text_eq(json_str(event, "PhysicalResourceId"), s->stack_id))
        return;

    const char *status = json_str_or(event, "ResourceStatus", "");
    const char *token = json_str(event, "ClientRequestToken");
    if (!s->status)
        s->status = xstrdup(status);
    if (!starts_operation(status))
        return;

    bool ours = token && (text_eq(token, s->token) || text_eq(token, s->other));
    if (ours) {
        s->out->begun = true;
        s->out->status = steal(s->status);
        s->over = true;
    }

    s->out->last = s->out->last && ours;
    free(s->status);
    s->status = NULL;
}

int cfn_operation_look(
    struct engine_context *c,
    const char *stack_id,
    const char *token,
    const char *other,
    struct cfn_operation *out,
    struct error *err)
{
    cleanup_free char *next = NULL;
    *out = (struct cfn_operation){.last = true};
    struct segment s = {.out = out, .stack_id = stack_id, .token = token, .other = other};
    int rc = 0;

    for (int page = 0; !s.over && page < EVENT_PAGES_MAX; page++) {
        cleanup_json json_t *reply = NULL;
        json_t *in = object(key("StackName", stack_id), key("NextToken", next));

        rc = engine_call(c, &aws_cloudformation_DescribeStackEvents, in, &reply, err);
        if (rc < 0)
            break;

        size_t i;
        json_t *event;

        json_array_foreach(json_object_get(reply, "StackEvents"), i, event) {
            if (!s.over)
                look_at(&s, event);
        }

        free(next);
        next = xstrdup_null(json_str(reply, "NextToken"));
        if (text_empty(next))
            break;
    }

    free(s.status);
    out->last = out->last && out->begun;
    return rc < 0 ? error_wrap(err, "looking at what ran on the stack") : 0;
}

void cfn_operation_done(struct cfn_operation *o)
{
    free(o->status);
    *o = (struct cfn_operation){0};
}

/* Of our operation; without its token, of the newest. */
static bool is_start(const struct tail *t, const json_t *event)
{
    bool named = text_eq(json_str(event, "ClientRequestToken"), t->f->token);

    return t->f->token && is_stack_event(t->f, event) && (named || t->tokenless) &&
           starts_operation(json_str(event, "ResourceStatus"));
}

/* Newest first, so the pages are read until the last event that was handed on, or the start of
 * the operation when nothing was. */
static int read_new(struct tail *t, json_t *fresh, struct error *err)
{
    cleanup_free char *next = NULL;

    for (int page = 0; page < EVENT_PAGES_MAX; page++) {
        cleanup_json json_t *reply = NULL;
        json_t *in = object(key("StackName", t->f->stack_id), key("NextToken", next));

        int rc =
            engine_call(t->f->context, &aws_cloudformation_DescribeStackEvents, in, &reply, err);

        if (rc < 0)
            return rc;

        size_t i;
        json_t *event;

        json_array_foreach(json_object_get(reply, "StackEvents"), i, event) {
            if (t->last_id && text_eq(json_str(event, "EventId"), t->last_id))
                return 0;

            /* The start of our operation bounds the past when nothing was seen yet. */
            json_array_append(fresh, event);
            if (is_start(t, event))
                return 0;
        }

        free(next);
        next = xstrdup_null(json_str(reply, "NextToken"));
        if (text_empty(next))
            return 0;
    }

    return 0;
}

/* In CloudFormation's own words; they name no cause. */
bool cfn_reason_is_bystander(const char *reason)
{
    return reason && (strstr(reason, "Resource creation cancelled") ||
                      strstr(reason, "Resource update cancelled"));
}

/* The first failure is the cause; what follows it are its consequences. */
static void note_failure(struct cfn_follow *f, const struct engine_resource *r)
{
    if (f->first_failure || !text_ends(r->status, "_FAILED") || cfn_reason_is_bystander(r->reason))
        return;

    f->first_failure =
        xasprintf("%s (%s): %s", r->logical_id, r->type, r->reason ? r->reason : "no reason given");
}

/* Busy states of the stack itself are no news: its rows say more. Its terminal one is the
 * verdict, unless a later one overtakes it. */
static void hand_on(struct tail *t, const json_t *event)
{
    struct cfn_follow *f = t->f;
    struct engine_resource r = {
        .logical_id = json_str_or(event, "LogicalResourceId", ""),
        .type = json_str_or(event, "ResourceType", ""),
        .physical_id = json_str_or(event, "PhysicalResourceId", ""),
        .status = json_str_or(event, "ResourceStatus", ""),
        .reason = json_str(event, "ResourceStatusReason"),
    };
    if (is_stack_event(f, event)) {
        if (text_ends(r.status, "_IN_PROGRESS"))
            return;

        free(f->status);
        f->status = xstrdup(r.status);
        return;
    }

    if (text_ends(r.status, "_COMPLETE") && !json_object_get(t->counted, r.logical_id)) {
        json_object_set_new(t->counted, r.logical_id, json_true());
        f->changed++;
    }

    note_failure(f, &r);
    if (f->on_event)
        f->on_event(f->arg, &r, f->row_of ? f->row_of(f->arg, r.logical_id) : "");
}

/* What the verdict needs is kept beside the marker: the next life of the daemon does not see these
 * events again. */
static int remember(struct tail *t, struct error *err)
{
    struct cfn_follow *f = t->f;
    if (!f->journal_key)
        return 0;

    cleanup_free char *failure_key = xasprintf("%s.failure", f->journal_key);
    cleanup_free char *changed_key = xasprintf("%s.changed", f->journal_key);
    cleanup_free char *changed = xasprintf("%u", f->changed);

    int rc = engine_journal_put(f->context, f->journal_key, t->last_id, err);
    if (rc == 0)
        rc = engine_journal_put(f->context, changed_key, changed, err);
    if (rc == 0 && f->first_failure)
        rc = engine_journal_put(f->context, failure_key, f->first_failure, err);
    return rc;
}

static int recall(struct tail *t, struct error *err)
{
    struct cfn_follow *f = t->f;
    if (!f->journal_key)
        return 0;

    cleanup_free char *failure_key = xasprintf("%s.failure", f->journal_key);
    cleanup_free char *changed_key = xasprintf("%s.changed", f->journal_key);
    cleanup_free char *changed = NULL;
    long long count = 0;

    int rc = engine_journal_get(f->context, f->journal_key, &t->last_id, err);
    if (rc == 0)
        rc = engine_journal_get(f->context, changed_key, &changed, err);
    if (rc == 0)
        rc = engine_journal_get(f->context, failure_key, &f->first_failure, err);
    if (changed && text_parse_int(changed, 0, INT32_MAX, &count) == 0)
        f->changed = (unsigned)count;
    return rc;
}

/* Hands on what is new. The marker is put in the same turn as the events that it covers. */
static int drain(struct tail *t, bool *news, struct error *err)
{
    cleanup_json json_t *fresh = json_array();
    *news = false;
    int rc = read_new(t, fresh, err);
    if (rc < 0)
        return rc;

    size_t n = json_array_size(fresh);

    for (size_t i = n; i-- > 0;) {
        const json_t *event = json_array_get(fresh, i);
        if (!belongs(t, event))
            continue;
        t->started = true;
        hand_on(t, event);
        *news = true;
    }

    const char *newest = json_str(json_array_get(fresh, 0), "EventId");
    if (!newest)
        return 0;

    free(t->last_id);
    t->last_id = xstrdup(newest);
    return *news ? remember(t, err) : 0;
}

/* Silence: the stack's own word decides whether that was all (a clean-up or a roll back may still
 * follow), or whether it is gone. */
static int ask_stack(struct tail *t, bool *over, struct error *err)
{
    struct cfn_follow *f = t->f;
    struct cfn_stack stack;

    int rc = cfn_stack_describe(f->context, f->stack_id, &stack, err);
    *over = rc == 0 && (!stack.exists || (t->started && !cfn_status_busy(stack.status)));
    if (*over) {
        free(f->status);
        f->status = xstrdup(stack.exists ? stack.status : "DELETE_COMPLETE");
    }

    cfn_stack_done(&stack);
    return rc;
}

/* Silence for so long that something must be wrong: the tokens, or the events themselves. */
static int doubt(struct tail *t, int64_t quiet_ms, bool *over, struct error *err)
{
    struct cfn_follow *f = t->f;
    struct cfn_stack stack;

    if (!t->tokenless && quiet_ms > TOKEN_WAIT_MS) {
        t->tokenless = true;
        free(t->last_id); /* what was passed over is read again */
        t->last_id = NULL;
    }

    if (quiet_ms <= START_WAIT_MS)
        return 0;

    int rc = cfn_stack_describe(f->context, f->stack_id, &stack, err);
    *over = rc == 0 && stack.exists && !cfn_status_busy(stack.status) &&
            stack.changed_ms + SKEW_MS >= t->since_wall_ms;
    if (*over)
        f->status = xstrdup(stack.status);
    cfn_stack_done(&stack);
    if (rc < 0 || *over)
        return rc;

    return error_raise(
        err,
        ERR_TIMEOUT,
        "CloudFormation reported no event of this operation within %d s",
        START_WAIT_MS / 1000);
}

/* Not found is no failure here: the stack may be gone, and its own word (ask_stack) settles it. */
static int follow_loop(struct tail *t, struct error *err)
{
    struct cfn_follow *f = t->f;
    struct engine_pace pace = {0};
    int64_t quiet_since = loop_now_ms(f->context->loop);

    for (;;) {
        bool news = false, over = false;
        cleanup_error struct error local = ERROR_INIT;

        int rc = drain(t, &news, &local);
        if (rc < 0 && !aws_error_is_not_found(&local)) {
            error_move(err, &local);
            return error_wrap(err, "following the events of the stack");
        }

        if (!news)
            rc = ask_stack(t, &over, err);
        if (rc < 0 || over)
            return rc;

        int64_t now = loop_now_ms(f->context->loop);
        if (news) {
            engine_pace_news(&pace);
            quiet_since = now;
        }

        if (!t->started)
            rc = doubt(t, now - quiet_since, &over, err);
        if (rc < 0 || over)
            return rc;

        if (now - quiet_since > CFN_WAIT_MS)
            return error_raise(
                err,
                ERR_TIMEOUT,
                "CloudFormation reported nothing new for %lld hours",
                CFN_WAIT_MS / 3600000);
        if (engine_pace_wait(&pace) < 0)
            return error_raise(err, ERR_CANCELED, "canceled");
    }
}

int cfn_follow(struct cfn_follow *f, struct error *err)
{
    struct tail t = {.f = f, .counted = json_object(), .since_wall_ms = clock_wall_ms()};

    int rc = recall(&t, err);
    t.started = t.last_id != NULL || !f->token;
    if (rc == 0)
        rc = follow_loop(&t, err);
    json_decref(t.counted);
    free(t.last_id);
    return rc;
}
