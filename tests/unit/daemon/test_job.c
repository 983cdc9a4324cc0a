/* Every end that a job can come to: done, nothing to do, refused by AWS, canceled, of a kind or
 * with inputs that nobody understands. */
#include "unit/daemon/job_rig.h"

START_TEST(a_refused_call_fails_the_job)
{
    rig_setup();
    meanwhile = NULL;
    script_http_add(
        rig.script,
        &(struct script_step){.body = "Action=DescribeStacks*", .status = 403, .reply = DENIED});
    run_kind_of("bootstrap");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__FAILED);
    ck_assert_int_eq(unfinished(), 0);
    ck_assert(!rig.d.bootstrap_held);
    rig_done();
}
END_TEST

START_TEST(nothing_to_do_succeeds)
{
    rig_setup();
    meanwhile = NULL;
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .status = 400, .reply = NO_STACK, .times = 2});
    run_kind_of("teardown");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__SUCCEEDED);
    rig_done();
}
END_TEST

START_TEST(a_kind_of_a_newer_daemon_fails)
{
    rig_setup();
    meanwhile = NULL;
    run_kind_of("teleport");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__FAILED);
    rig_done();
}
END_TEST

static void cancel_soon(struct job *j)
{
    fiber_sleep(500);
    ck_assert_int_eq(job_cancel(j, NULL), 0);
    ck_assert_int_eq(job_cancel(j, NULL), 0);
}

START_TEST(a_cancel_ends_in_canceled)
{
    rig_setup();
    meanwhile = cancel_soon;
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .delay_ms = 20000, .status = 400, .reply = NO_STACK});
    run_kind_of("bootstrap");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__CANCELED);
    ck_assert(!rig.d.bootstrap_held);
    ck_assert_int_lt(rig.clock.wall_ms - FAKE_CLOCK_START_MS, 5000);
    rig_done();
}
END_TEST

START_TEST(inputs_that_cannot_be_read_fail_the_job)
{
    static const char *const broken[] = {
        "", "{", "[]", "{\"env\":{\"AWS_EC2_METADATA_DISABLED\":\"true\"},\"model\":\"[\"}"};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        rig_setup();
        snprintf(id, sizeof id, "k3j2h4g5f6d7");

        struct store_deployment row = {
            .id = id,
            .kind = (char *)"up",
            .project = (char *)"shop",
            .stack = (char *)"beta",
            .account = (char *)"123456789012",
            .region = (char *)"us-west-2",
            .engine = (char *)"cloudformation",
            .profile = (char *)"default",
            .inputs = (char *)(uintptr_t)broken[i],
            .inputs_len = strlen(broken[i]),
            .state = DEFANG__DEPLOY_STATE__QUEUED,
            .created_ms = FAKE_CLOCK_START_MS};

        ck_assert_int_eq(store_deployment_insert(rig.d.store, &row, NULL), 0);
        ck_assert_int_eq(store_flush(rig.d.store, NULL), 0);
        ck_assert_int_eq(job_resume_all(&rig.d, NULL), 0);
        loop_run_fiber(rig.d.loop, "test", wait_for_all, NULL);
        ck_assert_msg(state == DEFANG__DEPLOY_STATE__FAILED, "%zu: %d", i, state);
        rig_done();
    }
}
END_TEST

/* What has begun to go goes: whoever asks is told so, and the job is left alone. */
static void cancel_too_far(struct job *j)
{
    cleanup_error struct error err = ERROR_INIT;

    fiber_sleep(50);
    ck_assert_int_eq(store_intent_put(rig.d.store, j->row.id, ENGINE_NO_RETURN, "1", NULL), 0);
    ck_assert_int_eq(job_cancel(j, &err), -EPERM);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot be taken back"));
    ck_assert_int_eq(j->row.state, DEFANG__DEPLOY_STATE__RUNNING);
}

START_TEST(trust_32_what_has_begun_to_go_is_not_canceled)
{
    rig_setup();
    meanwhile = cancel_too_far;
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*",
            .delay_ms = 2000,
            .status = 400,
            .reply = NO_STACK,
            .times = 2});
    run_kind_of("teardown");
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__SUCCEEDED);
    rig_done();
}
END_TEST

SUITE(
    "daemon/job",
    a_refused_call_fails_the_job,
    nothing_to_do_succeeds,
    a_kind_of_a_newer_daemon_fails,
    a_cancel_ends_in_canceled,
    inputs_that_cannot_be_read_fail_the_job,
    trust_32_what_has_begun_to_go_is_not_canceled)
