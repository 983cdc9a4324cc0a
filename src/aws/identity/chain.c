/* The chain: providers in the AWS CLI's order (shared/reference/aws-access.md section 5). The first
 * that is configured decides; its failure is final and nothing falls through, because the CLI with
 * the same settings would fail as well, and another identity than the one meant is worse than none.
 */
#include "aws/identity/credentials.h"
#include "base/mem.h"
#include <errno.h>

static const struct credential_provider *const chain[] = {
    &credential_environment,
    &credential_assume_role,
    &credential_web_identity,
    &credential_sso,
    &credential_shared_file,
    &credential_login,
    &credential_process,
    &credential_config_file,
    &credential_ec2_file,
    &credential_boto,
    &credential_container,
    &credential_imds,
};

int credentials_ask(
    const struct credential_provider *provider,
    const struct credential_request *r,
    struct aws_credentials *out,
    struct error *err)
{
    int rc = provider->resolve(r, out, err);

    if (rc < 0)
        return rc;

    out->origin = provider->origin;
    out->profile = xstrdup(r->profile_name);
    rc = credentials_check(provider, r, out, err);
    if (rc < 0)
        aws_credentials_done(out);
    return rc;
}

int credentials_resolve(
    const struct credential_request *r,
    bool profile_only,
    struct aws_credentials *out,
    struct error *err)
{
    *out = (struct aws_credentials){0};
    for (size_t i = 0; i < ARRAY_LEN(chain); i++) {
        struct error own = ERROR_INIT;
        int rc;

        if (profile_only && !chain[i]->of_profile)
            continue;
        rc = credentials_ask(chain[i], r, out, &own);
        if (rc != -ENOENT || error_is_set(&own))
            credentials_trace(r, chain[i]->name, rc, out, &own);
        if (rc == 0) {
            error_done(&own);
            return 0;
        }
        if (rc != -ENOENT || error_is_set(&own)) {
            if (err && !error_is_set(err))
                error_move(err, &own);
            error_done(&own);
            return rc;
        }
    }

    return -ENOENT;
}
