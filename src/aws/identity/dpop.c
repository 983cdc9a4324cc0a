/* Proof of possession, RFC 9449: a JWT signed with the key that `aws login` left with its session.
 *
 * Header, payload and signature are base64url without padding; the signature is ES256 as r and s of
 * 32 bytes each, not the DER of OpenSSL. What stands in header and payload is what the AWS CLI
 * sends (aws-access.md section 5.5). */
#include "aws/identity/dpop.h"
#include "aws/session.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/es256.h"
#include "data/object.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static char *encoded(json_t *j)
{
    cleanup_json json_t *own = j;
    cleanup_free char *text = json_print(own, false, false);

    return digest_base64url(text, strlen(text));
}

static json_t *header(const struct es256 *key)
{
    uint8_t x[32], y[32];

    es256_point(key, x, y);
    cleanup_free char *x64 = digest_base64url(x, sizeof x), *y64 = digest_base64url(y, sizeof y);
    return object(
        key("typ", "dpop+jwt"),
        key("alg", "ES256"),
        key("jwk", object(key("kty", "EC"), key("x", x64), key("y", y64), key("crv", "P-256"))));
}

static json_t *payload(const char *url)
{
    char id[37];

    session_uuid(id);
    return object(
        key("htm", "POST"),
        key("htu", url),
        key("iat", (long long)(clock_wall_ms() / 1000)),
        key("jti", id));
}

int dpop_proof(const char *pem, const char *url, char **out, struct error *err)
{
    struct es256 *key;
    uint8_t sig[64];

    /* it may be an endpoint of the caller's own, and JSON holds UTF-8 */
    if (!text_utf8_valid(url, strlen(url)))
        return error_raise_errno(err, ERR_AUTH, EINVAL, "the sign-in endpoint's URL is no UTF-8");
    if (es256_load(pem, strlen(pem), &key) < 0)
        return error_raise_errno(
            err, ERR_AUTH, EINVAL, "the login session's key (dpopKey) is no EC P-256 private key");

    cleanup_free char *head = encoded(header(key)), *body = encoded(payload(url));
    cleanup_free char *text = xasprintf("%s.%s", head, body);
    es256_sign(key, text, strlen(text), sig);
    es256_free(key);
    cleanup_free char *tail = digest_base64url(sig, sizeof sig);
    *out = xasprintf("%s.%s", text, tail);

    return 0;
}
