/* credential-chain-scenarios in tables: `aws login` sessions (8), the metadata service's endpoint
 * (14), chains of assumed roles (28). */
#include "aws/aws.h"
#include "aws/identity/credentials.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include "vectors/exceptions.h"
#include "vectors/vectors.h"
#include <stdio.h>
#include <string.h>

struct run {
    struct fixture f;
    const char *profile, *region;
    int rc;
    struct aws_credentials c;
    struct error err;
};

static void resolve_body(void *arg)
{
    struct run *r = arg;
    struct aws_session *s = NULL;

    r->rc = fixture_open(&r->f, r->profile, r->region, &s, &r->err);
    if (r->rc == 0)
        r->rc = aws_session_credentials(s, &r->c, &r->err);
    aws_session_free(s);
}

static void end(struct run *r)
{
    aws_credentials_done(&r->c);
    error_done(&r->err);
    fixture_done(&r->f);
}

static void add_files(struct fixture *f, const char *folder, const json_t *files)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)files, name, value) {
        cleanup_free char *path = xasprintf("%s/%s", folder, name);
        cleanup_free char *text = json_is_string(value) ? xstrdup(json_string_value(value))
                                                        : json_print(value, false, false);
        fixture_file(f, path, text);
    }
}

/* --- aws login --- */

static const json_t *outcome(const json_t *test, const char *kind)
{
    json_t *o;
    size_t i;

    json_array_foreach(json_object_get(test, "outcomes"), i, o)
        if (strcmp(json_str_or(o, "result", ""), kind) == 0)
            return o;
    return NULL;
}

static void expect_call(struct run *r, const json_t *call, char **keep)
{
    const json_t *output = json_at(call, "response.tokenOutput");

    *keep = output ? json_print(output, false, false)
                   : xstrdup(
                         "{\"__type\":\"AccessDeniedException\",\"error\":\"TOKEN_EXPIRED\","
                         "\"message\":\"no\"}");
    script_http_add(
        r->f.script,
        &(struct script_step){
            .method = "POST",
            .url = "https://us-east-1.signin.aws.amazon.com/v1/token",
            .header = "DPoP: ey*.ey*.*",
            .body = "*\"grantType\"*\"refresh_token\"*",
            .reply = *keep,
            .status = output ? 200 : 400});
}

static void check_cache(struct vectors *v, const struct run *r, const char *id, const json_t *want)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)want, name, value) {
        cleanup_free char *relative = xasprintf(".aws/login/cache/%s", name),
                          *path = path_join(r->f.home, relative);
        cleanup_str struct str text = STR_INIT;
        cleanup_json json_t *now = NULL;

        if (strcmp(name, "result") == 0)
            continue;
        ck_assert_int_eq(file_read(path, 65536, &text, NULL), 0);
        ck_assert_int_eq(json_parse(str_get(&text), text.len, &now, NULL), 0);
        if (!vectors_json_equal(value, now)) {
            vectors_fail(v, id, "the file holds %s", str_get(&text));
            return;
        }
    }
    vectors_pass(v);
}

static void login_case(struct vectors *v, const json_t *test)
{
    const char *id = json_str_or(test, "documentation", "?");
    const json_t *want = outcome(test, "credentials"), *cache = outcome(test, "cacheContents");
    struct run r = {.profile = "signin", .region = "us-east-1"};
    cleanup_free char *reply = NULL;
    int64_t now_ms;

    fixture_init(&r.f);
    ck_assert_int_eq(
        clock_parse_iso("2025-11-19T00:00:00Z", &now_ms), 0); /* what the expected times mean */
    fake_clock_advance(&r.f.clock, now_ms - r.f.clock.wall_ms);
    fixture_file(&r.f, ".aws/config", json_str_or(test, "configContents", ""));
    add_files(&r.f, ".aws/login/cache", json_object_get(test, "cacheContents"));
    if (json_at(test, "mockApiCalls.0"))
        expect_call(&r, json_at(test, "mockApiCalls.0"), &reply);
    fixture_run(&r.f, resolve_body, &r);
    script_http_assert_done(r.f.script);
    if (!want && r.rc < 0 && r.err.hint && strstr(r.err.hint, "aws login"))
        vectors_pass(v);
    else if (!want || r.rc < 0)
        vectors_fail(v, id, "%s", r.err.message ? r.err.message : "no error");
    else if (
        vectors_equal(v, id, "key", json_str(want, "accessKeyId"), r.c.access_key_id) &&
        vectors_equal(
            v,
            id,
            "secret",
            json_str(want, "secretAccessKey"),
            secret_get(&r.c.secret_access_key)) &&
        vectors_equal(
            v, id, "token", json_str(want, "sessionToken"), secret_get(&r.c.session_token)) &&
        vectors_equal(v, id, "account", json_str(want, "accountId"), r.c.account_id))
        check_cache(v, &r, id, cache);
    end(&r);
}

START_TEST(login_sessions)
{
    struct vectors v = {.name = "login sessions"};
    cleanup_json json_t *file =
        vectors_json("credential-chain-scenarios/login-provider-test-cases.json");
    json_t *test;
    size_t i;

    json_array_foreach(file, i, test)
        login_case(&v, test);
    ck_assert_int_eq(vectors_end(&v), EXIT_SUCCESS);
    fflush(stdout);
}
END_TEST

/* --- the metadata service --- */

static void metadata_case(struct vectors *v, const json_t *test)
{
    const char *id = json_str_or(test, "docs", "?"), *url = json_str(test, "result.Ok"), *name;
    cleanup_free char *full = xasprintf("imds/%s", id);
    struct run r = {.region = "us-east-1"};
    json_t *value;

    if (exception_reason(full)) {
        vectors_not_applicable(v, full, exception_reason(full));
        return;
    }
    fixture_init(&r.f);
    fixture_env(&r.f, "AWS_EC2_METADATA_DISABLED", "false");
    env_set_cwd(r.f.env, r.f.home);
    json_object_foreach(json_object_get(test, "env"), name, value)
        fixture_env(&r.f, name, json_string_value(value));
    json_object_foreach(json_object_get(test, "fs"), name, value)
        fixture_file(&r.f, name, json_string_value(value));
    if (url)
        script_http_add(r.f.script, &(struct script_step){.method = "PUT", .status = 400});
    fixture_run(&r.f, resolve_body, &r);
    if (url && script_http_count(r.f.script) == 1) {
        if (vectors_equal(v, full, "URL", url, script_http_sent(r.f.script, 0)->url))
            vectors_pass(v);
    } else if (!url && r.rc < 0 && script_http_count(r.f.script) == 0)
        vectors_pass(v);
    else
        vectors_fail(
            v,
            full,
            "%zu requests, %s",
            script_http_count(r.f.script),
            r.err.message ? r.err.message : "no error");
    end(&r);
}

START_TEST(metadata_endpoints)
{
    struct vectors v = {.name = "metadata endpoints"};
    cleanup_json json_t *file =
        vectors_json("credential-chain-scenarios/imds-config/imds-endpoint-tests.json");
    json_t *test;
    size_t i;

    json_array_foreach(json_object_get(file, "tests"), i, test)
        metadata_case(&v, test);
    ck_assert_int_eq(vectors_end(&v), EXIT_SUCCESS);
    fflush(stdout);
}
END_TEST

/* --- assumed roles --- */

/* Answers whatever a chain asks; the parameters of every AssumeRole are compared afterwards. */
static void
answer(void *arg, const struct http_request *req, const char *body, struct script_step *step)
{
    (void)arg;
    (void)body;
    if (strstr(req->url, "/federation/"))
        step->reply = "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"s\","
                      "\"sessionToken\":\"t\",\"expiration\":4102444800000}}";
    else if (strstr(req->url, "/latest/api/token"))
        step->reply = "TOKEN";
    else if (strstr(req->url, "security-credentials/r"))
        step->reply = "{\"AccessKeyId\":\"NAMED\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
                      "\"Expiration\":\"2099-01-01T00:00:00Z\"}";
    else if (strstr(req->url, "security-credentials/"))
        step->reply = "r";
    else if (strstr(body, "WithWebIdentity"))
        step->reply =
            "<R><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>WEB</"
            "AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></"
            "AssumeRoleWithWebIdentityResult></R>";
    else
        step->reply =
            "<R><AssumeRoleResult><Credentials><AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>s</"
            "SecretAccessKey><SessionToken>t</SessionToken>"
            "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></R>";
}

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

/* The chain as it went over the wire: "AssumeRole ARN;" and so on, after the words of the first
 * link. */
static char *went(const struct run *r)
{
    struct str out = STR_INIT;

    for (size_t i = 0; i < script_http_count(r->f.script); i++) {
        const struct script_sent *sent = script_http_sent(r->f.script, i);
        const char *arn = strstr(sent->body, "RoleArn=");

        if (strstr(sent->url, "/federation/"))
            str_append(&out, "Sso;");
        else if (strstr(sent->url, "security-credentials/r"))
            str_append(&out, "NamedSource;");
        else if (arn)
            str_appendf(
                &out,
                "%s %.*s;",
                strstr(sent->body, "WithWebIdentity") ? "WebIdentityToken" : "AssumeRole",
                (int)strcspn(arn + 8, "&"),
                arn + 8);
    }
    return str_take(&out);
}

static char *wanted(const json_t *chain)
{
    struct str out = STR_INIT;
    json_t *link, *value;
    const char *kind;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)chain, i, link)
        json_object_foreach(link, kind, value) {
            const char *arn = json_str(value, "role_arn");
            struct str coded = STR_INIT;

            for (const char *p = arn; p && *p; p++)
                if (*p == ':' || *p == '/')
                    str_appendf(&coded, "%%%02X", (unsigned)*p);
                else
                    str_append_char(&coded, *p);
            if (strcmp(kind, "AccessKey") != 0)
                str_appendf(&out, arn ? "%s %s;" : "%s%s;", kind, str_get(&coded));
            str_done(&coded);
        }
    return str_take(&out);
}

static void role_case(struct vectors *v, const json_t *test)
{
    const char *id = json_str_or(test, "docs", "?");
    cleanup_free char *full = xasprintf("assume-role/%s", id);
    const json_t *chain = json_at(test, "output.ProfileChain");
    struct run r = {.profile = json_str(test, "input.selected_profile"), .region = "us-east-1"};
    cleanup_str struct str config = STR_INIT;

    if (exception_reason(full)) {
        vectors_not_applicable(v, full, exception_reason(full));
        return;
    }
    fixture_init(&r.f);
    append_sections(&config, "profile", json_at(test, "input.profiles"));
    append_sections(&config, "sso-session", json_at(test, "input.sso_sessions"));
    cleanup_free char *text = xstrdup(str_get(&config));
    for (char *at = text; (at = strstr(at, "/var/token.jwt")) != NULL;)
        memcpy(at, "./token.jwt   ", 14);
    env_set_cwd(r.f.env, r.f.home);
    fixture_file(&r.f, "token.jwt", "jwt");
    fixture_file(&r.f, ".aws/config", text);
    /* tokens for the legacy URL and for the session of the cases */
    fixture_file(
        &r.f,
        ".aws/sso/cache/0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33.json",
        "{\"accessToken\":\"t\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}");
    fixture_file(
        &r.f,
        ".aws/sso/cache/7c459196c60f9c8b83244ac9c88b673bfec5eece.json",
        "{\"accessToken\":\"t\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}");
    fixture_env(&r.f, "AWS_EC2_METADATA_DISABLED", "false");
    script_http_add(r.f.script, &(struct script_step){.times = 20, .on_request = answer});
    fixture_run(&r.f, resolve_body, &r);
    cleanup_free char *got = went(&r), *want = wanted(chain);
    if (chain && r.rc < 0)
        vectors_fail(v, full, "%s", r.err.message);
    else if (!chain && r.rc == 0)
        vectors_fail(v, full, "no error, but %s (%s)", r.c.source, got);
    else if (!chain || vectors_equal(v, full, "chain", want, got))
        vectors_pass(v);
    end(&r);
}

START_TEST(assumed_roles)
{
    struct vectors v = {.name = "assumed roles"};
    cleanup_json json_t *file = vectors_json("credential-chain-scenarios/assume-role-tests.json");
    json_t *test;
    size_t i;

    json_array_foreach(file, i, test)
        role_case(&v, test);
    ck_assert_int_eq(vectors_end(&v), EXIT_SUCCESS);
    fflush(stdout);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {login_sessions, metadata_endpoints, assumed_roles};

    free(vectors_path("."));
    return suite_run("vectors/chain_tables", tests, ARRAY_LEN(tests));
}
