/* Static keys of the profile's section in the config file. */
#include "aws/identity/credentials.h"

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    return credentials_from_section(r, "config-file", aws_profile_get_config, out, err);
}

const struct credential_provider credential_config_file = {"config-file", resolve, true};
