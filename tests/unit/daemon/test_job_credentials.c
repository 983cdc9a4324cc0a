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

SUITE(
    "daemon/job_credentials",
    expired_credentials_are_waited_for,
    a_blocked_job_can_be_canceled,
    fresh_credentials_serve_late_failures_too)
