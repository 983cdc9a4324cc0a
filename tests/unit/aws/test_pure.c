/* The pure helpers by table: URIs, words, proxies, regions, retries. */
#include "aws/retry.h"
#include "aws/settings/endpoint.h"
#include "aws/settings/s3_address.h"
#include "aws/settings/settings.h"
#include "aws/settings/shell_words.h"
#include "aws/sign/uri.h"
#include "base/mem.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

START_TEST(uris_are_split_and_not_changed)
{
    static const struct {
        const char *url, *host, *port, *path, *query, *authority;
    } cases[] = {
        {"https://S3.amazonaws.com/a%20b/../c?x=1&y#f",
         "s3.amazonaws.com",
         NULL,
         "/a%20b/../c",
         "x=1&y",
         "s3.amazonaws.com"},
        {"http://127.0.0.1:5000", "127.0.0.1", "5000", "", NULL, "127.0.0.1:5000"},
        {"http://[fd00:ec2::254]:80/x", "[fd00:ec2::254]", "80", "/x", NULL, "[fd00:ec2::254]"},
        {"https://h:443/?q", "h", "443", "/", "q", "h"},
        {" http://h/", "h", NULL, "/", NULL, "h"},
        {"http://u:p@h/", "h", NULL, "/", NULL, "h"},
        {"http://u:p@w@h:1", "h", "1", "", NULL, "h:1"},
        {"http://u@h", "h", NULL, "", NULL, "h"},
        {"//h:1/a", "h", "1", "/a", NULL, "h:1"},
        {"HTTP://H:0080/A b", "h", "80", "/A%20b", NULL, "h"},
        {"http://h:/a#f", "h", NULL, "/a", NULL, "h"},
        {"http://[::1]:5000/", "[::1]", "5000", "/", NULL, "[::1]:5000"},
        {"http://h/\xc3\xbc?a b", "h", NULL, "/%C3%BC", "a%20b", "h"},
    };

    static const char *const bad[] = {
        "/relative",
        "ftp://h/",
        "http:///x",
        "http://h:0/",
        "http://h:x/",
        "http://h h/",
        "http://[::1/",
        "h:80",
        "http:/h",
        "\thttp://h",
        "http://h\r",
        "http://h/a\nb",
        "http://h ",
        "http:// h",
        "http://a_b",
        "http://a..b",
        "http://-a.b",
        "'http://h'",
        "http://h:1 "};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct uri u;
        ck_assert_int_eq(uri_split(cases[i].url, &u, NULL), 0);
        cleanup_free char *authority = uri_authority(&u);
        ck_assert_str_eq(u.host, cases[i].host);
        ck_assert_pstr_eq(u.port, cases[i].port);
        ck_assert_str_eq(u.path, cases[i].path);
        ck_assert_pstr_eq(u.query, cases[i].query);
        ck_assert_str_eq(authority, cases[i].authority);
        uri_done(&u);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct uri u;
        ck_assert_msg(uri_split(bad[i], &u, NULL) < 0, "%s", bad[i]);
    }
}
END_TEST

START_TEST(words_are_split_as_the_cli_does)
{
    static const struct {
        const char *text, *joined;
    } cases[] = {
        {"a  b\tc", "a|b|c|"},
        {"'a b' c", "a b|c|"},
        {"\"a \\\" b\"", "a \" b|"},
        {"a\\ b", "a b|"},
        {"\"a\\b\"", "a\\b|"},
        {"'' x", "|x|"},
        {"a'b'\"c\"", "abc|"},
        {"# no comment", "#|no|comment|"},
        {"$HOME ~", "$HOME|~|"},
        {"  ", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str out = STR_INIT;
        char **words;
        ck_assert_int_eq(shell_words_split(cases[i].text, &words, NULL, NULL), 0);
        for (char **w = words; *w; w++)
            str_appendf(&out, "%s|", *w);
        ck_assert_str_eq(str_get(&out), cases[i].joined);
        shell_words_free(words);
        str_done(&out);
    }
    char **words;
    ck_assert_int_lt(shell_words_split("a 'b", &words, NULL, NULL), 0);
    ck_assert_int_lt(shell_words_split("a \"b", &words, NULL, NULL), 0);
    ck_assert_int_lt(shell_words_split("a \\", &words, NULL, NULL), 0);
}
END_TEST

START_TEST(regions_are_labels)
{
    ck_assert(aws_region_valid("us-west-2"));
    ck_assert(aws_region_valid("US"));
    ck_assert(!aws_region_valid(""));
    ck_assert(!aws_region_valid("123"));
    ck_assert(!aws_region_valid("-a"));
    ck_assert(!aws_region_valid("a-"));
    ck_assert(!aws_region_valid("us west"));
    ck_assert_str_eq(aws_partition_of("us-gov-west-1")->id, "aws-us-gov");
    ck_assert_str_eq(aws_partition_of("cn-somewhere-9")->id, "aws-cn");
    ck_assert_str_eq(aws_partition_of("nowhere")->id, "aws");
}
END_TEST

START_TEST(failures_are_classed)
{
    ck_assert_int_eq(retry_classify(-ETIMEDOUT, 0, NULL, "s3"), RETRY_TIMEOUT);
    ck_assert_int_eq(retry_classify(-ECANCELED, 0, NULL, "s3"), RETRY_NEVER);
    ck_assert_int_eq(retry_classify(-EMSGSIZE, 0, NULL, "s3"), RETRY_NEVER);
    ck_assert_int_eq(retry_classify(-ECONNREFUSED, 0, NULL, "s3"), RETRY_TRANSIENT);
    ck_assert_int_eq(retry_classify(0, 429, "429", "s3"), RETRY_THROTTLE);
    ck_assert_int_eq(retry_classify(0, 400, "IDPCommunicationError", "sts"), RETRY_TRANSIENT);
    ck_assert_int_eq(retry_classify(0, 400, "IDPCommunicationError", "ecs"), RETRY_NEVER);
    ck_assert_int_eq(retry_classify(0, 400, "ValidationException", "ecs"), RETRY_NEVER);
    ck_assert_int_eq(retry_delay_ms(1, 0.5, 3000), 3000);
    ck_assert_int_eq(retry_delay_ms(1, 0.5, 600000), 6000);
}
END_TEST

START_TEST(the_services_section_and_the_profile_name_endpoints)
{
    static const char config[] =
        "[default]\nendpoint_url = http://own\nservices = s\nuse_fips_endpoint = TRUE\n"
        "[services s]\ncloudwatch_logs =\n  endpoint_url = http://logs\n";
    cleanup_env struct env *env = env_new();
    cleanup_error struct error err = ERROR_INIT;
    struct aws_profiles *profiles;
    struct aws_settings s;
    char *url;

    ck_assert_int_eq(aws_profiles_parse("config", config, "credentials", NULL, &profiles, &err), 0);
    ck_assert_int_eq(aws_settings_resolve(env, profiles, NULL, "us-east-1", &s, &err), 0);
    ck_assert(s.fips);
    ck_assert_str_eq(s.region_source, "--region");
    ck_assert_int_eq(aws_settings_endpoint(&s, env, profiles, "CloudWatch Logs", &url, &err), 0);
    ck_assert_str_eq(url, "http://logs");
    free(url);
    env_set(env, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://env");
    ck_assert_int_eq(aws_settings_endpoint(&s, env, profiles, "CloudWatch Logs", &url, &err), 0);
    ck_assert_str_eq(url, "http://env");
    free(url);
    ck_assert_int_eq(aws_settings_endpoint(&s, env, profiles, "ECS", &url, &err), 0);
    ck_assert_str_eq(url, "http://own");
    free(url);
    aws_settings_done(&s);
    aws_profiles_free(profiles);

    ck_assert_int_eq(
        aws_profiles_parse(
            "config", "[default]\nservices = missing\n", "credentials", NULL, &profiles, &err),
        0);
    ck_assert_int_eq(aws_settings_resolve(env, profiles, NULL, NULL, &s, &err), 0);
    ck_assert_int_eq(aws_settings_endpoint(&s, env, profiles, "ECS", &url, &err), -ENOENT);
    ck_assert_uint_eq(err.line, 2);
    aws_settings_done(&s);
    aws_profiles_free(profiles);
}
END_TEST

/* Lines that were not indented belong to the section, and what they say would be overlooked: real
 * AWS would be called instead of what was meant. */
START_TEST(access_06_a_flat_services_section_is_an_error)
{
    static const char *const values[] = {"", " hello"};

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        cleanup_free char *config = xasprintf(
            "[default]\nservices = s\n[services s]\nsts =%s\nendpoint_url = http://flat\n"
            "ecs =\n  endpoint_url = http://ecs\n",
            values[i]);
        cleanup_env struct env *env = env_new();
        cleanup_error struct error err = ERROR_INIT;
        struct aws_profiles *profiles;
        struct aws_settings s;
        char *url = NULL;

        ck_assert_int_eq(
            aws_profiles_parse("config", config, "credentials", NULL, &profiles, &err), 0);
        ck_assert_int_eq(aws_settings_resolve(env, profiles, NULL, NULL, &s, &err), 0);
        ck_assert_int_eq(aws_settings_endpoint(&s, env, profiles, "ECS", &url, &err), 0);
        ck_assert_str_eq(url, "http://ecs"); /* of another service nothing is wrong */
        free(url);
        ck_assert_int_lt(aws_settings_endpoint(&s, env, profiles, "STS", &url, &err), 0);
        ck_assert_int_eq(err.kind, ERR_AUTH);
        ck_assert_uint_eq(err.line, 4);
        ck_assert_ptr_nonnull(strstr(err.message, "indented"));
        aws_settings_done(&s);
        aws_profiles_free(profiles);
    }
}
END_TEST

/* The same of a profile's own "s3": calls of S3 fail, others do not. */
START_TEST(access_06_a_flat_s3_section_concerns_s3_alone)
{
    cleanup_env struct env *env = env_new();
    cleanup_error struct error err = ERROR_INIT;
    struct aws_endpoint endpoint = {.url = (char *)"https://s3"};
    struct aws_profiles *profiles;
    struct aws_settings s;
    char *base = NULL;
    bool in_host;

    ck_assert_int_eq(
        aws_profiles_parse(
            "config",
            "[default]\ns3 =\naddressing_style = path\n",
            "credentials",
            NULL,
            &profiles,
            &err),
        0);
    ck_assert_int_eq(aws_settings_resolve(env, profiles, NULL, NULL, &s, &err), 0);
    ck_assert_int_lt(s3_base_url(&s, &endpoint, false, "bucket", false, &base, &in_host, &err), 0);
    ck_assert_uint_eq(err.line, 2);
    aws_settings_done(&s);
    aws_profiles_free(profiles);
}
END_TEST

/* The daemon has files of the same numbers. */
START_TEST(access_15_open_files_are_those_of_the_caller)
{
    static const char *const rows[][2] = {
        {"/dev/fd/63", "/proc/42/fd/63"},
        {"/dev/stdin", "/proc/42/fd/0"},
        {"/proc/self/fd/3", "/proc/42/fd/3"},
        {"/dev/null", "/dev/null"},
        {"fd/3", "/srv/fd/3"}};
    cleanup_env struct env *env = env_new();

    env_set_cwd(env, "/srv");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        env_set_process(env, 42);
        cleanup_env struct env *copy = env_dup(env);
        cleanup_free char *expanded = aws_path_expand(copy, rows[i][0]);
        cleanup_free char *literal = aws_path_literal(copy, rows[i][0]);

        ck_assert_str_eq(expanded, rows[i][1]);
        ck_assert_str_eq(literal, rows[i][1]);
    }
}
END_TEST

SUITE(
    "aws/pure",
    uris_are_split_and_not_changed,
    words_are_split_as_the_cli_does,
    regions_are_labels,
    failures_are_classed,
    the_services_section_and_the_profile_name_endpoints,
    access_06_a_flat_services_section_is_an_error,
    access_06_a_flat_s3_section_concerns_s3_alone,
    access_15_open_files_are_those_of_the_caller)
