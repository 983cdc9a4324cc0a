/* File names of the caches shared with the AWS CLI (cache-keys) and SSO token renewal (sso-token),
 * through a session and a scripted transport. */
#include "aws/aws.h"
#include "aws/identity/credentials.h"
#include "aws/identity/role_cache.h"
#include "aws/identity/sso_login.h"
#include "aws/identity/sso_token.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include "vectors/vectors.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static char *path_of(const struct env *env, const json_t *test)
{
    const char *kind = json_str_or(test, "kind", "?");
    const json_t *a = json_object_get(test, "args");

    if (text_starts(kind, "sso-token"))
        return sso_token_path(env, json_str_or(test, "hashedString", ""));
    if (text_starts(kind, "login"))
        return login_cache_path(env, json_str_or(test, "hashedString", ""));
    if (strcmp(kind, "sso-role-credentials") == 0) {
        cleanup_free char *key = role_cache_key_sso(
            json_str(a, "accountId"),
            json_str(a, "roleName"),
            json_str(a, "sessionName"),
            json_str(a, "startUrl"));
        return role_cache_path(env, key);
    }
    struct role_cache_role r = {
        json_str(a, "RoleArn"),
        json_str(a, "RoleSessionName"),
        json_str(a, "ExternalId"),
        json_str(a, "SerialNumber"),
        json_int_or(a, "DurationSeconds", 0)};
    cleanup_free char *key = role_cache_key_role(&r);
    return role_cache_path(env, key);
}

START_TEST(cache_keys)
{
    struct vectors v = {.name = "cache keys"};
    cleanup_json json_t *file = vectors_json("cache-keys/cache-keys.json");
    struct env *env = env_new();
    json_t *test;
    size_t i;

    env_set(env, "HOME", "~"); /* the file names start with it */
    json_array_foreach(file, i, test) {
        cleanup_free char *path = path_of(env, test);
        const char *want = json_str_or(test, "file", "");
        cleanup_free char *id = xasprintf("cache-keys %zu %s", i, json_str_or(test, "kind", "?"));

        if (vectors_equal(&v, id, "file", strrchr(want, '/'), strrchr(path, '/')))
            vectors_pass(&v);
    }
    env_free(env);
    ck_assert_int_eq(vectors_end(&v), EXIT_SUCCESS);
    fflush(stdout);
}
END_TEST

struct run {
    struct fixture f;
    struct error err;
    struct secret token;
    int rc;
};

static void get_token(void *arg)
{
    struct run *r = arg;
    const struct sso_source from = {
        "admin", "https://d-123.awsapps.com/start", "us-west-2", "test"};
    struct aws_session *s = NULL;

    ck_assert_int_eq(fixture_open(&r->f, NULL, "us-west-2", &s, NULL), 0);
    r->rc = sso_token_get(s, &from, &r->token, &r->err);
    aws_session_free(s);
}

static const char *expected_error(const char *exception)
{
    return strcmp(exception, "SSOTokenLoadError") == 0 ? "Error loading SSO Token: "
                                                       : "Token has expired and refresh failed";
}

static void check_refresh(struct vectors *v, struct run *r, const char *id, const json_t *test)
{
    const char *exception = json_str(test, "expectedException"),
               *token = json_str(test, "expectedToken.token");
    json_t *want = json_object_get(test, "expectedTokenWriteback");
    cleanup_free char *path =
        path_join(r->f.home, ".aws/sso/cache/d033e22ae348aeb5660fc2140aec35850c4da997.json");
    cleanup_str struct str text = STR_INIT;
    cleanup_json json_t *now = NULL;

    if (exception) {
        if (r->rc < 0 && text_starts(r->err.message, expected_error(exception)))
            vectors_pass(v);
        else
            vectors_fail(v, id, "%s", r->rc < 0 ? r->err.message : "no error");
        return;
    }
    if (r->rc < 0) {
        vectors_fail(v, id, "%s", r->err.message);
        return;
    }
    ck_assert_int_eq(file_read(path, 65536, &text, NULL), 0);
    ck_assert_int_eq(json_parse(str_get(&text), text.len, &now, NULL), 0);
    if (!vectors_equal(v, id, "token", token, secret_get(&r->token)))
        return;
    if (want && !vectors_json_equal(want, now))
        vectors_fail(v, id, "the file now holds %s", str_get(&text));
    else
        vectors_pass(v);
}

static void run_refresh(struct vectors *v, const json_t *test)
{
    struct run r = {0};
    cleanup_free char *cached = json_print(json_object_get(test, "cachedToken"), false, false);
    const json_t *response = json_object_get(test, "refreshResponse");
    cleanup_free char *reply = response ? json_print(response, false, false) : NULL;
    int64_t now_ms;

    fixture_init(&r.f);
    ck_assert_int_eq(clock_parse_iso(json_str_or(test, "currentTime", ""), &now_ms), 0);
    fake_clock_advance(&r.f.clock, now_ms - r.f.clock.wall_ms);
    fixture_file(&r.f, ".aws/sso/cache/d033e22ae348aeb5660fc2140aec35850c4da997.json", cached);
    if (reply)
        script_http_add(
            r.f.script,
            &(struct script_step){
                .method = "POST",
                .url = "https://oidc.us-west-2.amazonaws.com/token",
                .body = "*\"grantType\"*\"refresh_token\"*",
                .reply = reply});
    fixture_run(&r.f, get_token, &r);
    script_http_assert_done(r.f.script);
    check_refresh(v, &r, json_str_or(test, "documentation", "?"), test);
    secret_done(&r.token);
    error_done(&r.err);
    fixture_done(&r.f);
}

START_TEST(sso_refresh)
{
    struct vectors v = {.name = "SSO token refresh"};
    cleanup_json json_t *file = vectors_json("sso-token/sso-provider-refresh-cases.json");
    json_t *test;
    size_t i;

    json_array_foreach(file, i, test)
        run_refresh(&v, test);
    ck_assert_int_eq(vectors_end(&v), EXIT_SUCCESS);
    fflush(stdout);
}
END_TEST

static void append_sections(struct str *out, const char *prefix, const json_t *sections)
{
    const char *name, *key;
    json_t *section, *value;

    json_object_foreach((json_t *)(uintptr_t)sections, name, section) {
        str_appendf(out, "[%s %s]\n", prefix, name);
        json_object_foreach(section, key, value)
            str_appendf(out, "%s = %s\n", key, json_string_value(value));
    }
}

static void login_source(void *arg)
{
    struct run *r = arg;
    struct aws_session *s = NULL;
    struct sso_login login = {0};

    r->rc = fixture_open(&r->f, "test", "us-west-2", &s, &r->err);
    ck_assert_int_eq(r->rc, 0);
    r->rc = sso_login_settings(s, &login, &r->err);
    sso_login_done(&login);
    aws_session_free(s);
}

/* Which profiles name an SSO session one can log in to. */
START_TEST(sso_resolution)
{
    struct vectors v = {.name = "SSO session settings"};
    cleanup_json json_t *file = vectors_json("sso-token/sso-provider-resolution-cases.json");
    json_t *test;
    size_t i;

    json_array_foreach(file, i, test) {
        struct run r = {0};
        cleanup_str struct str text = STR_INIT;
        const char *id = json_str_or(test, "documentation", "?"),
                   *exception = json_str(test, "expectedException");

        append_sections(&text, "profile", json_at(test, "config.profiles"));
        append_sections(&text, "sso-session", json_at(test, "config.sso_sessions"));
        fixture_init(&r.f);
        fixture_file(&r.f, ".aws/config", str_get(&text));
        fixture_run(&r.f, login_source, &r);
        int want = exception ? -EINVAL : json_bool_or(test, "resolves", false) ? 0 : -ENOENT;
        if (r.rc == want)
            vectors_pass(&v);
        else
            vectors_fail(
                &v, id, "%d instead of %d: %s", r.rc, want, r.err.message ? r.err.message : "-");
        error_done(&r.err);
        fixture_done(&r.f);
    }
    ck_assert_int_eq(vectors_end(&v), EXIT_SUCCESS);
    fflush(stdout);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {cache_keys, sso_refresh, sso_resolution};

    free(vectors_path("."));
    return suite_run("vectors/cache_keys", tests, ARRAY_LEN(tests));
}
