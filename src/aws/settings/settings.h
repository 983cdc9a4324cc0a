/* What a caller's environment and files say beyond identity: profile, region, endpoints, retries,
 * certificates, proxies, S3 style. Pure over a parsed environment; each value knows where it came
 * from. Rules: shared/reference/aws-access.md sections 3, 4 and 7. */
#pragma once

#include "aws/model/model.h"
#include "aws/settings/profiles.h"
#include "base/env.h"

#define AWS_MAX_ATTEMPTS_DEFAULT 3 /* in total, of one exchange */

/* account_id_endpoint_mode. Of all rule sets only DynamoDB's names accounts in its hosts, and we do
 * not call it: so nothing depends on the mode but whether its value is one (the vectors test looks
 * at each rule set of ours). */
enum aws_account_id_mode {
    AWS_ACCOUNT_ID_PREFERRED,
    AWS_ACCOUNT_ID_DISABLED,
    AWS_ACCOUNT_ID_REQUIRED
};

struct aws_settings {
    char *profile; /* "default" when unnamed */
    const char
        *profile_source;  /* "--profile", "AWS_PROFILE", "AWS_DEFAULT_PROFILE" or NULL: unnamed */
    bool profile_by_flag; /* --profile: keys of the environment do not count */
    const struct aws_profile *section; /* NULL: the unnamed default exists in no file */
    char *region, *region_source;      /* NULL when none is set */
    bool fips, dual_stack;
    bool ignore_endpoints; /* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS */
    unsigned max_attempts;
    bool retry_adaptive; /* retry_mode: adaptive; else standard */
    enum aws_account_id_mode account_id_mode;
    char *ca_bundle, *ca_source;          /* NULL = the system's; who named it */
    bool s3_virtual_style, s3_path_style; /* addressing_style; neither = auto */
    struct error s3_trouble;              /* set: no call of S3 can be made, and why */
    bool checksum_when_required;
};

int aws_settings_resolve(
    const struct env *env,
    const struct aws_profiles *profiles,
    const char *profile_flag,
    const char *region_flag,
    struct aws_settings *out,
    struct error *err);
void aws_settings_done(struct aws_settings *s);

/* Part of aws_settings_resolve(): attempts, retry mode, account id mode (modes.c). */
int aws_settings_modes(
    const struct env *env,
    const struct aws_profiles *profiles,
    struct aws_settings *s,
    struct error *err);

/* The endpoint that environment or files configure for a service ("ECS"); *url NULL = none.
 * malloc'd. */
int aws_settings_endpoint(
    const struct aws_settings *s,
    const struct env *env,
    const struct aws_profiles *profiles,
    const char *service_id,
    char **url,
    struct error *err);
/* The same, with who names it: "AWS_ENDPOINT_URL_STS", "endpoint_url in FILE:LINE"; malloc'd. */
int aws_settings_endpoint_source(
    const struct aws_settings *s,
    const struct env *env,
    const struct aws_profiles *profiles,
    const char *service_id,
    char **url,
    char **source,
    struct error *err);
