/* What a tag names now, and whether a log-in is one, by the OCI distribution API
 * (github.com/opencontainers/distribution-spec):
 *
 *   HEAD /v2/<path>/manifests/<tag> ─ 200 ─▶ Docker-Content-Digest
 *      ├─ 401 with a Bearer challenge ─▶ an anonymous token from the realm ─▶ again
 *      └─ 405, or no digest ─▶ GET: the digest is that of the manifest itself
 *
 * Nothing here is trusted: replies are bounded, a digest must look like one, a token is fetched in
 * clear from this machine only, and what goes into a header has no line break. */
#include "engine/build/registry.h"

#include "aws/settings/proxy.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "data/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TIMEOUT_MS 20000
#define MANIFESTS                                                                                  \
    "application/vnd.oci.image.index.v1+json, "                                                    \
    "application/vnd.docker.distribution.manifest.list.v2+json, "                                  \
    "application/vnd.oci.image.manifest.v1+json, "                                                 \
    "application/vnd.docker.distribution.manifest.v2+json"

struct asking {
    const struct registry *r;
    const struct image_name *image;
    struct arena *arena;
    const char *base;  /* "https://registry-1.docker.io" */
    const char *token; /* "Bearer …" or NULL */
};

/* "localhost", "localhost:5000/…", "127.0.0.1", "[::1]:5000" */
static bool is_loopback(const char *host)
{
    static const char *const names[] = {"localhost", "127.", "[::1]", NULL};

    for (const char *const *n = names; *n; n++) {
        size_t length = strlen(*n);
        if (strncmp(host, *n, length) != 0)
            continue;
        /* "127." goes on; the others must end there. */
        if (text_ends(*n, ".") || !host[length] || strchr(":/", host[length]))
            return true;
    }

    return false;
}

static int unreachable(const struct asking *a, struct error *err)
{
    error_hint(
        err, "Check the network and the proxy variables, or leave --resolve-image-digests out.");
    return error_wrap(err, "asking the registry %s for %s", a->image->registry, a->image->path);
}

/* Through the caller's proxy, but never for this machine. */
static int exchange(
    const struct asking *a,
    const char *method,
    const char *url,
    size_t bound,
    struct http_response *resp,
    struct error *err)
{
    const struct http_header headers[] = {
        {"Accept", MANIFESTS}, {"User-Agent", "defangd"}, {"Authorization", a->token}};
    const char *host = strstr(url, "://") + 3;
    cleanup_aws_proxy struct aws_proxy proxy = {0};
    int rc = is_loopback(host) ? 0 : aws_proxy_find(a->r->env, url, &proxy, err);
    if (rc < 0)
        return rc;

    struct http_request req = {
        .method = method,
        .url = url,
        .headers = headers,
        .header_count = a->token ? 3 : 2,
        .timeout_ms = a->r->timeout_ms ? a->r->timeout_ms : TIMEOUT_MS,
        .max_body_bytes = bound,
        .ca_bundle = env_get_nonempty(a->r->env, "SSL_CERT_FILE"),
        .ca_source = "SSL_CERT_FILE",
        .proxy = aws_proxy_parts(&proxy)};

    rc = http_perform(a->r->http, &req, resp, err);
    return rc < 0 ? unreachable(a, err) : 0;
}

/* name="value" of a challenge; in the arena, NULL when it is not there. */
static const char *parameter(const struct asking *a, const char *challenge, const char *name)
{
    cleanup_free char *start = xasprintf("%s=\"", name);
    const char *at = strcasestr(challenge, start);

    if (!at)
        return NULL;

    at += strlen(start);
    return arena_strndup(a->arena, at, strcspn(at, "\""));
}

/* Percent-encoded: names of repositories and services come from outside. */
static void append_query(struct str *url, const char *name, const char *value)
{
    str_appendf(url, "%c%s=", strchr(str_get(url), '?') ? '&' : '?', name);
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
        bool plain = *p > 0x20 && *p < 0x7f && !strchr("&#+%\"<>", *p);
        if (plain)
            str_append_char(url, (char)*p);
        else
            str_appendf(url, "%%%02X", *p);
    }
}

/* The realm may be another host; a token is never fetched in clear from one that is not this
 * machine. */
static bool is_safe_realm(const char *realm)
{
    if (!realm)
        return false;
    if (text_starts(realm, "https://"))
        return true;
    return text_starts(realm, "http://") && is_loopback(realm + strlen("http://"));
}

static int fetch_token(struct asking *a, const char *challenge, struct error *err)
{
    cleanup_str struct str url = STR_INIT;
    cleanup_http_response struct http_response resp = {0};
    cleanup_json json_t *reply = NULL;
    const char *realm = parameter(a, challenge, "realm");
    const char *service = parameter(a, challenge, "service");
    bool is_bearer = strncasecmp(challenge, "Bearer ", strlen("Bearer ")) == 0;

    if (!is_bearer || !is_safe_realm(realm))
        return error_raise_errno(
            err,
            ERR_AUTH,
            EACCES,
            "the registry %s wants a log-in that is not supported",
            a->image->registry);

    str_append(&url, realm);
    if (service)
        append_query(&url, "service", service);
    append_query(&url, "scope", arena_printf(a->arena, "repository:%s:pull", a->image->path));
    int rc = exchange(a, "GET", str_get(&url), LIMIT_REGISTRY_TOKEN_BYTES, &resp, err);
    if (rc < 0)
        return rc;
    if (resp.status != 200 || json_parse(str_get(&resp.body), resp.body.len, &reply, NULL) < 0)
        return error_raise_errno(
            err,
            ERR_AUTH,
            EACCES,
            "the registry %s gives no token for %s (HTTP %d)",
            a->image->registry,
            a->image->path,
            resp.status);

    const char *token = json_string_value(json_object_get(reply, "token"));
    if (!token)
        token = json_string_value(json_object_get(reply, "access_token"));
    if (text_empty(token) || strpbrk(token, "\r\n"))
        return error_raise_errno(
            err,
            ERR_AUTH,
            EACCES,
            "the registry %s gives no token for %s",
            a->image->registry,
            a->image->path);

    a->token = arena_printf(a->arena, "Bearer %s", token);
    return 0;
}

static int no_such_image(const struct asking *a, int status, struct error *err)
{
    const char *tag = a->image->tag ? a->image->tag : "";
    if (status == 404)
        return error_raise_errno(
            err,
            ERR_NOT_FOUND,
            ENOENT,
            "the registry %s has no %s:%s",
            a->image->registry,
            a->image->path,
            tag);
    if (status == 401 || status == 403) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EACCES,
            "the registry %s does not show %s:%s without a log-in",
            a->image->registry,
            a->image->path,
            tag);
        error_hint(
            err,
            "Write the digest of a private image into the Compose file, or leave "
            "--resolve-image-digests out.");
        return -EACCES;
    }

    return error_raise_errno(
        err,
        ERR_FAILED,
        EPROTO,
        "the registry %s answers HTTP %d for %s:%s",
        a->image->registry,
        status,
        a->image->path,
        tag);
}

static bool is_digest(const char *text)
{
    const char *hex = text_starts(text, "sha256:") ? text + strlen("sha256:") : "";
    return strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64;
}

static bool digest_of(const struct http_response *resp, bool with_body, char **digest)
{
    const char *said = http_response_header(resp, "docker-content-digest");
    if (is_digest(said)) {
        *digest = xstrdup(said);
        return true;
    }

    if (!with_body || !resp->body.len)
        return false;

    uint8_t sum[SHA256_BYTES];
    digest_sha256(resp->body.data, resp->body.len, sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    *digest = xasprintf("sha256:%s", hex);
    return true;
}

/* HEAD is enough for most registries; for the others the digest is that of the manifest itself. */
static int ask(struct asking *a, const char *url, char **digest, struct error *err)
{
    static const char *const methods[] = {"HEAD", "GET"};

    for (size_t i = 0; i < ARRAY_LEN(methods);) {
        cleanup_http_response struct http_response resp = {0};

        int rc = exchange(a, methods[i], url, LIMIT_REGISTRY_MANIFEST_BYTES, &resp, err);
        if (rc < 0)
            return rc;

        const char *challenge = http_response_header(&resp, "www-authenticate");
        if (resp.status == 401 && challenge && !a->token) {
            rc = fetch_token(a, challenge, err);
            if (rc < 0)
                return rc;

            continue;
        }

        if (resp.status == 200 && digest_of(&resp, i == 1, digest))
            return 0;
        if (resp.status != 200 && (resp.status != 405 || i == 1))
            return no_such_image(a, resp.status, err);

        i++;
    }

    return error_raise_errno(
        err, ERR_FAILED, EPROTO, "the registry %s answers without a manifest", a->image->registry);
}

static const char *host_of(const char *registry)
{
    return text_eq(registry, "docker.io") ? "registry-1.docker.io" : registry;
}

static const char *scheme_of(const char *host)
{
    return is_loopback(host) ? "http" : "https";
}

int registry_digest(
    const struct registry *r, const struct image_name *image, char **digest, struct error *err)
{
    cleanup_arena struct arena *arena = arena_new();
    const char *host = host_of(image->registry);
    const char *reference = image->tag ? image->tag : image->digest;

    struct asking a = {
        .r = r,
        .image = image,
        .arena = arena,
        .base = arena_printf(arena, "%s://%s", scheme_of(host), host)};
    const char *url = arena_printf(arena, "%s/v2/%s/manifests/%s", a.base, image->path, reference);
    *digest = NULL;
    return ask(&a, url, digest, err);
}

/* ---- log-ins ---- */

static int refused(const struct asking *a, struct error *err)
{
    error_raise(
        err, ERR_AUTH, "the registry %s refuses this user and password", a->image->registry);
    error_hint(err, "many registries take a token in place of the password");
    return -EACCES;
}

/* Where the registry sends one for a token; NULL with Basic, where it is asked itself. */
static const char *where_to(const struct asking *a, const char *challenge, const char *user)
{
    const char *realm = parameter(a, challenge, "realm");
    const char *service = parameter(a, challenge, "service");
    cleanup_str struct str url = STR_INIT;

    if (strncasecmp(challenge, "Bearer ", strlen("Bearer ")) != 0 || !is_safe_realm(realm))
        return NULL;

    str_append(&url, realm);
    if (service)
        append_query(&url, "service", service);
    append_query(&url, "account", user);
    return arena_strdup(a->arena, str_get(&url));
}

static int
ask_with(struct asking *a, const char *url, const char *basic, int *status, struct error *err)
{
    cleanup_http_response struct http_response resp = {0};

    a->token = basic;
    int rc = exchange(a, "GET", url, LIMIT_REGISTRY_TOKEN_BYTES, &resp, err);
    a->token = NULL;
    *status = rc < 0 ? 0 : resp.status;
    return rc;
}

static int try_log_in(struct asking *a, const char *user, const char *basic, struct error *err)
{
    const char *root = arena_printf(a->arena, "%s/v2/", a->base);
    cleanup_http_response struct http_response resp = {0};
    int status = 0;

    int rc = exchange(a, "GET", root, LIMIT_REGISTRY_TOKEN_BYTES, &resp, err);
    if (rc < 0 || resp.status == 200) /* whoever may read, may read */
        return rc;

    const char *challenge = http_response_header(&resp, "www-authenticate");
    if (resp.status != 401 || !challenge)
        return error_raise(
            err, ERR_FAILED, "the registry %s answers HTTP %d", a->image->registry, resp.status);

    const char *token_url = where_to(a, challenge, user);
    if (!token_url && strncasecmp(challenge, "Basic", strlen("Basic")) != 0)
        return error_raise(
            err, ERR_FAILED, "the registry %s wants a log-in of another kind", a->image->registry);

    rc = ask_with(a, token_url ? token_url : root, basic, &status, err);
    if (rc < 0 || status == 200)
        return rc;
    if (status == 401 || status == 403)
        return refused(a, err);
    return error_raise(
        err, ERR_FAILED, "the registry %s answers HTTP %d", a->image->registry, status);
}

int registry_log_in(
    const struct registry *r,
    const char *host,
    const char *user,
    const char *password,
    struct error *err)
{
    cleanup_arena struct arena *arena = arena_new();
    const struct image_name image = {.registry = host, .path = ""};
    const char *name = host_of(host);
    struct asking a = {
        .r = r,
        .image = &image,
        .arena = arena,
        .base = arena_printf(arena, "%s://%s", scheme_of(name), name)};

    cleanup_str struct str both = STR_INIT;
    str_appendf(&both, "%s:%s", user, password);
    char *encoded = digest_base64(str_get(&both), both.len);
    char *basic = xasprintf("Basic %s", encoded);

    int rc = try_log_in(&a, user, basic, err);

    str_wipe(&both);
    secret_wipe(encoded, strlen(encoded));
    secret_wipe(basic, strlen(basic));
    free(encoded);
    free(basic);
    return rc;
}
