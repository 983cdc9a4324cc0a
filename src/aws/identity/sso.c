/* IAM Identity Center: the token that `aws sso login` cached buys the role's credentials.
 *
 * A profile with an account or a role for SSO is an SSO profile, and beats static keys in the same
 * profile, as in the AWS CLI. Its settings may stand in the profile, in the sso-session that it
 * names, or in both when they are the same; all that are missing are listed in one error. The CLI's
 * cache of role credentials is asked first, so that this works without a token until it runs out.
 * Then the token (sso_token.c, which renews it) is exchanged at the portal. Rules: aws-access.md
 * section 5.3. */
#include "aws/identity/credentials.h"
#include "aws/identity/role_cache.h"
#include "aws/identity/sso_token.h"
#include "aws/model/operations.h"
#include "data/object.h"
#include <errno.h>
#include <string.h>

#define NAME "sso"

struct sso {
    const struct credential_request *r;
    struct aws_setting session, account, role, start_url, region;
};

static int
mismatch(const struct sso *s, const char *key, const struct aws_setting *own, struct error *err)
{
    error_raise_errno(
        err,
        ERR_AUTH,
        EINVAL,
        "The value for %s is inconsistent between profile (%s) and sso-session (%s)",
        key,
        s->r->profile_name,
        s->session.value);
    error_at(err, own->path, own->line, 0);

    return -EINVAL;
}

/* A value may stand in the profile, in its sso-session, or in both if it is the same. */
static int session_value(
    const struct sso *s,
    const struct ini_section *section,
    const char *key,
    struct aws_setting *v,
    struct error *err)
{
    const struct ini_entry *e = section ? ini_get(section, key) : NULL;

    if (!e)
        return 0;
    if (v->value && strcmp(v->value, e->value) != 0)
        return mismatch(s, key, v, err);

    *v = (struct aws_setting){e->value, aws_profiles_config_path(s->r->session->profiles), e->line};
    return 0;
}

static int unknown_session(const struct sso *s, struct error *err)
{
    error_raise_errno(
        err,
        ERR_AUTH,
        EINVAL,
        "The specified sso-session does not exist: \"%s\" (profile %s)",
        s->session.value,
        s->r->profile_name);
    error_at(err, s->session.path, s->session.line, 0);
    error_hint(
        err,
        "Add [sso-session %s] with sso_region and sso_start_url to %s, or run `aws configure "
        "sso-session`.",
        s->session.value,
        aws_profiles_config_path(s->r->session->profiles));
    return -EINVAL;
}

/* All that is missing, in one error. */
static int check_complete(const struct sso *s, struct error *err)
{
    const struct {
        const char *key;
        const char *value;
    } needed[] = {
        {"sso_start_url", s->start_url.value},
        {"sso_region", s->region.value},
        {"sso_account_id", s->account.value},
        {"sso_role_name", s->role.value},
    };
    struct aws_setting at = s->account.value ? s->account : s->role;
    struct str missing = STR_INIT;
    int rc = 0;

    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        if (!needed[i].value)
            str_appendf(&missing, "%s%s", missing.len ? ", " : "", needed[i].key);

    if (missing.len) {
        rc = error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            "The profile \"%s\" is configured to use SSO but is missing required configuration: "
            "%s",
            s->r->profile_name,
            str_get(&missing));
        error_at(err, at.path, at.line, 0);
        cleanup_free char *profile = text_shell(s->r->profile_name);
        error_hint(err, "Add them there, or run `aws configure sso --profile %s`.", profile);
    }

    str_done(&missing);
    return rc;
}

static int load_settings(struct sso *s, struct error *err)
{
    const struct aws_profiles *p = s->r->session->profiles;
    const struct ini_section *section = NULL;
    int rc;

    if (s->session.value) {
        section = aws_profiles_named(p, "sso-session", s->session.value);
        if (!section)
            return unknown_session(s, err);
    }

    rc = session_value(s, section, "sso_region", &s->region, err);
    if (rc == 0)
        rc = session_value(s, section, "sso_start_url", &s->start_url, err);
    return rc < 0 ? rc : check_complete(s, err);
}

static int expired(const struct sso *s, struct error *err)
{
    cleanup_free char *profile = text_shell(s->r->profile_name);

    error_raise_errno(
        err,
        ERR_AUTH,
        EKEYEXPIRED,
        "The SSO session associated with this profile (%s) has expired or is "
        "otherwise invalid.",
        s->r->profile_name);
    error_hint(
        err,
        "Run `defangctl login --profile %s` (or `aws sso login --profile %s`).",
        profile,
        profile);
    return -EKEYEXPIRED;
}

/* Logged in, but not for that role of that account. */
static void hint_role(const struct sso *s, struct error *err)
{
    cleanup_free char *profile = text_shell(s->r->profile_name);

    error_hint(
        err,
        "The login of profile %s has no role %s in account %s: `aws configure sso --profile %s` "
        "shows the roles that it has.",
        s->r->profile_name,
        s->role.value,
        s->account.value,
        profile);
}

static char *source_text(const struct sso *s, bool cached)
{
    return xasprintf(
        "profile %s, %s %s, role %s%s",
        s->r->profile_name,
        s->session.value ? "sso-session" : "SSO",
        s->session.value ? s->session.value : s->start_url.value,
        s->role.value,
        cached ? " (the AWS CLI's cache)" : "");
}

/* {roleCredentials: {…, expiration in milliseconds}} as the CLI keeps it */
static json_t *for_cache(const struct sso *s, const json_t *c)
{
    return object(
        key("ProviderType", "sso"),
        key("Credentials",
            object(
                key("AccessKeyId", json_str_or(c, "accessKeyId", "")),
                key("SecretAccessKey", json_str_or(c, "secretAccessKey", "")),
                key("SessionToken", json_str_or(c, "sessionToken", "")),
                key("Expiration", (double)(json_int_or(c, "expiration", 0) / 1000)),
                key("AccountId", s->account.value))));
}

static int
from_reply(const struct sso *s, const json_t *reply, struct aws_credentials *out, struct error *err)
{
    const json_t *c = json_object_get(reply, "roleCredentials");
    const char *id = json_str(c, "accessKeyId"), *secret = json_str(c, "secretAccessKey");

    if (text_empty(id) || text_empty(secret))
        return error_raise_errno(
            err, ERR_AUTH, EBADMSG, "SSO gave no credentials for role %s", s->role.value);

    out->access_key_id = xstrdup(id);
    secret_set(&out->secret_access_key, secret);
    secret_set(&out->session_token, json_str(c, "sessionToken"));
    out->expires_wall_ms = json_int_or(c, "expiration", 0);
    out->account_id = xstrdup(s->account.value);
    out->source = source_text(s, false);

    return 0;
}

static int
fetch(const struct sso *s, const char *key, struct aws_credentials *out, struct error *err)
{
    struct aws_session *session = s->r->session;
    const struct sso_source from = {
        s->session.value, s->start_url.value, s->region.value, s->r->profile_name};
    cleanup_secret struct secret token = SECRET_INIT;
    cleanup_json json_t *reply = NULL, *whole = NULL;
    struct error own = ERROR_INIT;
    int rc = sso_token_get(session, &from, &token, err);

    if (rc < 0)
        return rc;

    struct aws_call_options o = {.region = s->region.value, .unsigned_request = true};
    rc = session_call(
        session,
        &o,
        &aws_sso_GetRoleCredentials,
        object(
            key("roleName", s->role.value),
            key("accountId", s->account.value),
            key("accessToken", secret_get(&token))),
        &reply,
        &own);
    if (rc < 0 && own.http_status == 401) {
        error_done(&own);
        return expired(s, err);
    }

    if (rc < 0) {
        bool refused = own.http_status == 403 || own.http_status == 404;

        if (err)
            error_move(err, &own);
        error_done(&own);
        error_wrap(err, "getting the credentials of role %s from SSO", s->role.value);
        if (refused)
            hint_role(s, err);
        return rc;
    }

    rc = from_reply(s, reply, out, err);
    if (rc == 0) {
        whole = for_cache(s, json_object_get(reply, "roleCredentials"));
        role_cache_write(session, key, whole);
    }

    return rc;
}

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    const struct aws_profiles *p = r->session->profiles;
    struct sso s = {
        .r = r,
        .session = aws_profile_get(p, r->profile, "sso_session"),
        .account = aws_profile_get(p, r->profile, "sso_account_id"),
        .role = aws_profile_get(p, r->profile, "sso_role_name"),
        .start_url = aws_profile_get(p, r->profile, "sso_start_url"),
        .region = aws_profile_get(p, r->profile, "sso_region"),
    };
    int rc;

    if (!s.account.value && !s.role.value)
        return credentials_pass(
            r, NAME, "no sso_account_id or sso_role_name in profile %s", r->profile_name);

    rc = load_settings(&s, err);
    if (rc < 0)
        return rc;

    cleanup_free char *key =
        r->visited
            ? NULL
            : role_cache_key_sso(s.account.value, s.role.value, s.session.value, s.start_url.value);
    cleanup_json json_t *cached = role_cache_read(r->session, key);
    cleanup_free char *source = source_text(&s, true);
    return cached ? credentials_from_json(cached, "SessionToken", source, out, err)
                  : fetch(&s, key, out, err);
}

const struct credential_provider credential_sso = {NAME, resolve, true, AWS_ORIGIN_SSO};
