/* data/json.h: what is refused and where, bounds, paths that miss, printing in a fixed order. */
#include "base/limits.h"
#include "base/mem.h"
#include "data/json.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

static json_t *parsed(const char *text)
{
    json_t *j = NULL;
    cleanup_error struct error err = ERROR_INIT;
    ck_assert_msg(json_parse(text, strlen(text), &j, &err) == 0, "%s: %s", text, err.message);
    return j;
}

START_TEST(refused)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "line 1"},
        {"{", "line 1"},
        {"{\"a\":1,\n\"a\":2}", "line 2, column 3: duplicate object key"},
        {"[1,]", "line 1"},
        {"{} x", "end of file"},
        {"\"\xff\"", "unable to decode byte 0xff"},
        {"nul", "invalid token"},
        {"[1e999]", "overflow"},
        {"[99999999999999999999]", "too big"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *j = NULL;
        cleanup_error struct error err = ERROR_INIT;
        ck_assert_int_eq(json_parse(rows[i].text, strlen(rows[i].text), &j, &err), -EBADMSG);
        ck_assert_ptr_null(j);
        ck_assert_msg(strstr(err.message, rows[i].says) != NULL, "%s", err.message);
    }
}
END_TEST

START_TEST(an_error_does_not_quote)
{
    json_t *j = NULL;
    cleanup_error struct error err = ERROR_INIT;
    const char *text = "{\"accessToken\": hunter2}";
    ck_assert_int_ne(json_parse(text, strlen(text), &j, &err), 0);
    ck_assert_ptr_null(strstr(err.message, "hunter2"));
}
END_TEST

START_TEST(depth)
{
    char text[2 * (LIMIT_JSON_DEPTH + 1) + 1];
    for (size_t levels = LIMIT_JSON_DEPTH; levels <= LIMIT_JSON_DEPTH + 1; levels++) {
        memset(text, '[', levels);
        memset(text + levels, ']', levels);
        cleanup_json json_t *j = NULL;
        int rc = json_parse(text, 2 * levels, &j, NULL);
        ck_assert_int_eq(rc, levels > LIMIT_JSON_DEPTH ? -EBADMSG : 0);
    }
    cleanup_free char *brackets = xmalloc(1000);
    memset(brackets, '[', 1000);
    brackets[0] = brackets[999] = '"';
    cleanup_json json_t *j = NULL;
    ck_assert_int_eq(json_parse(brackets, 1000, &j, NULL), 0); /* inside a string they are text */
    cleanup_json json_t *escaped = parsed("[\"\\\"[[[[\\\\\", 1]");
    ck_assert_uint_eq(json_len(escaped, NULL), 2);
}
END_TEST

START_TEST(paths)
{
    cleanup_json json_t *j = parsed(
        "{\"tasks\":[{\"n\":1,\"s\":\"x\",\"r\":1.5,\"t\":true,\"big\":9007199254740993},"
        "{\"list\":[[\"deep\"]]}],\"0\":\"zero\",\"nul\":null}");

    static const struct {
        const char *path, *string;
    } strings[] = {
        {"tasks.0.s", "x"},
        {"tasks.1.list.0.0", "deep"},
        {"0", "zero"},
        {"tasks.0.n", NULL},
        {"tasks.2.s", NULL},
        {"tasks.x.s", NULL},
        {"tasks.0.s.more", NULL},
        {"missing", NULL},
        {"nul", NULL},
        {"tasks", NULL},
        {"tasks.00000000001", NULL},
        {"tasks.", NULL},
        {"..", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
        const char *got = json_str(j, strings[i].path);
        ck_assert_msg(text_eq(got, strings[i].string), "%s", strings[i].path);
    }
    ck_assert_str_eq(json_str_or(j, "missing", "f"), "f");
    ck_assert_int_eq(json_int_or(j, "tasks.0.big", -1), 9007199254740993LL);
    ck_assert_int_eq(json_int_or(j, "tasks.0.r", -1), -1);
    ck_assert_int_eq(json_int_or(j, "tasks.0.s", -1), -1);
    ck_assert(json_bool_or(j, "tasks.0.t", false) && json_bool_or(j, "tasks.0.n", true));
    ck_assert_uint_eq(json_len(j, "tasks"), 2);
    ck_assert_uint_eq(json_len(j, "tasks.0"), 5);
    ck_assert_uint_eq(json_len(j, "tasks.0.s"), 0);
    ck_assert_uint_eq(json_len(NULL, "x"), 0);
    ck_assert_ptr_null(json_str(NULL, "x"));
    ck_assert_ptr_eq(json_at(j, NULL), j);
}
END_TEST

START_TEST(printing)
{
    cleanup_json json_t *j = parsed("{\"b\":[1,0.1,-2.5e-3,true,null],\"a\":\"\\u00e9/\\n\"}");
    cleanup_free char *as_is = json_print(j, false, false), *sorted = json_print(j, false, true),
                      *indented = json_print(j, true, true),
                      *nothing = json_print(NULL, false, false);
    ck_assert_str_eq(as_is, "{\"b\":[1,0.1,-0.0025,true,null],\"a\":\"\xc3\xa9/\\n\"}");
    ck_assert_str_eq(sorted, "{\"a\":\"\xc3\xa9/\\n\",\"b\":[1,0.1,-0.0025,true,null]}");
    ck_assert_ptr_nonnull(strstr(indented, "{\n  \"a\": \"\xc3\xa9/\\n\",\n  \"b\": [\n    1,"));
    ck_assert_str_eq(nothing, "null");
}
END_TEST

START_TEST(nul_in_a_string_is_kept_out_of_the_way)
{
    cleanup_json json_t *j = parsed("{\"m\":\"a\\u0000b\",\"next\":1}");
    ck_assert_str_eq(json_str(j, "m"), "a");
    ck_assert_int_eq(json_int_or(j, "next", 0), 1);
}
END_TEST

SUITE(
    "data/json",
    refused,
    an_error_does_not_quote,
    depth,
    paths,
    printing,
    nul_in_a_string_is_kept_out_of_the_way)
