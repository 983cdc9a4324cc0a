#include "aws/settings/region.h"

#include "base/mem.h"

#include <errno.h>

#define WHAT_TO_DO "set AWS_REGION, pass --region, or add a region to the profile in ~/.aws/config"

int aws_region_missing(const char *profile, struct error *err)
{
    if (profile)
        error_raise(err, ERR_AUTH, "no AWS region is set for profile %s", profile);
    else
        error_raise(err, ERR_AUTH, "no AWS region is set");
    error_hint(err, WHAT_TO_DO);

    return -EACCES;
}

char *aws_region_missing_warning(const char *profile, bool identity_works)
{
    return xasprintf(
        "No region is set for profile %s%s: " WHAT_TO_DO ".",
        profile,
        identity_works ? "; who you are is known without one, deploying needs it" : "");
}
