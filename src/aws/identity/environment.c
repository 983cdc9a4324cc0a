/* AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, with AWS_SECURITY_TOKEN or AWS_SESSION_TOKEN.
 *
 * First of the chain, and switched off by --profile (r->use_environment), but not by AWS_PROFILE:
 * as the AWS CLI does. An empty key id counts as none; a key id alone is an error, never a reason
 * to look further. AWS_SECURITY_TOKEN, the old name, wins over the new one (aws-access.md section
 * 5). */
#include "aws/identity/credentials.h"
#include "base/clock.h"
#include <errno.h>

static int expiry(const struct env *env, int64_t *ms, struct error *err)
{
    const char *text = env_get_nonempty(env, "AWS_CREDENTIAL_EXPIRATION");

    *ms = 0;
    if (text && clock_parse_iso(text, ms) < 0)
        return error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            "AWS_CREDENTIAL_EXPIRATION is '%s', which is no time (like 2026-11-22T22:15:30Z); "
            "unset it, or export it with its keys anew",
            text);

    return 0;
}

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    const struct env *env = r->session->env;
    const char *id = env_get_nonempty(env, "AWS_ACCESS_KEY_ID");
    const char *secret = env_get_nonempty(env, "AWS_SECRET_ACCESS_KEY");
    const char *token = env_get_nonempty(env, "AWS_SECURITY_TOKEN");
    int rc;

    if (!r->use_environment)
        return credentials_pass(r, "environment", "not asked: --profile is given");
    if (!id)
        return credentials_pass(r, "environment", "AWS_ACCESS_KEY_ID is not set");
    if (!secret) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            "Partial credentials found in env: AWS_ACCESS_KEY_ID is set, "
            "AWS_SECRET_ACCESS_KEY is not");
        error_hint(err, "Export both, or unset AWS_ACCESS_KEY_ID.");
        return -EINVAL;
    }

    rc = expiry(env, &out->expires_wall_ms, err);
    if (rc < 0)
        return rc;

    out->access_key_id = xstrdup(id);
    secret_set(&out->secret_access_key, secret);
    if (!token)
        token = env_get_nonempty(env, "AWS_SESSION_TOKEN");
    if (token)
        secret_set(&out->session_token, token);
    out->account_id = xstrdup_null(env_get_nonempty(env, "AWS_ACCOUNT_ID"));
    out->source = xstrdup("environment (AWS_ACCESS_KEY_ID)");
    out->from_environment = true;

    return 0;
}

const struct credential_provider credential_environment = {
    "environment", resolve, false, AWS_ORIGIN_ENVIRONMENT};
