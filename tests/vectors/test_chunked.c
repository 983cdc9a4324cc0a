/* aws-chunked bodies with a trailing checksum: the published wire images, read in pieces of every
 * size, and bodies of more than a chunk with each kind of checksum. */
#include "aws/sign/chunked.h"
#include "base/digest.h"
#include "base/mem.h"
#include "data/json.h"
#include "vectors/vectors.h"
#include <string.h>

static char *drain(struct chunked_body *b, size_t piece, size_t *n)
{
    struct str out = STR_INIT;
    char buf[8192];
    long got;

    while ((got = b->source.read(b->source.arg, buf, MIN(piece, sizeof buf))) > 0)
        str_append_bytes(&out, buf, (size_t)got);
    *n = out.len;
    return str_take(&out);
}

static void wire_case(struct vectors *v, const json_t *c)
{
    const char *id = json_str_or(c, "name", "?"), *input = json_str_or(c, "input", ""),
               *wire = json_str_or(c, "wire", "");
    static const size_t pieces[] = {1, 2, 3, 7, 64, 8192};
    struct chunked_body b = {
        .data = input,
        .len = strlen(input),
        .chunk_bytes = (size_t)json_int_or(c, "chunkSize", 0),
        .checksum = CHUNKED_CRC32};
    bool same = json_int_or(c, "decodedContentLength", -1) == (long long)b.len;

    chunked_begin(&b);
    same = same && b.source.length == strlen(wire);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        size_t n;
        b.source.rewind(b.source.arg);
        cleanup_free char *got = drain(&b, pieces[i], &n);
        same = same && vectors_equal(v, id, "wire", wire, got);
    }
    chunked_end(&b);
    if (same)
        vectors_pass(v);
    else
        vectors_fail(
            v,
            id,
            "length or wire differs (%llu bytes announced)",
            (unsigned long long)chunked_wire_bytes(&b));
}

/* A body of two chunks, twice as for another attempt; its trailer is the checksum that was taken on
 * the way. */
static void whole_body(struct vectors *v, enum chunked_checksum checksum)
{
    cleanup_free char *data = xmalloc(66560);
    struct str expected = STR_INIT;
    size_t n;

    memset(data, 'a', 66560);
    cleanup_free char *sum = chunked_checksum_text(checksum, data, 66560);
    str_append(&expected, "10000\r\n");
    str_append_bytes(&expected, data, 65536);
    str_append(&expected, "\r\n400\r\n");
    str_append_bytes(&expected, data, 1024);
    str_appendf(&expected, "\r\n0\r\n%s:%s\r\n\r\n", chunked_trailer_name(checksum), sum);

    struct chunked_body b = {.data = data, .len = 66560, .checksum = checksum};
    chunked_begin(&b);
    for (int round = 0; round < 2; round++) {
        chunked_begin(&b);
        cleanup_free char *got = drain(&b, 1000, &n);
        if (n == b.source.length &&
            vectors_equal(v, chunked_algorithm(checksum), "body", str_get(&expected), got) &&
            vectors_equal(v, chunked_algorithm(checksum), "sum", sum, chunked_sum(&b)))
            vectors_pass(v);
        else
            vectors_fail(
                v,
                chunked_algorithm(checksum),
                "%zu bytes, %llu announced",
                n,
                (unsigned long long)b.source.length);
    }
    chunked_end(&b);
    str_done(&expected);
}

int main(void)
{
    struct vectors v = {.name = "aws-chunked"};
    cleanup_json json_t *file = vectors_json("s3-checksums/aws-chunked-trailer.json");
    json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c)
        wire_case(&v, c);
    whole_body(&v, CHUNKED_CRC64NVME);
    whole_body(&v, CHUNKED_CRC32);
    whole_body(&v, CHUNKED_SHA256);
    return vectors_end(&v);
}
