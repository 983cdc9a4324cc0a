/* Sessions that belong to somebody: what a credential_process answers later is asked who it is
 * before it serves. */
#include "aws/aws.h"
#include "aws/model/operations.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include <string.h>

#define ME "arn:aws:sts::111111111111:assumed-role/Admin"
#define ANSWER                                                                                     \
    "{\"Version\":1,\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"s\",\"Expiration\":\"%s\"}"
#define SOON  "2026-11-22T22:40:00Z"
#define LATER "2026-11-23T22:40:00Z"
#define WHO(account, arn)                                                                          \
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>" arn                                \
    "</Arn><UserId>A</UserId><Account>" account                                                    \
    "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"

struct run {
    struct fixture f;
    struct aws_session *s;
    int rc;
    struct error err;
};

static void answer(struct run *r, const char *key, const char *until)
{
    cleanup_free char *text = xasprintf(ANSWER, key, until);
    fixture_file(&r->f, "answer", text);
}

static void begin(struct run *r)
{
    fixture_init(&r->f);
    cleanup_free char *config = xasprintf(
        "[profile shop]\nregion = us-west-2\ncredential_process = cat %s/answer\n", r->f.home);
    fixture_file(&r->f, ".aws/config", config);
    answer(r, "AKIDFIRST", SOON);
    ck_assert_int_eq(fixture_open(&r->f, "shop", NULL, &r->s, NULL), 0);
    aws_session_bind(r->s, "111111111111", ME);
}

static void end(struct run *r)
{
    script_http_assert_done(r->f.script);
    error_done(&r->err);
    aws_session_free(r->s);
    fixture_done(&r->f);
}

static void sts_says(struct run *r, const char *key, const char *reply)
{
    script_http_add(
        r->f.script,
        &(struct script_step){
            .url = "https://sts.*",
            .body = "Action=GetCallerIdentity*",
            .header = key,
            .reply = reply});
}

static void call(void *arg)
{
    struct run *r = arg;
    json_t *out = NULL;

    error_done(&r->err);
    r->rc = aws_call(r->s, &aws_cloudformation_DescribeStacks, NULL, &out, &r->err);
    json_decref(out);
}

#define FIRST  "authorization: *AKIDFIRST*"
#define SECOND "authorization: *AKIDSECOND*"
#define STACKS "<DescribeStacksResponse><DescribeStacksResult/></DescribeStacksResponse>"

static void first_call(struct run *r)
{
    sts_says(r, FIRST, WHO("111111111111", ME "/botocore-session-1"));
    script_http_add(
        r->f.script,
        &(struct script_step){.url = "https://cloudformation.*", .header = FIRST, .reply = STACKS});
    fixture_run(&r->f, call, r);
    ck_assert_msg(r->rc == 0, "%s", r->err.message);
}

/* The old ones end, and the process answers for somebody else. */
static void second_call(struct run *r, const char *reply, bool goes_on)
{
    first_call(r);
    answer(r, "AKIDSECOND", LATER);
    fake_clock_advance(&r->f.clock, 24LL * 60 * 1000);
    sts_says(r, SECOND, reply);
    if (goes_on)
        script_http_add(
            r->f.script,
            &(struct script_step){
                .url = "https://cloudformation.*", .header = SECOND, .reply = STACKS});
    fixture_run(&r->f, call, r);
}

START_TEST(trust_11_another_account_in_mid_job)
{
    struct run r = {.err = ERROR_INIT};

    begin(&r);
    second_call(&r, WHO("222222222222", "arn:aws:sts::222222222222:assumed-role/Admin/x"), false);
    ck_assert_int_lt(r.rc, 0);
    ck_assert_int_eq(r.err.kind, ERR_AUTH);
    ck_assert(aws_error_is_auth(&r.err));
    ck_assert_ptr_nonnull(strstr(r.err.message, "account 222222222222"));
    ck_assert_ptr_nonnull(strstr(r.err.message, "account 111111111111 (" ME ")"));
    end(&r);
}
END_TEST

START_TEST(trust_11_another_role_in_mid_job)
{
    struct run r = {.err = ERROR_INIT};

    begin(&r);
    second_call(
        &r, WHO("111111111111", "arn:aws:sts::111111111111:assumed-role/ReadOnly/x"), false);
    ck_assert(aws_error_is_auth(&r.err));
    ck_assert_ptr_nonnull(strstr(r.err.message, "assumed-role/ReadOnly/x now"));
    ck_assert_ptr_nonnull(strstr(r.err.message, ME));
    end(&r);
}
END_TEST

START_TEST(trust_11_another_session_of_the_role_goes_on)
{
    struct run r = {.err = ERROR_INIT};

    begin(&r);
    second_call(&r, WHO("111111111111", ME "/botocore-session-2"), true);
    ck_assert_msg(r.rc == 0, "%s", r.err.message);
    end(&r);
}
END_TEST

START_TEST(trust_12_whose_an_arn_is)
{
    static const char *const cases[][2] = {
        {"arn:aws:iam::1:user/team/me", "arn:aws:iam::1:user/team/me"},
        {"arn:aws:iam::1:root", "arn:aws:iam::1:root"},
        {"arn:aws:sts::1:assumed-role/Admin/botocore-session-17",
         "arn:aws:sts::1:assumed-role/Admin"},
        {"arn:aws-cn:sts::1:assumed-role/Admin/me@corp", "arn:aws-cn:sts::1:assumed-role/Admin"},
        {"arn:aws:sts::1:assumed-role/Admin", "arn:aws:sts::1:assumed-role/Admin"},
        {"arn:aws:sts::1:federated-user/me", "arn:aws:sts::1:federated-user/me"},
        {"", ""}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *principal = aws_principal_of(cases[i][0]);
        ck_assert_str_eq(principal, cases[i][1]);
    }
}
END_TEST

SUITE(
    "aws/bound",
    trust_11_another_account_in_mid_job,
    trust_11_another_role_in_mid_job,
    trust_11_another_session_of_the_role_goes_on,
    trust_12_whose_an_arn_is)
