/* The typed error of an exchange that nothing mends: failure.h says which there are.
 *
 * A transport's failure keeps its cause and its hint, and says how often it was tried. A service's
 * answer keeps code, request id and status, which jobs and people look at; what AWS refuses because
 * of who asks gets the words of refusal.c. */
#include "aws/failure.h"
#include "aws/refusal.h"
#include "base/clock.h"
#include <errno.h>
#include <string.h>

int failure_of_transport(
    const struct failure *f, int rc, const struct error *cause, struct error *err)
{
    const struct aws_exchange *x = f->exchange;
    const struct attempt *a = f->attempt;

    if (rc == -ECANCELED)
        return error_raise_errno(
            err, ERR_CANCELED, ECANCELED, "%s:%s: canceled", x->op->service->id, x->op->name);

    error_raise_errno(
        err,
        rc == -ETIMEDOUT ? ERR_TIMEOUT
        : rc == -EACCES  ? ERR_AUTH
                         : ERR_CLOUD,
        -rc,
        "%s:%s: %s (%s, attempt %u of %u)",
        x->op->service->id,
        x->op->name,
        cause->message ? cause->message : strerror(-rc),
        a->authority,
        a->number,
        a->max);
    error_aws(err, NULL, NULL, cause->http_status);
    if (cause->hint)
        error_hint(err, "%s", cause->hint);
    return rc;
}

/* Whose credentials were refused, and what to do. */
static void explain(
    const struct failure *f,
    const struct http_response *resp,
    const struct wire_error *e,
    struct error *err)
{
    const char *date = http_response_header(resp, "date");
    struct refusal_facts facts = {
        .session = f->session,
        .credentials = f->credentials,
        .op = f->exchange->op,
        .code = e->code,
        .message = e->message};
    int64_t server_ms;

    if (date && !http_response_header(resp, "age") && clock_parse_http_date(date, &server_ms) == 0)
        facts.skew_ms = server_ms - clock_wall_ms();
    refusal_explain(&facts, err);
}

int failure_of_service(
    const struct failure *f,
    const struct http_response *resp,
    const struct wire_error *e,
    struct error *err)
{
    const struct aws_exchange *x = f->exchange;
    const struct attempt *a = f->attempt;
    struct error probe = ERROR_INIT;
    enum error_kind kind = ERR_CLOUD;
    int code = EREMOTEIO;

    if (x->reason) {
        free(*x->reason);
        *x->reason = xstrdup_null(e->reason);
    }

    error_raise(&probe, ERR_CLOUD, "%s", e->message);
    error_aws(&probe, e->code, e->request_id, resp->status);
    if (refusal_of(e->code) != REFUSAL_NONE) {
        kind = ERR_AUTH;
        code = EACCES;
    } else if (aws_error_is_not_found(&probe)) {
        code = ENOENT;
    } else if (aws_error_is_throttle(&probe)) {
        code = EAGAIN;
    }

    error_done(&probe);
    if (a->number > 1)
        error_raise_errno(
            err,
            kind,
            code,
            "%s:%s: %s (after %u attempts)",
            x->op->service->id,
            x->op->name,
            e->message,
            a->number);
    else
        error_raise_errno(
            err, kind, code, "%s:%s: %s", x->op->service->id, x->op->name, e->message);
    error_aws(err, e->code, e->request_id, resp->status);
    explain(f, resp, e, err);

    return -code;
}
