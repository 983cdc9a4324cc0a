/* Interpolation, sizes, durations, words: the grammars alone. */
#include "compose/template.h"
#include "compose/units.h"
#include "unit/compose/kit.h"

static const char *lookup(void *arg, const char *name)
{
    return strcmp(name, "V") == 0   ? "value"
           : strcmp(name, "E") == 0 ? ""
           : strcmp(name, "D") == 0 ? "$V"
                                    : NULL;
}

START_TEST(expand)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"$V", "value"},
        {"$", "$"},
        {"a $", "a $"},
        {"$1", "$1"},
        {"$(V)", "$(V)"},
        {"${U:-$}", "$"},
        {"${V}", "value"},
        {"a$V.b", "avalue.b"},
        {"${V}x$V", "valuexvalue"},
        {"$$V", "$V"},
        {"$$$V", "$value"},
        {"$$$$", "$$"},
        {"$${V}", "${V}"},
        {"$D", "$V"},
        {"$Vx", "<Vx>"},
        {"$V-x", "value-x"},
        {"${V:-d}", "value"},
        {"${V-d}", "value"},
        {"${E:-d}", "d"},
        {"${E-d}", ""},
        {"${U:-d}", "d"},
        {"${U-d}", "d"},
        {"${U:-}", ""},
        {"${V:+r}", "r"},
        {"${V+r}", "r"},
        {"${E:+r}", ""},
        {"${E+r}", "r"},
        {"${U:+r}", ""},
        {"${U+r}", ""},
        {"${V:?e}", "value"},
        {"${V?e}", "value"},
        {"${E?e}", ""},
        {"${U:-${V}}", "value"},
        {"${U:-${W:-${V}}}", "value"},
        {"${U:-a${V}b}c", "avaluebc"},
        {"${U:-$$}", "$"},
        {"${U:-{}}", "{}"},
        {"${U:-{\"a\":{}}}!", "{\"a\":{}}!"},
        {"${V:+${E:-x}}", "x"},
        {"${U:-a:-b}", "a:-b"},
        {"${U-:}", ":"},
        {"${U:-?}", "?"},
        {"${U:-two\nlines}", "two\nlines"},
        {"${U}", "<U>"},
        {"$U/$W", "<U>/<W>"},
        {"${U:-${W}}", "<W>"},
        {"_$_a", "_<_a>"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        cleanup_str struct str got = STR_INIT;
        const char *out, *problem = NULL;
        ck_assert_msg(
            template_expand(a, rows[i][0], lookup, NULL, &out, &problem) == 0,
            "%s: %s",
            rows[i][0],
            problem);
        struct compose_text text = template_to_text(a, out, (struct yaml_pos){0});
        for (const struct compose_part *p = text.first; p; p = p->next)
            str_appendf(&got, p->is_config ? "<%s>" : "%s", p->text);
        ck_assert_msg(strcmp(str_get(&got), rows[i][1]) == 0, "%s: %s", rows[i][0], str_get(&got));
    }
}
END_TEST

START_TEST(expand_refused)
{
    static const char *const rows[][2] = {
        {"${", "invalid"},
        {"${}", "invalid"},
        {"${V", "invalid"},
        {"${V:x}", "invalid"},
        {"${V!}", "invalid"},
        {"${1}", "invalid"},
        {"${ V}", "invalid"},
        {"${U:?}", "required variable U is missing a value"},
        {"${U?say $V}", "required variable U is missing a value: say value"},
        {"${E:?no}", "required variable E is missing a value: no"},
        {"${V:", "invalid"},
        {"${V:}", "invalid"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        const char *out, *problem = "";
        ck_assert_msg(
            template_expand(a, rows[i][0], lookup, NULL, &out, &problem) < 0,
            "%s is taken",
            rows[i][0]);
        ck_assert_msg(
            strncmp(problem, rows[i][1], strlen(rows[i][1])) == 0, "%s: %s", rows[i][0], problem);
    }
}
END_TEST

START_TEST(expand_bounds)
{
    cleanup_arena struct arena *a = arena_new();
    cleanup_str struct str deep = STR_INIT;
    const char *out, *problem = NULL;
    for (int i = 0; i < 100000; i++)
        str_append(&deep, "${U:-");
    for (int i = 0; i < 100000; i++)
        str_append(&deep, "}");
    ck_assert_int_lt(template_expand(a, str_get(&deep), lookup, NULL, &out, &problem), 0);
    ck_assert_ptr_nonnull(strstr(problem, "too deeply"));
    str_clear(&deep);
    for (int i = 0; i < 300000; i++)
        str_append(&deep, "$V");
    ck_assert_int_lt(template_expand(a, str_get(&deep), lookup, NULL, &out, &problem), 0);
    ck_assert_ptr_nonnull(strstr(problem, "too large"));
}
END_TEST

START_TEST(durations)
{
    static const struct {
        const char *text;
        int64_t ms;
        const char *printed;
    } rows[] = {
        {"1s", 1000, "1s"},
        {"90s", 90000, "1m30s"},
        {"1m30s", 90000, "1m30s"},
        {"2h", 7200000, "2h0m0s"},
        {"1.5s", 1500, "1.5s"},
        {"500ms", 500, "500ms"},
        {"250us", 0, "250µs"},
        {"1d", 86400000, "24h0m0s"},
        {"1w", 604800000, "168h0m0s"},
        {"0", 0, "0s"},
        {"0s", 0, "0s"},
        {"1h1ms", 3600001, "1h0m0.001s"},
        {"1.25ms", 1, "1.25ms"},
        {"7ns", 0, "7ns"},
        {"", -1, NULL},
        {"5", -1, NULL},
        {"s", -1, NULL},
        {"1x", -1, NULL},
        {"1 s", -1, NULL},
        {"1s ", -1, NULL},
        {".s", -1, NULL},
        {"1.2.3s", -1, NULL},
        {"99999999999h", -1, NULL},
        {"1e3s", -1, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ns;
        ck_assert_msg(compose_parse_duration_ms(rows[i].text) == rows[i].ms, "%s", rows[i].text);
        ck_assert_int_eq(units_parse_duration_ns(rows[i].text, &ns) == 0, rows[i].printed != NULL);
        if (!rows[i].printed)
            continue;
        cleanup_str struct str out = STR_INIT;
        units_format_duration_ns(ns, &out);
        ck_assert_str_eq(str_get(&out), rows[i].printed);
    }
    ck_assert_int_eq(compose_parse_duration_ms("-1s"), -1);
}
END_TEST

START_TEST(sizes)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } rows[] = {
        {"0", 0},
        {"1024", 1024},
        {"512b", 512},
        {"1k", 1024},
        {"1kb", 1024},
        {"1KiB", 1024},
        {"1.5m", 1572864},
        {"2 GB", 2147483648LL},
        {"1t", 1099511627776LL},
        {"1P", 1125899906842624LL},
        {"", -1},
        {"k", -1},
        {"1x", -1},
        {"1kk", -1},
        {"1 ", 1},
        {"-1", -1},
        {"1.2.3", -1},
        {"9999999999p", -1},
        {"1  k", -1},
        {"1i", -1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ck_assert_msg(
            compose_parse_bytes(rows[i].text) == rows[i].bytes,
            "%s: %lld",
            rows[i].text,
            (long long)compose_parse_bytes(rows[i].text));
}
END_TEST

START_TEST(words)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"   ", ""},
        {"a", "[a]"},
        {" a  b\tc\n", "[a][b][c]"},
        {"'a b' \"c d\"", "[a b][c d]"},
        {"a'b'\"c\"", "[abc]"},
        {"''", "[]"},
        {"a\\ b", "[a b]"},
        {"\"a\\\"b\\\\c\\n\"", "[a\"b\\c\\n]"},
        {"'a\\b'", "[a\\b]"},
        {"a\\\nb", "[ab]"},
        {"\"$$x\"", "[$$x]"},
        {"sh -c 'echo \"hi\"'", "[sh][-c][echo \"hi\"]"},
    };
    static const char *const open[] = {"'a", "\"a", "a 'b", "a\\", "\"a\\\""};
    cleanup_arena struct arena *a = arena_new();
    const char **out;
    size_t count;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_str struct str got = STR_INIT;
        ck_assert_int_eq(units_split_words(a, rows[i][0], &out, &count), 0);
        for (size_t k = 0; k < count; k++)
            str_appendf(&got, "[%s]", out[k]);
        ck_assert_str_eq(str_get(&got), rows[i][1]);
    }
    for (size_t i = 0; i < ARRAY_LEN(open); i++)
        ck_assert_msg(units_split_words(a, open[i], &out, &count) < 0, "%s", open[i]);
}
END_TEST

SUITE("compose/template", expand, expand_refused, expand_bounds, durations, sizes, words)
