/* S3's aws-chunked body: pieces with their length, then the body's checksum as a trailing header.
 * The checksum is taken while the body goes out, so nobody reads the data twice; the request's
 * signature does not cover it, TLS does. The encoded length is known beforehand, so it is sent with
 * Content-Length. Format: the S3 API's chapters on chunked uploads with trailers.
 *
 *   struct chunked_body b = {.data = …, .len = …, .checksum = CHUNKED_CRC64NVME};
 *   chunked_begin(&b);    b.source goes to the transport
 *   chunked_end(&b);      chunked_sum(&b) is what was sent
 *
 * Ownership: data is borrowed until chunked_end(). */
#pragma once

#include "base/str.h"
#include "loop/http.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNKED_PAYLOAD_WORD "STREAMING-UNSIGNED-PAYLOAD-TRAILER" /* as X-Amz-Content-SHA256 */
#define CHUNKED_CHUNK_BYTES  (64u << 10) /* S3 asks for 8 KiB at least, but for the last */

enum chunked_checksum { CHUNKED_CRC64NVME, CHUNKED_CRC32, CHUNKED_SHA256 };

struct digest_stream;

struct chunked_body {
    const void *data;
    size_t len;
    size_t chunk_bytes; /* 0 = CHUNKED_CHUNK_BYTES */
    enum chunked_checksum checksum;

    /* From chunked_begin(). */
    struct http_body_source source;
    /* Private. */
    char sum[45];      /* base64 of 32 bytes, with its NUL */
    size_t done, left; /* of data: consumed; of the chunk that is going out */
    struct str frame;  /* what goes out before the next data */
    size_t frame_at;
    bool last; /* the trailer stands in frame */
    uint64_t crc;
    struct digest_stream *sha256;
};

const char *chunked_trailer_name(enum chunked_checksum c); /* "x-amz-checksum-crc64nvme" */
const char *chunked_algorithm(enum chunked_checksum c);    /* "CRC64NVME" */
char *
chunked_checksum_text(enum chunked_checksum c, const void *data, size_t n); /* base64; malloc'd */
uint64_t chunked_wire_bytes(const struct chunked_body *b);

/* May be called again for another attempt. */
void chunked_begin(struct chunked_body *b);
void chunked_end(struct chunked_body *b);
/* base64; "" before the whole body was read. Valid after chunked_end() too. */
const char *chunked_sum(const struct chunked_body *b);
