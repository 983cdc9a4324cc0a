/* Which proxy a request takes. The rows of no_proxy stand in tests/parity/no_proxy.json, where they
 * are also held against botocore. */
#include "aws/settings/proxy.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "unit/lib/suite.h"
#include <stdlib.h>
#include <string.h>

#define PROXY "http://proxy.example:3128"

START_TEST(access_12_no_proxy_as_the_cli_reads_it)
{
    cleanup_str struct str text = STR_INIT;
    cleanup_json json_t *rows = NULL;
    size_t i;
    json_t *row;

    ck_assert_int_eq(file_read(getenv("NO_PROXY_CASES"), 1 << 20, &text, NULL), 0);
    ck_assert_int_eq(json_parse(str_get(&text), text.len, &rows, NULL), 0);
    ck_assert_uint_gt(json_array_size(rows), 40);
    json_array_foreach(rows, i, row) {
        cleanup_env struct env *env = env_new();
        cleanup_aws_proxy struct aws_proxy p = {0};
        const char *name;
        json_t *value;

        env_set(env, "HTTPS_PROXY", PROXY);
        env_set(env, "HTTP_PROXY", PROXY);
        json_object_foreach(json_object_get(row, "env"), name, value)
            env_set(env, name, json_string_value(value));
        ck_assert_int_eq(aws_proxy_find(env, json_str(row, "url"), &p, NULL), 0);
        ck_assert_msg(
            (p.parts.url == NULL) == json_is_true(json_object_get(row, "bypass")),
            "%s",
            json_str(row, "what"));
    }
}
END_TEST

START_TEST(access_12_the_proxy_of_the_scheme)
{
    static const struct {
        const char *name, *value, *name2, *value2, *url, *proxy;
    } cases[] = {
        {"http_proxy", "http://p:1", NULL, NULL, "http://h/", "http://p:1"},
        {"http_proxy", "http://p:1", NULL, NULL, "https://h/", NULL},
        {"HTTPS_PROXY", "http://p:1", NULL, NULL, "https://h/", "http://p:1"},
        {"HTTPS_PROXY", "http://p:1", NULL, NULL, "HTTPS://h/", "http://p:1"},
        {"HTTPS_PROXY", "http://p:1", "https_proxy", "http://q:2", "https://h/", "http://q:2"},
        {"HTTPS_PROXY", "http://p:1", "https_proxy", "", "https://h/", NULL},
        {"Https_Proxy", "http://p:1", NULL, NULL, "https://h/", "http://p:1"},
        {"HTTPS_PROXY", "", NULL, NULL, "https://h/", NULL},
        {"ALL_PROXY", "http://p:1", NULL, NULL, "https://h/", NULL},
        {"HTTP_PROXY", "http://p:1", "REQUEST_METHOD", "GET", "http://h/", NULL},
        {"http_proxy", "http://p:1", "REQUEST_METHOD", "GET", "http://h/", "http://p:1"},
        {"HTTPS_PROXY", "http://p:1", "REQUEST_METHOD", "GET", "https://h/", "http://p:1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_env struct env *env = env_new();
        cleanup_aws_proxy struct aws_proxy p = {0};

        env_set(env, cases[i].name, cases[i].value);
        if (cases[i].name2)
            env_set(env, cases[i].name2, cases[i].value2);
        ck_assert_int_eq(aws_proxy_find(env, cases[i].url, &p, NULL), 0);
        ck_assert_pstr_eq(p.parts.url, cases[i].proxy);
    }
}
END_TEST

START_TEST(access_05_passwords_as_they_are_typed)
{
    static const struct {
        const char *value, *url, *user, *password;
    } cases[] = {
        {"http://p:1", "http://p:1", NULL, ""},
        {"p:1", "http://p:1", NULL, ""},
        {"//p:1", "http://p:1", NULL, ""},
        {"http://p", "http://p:80", NULL, ""},
        {"https://p", "https://p:443", NULL, ""},
        {"HTTP://P:1/", "http://p:1", NULL, ""},
        {"http://[::1]:3128", "http://[::1]:3128", NULL, ""},
        {"http://me:pw@p:1", "http://p:1", "me", "pw"},
        {"me:pw@p:1", "http://p:1", "me", "pw"},
        {"me:p://w@p:1", "http://p:1", "me", "p://w"},
        {"http://me:p@w@p:1", "http://p:1", "me", "p@w"},
        {"http://me:p:w@p:1", "http://p:1", "me", "p:w"},
        {"http://me:p#w@p:1", "http://p:1", "me", "p#w"},
        {"http://me:p/w?@p:1/", "http://p:1", "me", "p/w?"},
        {"http://me:p w[@p:1", "http://p:1", "me", "p w["},
        {"http://me:100%@p:1", "http://p:1", "me", "100%"},
        {"http://me:p%w%4@p:1", "http://p:1", "me", "p%w%4"},
        {"http://me:p%40%23%25w@p:1", "http://p:1", "me", "p@#%w"},
        {"http://dom%5Cme:pw@p:1", "http://p:1", "dom\\me", "pw"},
        {"http://me:%00w@p:1", "http://p:1", "me", "%00w"},
        {"http://me:@p:1", "http://p:1", "me", ""},
        {"http://me@p:1", "http://p:1", "me", ""},
        {"http://:pw@p:1", "http://p:1", NULL, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_env struct env *env = env_new();
        cleanup_aws_proxy struct aws_proxy p = {0};
        cleanup_error struct error err = ERROR_INIT;

        env_set(env, "HTTPS_PROXY", cases[i].value);
        ck_assert_msg(aws_proxy_find(env, "https://h/", &p, &err) == 0, "%s", err.message);
        ck_assert_str_eq(p.parts.url, cases[i].url);
        ck_assert_pstr_eq(p.parts.user, cases[i].user);
        ck_assert_str_eq(p.parts.password, cases[i].password);
        ck_assert_str_eq(p.parts.variable, "HTTPS_PROXY");
    }
}
END_TEST

START_TEST(access_05_what_is_no_proxy_is_named)
{
    static const struct {
        const char *value, *said;
    } cases[] = {
        {"socks5://p:1", "HTTPS_PROXY names no usable proxy: 'socks5://p:1' is neither http nor"},
        {"ftp://p:1", "is neither http nor https"},
        {"http://", "'http://' has no valid host and port"},
        {"http://:3128", "has no valid host and port"},
        {"http://p:99999", "has no valid host and port"},
        {"http://p:1 ", "'http://p:1 ' has no valid host"},
        {" http://p:1", "' http://p:1' has no valid host"},
        {"http://p:1\r", "'http://p:1\\r' has no valid host"},
        {"http://me:SECRET@p:x", "'http://***@p:x' has no valid host"},
        {"me:SECRET@p:x", "'***@p:x' has no valid host"},
        {"socks5://me:SEC#RET@p:1", "'socks5://***@p:1' is neither"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_env struct env *env = env_new();
        cleanup_aws_proxy struct aws_proxy p = {0};
        cleanup_error struct error err = ERROR_INIT;

        env_set(env, "HTTPS_PROXY", cases[i].value);
        ck_assert_int_lt(aws_proxy_find(env, "https://h/", &p, &err), 0);
        ck_assert_int_eq(err.kind, ERR_USAGE);
        ck_assert_msg(strstr(err.message, cases[i].said) != NULL, "%s", err.message);
        ck_assert_ptr_null(strstr(err.message, "SEC"));
    }
}
END_TEST

SUITE(
    "aws/proxy",
    access_12_no_proxy_as_the_cli_reads_it,
    access_12_the_proxy_of_the_scheme,
    access_05_passwords_as_they_are_typed,
    access_05_what_is_no_proxy_is_named)
