/* Why TLS failed, and what helps against that cause and no other: an authority that is not known, a
 * date, a name, a bundle that cannot be read, a port that does not speak TLS.
 *
 * What libcurl says stays in the message, since it is exact. The hint is ours: it names who set the
 * bundle, and where a bundle is not asked at all (credentials of a container) it does not send
 * people to set one. */
#include "loop/http_transfer.h"

#include "base/clock.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What libcurl hands on of OpenSSL (x509_vfy.h); the numbers are part of its interface. */
enum verify_result {
    VERIFIED = 0,
    NOT_ASKED = 1,
    ISSUER_UNKNOWN = 2,
    SIGNATURE_WRONG = 7, /* signed by another authority of the same name */
    NOT_YET_VALID = 9,
    EXPIRED = 10,
    SELF_SIGNED = 18,
    SELF_SIGNED_IN_CHAIN = 19,
    ISSUER_NOT_HERE = 20,
    LEAF_UNVERIFIED = 21,
};

#define LOOK_BYTES 65536 /* a bundle has its first certificate well before that */

/* Why the bundle cannot be used; NULL when nothing is to be seen from here. */
static const char *bundle_trouble(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return strerror(errno);

    char *text = xcalloc(1, LOOK_BYTES + 1);
    ssize_t n = read(fd, text, LOOK_BYTES);
    const char *why = n < 0                          ? strerror(errno)
                      : !strstr(text, "-----BEGIN ") ? "it holds no certificate in PEM form"
                                                     : "a certificate in it is damaged";
    free(text);
    close(fd);

    return why;
}

static int raise_bundle(const struct http_transfer *t, const char *cause, struct error *err)
{
    const char *path = t->req->ca_bundle, *source = t->req->ca_source;

    if (!path) /* the system's own */
        return error_raise_errno(err, ERR_FAILED, EPROTO, "%s: TLS: %s", t->host, cause);

    error_raise_errno(
        err,
        ERR_FAILED,
        EPROTO,
        "%s: TLS: the CA bundle %s cannot be used: %s",
        t->host,
        path,
        bundle_trouble(path));
    error_hint(
        err,
        "%s names %s: correct it, or unset it where the system's certificates suffice.",
        source ? source : "The request",
        path);
    return -EPROTO;
}

int http_ca_bundle_check(const struct http_request *req, const char *host, struct error *err)
{
    bool tls = strncasecmp(req->url, "https:", 6) == 0 ||
               (req->proxy && strncmp(req->proxy->url, "https:", 6) == 0);
    struct stat st;

    if (!tls || !req->ca_bundle || stat(req->ca_bundle, &st) < 0 || S_ISREG(st.st_mode) ||
        S_ISDIR(st.st_mode))
        return 0;

    error_raise_errno(
        err,
        ERR_FAILED,
        EINVAL,
        "%s: TLS: the CA bundle %s is neither a file nor a folder",
        host,
        req->ca_bundle);
    if (req->ca_source)
        error_hint(err, "%s names it.", req->ca_source);
    return -EINVAL;
}

static void hint_authority(const struct http_transfer *t, struct error *err)
{
    const struct http_request *req = t->req;

    if (req->ca_advice)
        error_hint(err, "%s", req->ca_advice);
    else if (req->ca_bundle)
        error_hint(
            err,
            "Certificates are checked against %s%s%s%s, which does not hold the authority of this "
            "one: add it there.",
            req->ca_bundle,
            req->ca_source ? " (" : "",
            req->ca_source ? req->ca_source : "",
            req->ca_source ? ")" : "");
    else
        error_hint(
            err,
            "An endpoint with a CA of its own, or a proxy that inspects TLS: name the CA's "
            "certificate with AWS_CA_BUNDLE.");
}

static void hint_date(struct error *err)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm utc;
    char text[32];

    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M", &utc);
    error_hint(
        err,
        "The certificate, or that of its authority, does not hold at this machine's time (%s UTC): "
        "renew it, or set the clock right. No CA bundle helps.",
        text);
}

/* What OpenSSL found wrong with the peer's certificate. libcurl leaves "unspecified" where it did
 * not come to ask. */
static long verify_result(const struct http_transfer *t)
{
    long result = VERIFIED;

    curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &result);
    if (result == VERIFIED || result == NOT_ASKED)
        curl_easy_getinfo(t->easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &result);

    return result == NOT_ASKED ? VERIFIED : result;
}

static void hint_plain(const struct http_transfer *t, struct error *err)
{
    const struct http_proxy *p = t->req->proxy;

    if (p && strncmp(p->url, "https:", 6) == 0)
        error_hint(
            err,
            "The proxy, or what is behind it, speaks no TLS: %s may have to begin with http://.",
            p->variable ? p->variable : "its URL");
    else
        error_hint(err, "There is no TLS on this port: the URL may have to begin with http://.");
}

int http_tls_failed(const struct http_transfer *t, const char *cause, struct error *err)
{
    if (t->job.code == CURLE_SSL_CACERT_BADFILE)
        return raise_bundle(t, cause, err);

    int rc = error_raise_errno(err, ERR_FAILED, EPROTO, "%s: TLS: %s", t->host, cause);

    if (strstr(cause, "wrong version number")) {
        hint_plain(t, err);
        return rc;
    }

    switch (verify_result(t)) {
    case SELF_SIGNED:
    case SELF_SIGNED_IN_CHAIN:
    case ISSUER_UNKNOWN:
    case ISSUER_NOT_HERE:
    case LEAF_UNVERIFIED:
    case SIGNATURE_WRONG:
        hint_authority(t, err);
        break;
    case EXPIRED:
    case NOT_YET_VALID:
        hint_date(err);
        break;
    case VERIFIED:
        if (strstr(cause, "asn1 encoding routines")) /* a signature by another CA of that name */
            hint_authority(t, err);
        else if (strstr(cause, "subject name"))
            error_hint(
                err,
                "The certificate is for other hosts: name the host as the certificate does. No CA "
                "bundle helps.");
        break;
    default:
        break;
    }

    return rc;
}
