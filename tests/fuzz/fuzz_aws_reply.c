/* Replies of every protocol through the real tables: no crash, and what comes out is an object
 * whose members the table knows. The first byte chooses the operation. */
#include "aws/model/operations.h"
#include "aws/wire/wire.h"
#include "base/mem.h"
#include "fuzz.h"
#include <string.h>

static const struct aws_operation *const operations[] = {
    &aws_sts_AssumeRole,
    &aws_cloudformation_DescribeStacks,
    &aws_ec2_DescribeSecurityGroups,
    &aws_s3_ListObjectsV2,
    &aws_s3_GetBucketLocation,
    &aws_route53_ListResourceRecordSets,
    &aws_ecs_DescribeServices,
    &aws_logs_FilterLogEvents,
    &aws_sso_GetRoleCredentials,
    &aws_iam_SimulatePrincipalPolicy,
    &aws_rds_DescribeDBInstances,
    &aws_s3_HeadObject,
};

static bool knows(const struct aws_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->member_count; i++)
        if (strcmp(shape->members[i].name, name) == 0)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_header headers[] = {
        {"x-amzn-requestid", "r"}, {"content-length", "12"}, {"etag", "\"e\""}};
    struct http_response resp = {
        .status = 200, .headers = headers, .header_count = ARRAY_LEN(headers)};
    struct error err = ERROR_INIT;
    json_t *out = NULL, *v;
    const char *key;

    if (size == 0)
        return 0;
    const struct aws_operation *op = operations[data[0] % ARRAY_LEN(operations)];
    str_append_bytes(&resp.body, data + 1, size - 1);
    if (wire_parse(op, &resp, &out, &err) == 0) {
        fuzz_require(json_is_object(out) && !error_is_set(&err));
        json_object_foreach(out, key, v)
            fuzz_require(knows(op->output, key) && v);
    } else {
        fuzz_require(out == NULL && err.kind == ERR_CLOUD);
    }
    wire_is_error_in_200(&aws_s3_CompleteMultipartUpload, &resp);
    json_decref(out);
    error_done(&err);
    str_done(&resp.body);
    return 0;
}
