/* One attempt of an exchange: address, headers, signature, transfer.
 *
 * Everything that depends on the moment is made anew each time: an attempt is signed with the
 * credentials and the clock of now, and goes to where the bucket was last seen. What must not
 * change between attempts (the invocation id, the body) comes from call.c, which also judges what
 * comes back.
 *
 * The headers that are signed are exactly those that go out, Host among them; the transport adds
 * none of its own that would be signed. Token and signature lie in an arena that attempt_done()
 * wipes. */
#include "aws/attempt.h"
#include "aws/settings/endpoint.h"
#include "aws/settings/s3_address.h"
#include "aws/sign/sigv4.h"
#include "aws/sign/uri.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define USER_AGENT "defangd/0.1"
/* A large body waits for the server's word before it goes out: a redirect or a refusal then costs
 * nothing. */
#define EXPECT_100_BYTES MIB(1)
/* An exchange may take this long, and longer by what a slow line (20 kB/s) needs for its body. */
#define TIMEOUT_MS        60000
#define SLOW_BYTES_PER_MS 20

/* The endpoint's own path before the operation's, as botocore joins them: "/" adds nothing. */
static char *join_path(const char *base, const char *path)
{
    const char *own = strchr(strstr(base, "://") + 3, '/');

    if (strcmp(path, "/") == 0)
        return xasprintf("%s%s", base, own ? "" : "/");

    return xasprintf("%.*s%s", (int)(strlen(base) - text_ends(own, "/")), base, path);
}

static char *with_query(char *url, const char *query)
{
    if (text_empty(query))
        return url;

    char *longer = xasprintf("%s%c%s", url, strchr(url, '?') ? '&' : '?', query);
    free(url);

    return longer;
}

int session_url(
    struct aws_session *s,
    const struct aws_exchange *x,
    const char *region,
    char **url,
    char **signing_region,
    struct error *err)
{
    const struct aws_service *service = x->op->service;
    cleanup_endpoint struct aws_endpoint endpoint = {0};
    cleanup_free char *custom = NULL, *base = NULL, *source = NULL;
    const char *path = str_get(&x->request->path);
    int rc = aws_settings_endpoint_source(
        &s->settings, s->env, s->profiles, service->service_id, &custom, &source, err);

    if (rc < 0)
        return rc;

    struct aws_endpoint_params p = {
        region, s->settings.fips && !custom, s->settings.dual_stack && !custom, custom};
    rc = aws_endpoint_resolve(service, &p, &endpoint, err);
    if (rc < 0 && custom)
        error_hint(err, "%s names it for %s: correct or remove it.", source, service->service_id);
    if (rc == 0 && x->bucket) {
        bool always_path = strcmp(x->op->name, "GetBucketLocation") == 0, in_host = false;
        rc = s3_base_url(
            &s->settings, &endpoint, custom != NULL, x->bucket, always_path, &base, &in_host, err);
        if (rc == 0 && in_host) /* the path as serialized is /bucket/key */
            path = strchr(path + 1, '/') ? strchr(path + 1, '/') : "/";
    }
    if (rc < 0)
        return rc;

    if (!base)
        base = xstrdup(endpoint.url);
    if (x->request->host_prefix && !custom) {
        const char *host = strstr(base, "://") + 3;
        char *prefixed =
            xasprintf("%.*s%s%s", (int)(host - base), base, x->request->host_prefix, host);
        free(base);
        base = prefixed;
    }

    *url = with_query(join_path(base, path), endpoint.query);
    *signing_region = steal(endpoint.signing_region);

    return 0;
}

static void add(struct attempt *a, const char *name, const char *value)
{
    vec_push(
        &a->headers,
        (struct http_header){arena_strdup(a->arena, name), arena_strdup(a->arena, value)});
}

static void hash_body(const struct aws_exchange *x, char out[65])
{
    const void *body = x->body ? x->body : str_get(&x->request->body);
    uint8_t sum[SHA256_BYTES];

    digest_sha256(body, x->body ? x->body_len : x->request->body.len, sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    memcpy(out, hex, 65);
}

static void
add_headers(struct attempt *a, const struct aws_exchange *x, const struct aws_credentials *c)
{
    char date[17];

    add(a, "Host", a->authority);
    for (size_t i = 0; i < x->request->headers.len; i++)
        add(a, x->request->headers.items[i].name, x->request->headers.items[i].value);
    clock_format_basic(a->wall_ms, date);
    if (c)
        add(a, "X-Amz-Date", date);
    if (c && secret_is_set(&c->session_token))
        add(a, "X-Amz-Security-Token", secret_get(&c->session_token));
    if (strcmp(x->op->service->id, "s3") == 0)
        add(a, "X-Amz-Content-SHA256", a->payload_hash);
    if (x->chunked) {
        add(a, "Content-Encoding", "aws-chunked");
        add(a, "X-Amz-Decoded-Content-Length", arena_printf(a->arena, "%zu", x->chunked->len));
        add(a, "X-Amz-Trailer", chunked_trailer_name(x->chunked->checksum));
        add(a, "X-Amz-SDK-Checksum-Algorithm", chunked_algorithm(x->chunked->checksum));
    }

    add(a, "User-Agent", USER_AGENT);
    add(a, "amz-sdk-invocation-id", a->invocation_id);
    add(a, "amz-sdk-request", arena_printf(a->arena, "attempt=%u; max=%u", a->number, a->max));
}

static void sign(
    struct aws_session *s,
    struct attempt *a,
    const struct aws_exchange *x,
    const struct aws_credentials *c,
    const struct uri *u)
{
    bool s3 = strcmp(x->op->service->id, "s3") == 0;
    struct sigv4_request r = {
        .method = x->request->method,
        .path = u->path,
        .query = u->query,
        .headers = a->headers.items,
        .header_count = a->headers.len,
        .payload_hash = a->payload_hash,
    };
    struct sigv4_key k = {
        .access_key_id = c->access_key_id,
        .secret_access_key = &c->secret_access_key,
        .session_token = &c->session_token,
        .region = a->signing_region,
        .service = x->op->service->signing_name,
        .wall_ms = a->wall_ms,
        .normalize_path = !s3,
        .encode_path = !s3,
        .cache = s->signing_keys,
    };
    struct str authorization = STR_INIT;

    sigv4_authorization(&r, &k, &authorization);
    add(a, "Authorization", str_get(&authorization));
    if (x->chunked)
        chunked_begin(x->chunked);
    str_done(&authorization);
}

static int prepare(
    struct aws_session *s,
    struct attempt *a,
    const struct aws_exchange *x,
    const struct aws_credentials *c,
    const char *region,
    struct error *err)
{
    cleanup_uri struct uri u = {0};
    int rc = session_url(s, x, region, &a->url, &a->signing_region, err);

    if (rc < 0)
        return rc;

    a->url = with_query(a->url, str_get(&x->request->query));
    rc = uri_split(a->url, &u, err);
    if (rc < 0)
        return rc;

    rc = aws_proxy_find(s->env, a->url, &a->proxy, err);
    if (rc < 0)
        return rc;

    a->authority = uri_authority(&u);
    a->wall_ms = session_wall_ms(s, a->authority);
    if (x->chunked)
        snprintf(a->payload_hash, sizeof a->payload_hash, "%s", CHUNKED_PAYLOAD_WORD);
    else if (x->payload_hash)
        memcpy(a->payload_hash, x->payload_hash, strlen(x->payload_hash) + 1);
    else
        hash_body(x, a->payload_hash);
    add_headers(a, x, c);
    if (c)
        sign(s, a, x, c, &u);
    else if (x->chunked)
        return error_raise(
            err, ERR_FAILED, "%s: a body in chunks needs a signed request", x->op->name);
    return 0;
}

/* The body in one of its three forms: in chunks, the caller's own bytes, or as serialized. Returns
 * how many bytes of content it has. */
static size_t set_body(const struct aws_exchange *x, struct http_request *out)
{
    if (x->chunked) {
        out->source = &x->chunked->source;
        return x->chunked->len;
    }

    if (x->body) {
        out->body = x->body;
        out->body_len = x->body_len;
    } else {
        out->body = x->request->has_body ? str_get(&x->request->body) : NULL;
        out->body_len = x->request->body.len;
    }
    return out->body_len;
}

int attempt_run(
    struct aws_session *s,
    struct attempt *a,
    const struct aws_exchange *x,
    const struct aws_credentials *c,
    const char *region,
    struct http_response *resp,
    struct error *err)
{
    a->arena = arena_new();
    a->prepared = false;
    int rc = prepare(s, a, x, c, region, err);
    if (rc < 0)
        return rc;

    a->prepared = true;
    struct http_request request = {
        .method = x->request->method,
        .url = a->url,
        .headers = a->headers.items + 1, /* the transport writes Host itself, from the same URL */
        .header_count = a->headers.len - 1,
        .max_body_bytes = x->max_body_bytes,
        .ca_bundle = s->settings.ca_bundle,
        .ca_source = s->settings.ca_source,
        .proxy = aws_proxy_parts(&a->proxy),
    };
    size_t content = set_body(x, &request);

    request.timeout_ms = TIMEOUT_MS + (int64_t)(content / SLOW_BYTES_PER_MS);
    request.expect_100 = content > EXPECT_100_BYTES;

    return http_perform(s->http, &request, resp, err);
}

void attempt_done(struct attempt *a)
{
    vec_free(&a->headers);
    free(a->url);
    free(a->signing_region);
    free(a->authority);
    aws_proxy_done(&a->proxy);
    arena_wipe_ptr(&a->arena); /* token and signature */
    a->url = a->signing_region = a->authority = NULL;
}
