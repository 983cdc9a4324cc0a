/* What went wrong with an exchange, in words that name the host and the cause. The URL's path and
 * query stay out: a signed URL is a secret.
 *
 * libcurl's codes become the errno values of loop/http.h, which decide upstairs whether a call is
 * tried again. What our own callbacks ended comes first, since libcurl then says only that a
 * callback failed. */
#include "loop/http_transfer.h"

#include "base/limits.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>

char *http_url_host(const char *url)
{
    const char *start = strstr(url, "://");

    start = start ? start + 3 : url;
    size_t n = strcspn(start, "/?#");
    for (size_t i = n; i > 0; i--) {
        if (start[i - 1] == '@') {
            start += i;
            n -= i;
            break;
        }
    }

    return xstrndup(start, n);
}

static int raise_tls(const struct http_transfer *t, const char *cause, struct error *err)
{
    int rc = error_raise_errno(err, ERR_FAILED, EPROTO, "%s: TLS: %s", t->host, cause);

    if (t->req->ca_bundle)
        error_hint(err, "certificates are checked against %s", t->req->ca_bundle);
    else
        error_hint(
            err, "behind a proxy that inspects TLS, name its certificate with AWS_CA_BUNDLE");
    return rc;
}

static int raise_connect(const struct http_transfer *t, const char *cause, struct error *err)
{
    long os_errno = 0;

    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
    const char *why = os_errno ? strerror((int)os_errno) : cause;
    if (!t->req->proxy || !t->req->proxy[0])
        return error_raise_errno(
            err, ERR_FAILED, ECONNREFUSED, "%s: cannot connect: %s", t->host, why);
    cleanup_free char *proxy = http_url_host(t->req->proxy);
    return error_raise_errno(
        err,
        ERR_FAILED,
        ECONNREFUSED,
        "%s: cannot connect through the proxy %s: %s",
        t->host,
        proxy,
        why);
}

static int raise_own(const struct http_transfer *t, struct error *err)
{
    if (t->rc != -EMSGSIZE || t->job.code == CURLE_ABORTED_BY_CALLBACK)
        return error_raise_errno(
            err,
            t->rc == -ECANCELED ? ERR_CANCELED : ERR_FAILED,
            t->rc,
            "%s: the exchange was given up: %s",
            t->host,
            strerror(-t->rc));
    if (t->header_bytes > LIMIT_HTTP_HEADER_BYTES)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EMSGSIZE,
            "%s: the reply has more than %zu bytes of headers",
            t->host,
            LIMIT_HTTP_HEADER_BYTES);
    return error_raise_errno(
        err,
        ERR_FAILED,
        EMSGSIZE,
        "%s: the reply is larger than its bound of %llu bytes",
        t->host,
        (unsigned long long)(t->req->max_body_bytes ? t->req->max_body_bytes
                                                    : LIMIT_HTTP_BODY_BYTES));
}

static bool request_was_sent(const struct http_transfer *t)
{
    long bytes = 0;
    curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
}

int http_transfer_outcome(const struct http_transfer *t, struct error *err)
{
    const char *cause = t->detail[0] ? t->detail : curl_easy_strerror(t->job.code);

    if (t->rc != 0)
        return raise_own(t, err);
    switch (t->job.code) {
    case CURLE_OK:
        if (t->resp->status < 200)
            return error_raise_errno(
                err, ERR_FAILED, EPROTO, "%s: the reply has no final status", t->host);
        return 0;
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_raise_errno(
            err, ERR_FAILED, ENOTUNIQ, "%s: no such host (%s)", t->host, cause);
    case CURLE_COULDNT_RESOLVE_PROXY: {
        cleanup_free char *proxy = http_url_host(t->req->proxy ? t->req->proxy : "");
        return error_raise_errno(
            err, ERR_FAILED, ENOTUNIQ, "%s: no such proxy: %s", t->host, proxy);
    }
    case CURLE_COULDNT_CONNECT:
        return raise_connect(t, cause, err);
    case CURLE_OPERATION_TIMEDOUT:
        return error_raise_errno(
            err, ERR_TIMEOUT, ETIMEDOUT, "%s: cannot connect: %s", t->host, cause);
    case CURLE_GOT_NOTHING:
        return error_raise_errno(
            err, ERR_FAILED, ECONNRESET, "%s: the connection was closed without a reply", t->host);
    case CURLE_PARTIAL_FILE:
        return error_raise_errno(
            err, ERR_FAILED, ECONNRESET, "%s: the reply was cut short (%s)", t->host, cause);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return error_raise_errno(
            err, ERR_FAILED, ECONNRESET, "%s: the connection broke (%s)", t->host, cause);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        return raise_tls(t, cause, err);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        if (request_was_sent(t)) /* libcurl's word for an answer that is not HTTP/1 */
            return error_raise_errno(
                err, ERR_FAILED, EPROTO, "%s: not an HTTP reply (%s)", t->host, cause);
        return error_raise_errno(
            err, ERR_FAILED, EINVAL, "%s: not a usable URL: %s", t->host, cause);
    case CURLE_SEND_FAIL_REWIND:
        return error_raise_errno(
            err,
            ERR_FAILED,
            ECONNRESET,
            "%s: the connection broke and the body cannot be sent again",
            t->host);
    default:
        return error_raise_errno(err, ERR_FAILED, EPROTO, "%s: %s", t->host, cause);
    }
}

int http_transfer_timed_out(const struct http_transfer *t, int64_t limit_ms, struct error *err)
{
    const char *what = t->req->on_data ? "nothing was received for" : "no complete reply within";
    return error_raise_errno(
        err, ERR_TIMEOUT, ETIMEDOUT, "%s: %s %.3g s", t->host, what, (double)limit_ms / 1000.0);
}
