/* Jobs whose credentials run out: they wait, go on with fresh ones of the same account and with no
 * other's, and can be canceled meanwhile. */
#include "unit/daemon/job_rig.h"

START_TEST(expired_credentials_are_waited_for)
{
    rig_setup();
    meanwhile = bring_fresh_ones;
    script_http_add(
        rig.script,
        &(struct script_step){.body = "Action=DescribeStacks*", .status = 403, .reply = EXPIRED});
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=GetCallerIdentity*", .reply = IDENTITY("999999999999")});
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=GetCallerIdentity*", .reply = IDENTITY("123456789012")});
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .status = 400, .reply = NO_STACK, .times = 2});
    run_kind_of("teardown");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__SUCCEEDED);
    ck_assert(said(
        "credentials of arn:aws:iam::999999999999:user/me were offered and not taken: "
        "this deployment is in account 123456789012"));
    rig_done();
}
END_TEST

static void cancel_blocked(struct job *j)
{
    while (j->row.state != DEFANG__DEPLOY_STATE__BLOCKED_AUTH)
        fiber_sleep(100);
    ck_assert_int_eq(job_cancel(j, NULL), 0);
}

START_TEST(a_blocked_job_can_be_canceled)
{
    rig_setup();
    meanwhile = cancel_blocked;
    script_http_any_order(rig.script);
    script_http_add(
        rig.script, &(struct script_step){.status = 403, .reply = EXPIRED, .times = 50});
    run_kind_of("teardown");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__CANCELED);
    ck_assert_int_lt(rig.clock.wall_ms - FAKE_CLOCK_START_MS, 60 * 1000);
    rig_done();
}
END_TEST

/* A call that was under way with the old keys must not block the job again once fresh ones are
 * there. */
static unsigned blocked_times;

static int blocked_call(void *arg, struct error *err)
{
    struct job *j = arg;
    struct error expired = ERROR_INIT;

    error_raise(&expired, ERR_AUTH, "expired");

    int rc = j->context.wait_for_credentials(j->context.wait_arg, &expired);
    blocked_times += j->row.state == DEFANG__DEPLOY_STATE__BLOCKED_AUTH;
    error_done(&expired);

    return rc;
}

static void late_failures(struct job *j)
{
    struct error err = ERROR_INIT;

    fiber_sleep(0);
    fiber_sleep(50); /* the job is in its first call */
    j->fresh_ms = loop_now_ms(rig.d.loop);
    blocked_times = 0;
    ck_assert_int_eq(blocked_call(j, &err), 0);
    ck_assert_uint_eq(blocked_times, 0);
    ck_assert_int_eq(job_cancel(j, NULL), 0);
}

START_TEST(fresh_credentials_serve_late_failures_too)
{
    rig_setup();
    meanwhile = late_failures;
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .delay_ms = 20000, .status = 400, .reply = NO_STACK});
    run_kind_of("bootstrap");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__CANCELED);
    rig_done();
}
END_TEST

/* ---- whose they are ---- */

static unsigned offer_keys(const char *secret)
{
    struct rig_caller c;

    rig_caller_init(&c);
    rig_var(&c, "AWS_SECRET_ACCESS_KEY", secret);

    struct session *s = rig_session(&c);
    unsigned n = job_offer_credentials(&rig.d, s);
    session_unref(&rig.d, s);
    return n;
}

static void bring_a_readers(struct job *j)
{
    while (j->row.state != DEFANG__DEPLOY_STATE__BLOCKED_AUTH)
        fiber_sleep(100);
    ck_assert_uint_eq(offer_keys("reader"), 0);
    ck_assert_uint_eq(offer_keys("reader-again"), 0);
    ck_assert_int_eq(j->row.state, DEFANG__DEPLOY_STATE__BLOCKED_AUTH);
    ck_assert_uint_eq(offer_keys("mine"), 1);
}

#define READER IDENTITY_OF("123456789012", "arn:aws:iam::123456789012:user/reader")

START_TEST(trust_12_another_principal_is_not_taken)
{
    rig_setup();
    meanwhile = bring_a_readers;
    expect_call("Action=DescribeStacks*", 403, EXPIRED);
    expect_call("Action=GetCallerIdentity*", 200, READER);
    expect_call("Action=GetCallerIdentity*", 200, READER);
    expect_call("Action=GetCallerIdentity*", 200, IDENTITY("123456789012"));
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .status = 400, .reply = NO_STACK, .times = 2});
    run_kind_of("teardown");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__SUCCEEDED);
    ck_assert(said(
        "credentials of arn:aws:iam::123456789012:user/reader were offered and not "
        "taken: this deployment belongs to arn:aws:iam::123456789012:user/me"));
    ck_assert(said("defangctl resume --as-me"));
    rig_done();
}
END_TEST

static void bring_another_session(struct job *j)
{
    while (j->row.state != DEFANG__DEPLOY_STATE__BLOCKED_AUTH)
        fiber_sleep(100);
    ck_assert_uint_eq(offer_keys("another-role"), 0);
    ck_assert_uint_eq(offer_keys("same-role"), 1);
}

#define ASSUMED(role, session)                                                                     \
    IDENTITY_OF("123456789012", "arn:aws:sts::123456789012:assumed-role/" role "/" session)

/* Each session of a role has a name of its own; the role is who it is. */
START_TEST(trust_12_a_role_is_the_same_in_another_session)
{
    rig_setup();
    owner = "arn:aws:sts::123456789012:assumed-role/Admin";
    meanwhile = bring_another_session;
    expect_call("Action=DescribeStacks*", 403, EXPIRED);
    expect_call("Action=GetCallerIdentity*", 200, ASSUMED("Administrator", "botocore-session-1"));
    expect_call("Action=GetCallerIdentity*", 200, ASSUMED("Admin", "botocore-session-2"));
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .status = 400, .reply = NO_STACK, .times = 2});
    run_kind_of("teardown");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__SUCCEEDED);
    rig_done();
}
END_TEST

/* What happens to the shell's session later is not the job's: it has one of its own. */
static void spoil_the_shells_session(struct job *j)
{
    struct rig_caller c;
    struct aws_credentials other = {.access_key_id = (char *)"AKIDSPOILT"};

    rig_caller_init(&c);
    struct session *s = rig_session(&c);
    ck_assert_ptr_ne(s, j->session);
    aws_session_replace_credentials(s->aws, &other);
    session_unref(&rig.d, s);
}

START_TEST(trust_12_a_job_has_a_session_of_its_own)
{
    rig_setup();
    meanwhile = spoil_the_shells_session;
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*",
            .header = "authorization: *AKIDEXAMPLE*",
            .status = 400,
            .reply = NO_STACK,
            .times = 2});
    run_kind_of("teardown");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__SUCCEEDED);
    rig_done();
}
END_TEST

SUITE(
    "daemon/job_credentials",
    expired_credentials_are_waited_for,
    a_blocked_job_can_be_canceled,
    fresh_credentials_serve_late_failures_too,
    trust_12_another_principal_is_not_taken,
    trust_12_a_role_is_the_same_in_another_session,
    trust_12_a_job_has_a_session_of_its_own)
