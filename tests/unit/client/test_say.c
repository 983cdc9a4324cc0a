/* What reaches a terminal: clean, cut to the column, in people's units. */
#include "client/view/say.h"
#include "unit/lib/suite.h"

#include "base/mem.h"
#include "base/str.h"
#include <string.h>

START_TEST(control_characters_are_taken_out)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {NULL, ""},
        {"", ""},
        {"plain", "plain"},
        {"a\tb", "a b"},
        {"a\rb\nc", "ab c"},
        {"\033[31mred\033[0m", "red"},
        {"\033[2K\033[1Gline", "line"},
        {"\033]0;title\007x", "]0;titlex"},
        {"cut \033[", "cut "},
        {"cut \033[3", "cut "},
        {"\xc2\x9b"
         "31mred",
         "31mred"},
        {"\xc2\xa0k\xc3\xa4se", "\xc2\xa0k\xc3\xa4se"},
        {"del\x7f", "del"},
        {"\xe2\x9c\x94 ok", "\xe2\x9c\x94 ok"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_free char *clean = say_clean(rows[i].in);
        ck_assert_str_eq(clean, rows[i].out);
    }
}
END_TEST

START_TEST(widths)
{
    static const struct {
        const char *text;
        size_t columns;
    } rows[] = {
        {"", 0},
        {"abc", 3},
        {"k\xc3\xa4se", 4},
        {"\xe2\x9c\x94", 1},
        {"\xe6\x97\xa5\xe6\x9c\xac", 4},
        {"\xf0\x9f\x9a\x80", 2},
        {"e\xcc\x81", 1},
        {"\xe2\xa0\x8b", 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ck_assert_msg(
            say_width(rows[i].text) == rows[i].columns,
            "%s: %zu",
            rows[i].text,
            say_width(rows[i].text));
}
END_TEST

START_TEST(a_cut_fits_for_every_width)
{
    static const char *const texts[] = {
        "hello world",
        "k\xc3\xa4se und br\xc3\xb6t",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
        "\xf0\x9f\x9a\x80 npm \xe2\x9c\xa8 done",
        ""};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        for (size_t columns = 0; columns < 20; columns++) {
            cleanup_free char *cut = say_fit(texts[i], columns);

            ck_assert_msg(say_width(cut) <= columns, "%s in %zu: %s", texts[i], columns, cut);
            ck_assert(text_utf8_valid(cut, strlen(cut)));

            if (say_width(texts[i]) <= columns)
                ck_assert_str_eq(cut, texts[i]);
            else if (columns > 0)
                ck_assert(text_ends(cut, "\xe2\x80\xa6"));
        }

    cleanup_free char *cut = say_fit("hello world", 6);
    ck_assert_str_eq(cut, "hello\xe2\x80\xa6");
}
END_TEST

START_TEST(elapsed)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {-5, "0.0 s"},
        {0, "0.0 s"},
        {99, "0.0 s"},
        {38249, "38.2 s"},
        {59999, "59.9 s"},
        {60000, "1 m 00 s"},
        {131000, "2 m 11 s"},
        {3599999, "59 m 59 s"},
        {3600000, "1 h 00 m"},
        {3723000, "1 h 02 m"},
        {INT64_C(360000000), "100 h 00 m"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[32];

        say_elapsed(rows[i].ms, text, sizeof text);
        ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

SUITE("client/say", control_characters_are_taken_out, widths, a_cut_fits_for_every_width, elapsed)
