#include "aws/identity/dpop.h"
#include "aws/session.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/es256.h"
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
    return json_pack(
        "{s:s, s:s, s:{s:s, s:s, s:s, s:s}}",
        "typ",
        "dpop+jwt",
        "alg",
        "ES256",
        "jwk",
        "kty",
        "EC",
        "x",
        x64,
        "y",
        y64,
        "crv",
        "P-256");
}

static json_t *payload(const char *url)
{
    char id[37];

    session_uuid(id);
    return json_pack(
        "{s:s, s:s, s:I, s:s}",
        "htm",
        "POST",
        "htu",
        url,
        "iat",
        (json_int_t)(clock_wall_ms() / 1000),
        "jti",
        id);
}

int dpop_proof(const char *pem, const char *url, char **out, struct error *err)
{
    struct es256 *key;
    uint8_t sig[64];

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
