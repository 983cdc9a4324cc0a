/* Whole texts as gzip: what was packed comes back, and nothing else does. */
#include "pack/gzip_bytes.h"
#include "unit/lib/suite.h"

#include "base/mem.h"
#include <errno.h>
#include <string.h>

START_TEST(there_and_back)
{
    static const size_t sizes[] = {0, 1, 100, 70000, 300000};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        cleanup_free char *text = xmalloc(sizes[i] + 1);
        cleanup_str struct str packed = STR_INIT, again = STR_INIT, back = STR_INIT;

        for (size_t k = 0; k < sizes[i]; k++)
            text[k] = (char)('a' + k * k % 23);
        gzip_bytes(text, sizes[i], &packed);
        gzip_bytes(text, sizes[i], &again);
        ck_assert_uint_eq(packed.len, again.len);
        ck_assert_mem_eq(packed.data, again.data, packed.len);
        ck_assert_int_eq(gunzip_bytes(packed.data, packed.len, sizes[i], &back), 0);
        ck_assert_uint_eq(back.len, sizes[i]);
        if (sizes[i])
            ck_assert_mem_eq(back.data, text, sizes[i]);
    }
}
END_TEST

START_TEST(bounded_and_checked)
{
    cleanup_free char *zeros = xcalloc(1, 1 << 20);
    cleanup_str struct str packed = STR_INIT, out = STR_INIT;

    gzip_bytes(zeros, 1 << 20, &packed);
    ck_assert_int_eq(gunzip_bytes(packed.data, packed.len, 1000, &out), -EMSGSIZE);
    for (size_t n = 0; n < packed.len; n += 97) {
        str_clear(&out);
        ck_assert_int_eq(gunzip_bytes(packed.data, n, 2 << 20, &out), -EBADMSG);
    }
    str_append_char(&packed, 'x'); /* more behind it */
    str_clear(&out);
    ck_assert_int_eq(gunzip_bytes(packed.data, packed.len, 2 << 20, &out), -EBADMSG);
    packed.data[packed.len - 5] ^= 1; /* the length in its trailer */
    ck_assert_int_eq(gunzip_bytes(packed.data, packed.len - 1, 2 << 20, &out), -EBADMSG);
    ck_assert_int_eq(gunzip_bytes("no gzip", 7, 100, &out), -EBADMSG);
}
END_TEST

SUITE("pack/gzip_bytes", there_and_back, bounded_and_checked)
