/* Between s3.c and s3_upload.c. */
#pragma once

#include "aws/s3.h"
#include "aws/session.h"

/* One exchange; `in` is stolen, x carries the body and the flags. */
int s3_send(struct aws_session *s, const struct aws_operation *op, json_t *in, struct aws_exchange *x,
            struct http_response *resp, struct error *err);
char *s3_crc64_text(uint64_t crc); /* big-endian, base64: x-amz-checksum-crc64nvme */
