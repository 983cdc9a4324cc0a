#include "aws/sigv4.h"
#include "aws/uri.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include <string.h>

#define ALGORITHM       "AWS4-HMAC-SHA256"
#define CHUNK_ALGORITHM "AWS4-HMAC-SHA256-PAYLOAD"

void sigv4_scope(const struct sigv4_key *k, struct str *out)
{
    char date[17];

    clock_format_basic(k->wall_ms, date);
    str_appendf(out, "%.8s/%s/%s/aws4_request", date, k->region, k->service);
}

static void append_sha256(struct str *out, const void *data, size_t n)
{
    uint8_t sum[SHA256_BYTES];

    digest_sha256(data, n, sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    str_append(out, hex);
}

static void append_preamble(const struct sigv4_key *k, const char *algorithm, struct str *out)
{
    char date[17];

    clock_format_basic(k->wall_ms, date);
    str_appendf(out, "%s\n%s\n", algorithm, date);
    sigv4_scope(k, out);
    str_append_char(out, '\n');
}

void sigv4_string_to_sign(const struct sigv4_key *k, const char *algorithm, const char *canonical,
                          struct str *out)
{
    append_preamble(k, algorithm, out);
    append_sha256(out, canonical, strlen(canonical));
}

void sigv4_signing_key(const struct sigv4_key *k, uint8_t out[32])
{
    struct str first = STR_INIT;
    char date[17];

    clock_format_basic(k->wall_ms, date);
    str_append(&first, "AWS4");
    str_append(&first, secret_get(k->secret_access_key));
    digest_hmac_sha256(str_get(&first), first.len, date, 8, out);
    str_wipe(&first);
    digest_hmac_sha256(out, 32, k->region, strlen(k->region), out);
    digest_hmac_sha256(out, 32, k->service, strlen(k->service), out);
    digest_hmac_sha256(out, 32, "aws4_request", strlen("aws4_request"), out);
}

void sigv4_signature(const struct sigv4_key *k, const char *string_to_sign, char out[65])
{
    uint8_t key[32], sum[32];

    sigv4_signing_key(k, key);
    digest_hmac_sha256(key, sizeof key, string_to_sign, strlen(string_to_sign), sum);
    secret_wipe(key, sizeof key);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    memcpy(out, hex, 65);
}

static void sign(const struct sigv4_request *r, const struct sigv4_key *k, struct str *signed_headers,
                 char out[65])
{
    struct str canonical = STR_INIT, text = STR_INIT;

    sigv4_canonical_request(r, k, &canonical, signed_headers);
    sigv4_string_to_sign(k, ALGORITHM, str_get(&canonical), &text);
    sigv4_signature(k, str_get(&text), out);
    str_wipe(&canonical); /* holds the session token */
    str_done(&text);
}

void sigv4_authorization(const struct sigv4_request *r, const struct sigv4_key *k, struct str *out)
{
    struct str names = STR_INIT;
    char signature[65];

    sign(r, k, &names, signature);
    str_appendf(out, ALGORITHM " Credential=%s/", k->access_key_id);
    sigv4_scope(k, out);
    str_appendf(out, ", SignedHeaders=%s, Signature=%s", str_get(&names), signature);
    str_done(&names);
}

static void append_parameter(struct str *query, const char *name, const char *value)
{
    if (query->len)
        str_append_char(query, '&');
    str_append(query, name);
    str_append_char(query, '=');
    uri_encode(query, value, false);
}

void sigv4_presign_query(const struct sigv4_request *r, const struct sigv4_key *k, unsigned expires_s,
                         bool sign_token, struct str *out)
{
    struct str credential = STR_INIT, names = STR_INIT, unused = STR_INIT;
    char date[17], signature[65];
    cleanup_free char *expires = xasprintf("%u", expires_s);
    bool token = k->session_token && secret_is_set(k->session_token);
    struct sigv4_request signed_request = *r;

    /* The names of the signed headers are a parameter and so part of what is signed: a first pass finds them.
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
    sign(&signed_request, k, NULL, signature);
    if (token && !sign_token)
        append_parameter(out, "X-Amz-Security-Token", secret_get(k->session_token));
    append_parameter(out, "X-Amz-Signature", signature);
    str_done(&credential);
    str_done(&names);
}

void sigv4_chunk_signature(const struct sigv4_key *k, const char *previous, const void *data, size_t n,
                           char out[65])
{
    struct str text = STR_INIT;

    append_preamble(k, CHUNK_ALGORITHM, &text);
    str_appendf(&text, "%s\n" SIGV4_EMPTY_SHA256 "\n", previous);
    append_sha256(&text, data, n);
    sigv4_signature(k, str_get(&text), out);
    str_done(&text);
}
