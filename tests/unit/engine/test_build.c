/* Image builds: one task an image, never twice, and a log that is told once.
 *
 * Shown: a kill anywhere finds the task again; a build that failed by where it ran is tried once
 * more, one that failed by itself is not, and both are told with their reason and last lines; a
 * cancel stops the task, a daemon that goes down does not. */
#include "engine/build/build.h"
#include "engine/build/place.h"
#include "engine/context.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <errno.h>
#include <string.h>

#define TASK(n) "arn:aws:ecs:us-west-2:123456789012:task/shop/t" n
#define FOUND   "{\"imageDetails\":[{\"imageDigest\":\"sha256:3f9c41\"}]}"

static struct cloud cl;
static char *uri;
static struct engine_failure failure;
static const char *command[] = {"--context=s3://x"};
static const struct plan_build build = {
    .service = "api",
    .repository = "shop/kaniko-build",
    .tag = "api-image-00000000-x86_64",
    .task_family = "Defang-shop-beta-kanikoAmd64",
    .command = command,
    .command_count = 1};
static const struct plan_build *sized = &build;
static struct flow_build_place place = {
    .cluster = "shop", .subnets = {"subnet-1", "subnet-2"}, .security_group = "sg-1"};

static void setup(void)
{
    cloud_init(&cl);
    cl.settings.kaniko_cpu = "2048";
    cl.settings.kaniko_memory = "8192";
    uri = NULL;
}

static void finish(void)
{
    free(uri);
    engine_failure_done(&failure);
    cloud_done(&cl);
}

static void run(struct cloud *c)
{
    error_done(&c->err);
    c->rc = flow_image_build(&c->c, sized, &place, &uri, &failure, &c->err);
}

static void lookup(struct cloud *c)
{
    c->rc = flow_image_lookup(&c->c, &build, &uri, &c->err);
}

static void started(const char *task)
{
    cleanup_free char *text = xasprintf("{\"tasks\":[{\"taskArn\":\"%s\"}],\"failures\":[]}", task);
    cloud_reply(&cl, "RunTask", text);
}

static void task_is(const char *status, int code)
{
    cleanup_free char *text =
        code < 0
            ? xasprintf(
                  "{\"tasks\":[{\"lastStatus\":\"%s\",\"containers\":[{\"name\":\"kaniko\"}]}]}",
                  status)
            : xasprintf(
                  "{\"tasks\":[{\"lastStatus\":\"%s\",\"stopCode\":\"EssentialContainerExited\","
                  "\"stoppedReason\":"
                  "\"Essential container in task "
                  "exited\",\"containers\":[{\"name\":\"kaniko\",\"exitCode\":%d}]}]}",
                  status,
                  code);
    cloud_reply(&cl, "DescribeTasks", text);
}

static void log_is(const char *text, const char *token)
{
    cleanup_free char *reply =
        text
            ? xasprintf(
                  "{\"events\":[{\"timestamp\":1,\"message\":\"%s\"}],\"nextForwardToken\":\"%s\"}",
                  text,
                  token)
            : xasprintf("{\"events\":[],\"nextForwardToken\":\"%s\"}", token);
    cloud_reply(&cl, "GetLogEvents", reply);
}

START_TEST(an_image_that_is_there_is_found)
{
    setup();
    cloud_reply(&cl, "DescribeImages", FOUND);
    cloud_run(&cl, lookup);
    ck_assert_str_eq(
        uri, "123456789012.dkr.ecr.us-west-2.amazonaws.com/shop/kaniko-build@sha256:3f9c41");
    finish();
}
END_TEST

START_TEST(an_image_or_repository_that_is_not_there_is_no_error)
{
    static const char *const codes[] = {"ImageNotFoundException", "RepositoryNotFoundException"};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        setup();
        cloud_fail(&cl, "DescribeImages", 400, codes[i], "none");
        cloud_run(&cl, lookup);
        ck_assert_int_eq(cl.rc, 0);
        ck_assert_ptr_null(uri);
        finish();
    }
}
END_TEST

START_TEST(a_build_that_works)
{
    setup();
    started(TASK("1"));
    task_is("PROVISIONING", -1);
    task_is("RUNNING", -1);
    task_is("STOPPED", 0);
    cloud_fail(&cl, "GetLogEvents", 400, "ResourceNotFoundException", "no stream yet");
    log_is("INFO[0004] RUN npm ci", "f1");
    log_is(NULL, "f1");
    cloud_reply(&cl, "DescribeImages", FOUND);
    cloud_run(&cl, run);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_ptr_nonnull(strstr(uri, "@sha256:3f9c41"));
    ck_assert_uint_eq(cloud_said(&cl, "log api: INFO[0004] RUN npm ci"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "row image/api active image: RUN npm ci"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "row image/api done"), 1);
    ck_assert(cloud_body_has(&cl, "RunTask", 0, cloud_journal(&cl, "build.api.1.token")));
    ck_assert(cloud_body_has(&cl, "RunTask", 0, "\"startedBy\":\"k3j2h4g5f6d7\""));
    ck_assert_str_eq(cloud_journal(&cl, "build.api.1.task"), TASK("1"));
    finish();
}
END_TEST

START_TEST(a_long_step_is_cut_between_characters)
{
    for (int pad = 74; pad < 84; pad++) {
        setup();
        started(TASK("1"));
        task_is("STOPPED", 0);
        cleanup_free char *line = xasprintf("INFO[0004] %0*d\xc3\xa4\xe2\x82\xac\xc3\xa4", pad, 0);
        log_is(line, "f1");
        log_is(NULL, "f1");
        cloud_reply(&cl, "DescribeImages", FOUND);
        cloud_run(&cl, run);
        ck_assert_uint_eq(cloud_said(&cl, "image: 000000"), 1);
        for (size_t i = 0; i < cl.said.len; i++)
            ck_assert_msg(
                text_utf8_valid(cl.said.items[i], strlen(cl.said.items[i])),
                "%d: %s",
                pad,
                cl.said.items[i]);
        finish();
    }
}
END_TEST

#define STAGE "error building image: error building stage: "
#define RAN   STAGE "failed to execute command: waiting for process to exit: "
#define ECR   "error pushing image: failed to push to destination x: PUT https://x/v2/: "
#define HUB   "error building image: failed to get baseImage: GET https://index.docker.io/v2/x: "

/* Row 44: a second time only where it may end otherwise, and then with what it lacked. */
START_TEST(what_is_tried_again)
{
    static const struct {
        int code; /* -1: never ran to an end */
        const char *log;
        size_t runs;
        const char *with, *hint;
    } rows[] = {
        {1, RAN "exit status 1", 1, NULL, "mend the Dockerfile"},
        {7, "npm ERR! 503 Service Unavailable\\n" RAN "exit status 7", 1, NULL, "mend the"},
        {1, "Error: error building image: parsing dockerfile: x", 1, NULL, "mend the Dockerfile"},
        {1, "Error: finding stage: x is not a valid target", 1, NULL, "mend the Dockerfile"},
        {1, STAGE "failed to get fileinfo for /x: lstat /x: no such file", 1, NULL, "mend the"},
        {1, HUB "MANIFEST_UNKNOWN: manifest unknown", 1, NULL, "mend the Dockerfile"},
        {1, HUB "unexpected status code 503 Service Unavailable", 2, NULL, "not the Dockerfile"},
        {1, HUB "TOOMANYREQUESTS: rate exceeded", 2, NULL, "not the Dockerfile"},
        {1, HUB "read tcp 10.0.0.1:1: connection reset by peer", 2, NULL, "not the Dockerfile"},
        {1, ECR "500 Internal Server Error", 2, NULL, "not the Dockerfile"},
        {-1, "", 2, NULL, "not the Dockerfile"},
        {137, RAN "exit status 137", 2, "\"memory\":\"16384\"", "build-memory"},
        {255, RAN "signal: killed", 2, "\"memory\":\"16384\"", "build-memory"},
        {1, "write /x: no space left on device", 2, "\"sizeInGiB\":60", "build-storage"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        setup();
        started(TASK("1"));
        started(TASK("2"));
        task_is("STOPPED", rows[i].code);
        log_is(rows[i].log, "f1");
        cloud_run(&cl, run);
        ck_assert_msg(cl.err.kind == ERR_CLOUD, "%zu: %s", i, cl.err.message);
        ck_assert_msg(cloud_count(&cl, "RunTask") == rows[i].runs, "row %zu: %s", i, rows[i].log);
        ck_assert_msg(strstr(cl.err.hint, rows[i].hint), "row %zu: %s", i, cl.err.hint);
        if (rows[i].with)
            ck_assert_msg(cloud_body_has(&cl, "RunTask", 1, rows[i].with), "row %zu", i);
        finish();
    }
}
END_TEST

START_TEST(a_build_that_fails_where_it_ran_is_tried_again)
{
    setup();
    started(TASK("1"));
    started(TASK("2"));
    task_is("STOPPED", 1);
    task_is("STOPPED", 0);
    log_is(ECR "503 Service Unavailable", "f1");
    cloud_reply(&cl, "DescribeImages", FOUND);
    cloud_run(&cl, run);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 2);
    ck_assert_str_ne(
        cloud_journal(&cl, "build.api.1.token"), cloud_journal(&cl, "build.api.2.token"));
    ck_assert_uint_eq(cloud_said(&cl, "trying once more"), 1);
    finish();
}
END_TEST

START_TEST(a_failure_names_the_step)
{
    setup();
    started(TASK("1"));
    task_is("STOPPED", 1);
    cloud_reply(
        &cl,
        "GetLogEvents",
        "{\"events\":[{\"timestamp\":1,\"message\":\"INFO[0001] Building stage 'a' [idx: '1', "
        "base-idx: '-1']\"},{\"timestamp\":2,\"message\":\"INFO[0004] RUN npm ci\"},"
        "{\"timestamp\":3,\"message\":\"INFO[0004] Cmd: /bin/sh\"},"
        "{\"timestamp\":4,\"message\":\"" RAN "exit status 1\"}],\"nextForwardToken\":\"f1\"}");
    cloud_run(&cl, run);
    ck_assert_str_eq(
        cl.err.message, "the image of service api could not be built: `RUN npm ci`: exit status 1");
    ck_assert_str_eq(failure.step, "RUN npm ci");
    ck_assert_int_eq(failure.stage, 1);
    finish();
}
END_TEST

START_TEST(a_disk_of_the_size_that_is_needed)
{
    static struct plan_build large;

    setup();
    large = build;
    large.storage_gib = 80;
    sized = &large;
    started(TASK("1"));
    task_is("STOPPED", 0);
    log_is(NULL, "f1");
    cloud_reply(&cl, "DescribeImages", FOUND);
    cloud_run(&cl, run);
    sized = &build;
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(cloud_body_has(&cl, "RunTask", 0, "\"ephemeralStorage\":{\"sizeInGiB\":80}"));
    finish();
}
END_TEST

START_TEST(a_build_that_fails_twice_shows_its_last_lines)
{
    setup();
    started(TASK("1"));
    started(TASK("2"));
    task_is("STOPPED", 1);
    log_is(ECR "502 Bad Gateway", "f1");
    cloud_run(&cl, run);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 2);
    ck_assert_str_eq(failure.service, "api");
    ck_assert_str_eq(failure.task, "t2");
    ck_assert_str_eq(failure.reason, "exit code 1: Essential container in task exited");
    ck_assert_str_eq(failure.logs, ECR "502 Bad Gateway");
    ck_assert(
        cloud_body_has(&cl, "GetLogEvents", cloud_count(&cl, "GetLogEvents") - 1, "\"limit\":200"));
    ck_assert_uint_eq(cloud_said(&cl, "evidence task/t1 build api t1: exit code 1"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "evidence task/t2 build api t2: exit code 1"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "row image/api failed"), 1);
    finish();
}
END_TEST

START_TEST(a_cancel_stops_the_task_once_wherever_it_comes)
{
    static const int64_t at_ms[] = {1, 100, 450, 700, 1300, 2500};
    for (size_t i = 0; i < ARRAY_LEN(at_ms); i++) {
        setup();
        cloud_slow(&cl, "RunTask", 200, "{\"tasks\":[{\"taskArn\":\"" TASK("1") "\"}]}");
        cloud_slow(&cl, "DescribeTasks", 300, "{\"tasks\":[{\"lastStatus\":\"RUNNING\"}]}");
        cloud_slow(&cl, "GetLogEvents", 300, "{\"events\":[]}");
        cloud_reply(&cl, "StopTask", "{}");
        cloud_run_canceled(&cl, run, at_ms[i]);
        ck_assert_int_eq(cl.rc, -ECANCELED);
        ck_assert_msg(
            cloud_count(&cl, "StopTask") == cloud_count(&cl, "RunTask"),
            "canceled after %lld ms: %zu of %zu stopped",
            (long long)at_ms[i],
            cloud_count(&cl, "StopTask"),
            cloud_count(&cl, "RunTask"));
        ck_assert_uint_eq(cloud_said(&cl, "row image/api canceled"), 1);
        finish();
    }
}
END_TEST

START_TEST(detaching_leaves_the_task_alone)
{
    setup();
    started(TASK("1"));
    task_is("RUNNING", -1);
    log_is(NULL, "f0");
    cl.detaching = true;
    cloud_run_canceled(&cl, run, 3000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "StopTask"), 0);
    ck_assert_uint_eq(cloud_said(&cl, "canceled"), 0);
    finish();
}
END_TEST

START_TEST(a_restart_follows_the_task_it_knows)
{
    setup();
    cloud_journal_put(&cl, "build.api.1.token", "t");
    cloud_journal_put(&cl, "build.api.1.task", TASK("1"));
    cloud_journal_put(&cl, "build.api.1.log", "f7");
    task_is("STOPPED", 0);
    log_is(NULL, "f7");
    cloud_reply(&cl, "DescribeImages", FOUND);
    cloud_run(&cl, run);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 0);
    ck_assert(cloud_body_has(&cl, "GetLogEvents", 0, "\"nextToken\":\"f7\""));
    finish();
}
END_TEST

static const char MISSING[] = "{\"tasks\":[],\"failures\":[{\"reason\":\"MISSING\"}]}";

/* Only of a task that this life has started. */
static void
knows_its_own(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    bool started_here = cloud_count(c, "RunTask") > 0;

    reply->text = xstrdup(
        started_here ? "{\"tasks\":[{\"lastStatus\":\"STOPPED\",\"containers\":[{\"name\":"
                       "\"kaniko\",\"exitCode\":0}]}]}"
                     : MISSING);
}

/* ECS forgets a stopped task after an hour. It is run again, unless what it pushed is there. */
START_TEST(survive_31_a_task_that_ecs_forgot_is_run_again)
{
    for (unsigned pushed = 0; pushed < 2; pushed++) {
        setup();
        cloud_journal_put(&cl, "build.api.1.task", TASK("1"));
        cloud_on(&cl, "DescribeTasks", knows_its_own, NULL);
        started(TASK("2"));
        log_is(NULL, "f0");
        if (!pushed)
            cloud_fail(&cl, "DescribeImages", 400, "ImageNotFoundException", "no such image");
        cloud_reply(&cl, "DescribeImages", FOUND);
        cloud_run(&cl, run);
        ck_assert_int_eq(cl.rc, 0);
        ck_assert_uint_eq(cloud_count(&cl, "RunTask"), pushed ? 0 : 1);
        finish();
    }
}
END_TEST

/* DescribeTasks is eventually consistent: what was started is not started twice. */
START_TEST(survive_01_a_task_that_ecs_does_not_know_yet_is_waited_for)
{
    setup();
    started(TASK("1"));
    for (int i = 0; i < 8; i++)
        cloud_reply(&cl, "DescribeTasks", MISSING);
    task_is("RUNNING", -1);
    task_is("STOPPED", 0);
    log_is(NULL, "f0");
    cloud_reply(&cl, "DescribeImages", FOUND);
    cloud_run(&cl, run);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 1);
    finish();
}
END_TEST

/* A right to read logs is none to build. */
START_TEST(survive_34_a_log_that_may_not_be_read_is_a_note)
{
    setup();
    started(TASK("1"));
    task_is("RUNNING", -1);
    task_is("RUNNING", -1);
    task_is("STOPPED", 0);
    cloud_fail(&cl, "GetLogEvents", 400, "AccessDeniedException", "not authorized: GetLogEvents");
    cloud_reply(&cl, "DescribeImages", FOUND);
    cloud_run(&cl, run);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "GetLogEvents"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "the log of the build of api cannot be shown"), 1);
    finish();
}
END_TEST

START_TEST(survive_27_a_call_that_hangs_is_told)
{
    setup();
    started(TASK("1"));
    cloud_slow(&cl, "DescribeTasks", 4000, "{\"tasks\":[{\"lastStatus\":\"RUNNING\"}]}");
    cloud_slow(&cl, "DescribeTasks", 7000, "{\"tasks\":[{\"lastStatus\":\"RUNNING\"}]}");
    task_is("STOPPED", 0);
    log_is(NULL, "f0");
    cloud_reply(&cl, "DescribeImages", FOUND);
    cloud_run(&cl, run);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_said(&cl, "waiting for AWS to answer ecs:DescribeTasks"), 1);
    finish();
}
END_TEST

START_TEST(no_room_is_waited_for_under_new_tokens)
{
    setup();
    cloud_reply(
        &cl,
        "RunTask",
        "{\"tasks\":[],\"failures\":[{\"reason\":\"Capacity is unavailable at this time. Please "
        "try again later\"}]}");
    cloud_fail(
        &cl,
        "RunTask",
        400,
        "ClientException",
        "You've reached the limit on the number of vCPUs you can run concurrently");
    started(TASK("1"));
    task_is("STOPPED", 0);
    log_is(NULL, "f0");
    cloud_reply(&cl, "DescribeImages", FOUND);
    cloud_run(&cl, run);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 3);
    ck_assert_str_ne(
        strstr(cloud_body(&cl, "RunTask", 0), "clientToken"),
        strstr(cloud_body(&cl, "RunTask", 1), "clientToken"));
    finish();
}
END_TEST

START_TEST(another_refusal_is_final)
{
    setup();
    cloud_reply(
        &cl,
        "RunTask",
        "{\"tasks\":[],\"failures\":[{\"reason\":\"MISSING\",\"detail\":\"no such cluster\"}]}");
    cloud_run(&cl, run);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "no such cluster"));
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 1);
    finish();
}
END_TEST

SUITE(
    "engine/build",
    an_image_that_is_there_is_found,
    an_image_or_repository_that_is_not_there_is_no_error,
    a_build_that_works,
    a_long_step_is_cut_between_characters,
    what_is_tried_again,
    a_build_that_fails_where_it_ran_is_tried_again,
    a_failure_names_the_step,
    a_disk_of_the_size_that_is_needed,
    a_build_that_fails_twice_shows_its_last_lines,
    a_cancel_stops_the_task_once_wherever_it_comes,
    detaching_leaves_the_task_alone,
    a_restart_follows_the_task_it_knows,
    survive_31_a_task_that_ecs_forgot_is_run_again,
    survive_01_a_task_that_ecs_does_not_know_yet_is_waited_for,
    survive_34_a_log_that_may_not_be_read_is_a_note,
    survive_27_a_call_that_hangs_is_told,
    no_room_is_waited_for_under_new_tokens,
    another_refusal_is_final)
