/* Checksums and text codings of base/digest.h: the parts that need no OpenSSL, but belong beside
 * it for whoever looks for them.
 *
 * CRC-64/NVME is what S3 keeps of an object by default; it is worked out here, eight bytes a step,
 * as zlib has none. Its table is filled once, before main(). Hex is lower-case; base64 is RFC
 * 4648's, with the URL alphabet for tokens. */
#include "base/digest.h"

#include "base/mem.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

uint32_t digest_crc32(uint32_t crc, const void *data, size_t n)
{
    /* zlib reads NULL as "give me the start value". */
    const void *start = n ? data : (const void *)"";

    return (uint32_t)crc32_z(crc, start, n);
}

/* CRC-64/NVME: the reflected form of 0xad93d23594c93659. */
#define CRC64NVME_POLY 0x9a6c9329ac4bc9b5ULL

/* table[k][b]: what byte b does to the sum from k bytes further on; eight bytes go in one step. */
static uint64_t crc64_table[8][256];

__attribute__((constructor)) static void crc64_fill(void)
{
    for (unsigned b = 0; b < 256; b++) {
        uint64_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ CRC64NVME_POLY : crc >> 1;
        crc64_table[0][b] = crc;
    }

    for (unsigned b = 0; b < 256; b++)
        for (unsigned k = 1; k < 8; k++)
            crc64_table[k][b] =
                crc64_table[k - 1][b] >> 8 ^ crc64_table[0][crc64_table[k - 1][b] & 0xff];
}

static uint64_t load_le64(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

uint64_t digest_crc64nvme(uint64_t crc, const void *data, size_t n)
{
    const uint8_t *p = data;

    crc = ~crc;
    for (; n >= 8; n -= 8, p += 8) {
        crc ^= load_le64(p);
        uint64_t next = 0;
        for (unsigned k = 0; k < 8; k++)
            next ^= crc64_table[7 - k][crc >> (8 * k) & 0xff];
        crc = next;
    }

    for (; n; n--)
        crc = crc >> 8 ^ crc64_table[0][(crc ^ *p++) & 0xff];

    return ~crc;
}

void digest_hex_to(const uint8_t *bytes, size_t n, char *out)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
    *out = '\0';
}

char *digest_hex(const uint8_t *bytes, size_t n)
{
    char *out = xmalloc(2 * n + 1);
    digest_hex_to(bytes, n, out);
    return out;
}

#define ALPHABET_COMMON "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static char *encode(const uint8_t *in, size_t n, const char *alphabet, bool pad)
{
    char *out = xmalloc((n + 2) / 3 * 4 + 1), *p = out;

    for (; n >= 3; n -= 3, in += 3) {
        *p++ = alphabet[in[0] >> 2];
        *p++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
        *p++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
        *p++ = alphabet[in[2] & 63];
    }

    if (n) {
        unsigned second = n == 2 ? in[1] : 0;
        *p++ = alphabet[in[0] >> 2];
        *p++ = alphabet[(in[0] & 3u) << 4 | second >> 4];
        if (n == 2)
            *p++ = alphabet[(second & 15) << 2];
        for (size_t i = n; pad && i < 3; i++)
            *p++ = '=';
    }
    *p = '\0';
    return out;
}

char *digest_base64(const void *bytes, size_t n)
{
    return encode(bytes, n, ALPHABET_COMMON "+/", true);
}

char *digest_base64url(const void *bytes, size_t n)
{
    return encode(bytes, n, ALPHABET_COMMON "-_", false);
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int digest_base64_decode(const char *text, void **out, size_t *n)
{
    size_t len = strlen(text), padding = 0;

    if (len % 4)
        return -EINVAL;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    size_t full = len - padding;
    uint8_t *bytes = xmalloc(len / 4 * 3 + 1), *p = bytes;
    uint32_t bits = 0;
    for (size_t i = 0; i < full; i++) {
        int v = sextet(text[i]);
        if (v < 0) {
            free(bytes);
            return -EINVAL;
        }
        bits = bits << 6 | (uint32_t)v;
        if (i % 4)
            *p++ = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }

    /* one spelling for one value: what is left over must be zero */
    if ((padding == 1 && bits & 3) || (padding == 2 && bits & 15)) {
        free(bytes);
        return -EINVAL;
    }
    *p = '\0';
    *out = bytes;
    *n = (size_t)(p - bytes);
    return 0;
}
