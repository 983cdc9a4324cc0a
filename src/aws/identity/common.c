/* What several providers share: credentials out of JSON, and a request to a metadata service.
 *
 * The JSON is of one form with three spellings of the token's member; its Expiration is text or, in
 * our own cache, seconds. A request to a metadata service is tried again after a second when nobody
 * answered or the service is at fault (5xx); anything else is an answer that the provider judges.
 */
#include "aws/identity/credentials.h"
#include "base/clock.h"
#include "base/limits.h"
#include <errno.h>

#define SHOWN_BYTES 80 /* of a value in an error */

int credentials_from_json(
    const json_t *j,
    const char *token_member,
    const char *source,
    struct aws_credentials *out,
    struct error *err)
{
    const char *id = json_str(j, "AccessKeyId"), *secret = json_str(j, "SecretAccessKey");
    const char *token = json_str(j, token_member), *account = json_str(j, "AccountId");
    const json_t *expires = json_object_get(j, "Expiration");
    int64_t ms = 0;

    if (text_empty(id) || text_empty(secret))
        return error_raise_errno(
            err,
            ERR_AUTH,
            EBADMSG,
            "%s gave no %s",
            source,
            text_empty(id) ? "AccessKeyId" : "SecretAccessKey");
    if (json_is_string(expires) && clock_parse_iso(json_string_value(expires), &ms) < 0)
        return error_raise_errno(
            err,
            ERR_AUTH,
            EBADMSG,
            "%s gave the Expiration '%.*s', which is no time (like 2026-11-22T22:15:30Z)",
            source,
            SHOWN_BYTES,
            json_string_value(expires));
    if (json_is_number(expires))
        ms = (int64_t)(json_number_value(expires) * 1000.0);
    out->access_key_id = xstrdup(id);
    secret_set(&out->secret_access_key, secret);
    if (!text_empty(token))
        secret_set(&out->session_token, token);
    out->expires_wall_ms = ms;
    out->account_id = xstrdup_null(account);
    out->source = xstrdup(source);

    return 0;
}

int credentials_fetch(
    struct aws_session *s,
    const struct credential_fetch *f,
    struct http_response *resp,
    struct error *err)
{
    struct http_request request = {
        .method = f->method,
        .url = f->url,
        .headers = f->headers,
        .header_count = f->header_count,
        .connect_timeout_ms = f->timeout_ms,
        .timeout_ms = f->timeout_ms,
        .max_body_bytes = LIMIT_AWS_CREDENTIAL_REPLY_BYTES,
        .ca_advice = "This endpoint is checked against the certificates of this machine alone: "
                     "AWS_CA_BUNDLE does not count for it, nor with the AWS CLI. Have its CA added "
                     "to them (Debian: as a .crt file in /usr/local/share/ca-certificates, then "
                     "`sudo update-ca-certificates`).",
    };
    int rc = -ETIMEDOUT;

    for (unsigned i = 0; i < f->attempts; i++) {
        struct error own = ERROR_INIT;

        if (i && fiber_sleep(1000) < 0)
            return error_raise_errno(err, ERR_CANCELED, ECANCELED, "canceled");
        *resp = (struct http_response){0};
        rc = http_perform(s->http, &request, resp, &own);
        /* a certificate does not become right within a second */
        bool again = rc < 0 ? rc != -ECANCELED && rc != -EPROTO : resp->status >= 500;
        if (i + 1 == f->attempts || !again) {
            if (rc < 0 && err)
                error_move(err, &own);
            error_done(&own);
            return rc;
        }
        http_response_done(resp);
        error_done(&own);
    }

    return rc;
}
