/* The grammar of .env files; expected values are what the reference loader's dotenv package gives.
 */
#include "compose/read/dotenv.h"
#include "unit/compose/kit.h"

static const char *lookup(void *arg, const char *name)
{
    return strcmp(name, "SHELL_V") == 0 ? "shell" : NULL;
}

/* A=1|B=2; an unset bare name is A! */
static char *flatten(const struct dotenv *d)
{
    struct str out = STR_INIT;
    for (size_t i = 0; i < d->len; i++)
        str_appendf(
            &out,
            d->items[i].value ? "%s%s=%s" : "%s%s!",
            i ? "|" : "",
            d->items[i].name,
            d->items[i].value);
    return str_take(&out);
}

START_TEST(accepted)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"# only\n\n", ""},
        {"A=1", "A=1"},
        {"A=1\nB=2\n", "A=1|B=2"},
        {"A=1\r\nB=2\r\n", "A=1|B=2"},
        {"export A=1", "A=1"},
        {"export\tA=1", "A=1"},
        {"exported=1", "exported=1"},
        {"  A = 1  ", "A=1"},
        {"A: 1", "A=1"},
        {"A=", "A="},
        {"A=\nB=1", "A=|B=1"},
        {"A=a#b", "A=a#b"},
        {"A=a #b", "A=a"},
        {"A=#b", "A=#b"},
        {"A= #b", "A=#b"},
        {"A='a #b' # c", "A=a #b"},
        {"A=\"a #b\" # c", "A=a #b"},
        {"A='$B'", "A=$B"},
        {"B=1\nA=$B", "B=1|A=1"},
        {"B=1\nA=\"${B}2\"", "B=1|A=12"},
        {"A=$SHELL_V", "A=shell"},
        {"SHELL_V=own\nA=$SHELL_V", "SHELL_V=own|A=shell"},
        {"A=${N:-d}", "A=d"},
        {"A=\"\\$B\"", "A=$B"},
        {"A=$$B", "A=$B"},
        {"A=\"x\\ny\\tz\"", "A=x\ny\tz"},
        {"A='x\\ny'", "A=x\\ny"},
        {"A=x\\ny", "A=x\\ny"},
        {"A=\"q\\\"q\"", "A=q\"q"},
        {"A='q\\'q'", "A=q'q"},
        {"A=\"one\ntwo\"\nB=1", "A=one\ntwo|B=1"},
        {"A=\"a\\\\b\"", "A=a\\b"},
        {"A=\"\\0101\"", "A=A"},
        {"A=\"\\x\"", "A=\\x"},
        {"SHELL_V", "SHELL_V=shell"},
        {"NOBODY", "NOBODY!"},
        {"A=1\nA=2", "A=1|A=2"},
        {"A.B-C[0]=1", "A.B-C[0]=1"},
        {"A=a b c", "A=a b c"},
        {"A=it's", "A=it's"},
        {"\xef\xbb\xbf"
         "A=1",
         "A=1"},
        {"A=\xc3\xa9", "A=\xc3\xa9"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        cleanup_error struct error err = ERROR_INIT;
        struct dotenv d;
        int rc = dotenv_parse(a, "f.env", rows[i][0], false, lookup, NULL, &d, &err);
        ck_assert_msg(rc == 0, "%s: %s", rows[i][0], err.message);
        cleanup_free char *flat = flatten(&d);
        ck_assert_msg(strcmp(flat, rows[i][1]) == 0, "row %zu: %s", i, flat);
    }
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text;
        unsigned line;
    } rows[] = {
        {"=1", 1},
        {"A=1\nB B=2", 2},
        {"A=1\n\nB='open", 3},
        {"A=\"open\nmore", 1},
        {"A=1\nB!=2", 2},
        {"A=${B", 1},
        {"A=${B:?gone}", 1}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        cleanup_error struct error err = ERROR_INIT;
        struct dotenv d;
        ck_assert_msg(
            dotenv_parse(a, "f.env", rows[i].text, false, NULL, NULL, &d, &err) < 0, "row %zu", i);
        ck_assert_str_eq(err.file, "f.env");
        ck_assert_msg(err.line == rows[i].line, "row %zu: line %u", i, err.line);
        ck_assert_int_eq(err.kind, ERR_USAGE);
    }
}
END_TEST

START_TEST(raw)
{
    cleanup_arena struct arena *a = arena_new();
    struct dotenv d;
    ck_assert_int_eq(
        dotenv_parse(a, "f", "A=\"$X\" # y\r\n# c\nB= z\n", true, NULL, NULL, &d, NULL), 0);
    cleanup_free char *flat = flatten(&d);
    ck_assert_str_eq(flat, "A=\"$X\" # y|B= z");
}
END_TEST

SUITE("compose/dotenv", accepted, refused, raw)
