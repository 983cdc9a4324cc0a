/* aws-chunked bodies with a trailing checksum: the published wire images, read in pieces of every
 * size, and the S3 documentation's signed example. */
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

    chunked_begin(&b, NULL, NULL);
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

/* The S3 API's example of "signature calculation with trailing headers": 66,560 times 'a', chunks
 * of 64 KiB. */
#define SEED    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
#define CHUNK_1 "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"
#define CHUNK_2 "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"
#define CHUNK_3 "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"
#define TRAILER "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"

static struct sigv4_key example_key(struct secret *secret)
{
    secret_set(secret, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    return (struct sigv4_key){
        .access_key_id = "AKIAIOSFODNN7EXAMPLE",
        .secret_access_key = secret,
        .region = "us-east-1",
        .service = "s3",
        .wall_ms = INT64_C(1369353600000)};
}

static void documented_chain(struct vectors *v)
{
    cleanup_secret struct secret secret = SECRET_INIT;
    struct sigv4_key k = example_key(&secret);
    cleanup_free char *data = xmalloc(66560);
    char one[65], two[65], three[65], trailer[65];

    memset(data, 'a', 66560);
    sigv4_chunk_signature(&k, SEED, data, 65536, one);
    sigv4_chunk_signature(&k, one, data, 1024, two);
    sigv4_chunk_signature(&k, two, "", 0, three);
    sigv4_trailer_signature(&k, three, "x-amz-checksum-crc32c:sOO8/Q==\n", trailer);
    if (vectors_equal(v, "s3-docs/trailer", "chunk 1", CHUNK_1, one) &&
        vectors_equal(v, "s3-docs/trailer", "chunk 2", CHUNK_2, two) &&
        vectors_equal(v, "s3-docs/trailer", "chunk 3", CHUNK_3, three) &&
        vectors_equal(v, "s3-docs/trailer", "trailer", TRAILER, trailer))
        vectors_pass(v);
}

/* Our own encoder makes the same chain; its trailer is the checksum that it took on the way. */
static void signed_body(struct vectors *v, enum chunked_checksum checksum)
{
    cleanup_secret struct secret secret = SECRET_INIT;
    struct sigv4_key k = example_key(&secret);
    cleanup_free char *data = xmalloc(66560);
    struct str expected = STR_INIT;
    char trailer[65];
    size_t n;

    memset(data, 'a', 66560);
    cleanup_free char *sum = chunked_checksum_text(checksum, data, 66560);
    cleanup_free char *line = xasprintf("%s:%s", chunked_trailer_name(checksum), sum),
                      *signed_line = xasprintf("%s\n", line);
    sigv4_trailer_signature(&k, CHUNK_3, signed_line, trailer);
    str_append(&expected, "10000;chunk-signature=" CHUNK_1 "\r\n");
    str_append_bytes(&expected, data, 65536);
    str_append(&expected, "\r\n400;chunk-signature=" CHUNK_2 "\r\n");
    str_append_bytes(&expected, data, 1024);
    str_appendf(
        &expected,
        "\r\n0;chunk-signature=" CHUNK_3 "\r\n%s\r\nx-amz-trailer-signature:%s\r\n\r\n",
        line,
        trailer);

    struct chunked_body b = {.data = data, .len = 66560, .checksum = checksum, .sign = true};
    chunked_begin(&b, &k, SEED);
    for (int round = 0; round < 2; round++) { /* the second as for another attempt */
        chunked_begin(&b, &k, SEED);
        cleanup_free char *got = drain(&b, 1000, &n);
        if (n == b.source.length &&
            vectors_equal(v, chunked_algorithm(checksum), "signed body", str_get(&expected), got) &&
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

    json_array_foreach(json_object_get(file, "cases"), i, c) wire_case(&v, c);
    documented_chain(&v);
    signed_body(&v, CHUNKED_CRC64NVME);
    signed_body(&v, CHUNKED_CRC32);
    signed_body(&v, CHUNKED_SHA256);
    return vectors_end(&v);
}
