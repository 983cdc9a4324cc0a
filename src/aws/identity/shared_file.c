/* Static keys of the profile's section in the credentials file. */
#include "aws/identity/credentials.h"

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    return credentials_from_section(
        r, "shared-credentials-file", aws_profile_get_credentials, out, err);
}

const struct credential_provider credential_shared_file = {
    "shared-credentials-file", resolve, true};
