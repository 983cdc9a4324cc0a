/* base/env.h: order, lookup, copies, which names are secret, which go with a request. */
#include "base/env.h"
#include "base/mem.h"
#include "unit/lib/suite.h"
#include <string.h>

START_TEST(set_get_and_order)
{
    cleanup_env struct env *env = env_new();
    env_set(env, "B", "2");
    env_set(env, "A", "1");
    env_set(env, "AB", "");
    env_set(env, "C", "3");
    env_set(env, "A", "one");
    env_set(env, "C", NULL);
    env_set(env, "missing", NULL);
    env_set(env, "", "ignored");
    ck_assert_uint_eq(env_count(env), 3);
    ck_assert_str_eq(env_name(env, 0), "A");
    ck_assert_str_eq(env_name(env, 1), "AB");
    ck_assert_str_eq(env_value(env, 2), "2");
    ck_assert_str_eq(env_get(env, "A"), "one");
    ck_assert_str_eq(env_get(env, "AB"), "");
    ck_assert_ptr_null(env_get_nonempty(env, "AB"));
    ck_assert_ptr_null(env_get(env, "C"));
    ck_assert_ptr_null(env_get(env, "a"));
    ck_assert_ptr_null(env_get(NULL, "A"));
    env_set(env, "A", env_get(env, "A")); /* its own value */
    ck_assert_str_eq(env_get_nonempty(env, "A"), "one");
}
END_TEST

START_TEST(from_process)
{
    char *envp[] = {"Z=1", "A=x=y", "EMPTY=", "broken", "=odd", "Z=2", NULL};
    cleanup_env struct env *env = env_from_process(envp), *copy = env_dup(env);
    ck_assert_uint_eq(env_count(copy), 3);
    ck_assert_str_eq(env_get(copy, "A"), "x=y");
    ck_assert_str_eq(env_get(copy, "EMPTY"), "");
    ck_assert_str_eq(env_get(copy, "Z"), "1");
    env_set(copy, "Z", "9");
    ck_assert_str_eq(env_get(env, "Z"), "1");
}
END_TEST

START_TEST(request)
{
    static const char *const in[] = {
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL_S3",
        "DEFANG_PROVIDER",
        "COMPOSE_FILE",
        "HTTPS_PROXY",
        "https_proxy",
        "no_proxy",
        "HOME",
        "PATH",
        "USER",
        "REQUESTS_CA_BUNDLE",
        "BOTO_CONFIG"};
    static const char *const out[] = {
        "LS_COLORS", "SSH_AUTH_SOCK", "GITHUB_TOKEN", "XAWS_PROFILE", "AWS", "HOMER", "proxy"};
    cleanup_env struct env *env = env_new();
    for (size_t i = 0; i < ARRAY_LEN(in); i++)
        env_set(env, in[i], "v");
    for (size_t i = 0; i < ARRAY_LEN(out); i++)
        env_set(env, out[i], "v");
    cleanup_env struct env *picked = env_select_for_request(env);
    for (size_t i = 0; i < ARRAY_LEN(in); i++)
        ck_assert_msg(env_get(picked, in[i]) != NULL, "%s is missing", in[i]);
    ck_assert_uint_eq(env_count(picked), ARRAY_LEN(in));
}
END_TEST

START_TEST(secrets)
{
    static const struct {
        const char *name;
        bool secret;
    } rows[] = {
        {"AWS_SECRET_ACCESS_KEY", true},
        {"AWS_ACCESS_KEY_ID", true},
        {"AWS_SESSION_TOKEN", true},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", true},
        {"aws_security_token", true},
        {"PULUMI_CONFIG_PASSPHRASE", true},
        {"DB_PASSWORD", true},
        {"STRIPE_API_KEY", true},
        {"AWS_WEB_IDENTITY_TOKEN_FILE", false},
        {"AWS_CREDENTIAL_EXPIRATION", false},
        {"AWS_PROFILE", false},
        {"AWS_REGION", false},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", false},
        {"PATH", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ck_assert_msg(env_name_is_secret(rows[i].name) == rows[i].secret, "%s", rows[i].name);
}
END_TEST

SUITE("base/env", set_get_and_order, from_process, request, secrets)
