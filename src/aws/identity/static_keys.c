/* Static keys of a profile: of its section in the credentials file, or of that in the config file.
 *
 * Two providers, because other sources stand between them in the chain: keys of the credentials
 * file beat a process, a process beats keys of the config file. Each looks at its own file alone,
 * so that a key of one is never joined with the secret or the token of the other. The legacy
 * spelling of the token comes first. Rules: aws-access.md section 5. */
#include "aws/identity/credentials.h"
#include <errno.h>

static int from_section(
    const struct credential_request *r,
    const char *provider,
    struct aws_setting (*get)(
        const struct aws_profiles *, const struct aws_profile *, const char *),
    struct aws_credentials *out,
    struct error *err)
{
    const struct aws_profiles *p = r->session->profiles;
    struct aws_setting id = get(p, r->profile, "aws_access_key_id");
    struct aws_setting secret = get(p, r->profile, "aws_secret_access_key");
    struct aws_setting token = get(p, r->profile, "aws_security_token");
    struct aws_setting account = get(p, r->profile, "aws_account_id");

    if (!id.value)
        return credentials_pass(r, provider, "no aws_access_key_id in profile %s", r->profile_name);
    if (!secret.value) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            "Partial credentials found in %s: profile %s has aws_access_key_id but no "
            "aws_secret_access_key",
            provider,
            r->profile_name);
        error_at(err, id.path, id.line, 0);
        error_hint(err, "Add aws_secret_access_key below it, or remove the key.");
        return -EINVAL;
    }

    if (!token.value)
        token = get(p, r->profile, "aws_session_token");
    out->access_key_id = xstrdup(id.value);
    secret_set(&out->secret_access_key, secret.value);
    if (!text_empty(token.value))
        secret_set(&out->session_token, token.value);
    out->account_id = xstrdup_null(account.value);
    out->source = xasprintf("profile %s in %s:%u", r->profile_name, id.path, id.line);

    return 0;
}

static int resolve_credentials_file(
    const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    return from_section(r, "shared-credentials-file", aws_profile_get_credentials, out, err);
}

static int resolve_config_file(
    const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    return from_section(r, "config-file", aws_profile_get_config, out, err);
}

const struct credential_provider credential_shared_file = {
    "shared-credentials-file", resolve_credentials_file, true, AWS_ORIGIN_FILE};

const struct credential_provider credential_config_file = {
    "config-file", resolve_config_file, true, AWS_ORIGIN_FILE};
