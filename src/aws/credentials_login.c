/* Sessions of `aws login` (login_session): the cached credentials, as long as they last. */
#include "aws/credentials.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include <errno.h>
#include <string.h>

#define NAME "login"

char *login_cache_path(const struct env *env, const char *session)
{
    const char *folder = env_get_nonempty(env, "AWS_LOGIN_CACHE_DIRECTORY");
    uint8_t sum[SHA256_BYTES];

    digest_sha256(session, strlen(session), sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    cleanup_free char *file = xasprintf("%s/%s.json", folder ? folder : "~/.aws/login/cache", hex);
    return aws_path_expand(env, file);
}

static int resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    struct aws_setting s = aws_profile_get(r->session->profiles, r->profile, "login_session");
    cleanup_json json_t *j = NULL;
    struct str text = STR_INIT;
    int64_t expires_ms;

    if (!s.value)
        return credentials_pass(r, NAME, "no login_session in profile %s", r->profile_name);
    cleanup_free char *path = login_cache_path(r->session->env, s.value);
    int rc = file_read(path, LIMIT_AWS_CREDENTIAL_REPLY_BYTES, &text, NULL);
    if (rc == 0)
        rc = json_parse(str_get(&text), text.len, &j, NULL);
    str_wipe(&text);
    const json_t *token = json_object_get(j, "accessToken");
    if (rc < 0 || !json_str(token, "accessKeyId") || !json_str(token, "secretAccessKey") ||
        clock_parse_iso(json_str_or(token, "expiresAt", ""), &expires_ms) < 0) {
        error_raise_errno(err, ERR_AUTH, ENOKEY, "there is no login session for profile %s (%s)",
                          r->profile_name, path);
        error_at(err, s.path, s.line, 0);
        error_hint(err, "Run `aws login --profile %s`.", r->profile_name);
        return -ENOKEY;
    }
    if (expires_ms <= clock_wall_ms()) {
        error_raise_errno(err, ERR_AUTH, EKEYEXPIRED, "the login session of profile %s has expired",
                          r->profile_name);
        error_at(err, s.path, s.line, 0);
        error_hint(err,
                   "Run `aws sts get-caller-identity --profile %s` (it renews the session) or `aws login`.",
                   r->profile_name);
        return -EKEYEXPIRED;
    }
    out->access_key_id = xstrdup(json_str(token, "accessKeyId"));
    secret_set(&out->secret_access_key, json_str(token, "secretAccessKey"));
    secret_set(&out->session_token, json_str(token, "sessionToken"));
    out->account_id = xstrdup_null(json_str(token, "accountId"));
    out->expires_wall_ms = expires_ms;
    out->source = xasprintf("profile %s, login session in %s", r->profile_name, path);
    return 0;
}

const struct credential_provider credential_login = {NAME, resolve, true};
