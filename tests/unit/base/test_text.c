/* The string helpers of base/str.h: comparing, trimming, numbers, UTF-8, the nearest word. */
#include "base/mem.h"
#include "base/str.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <limits.h>
#include <string.h>

START_TEST(compare)
{
    ck_assert(
        text_eq("a", "a") && !text_eq("a", "b") && text_eq(NULL, NULL) && !text_eq(NULL, "") &&
        !text_eq("", NULL));
    ck_assert(
        text_eq_nocase("aZ9", "Az9") && !text_eq_nocase("a", "ab") && !text_eq_nocase("@", "`") &&
        text_eq_nocase(NULL, NULL) && !text_eq_nocase("a", NULL));
    ck_assert(
        text_starts("abc", "ab") && text_starts("abc", "") && !text_starts("a", "ab") &&
        !text_starts(NULL, ""));
    ck_assert(
        text_ends("abc", "bc") && text_ends("abc", "") && !text_ends("c", "bc") &&
        !text_ends(NULL, ""));
    ck_assert(text_empty(NULL) && text_empty("") && !text_empty(" "));
}
END_TEST

START_TEST(lower_and_trim)
{
    cleanup_free char *lower = text_lower("ABz-\xc3\x84");
    ck_assert_str_eq(lower, "abz-\xc3\x84");
    static const char *const rows[][2] = {
        {"  a b\t\r\n", "a b"}, {"", ""}, {" \t ", ""}, {"x", "x"}, {"\xc2\xa0", "\xc2\xa0"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_free char *out = text_trim(rows[i][0]);
        ck_assert_str_eq(out, rows[i][1]);
    }
}
END_TEST

START_TEST(utf8)
{
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"", true},
        {"ascii", true},
        {"\xc2\x80", true},
        {"\xdf\xbf", true},
        {"\xe0\xa0\x80", true},
        {"\xed\x9f\xbf", true},
        {"\xef\xbf\xbf", true},
        {"\xf0\x90\x80\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\x80", false},
        {"\xc0\x80", false}, /* overlong */
        {"\xc1\xbf", false},
        {"\xe0\x9f\xbf", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xed\xa0\x80", false},     /* surrogate */
        {"\xf4\x90\x80\x80", false}, /* past U+10FFFF */
        {"\xf5\x80\x80\x80", false},
        {"\xff", false},
        {"\xc2", false}, /* cut */
        {"\xe2\x82", false},
        {"\xf0\x90\x80", false},
        {"\xc2"
         "a",
         false},
        {"a\xe2\x82\xac z \xe2\x82", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ck_assert_msg(
            text_utf8_valid(rows[i].text, strlen(rows[i].text)) == rows[i].valid, "row %zu", i);
}
END_TEST

START_TEST(nearest)
{
    static const char *const names[] = {
        "environment", "env_file", "ports", "image", "build", "restart", NULL};

    static const struct {
        const char *word, *found;
    } rows[] = {
        {"enviroment", "environment"},
        {"port", "ports"},
        {"imgae", "image"},
        {"Image", "image"},
        {"imag", "image"},
        {"buidl", "build"},
        {"zzz", NULL},
        {"prots", "ports"},
        {"oprst", NULL},
        {"", NULL},
        {"restartt", "restart"},
        {"envirnmnt", "environment"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *found = text_nearest(rows[i].word, names);
        ck_assert_msg(
            text_eq(found, rows[i].found), "%s: %s", rows[i].word, found ? found : "nothing");
    }
    char longword[200];
    memset(longword, 'a', sizeof longword - 1);
    longword[sizeof longword - 1] = '\0';
    ck_assert_ptr_null(text_nearest(longword, names));
}
END_TEST

START_TEST(integers)
{
    static const struct {
        const char *text;
        long long min, max;
        int rc;
        long long value;
    } rows[] = {
        {"0", 0, 10, 0, 0},
        {"10", 0, 10, 0, 10},
        {"11", 0, 10, -EINVAL, 0},
        {"-1", 0, 10, -EINVAL, 0},
        {"-1", -1, 10, 0, -1},
        {"+5", 0, 10, 0, 5},
        {"007", 0, 10, 0, 7},
        {"", 0, 10, -EINVAL, 0},
        {"-", -5, 5, -EINVAL, 0},
        {" 1", 0, 10, -EINVAL, 0},
        {"1 ", 0, 10, -EINVAL, 0},
        {"0x1", 0, 10, -EINVAL, 0},
        {"9223372036854775807", LLONG_MIN, LLONG_MAX, 0, LLONG_MAX},
        {"-9223372036854775808", LLONG_MIN, LLONG_MAX, 0, LLONG_MIN},
        {"9223372036854775808", LLONG_MIN, LLONG_MAX, -EINVAL, 0},
        {"-9223372036854775809", LLONG_MIN, LLONG_MAX, -EINVAL, 0},
        {"99999999999999999999999", LLONG_MIN, LLONG_MAX, -EINVAL, 0},
        {NULL, 0, 10, -EINVAL, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        long long value = 0;
        ck_assert_msg(
            text_parse_int(rows[i].text, rows[i].min, rows[i].max, &value) == rows[i].rc,
            "row %zu",
            i);
        ck_assert_int_eq(value, rows[i].value);
    }
}
END_TEST

START_TEST(access_03_what_prints_nothing_is_written_out)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"us-west-2", "us-west-2"},
        {"us-west-2\r", "us-west-2\\r"},
        {"\tus\n", "\\tus\\n"},
        {"\x1b[1m\x7f\x01", "\\x1b[1m\\x7f\\x01"},
        {"\xef\xbb\xbfus", "\\ufeffus"},
        {"us\xc2\xa0", "us\\u00a0"},
        {"us\xe2\x80\x8b", "us\\u200b"},
        {"Z\xc3\xbcrich", "Z\xc3\xbcrich"},
        {"\xff\xc3", "\\xff\\xc3"},
        {"\xc3(", "\\xc3("},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *shown = text_visible(cases[i].text);
        ck_assert_str_eq(shown, cases[i].shown);
    }
}
END_TEST

START_TEST(access_02_a_word_of_a_command_can_be_pasted)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        {"shop", "shop"},
        {"a.b-c_d@e:/,+=%1", "a.b-c_d@e:/,+=%1"},
        {"my shop", "'my shop'"},
        {"it's", "'it'\\''s'"},
        {"$(x)", "'$(x)'"},
        {"", "''"},
        {"~", "'~'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *word = text_shell(cases[i].text);
        ck_assert_str_eq(word, cases[i].word);
    }
}
END_TEST

SUITE(
    "base/text",
    compare,
    lower_and_trim,
    utf8,
    nearest,
    integers,
    access_02_a_word_of_a_command_can_be_pasted,
    access_03_what_prints_nothing_is_written_out)
