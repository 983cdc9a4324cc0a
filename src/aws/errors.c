/* What an error's code means to a job: wait for fresh credentials, look no further, or slow down.
 *
 * Services spell one meaning in many codes, so these are lists. They hold what the services that we
 * call are known to answer; a code that stands in none of them is a plain failure of the cloud. */
#include "aws/refusal.h"
#include "aws/retry.h"
#include <string.h>

static bool among(const char *code, const char *const *list)
{
    for (; code && *list; list++)
        if (strcmp(code, *list) == 0)
            return true;
    return false;
}

bool aws_error_is_auth(const struct error *err)
{
    if (!error_is_set(err))
        return false;

    /* a proxy's, which fresh keys of AWS do not mend */
    if (err->http_status == 407)
        return false;

    /* without a code it is our own finding: no credentials, an expired login, a broken profile */
    return err->aws_code ? refusal_is_of_keys(refusal_of(err->aws_code)) : err->kind == ERR_AUTH;
}

bool aws_error_is_not_found(const struct error *err)
{
    static const char *const codes[] = {
        "ResourceNotFoundException",
        "ResourceNotFound",
        "NoSuchKey",
        "NoSuchBucket",
        "NoSuchUpload",
        "NoSuchEntity",
        "NoSuchHostedZone",
        "ParameterNotFound",
        "RepositoryNotFoundException",
        "ImageNotFoundException",
        "ClusterNotFoundException",
        "ServiceNotFoundException",
        "ChangeSetNotFound",
        "ChangeSetNotFoundException",
        "TargetGroupNotFound",
        "LoadBalancerNotFound",
        "DBInstanceNotFound",
        "DBClusterNotFoundFault",
        "ReplicationGroupNotFoundFault",
        "FileSystemNotFound",
        "NotFound",
        "404",
        NULL,
    };

    if (!error_is_set(err))
        return false;
    if (among(err->aws_code, codes))
        return true;
    if (err->aws_code && strncmp(err->aws_code, "Invalid", 7) == 0 &&
        strstr(err->aws_code, ".NotFound"))
        return true; /* ec2: InvalidVpcID.NotFound */
    if (error_has_code(err, "ValidationError") && err->message &&
        strstr(err->message, "does not exist"))
        return true; /* cloudformation, for stacks */
    return err->kind == ERR_NOT_FOUND;
}

bool aws_error_is_throttle(const struct error *err)
{
    return error_is_set(err) && (retry_code_is_throttle(err->aws_code) || err->http_status == 429);
}

bool aws_error_is_denied(const struct error *err)
{
    static const char *const codes[] = {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        NULL};

    return error_is_set(err) && among(err->aws_code, codes);
}
