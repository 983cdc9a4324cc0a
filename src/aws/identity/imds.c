/* The instance's role, and its region, from the EC2 metadata service.
 *
 * Version 2 asks for a token first; where the service knows none (403, 404, 405, or no answer)
 * version 1 goes on without, unless it is switched off. The path of the role's credentials is the
 * one line that the list of roles has. Last of the chain, so everything that goes wrong on the way
 * means "no role here" and not an error: off EC2 nobody answers, after a second.
 *
 * Credentials that have expired, or will soon, serve on for a while: the service itself may be
 * behind (static stability). Addresses, times and settings: aws-access.md
 * section 5.7. Unlike the CLI we never go through a proxy for this. */
#include "aws/identity/credentials.h"
#include "aws/settings/endpoint.h"
#include "aws/sign/uri.h"
#include "base/clock.h"
#include <errno.h>
#include <string.h>

#define NAME "iam-role"

struct imds {
    const struct credential_request *r; /* session and profile are looked at */
    char *base;
    struct secret token;
    int64_t timeout_ms;
    unsigned attempts;
};

static const char *either(const struct credential_request *r, const char *variable, const char *key)
{
    const char *v = env_get_nonempty(r->session->env, variable);

    return v ? v : aws_profile_get(r->session->profiles, r->profile, key).value;
}

static int endpoint(const struct credential_request *r, char **base, struct error *err)
{
    const char *url =
        either(r, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    const char *mode =
        either(r, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");

    if (!text_empty(mode) && !text_eq_nocase(mode, "ipv4") && !text_eq_nocase(mode, "ipv6"))
        return error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            "the EC2 metadata endpoint mode '%s' is neither IPv4 nor IPv6",
            mode);
    if (text_empty(url))
        url = mode && text_eq_nocase(mode, "ipv6") ? "http://[fd00:ec2::254]"
                                                   : "http://169.254.169.254";
    cleanup_uri struct uri parts = {0};
    int rc = uri_split(url, &parts, err);
    if (rc < 0)
        return error_wrap(err, "the EC2 metadata endpoint");

    *base = uri_text(&parts);
    for (size_t n = strlen(*base); n && (*base)[n - 1] == '/'; n--)
        (*base)[n - 1] = '\0';

    return 0;
}

static unsigned number(const char *text, unsigned fallback)
{
    long long n;

    return text && text_parse_int(text, 1, 60, &n) == 0 ? (unsigned)n : fallback;
}

static int request(
    struct imds *m,
    const char *method,
    const char *path,
    const struct http_header *header,
    struct http_response *resp)
{
    cleanup_free char *url = xasprintf("%s%s", m->base, path);
    struct credential_fetch f = {method, url, header, header ? 1 : 0, m->timeout_ms, m->attempts};

    return credentials_fetch(m->r->session, &f, resp, NULL);
}

/* 0: go on (with or without a token), -ENOENT: the service is of no use, other: final. */
static int fetch_token(struct imds *m, struct error *err)
{
    static const struct http_header ttl = {"x-aws-ec2-metadata-token-ttl-seconds", "21600"};
    const char *v1_off = either(m->r, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled");
    cleanup_http_response struct http_response resp = {0};
    int rc = request(m, "PUT", "/latest/api/token", &ttl, &resp);

    if (rc == -ECANCELED)
        return error_raise_errno(err, ERR_CANCELED, ECANCELED, "canceled");
    if (rc == 0 && resp.status == 200 && resp.body.len) {
        secret_set_bytes(&m->token, str_get(&resp.body), resp.body.len);
        str_wipe(&resp.body);
        return 0;
    }

    if (rc == 0 && resp.status == 400)
        return -ENOENT;
    if (rc == 0 && resp.status != 403 && resp.status != 404 && resp.status != 405)
        return -ENOENT;
    if (text_eq_nocase(v1_off, "true"))
        return error_raise_errno(
            err,
            ERR_AUTH,
            EPERM,
            "the EC2 metadata service gave no token, and version 1 is switched "
            "off");

    return 0;
}

static int get(struct imds *m, const char *path, struct http_response *resp)
{
    struct http_header token = {"x-aws-ec2-metadata-token", secret_get(&m->token)};

    return request(m, "GET", path, secret_is_set(&m->token) ? &token : NULL, resp);
}

/* Credentials that seem to be at their end serve on: the service itself may be behind with renewing
 * them. */
static void extend(struct aws_credentials *c)
{
    int64_t now = clock_wall_ms();

    if (c->expires_wall_ms && c->expires_wall_ms < now + 15 * 60 * 1000)
        c->expires_wall_ms = now + (17 + (int64_t)clock_random_below(8)) * 60 * 1000;
}

static int fetch_role(struct imds *m, struct aws_credentials *out)
{
    static const char list[] = "/latest/meta-data/iam/security-credentials/";
    cleanup_http_response struct http_response names = {0}, resp = {0};
    cleanup_json json_t *j = NULL;
    struct error own = ERROR_INIT;
    int rc = get(m, list, &names);

    if (rc < 0 || names.status != 200 || names.body.len == 0)
        return credentials_pass(
            m->r, NAME, "the EC2 metadata service at %s offers no role", m->base);

    cleanup_free char *line = xstrndup(str_get(&names.body), strcspn(str_get(&names.body), "\r\n"));
    cleanup_free char *path = xasprintf("%s%s", list, line);
    rc = get(m, path, &resp);
    if (rc < 0 || resp.status != 200 ||
        json_parse(str_get(&resp.body), resp.body.len, &j, NULL) < 0)
        return credentials_pass(
            m->r, NAME, "the EC2 metadata service gave nothing for role %s", line);

    cleanup_free char *source = xasprintf("instance role %s", line);
    rc = credentials_from_json(j, "Token", source, out, &own);
    if (rc < 0)
        rc = credentials_pass(m->r, NAME, "%s", own.message);
    else
        extend(out);
    error_done(&own);
    return rc;
}

static int prepare(const struct credential_request *r, struct imds *m, struct error *err)
{
    *m = (struct imds){.r = r};
    m->timeout_ms =
        1000 *
        (int64_t)number(either(r, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"), 1);
    m->attempts =
        number(either(r, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"), 1);
    return endpoint(r, &m->base, err);
}

static bool switched_off(const struct credential_request *r)
{
    return text_eq_nocase(env_get(r->session->env, "AWS_EC2_METADATA_DISABLED"), "true");
}

/* "ap-south-2a" → "ap-south-2" */
static char *zone_to_region(const struct http_response *resp)
{
    cleanup_free char *zone = text_trim(str_get(&resp->body));
    size_t n = strlen(zone);
    char *region = n > 1 && n < 64 ? xstrndup(zone, n - 1) : NULL;

    if (region && aws_region_valid(region))
        return region;

    free(region);
    return NULL;
}

char *imds_region(struct aws_session *s)
{
    const struct credential_request r = {
        .session = s,
        .profile_name = s->settings.profile,
        .profile = s->settings.section,
        .use_environment = true};
    cleanup_http_response struct http_response resp = {0};
    struct imds m;
    char *region = NULL;

    if (switched_off(&r) || prepare(&r, &m, NULL) < 0)
        return NULL;
    if (fetch_token(&m, NULL) == 0 &&
        get(&m, "/latest/meta-data/placement/availability-zone/", &resp) == 0 && resp.status == 200)
        region = zone_to_region(&resp);
    secret_done(&m.token);
    free(m.base);
    return region;
}

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    struct imds m;
    int rc;

    if (switched_off(r))
        return credentials_pass(r, NAME, "AWS_EC2_METADATA_DISABLED is true");

    rc = prepare(r, &m, err);
    if (rc < 0)
        return rc;

    rc = fetch_token(&m, err);
    if (rc == 0)
        rc = fetch_role(&m, out);
    else if (rc == -ENOENT)
        credentials_pass(r, NAME, "the EC2 metadata service at %s refused", m.base);
    secret_done(&m.token);
    free(m.base);
    return rc;
}

const struct credential_provider credential_imds = {NAME, resolve, false, AWS_ORIGIN_MACHINE};
