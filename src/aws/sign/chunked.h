/* S3's aws-chunked body: pieces with their length (and, signed, each with a signature over the one
 * before), then the body's checksum as a trailing header. The checksum is taken while the body goes
 * out, so nobody reads the data twice. Format: the S3 API's chapters on signature calculation for
 * chunked uploads with trailers. The encoded length is known beforehand, so it is sent with
 * Content-Length.
 *
 *   struct chunked_body b = {.data = …, .len = …, .checksum = CHUNKED_CRC64NVME};
 *   chunked_begin(&b, key, seed);  b.source goes to the transport;  chunked_end(&b);
 * chunked_sum(&b) is what was sent
 *
 * Ownership: data and the key's texts are borrowed; the signing key is derived at the start and
 * wiped by chunked_end. */
#pragma once

#include "aws/sign/sigv4.h"
#include "loop/http.h"

#define CHUNKED_CHUNK_BYTES (64u << 10) /* S3 asks for 8 KiB at least, but for the last */

enum chunked_checksum { CHUNKED_CRC64NVME, CHUNKED_CRC32, CHUNKED_SHA256 };

struct digest_stream;

struct chunked_body {
    const void *data;
    size_t len;
    size_t chunk_bytes; /* 0 = CHUNKED_CHUNK_BYTES */
    enum chunked_checksum checksum;
    bool sign; /* STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, else
                  STREAMING-UNSIGNED-PAYLOAD-TRAILER */

    /* From chunked_begin(). */
    struct http_body_source source;
    /* Private. */
    struct sigv4_key key;
    struct sigv4_cache *keys;
    char seed[65], previous[65], sum[45];
    size_t done, left; /* of data: consumed; of the chunk that is going out */
    struct str frame;  /* what goes out before the next data */
    size_t frame_at;
    bool last; /* the trailer stands in frame */
    uint64_t crc;
    struct digest_stream *sha256;
};

const char *chunked_payload_word(const struct chunked_body *b); /* X-Amz-Content-SHA256 */
const char *chunked_trailer_name(enum chunked_checksum c);      /* "x-amz-checksum-crc64nvme" */
const char *chunked_algorithm(enum chunked_checksum c);         /* "CRC64NVME" */
char *
chunked_checksum_text(enum chunked_checksum c, const void *data, size_t n); /* base64; malloc'd */
uint64_t chunked_wire_bytes(const struct chunked_body *b);

/* May be called again for another attempt. key (may be NULL when unsigned) is the request's, seed
 * its signature. */
void chunked_begin(struct chunked_body *b, const struct sigv4_key *key, const char *seed);
void chunked_end(struct chunked_body *b);
/* base64; "" before the whole body was read. Valid after chunked_end() too. */
const char *chunked_sum(const struct chunked_body *b);
