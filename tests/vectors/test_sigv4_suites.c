/* The two published suites of request files: aws-c-auth's (header and query signing, with a
 * context) and the classic one. */
#include "aws/sign/sigv4.h"
#include "aws/sign/uri.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/vec.h"
#include "vectors/vectors.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A request file: raw path and query, headers (folded lines belong to the one above), body.
 * Borrowed from text. */
struct raw_request {
    char *text;
    const char *method, *path, *query, *body;
    VEC(struct http_header) headers;
};

static void split_target(struct raw_request *r, char *target)
{
    char *question = strchr(target, '?');

    r->path = target;
    if (question) {
        *question = '\0';
        r->query = question + 1;
    }
}

static void parse_request(struct raw_request *r, char *text)
{
    char *line = text, *end;

    *r = (struct raw_request){.text = text, .body = ""};
    end = strchr(line, '\n');
    *end = '\0';
    char *target = strchr(line, ' ');
    *target++ = '\0';
    char *version = strstr(target, " HTTP/");
    *version = '\0';
    r->method = line;
    split_target(r, target);
    for (line = end + 1; line && *line; line = end ? end + 1 : NULL) {
        if (*line == '\n') {
            r->body = line + 1;
            break;
        }
        end = strchr(line, '\n');
        while (end && (end[1] == ' ' || end[1] == '\t')) /* a folded line */
            end = strchr(end + 1, '\n');
        if (end)
            *end = '\0';
        char *colon = strchr(line, ':');
        *colon = '\0';
        vec_push(&r->headers, (struct http_header){line, colon + 1});
    }
}

static void raw_request_done(struct raw_request *r)
{
    vec_free(&r->headers);
    free(r->text);
}

static char *sha256_hex(const char *text)
{
    uint8_t sum[SHA256_BYTES];

    digest_sha256(text, strlen(text), sum);
    return digest_hex(sum, sizeof sum);
}

static char *case_text(const char *folder, const char *file)
{
    cleanup_free char *relative = xasprintf("%s/%s", folder, file), *path = vectors_path(relative);

    return vectors_text(path, NULL);
}

/* --- aws-c-auth --- */

struct crt_case {
    const char *id;
    char *folder;
    json_t *context;
    struct raw_request request;
    struct sigv4_key key;
    struct secret secret, token;
};

static bool crt_open(struct crt_case *c, const char *id)
{
    cleanup_free char *relative = xasprintf("sigv4-crt/v4/%s/context.json", id);
    int64_t ms;

    *c = (struct crt_case){
        .id = id, .folder = xasprintf("sigv4-crt/v4/%s", id), .context = vectors_json(relative)};
    if (clock_parse_iso(json_str_or(c->context, "timestamp", ""), &ms) < 0)
        return false;
    secret_set(&c->secret, json_str(c->context, "credentials.secret_access_key"));
    secret_set(&c->token, json_str(c->context, "credentials.token"));
    c->key = (struct sigv4_key){
        .access_key_id = json_str(c->context, "credentials.access_key_id"),
        .secret_access_key = &c->secret,
        .session_token = &c->token,
        .region = json_str(c->context, "region"),
        .service = json_str(c->context, "service"),
        .wall_ms = ms,
        .normalize_path = json_bool_or(c->context, "normalize", false),
        .encode_path = true, /* the suite's paths are raw */
    };
    parse_request(&c->request, case_text(c->folder, "request.txt"));
    return true;
}

static void crt_close(struct crt_case *c)
{
    raw_request_done(&c->request);
    secret_done(&c->secret);
    secret_done(&c->token);
    json_decref(c->context);
    free(c->folder);
}

static bool stage(struct vectors *v, const struct crt_case *c, const char *file, const char *actual)
{
    cleanup_free char *expected = case_text(c->folder, file);

    return vectors_equal(v, c->id, file, expected, actual);
}

/* Canonical request, string to sign and signature against the files of one way of signing. */
static bool crt_stages(struct vectors *v, const struct crt_case *c, const struct sigv4_request *r)
{
    struct str canonical = STR_INIT, text = STR_INIT;
    char signature[65];
    size_t names_at;

    sigv4_canonical_request(r, &c->key, &canonical, &names_at);
    sigv4_string_to_sign(&c->key, "AWS4-HMAC-SHA256", str_get(&canonical), &text);
    sigv4_signature(&c->key, str_get(&text), signature);
    bool ok = stage(v, c, "header-canonical-request.txt", str_get(&canonical)) &&
              stage(v, c, "header-string-to-sign.txt", str_get(&text)) &&
              stage(v, c, "header-signature.txt", signature);
    str_done(&canonical);
    str_done(&text);
    return ok;
}

static void crt_header(struct vectors *v, const char *id)
{
    struct crt_case c;
    char date[17];

    if (!crt_open(&c, id)) {
        vectors_fail(v, id, "the context has no timestamp");
        return;
    }
    cleanup_free char *hash = sha256_hex(c.request.body);
    clock_format_basic(c.key.wall_ms, date);
    vec_push(&c.request.headers, (struct http_header){"X-Amz-Date", date});
    if (json_bool_or(c.context, "sign_body", false))
        vec_push(&c.request.headers, (struct http_header){"x-amz-content-sha256", hash});
    if (secret_is_set(&c.token) && !json_bool_or(c.context, "omit_session_token", false))
        vec_push(
            &c.request.headers, (struct http_header){"X-Amz-Security-Token", secret_get(&c.token)});
    struct sigv4_request r = {
        c.request.method,
        c.request.path,
        c.request.query,
        c.request.headers.items,
        c.request.headers.len,
        hash};
    if (crt_stages(v, &c, &r)) {
        struct str authorization = STR_INIT;
        cleanup_free char *expected = case_text(c.folder, "header-signed-request.txt");

        sigv4_authorization(&r, &c.key, &authorization);
        if (expected && strstr(expected, str_get(&authorization)))
            vectors_pass(v);
        else
            vectors_fail(
                v,
                id,
                "the Authorization header %s is not in the signed request",
                str_get(&authorization));
        str_done(&authorization);
    }
    crt_close(&c);
}

/* --- the classic suite --- */

static void legacy_case(struct vectors *v, const char *folder, const char *id)
{
    cleanup_free char *req = xasprintf("%s.req", id), *creq = xasprintf("%s.creq", id),
                      *sts = xasprintf("%s.sts", id), *authz = xasprintf("%s.authz", id);
    struct secret secret = SECRET_INIT;
    struct raw_request raw;
    char *text = case_text(folder, req);

    if (!text) {
        vectors_fail(v, id, "no %s", req);
        return;
    }
    parse_request(&raw, text);
    cleanup_free char *signed_name = xasprintf("%s.sreq", id),
                      *signed_text = case_text(folder, signed_name);
    char *token = signed_text ? strstr(signed_text, "X-Amz-Security-Token:") : NULL;
    if (token && strcmp(id, "get-vanilla-with-session-token") ==
                     0) { /* the signer adds it: it is not in the .req */
        token += strlen("X-Amz-Security-Token:");
        token[strcspn(token, "\r\n")] = '\0';
        vec_push(&raw.headers, (struct http_header){"X-Amz-Security-Token", token});
    }
    secret_set(&secret, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    struct sigv4_key key = {
        "AKIDEXAMPLE", &secret, NULL, "us-east-1", "service", 1440938160000, true, true};
    cleanup_free char *hash = sha256_hex(raw.body);
    struct sigv4_request r = {
        raw.method, raw.path, raw.query, raw.headers.items, raw.headers.len, hash};
    struct str canonical = STR_INIT, to_sign = STR_INIT, authorization = STR_INIT;
    size_t names_at;
    cleanup_free char *want_creq = case_text(folder, creq), *want_sts = case_text(folder, sts),
                      *want_authz = case_text(folder, authz);

    sigv4_canonical_request(&r, &key, &canonical, &names_at);
    sigv4_string_to_sign(&key, "AWS4-HMAC-SHA256", str_get(&canonical), &to_sign);
    sigv4_authorization(&r, &key, &authorization);
    if (vectors_equal(v, id, creq, want_creq, str_get(&canonical)) &&
        vectors_equal(v, id, sts, want_sts, str_get(&to_sign)) &&
        vectors_equal(v, id, authz, want_authz, str_get(&authorization)))
        vectors_pass(v);
    str_done(&canonical);
    str_done(&to_sign);
    str_done(&authorization);
    secret_done(&secret);
    raw_request_done(&raw);
}

static void legacy_folder(struct vectors *v, const char *folder)
{
    char **names = vectors_list(folder);

    for (char **n = names; *n; n++) {
        cleanup_free char *inner = xasprintf("%s/%s", folder, *n), *path = vectors_path(inner);
        cleanup_free char *request = xasprintf("%s/%s.req", path, *n);

        if (access(path, R_OK) != 0 || strchr(*n, '.') || strncmp(*n, "LICENSE", 7) == 0 ||
            strcmp(*n, "NOTICE") == 0)
            continue;
        if (access(request, R_OK) == 0)
            legacy_case(v, inner, *n);
        else
            legacy_folder(v, inner);
    }
    vectors_list_free(names);
}

int main(void)
{
    struct vectors v = {.name = "sigv4 suites"};
    char **names = vectors_list("sigv4-crt/v4");

    for (char **n = names; *n; n++) {
        crt_header(&v, *n);
    }
    vectors_list_free(names);
    legacy_folder(&v, "sigv4-legacy-suite");
    return vectors_end(&v);
}
