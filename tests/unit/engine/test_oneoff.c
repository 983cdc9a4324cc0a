/* Services that run once: one task a deployment, whatever happens; how it ended is recorded, told,
 * and not forgotten when ECS forgets. */
#include "engine/context.h"
#include "engine/run/once_record.h"
#include "engine/run/oneoff.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <errno.h>
#include <string.h>

#define TASK "arn:aws:ecs:us-west-2:123456789012:task/shop/t1"
#define NAME "/Defang/shop/beta-runs/migrate"

static struct cloud cl;
static struct engine_failure failure;
static json_t *outputs;
static const struct plan_once migrate = {
    .service = "migrate", .hash = "0123456789abcdef", .output = "OnceMigrate", .stage = 1};

static void setup(void)
{
    cloud_init(&cl);
    outputs = json_pack(
        "{s:s,s:s}",
        "OnceMigrate",
        "{\"cluster\":\"shop\",\"taskDefinition\":\"arn:td:7\",\"container\":\"migrate_"
        "k3j2h4g5f6d7\",\"assignPublicIp\":\"DISABLED\","
        "\"securityGroups\":[\"sg-1\",\"sg-2\"],\"subnets\":[\"subnet-1\"]}",
        "EndpointWeb",
        "http://x");
}

static void finish(void)
{
    json_decref(outputs);
    engine_failure_done(&failure);
    cloud_done(&cl);
}

static void run(struct cloud *c)
{
    error_done(&c->err);
    c->rc = flow_once_run(&c->c, &migrate, outputs, &failure, &c->err);
}

static char *task_text(const char *status, int code)
{
    return code < 0
               ? xasprintf(
                     "{\"taskArn\":\"" TASK "\",\"lastStatus\":\"%s\",\"containers\":[{\"name\":"
                     "\"migrate_k3j2h4g5f6d7\"}]}",
                     status)
               : xasprintf(
                     "{\"taskArn\":\"" TASK "\",\"lastStatus\":\"%s\",\"stoppedReason\":"
                     "\"Essential container in task exited\",\"containers\":"
                     "[{\"name\":\"sidecar\",\"exitCode\":9},{\"name\":\"migrate_k3j2h4g5f6d7\","
                     "\"exitCode\":%d}]}",
                     status,
                     code);
}

static void task_is(const char *status, int code)
{
    cleanup_free char *task = task_text(status, code), *text = xasprintf("{\"tasks\":[%s]}", task);
    cloud_reply(&cl, "DescribeTasks", text);
}

static void starts(void)
{
    cloud_reply(&cl, "RunTask", "{\"tasks\":[{\"taskArn\":\"" TASK "\"}],\"failures\":[]}");
}

static void logs(void)
{
    cloud_reply(
        &cl,
        "GetLogEvents",
        "{\"events\":[{\"timestamp\":1,\"message\":\"migrating\"}],\"nextForwardToken\":\"f1\"}");
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[],\"nextForwardToken\":\"f1\"}");
    cloud_reply(&cl, "PutParameter", "{\"Version\":1}");
}

START_TEST(one_that_ends_well)
{
    setup();
    starts();
    task_is("PENDING", -1);
    task_is("RUNNING", -1);
    task_is("STOPPED", 0);
    logs();
    cloud_run(&cl, run);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 1);
    ck_assert(cloud_body_has(&cl, "RunTask", 0, cloud_journal(&cl, "once.migrate.token")));
    ck_assert(cloud_body_has(&cl, "RunTask", 0, "\"taskDefinition\":\"arn:td:7\""));
    ck_assert(cloud_body_has(&cl, "RunTask", 0, "\"securityGroups\":[\"sg-1\",\"sg-2\"]"));
    ck_assert(cloud_body_has(&cl, "RunTask", 0, "\"assignPublicIp\":\"DISABLED\""));
    ck_assert(cloud_body_has(
        &cl,
        "RunTask",
        0,
        "\"capacityProvider\":\"FARGATE\"")); /* never Spot: half a migration helps nobody */
    ck_assert(cloud_body_has(
        &cl, "GetLogEvents", 0, "\"logStreamName\":\"migrate/migrate_k3j2h4g5f6d7/t1\""));
    ck_assert_uint_eq(cloud_said(&cl, "log migrate: migrating"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "row service/migrate active running"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "row service/migrate done ran, exit code 0"), 1);
    ck_assert(cloud_body_has(&cl, "PutParameter", 0, "\"Name\":\"" NAME "\""));
    ck_assert(cloud_body_has(&cl, "PutParameter", 0, "\\\"hash\\\":\\\"0123456789abcdef\\\""));
    ck_assert(cloud_body_has(&cl, "PutParameter", 0, "\\\"exit\\\":0"));
    /* A later life asks nobody. */
    cloud_run(&cl, run);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 1);
    ck_assert_uint_eq(cloud_count(&cl, "PutParameter"), 1);
    finish();
}
END_TEST

/* The task is over when its last line is not to be read yet. */
START_TEST(aws_12_lines_that_come_after_the_end)
{
    setup();
    starts();
    task_is("STOPPED", 0);
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[],\"nextForwardToken\":\"f0\"}");
    cloud_reply(
        &cl,
        "GetLogEvents",
        "{\"events\":[{\"timestamp\":1,\"message\":\"late\"}],\"nextForwardToken\":\"f1\"}");
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[],\"nextForwardToken\":\"f1\"}");
    cloud_reply(
        &cl,
        "GetLogEvents",
        "{\"events\":[{\"timestamp\":2,\"message\":\"last\"}],\"nextForwardToken\":\"f2\"}");
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[],\"nextForwardToken\":\"f2\"}");
    cloud_reply(&cl, "PutParameter", "{\"Version\":1}");
    cloud_run(&cl, run);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_said(&cl, "log migrate: late"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "log migrate: last"), 1);
    finish();
}
END_TEST

START_TEST(one_that_fails_says_why_and_is_not_tried_again)
{
    setup();
    starts();
    task_is("STOPPED", 3);
    logs();
    cloud_run(&cl, run);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_ptr_nonnull(strstr(
        cl.err.message,
        "service migrate, which runs once, failed: exit code 3: Essential container in task exited "
        "(task t1)"));
    ck_assert_ptr_nonnull(strstr(cl.err.hint, "defangctl logs migrate --deployment k3j2h4g5f6d7"));
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 1);
    ck_assert_str_eq(failure.service, "migrate");
    ck_assert_str_eq(failure.task, "t1");
    ck_assert(cloud_body_has(&cl, "PutParameter", 0, "\\\"exit\\\":3"));
    ck_assert_ptr_null(cloud_journal(&cl, "once.migrate.done"));
    ck_assert_uint_eq(cloud_said(&cl, "row service/migrate failed exit code 3"), 1);
    finish();
}
END_TEST

START_TEST(one_that_never_started_has_failed)
{
    setup();
    starts();
    cloud_reply(
        &cl,
        "DescribeTasks",
        "{\"tasks\":[{\"taskArn\":\"" TASK
        "\",\"lastStatus\":\"STOPPED\",\"stoppedReason\":\"CannotPullContainerError: not found\","
        "\"containers\":[{\"name\":\"migrate_k3j2h4g5f6d7\"}]}]}");
    cloud_fail(&cl, "GetLogEvents", 400, "ResourceNotFoundException", "no stream");
    cloud_reply(&cl, "PutParameter", "{}");
    cloud_run(&cl, run);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "CannotPullContainerError: not found"));
    finish();
}
END_TEST

START_TEST(a_restart_follows_the_task_it_knows)
{
    setup();
    cloud_journal_put(&cl, "once.migrate.token", "t");
    cloud_journal_put(&cl, "once.migrate.task", TASK);
    cloud_journal_put(&cl, "once.migrate.log", "f1");
    task_is("STOPPED", 0);
    logs();
    cloud_run(&cl, run);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 0);
    ck_assert(cloud_body_has(&cl, "GetLogEvents", 0, "\"nextToken\":\"f1\""));
    finish();
}
END_TEST

/* ECS forgets after an hour; the project's rule has written its events into a log group. */
START_TEST(the_end_of_a_forgotten_task_is_found_in_its_events)
{
    static const int codes[] = {0, 4, -1};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        setup();
        cloud_journal_put(&cl, "once.migrate.task", TASK);
        cloud_reply(&cl, "DescribeTasks", "{\"tasks\":[],\"failures\":[{\"reason\":\"MISSING\"}]}");
        logs();
        cleanup_free char *stopped = task_text("STOPPED", codes[i]),
                          *runs = task_text("RUNNING", -1);
        cleanup_json json_t *reply = json_pack(
            "{s:[{s:s},{s:o},{s:o}]}",
            "events",
            "message",
            "not JSON",
            "message",
            json_sprintf("{\"detail\":%s}", stopped),
            "message",
            json_sprintf("{\"detail\":%s}", runs));
        cleanup_free char *text = json_print(reply, false, true);
        cloud_reply(&cl, "FilterLogEvents", codes[i] < 0 ? "{\"events\":[]}" : text);
        cloud_run(&cl, run);
        ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 0);
        ck_assert(cloud_body_has(&cl, "FilterLogEvents", 0, "/Defang/shop/beta/ecs"));
        if (codes[i] == 0)
            ck_assert_int_eq(cl.rc, 0);
        else
            ck_assert_ptr_nonnull(
                strstr(cl.err.message, codes[i] > 0 ? "exit code 4" : "nobody knows how it ended"));
        finish();
    }
}
END_TEST

/* Whether it had an effect is not known: the same token finds out. */
START_TEST(an_answer_that_is_lost_is_asked_for_again)
{
    setup();
    for (int i = 0; i < 6; i++)
        cloud_fail(&cl, "RunTask", 503, "ServiceUnavailable", "busy");
    starts();
    task_is("STOPPED", 0);
    logs();
    cloud_run(&cl, run);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_ge(cloud_count(&cl, "RunTask"), 7);
    for (size_t i = 0; i < cloud_count(&cl, "RunTask"); i++)
        ck_assert(cloud_body_has(&cl, "RunTask", i, cloud_journal(&cl, "once.migrate.token")));
    finish();
}
END_TEST

START_TEST(a_cancel_stops_it_and_detaching_does_not)
{
    for (int detaching = 0; detaching < 2; detaching++) {
        setup();
        starts();
        task_is("RUNNING", -1);
        cloud_reply(&cl, "GetLogEvents", "{\"events\":[]}");
        cloud_reply(&cl, "StopTask", "{}");
        cl.detaching = detaching;
        cloud_run_canceled(&cl, run, 3000);
        ck_assert_int_eq(cl.rc, -ECANCELED);
        ck_assert_uint_eq(cloud_count(&cl, "StopTask"), detaching ? 0 : 1);
        ck_assert_uint_eq(
            cloud_said(&cl, "row service/migrate canceled stopped"), detaching ? 0 : 1);
        ck_assert_uint_eq(cloud_count(&cl, "PutParameter"), 0);
        finish();
    }
}
END_TEST

START_TEST(one_that_does_not_end_is_stopped)
{
    setup();
    starts();
    task_is("RUNNING", -1);
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[]}");
    cloud_reply(&cl, "StopTask", "{}");
    cloud_run(&cl, run);
    ck_assert_int_eq(cl.err.kind, ERR_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(
        cl.err.message, "service migrate, which runs once, did not end within 1h and was stopped"));
    ck_assert_uint_eq(cloud_count(&cl, "StopTask"), 1);
    finish();
}
END_TEST

START_TEST(a_stack_that_does_not_say_where_is_an_error)
{
    static const char *const texts[] = {
        NULL,
        "",
        "[]",
        "{}",
        "{\"cluster\":\"shop\",\"subnets\":\"x\",\"securityGroups\":[]}",
        "not JSON"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        setup();
        json_object_del(outputs, "OnceMigrate");
        if (texts[i])
            json_object_set_new(outputs, "OnceMigrate", json_string(texts[i]));
        cloud_run(&cl, run);
        ck_assert_ptr_nonnull(
            strstr(cl.err.message, "does not say where service migrate runs (output OnceMigrate)"));
        finish();
    }
}
END_TEST

static struct flow_run last[2];

static void read_runs(struct cloud *c)
{
    static const char *const names[] = {"migrate", "seed"};
    c->rc = flow_runs_read(&c->c, names, 2, last, &c->err);
}

START_TEST(records_are_read_and_rubbish_is_as_none)
{
    setup();
    cloud_reply(
        &cl,
        "GetParameters",
        "{\"Parameters\":[{\"Name\":\"" NAME
        "\",\"Value\":\"{\\\"hash\\\":\\\"h\\\",\\\"exit\\\":0,\\\"ended_ms\\\":1700000000000}\"},"
        "{\"Name\":\"/Defang/shop/beta-runs/seed\",\"Value\":\"yes\"}]}");
    cloud_run(&cl, read_runs);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(last[0].known && last[0].exit_code == 0 && last[0].ended_ms == 1700000000000);
    ck_assert(!last[1].known);
    ck_assert_ptr_null(flow_run_why(&last[0], "h"));
    ck_assert_str_eq(flow_run_why(&last[0], "other"), "changed");
    ck_assert_str_eq(flow_run_why(&last[1], "h"), "new");
    last[0].exit_code = 1;
    ck_assert_str_eq(flow_run_why(&last[0], "h"), "failed before");
    flow_run_done(&last[0]);
    flow_run_done(&last[1]);
    finish();
}
END_TEST

static void prune(struct cloud *c)
{
    static const char *const keep[] = {"seed"};
    c->rc = flow_runs_prune(&c->c, keep, 1, &c->err);
}

START_TEST(records_of_services_that_are_gone_go)
{
    setup();
    cloud_reply(
        &cl,
        "DescribeParameters",
        "{\"Parameters\":[{\"Name\":\"" NAME
        "\"},{\"Name\":\"/Defang/shop/beta-runs/seed\"},{\"Name\":\"/Defang/shop/beta/KEY\"}]}");
    cloud_reply(&cl, "DeleteParameters", "{}");
    cloud_run(&cl, prune);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(cloud_body_has(&cl, "DeleteParameters", 0, "{\"Names\":[\"" NAME "\"]}"));
    finish();
}
END_TEST

static void stop_all(struct cloud *c)
{
    flow_once_stop(&c->c, outputs);
}

START_TEST(what_an_earlier_life_left_running_is_stopped)
{
    setup();
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[\"" TASK "\"]}");
    cloud_reply(&cl, "StopTask", "{}");
    cloud_run(&cl, stop_all);
    ck_assert(cloud_body_has(&cl, "ListTasks", 0, "\"startedBy\":\"k3j2h4g5f6d7\""));
    ck_assert(cloud_body_has(&cl, "StopTask", 0, TASK));
    finish();
}
END_TEST

SUITE(
    "engine/oneoff",
    one_that_ends_well,
    aws_12_lines_that_come_after_the_end,
    one_that_fails_says_why_and_is_not_tried_again,
    one_that_never_started_has_failed,
    a_restart_follows_the_task_it_knows,
    the_end_of_a_forgotten_task_is_found_in_its_events,
    an_answer_that_is_lost_is_asked_for_again,
    a_cancel_stops_it_and_detaching_does_not,
    one_that_does_not_end_is_stopped,
    a_stack_that_does_not_say_where_is_an_error,
    records_are_read_and_rubbish_is_as_none,
    records_of_services_that_are_gone_go,
    what_an_earlier_life_left_running_is_stopped)
