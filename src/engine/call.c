/* Calls of AWS with patience. Three things go wrong in a job of many minutes that are nobody's
 * fault: credentials expire, the network goes away, AWS is out of capacity or throttles.
 *
 *   call ─ok────────────────────────────────▶ answer
 *     ├─ credentials expired or gone ─▶ wait_for_credentials() ─▶ the same call again
 *     ├─ transient ─▶ pause, doubled up to 20 s, ten minutes in all ─▶ the same call again
 *     └─ anything else ─▶ the error
 *
 * Again is the same: calls only read, or carry a token of the journal (engine_token). The AWS retry
 * mode below (src/aws/retry.c) has made its three attempts by then; they take about a second. */
#include "engine/call.h"

#include "base/mem.h"
#include "loop/fiber.h"

#include <errno.h>

/* Between news and silence: fast enough that a person sees things move, slow enough for the API
 * quotas. */
#define PACE_MIN_MS 400
#define PACE_MAX_MS 3000

/* After the three attempts of the AWS retry mode, which take a second. */
#define PATIENCE_MS           (10 * 60 * 1000)
#define NETWORK_PATIENCE_MS   (6 * 60 * 60 * 1000) /* a laptop in a train */
#define PATIENCE_FIRST_MS     1000
#define PATIENCE_PAUSE_MAX_MS 20000
#define SLOW_MS               5000 /* of one call, before it is told that it is waited for */

/* Suspends in the job until somebody brings fresh credentials, which may take hours: a job of
 * BLOCKED(auth) goes on from exactly here. */
bool engine_retry_after_auth(struct engine_context *c, int rc, struct error *err)
{
    if (rc >= 0 || !c->wait_for_credentials || !aws_error_is_auth(err))
        return false;
    if (c->wait_for_credentials(c->wait_arg, err) < 0)
        return false;

    error_done(err);
    return true;
}

typedef int call_fn(
    struct aws_session *s,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err);

/* botocore's list (data/_retry.json, "general_server_error" and its kin): a 501 stays one. */
static bool is_of_the_moment(int http_status)
{
    return http_status == 500 || (http_status >= 502 && http_status <= 504);
}

/* No answer, no capacity, too many calls: what passes by itself. */
static bool is_transient(int rc, const struct error *err)
{
    static const int codes[] = {
        -ETIMEDOUT,
        -ECONNREFUSED,
        -ECONNRESET,
        -EPIPE,
        -ENOTUNIQ,
        -ENETUNREACH,
        -EHOSTUNREACH,
        -EBADMSG, /* a spoilt reply */
        -EAGAIN};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (rc == codes[i])
            return true;
    return rc < 0 && (is_of_the_moment(err->http_status) || aws_error_is_throttle(err));
}

/* This machine has no way out (a laptop that woke up, a boot before the Wi-Fi), rather than AWS. */
static bool is_network(int rc)
{
    return rc == -ENOTUNIQ || rc == -ENETUNREACH || rc == -EHOSTUNREACH || rc == -ECONNREFUSED;
}

/* A job of many minutes outlives a lost network: its calls read, or carry tokens, so that again is
 * the same. A command (no sink) answers at once. */
static bool
be_patient(struct engine_context *c, struct engine_patience *p, int rc, struct error *err)
{
    if (!c->sink || !is_transient(rc, err))
        return false;

    int64_t now = loop_now_ms(c->loop);
    int64_t most_ms = is_network(rc) ? NETWORK_PATIENCE_MS : PATIENCE_MS;

    if (p->since_ms == 0) {
        p->since_ms = now;
        engine_note(
            c,
            ENGINE_SAY_WARNING,
            NULL,
            is_network(rc) ? "waiting for the network, trying on for %d min: %s"
                           : "AWS does not answer as it should, trying on for %d min: %s",
            (int)(most_ms / 60000),
            err->message);
    }

    if (now - p->since_ms > most_ms)
        return false;

    p->pause_ms =
        p->pause_ms == 0 ? PATIENCE_FIRST_MS : MIN(p->pause_ms * 2, (int64_t)PATIENCE_PAUSE_MAX_MS);
    if (fiber_sleep(p->pause_ms) < 0)
        return false;

    error_done(err);
    return true;
}

bool engine_again(struct engine_context *c, struct engine_patience *p, int rc, struct error *err)
{
    return rc < 0 && (engine_retry_after_auth(c, rc, err) || be_patient(c, p, rc, err));
}

/* One that hangs is told while it hangs: its own time limits take minutes. */
struct slow {
    struct engine_context *c;
    const struct aws_operation *op;
};

static void on_slow(void *arg)
{
    const struct slow *s = arg;

    engine_note(
        s->c,
        ENGINE_SAY_NOTE,
        NULL,
        "waiting for AWS to answer %s:%s since %d s",
        s->op->service->id,
        s->op->name,
        SLOW_MS / 1000);
}

/* The input is kept for the next try, since the call steals it. An error of a try that is
 * repeated is dropped: only the last one is told. */
static int call_with(
    call_fn *fn,
    struct engine_context *c,
    bool optional,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err)
{
    cleanup_json json_t *keep = in ? in : json_object();
    struct engine_patience patience = {0};
    struct slow slow = {c, op};

    for (;;) {
        cleanup_error struct error local = ERROR_INIT;
        struct loop_timer *timer =
            c->sink ? loop_timer_start(c->loop, SLOW_MS, 0, on_slow, &slow) : NULL;

        int rc = fn(c->aws, op, json_incref(keep), out, &local);
        loop_timer_stop(timer);
        if (optional ? engine_retry_after_auth(c, rc, &local)
                     : engine_again(c, &patience, rc, &local))
            continue;
        if (rc < 0 && err)
            error_move(err, &local);
        return rc;
    }
}

int engine_call(
    struct engine_context *c,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err)
{
    return call_with(aws_call, c, false, op, in, out, err);
}

int engine_call_all(
    struct engine_context *c,
    const struct aws_operation *op,
    json_t *in,
    json_t **items,
    struct error *err)
{
    return call_with(aws_call_all, c, false, op, in, items, err);
}

int engine_call_optional(
    struct engine_context *c,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err)
{
    return call_with(aws_call, c, true, op, in, out, err);
}

int engine_call_all_optional(
    struct engine_context *c,
    const struct aws_operation *op,
    json_t *in,
    json_t **items,
    struct error *err)
{
    return call_with(aws_call_all, c, true, op, in, items, err);
}

void engine_pace_news(struct engine_pace *p)
{
    p->ms = 0;
}

/* Half as long again each time, so that silence costs few calls and the first look after news
 * comes soon. */
int engine_pace_wait(struct engine_pace *p)
{
    p->ms = p->ms == 0 ? PACE_MIN_MS : MIN(p->ms + p->ms / 2, (int64_t)PACE_MAX_MS);
    return fiber_sleep(p->ms);
}
