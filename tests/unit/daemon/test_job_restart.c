/* What a daemon that stops leaves behind, and what its next life makes of it: the same store, no
 * session, and of the shell's keys only that there were some. */
#include "unit/daemon/job_rig.h"

static void stop_daemon(void *arg)
{
    struct rig_caller c;

    rig_caller_init(&c);

    struct session *s = rig_session(&c);
    struct job *j = start("bootstrap", s, job_inputs_new(s, &c.caller, NULL, true));

    snprintf(id, sizeof id, "%s", j->row.id);
    session_unref(&rig.d, s);
    fiber_sleep(500);
    if (arg)
        ck_assert_int_eq(job_cancel(j, NULL), 0); /* and the daemon ends before it is done */
    rig.d.stopping = true;
    job_suspend_all(&rig.d);
    while (j->fiber)
        fiber_sleep(10);
    read_state();
}

static void suspend_blocked(void *arg)
{
    while (rig.d.jobs.items[0]->row.state != DEFANG__DEPLOY_STATE__BLOCKED_AUTH)
        fiber_sleep(100);
    rig.d.stopping = true;
    job_suspend_all(&rig.d);
    while (rig.d.jobs.items[0]->fiber)
        fiber_sleep(10);
    read_state();
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__BLOCKED_AUTH);
}

START_TEST(a_stopping_daemon_leaves_the_job_unfinished)
{
    rig_setup();
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .delay_ms = 20000, .status = 400, .reply = NO_STACK});
    loop_run_fiber(rig.d.loop, "test", stop_daemon, NULL);
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__RUNNING);
    ck_assert_int_eq(unfinished(), 1);
    rig_done();
}
END_TEST

/* The next life: the same store, no session; the keys of the shell are gone, so the job waits for
 * some. */
START_TEST(a_restarted_daemon_takes_it_up_again)
{
    rig_setup();
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .delay_ms = 20000, .status = 400, .reply = NO_STACK});
    loop_run_fiber(rig.d.loop, "test", stop_daemon, NULL);
    vec_each(it, &rig.d.jobs)
        (*it)->finished = true;
    job_free_finished(&rig.d);
    session_drop_all(&rig.d);
    store_close(rig.d.store);
    rig_store_open();
    rig.d.stopping = false;
    ck_assert_int_eq(job_resume_all(&rig.d, NULL), 0);
    ck_assert_uint_eq(rig.d.jobs.len, 1);
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
        &(struct script_step){.body = "Action=DescribeStacks*", .status = 403, .reply = DENIED});
    void (*fn)(struct job *) = bring_fresh_ones;
    loop_run_fiber(rig.d.loop, "test", wait_for_all, &fn);
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__FAILED); /* it went on, and AWS said no */
    script_http_assert_done(rig.script);
    rig_done();
}
END_TEST

/* Canceled, and the daemon killed before it was carried out: the cancel is not forgotten, and needs
 * keys like everything else. */
START_TEST(a_cancel_survives_a_restart)
{
    rig_setup();

    struct rig_caller c;
    rig_caller_init(&c);

    struct session *s = rig_session(&c);
    cleanup_json json_t *inputs = job_inputs_new(s, &c.caller, NULL, true);
    cleanup_free char *frozen = json_print(inputs, false, true);

    session_unref(&rig.d, s);
    snprintf(id, sizeof id, "k3j2h4g5f6d7");

    struct store_deployment row = {
        .id = id,
        .kind = (char *)"bootstrap",
        .project = (char *)"",
        .stack = (char *)"defang-cd",
        .account = (char *)"123456789012",
        .region = (char *)"us-west-2",
        .engine = (char *)"cloudformation",
        .profile = (char *)"default",
        .inputs = frozen,
        .inputs_len = strlen(frozen),
        .state = DEFANG__DEPLOY_STATE__QUEUED,
        .created_ms = FAKE_CLOCK_START_MS};

    ck_assert_int_eq(store_deployment_insert(rig.d.store, &row, NULL), 0);
    ck_assert_int_eq(
        store_deployment_move(rig.d.store, id, DEFANG__DEPLOY_STATE__RUNNING, NULL, NULL), 0);
    ck_assert_int_eq(
        store_deployment_move(rig.d.store, id, DEFANG__DEPLOY_STATE__CANCELING, NULL, NULL), 0);
    ck_assert_int_eq(store_flush(rig.d.store, NULL), 0);
    ck_assert_int_eq(job_resume_all(&rig.d, NULL), 0);
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=GetCallerIdentity*", .reply = IDENTITY("999999999999")});
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=GetCallerIdentity*", .reply = IDENTITY("123456789012")});
    void (*fn)(struct job *) = bring_fresh_ones;
    loop_run_fiber(rig.d.loop, "test", wait_for_all, &fn);
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__CANCELED);
    ck_assert_int_lt(rig.clock.wall_ms - FAKE_CLOCK_START_MS, 60 * 1000);
    rig_done();
}
END_TEST

/* The row as a killed daemon leaves it: canceled, and waiting for keys to take back with. */
START_TEST(trust_30_a_canceled_job_never_goes_on)
{
    rig_setup();
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .delay_ms = 20000, .status = 400, .reply = NO_STACK});
    loop_run_fiber(rig.d.loop, "test", stop_daemon, NULL);
    ck_assert_int_eq(store_deployment_cancel(rig.d.store, id, NULL), 0);
    ck_assert_int_eq(
        store_deployment_move(rig.d.store, id, DEFANG__DEPLOY_STATE__BLOCKED_AUTH, NULL, NULL), 0);

    for (int life = 0; life < 2; life++) {
        vec_each(it, &rig.d.jobs)
            (*it)->finished = true;
        job_free_finished(&rig.d);
        session_drop_all(&rig.d);
        store_close(rig.d.store);
        rig_store_open();
        rig.d.stopping = false;
        ck_assert_int_eq(job_resume_all(&rig.d, NULL), 0);
        if (life == 0)
            loop_run_fiber(rig.d.loop, "test", suspend_blocked, NULL);
    }

    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=GetCallerIdentity*", .reply = IDENTITY("999999999999")});
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=GetCallerIdentity*", .reply = IDENTITY("123456789012")});
    void (*fn)(struct job *) = bring_fresh_ones;
    loop_run_fiber(rig.d.loop, "test", wait_for_all, &fn);
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__CANCELED); /* and nothing else was asked */
    rig_done();
}
END_TEST

SUITE(
    "daemon/job_restart",
    trust_30_a_canceled_job_never_goes_on,
    a_stopping_daemon_leaves_the_job_unfinished,
    a_restarted_daemon_takes_it_up_again,
    a_cancel_survives_a_restart)
