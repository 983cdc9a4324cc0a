/* Between s3.c and upload.c. Not for users of the room (they include aws/s3/s3.h). */
#pragma once

#include "aws/s3/s3.h"
#include "aws/session.h"

/* {"Bucket", "Key"}; names that are no UTF-8 are left out, so that the call is refused. */
json_t *s3_names(const char *bucket, const char *name);
/* One exchange; `in` is stolen, x carries the body and the flags. */
int s3_send(
    struct aws_session *s,
    const struct aws_operation *op,
    json_t *in,
    struct aws_exchange *x,
    struct http_response *resp,
    struct error *err);
const char *s3_checksum_member(enum chunked_checksum c); /* "ChecksumCRC64NVME" */
