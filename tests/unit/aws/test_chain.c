/* What stands around the chain: the role cache shared with the AWS CLI, MFA codes, the record of
 * what was tried, warnings, one refresh at a time. */
#include "aws/aws.h"
#include "aws/identity/role_cache.h"
#include "aws/session.h"
#include "base/file.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define KEYS(x)  "aws_access_key_id = " x "\naws_secret_access_key = secret-" x "\n"
#define ROLE_ARN "arn:aws:iam::1:role/A"
#define ROLE_CONFIG                                                                                \
    "[profile p]\nrole_arn = " ROLE_ARN "\nsource_profile = src\nregion = eu-west-1\n"
#define STS_REPLY                                                                                  \
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>FRESH</"                      \
    "AccessKeyId><SecretAccessKey>role-secret"                                                     \
    "</SecretAccessKey><SessionToken>role-token</SessionToken><Expiration>2026-11-22T23:15:30Z</"  \
    "Expiration></Credentials>"                                                                    \
    "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/A/x</Arn><AssumedRoleId>I:x</"              \
    "AssumedRoleId></AssumedRoleUser>"                                                             \
    "</AssumeRoleResult></AssumeRoleResponse>"

struct run {
    struct fixture f;
    const char *profile;
    const char *mfa_code;
    int rc;
    struct aws_credentials c;
    struct error err;
    struct str trace, warnings;
};

static void resolve_body(void *arg)
{
    struct run *r = arg;
    struct aws_session *s = NULL;

    r->rc = fixture_open(&r->f, r->profile, NULL, &s, &r->err);
    if (r->rc < 0)
        return;
    if (r->mfa_code)
        aws_session_give_mfa_code(s, r->mfa_code);
    r->rc = aws_session_credentials(s, &r->c, &r->err);
    str_append(&r->trace, aws_session_trace(s));
    aws_session_warnings(s, &r->warnings);
    aws_session_free(s);
}

static void resolve(struct run *r)
{
    aws_credentials_done(&r->c);
    error_done(&r->err);
    str_clear(&r->trace);
    str_clear(&r->warnings);
    fixture_run(&r->f, resolve_body, r);
}

static void begin(struct run *r)
{
    fixture_init(&r->f);
    fixture_file(&r->f, ".aws/credentials", "[src]\n" KEYS("SRC"));
    fixture_file(&r->f, ".aws/config", ROLE_CONFIG);
    r->profile = "p";
}

static void end(struct run *r)
{
    script_http_assert_done(r->f.script);
    aws_credentials_done(&r->c);
    error_done(&r->err);
    str_done(&r->trace);
    str_done(&r->warnings);
    fixture_done(&r->f);
}

static char *cache_path(const struct run *r, const char *serial)
{
    const struct role_cache_role role = {.role_arn = ROLE_ARN, .serial = serial};
    cleanup_free char *key = role_cache_key_role(&role);

    return role_cache_path(r->f.env, key);
}

static void put_cache(const struct run *r, const char *expires)
{
    cleanup_free char *path = cache_path(r, NULL), *folder = path_dirname(path);
    cleanup_free char *text = xasprintf(
        "{\"Credentials\": {\"AccessKeyId\": \"CACHED\", \"SecretAccessKey\": \"s\", "
        "\"SessionToken\": \"t\", "
        "\"Expiration\": \"%s\"}}",
        expires);

    ck_assert_int_eq(file_mkdirs(folder, 0700, NULL), 0);
    ck_assert_int_eq(file_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static void expect_sts(struct run *r, const char *body)
{
    script_http_add(
        r->f.script,
        &(struct script_step){
            .method = "POST",
            .url = "https://sts.eu-west-1.amazonaws.com/*",
            .body = body,
            .reply = STS_REPLY});
}

START_TEST(cached_role_serves_without_a_call)
{
    static const char *const spellings[] = {
        "2026-11-22T23:00:00Z", "2026-11-22T23:00:00+00:00", "2026-11-22T23:00:00UTC"};

    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        struct run r = {0};
        begin(&r);
        put_cache(&r, spellings[i]);
        resolve(&r);
        ck_assert_msg(r.rc == 0, "%s: %s", spellings[i], r.err.message);
        ck_assert_str_eq(r.c.access_key_id, "CACHED");
        end(&r);
    }
}
END_TEST

/* Clock: 22:15:30. Fifteen minutes are the least. */
START_TEST(cached_role_near_its_end_is_fetched_again)
{
    struct run r = {0};
    struct stat st;

    begin(&r);
    put_cache(&r, "2026-11-22T22:30:00Z");
    expect_sts(&r, "*Action=AssumeRole&*");
    resolve(&r);
    ck_assert_str_eq(r.c.access_key_id, "FRESH");
    cleanup_free char *path = cache_path(&r, NULL);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    cleanup_str struct str text = STR_INIT;
    cleanup_json json_t *j = NULL;
    ck_assert_int_eq(file_read(path, 65536, &text, NULL), 0);
    ck_assert_int_eq(json_parse(str_get(&text), text.len, &j, NULL), 0);
    ck_assert_str_eq(json_str(j, "Credentials.Expiration"), "2026-11-22T23:15:30Z");
    ck_assert_str_eq(json_str(j, "Credentials.SecretAccessKey"), "role-secret");
    ck_assert_str_eq(json_str(j, "AssumedRoleUser.AssumedRoleId"), "I:x");
    resolve(&r); /* now from the file */
    ck_assert_str_eq(r.c.access_key_id, "FRESH");
    end(&r);
}
END_TEST

START_TEST(unreadable_cache_is_a_miss)
{
    static const char *const texts[] = {
        "",
        "{\"Credentials\": {\"AccessKeyId\": \"CACH",
        "[]",
        "{\"Credentials\": {}}",
        "{\"Credentials\": {\"AccessKeyId\": 1}}",
        ("{\"Credentials\": {\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\", \"SessionToken\": "
         "\"c\", \"Expiration\": \"soon\"}}")};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct run r = {0};
        begin(&r);
        put_cache(&r, "2026-11-22T23:00:00Z");
        cleanup_free char *path = cache_path(&r, NULL);
        ck_assert_int_eq(file_write_atomic(path, texts[i], strlen(texts[i]), 0600, NULL), 0);
        expect_sts(&r, NULL);
        resolve(&r);
        ck_assert_msg(
            r.rc == 0 && strcmp(r.c.access_key_id, "FRESH") == 0, "text %zu: %s", i, r.err.message);
        end(&r);
    }
}
END_TEST

START_TEST(mfa_asks_once)
{
    struct run r = {0};

    begin(&r);
    fixture_file(&r.f, ".aws/config", ROLE_CONFIG "mfa_serial = arn:aws:iam::1:mfa/u\n");
    resolve(&r);
    ck_assert_int_lt(r.rc, 0);
    ck_assert_int_eq(r.err.kind, ERR_AUTH);
    ck_assert_str_eq(r.err.mfa_serial, "arn:aws:iam::1:mfa/u");
    expect_sts(&r, "*SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fu&TokenCode=123456*");
    r.mfa_code = "123456";
    resolve(&r);
    ck_assert_msg(r.rc == 0, "%s", r.err.message);
    r.mfa_code = NULL;
    resolve(&r);
    ck_assert_str_eq(r.c.access_key_id, "FRESH");
    ck_assert_ptr_nonnull(strstr(r.c.source, "cache"));
    end(&r);
}
END_TEST

START_TEST(a_code_is_used_once)
{
    struct run r = {0};

    begin(&r);
    fixture_file(&r.f, ".aws/config", ROLE_CONFIG "mfa_serial = M\n");
    script_http_add(
        r.f.script,
        &(struct script_step){
            .status = 403,
            .reply = "<ErrorResponse><Error><Code>AccessDenied</"
                     "Code><Message>MultiFactorAuthentication failed"
                     "</Message></Error></ErrorResponse>"});
    r.mfa_code = "654321";
    resolve(&r);
    ck_assert_int_lt(r.rc, 0);
    ck_assert_ptr_null(strstr(r.err.message, "654321"));
    ck_assert_ptr_nonnull(strstr(r.err.message, "MultiFactorAuthentication failed"));
    end(&r);
}
END_TEST

START_TEST(trace_tells_the_way)
{
    struct run r = {0};

    begin(&r);
    expect_sts(&r, NULL);
    resolve(&r);
    cleanup_free char *want = xasprintf(
        "environment: not asked: --profile is given\n"
        "  assume-role-with-web-identity: neither AWS_WEB_IDENTITY_TOKEN_FILE nor "
        "web_identity_token_file is set\n"
        "  sso: no sso_account_id or sso_role_name in profile src\n"
        "  shared-credentials-file: serves, profile src in %s/.aws/credentials:2\n"
        "assume-role: serves, profile p, role " ROLE_ARN
        " through profile src in %s/.aws/credentials:2\n",
        r.f.home,
        r.f.home);
    ck_assert_str_eq(str_get(&r.trace), want);
    end(&r);
}
END_TEST

/* Whatever keeps them away, it is credentials that are missing: exit code 3, not a time-out's. */
START_TEST(access_13_a_machine_that_does_not_answer)
{
    static const int errors[] = {-ETIMEDOUT, -ECONNREFUSED, -ENOTUNIQ};

    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        struct run r = {0};

        fixture_init(&r.f);
        fixture_env(&r.f, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/c");
        script_http_add(r.f.script, &(struct script_step){.error = errors[i], .times = 3});
        resolve(&r);
        ck_assert_int_eq(r.err.kind, ERR_AUTH);
        ck_assert_ptr_nonnull(strstr(r.err.message, "container credentials endpoint http://127"));
        ck_assert_ptr_nonnull(strstr(r.err.hint, "unset it outside of a container"));
        end(&r);
    }
}
END_TEST

struct warning_case {
    const char *id, *credentials, *config, *name, *value, *profile, *part;
};

static const struct warning_case warning_cases[] = {
    {"SSO and static keys",
     "[p]\n" KEYS("A"),
     "[profile p]\nregion = x\nsso_account_id = 1\n",
     NULL,
     NULL,
     "p",
     "are not used, because the profile uses SSO"},
    {"role and static keys",
     "[p]\n" KEYS("A"),
     "[profile p]\nregion = x\nrole_arn = r\nsource_profile = q\n[profile q]\n",
     NULL,
     NULL,
     "p",
     "because the profile assumes a role"},
    {"partial environment",
     NULL,
     "[profile p]\nregion = x\n",
     "AWS_SECRET_ACCESS_KEY",
     "s",
     "p",
     "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID"},
    {"stale token",
     NULL,
     "[profile p]\nregion = x\n",
     "AWS_SESSION_TOKEN",
     "s",
     "p",
     "AWS_SESSION_TOKEN is set without AWS_ACCESS_KEY_ID"},
    {"no region", NULL, "[profile p]\n", NULL, NULL, "p", "No region is set"},
    {"no region, identity is known",
     NULL,
     "[profile p]\n",
     NULL,
     NULL,
     "p",
     "who you are is known without one"},
    {"no region, own endpoint",
     NULL,
     "[profile p]\nendpoint_url = http://127.0.0.1:9\n",
     NULL,
     NULL,
     "p",
     "No region is set for profile p: set AWS_REGION"},
    {"keys in both files",
     "[p]\n" KEYS("A"),
     "[profile p]\nregion = x\n" KEYS("B"),
     NULL,
     NULL,
     "p",
     "has keys in both files"},
};

START_TEST(warnings_name_the_traps)
{
    for (size_t i = 0; i < ARRAY_LEN(warning_cases); i++) {
        const struct warning_case *w = &warning_cases[i];
        struct run r = {.profile = w->profile};

        fixture_init(&r.f);
        if (w->credentials)
            fixture_file(&r.f, ".aws/credentials", w->credentials);
        fixture_file(&r.f, ".aws/config", w->config);
        if (w->name)
            fixture_env(&r.f, w->name, w->value);
        resolve(&r);
        ck_assert_msg(
            strstr(str_get(&r.warnings), w->part) != NULL, "%s: %s", w->id, str_get(&r.warnings));
        ck_assert_msg(strstr(str_get(&r.warnings), "secret-") == NULL, "%s", w->id);
        end(&r);
    }
}
END_TEST

START_TEST(environment_hides_a_profile)
{
    struct run r = {0};

    fixture_init(&r.f);
    fixture_keys(&r.f);
    fixture_file(&r.f, ".aws/credentials", "[p]\n" KEYS("P"));
    fixture_env(&r.f, "AWS_PROFILE", "p");
    cleanup_free char *path = path_join(r.f.home, ".aws/credentials");
    ck_assert_int_eq(chmod(path, 0644), 0);
    resolve(&r);
    ck_assert_int_eq(r.rc, 0);
    ck_assert_ptr_nonnull(strstr(
        str_get(&r.warnings),
        "AWS_ACCESS_KEY_ID hides the credentials of profile p (AWS_PROFILE)"));
    ck_assert_ptr_nonnull(strstr(str_get(&r.warnings), "can be read by others (mode 0644)"));
    end(&r);
}
END_TEST

/* A quiet place has nothing to warn of. */
START_TEST(no_warning_without_a_trap)
{
    struct run r = {.profile = "p"};

    fixture_init(&r.f);
    fixture_file(&r.f, ".aws/credentials", "[p]\nregion = eu-west-1\n" KEYS("P"));
    resolve(&r);
    ck_assert_str_eq(str_get(&r.warnings), "");
    end(&r);
}
END_TEST

#define SSO_CONFIG                                                                                 \
    "[profile p]\nregion = us-west-2\nsso_session = s\nsso_account_id = "                          \
    "123456789012\nsso_role_name = Dev\n"                                                          \
    "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x/start\n"

struct renewer {
    struct fixture *f;
    int rc;
    char *key;
};

static void renew_body(void *arg)
{
    struct renewer *r = arg;
    struct aws_session *s = NULL;
    struct aws_credentials c = {0};

    ck_assert_int_eq(fixture_open(r->f, "p", NULL, &s, NULL), 0);
    r->rc = aws_session_credentials(s, &c, NULL);
    r->key = xstrdup_null(c.access_key_id);
    aws_credentials_done(&c);
    aws_session_free(s);
}

static void two_at_once(void *arg)
{
    struct renewer *r = arg;
    struct fiber *fibers[2];

    for (int i = 0; i < 2; i++)
        fibers[i] = fiber_spawn(r[i].f->loop, "renew", renew_body, &r[i]);
    for (int i = 0; i < 2; i++)
        fiber_join(fibers[i]);
}

/* A refresh token is good for one use: the second session waits for the first and takes what it
 * stored. */
START_TEST(one_of_two_renews_the_token)
{
    struct fixture f;
    struct renewer r[2] = {{.f = &f}, {.f = &f}};

    fixture_init(&f);
    fixture_file(&f, ".aws/config", SSO_CONFIG);
    fixture_file(
        &f,
        ".aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json",
        "{\"accessToken\":\"OLD\",\"expiresAt\":\"2020-01-01T00:00:00Z\",\"clientId\":\"c\","
        "\"clientSecret\":\"x\",\"refreshToken\":\"R1\","
        "\"registrationExpiresAt\":\"2099-01-01T00:00:00Z\",\"unknown\":7}");
    script_http_any_order(f.script);
    script_http_add(
        f.script,
        &(struct script_step){
            .method = "POST",
            .url = "https://oidc.eu-west-1.amazonaws.com/token",
            .body = "*R1*",
            .delay_ms = 300,
            .reply = "{\"accessToken\":\"NEW\",\"expiresIn\":28800,\"refreshToken\":\"R2\"}"});
    script_http_add(
        f.script,
        &(struct script_step){
            .url = "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials*",
            .header = "x-amz-sso_bearer_token: NEW",
            .times = 2,
            .reply = "{\"roleCredentials\":{\"accessKeyId\":\"K\",\"secretAccessKey\":\"s\","
                     "\"sessionToken\":\"t\",\"expiration\":4102444800000}}"});
    fixture_run(&f, two_at_once, r);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(r[i].rc, 0);
        ck_assert_str_eq(r[i].key, "K");
        free(r[i].key);
    }
    script_http_assert_done(f.script);
    cleanup_free char *path =
        path_join(f.home, ".aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json");
    cleanup_str struct str text = STR_INIT;
    ck_assert_int_eq(file_read(path, 65536, &text, NULL), 0);
    ck_assert_ptr_nonnull(strstr(str_get(&text), "R2"));
    ck_assert_ptr_nonnull(strstr(str_get(&text), "unknown")); /* members of others survive */
    fixture_done(&f);
}
END_TEST

SUITE(
    "aws/chain",
    one_of_two_renews_the_token,
    cached_role_serves_without_a_call,
    cached_role_near_its_end_is_fetched_again,
    unreadable_cache_is_a_miss,
    mfa_asks_once,
    a_code_is_used_once,
    trace_tells_the_way,
    access_13_a_machine_that_does_not_answer,
    warnings_name_the_traps,
    environment_hides_a_profile,
    no_warning_without_a_trap)
