/* base/digest.h against published values (RFC 4231, RFC 4648, FIPS 180), and sealing that
 * notices any change. */
#include "base/digest.h"
#include "base/mem.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

static void check_hex(const uint8_t *bytes, size_t n, const char *expected)
{
    cleanup_free char *hex = digest_hex(bytes, n);
    ck_assert_str_eq(hex, expected);
}

START_TEST(known_digests)
{
    uint8_t out[SHA256_BYTES];
    digest_sha256("abc", 3, out);
    check_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256(NULL, 0, out);
    check_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_sha1("abc", 3, out);
    check_hex(out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
    digest_md5("abc", 3, out);
    check_hex(out, 16, "900150983cd24fb0d6963f7d28e17f72");
    /* RFC 4231, cases 2 and 6 (a key longer than a block) */
    digest_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    check_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    uint8_t key[131];
    memset(key, 0xaa, sizeof key);
    digest_hmac_sha256(
        key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
    check_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    digest_hmac_sha256(NULL, 0, NULL, 0, out);
    check_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

START_TEST(stream_equals_one_call)
{
    uint8_t data[1000], whole[SHA256_BYTES], parts[SHA256_BYTES];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 31);
    digest_sha256(data, sizeof data, whole);
    struct digest_stream *d = digest_stream_new();
    for (size_t at = 0, step = 1; at < sizeof data; at += step, step = step * 2 + 1)
        digest_stream_update(d, data + at, MIN(step, sizeof data - at));
    digest_stream_finish(d, parts);
    ck_assert_mem_eq(whole, parts, SHA256_BYTES);
    digest_stream_free(digest_stream_new());
    digest_stream_free(NULL);
}
END_TEST

START_TEST(checksums)
{
    /* check values of the CRC catalogue: the digits 1 to 9 */
    ck_assert_uint_eq(digest_crc32(0, "123456789", 9), 0xcbf43926);
    ck_assert_uint_eq(digest_crc64nvme(0, "123456789", 9), 0xae8b14860a799888ULL);
    ck_assert_uint_eq(digest_crc64nvme(0, NULL, 0), 0);
    ck_assert_uint_eq(digest_crc32(7, NULL, 0), 7);
    uint8_t data[100];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    uint64_t whole = digest_crc64nvme(0, data, sizeof data);
    uint32_t whole32 = digest_crc32(0, data, sizeof data);
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        ck_assert_uint_eq(
            digest_crc64nvme(digest_crc64nvme(0, data, cut), data + cut, sizeof data - cut), whole);
        ck_assert_uint_eq(
            digest_crc32(digest_crc32(0, data, cut), data + cut, sizeof data - cut), whole32);
    }
}
END_TEST

START_TEST(base64)
{
    static const struct {
        const char *plain, *coded, *url;
    } rows[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"\xff\xfe\xfd?>", "//79Pz4=", "__79Pz4"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = strlen(rows[i].plain), back_len;
        cleanup_free char *coded = digest_base64(rows[i].plain, n),
                          *url = digest_base64url(rows[i].plain, n);
        cleanup_free void *back = NULL;
        ck_assert_str_eq(coded, rows[i].coded);
        ck_assert_str_eq(url, rows[i].url);
        ck_assert_int_eq(digest_base64_decode(coded, &back, &back_len), 0);
        ck_assert_uint_eq(back_len, n);
        ck_assert_mem_eq(back, rows[i].plain, n);
    }
    static const char *const bad[] = {
        "Z",
        "Zg",
        "Zg=",
        "Zg===",
        "Zh==",
        "Zm9=",
        "Z===",
        "====",
        "Zm 9",
        "Zm-_",
        "Zg==Zg==",
        "=m9v"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        void *out = NULL;
        size_t n;
        ck_assert_msg(digest_base64_decode(bad[i], &out, &n) == -EINVAL && !out, "%s", bad[i]);
    }
}
END_TEST

START_TEST(sealing)
{
    uint8_t key[32] = {1, 2, 3}, other[32] = {9};
    cleanup_free void *sealed = NULL, *again = NULL, *plain = NULL;
    size_t n, again_n, plain_n;
    ck_assert_int_eq(digest_seal(key, "row 1", 5, "secret", 6, &sealed, &n), 0);
    ck_assert_uint_eq(n, 12 + 6 + 16);
    ck_assert_ptr_null(memmem(sealed, n, "secret", 6));
    ck_assert_int_eq(digest_seal(key, "row 1", 5, "secret", 6, &again, &again_n), 0);
    ck_assert_mem_ne(sealed, again, n); /* a nonce of its own each time */
    ck_assert_int_eq(digest_open(key, "row 1", 5, sealed, n, &plain, &plain_n), 0);
    ck_assert_uint_eq(plain_n, 6);
    ck_assert_mem_eq(plain, "secret", 7);
    void *none = NULL;
    ck_assert_int_eq(digest_open(other, "row 1", 5, sealed, n, &none, &plain_n), -EBADMSG);
    ck_assert_int_eq(digest_open(key, "row 2", 5, sealed, n, &none, &plain_n), -EBADMSG);
    ck_assert_int_eq(digest_open(key, NULL, 0, sealed, n, &none, &plain_n), -EBADMSG);
    ck_assert_int_eq(digest_open(key, "row 1", 5, sealed, 27, &none, &plain_n), -EBADMSG);
    for (size_t i = 0; i < n; i++) { /* any flipped bit is seen */
        ((uint8_t *)sealed)[i] ^= 0x10;
        ck_assert_int_eq(digest_open(key, "row 1", 5, sealed, n, &none, &plain_n), -EBADMSG);
        ((uint8_t *)sealed)[i] ^= 0x10;
    }
    ck_assert_ptr_null(none);
}
END_TEST

START_TEST(sealing_nothing)
{
    uint8_t key[32] = {0};
    cleanup_free void *sealed = NULL, *plain = NULL;
    size_t n, plain_n = 7;
    ck_assert_int_eq(digest_seal(key, NULL, 0, NULL, 0, &sealed, &n), 0);
    ck_assert_int_eq(digest_open(key, NULL, 0, sealed, n, &plain, &plain_n), 0);
    ck_assert_uint_eq(plain_n, 0);
    /* NIST GCM test case 13: zero key, zero nonce, nothing: the tag is known */
    static const uint8_t known[28] = {0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0x53, 0x0f, 0x8a, 0xfb, 0xc7, 0x45, 0x36, 0xb9,
                                      0xa9, 0x63, 0xb4, 0xf1, 0xc4, 0xcb, 0x73, 0x8b};
    cleanup_free void *nothing = NULL;
    ck_assert_int_eq(digest_open(key, NULL, 0, known, sizeof known, &nothing, &plain_n), 0);
}
END_TEST

SUITE(
    "base/digest",
    known_digests,
    stream_equals_one_call,
    checksums,
    base64,
    sealing,
    sealing_nothing)
