/* What a daemon that stops leaves behind, and what its next life makes of it: the same store, no
 * session, and of the shell's keys only that there were some. */
#include "unit/daemon/job_rig.h"
#include <errno.h>

/* Another daemon over the same store: no job, no session. */
static void next_life(void)
{
    vec_each(it, &rig.d.jobs)
        (*it)->finished = true;
    job_free_finished(&rig.d);
    session_drop_all(&rig.d);
    store_close(rig.d.store);
    rig_store_open();
    rig.d.stopping = false;
}

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

/* A job on the keys of a shell, its next life about to begin; with `forget` without them. */
static void stopped_in_first_call(bool forget)
{
    rig_setup();
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .delay_ms = 20000, .status = 400, .reply = NO_STACK});
    loop_run_fiber(rig.d.loop, "test", stop_daemon, NULL);
    if (forget)
        ck_assert_int_eq(store_seal_forget(rig.d.store, NULL), 0);
    next_life();
}

/* The next life: the same store, no session; what the shell brought was sealed, and lives. */
START_TEST(survive_a_restarted_daemon_goes_on_with_the_sealed_keys)
{
    stopped_in_first_call(false);
    ck_assert_int_eq(job_resume_all(&rig.d, NULL), 0);
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*",
            .header = "authorization: *AKIDEXAMPLE*",
            .status = 403,
            .reply = DENIED});
    loop_run_fiber(rig.d.loop, "test", wait_for_all, NULL);
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__FAILED); /* it went on, and AWS said no */
    script_http_assert_done(rig.script);

    cleanup_secret struct secret kept = SECRET_INIT;
    ck_assert_int_eq(store_job_keys_get(rig.d.store, id, &kept, NULL), 0);
    ck_assert(!secret_is_set(&kept)); /* and they went with it */
    rig_done();
}
END_TEST

/* They have expired, or were forgotten, or cannot be opened: the job waits for some. */
START_TEST(a_restarted_daemon_takes_it_up_again)
{
    stopped_in_first_call(true);
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

/* Row 37: the terminal that watches finds the new daemon a moment later, and has the keys. */
static void bring_soon(void *arg)
{
    fiber_sleep(2000);

    struct job *j = job_find(&rig.d, id);
    ck_assert_ptr_nonnull(j);
    ck_assert_int_ne(j->row.state, DEFANG__DEPLOY_STATE__BLOCKED_AUTH);

    struct rig_caller c;
    rig_caller_init(&c);

    struct session *s = rig_session(&c);
    ck_assert_uint_eq(job_offer_credentials(&rig.d, s), 1);
    session_unref(&rig.d, s);
    wait_for_all(NULL);
}

START_TEST(survive_37_keys_that_come_at_once_are_not_waited_for_aloud)
{
    stopped_in_first_call(true);
    ck_assert_int_eq(job_resume_all(&rig.d, NULL), 0);
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=GetCallerIdentity*", .reply = IDENTITY("123456789012")});
    script_http_add(
        rig.script,
        &(struct script_step){.body = "Action=DescribeStacks*", .status = 403, .reply = DENIED});
    loop_run_fiber(rig.d.loop, "test", bring_soon, NULL);
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__FAILED); /* it went on, and AWS said no */
    ck_assert(!said("waiting for credentials"));
    script_http_assert_done(rig.script);
    rig_done();
}
END_TEST

/* Row 2: a boot before the network is up, for more than an hour. */
START_TEST(survive_02_a_start_without_a_network_waits_for_it)
{
    static const int errors[] = {-ENETUNREACH, -ENOTUNIQ, -ECONNREFUSED, -EHOSTUNREACH};

    stopped_in_first_call(false);

    int64_t began = rig.clock.wall_ms;

    script_http_add(rig.script, &(struct script_step){.error = errors[_i], .times = 450});
    script_http_add(
        rig.script,
        &(struct script_step){.body = "Action=DescribeStacks*", .status = 403, .reply = DENIED});
    ck_assert_int_eq(job_resume_all(&rig.d, NULL), 0);
    loop_run_fiber(rig.d.loop, "test", wait_for_all, NULL);
    ck_assert_int_gt(rig.clock.wall_ms - began, 3600 * 1000);
    ck_assert(said("waiting for the network"));
    script_http_assert_done(rig.script); /* it went on, and AWS said no */
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
    ck_assert_int_eq(store_seal_forget(rig.d.store, NULL), 0);
    ck_assert_int_eq(store_deployment_cancel(rig.d.store, id, NULL), 0);
    ck_assert_int_eq(
        store_deployment_move(rig.d.store, id, DEFANG__DEPLOY_STATE__BLOCKED_AUTH, NULL, NULL), 0);

    for (int life = 0; life < 2; life++) {
        next_life();
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

/* ---- the keys of a profile, which may be anybody's after a restart ---- */

#define KEYS_OF(name, id)                                                                          \
    "[" name "]\naws_access_key_id = " id "\naws_secret_access_key = secret\nregion = us-west-2\n"

static const char *container; /* of the next caller; or NULL */

/* A caller without keys of its own. */
static void profile_caller(struct rig_caller *c, const char *profile)
{
    memset(c, 0, sizeof *c);
    defang__caller__init(&c->caller);
    rig_var(c, "HOME", rig.folder);
    rig_var(c, "AWS_EC2_METADATA_DISABLED", "true");
    if (container)
        rig_var(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI", container);
    c->caller.profile = (char *)(uintptr_t)profile;
}

static void stop_in_first_call(void *arg)
{
    struct rig_caller c;

    profile_caller(&c, "shop");

    struct session *s = rig_session(&c);
    struct job *j = start("bootstrap", s, job_inputs_new(s, &c.caller, NULL, false));

    snprintf(id, sizeof id, "%s", j->row.id);
    session_unref(&rig.d, s);
    fiber_sleep(500);
    rig.d.stopping = true;
    job_suspend_all(&rig.d);
    while (j->fiber)
        fiber_sleep(10);
}

/* A job of profile shop, its daemon stopped in the first call, its next life about to begin. */
static void restart_with_profile(void)
{
    rig_setup();
    rig_file(".aws/credentials", KEYS_OF("shop", "AKIDBEFORE"));
    script_http_add(
        rig.script,
        &(struct script_step){
            .body = "Action=DescribeStacks*", .delay_ms = 20000, .status = 400, .reply = NO_STACK});
    loop_run_fiber(rig.d.loop, "test", stop_in_first_call, NULL);
    next_life();
}

/* A shell with keys of its own brings them; how many jobs went on. */
static unsigned offered;

static void bring_keys(struct job *j)
{
    struct rig_caller c;

    rig_caller_init(&c);
    rig_var(&c, "HOME", "/nowhere"); /* its files are others */
    struct session *s = rig_session(&c);
    offered = job_offer_credentials(&rig.d, s);
    session_unref(&rig.d, s);
}

static void resume_and(void (*fn)(struct job *))
{
    offered = 0;
    ck_assert_int_eq(job_resume_all(&rig.d, NULL), 0);
    loop_run_fiber(rig.d.loop, "test", wait_for_all, fn ? &fn : NULL);
}

/* The one call that the other account sees is the question who that is. */
START_TEST(trust_11_another_account_after_a_restart)
{
    restart_with_profile();
    rig_file(".aws/credentials", KEYS_OF("shop", "AKIDOTHER"));
    expect_call("Action=GetCallerIdentity*", 200, IDENTITY("222222222222"));
    expect_call("Action=GetCallerIdentity*", 200, IDENTITY("123456789012"));
    expect_call("Action=DescribeStacks*", 403, DENIED);
    resume_and(bring_keys);
    ck_assert_uint_eq(offered, 1);
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__FAILED); /* it went on, and AWS said no */
    ck_assert(said(
        "is account 222222222222 (arn:aws:iam::222222222222:user/me) now, and this "
        "belongs to account 123456789012"));
    ck_assert(said("waiting for credentials"));
    ck_assert(/* asked who, and no more */
              script_sent_has_header(
                  script_http_sent(rig.script, 1), "authorization: *AKIDOTHER*"));
    script_http_assert_done(rig.script);
    rig_done();
}
END_TEST

START_TEST(trust_11_another_principal_after_a_restart)
{
    restart_with_profile();
    expect_call(
        "Action=GetCallerIdentity*",
        200,
        IDENTITY_OF("123456789012", "arn:aws:iam::123456789012:user/reader"));
    expect_call("Action=GetCallerIdentity*", 200, IDENTITY("123456789012"));
    expect_call("Action=DescribeStacks*", 403, DENIED);
    resume_and(bring_keys);
    ck_assert_uint_eq(offered, 1);
    ck_assert(said(
        "is arn:aws:iam::123456789012:user/reader now, and this belongs to "
        "arn:aws:iam::123456789012:user/me"));
    script_http_assert_done(rig.script);
    rig_done();
}
END_TEST

START_TEST(trust_11_the_same_principal_goes_on_by_itself)
{
    restart_with_profile();
    expect_call("Action=GetCallerIdentity*", 200, IDENTITY("123456789012"));
    expect_call("Action=DescribeStacks*", 403, DENIED);
    resume_and(NULL);
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__FAILED);
    script_http_assert_done(rig.script);
    rig_done();
}
END_TEST

/* The region is the row's, whatever the profile says meanwhile. */
START_TEST(trust_11_the_region_stays)
{
    restart_with_profile();
    rig_file(".aws/config", "[profile shop]\nregion = eu-central-1\n");
    rig_file(
        ".aws/credentials",
        "[shop]\naws_access_key_id = AKIDBEFORE\naws_secret_access_key = secret\n");
    script_http_add(
        rig.script,
        &(struct script_step){.url = "https://sts.us-west-2.*", .reply = IDENTITY("123456789012")});
    script_http_add(
        rig.script,
        &(struct script_step){
            .url = "https://cloudformation.us-west-2.*", .status = 403, .reply = DENIED});
    resume_and(NULL);
    script_http_assert_done(rig.script);
    rig_done();
}
END_TEST

/* What a profile may have become: no reason to fail what it began. */
static const char *const gone[][2] = {
    {".aws/credentials", ""},         /* the profile is gone */
    {".aws/credentials", "[shop]\n"}, /* without keys */
    {".aws/credentials", "[shop\n"},  /* not readable */
    {".aws/config", "[profile shop]\nsource_profile = no\nrole_arn = arn:aws:iam::1:role/A\n"},
    {".aws/config", "[profile shop]\nsso_session = no\nsso_account_id = 1\nsso_role_name = r\n"},
    {".aws/config", "[profile shop]\ncredential_process = /no/such/program\n"},
};

START_TEST(access_16_a_profile_that_is_gone_blocks)
{
    restart_with_profile();
    rig_file(".aws/credentials", "");
    rig_file(gone[_i][0], gone[_i][1]);
    expect_call("Action=GetCallerIdentity*", 200, IDENTITY("123456789012"));
    expect_call("Action=DescribeStacks*", 403, DENIED);
    resume_and(bring_keys);
    ck_assert_uint_eq(offered, 1);
    ck_assert_int_eq(state, DEFANG__DEPLOY_STATE__FAILED); /* it went on, and AWS said no */
    ck_assert(said("waiting for credentials: "));
    script_http_assert_done(rig.script);
    rig_done();
}
END_TEST

/* Whatever gave the keys before does not answer any more, for longer than is tried. */
START_TEST(access_16_a_source_that_does_not_answer_blocks)
{
    container = "http://127.0.0.1:9/keys";
    restart_with_profile();
    rig_file(
        ".aws/credentials",
        "[shop]\nrole_arn = arn:aws:iam::123456789012:role/me\n"
        "credential_source = EcsContainer\nregion = us-west-2\n");
    script_http_any_order(rig.script);
    script_http_add(
        rig.script,
        &(struct script_step){.url = "http://127.0.0.1*", .error = -ECONNREFUSED, .times = 500});
    expect_call("Action=GetCallerIdentity*", 200, IDENTITY("123456789012"));
    expect_call("Action=DescribeStacks*", 403, DENIED);
    resume_and(bring_keys);
    ck_assert_uint_eq(offered, 1);
    ck_assert(said("waiting for credentials: "));
    rig_done();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("daemon/job_restart");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, trust_30_a_canceled_job_never_goes_on);
    tcase_add_test(tc, a_stopping_daemon_leaves_the_job_unfinished);
    tcase_add_test(tc, survive_a_restarted_daemon_goes_on_with_the_sealed_keys);
    tcase_add_test(tc, a_restarted_daemon_takes_it_up_again);
    tcase_add_loop_test(tc, survive_02_a_start_without_a_network_waits_for_it, 0, 4);
    tcase_add_test(tc, survive_37_keys_that_come_at_once_are_not_waited_for_aloud);
    tcase_add_test(tc, a_cancel_survives_a_restart);
    tcase_add_test(tc, trust_11_another_account_after_a_restart);
    tcase_add_test(tc, trust_11_another_principal_after_a_restart);
    tcase_add_test(tc, trust_11_the_same_principal_goes_on_by_itself);
    tcase_add_test(tc, trust_11_the_region_stays);
    tcase_add_test(tc, access_16_a_source_that_does_not_answer_blocks);
    tcase_add_loop_test(tc, access_16_a_profile_that_is_gone_blocks, 0, (int)ARRAY_LEN(gone));
    suite_add_tcase(suite, tc);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
