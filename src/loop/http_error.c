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

/* "the proxy HOST (HTTPS_PROXY)"; malloc'd. */
static char *proxy_name(const struct http_transfer *t)
{
    const struct http_proxy *p = t->req->proxy;
    cleanup_free char *host = http_url_host(p ? p->url : "");

    return p && p->variable ? xasprintf("the proxy %s (%s)", host, p->variable)
                            : xasprintf("the proxy %s", host);
}

static int raise_connect(const struct http_transfer *t, const char *cause, struct error *err)
{
    long os_errno = 0;

    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
    const char *why = os_errno ? strerror((int)os_errno) : cause;
    if (!t->req->proxy)
        return error_raise_errno(
            err, ERR_FAILED, ECONNREFUSED, "%s: cannot connect: %s", t->host, why);
    cleanup_free char *proxy = proxy_name(t);
    return error_raise_errno(
        err, ERR_FAILED, ECONNREFUSED, "%s: cannot connect through %s: %s", t->host, proxy, why);
}

static int raise_unknown_proxy(const struct http_transfer *t, struct error *err)
{
    cleanup_free char *proxy = proxy_name(t);

    error_raise_errno(err, ERR_FAILED, ENOTUNIQ, "%s: no such host: %s", t->host, proxy);
    if (t->req->proxy && t->req->proxy->variable)
        error_hint(err, "Correct %s, or unset it.", t->req->proxy->variable);
    return -ENOTUNIQ;
}

/* To CONNECT, or to the request itself where that is plain http. */
static int raise_refused_by_proxy(const struct http_transfer *t, long status, struct error *err)
{
    cleanup_free char *proxy = proxy_name(t);
    const struct http_proxy *p = t->req->proxy;
    const char *variable = p->variable ? p->variable : "the proxy's variable";

    if (status != 407)
        return error_raise_errno(
            err,
            ERR_FAILED,
            ECONNREFUSED,
            "%s: %s does not connect to it (HTTP %ld)",
            t->host,
            proxy,
            status);

    error_raise_errno(
        err,
        ERR_AUTH,
        EACCES,
        p->user ? "%s: %s refused user or password (HTTP 407)"
                : "%s: %s wants a user and a password (HTTP 407)",
        t->host,
        proxy);
    error_aws(err, NULL, NULL, 407);
    if (p->user)
        error_hint(err, "Correct them in %s, which gives user %s.", variable, p->user);
    else
        error_hint(err, "Give them in %s: http://USER:PASSWORD@HOST:PORT.", variable);

    return -EACCES;
}

/* 0 when no proxy refused. */
static long proxy_refusal(const struct http_transfer *t)
{
    long status = 0;

    if (!t->req->proxy)
        return 0;
    if (t->job.code == CURLE_OK) /* no server answers so, and plain http has no CONNECT */
        return t->resp->status == 407 ? 407 : 0;

    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status >= 300 ? status : 0;
}

static int raise_own(const struct http_transfer *t, struct error *err)
{
    bool ours = t->rc == -EMSGSIZE || t->rc == -EBADMSG;

    if (!ours || t->job.code == CURLE_ABORTED_BY_CALLBACK)
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
            EBADMSG,
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

    long refusal = proxy_refusal(t);
    if (refusal)
        return raise_refused_by_proxy(t, refusal, err);

    switch (t->job.code) {
    case CURLE_OK:
        if (t->resp->status < 200)
            return error_raise_errno(
                err, ERR_FAILED, EPROTO, "%s: the reply has no final status", t->host);
        return 0;
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_raise_errno(
            err, ERR_FAILED, ENOTUNIQ, "%s: no such host (%s)", t->host, cause);
    case CURLE_COULDNT_RESOLVE_PROXY:
        return raise_unknown_proxy(t, err);
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
        return http_tls_failed(t, cause, err);
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
