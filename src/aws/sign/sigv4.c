/* Stages two to four of SigV4: string to sign, signature, Authorization header. canonical.c is
 * stage one, key.c derives the key.
 *
 * The canonical request holds the session token, so it is wiped; the other texts are hashes and
 * public. Format: aws-access.md section 8. */
#include "aws/sign/sigv4.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

static void append_scope(const struct sigv4_key *k, const char *date, struct str *out)
{
    str_append_bytes(out, date, 8);
    str_append_char(out, '/');
    str_append(out, k->region);
    str_append_char(out, '/');
    str_append(out, k->service);
    str_append(out, "/aws4_request");
}

void sigv4_scope(const struct sigv4_key *k, struct str *out)
{
    char date[17];

    clock_format_basic(k->wall_ms, date);
    append_scope(k, date, out);
}

static void append_sha256(struct str *out, const void *data, size_t n)
{
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];

    digest_sha256(data, n, sum);
    digest_hex_to(sum, sizeof sum, hex);
    str_append_bytes(out, hex, sizeof hex - 1);
}

static void append_preamble(const struct sigv4_key *k, const char *algorithm, struct str *out)
{
    char date[17];

    clock_format_basic(k->wall_ms, date);
    str_reserve(out, 256);
    str_append(out, algorithm);
    str_append_char(out, '\n');
    str_append_bytes(out, date, 16);
    str_append_char(out, '\n');
    append_scope(k, date, out);
    str_append_char(out, '\n');
}

void sigv4_string_to_sign(
    const struct sigv4_key *k, const char *algorithm, const char *canonical, struct str *out)
{
    append_preamble(k, algorithm, out);
    append_sha256(out, canonical, strlen(canonical));
}

void sigv4_signature(const struct sigv4_key *k, const char *string_to_sign, char out[65])
{
    uint8_t key[32], sum[32];

    sigv4_signing_key(k, key);
    digest_hmac_sha256(key, sizeof key, string_to_sign, strlen(string_to_sign), sum);
    secret_wipe(key, sizeof key);
    digest_hex_to(sum, sizeof sum, out);
}

/* out: the canonical request, which names the signed headers at *names_at. */
static void sign(
    const struct sigv4_request *r,
    const struct sigv4_key *k,
    struct str *canonical,
    size_t *names_at,
    char out[65])
{
    struct str text = STR_INIT;

    sigv4_canonical_request(r, k, canonical, names_at);
    sigv4_string_to_sign(k, ALGORITHM, str_get(canonical), &text);
    sigv4_signature(k, str_get(&text), out);
    str_done(&text);
}

void sigv4_authorization(const struct sigv4_request *r, const struct sigv4_key *k, struct str *out)
{
    struct str canonical = STR_INIT;
    char signature[65];
    size_t names_at;

    sign(r, k, &canonical, &names_at, signature);
    const char *names = str_get(&canonical) + names_at;
    str_reserve(out, 384);
    str_append(out, ALGORITHM " Credential=");
    str_append(out, k->access_key_id);
    str_append_char(out, '/');
    sigv4_scope(k, out);
    str_append(out, ", SignedHeaders=");
    str_append_bytes(out, names, strcspn(names, "\n"));
    str_append(out, ", Signature=");
    str_append_bytes(out, signature, 64);
    str_wipe(&canonical); /* holds the session token */
}
