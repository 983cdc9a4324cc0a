/* Where a bucket is: in the host name, where the wildcard certificate of S3 covers it and nobody
 * wants it otherwise, else in the path. An endpoint of one's own keeps its path before the
 * bucket's. Rules: shared/reference/aws-access.md section 11. */
#include "aws/settings/s3_address.h"
#include "base/mem.h"
#include "base/str.h"
#include <errno.h>
#include <string.h>

bool s3_bucket_is_label(const char *bucket)
{
    size_t n = strlen(bucket);

    if (n < 3 || n > 63 || bucket[0] == '-' || bucket[n - 1] == '-')
        return false;

    return strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* Names of old: dots, capitals and underscores were allowed in us-east-1. */
static bool bucket_valid(const char *bucket)
{
    size_t n = strlen(bucket);

    if (n < 1 || n > 255)
        return false;

    return strspn(bucket, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

int s3_base_url(
    const struct aws_settings *settings,
    const struct aws_endpoint *endpoint,
    bool custom,
    const char *bucket,
    bool always_path,
    char **base,
    bool *in_host,
    struct error *err)
{
    const char *host = strstr(endpoint->url, "://");
    size_t n = strlen(endpoint->url);

    while (n && endpoint->url[n - 1] == '/')
        n--;
    *in_host = false;
    if (error_is_set(&settings->s3_trouble)) {
        error_copy(err, &settings->s3_trouble);
        return -EINVAL;
    }

    if (!bucket_valid(bucket))
        return error_raise(err, ERR_USAGE, "'%s' is no valid bucket name", bucket);
    if (always_path || settings->s3_path_style || (custom && !settings->s3_virtual_style) ||
        !host || !s3_bucket_is_label(bucket)) {
        *base = xstrndup(endpoint->url, n);
        return 0;
    }

    *in_host = true;
    *base = xasprintf(
        "%.*s://%s.%.*s",
        (int)(host - endpoint->url),
        endpoint->url,
        bucket,
        (int)(n - (size_t)(host + 3 - endpoint->url)),
        host + 3);

    return 0;
}
