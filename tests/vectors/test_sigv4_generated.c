/* S3 path rules, tokens and the worked examples of the S3 documentation. */
#include "aws/sign/sigv4.h"
#include "aws/sign/uri.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/vec.h"
#include "vectors/exceptions.h"
#include "vectors/vectors.h"
#include <string.h>

/* "20240229T235958Z" */
static int64_t basic_ms(const char *t)
{
    cleanup_free char *iso =
        xasprintf("%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", t, t + 4, t + 6, t + 9, t + 11, t + 13);
    int64_t ms = 0;

    clock_parse_iso(iso, &ms);
    return ms;
}

struct signing {
    struct secret secret, token;
    struct sigv4_key key;
    struct uri uri;
    char *authority;
    VEC(struct http_header) headers;
};

static void add_all(struct signing *s, const json_t *headers)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)headers, name, value)
        vec_push(&s->headers, (struct http_header){name, json_string_value(value)});
}

static void open_case(struct signing *s, const json_t *c)
{
    const char *service = json_str_or(c, "service", "s3");

    *s = (struct signing){0};
    secret_set(&s->secret, json_str(c, "secretAccessKey"));
    secret_set(&s->token, json_str(c, "sessionToken"));
    s->key = (struct sigv4_key){
        json_str(c, "accessKeyId"),
        &s->secret,
        &s->token,
        json_str(c, "region"),
        service,
        basic_ms(json_str_or(c, "timestamp", "")),
        strcmp(service, "s3") != 0,
        strcmp(service, "s3") != 0};
    uri_split(json_str_or(c, "url", ""), &s->uri, NULL);
    s->authority = uri_authority(&s->uri);
    vec_push(&s->headers, (struct http_header){"host", s->authority});
}

static void close_case(struct signing *s)
{
    secret_done(&s->secret);
    secret_done(&s->token);
    uri_done(&s->uri);
    free(s->authority);
    vec_free(&s->headers);
}

static void signing_case(struct vectors *v, const json_t *c)
{
    const char *id = json_str_or(c, "name", "?"),
               *canonical_expected = json_str_or(c, "canonicalRequest", "");
    struct str canonical = STR_INIT, text = STR_INIT, authorization = STR_INIT;
    struct signing s;
    size_t names_at;

    open_case(&s, c);
    add_all(&s, json_object_get(c, "requestHeaders"));
    add_all(&s, json_object_get(c, "signedHeadersAdded"));
    struct sigv4_request r = {
        json_str(c, "method"),
        s.uri.path,
        s.uri.query,
        s.headers.items,
        s.headers.len,
        strrchr(canonical_expected, '\n') + 1};
    sigv4_canonical_request(&r, &s.key, &canonical, &names_at);
    sigv4_string_to_sign(&s.key, "AWS4-HMAC-SHA256", str_get(&canonical), &text);
    sigv4_authorization(&r, &s.key, &authorization);
    if (vectors_equal(v, id, "canonical request", canonical_expected, str_get(&canonical)) &&
        vectors_equal(v, id, "string to sign", json_str(c, "stringToSign"), str_get(&text)) &&
        vectors_equal(
            v, id, "authorization", json_str(c, "authorization"), str_get(&authorization)))
        vectors_pass(v);
    str_done(&canonical);
    str_done(&text);
    str_done(&authorization);
    close_case(&s);
}

/* The documentation's examples start from the canonical request or from the string to sign. */
static void docs_case(struct vectors *v, const json_t *file, const json_t *c)
{
    const char *id = json_str_or(c, "name", "?"), *canonical = json_str(c, "canonicalRequest");
    const char *to_sign = json_str(c, "stringToSign");
    struct secret secret = SECRET_INIT;
    struct str text = STR_INIT;
    char signature[65];

    secret_set(&secret, json_str(file, "secretAccessKey"));
    struct sigv4_key key = {
        json_str(file, "accessKeyId"),
        &secret,
        NULL,
        json_str(file, "region"),
        "s3",
        basic_ms(json_str_or(file, "timestamp", "")),
        false,
        false};
    if (canonical) {
        sigv4_string_to_sign(&key, "AWS4-HMAC-SHA256", canonical, &text);
        if (to_sign && !vectors_equal(v, id, "string to sign", to_sign, str_get(&text)))
            goto out;
        to_sign = str_get(&text);
    }
    if (!to_sign || !json_str(c, "signature")) {
        vectors_fail(v, id, "neither a canonical request nor a string to sign");
        goto out;
    }
    sigv4_signature(&key, to_sign, signature);
    if (vectors_equal(v, id, "signature", json_str(c, "signature"), signature))
        vectors_pass(v);
out:
    secret_done(&secret);
    str_done(&text);
}

int main(void)
{
    struct vectors v = {.name = "sigv4 generated"};
    cleanup_json json_t *signing = vectors_json("s3-sigv4-generated/signing-cases.json");
    cleanup_json json_t *docs = vectors_json("s3-sigv4-generated/aws-docs-examples.json");
    json_t *c;
    size_t i;

    json_array_foreach(signing, i, c)
        signing_case(&v, c);
    json_array_foreach(json_object_get(docs, "cases"), i, c)
        docs_case(&v, docs, c);
    return vectors_end(&v);
}
