/* Error replies of every protocol: there is always a code and a bounded message, whatever arrived.
 * The first byte chooses the protocol. */
#include "aws/model/operations.h"
#include "aws/wire/wire.h"
#include "base/mem.h"
#include "fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct aws_operation *const operations[] = {
        &aws_sts_GetCallerIdentity,
        &aws_ec2_DescribeVpcs,
        &aws_s3_HeadObject,
        &aws_ecs_ListTasks,
        &aws_sso_GetRoleCredentials};
    struct http_response resp = {.status = 400};
    struct http_header header = {"x-amzn-errortype", NULL};
    struct wire_error e;

    if (size == 0)
        return 0;
    str_append_bytes(&resp.body, data + 1, size - 1);
    if (data[0] & 0x80) { /* the same text as a header */
        header.value = str_get(&resp.body);
        resp.headers = &header;
        resp.header_count = 1;
    }
    wire_parse_error(operations[data[0] % ARRAY_LEN(operations)], &resp, &e);
    fuzz_require(e.code && e.message && strlen(e.message) <= 2004);
    wire_error_done(&e);
    str_done(&resp.body);
    return 0;
}
