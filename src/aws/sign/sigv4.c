#include "aws/sign/sigv4.h"
#include "aws/sign/uri.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include <string.h>

#define ALGORITHM         "AWS4-HMAC-SHA256"
#define CHUNK_ALGORITHM   "AWS4-HMAC-SHA256-PAYLOAD"
#define TRAILER_ALGORITHM "AWS4-HMAC-SHA256-TRAILER"

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

    sigv4_canonical_request_at(r, k, canonical, names_at);
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

static void append_parameter(struct str *query, const char *name, const char *value)
{
    if (query->len)
        str_append_char(query, '&');
    str_append(query, name);
    str_append_char(query, '=');
    uri_encode(query, value, false);
}

void sigv4_presign_query(
    const struct sigv4_request *r,
    const struct sigv4_key *k,
    unsigned expires_s,
    bool sign_token,
    struct str *out)
{
    struct str credential = STR_INIT, names = STR_INIT, unused = STR_INIT;
    char date[17], signature[65];
    cleanup_free char *expires = xasprintf("%u", expires_s);
    bool token = k->session_token && secret_is_set(k->session_token);
    struct sigv4_request signed_request = *r;

    /* The names of the signed headers are a parameter and so part of what is signed: a first pass
     * finds them.
     */
    sigv4_canonical_request(r, k, &unused, &names);
    str_done(&unused);
    str_appendf(&credential, "%s/", k->access_key_id);
    sigv4_scope(k, &credential);
    clock_format_basic(k->wall_ms, date);
    if (r->query)
        str_append(out, r->query);
    append_parameter(out, "X-Amz-Algorithm", ALGORITHM);
    append_parameter(out, "X-Amz-Credential", str_get(&credential));
    append_parameter(out, "X-Amz-Date", date);
    append_parameter(out, "X-Amz-Expires", expires);
    append_parameter(out, "X-Amz-SignedHeaders", str_get(&names));
    if (token && sign_token)
        append_parameter(out, "X-Amz-Security-Token", secret_get(k->session_token));
    signed_request.query = str_get(out);
    struct str canonical = STR_INIT;
    size_t names_at;
    sign(&signed_request, k, &canonical, &names_at, signature);
    str_wipe(&canonical); /* holds the session token */
    if (token && !sign_token)
        append_parameter(out, "X-Amz-Security-Token", secret_get(k->session_token));
    append_parameter(out, "X-Amz-Signature", signature);
    str_done(&credential);
    str_done(&names);
}

void sigv4_chunk_signature(
    const struct sigv4_key *k, const char *previous, const void *data, size_t n, char out[65])
{
    struct str text = STR_INIT;

    append_preamble(k, CHUNK_ALGORITHM, &text);
    str_append(&text, previous);
    str_append(&text, "\n" SIGV4_EMPTY_SHA256 "\n");
    append_sha256(&text, data, n);
    sigv4_signature(k, str_get(&text), out);
    str_done(&text);
}

void sigv4_trailer_signature(
    const struct sigv4_key *k, const char *previous, const char *trailers, char out[65])
{
    struct str text = STR_INIT;

    append_preamble(k, TRAILER_ALGORITHM, &text);
    str_append(&text, previous);
    str_append_char(&text, '\n');
    append_sha256(&text, trailers, strlen(trailers));
    sigv4_signature(k, str_get(&text), out);
    str_done(&text);
}
