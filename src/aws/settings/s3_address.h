/* S3 addressing: virtual-host or path style, by the rules of shared/reference/aws-access.md
 * section 11. Pure. */
#pragma once

#include "aws/settings/endpoint.h"
#include "aws/settings/settings.h"

/* One DNS label: 3-63 of [a-z0-9-], so that the wildcard certificate covers it. */
bool s3_bucket_is_label(const char *bucket);
/* Base URL for a bucket's requests; *in_host: the bucket stands in the host name, so the path
 * starts behind it. */
int s3_base_url(
    const struct aws_settings *settings,
    const struct aws_endpoint *endpoint,
    bool custom,
    const char *bucket,
    bool always_path,
    char **base,
    bool *in_host,
    struct error *err);
