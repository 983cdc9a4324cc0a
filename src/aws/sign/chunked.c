/* The body of S3's aws-chunked, made while it is sent: chunked.h has the form.
 *
 * The transport pulls (read_chunked). `frame` is what goes out before the next data: the end of the
 * chunk before and the length of the next, or at the end the trailer with the checksum, which is
 * known by then. Rewinding (another attempt, or curl after a 100-continue) starts all of it again.
 */
#include "aws/sign/chunked.h"
#include "base/digest.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *header, *algorithm;
    size_t sum_bytes;
} kinds[] = {
    [CHUNKED_CRC64NVME] = {"x-amz-checksum-crc64nvme", "CRC64NVME", 8},
    [CHUNKED_CRC32] = {"x-amz-checksum-crc32", "CRC32", 4},
    [CHUNKED_SHA256] = {"x-amz-checksum-sha256", "SHA256", SHA256_BYTES},
};

const char *chunked_trailer_name(enum chunked_checksum c)
{
    return kinds[c].header;
}

const char *chunked_algorithm(enum chunked_checksum c)
{
    return kinds[c].algorithm;
}

static size_t chunk_size(const struct chunked_body *b)
{
    return b->chunk_bytes ? b->chunk_bytes : CHUNKED_CHUNK_BYTES;
}

static uint64_t size_line_bytes(size_t n)
{
    return (uint64_t)snprintf(NULL, 0, "%zx\r\n", n);
}

uint64_t chunked_wire_bytes(const struct chunked_body *b)
{
    size_t size = chunk_size(b), whole = b->len / size, rest = b->len % size;
    size_t sum = (kinds[b->checksum].sum_bytes + 2) / 3 * 4; /* in base64 */
    uint64_t bytes = b->len + whole * (size_line_bytes(size) + 2);

    if (rest)
        bytes += size_line_bytes(rest) + 2;
    bytes += size_line_bytes(0);
    bytes += strlen(kinds[b->checksum].header) + 1 + sum + 2; /* "name:sum", end of line */
    return bytes + 2;
}

static char *sum_text(enum chunked_checksum c, uint64_t crc, const uint8_t *sha256)
{
    uint8_t bytes[8];

    if (c == CHUNKED_SHA256)
        return digest_base64(sha256, SHA256_BYTES);

    for (size_t i = 0; i < kinds[c].sum_bytes; i++)
        bytes[i] = (uint8_t)(crc >> (8 * (kinds[c].sum_bytes - 1 - i)));
    return digest_base64(bytes, kinds[c].sum_bytes);
}

char *chunked_checksum_text(enum chunked_checksum c, const void *data, size_t n)
{
    uint8_t sha256[SHA256_BYTES] = {0};
    uint64_t crc = 0;

    if (c == CHUNKED_SHA256)
        digest_sha256(data, n, sha256);
    else
        crc = c == CHUNKED_CRC32 ? digest_crc32(0, data, n) : digest_crc64nvme(0, data, n);
    return sum_text(c, crc, sha256);
}

static void take_sum(struct chunked_body *b, const void *data, size_t n)
{
    if (b->checksum == CHUNKED_SHA256)
        digest_stream_update(b->sha256, data, n);
    else if (b->checksum == CHUNKED_CRC32)
        b->crc = digest_crc32((uint32_t)b->crc, data, n);
    else
        b->crc = digest_crc64nvme(b->crc, data, n);
}

static void finish_sum(struct chunked_body *b)
{
    uint8_t sha256[SHA256_BYTES] = {0};

    if (b->sha256) {
        digest_stream_finish(b->sha256, sha256);
        b->sha256 = NULL;
    }

    cleanup_free char *text = sum_text(b->checksum, b->crc, sha256);
    snprintf(b->sum, sizeof b->sum, "%s", text);
}

static void append_trailer(struct chunked_body *b)
{
    finish_sum(b);
    str_appendf(&b->frame, "0\r\n%s:%s\r\n\r\n", kinds[b->checksum].header, b->sum);
    b->last = true;
}

/* The chunk before is out: what stands between it and the next data, or the end. */
static void next_frame(struct chunked_body *b)
{
    const char *data = (const char *)b->data + b->done;
    size_t n = MIN(b->len - b->done, chunk_size(b));

    str_clear(&b->frame);
    b->frame_at = 0;
    if (b->done)
        str_append(&b->frame, "\r\n");
    if (n == 0) {
        append_trailer(b);
        return;
    }

    take_sum(b, data, n);
    str_appendf(&b->frame, "%zx\r\n", n);
    b->left = n;
}

static long read_chunked(void *arg, char *buf, size_t room)
{
    struct chunked_body *b = arg;
    size_t filled = 0;

    while (filled < room) {
        size_t n;

        if (b->frame_at < b->frame.len) {
            n = MIN(room - filled, b->frame.len - b->frame_at);
            memcpy(buf + filled, b->frame.data + b->frame_at, n);
            b->frame_at += n;
        } else if (b->left) {
            n = MIN(room - filled, b->left);
            memcpy(buf + filled, (const char *)b->data + b->done, n);
            b->done += n;
            b->left -= n;
        } else if (b->last) {
            break;
        } else {
            next_frame(b);
            n = 0;
        }
        filled += n;
    }

    return (long)filled;
}

static int start_over(void *arg)
{
    struct chunked_body *b = arg;

    digest_stream_free(b->sha256);
    b->sha256 = b->checksum == CHUNKED_SHA256 ? digest_stream_new() : NULL;
    b->crc = 0;
    b->done = b->left = b->frame_at = 0;
    b->last = false;
    b->sum[0] = '\0';
    str_clear(&b->frame);

    return 0;
}

void chunked_begin(struct chunked_body *b)
{
    start_over(b);
    b->source = (struct http_body_source){read_chunked, start_over, b, chunked_wire_bytes(b)};
}

void chunked_end(struct chunked_body *b)
{
    digest_stream_free(b->sha256);
    b->sha256 = NULL;
    str_done(&b->frame);
    b->source = (struct http_body_source){0};
}

const char *chunked_sum(const struct chunked_body *b)
{
    return b->sum;
}
