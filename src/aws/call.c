/* Calls: an exchange is attempts until one holds; what each failure means is decided here.
 *
 * judge() looks at every answer in one order. A good one ends the exchange. A refusal that can be
 * mended is mended once each: a bucket that lives in another region, a clock that is wrong,
 * credentials that have expired. Then the retry mode has its say (retry.c): transient failures and
 * throttling are tried again while attempts and the service's quota last. What is left becomes a
 * typed error (failure.c).
 *
 * The AWS CLI does not mend a wrong clock; we do, as the Go SDK. Redirects are never followed by
 * the transport: they would carry a signature to a host that we did not choose
 * (shared/reference/aws-access.md sections 10 and 11).
 */
#include "aws/attempt.h"
#include "aws/call_points.h"
#include "aws/failure.h"
#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Below this a clock is right enough for every service (they allow 5 or 15 minutes). */
#define SKEW_MIN_MS (4 * 60 * 1000)

struct course {
    struct attempt attempt;
    bool skew_fixed, refreshed, redirected;
    int cost;                                  /* paid for the retry that is under way */
    char *region;                              /* found by a redirect; NULL = as asked */
    char *key_id;                              /* that signed the last attempt */
    const struct aws_credentials *credentials; /* of this attempt; NULL = unsigned */
};

void session_uuid(char out[37])
{
    uint8_t b[16];
    char hex[33];

    clock_random(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
    digest_hex_to(b, sizeof b, hex);
    snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static double random01(void)
{
    return (double)clock_random_below(1u << 30) / (double)(1u << 30);
}

static double now_s(const struct aws_session *s)
{
    return (double)loop_now_ms(s->loop) / 1000;
}

static const char *
wanted_region(const struct aws_session *s, const struct aws_exchange *x, const struct course *c)
{
    const char *known = x->bucket ? session_bucket_region(s, x->bucket) : NULL;

    if (c->region)
        return c->region;

    return known ? known : x->region ? x->region : s->settings.region;
}

/* A complaint about signature or time, and the server's clock far from ours: believe the server's,
 * once. */
static bool fix_clock(
    struct aws_session *s,
    struct course *c,
    const struct http_response *resp,
    const struct wire_error *e)
{
    const char *text = http_response_header(resp, "date");
    int64_t server_ms, off;

    if (c->skew_fixed || !retry_code_is_clock(e->code) || !text ||
        http_response_header(resp, "age") || clock_parse_http_date(text, &server_ms) < 0)
        return false;

    off = server_ms - c->attempt.wall_ms;
    if (off > -SKEW_MIN_MS && off < SKEW_MIN_MS)
        return false;

    c->skew_fixed = true;
    session_learn_skew(s, c->attempt.authority, server_ms - clock_wall_ms());
    log_debug(
        "aws",
        "the clock here is off by %lld min against %s: corrected for signatures",
        (long long)(off / 60000),
        c->attempt.authority);
    return true;
}

static bool fix_credentials(
    struct aws_session *s,
    struct course *c,
    const struct aws_exchange *x,
    const struct wire_error *e)
{
    if (c->refreshed || x->credentials || x->unsigned_request || !retry_code_is_expired(e->code))
        return false;

    c->refreshed = true;
    return s->source->refresh(s, c->key_id, NULL) == 0;
}

/* Where a bucket lives when the refusal does not say: the answer to a HEAD of it does, whatever its
 * status. */
static void ask_region(struct aws_session *s, const char *bucket)
{
    aws_call(s, &aws_s3_HeadBucket, json_pack("{s:s}", "Bucket", bucket), NULL, NULL);
}

/* The bucket lives elsewhere: go there, once. */
static bool fix_region(
    struct aws_session *s,
    struct course *c,
    const struct aws_exchange *x,
    const struct http_response *resp,
    const struct wire_error *e)
{
    static const char *const codes[] = {
        "PermanentRedirect",
        "TemporaryRedirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        NULL};
    bool moved =
        resp->status == 301 || resp->status == 302 || resp->status == 307 || resp->status == 308;
    bool head = strcmp(x->op->method, "HEAD") == 0 && resp->status == 400;
    cleanup_free char *before =
        xstrdup_null(wanted_region(s, x, c)); /* what is learnt may replace it */

    for (size_t i = 0; codes[i]; i++)
        moved = moved || strcmp(e->code, codes[i]) == 0;
    bool asking = x->op == &aws_s3_HeadBucket; /* then a refusal says it too */
    if (!x->bucket || c->redirected || (!moved && !head && !asking))
        return false;
    if (!text_empty(e->region))
        session_learn_bucket(s, x->bucket, e->region);
    else if (!asking)
        ask_region(s, x->bucket);
    if (!moved && !head)
        return false;

    const char *now = session_bucket_region(s, x->bucket);
    if (!now || text_eq(now, before))
        return false;

    c->redirected = true;
    c->region = xstrdup(now);

    return true;
}

static int64_t retry_after_ms(const struct http_response *resp)
{
    const char *exact = http_response_header(resp, "x-amz-retry-after");
    const char *seconds = http_response_header(resp, "retry-after");
    long long n;

    if (exact && text_parse_int(exact, 0, 3600000, &n) == 0)
        return n;
    if (seconds && text_parse_int(seconds, 0, 3600, &n) == 0)
        return n * 1000;

    return 0;
}

/* What came of one attempt. */
struct outcome {
    int rc; /* of the transfer; 0: there is a reply */
    const struct http_response *resp;
    struct error *transport; /* why there is none */
    struct wire_error error; /* what the reply says that is no success */
};

/* Mends what a refusal points at, once each; true: then another attempt is worth it. */
static bool
mend(struct aws_session *s, const struct aws_exchange *x, struct course *c, const struct outcome *o)
{
    return o->rc == 0 &&
           (fix_region(s, c, x, o->resp, &o->error) || fix_clock(s, c, o->resp, &o->error) ||
            fix_credentials(s, c, x, &o->error));
}

static int give_up(
    const struct aws_session *s,
    const struct aws_exchange *x,
    const struct course *c,
    const struct outcome *o,
    struct error *err)
{
    struct failure f = {s, x, &c->attempt, c->credentials};

    return o->rc < 0 ? failure_of_transport(&f, o->rc, o->transport, err)
                     : failure_of_service(&f, o->resp, &o->error, err);
}

/* Waits before the next attempt, if there may be one. As judge(). */
static int retry(
    struct aws_session *s,
    const struct aws_exchange *x,
    struct course *c,
    struct outcome *o,
    struct error *err)
{
    const char *service = x->op->service->id;
    /* an error in a 200 counts as the service's fault */
    int status = o->rc == 0 && o->resp->status < 300 ? 500 : o->resp->status;
    enum retry_class class = retry_classify(o->rc, status, o->error.code, service);
    bool last = x->no_retry || c->attempt.number >= c->attempt.max;

    if (class == RETRY_NEVER || last ||
        !retry_quota_take(session_quota(s, service), class, &c->cost))
        return give_up(s, x, c, o, err);

    int64_t server_ms = o->rc == 0 ? retry_after_ms(o->resp) : 0;
    int64_t delay_ms = retry_delay_ms(c->attempt.number, random01(), server_ms);
    log_debug(
        "aws",
        "%s:%s attempt %u failed (%s), next in %lld ms",
        service,
        x->op->name,
        c->attempt.number,
        o->error.code ? o->error.code : strerror(-o->rc),
        (long long)delay_ms);
    c->attempt.number++;

    o->rc = fiber_sleep(delay_ms);
    return o->rc < 0 ? give_up(s, x, c, o, err) : 1;
}

static bool has_member_in_body(const struct aws_shape *output)
{
    for (size_t i = 0; i < output->member_count; i++)
        if (output->members[i].location == AWS_IN_BODY && !output->members[i].payload)
            return true;
    return false;
}

/* Where every success has a document as its body: one without is no answer. With the REST protocols
 * that is what is read with 200; other calls may well answer by their status alone. */
static bool lacks_body(const struct aws_operation *op, const struct http_response *resp)
{
    enum aws_protocol p = op->service->protocol;

    if (resp->body.len > 0 || !op->output || !has_member_in_body(op->output))
        return false;
    if (p != AWS_REST_XML && p != AWS_REST_JSON)
        return true;
    return resp->status == 200 && text_eq(op->method, "GET");
}

/* Something between AWS and us has spoilt the reply, or has answered in its place (a page to log in
 * at, a redirect): that passes, and what the call did is told to the same call under the same
 * token. */
static int
read_good(const struct aws_exchange *x, const struct http_response *resp, struct error *why)
{
    if (resp->status >= 300)
        return error_raise_errno(
            why,
            ERR_CLOUD,
            EBADMSG,
            "the answer is a redirect (HTTP %d), which no API of AWS gives",
            resp->status);
    if (!x->parsed)
        return 0;
    if (lacks_body(x->op, resp))
        return error_raise_errno(why, ERR_CLOUD, EBADMSG, "the reply is empty");
    return wire_parse(x->op, resp, x->parsed, why);
}

/* 1: another attempt comes; 0: the reply is the result; negative: the error that ends the exchange.
 */
static int judge(
    struct aws_session *s,
    const struct aws_exchange *x,
    struct course *c,
    int transfer,
    const struct http_response *resp,
    struct error *transport,
    struct error *err)
{
    struct outcome o = {.rc = transfer, .resp = resp, .transport = transport};
    const char *service = x->op->service->id;
    int rc = 0;

    log_debug(
        "aws",
        "%s:%s at %s, attempt %u: %s %d",
        service,
        x->op->name,
        c->attempt.authority,
        c->attempt.number,
        o.rc < 0 ? strerror(-o.rc) : "HTTP",
        o.rc < 0 ? o.rc : resp->status);

    bool redirect = o.rc == 0 && resp->status / 100 == 3 && !x->bucket;
    bool good = o.rc == 0 && resp->status < 300 && !wire_is_error_in_200(x->op, resp);
    if (good || redirect)
        o.rc = read_good(x, resp, transport);
    good = good && o.rc == 0;
    if (good)
        retry_quota_success(session_quota(s, service), c->cost);
    else if (o.rc == 0)
        wire_parse_error(x->op, resp, &o.error);
    rate_answered(session_rate(s, service), now_s(s), retry_code_is_throttle(o.error.code));

    bool answered = o.rc == 0 && resp->status == 404 && x->accept_not_found;
    if (!good && !answered)
        rc = mend(s, x, c, &o) ? 1 : retry(s, x, c, &o, err);
    wire_error_done(&o.error);
    return rc;
}

/* Adaptive mode: a service that throttles gets as many calls as it bears. */
static int wait_for_rate(struct aws_session *s, const struct aws_exchange *x, struct error *err)
{
    double wait_s;

    if (!s->settings.retry_adaptive)
        return 0;

    while ((wait_s = rate_take(session_rate(s, x->op->service->id), now_s(s))) > 0) {
        int rc = fiber_sleep((int64_t)ceil(wait_s * 1000));
        if (rc < 0)
            return error_raise_errno(
                err,
                rc == -ECANCELED ? ERR_CANCELED : ERR_TIMEOUT,
                -rc,
                "%s:%s: %s",
                x->op->service->id,
                x->op->name,
                rc == -ECANCELED ? "canceled" : strerror(-rc));
    }

    return 0;
}

static int run_attempt(
    struct aws_session *s,
    const struct aws_exchange *x,
    struct course *c,
    struct http_response *resp,
    struct error *err)
{
    struct aws_credentials own = {0};
    const struct aws_credentials *credentials = x->credentials;
    struct error transport = ERROR_INIT;
    int rc = 0;

    if (x->unsigned_request || x->op->unsigned_auth) {
        credentials = NULL;
    } else if (!credentials) {
        rc = s->source->get(s, &own, err);
        credentials = &own;
    }

    if (rc == 0)
        rc = wait_for_rate(s, x, err);
    if (rc == 0) {
        free(c->key_id);
        c->key_id = xstrdup_null(credentials ? credentials->access_key_id : NULL);
        c->credentials = credentials;
        aws_call_point("call.before", x->op);
        rc = attempt_run(s, &c->attempt, x, credentials, wanted_region(s, x, c), resp, &transport);
        aws_call_point("call.after", x->op);
        if (rc < 0 && !c->attempt.prepared) {
            if (err)
                error_move(err, &transport);
        } else {
            rc = judge(s, x, c, rc, resp, &transport, err);
        }
        attempt_done(&c->attempt);
    }

    error_done(&transport);
    aws_credentials_done(&own);
    return rc;
}

int session_exchange(
    struct aws_session *s,
    const struct aws_exchange *x,
    struct http_response *resp,
    struct error *err)
{
    struct course c = {.attempt = {.number = 1, .max = x->no_retry ? 1 : s->settings.max_attempts}};
    int rc;

    session_uuid(c.attempt.invocation_id);
    *resp = (struct http_response){0};
    do {
        http_response_done(resp);
        *resp = (struct http_response){0};
        rc = run_attempt(s, x, &c, resp, err);
    } while (rc > 0);
    if (rc < 0) {
        http_response_done(resp);
        *resp = (struct http_response){0};
    }

    free(c.region);
    free(c.key_id);
    return rc;
}

/* Operations that S3 refuses without a digest of the body; MD5 is the one that look-alikes know as
 * well. */
static void add_required_checksum(const struct aws_operation *op, struct wire_request *r)
{
    uint8_t sum[16];

    if (!op->checksum_required || !r->has_body)
        return;

    digest_md5(str_get(&r->body), r->body.len, sum);
    cleanup_free char *text = digest_base64(sum, sizeof sum);
    wire_header(r, "Content-MD5", text);
}

int session_call(
    struct aws_session *s,
    const struct aws_call_options *o,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err)
{
    cleanup_json json_t *input = in ? in : json_object();
    cleanup_wire_request struct wire_request request = {0};
    cleanup_http_response struct http_response resp = {0};
    struct aws_exchange x = {
        .op = op,
        .request = &request,
        .region = o->region,
        .credentials = o->credentials,
        .unsigned_request = o->unsigned_request};
    json_t *reply = NULL;
    char uuid[37];

    int rc;

    if (out)
        *out = NULL;
    wire_request_init(&request);
    session_uuid(uuid); /* made once: all attempts carry the same token */
    wire_fill_tokens(op, input, uuid);
    rc = wire_serialize(op, input, &request, err);
    if (rc < 0)
        return rc;

    add_required_checksum(op, &request);
    if (strcmp(op->service->id, "s3") == 0)
        x.bucket = json_string_value(json_object_get(input, "Bucket"));
    x.parsed = &reply;
    rc = session_exchange(s, &x, &resp, err);
    if (rc == 0 && out)
        *out = reply;
    else
        json_decref(reply);
    return rc;
}

int aws_call(
    struct aws_session *s,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err)
{
    static const struct aws_call_options plain = {0};

    return session_call(s, &plain, op, in, out, err);
}
