/* The grammar alone; what the AWS CLI makes of profiles is tested above it. Expected values were
 * compared with Python's RawConfigParser. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/ini.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

/* "[a]k=v|k2=v2;[b]" */
static char *flatten(const struct ini_file *f)
{
    struct str s = STR_INIT;
    for (const struct ini_section *x = f->sections; x; x = x->next) {
        str_appendf(&s, "%s[%s]", s.len ? ";" : "", x->name);
        for (const struct ini_entry *e = x->entries; e; e = e->next)
            str_appendf(&s, "%s%s=%s", e == x->entries ? "" : "|", e->key, e->value);
    }
    return str_take(&s);
}

START_TEST(accepted)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"# only\n ; comments\n\n", ""},
        {"[a]", "[a]"},
        {"[a]\nk=v", "[a]k=v"},
        {"[a]\r\nk = v\r\n[b]\r\n", "[a]k=v;[b]"},
        {"[a]\rk=v\r", "[a]k=v"},
        {"[ a b ]\n", "[ a b ]"},
        {"[a]\nKeY : v = w", "[a]key=v = w"},
        {"[a]\nk = v # kept ; too", "[a]k=v # kept ; too"},
        {"[a]\nk=", "[a]k="},
        {"[a]\nk k2 = v", "[a]k k2=v"},
        {"[a]; text ] not last? ]\nk=v", "[a]; text ] not last? ]k=v"},
        {"[a] text\nk=v", "[a]k=v"},
        {"  [a]\n  k=v\n  l=w", "[a]k=v|l=w"},
        {"[a]\nk=v\n  w\n\tx # y", "[a]k=v\nw\nx # y"},
        {"[a]\nk=v\n  # a comment inside\n  w", "[a]k=v\nw"},
        {"[a]\nk=v\n\n  w\n\n\nl=1", "[a]k=v\n\nw|l=1"},
        {"[a]\nk=\n  x = 1\n  y = 2", "[a]k=\nx = 1\ny = 2"},
        {"[a]\n  k=v\n  l=w\nm=x", "[a]k=v|l=w|m=x"},
        {"[a]\nk=v\n  [b]", "[a]k=v\n[b]"},
        {"[a]\n  k=v\n [b]\n", "[a]k=v;[b]"},
        {"[a]\nk=\xe2\x82\xac", "[a]k=\xe2\x82\xac"},
        {"[a]\nk=\xc2\xa0v\xe3\x80\x80", "[a]k=v"},
        {"[a]\nk=1\n[A]\nk=2\n", "[a]k=1;[A]k=2"},
        {"[DEFAULT]\nr=1\ns=2\n[a]\ns=3\n[b]\n[DEFAULT]\nt=4", "[a]s=3|r=1|t=4;[b]r=1|s=2|t=4"},
        {"[a]\n[b]\nk=v", "[a];[b]k=v"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        struct ini_file f;
        cleanup_error struct error err = ERROR_INIT;
        ck_assert_msg(
            ini_parse(a, "p", rows[i][0], strlen(rows[i][0]), &f, &err) == 0,
            "row %zu: %s",
            i,
            err.message);
        cleanup_free char *flat = flatten(&f);
        ck_assert_str_eq(flat, rows[i][1]);
        ck_assert_str_eq(f.path, "p");
    }
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *says;
    } rows[] = {
        {"[a]\n\n[b]\n[a]\n", 4, "section [a] stands here and in line 1"},
        {"[a]\nk=1\nK = 2\n", 3, "key \"k\" of section [a] stands here and in line 2"},
        {"[DEFAULT]\nk=1\n[DEFAULT]\nk=2\n", 4, "key \"k\""},
        {"[a]\nnothing\n", 2, "without \"=\""},
        {"[a\nk=v", 1, "before the first [section]"},
        {"[a]\n[b\n", 2, "without \"=\""},
        {"# c\nk=v\n[a]", 2, "before the first [section]"},
        {"[]\n", 1, "before the first [section]"},
        {"[a]\n = v\n", 2, "no key"},
        {"\xef\xbb\xbf[a]\nk=v", 1, "byte order mark"},
        {"[a]\nk=v\nl=\xff\n", 3, "UTF-8"},
        {"[a]\nk=v\n l\n[b]\n  x\n", 5, "without \"=\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        struct ini_file f;
        cleanup_error struct error err = ERROR_INIT;
        ck_assert_msg(
            ini_parse(a, "/h/config", rows[i].text, strlen(rows[i].text), &f, &err) < 0,
            "row %zu",
            i);
        ck_assert_int_eq(err.kind, ERR_AUTH);
        ck_assert_str_eq(err.file, "/h/config");
        ck_assert_uint_eq(err.line, rows[i].line);
        ck_assert_msg(strstr(err.message, rows[i].says) != NULL, "row %zu: %s", i, err.message);
    }
}
END_TEST

START_TEST(no_value_in_an_error)
{
    cleanup_arena struct arena *a = arena_new();
    struct ini_file f;
    cleanup_error struct error err = ERROR_INIT;
    const char *text = "[a]\naws_secret_access_key hunter2\n";
    ck_assert_int_lt(ini_parse(a, "p", text, strlen(text), &f, &err), 0);
    cleanup_free char *all = error_format(&err);
    ck_assert_ptr_null(strstr(all, "hunter2"));
}
END_TEST

START_TEST(bounds)
{
    cleanup_arena struct arena *a = arena_new();
    struct ini_file f;
    cleanup_error struct error err = ERROR_INIT;
    ck_assert_int_lt(ini_parse(a, "p", "", LIMIT_INI_BYTES + 1, &f, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "larger"));
    ck_assert_int_lt(ini_parse(a, "p", "[a]\nk=\0v", 8, &f, NULL), 0);
}
END_TEST

START_TEST(nested)
{
    cleanup_arena struct arena *a = arena_new();
    struct ini_file f;
    struct ini_entry *n;
    cleanup_error struct error err = ERROR_INIT;
    const char *text = "[a]\ns3 =\n  Max = 1\n  # gap\n\n  style=path=x\n  Max=2\nplain = v\nbad "
                       "=\n  ok = 1\n  # c\n  broken: 1\n";
    ck_assert_int_eq(ini_parse(a, "p", text, strlen(text), &f, &err), 0);
    ck_assert_int_eq(ini_nested(a, &f, ini_get(f.sections, "s3"), &n, &err), 0);
    ck_assert_str_eq(n->key, "Max"); /* as written */
    ck_assert_str_eq(n->value, "2");
    ck_assert_uint_eq(n->line, 7);
    ck_assert_str_eq(n->next->value, "path=x");
    ck_assert_uint_eq(n->next->line, 6);
    ck_assert_ptr_null(n->next->next);
    ck_assert_int_eq(ini_nested(a, &f, ini_get(f.sections, "plain"), &n, &err), 0);
    ck_assert_ptr_null(n);
    ck_assert_int_lt(ini_nested(a, &f, ini_get(f.sections, "bad"), &n, &err), 0);
    ck_assert_uint_eq(err.line, 12);
    ck_assert_int_eq(err.kind, ERR_AUTH);
    ck_assert_ptr_null(ini_get(f.sections, "PLAIN"));
    ck_assert_ptr_null(ini_get(NULL, "x"));
}
END_TEST

SUITE("data/ini", accepted, refused, no_value_in_an_error, bounds, nested)
