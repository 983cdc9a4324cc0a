/* What ECS does while CloudFormation works: the failed task is found, whatever becomes of its
 * service; what is no failure is not told as one. */
#include "engine/context.h"
#include "engine/run/observe.h"
#include "engine/task/tasks.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include "loop/fiber.h"
#include <errno.h>
#include <string.h>

#define ARN(n) "arn:aws:ecs:us-west-2:123456789012:task/shop/" n

static struct cloud cl;
static struct graph *graph;
static struct engine_failure failure;

static void add_service(const char *name)
{
    cleanup_free char *group = xasprintf("service/%s", name),
                      *family = xasprintf("Defang-shop-beta-%s", name),
                      *ecs = xasprintf("shop-%s", name),
                      *container = xasprintf("%s_k3j2h4g5f6d7", name),
                      *task_id = xasprintf("%sTask", name), *id = xasprintf("%sService", name);
    graph_add(
        graph,
        group,
        task_id,
        "AWS::ECS::TaskDefinition",
        json_pack("{s:s,s:[{s:s}]}", "Family", family, "ContainerDefinitions", "Name", container));
    graph_add(graph, group, id, "AWS::ECS::Service", json_pack("{s:s}", "ServiceName", ecs));
}

static void setup(void)
{
    cloud_init(&cl);
    graph = graph_new("shop");
    graph_add(
        graph,
        "cluster",
        "Cluster",
        "AWS::ECS::Cluster",
        json_pack("{s:s}", "ClusterName", "shop"));
    add_service("web");
}

static void finish(void)
{
    engine_failure_done(&failure);
    graph_free(graph);
    cloud_done(&cl);
}

static void service_is(const char *rollout, int desired, int running, int pending)
{
    cleanup_free char *text = xasprintf(
        "{\"services\":[{\"serviceName\":\"shop-web\",\"deployments\":[{\"status\":\"ACTIVE\","
        "\"rolloutState\":\"COMPLETED\",\"desiredCount\":1,"
        "\"runningCount\":1},{\"status\":\"PRIMARY\",\"rolloutState\":\"%s\","
        "\"rolloutStateReason\":\"why\",\"desiredCount\":%d,\"runningCount\":%d,"
        "\"pendingCount\":%d}]}]}",
        rollout,
        desired,
        running,
        pending);
    cloud_reply(&cl, "DescribeServices", text);
}

static char *task(
    const char *arn,
    const char *status,
    const char *code,
    const char *reason,
    const char *container,
    int exit_code)
{
    return xasprintf(
        "{\"taskArn\":\"%s\",\"lastStatus\":\"%s\",\"stopCode\":\"%s\",\"stoppedReason\":\"%s\","
        "\"containers\":[{\"name\":\"%s\",\"exitCode\":%d}]}",
        arn,
        status,
        code,
        reason,
        container,
        exit_code);
}

static void tasks_are(const char *a, const char *b)
{
    cleanup_free char *text = xasprintf("{\"tasks\":[%s%s%s]}", a, b ? "," : "", b ? b : "");
    cloud_reply(&cl, "DescribeTasks", text);
}

static void observe_for_10_s(struct cloud *c)
{
    struct flow_observer *o = flow_observe_start(&c->c, graph);
    fiber_sleep(10000);
    engine_failure_done(&failure);
    flow_observe_stop(o, &failure);
}

static void steady(struct cloud *c)
{
    c->rc = flow_observe_steady(&c->c, graph, 15 * 60 * 1000, &failure, &c->err);
}

#define WEB "web_k3j2h4g5f6d7"

START_TEST(a_failed_task_is_found_after_its_service_vanished)
{
    setup();
    cleanup_free char *t = task(
        ARN("t1"),
        "STOPPED",
        "EssentialContainerExited",
        "Essential container in task exited",
        WEB,
        3);
    cloud_fail(&cl, "DescribeServices", 400, "ServiceNotFoundException", "gone");
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[\"" ARN("t1") "\"]}");
    tasks_are(t, NULL);
    cloud_reply(
        &cl, "GetLogEvents", "{\"events\":[{\"message\":\"boom\"},{\"message\":\"bang\"}]}");
    cloud_run(&cl, observe_for_10_s);
    ck_assert_str_eq(failure.service, "web");
    ck_assert_str_eq(failure.task, "t1");
    ck_assert_str_eq(failure.reason, "exit code 3: Essential container in task exited");
    ck_assert_str_eq(failure.logs, "boom\nbang");
    ck_assert_uint_eq(cloud_said(&cl, "service web: task t1 stopped"), 1);
    ck_assert(cloud_body_has(&cl, "ListTasks", 0, "\"family\":\"Defang-shop-beta-web\""));
    ck_assert(cloud_body_has(&cl, "GetLogEvents", 0, "\"web/" WEB "/t1\""));
    finish();
}
END_TEST

static char *event_of(const char *detail)
{
    cleanup_json json_t *event = json_pack("{s:s}", "message", detail);
    cleanup_free char *text = json_dumps(event, JSON_COMPACT);

    return xasprintf("{\"events\":[%s]}", text);
}

/* A roll back took cluster and service away between two looks. */
START_TEST(trust_34_a_failed_task_is_found_in_the_events_when_the_cluster_is_gone)
{
    setup();
    cleanup_free char *t = task(
        ARN("t1"),
        "STOPPED",
        "EssentialContainerExited",
        "Essential container in task exited",
        WEB,
        3);
    cleanup_free char *detail = xasprintf("{\"detail\":%s}", t);
    cleanup_free char *events = event_of(detail);

    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    service_is("IN_PROGRESS", 1, 0, 1);
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    for (int i = 0; i < 40; i++) {
        cloud_fail(&cl, "DescribeServices", 400, "ClusterNotFoundException", "gone");
        cloud_fail(&cl, "ListTasks", 400, "ClusterNotFoundException", "gone");
    }
    cloud_reply(&cl, "FilterLogEvents", events);
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[{\"message\":\"boom\"}]}");
    cloud_run(&cl, observe_for_10_s);
    ck_assert_str_eq(failure.service, "web");
    ck_assert_str_eq(failure.reason, "exit code 3: Essential container in task exited");
    ck_assert_str_eq(failure.logs, "boom");
    ck_assert_uint_eq(cloud_said(&cl, "service web: task t1 stopped"), 1);
    ck_assert(cloud_body_has(&cl, "FilterLogEvents", 0, "/Defang/shop/beta/ecs"));
    ck_assert(cloud_body_has(&cl, "FilterLogEvents", 0, WEB));
    ck_assert(cloud_body_has(&cl, "FilterLogEvents", 0, "startTime"));
    finish();
}
END_TEST

START_TEST(what_is_no_failure_is_not_told)
{
    static const struct {
        const char *code, *reason, *container;
    } cases[] = {
        {"SpotInterruption", "Your Spot Task was interrupted.", WEB},
        {"ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", WEB},
        {"UserInitiated", "stopped by me", WEB},
        {"EssentialContainerExited", "Essential container in task exited", "web_earlier00000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        setup();
        cleanup_free char *t =
            task(ARN("t1"), "STOPPED", cases[i].code, cases[i].reason, cases[i].container, 1);
        service_is("IN_PROGRESS", 1, 0, 1);
        cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
        cloud_reply(&cl, "ListTasks", "{\"taskArns\":[\"" ARN("t1") "\"]}");
        tasks_are(t, NULL);
        cloud_run(&cl, observe_for_10_s);
        ck_assert_msg(!failure.service, "%zu: %s", i, failure.reason);
        ck_assert_uint_eq(cloud_said(&cl, "note"), 0);
        finish();
    }
}
END_TEST

START_TEST(a_failed_health_check_is_a_failure)
{
    setup();
    cleanup_free char *t = task(
        ARN("t1"),
        "STOPPED",
        "ServiceSchedulerInitiated",
        "Task failed ELB health checks in (target-group x)",
        WEB,
        137);
    service_is("IN_PROGRESS", 1, 0, 1);
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[\"" ARN("t1") "\"]}");
    tasks_are(t, NULL);
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[]}");
    cloud_run(&cl, observe_for_10_s);
    ck_assert_str_eq(failure.service, "web");
    finish();
}
END_TEST

/* A service that does not change keeps its container's name: tasks that stopped before this
 * deployment began are not its failures. */
START_TEST(what_stopped_before_is_not_ours)
{
    setup();
    cleanup_free char *t = task(
        ARN("old"),
        "STOPPED",
        "EssentialContainerExited",
        "Essential container in task exited",
        WEB,
        1);
    service_is("IN_PROGRESS", 1, 0, 1);
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[\"" ARN("old") "\"]}");
    tasks_are(t, NULL);
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[]}");
    cloud_run(&cl, observe_for_10_s);
    ck_assert_ptr_null(failure.service);
    /* Nor for the second look of the same deployment. */
    cloud_run(&cl, observe_for_10_s);
    ck_assert_ptr_null(failure.service);
    finish();
}
END_TEST

START_TEST(a_restarted_daemon_finds_it_again_and_says_it_once)
{
    setup();
    cleanup_free char *t = task(
        ARN("t1"),
        "STOPPED",
        "EssentialContainerExited",
        "Essential container in task exited",
        WEB,
        1);
    service_is("IN_PROGRESS", 1, 0, 1);
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[\"" ARN("t1") "\"]}");
    tasks_are(t, NULL);
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[]}");
    cloud_run(&cl, observe_for_10_s);
    cloud_run(&cl, observe_for_10_s);
    ck_assert_str_eq(failure.task, "t1");
    ck_assert_uint_eq(cloud_said(&cl, "task t1 stopped"), 1);
    finish();
}
END_TEST

/* Answers what it is asked for: t1 is on its way down at the first look. */
static void
describe_asked(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    unsigned *looks = arg;
    cleanup_free char *t1 = task(
        ARN("t1"),
        *looks == 0 ? "STOPPING" : "STOPPED",
        "EssentialContainerExited",
        "over",
        WEB,
        1);
    cleanup_free char *t2 = task(ARN("t2"), "STOPPED", "EssentialContainerExited", "over", WEB, 2);
    bool one = strstr(call->body, ARN("t1")) != NULL, two = strstr(call->body, ARN("t2")) != NULL;
    (*looks)++;
    reply->text =
        xasprintf("{\"tasks\":[%s%s%s]}", one ? t1 : "", one && two ? "," : "", two ? t2 : "");
}

START_TEST(a_task_on_its_way_down_is_looked_at_again)
{
    unsigned looks = 0;
    setup();
    service_is("IN_PROGRESS", 2, 0, 2);
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[\"" ARN("t1") "\",\"" ARN("t2") "\"]}");
    cloud_on(&cl, "DescribeTasks", describe_asked, &looks);
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[]}");
    cloud_run(&cl, observe_for_10_s);
    ck_assert_uint_eq(cloud_said(&cl, "task t1 stopped"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "task t2 stopped"), 1);
    ck_assert_uint_eq(looks, 2);
    finish();
}
END_TEST

static unsigned waits;

static int wait_for_ever(void *arg, const struct error *cause)
{
    waits++;
    return fiber_sleep(24LL * 3600 * 1000);
}

/* Waiting for credentials is the job's business: an observer that waits would hold up the job's
 * end. */
START_TEST(expired_credentials_do_not_hold_it_up)
{
    setup();
    waits = 0;
    cl.c.wait_for_credentials = wait_for_ever;
    cloud_fail(&cl, "ListTasks", 400, "ExpiredTokenException", "expired");
    cloud_run(&cl, observe_for_10_s);
    ck_assert_uint_eq(waits, 0);
    ck_assert_int_lt(cl.clock.wall_ms - FAKE_CLOCK_START_MS, 60 * 1000);
    finish();
}
END_TEST

START_TEST(it_waits_until_all_are_steady)
{
    setup();
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    service_is("IN_PROGRESS", 2, 1, 1);
    service_is("IN_PROGRESS", 2, 2, 0);
    service_is("COMPLETED", 2, 2, 0);
    cloud_run(&cl, steady);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "DescribeServices"), 3);
    ck_assert_uint_eq(cloud_said(&cl, "row service/web active 1 of 2 running, 1 starting"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "row service/web done 2 of 2 running"), 1);
    finish();
}
END_TEST

START_TEST(a_failed_rollout_ends_it)
{
    setup();
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    service_is("IN_PROGRESS", 1, 0, 1);
    service_is("FAILED", 1, 0, 0);
    cloud_run(&cl, steady);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "why"));
    finish();
}
END_TEST

START_TEST(a_service_that_never_gets_there_times_out)
{
    setup();
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    service_is("IN_PROGRESS", 1, 0, 1);
    cloud_run(&cl, steady);
    ck_assert_int_eq(cl.err.kind, ERR_TIMEOUT);
    finish();
}
END_TEST

START_TEST(a_cancel_ends_it)
{
    setup();
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    service_is("IN_PROGRESS", 1, 0, 1);
    cloud_run_canceled(&cl, steady, 5000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    finish();
}
END_TEST

#define NO_ROOM                                                                                    \
    "(service shop-web) was unable to place a task. Reason: You've reached the limit on the "      \
    "number of vCPUs you can run concurrently."

START_TEST(tasks_that_cannot_start_are_told_once)
{
    setup();
    cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");
    cloud_reply(
        &cl,
        "DescribeServices",
        "{\"services\":[{\"serviceName\":\"shop-web\",\"deployments\":[{\"status\":\"PRIMARY\","
        "\"rolloutState\":\"IN_PROGRESS\",\"desiredCount\":1,"
        "\"createdAt\":1000.5}],\"events\":[{\"createdAt\":1002,\"message\":\"(service shop-web) "
        "registered 1 targets\"},"
        "{\"createdAt\":1001.5,\"message\":\"" NO_ROOM
        "\"},{\"createdAt\":999,\"message\":\"(service shop-web) failed to launch a task with "
        "(x).\"}]}]}");
    cloud_run(&cl, observe_for_10_s);
    ck_assert_uint_eq(cloud_said(&cl, "note warning"), 1);
    ck_assert_uint_eq(
        cloud_said(
            &cl,
            "note warning: service web: ECS was unable to place a task. Reason: You've reached the "
            "limit"),
        1);
    finish();
}
END_TEST

SUITE(
    "engine/observe",
    a_failed_task_is_found_after_its_service_vanished,
    trust_34_a_failed_task_is_found_in_the_events_when_the_cluster_is_gone,
    what_is_no_failure_is_not_told,
    a_failed_health_check_is_a_failure,
    what_stopped_before_is_not_ours,
    a_restarted_daemon_finds_it_again_and_says_it_once,
    a_task_on_its_way_down_is_looked_at_again,
    expired_credentials_do_not_hold_it_up,
    it_waits_until_all_are_steady,
    a_failed_rollout_ends_it,
    a_service_that_never_gets_there_times_out,
    a_cancel_ends_it,
    tasks_that_cannot_start_are_told_once)
