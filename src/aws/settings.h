/* What a caller's environment and files say beyond identity: profile, region, endpoints, retries, certificates, proxies, S3 style. Pure over
 * a parsed environment; each value knows where it came from. Rules: shared/reference/aws-access.md sections 3, 4 and 7. */
#pragma once

#include "aws/model.h"
#include "aws/profiles.h"
#include "base/env.h"

struct aws_settings {
    char *profile;             /* "default" when unnamed */
    const char *profile_source; /* "--profile", "AWS_PROFILE", "AWS_DEFAULT_PROFILE" or NULL: unnamed */
    bool profile_by_flag;      /* --profile: keys of the environment do not count */
    const struct aws_profile *section; /* NULL: the unnamed default exists in no file */
    char *region, *region_source;      /* NULL when none is set */
    bool fips, dual_stack;
    bool ignore_endpoints;     /* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS */
    unsigned max_attempts;
    char *ca_bundle;           /* NULL = the system's */
    bool s3_virtual_style, s3_path_style; /* addressing_style; neither = auto */
    bool checksum_when_required;
};

int aws_settings_resolve(const struct env *env, const struct aws_profiles *profiles, const char *profile_flag,
                         const char *region_flag, struct aws_settings *out, struct error *err);
void aws_settings_done(struct aws_settings *s);

/* The endpoint that environment or files configure for a service ("ECS"); *url NULL = none. malloc'd. */
int aws_settings_endpoint(const struct aws_settings *s, const struct env *env, const struct aws_profiles *profiles,
                          const char *service_id, char **url, struct error *err);

/* The proxy for a URL after http_proxy, https_proxy and no_proxy; malloc'd, NULL = direct. */
char *aws_proxy_for(const struct env *env, const char *url);
