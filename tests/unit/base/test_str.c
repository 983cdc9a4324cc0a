/* base/str.h: growing, the maximum and its overflow, formatting, taking and wiping. */
#include "base/mem.h"
#include "base/str.h"
#include "unit/lib/suite.h"
#include <string.h>

START_TEST(append)
{
    cleanup_str struct str s = STR_INIT;
    ck_assert_str_eq(str_get(&s), "");
    str_append(&s, "a");
    str_append_char(&s, 'b');
    str_append_bytes(&s, "c\0d", 3);
    str_append_bytes(&s, NULL, 0);
    str_appendf(&s, "%03d", 7);
    ck_assert_uint_eq(s.len, 8);
    ck_assert_mem_eq(s.data, "abc\0d007", 9);
    str_truncate(&s, 2);
    ck_assert_str_eq(str_get(&s), "ab");
    str_truncate(&s, 100);
    ck_assert_uint_eq(s.len, 2);
    for (int i = 0; i < 10000; i++)
        str_appendf(&s, "%d,", i % 10);
    ck_assert_uint_eq(s.len, 20002);
    ck_assert_uint_eq(strlen(s.data), s.len);
}
END_TEST

START_TEST(maximum)
{
    cleanup_str struct str s = {.max = 5};
    str_append(&s, "12345");
    ck_assert(str_ok(&s));
    str_append(&s, "");
    ck_assert(str_ok(&s));
    str_append_char(&s, '6');
    ck_assert(!str_ok(&s));
    ck_assert_str_eq(str_get(&s), "12345");
    str_truncate(&s, 0);
    str_append(&s, "x"); /* sticky: the text has a hole, no later piece may hide it */
    ck_assert_str_eq(str_get(&s), "");
    str_clear(&s);
    str_appendf(&s, "%s", "123456");
    ck_assert(!str_ok(&s));
    str_clear(&s);
    str_append(&s, "ok");
    ck_assert(str_ok(&s));
    ck_assert_str_eq(str_get(&s), "ok");
}
END_TEST

START_TEST(take_and_wipe)
{
    struct str s = STR_INIT;
    cleanup_free char *empty = str_take(&s);
    ck_assert_str_eq(empty, "");
    str_append(&s, "text");
    cleanup_free char *text = str_take(&s);
    ck_assert_str_eq(text, "text");
    ck_assert(s.data == NULL && s.len == 0);
    str_append(&s, "again");
    str_wipe(&s);
    ck_assert_ptr_null(s.data);
    str_done(&s);
}
END_TEST

SUITE("base/str", append, maximum, take_and_wipe)
