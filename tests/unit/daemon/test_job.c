/* Whole jobs: every end that one can come to, and what a restart finds of those that had none. The
 * cloud is a script and the clock a false one, so that waits of minutes pass at once; the store is
 * a real one in a folder of its own. */
#include "unit/daemon/rig.h"
#include "unit/lib/suite.h"

#define IDENTITY(account)                                                                          \
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::" account               \
    ":user/me</Arn><UserId>A</UserId><Account>" account                                            \
    "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
#define NO_STACK                                                                                   \
    "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id defang-cd does not " \
    "exist</Message></Error></ErrorResponse>"
#define DENIED                                                                                     \
    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not "                                 \
    "allowed</Message></Error></ErrorResponse>"
#define EXPIRED                                                                                    \
    "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error></"          \
    "ErrorResponse>"

static struct job *start(const char *kind, struct session *s, json_t *inputs)
{
    struct error err = ERROR_INIT;
    struct job *j = NULL;
    cleanup_free char *id = job_id_new();
    struct store_deployment row = {
        .id = id,
        .kind = (char *)(uintptr_t)kind,
        .project = (char *)"",
        .stack = (char *)"defang-cd",
        .account = (char *)"123456789012",
        .region = (char *)"us-west-2",
        .engine = (char *)"cloudformation",
        .profile = (char *)"default",
        .created_ms = FAKE_CLOCK_START_MS};
    int rc = job_start(&rig.d, &row, inputs, s, &j, &err);
    ck_assert_msg(rc == 0, "%s", err.message);
    return j;
}

static char id[16];
static int state;

static void read_state(void)
{
    struct store_deployment row = {0};
    ck_assert_int_eq(store_flush(rig.d.store, NULL), 0);
    ck_assert_int_eq(store_deployment_get(rig.d.store, id, &row, NULL), 0);
    state = row.state;
    store_deployment_done(&row);
}

static bool no_inputs(void *arg, const struct store_deployment *row)
{
    (*(int *)arg)++;
    return true;
}

static int unfinished(void)
{
    int n = 0;
    struct store_filter f = {.unfinished_only = true};
    ck_assert_int_eq(store_deployment_each(rig.d.store, &f, no_inputs, &n, NULL), 0);
    return n;
}

static const char *kind;
static void (*meanwhile)(struct job *j);

static void run_one(void *arg)
{
    struct rig_caller c;
    rig_caller_init(&c);
    struct session *s = rig_session(&c);
    struct job *j = start(kind, s, job_inputs_new(s, &c.caller, NULL, true));
    snprintf(id, sizeof id, "%s", j->row.id);
    session_unref(&rig.d, s);
    if (meanwhile)
        meanwhile(j);
    while (rig.d.jobs.len)
        fiber_sleep(100);
    read_state();
}

static void run_kind_of(const char *which)
{
    kind = which;
    loop_run_fiber(rig.d.loop, "test", run_one, NULL);
}

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
    job_cancel(j);
    job_cancel(j);
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

static void bring_fresh_ones(struct job *j)
{
    struct rig_caller c;
    while (j->row.state != DEFANG__DEPLOY_STATE__BLOCKED_AUTH)
        fiber_sleep(100);
    rig_caller_init(&c);
    rig_var(&c, "AWS_SECRET_ACCESS_KEY", "other-account");
    struct session *other = rig_session(&c);
    ck_assert_uint_eq(job_offer_credentials(&rig.d, other), 0); /* of another account */
    ck_assert_int_eq(j->row.state, DEFANG__DEPLOY_STATE__BLOCKED_AUTH);
    session_unref(&rig.d, other);
    rig_var(&c, "AWS_SECRET_ACCESS_KEY", "fresh");
    struct session *fresh = rig_session(&c);
    ck_assert_uint_eq(job_offer_credentials(&rig.d, fresh), 1);
    session_unref(&rig.d, fresh);
}

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
    job_cancel(j);
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
    job_cancel(j);
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
        job_cancel(j); /* and the daemon ends before it is done */
    rig.d.stopping = true;
    job_suspend_all(&rig.d);
    while (j->fiber)
        fiber_sleep(10);
    read_state();
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

static void wait_for_all(void *arg)
{
    while (rig.d.jobs.len) {
        vec_each(it, &rig.d.jobs)
        {
            if ((*it)->row.state == DEFANG__DEPLOY_STATE__BLOCKED_AUTH && arg) {
                void (*fn)(struct job *) = *(void (**)(struct job *))arg;
                fn(*it);
                arg = NULL;
                break;
            }
        }
        fiber_sleep(100);
    }
    read_state();
}

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
    vec_each(it, &rig.d.jobs)(*it)->finished = true;
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

SUITE(
    "daemon/job",
    a_refused_call_fails_the_job,
    nothing_to_do_succeeds,
    a_kind_of_a_newer_daemon_fails,
    a_cancel_ends_in_canceled,
    expired_credentials_are_waited_for,
    a_blocked_job_can_be_canceled,
    fresh_credentials_serve_late_failures_too,
    a_stopping_daemon_leaves_the_job_unfinished,
    a_restarted_daemon_takes_it_up_again,
    a_cancel_survives_a_restart,
    inputs_that_cannot_be_read_fail_the_job)
