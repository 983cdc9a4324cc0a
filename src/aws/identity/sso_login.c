/* `defangctl login`: the device flow of OIDC (RFC 8628).
 *
 * Register a client, ask for a code, show it (the caller does), then ask for the token at the pace
 * that the server sets until it was confirmed, refused or too late. With an sso-session the token
 * can be renewed later, in the legacy form it cannot, as with `aws sso login`. The token goes into
 * the file that the CLI would write. Each number of the server is bounded: a pace of nothing would
 * be a flood, one of days a hang. */
#include "aws/identity/sso_login.h"
#include "aws/identity/sso_token.h"
#include "aws/identity/token_file.h"
#include "aws/model/operations.h"
#include "base/clock.h"
#include "data/object.h"
#include <errno.h>
#include <string.h>

#define DEVICE_GRANT    "urn:ietf:params:oauth:grant-type:device_code"
#define DEFAULT_SCOPE   "sso:account:access"
#define INTERVAL_MAX_MS 60000

/* From the session's section, or the profile itself in the legacy form. */
static int read_setting(
    struct aws_session *s,
    const struct ini_section *section,
    const char *key,
    char **out,
    struct error *err)
{
    struct aws_setting own = aws_profile_get(s->profiles, s->settings.section, key);
    const struct ini_entry *e = section ? ini_get(section, key) : NULL;

    if (e && own.value && strcmp(e->value, own.value) != 0) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            "The value for %s is inconsistent between profile (%s) and sso-session (%s)",
            key,
            s->settings.profile,
            section->name);
        error_at(err, own.path, own.line, 0);
        return -EINVAL;
    }

    *out = xstrdup_null(e ? e->value : own.value);
    return 0;
}

static int missing(const struct aws_session *s, const struct sso_login *l, struct error *err)
{
    cleanup_free char *profile = text_shell(s->settings.profile);

    error_raise_errno(
        err,
        ERR_AUTH,
        EINVAL,
        "The profile \"%s\" is configured to use SSO but is missing required configuration: %s%s%s",
        s->settings.profile,
        l->start_url ? "" : "sso_start_url",
        l->start_url || l->region ? "" : ", ",
        l->region ? "" : "sso_region");
    error_hint(
        err,
        "Run `aws configure sso --profile %s`, or add it to %s.",
        profile,
        aws_profiles_config_path(s->profiles));
    return -EINVAL;
}

int sso_login_settings(struct aws_session *s, struct sso_login *out, struct error *err)
{
    struct aws_setting session = aws_profile_get(s->profiles, s->settings.section, "sso_session");
    const struct ini_section *section =
        session.value ? aws_profiles_named(s->profiles, "sso-session", session.value) : NULL;
    int rc;

    *out = (struct sso_login){
        .session = xstrdup_null(session.value), .profile = xstrdup(s->settings.profile)};
    if (session.value && !section) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            "The specified sso-session does not exist: \"%s\" (profile %s)",
            session.value,
            s->settings.profile);
        error_at(err, session.path, session.line, 0);
        return -EINVAL;
    }

    rc = read_setting(s, section, "sso_start_url", &out->start_url, err);
    if (rc == 0)
        rc = read_setting(s, section, "sso_region", &out->region, err);
    if (rc == 0)
        rc = read_setting(s, section, "sso_registration_scopes", &out->scopes, err);
    if (rc < 0)
        return rc;
    if (!session.value && !out->start_url) {
        error_raise_errno(
            err,
            ERR_AUTH,
            ENOENT,
            "profile %s does not use SSO: there is nothing to log in to",
            s->settings.profile);
        error_hint(
            err,
            "Name a profile that does: `defangctl login --profile NAME`; `aws configure sso` makes "
            "one.");
        return -ENOENT;
    }

    return out->start_url && out->region ? 0 : missing(s, out, err);
}

static json_t *scope_list(const char *scopes)
{
    json_t *list = json_array();

    for (const char *p = scopes ? scopes : DEFAULT_SCOPE; *p;) {
        size_t n = strcspn(p, ", ");
        if (n)
            json_array_append_new(list, json_stringn(p, n));
        p += n + (p[n] != '\0');
    }

    return list;
}

static int register_client(
    struct aws_session *s, struct sso_login *l, const struct aws_call_options *o, struct error *err)
{
    cleanup_free char *name = xasprintf("defangctl-%lld", (long long)(clock_wall_ms() / 1000));
    cleanup_json json_t *reply = NULL;
    json_t *in = json_pack("{s:s, s:s}", "clientName", name, "clientType", "public");
    int rc;

    if (l->session)
        json_object_set_new(in, "scopes", scope_list(l->scopes));
    rc = session_call(s, o, &aws_sso_oidc_RegisterClient, in, &reply, err);
    if (rc < 0)
        return error_wrap(err, "registering with SSO in %s", l->region);

    l->client_id = xstrdup(json_str_or(reply, "clientId", ""));
    secret_set(&l->client_secret, json_str_or(reply, "clientSecret", ""));
    l->registration_expires_ms = json_int_or(reply, "clientSecretExpiresAt", 0) * 1000;

    return 0;
}

static int64_t bounded(long long n, long long most)
{
    return n < 1 ? 1 : n > most ? most : n;
}

int sso_login_start(struct aws_session *s, struct sso_login *l, struct error *err)
{
    struct aws_call_options o = {.region = l->region, .unsigned_request = true};
    cleanup_json json_t *reply = NULL;
    int rc = register_client(s, l, &o, err);

    if (rc < 0)
        return rc;

    rc = session_call(
        s,
        &o,
        &aws_sso_oidc_StartDeviceAuthorization,
        object(
            key("clientId", l->client_id),
            key("clientSecret", secret_get(&l->client_secret)),
            key("startUrl", l->start_url)),
        &reply,
        err);
    if (rc < 0)
        return error_wrap(err, "beginning a login at %s", l->start_url);

    l->user_code = xstrdup(json_str_or(reply, "userCode", ""));
    l->url = xstrdup(json_str_or(reply, "verificationUri", ""));
    l->url_complete = xstrdup(json_str_or(reply, "verificationUriComplete", ""));
    secret_set(&l->device_code, json_str_or(reply, "deviceCode", ""));
    l->interval_ms = bounded(json_int_or(reply, "interval", 5), 60) * 1000;
    l->deadline_mono_ms =
        clock_mono_ms() + bounded(json_int_or(reply, "expiresIn", 600), 3600) * 1000;
    return 0;
}

static int keep(struct aws_session *s, struct sso_login *l, const json_t *reply, struct error *err)
{
    cleanup_free char *path = sso_token_path(s->env, l->session ? l->session : l->start_url);
    char ends[25], registration[25];

    l->expires_ms = clock_wall_ms() + json_int_or(reply, "expiresIn", 0) * 1000;
    clock_format_iso(l->expires_ms, ends);
    clock_format_iso(l->registration_expires_ms, registration);
    memcpy(ends + 19, "Z", 2);
    memcpy(registration + 19, "Z", 2);
    cleanup_json json_t *file = object(
        key("startUrl", l->start_url),
        key("region", l->region),
        key("accessToken", json_str_or(reply, "accessToken", "")),
        key("expiresAt", ends),
        key("clientId", l->client_id),
        key("clientSecret", secret_get(&l->client_secret)),
        key("registrationExpiresAt", registration),
        key("refreshToken", json_str(reply, "refreshToken")));

    return token_file_write(path, file, err);
}

/* 1: not yet. */
static int poll_once(struct aws_session *s, struct sso_login *l, struct error *err)
{
    struct aws_call_options o = {.region = l->region, .unsigned_request = true};
    cleanup_json json_t *reply = NULL;
    struct error own = ERROR_INIT;
    int rc = session_call(
        s,
        &o,
        &aws_sso_oidc_CreateToken,
        object(
            key("grantType", DEVICE_GRANT),
            key("clientId", l->client_id),
            key("clientSecret", secret_get(&l->client_secret)),
            key("deviceCode", secret_get(&l->device_code))),
        &reply,
        &own);

    if (rc < 0 && error_has_code(&own, "SlowDownException"))
        l->interval_ms = MIN(l->interval_ms + 5000, (int64_t)INTERVAL_MAX_MS);
    if (rc < 0 && (error_has_code(&own, "SlowDownException") ||
                   error_has_code(&own, "AuthorizationPendingException"))) {
        error_done(&own);
        return 1;
    }

    if (rc < 0 && err)
        error_move(err, &own);
    error_done(&own);
    if (rc < 0)
        return error_wrap(err, "logging in at %s", l->start_url);

    return keep(s, l, reply, err);
}

int sso_login_wait(struct aws_session *s, struct sso_login *l, struct error *err)
{
    for (;;) {
        int rc = fiber_sleep(l->interval_ms);

        if (rc < 0)
            return error_raise_errno(err, ERR_CANCELED, ECANCELED, "the login was given up");
        if (clock_mono_ms() > l->deadline_mono_ms) {
            error_raise_errno(
                err,
                ERR_TIMEOUT,
                ETIMEDOUT,
                "the login at %s was not confirmed in time",
                l->start_url);
            error_hint(err, "Run `defangctl login` again and confirm the code in the browser.");
            return -ETIMEDOUT;
        }
        rc = poll_once(s, l, err);
        if (rc <= 0)
            return rc;
    }
}

void sso_login_done(struct sso_login *l)
{
    char *const texts[] = {
        l->session,
        l->start_url,
        l->region,
        l->scopes,
        l->profile,
        l->user_code,
        l->url,
        l->url_complete,
        l->client_id};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        free(texts[i]);
    secret_done(&l->client_secret);
    secret_done(&l->device_code);
    *l = (struct sso_login){0};
}
