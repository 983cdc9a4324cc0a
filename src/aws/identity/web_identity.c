/* A token file and a role: sts:AssumeRoleWithWebIdentity, unsigned.
 *
 * The file is read each time, because whoever mounts it (EKS) rotates it. Each setting comes from
 * the environment first, then from the merged profile; with --profile, and for a source profile,
 * from the profile alone. Rules: aws-access.md section 5.2. */
#include "aws/identity/credentials.h"
#include "aws/identity/role_cache.h"
#include "aws/identity/token_file.h"
#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "data/object.h"
#include <errno.h>
#include <string.h>

#define NAME "assume-role-with-web-identity"

static const char *get(const struct credential_request *r, const char *variable, const char *key)
{
    const char *v = r->use_environment ? env_get_nonempty(r->session->env, variable) : NULL;

    return v ? v : aws_profile_get(r->session->profiles, r->profile, key).value;
}

static int read_token(
    const struct credential_request *r, const char *file, struct str *token, struct error *err)
{
    cleanup_free char *path = aws_path_literal(r->session->env, file);
    int rc = token_text_read(r->session, path, LIMIT_AWS_TOKEN_BYTES, token);

    if (rc < 0) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EIO,
            "cannot read the web identity token file %s: %s",
            path,
            strerror(-rc));
        error_hint(
            err,
            "AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file of profile %s, names it; in "
            "EKS the service account's token is mounted there.",
            r->profile_name);
        return -EIO;
    }

    if (token->len == 0) {
        error_raise_errno(err, ERR_AUTH, EIO, "the web identity token file %s is empty", path);
        error_hint(err, "Whatever writes the token there has not done so yet, or has failed.");
        return -EIO;
    }

    return 0;
}

/* The token is somebody else's: who writes it has to act, or who keeps the role. */
static void hint_refused(const char *role, const char *file, struct error *err)
{
    if (error_has_code(err, "ExpiredTokenException"))
        error_hint(
            err,
            "The token in %s has expired: whatever writes it there (EKS, the CI system) has to "
            "write a new one.",
            file);
    else if (error_has_code(err, "InvalidIdentityToken") || error_has_code(err, "IDPRejectedClaim"))
        error_hint(
            err,
            "The account does not take the token in %s: its issuer has to be among `aws iam "
            "list-open-id-connect-providers`, with the token's audience.",
            file);
    else if (error_has_code(err, "AccessDenied"))
        error_hint(
            err,
            "The trust policy of role %s has to name the issuer, the audience and the subject of "
            "the token in %s.",
            role,
            file);
}

static int assume(
    const struct credential_request *r,
    const struct role_cache_role *role,
    const char *file,
    json_t **reply,
    struct error *err)
{
    struct aws_call_options o = {.region = r->session->settings.region, .unsigned_request = true};
    cleanup_free char *own =
        xasprintf("botocore-session-%lld", (long long)(clock_wall_ms() / 1000));
    struct str token = STR_INIT;
    int rc = read_token(r, file, &token, err);

    if (rc == 0) {
        /* texts of the environment and of the file: what is no UTF-8 is left out, and STS says so
         */
        json_t *in = object(
            key("RoleArn", json_string(role->role_arn)),
            key("RoleSessionName", json_string(role->session_name ? role->session_name : own)),
            key("WebIdentityToken", json_stringn(str_get(&token), token.len)));

        rc = session_call(r->session, &o, &aws_sts_AssumeRoleWithWebIdentity, in, reply, err);
        if (rc < 0) {
            error_wrap(err, "assuming role %s with the token in %s", role->role_arn, file);
            hint_refused(role->role_arn, file, err);
        }
    }

    str_wipe(&token);
    return rc;
}

static int no_role(const struct credential_request *r, const char *file, struct error *err)
{
    error_raise_errno(
        err, ERR_AUTH, EINVAL, "a web identity token file (%s) is configured without a role", file);
    error_hint(err, "Set AWS_ROLE_ARN, or role_arn in profile %s.", r->profile_name);
    return -EINVAL;
}

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    const char *file = get(r, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
    const struct role_cache_role role = {
        .role_arn = get(r, "AWS_ROLE_ARN", "role_arn"),
        .session_name = get(r, "AWS_ROLE_SESSION_NAME", "role_session_name")};
    cleanup_json json_t *reply = NULL;
    int rc;

    if (!file)
        return credentials_pass(
            r, NAME, "neither AWS_WEB_IDENTITY_TOKEN_FILE nor web_identity_token_file is set");
    if (!role.role_arn)
        return no_role(r, file, err);

    /* of a source profile: not kept, as in the CLI */
    cleanup_free char *key = r->visited ? NULL : role_cache_key_role(&role);
    cleanup_free char *text =
        xasprintf("role %s with the web identity token in %s", role.role_arn, file);
    cleanup_json json_t *cached = role_cache_read(r->session, key);
    if (cached) {
        cleanup_free char *from = xasprintf("%s (the AWS CLI's cache)", text);
        return credentials_from_json(cached, "SessionToken", from, out, err);
    }

    rc = assume(r, &role, file, &reply, err);
    if (rc == 0)
        rc = credentials_from_json(
            json_object_get(reply, "Credentials"), "SessionToken", text, out, err);
    if (rc == 0)
        role_cache_write(r->session, key, reply);
    return rc;
}

const struct credential_provider credential_web_identity = {
    NAME, resolve, true, AWS_ORIGIN_WEB_IDENTITY};
