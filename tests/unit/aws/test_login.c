/* Sessions of `aws login` that cannot be renewed: each reason has its text and its mend. The
 * successes are in tests/vectors. */
#include "aws/identity/credentials.h"
#include "base/digest.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

#define SESSION "arn:aws:iam::123456789012:user/me"
#define OLD     "2020-01-01T00:00:00Z"

/* Made for this test. */
#define KEY                                                                                        \
    "-----BEGIN EC PRIVATE KEY-----\\n"                                                            \
    "MHcCAQEEIDjO8WkMvQ0Yrz2rkkbfjnUw5kAU4Dx1QFY5d4vPy/0IoAoGCCqGSM49\\n"                          \
    "AwEHoUQDQgAEV72puFagXYC4yujEDKzv71UOUrlkryDLkceJzIdaR2SUnTjaY7FT\\n"                          \
    "EijJhZLpQV2C9qZCUXvlzSse0Wlv8Z3IPw==\\n"                                                      \
    "-----END EC PRIVATE KEY-----\\n"

struct run {
    struct fixture f;
    int rc;
    struct error err;
};

static void body(void *arg)
{
    struct run *r = arg;
    struct aws_session *s = NULL;
    struct aws_credentials c = {0};

    r->rc = fixture_open(&r->f, "p", NULL, &s, &r->err);
    if (r->rc == 0)
        r->rc = aws_session_credentials(s, &c, &r->err);
    aws_credentials_done(&c);
    aws_session_free(s);
}

static void start(struct run *r)
{
    uint8_t sum[SHA256_BYTES];

    *r = (struct run){0};
    fixture_init(&r->f);
    fixture_env(&r->f, "AWS_MAX_ATTEMPTS", "1");
    fixture_file(
        &r->f, ".aws/config", "[profile p]\nregion = us-west-2\nlogin_session = " SESSION "\n");
    digest_sha256(SESSION, strlen(SESSION), sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum),
                      *file = xasprintf(".aws/login/cache/%s.json", hex);
    fixture_file(
        &r->f,
        file,
        "{\"accessToken\":{\"accessKeyId\":\"AK\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\","
        "\"expiresAt\":\"" OLD "\"},"
        "\"clientId\":\"c\",\"refreshToken\":\"r\",\"dpopKey\":\"" KEY "\"}");
}

static void finish(struct run *r)
{
    script_http_assert_done(r->f.script);
    error_done(&r->err);
    fixture_done(&r->f);
}

static void expect(struct run *r, const char *message, const char *hint)
{
    fixture_run(&r->f, body, r);
    ck_assert_int_eq(r->rc, -EKEYEXPIRED);
    ck_assert_int_eq(r->err.kind, ERR_AUTH);
    ck_assert_msg(strncmp(r->err.message, message, strlen(message)) == 0, "%s", r->err.message);
    ck_assert_ptr_nonnull(strstr(r->err.message, "(profile p, "));
    ck_assert_ptr_nonnull(strstr(r->err.message, "/.aws/login/cache/"));
    ck_assert_str_eq(r->err.hint, hint);
    ck_assert_uint_eq(r->err.line, 3); /* where login_session stands */
    finish(r);
}

START_TEST(each_reason_has_its_mend)
{
    static const struct {
        int status;
        const char *reason, *message, *hint;
    } rows[] = {
        {401, "TOKEN_EXPIRED", "the login session has expired (", "Run `aws login --profile p`."},
        {401,
         "AUTHCODE_EXPIRED",
         "the login session has expired (",
         "Run `aws login --profile p`."},
        {403,
         "USER_CREDENTIALS_CHANGED",
         "the login session has ended: the user's credentials (the password, say) have changed "
         "since it began (",
         "Run `aws login --profile p`."},
        {403,
         "INSUFFICIENT_PERMISSIONS",
         "the login session has no permission to be renewed (signin:CreateOAuth2Token) (",
         "Have the policy SignInLocalDevelopmentAccess attached to the user or role, then run `aws "
         "login --profile p`."},
        {403,
         "SOMETHING_NEW",
         "the login session's credentials have expired and could not be renewed: "
         "signin:CreateOAuth2Token: no (",
         "Run `aws login --profile p`."},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct run r;
        cleanup_free char *reply = xasprintf(
            "{\"__type\":\"AccessDeniedException\",\"error\":\"%s\",\"message\":\"no\"}",
            rows[i].reason);

        start(&r);
        script_http_add(
            r.f.script,
            &(struct script_step){
                .method = "POST",
                .url = "https://us-west-2.signin.aws.amazon.com/v1/token",
                .status = rows[i].status,
                .reply = reply});
        expect(&r, rows[i].message, rows[i].hint);
    }
}
END_TEST

/* Logging in again would not help: signin is not reached. */
START_TEST(a_lost_network_is_no_reason_to_log_in)
{
    struct run r;

    start(&r);
    script_http_add(r.f.script, &(struct script_step){.error = -ECONNREFUSED});
    expect(
        &r,
        "the login session's credentials have expired and could not be renewed: "
        "signin:CreateOAuth2Token: ",
        "Try again when the sign-in endpoint can be reached; if that does not help, run `aws login "
        "--profile p`.");
}
END_TEST

SUITE("aws/login", each_reason_has_its_mend, a_lost_network_is_no_reason_to_log_in)
