/* What a deployment that failed left, and the log groups that outlive it.
 *
 * Shown: kept lines come with those of the log, each once and whatever the limit; a bad answer of a
 * target is told once; a log group that an earlier stack left is imported, one of others refused.
 */
#include "engine/cloudformation/cloudformation.h"
#include "engine/run/kept.h"
#include "engine/run/observe.h"
#include "engine/task/left.h"
#include "unit/engine/fake_stack.h"
#include "unit/lib/suite.h"

#include "base/arena.h"
#include "base/str.h"
#include "loop/fiber.h"
#include <string.h>

#define NOW FAKE_CLOCK_START_MS

static struct cloud cl;
static struct flow_log_query q;
static struct arena *arena;
static struct kept_lines kept;

static const char items[] =
    "[{\"kind\":\"task\",\"service\":\"api\",\"subject\":\"t1\",\"reason\":\"exit code 3\","
    "\"time_ms\":5000,\"containers\":[{\"name\":\"api_x\",\"lines\":[[1000,\"up\"],[2000,\"boom\"]]"
    "}]},"
    "{\"kind\":\"target\",\"service\":\"api\",\"subject\":\"10.0.0.1:80\",\"reason\":\"unhealthy: "
    "502\",\"time_ms\":4000},"
    "{\"kind\":\"build\",\"service\":\"web\",\"subject\":\"b1\",\"reason\":\"exit code 1\","
    "\"time_ms\":3000},"
    "{\"kind\":\"stack\",\"subject\":\"Vpc (AWS::EC2::VPC)\",\"reason\":\"CREATE_FAILED: limit\","
    "\"time_ms\":6000},17,{\"kind\":9}]";

static int take(void *arg, const struct engine_log *line)
{
    cl.sink.log(&cl, line);
    return 0;
}

static void setup(void)
{
    cloud_init(&cl);
    arena = arena_new();
    q = (struct flow_log_query){.run = true, .window_from_ms = 1, .window_to_ms = 9000};
}

static void finish(void)
{
    kept_lines_done(&kept);
    arena_free(arena);
    cloud_done(&cl);
}

static void load(bool any_kind)
{
    cleanup_json json_t *list = NULL;
    ck_assert_int_eq(json_parse(items, strlen(items), &list, NULL), 0);
    kept_lines_of(arena, list, &q, any_kind, &kept);
    q.kept = kept.items;
    q.kept_count = kept.len;
}

static void logs(struct cloud *c)
{
    c->rc = flow_logs(&c->c, &q, take, NULL, &c->err);
}

START_TEST(trust_34_kept_lines_come_in_order_and_beyond_the_limit)
{
    setup();
    load(true);
    q.limit = 1;
    cloud_fail(&cl, "FilterLogEvents", 400, "ResourceNotFoundException", "gone");
    cloud_run(&cl, logs);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_ge(cl.said.len, 6);
    ck_assert_ptr_nonnull(strstr(cl.said.items[0], "up"));
    ck_assert_ptr_nonnull(strstr(cl.said.items[1], "boom"));
    ck_assert_ptr_nonnull(strstr(cl.said.items[2], "build task b1 failed: exit code 1"));
    ck_assert_ptr_nonnull(strstr(cl.said.items[3], "target 10.0.0.1:80 is unhealthy: 502"));
    ck_assert_ptr_nonnull(strstr(cl.said.items[4], "task t1 stopped: exit code 3"));
    ck_assert_ptr_nonnull(strstr(cl.said.items[5], "Vpc (AWS::EC2::VPC): CREATE_FAILED: limit"));
    finish();
}
END_TEST

START_TEST(trust_34_a_line_that_the_log_still_has_comes_once)
{
    setup();
    load(true);
    cloud_reply(
        &cl,
        "FilterLogEvents",
        "{\"events\":[{\"logStreamName\":\"api/api_k3j2h4g5f6d7/t1\",\"eventId\":\"1\","
        "\"timestamp\":2000,\"message\":\"boom\"},{\"logStreamName\":\"api/api_k3j2h4g5f6d7/t2\","
        "\"eventId\":\"2\",\"timestamp\":2500,\"message\":\"other\"}]}");
    cloud_run(&cl, logs);
    ck_assert_uint_eq(cloud_said(&cl, "boom"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "other"), 1);
    ck_assert(cloud_body_has(&cl, "FilterLogEvents", 0, "\"startTime\":1,"));
    finish();
}
END_TEST

START_TEST(trust_34_kept_lines_are_asked_for_by_type_and_service)
{
    static const char *const api[] = {"api"};

    setup();
    q.run = false;
    q.build = true;
    load(false);
    ck_assert_uint_eq(kept.len, 1);
    ck_assert_str_eq(kept.items[0].source, "build");
    finish();

    setup();
    q.services = api;
    q.service_count = 1;
    load(true);
    for (size_t i = 0; i < kept.len; i++)
        ck_assert_str_eq(kept.items[i].service, "api");
    ck_assert_uint_eq(kept.len, 4);
    finish();
}
END_TEST

static struct graph *graph;

static void observe_for_10_s(struct cloud *c)
{
    struct flow_observer *o = flow_observe_start(&c->c, graph);
    fiber_sleep(10000);
    flow_observe_stop(o, &(struct engine_failure){0});
}

START_TEST(trust_34_a_targets_bad_answer_is_told_once)
{
    setup();
    graph = graph_new("shop");
    graph_add(
        graph, "cluster", "Cluster", "AWS::ECS::Cluster", json_pack("{s:s}", "ClusterName", "c"));
    graph_add(
        graph, "service/web", "Web", "AWS::ECS::Service", json_pack("{s:s}", "ServiceName", "web"));
    cloud_reply(
        &cl,
        "DescribeServices",
        "{\"services\":[{\"serviceName\":\"web\",\"loadBalancers\":[{\"targetGroupArn\":\"arn:tg\"}"
        "]"
        ",\"deployments\":[{\"status\":\"PRIMARY\",\"rolloutState\":\"IN_PROGRESS\","
        "\"desiredCount\":1,\"runningCount\":1}]}]}");
    cloud_reply(
        &cl,
        "DescribeTargetHealth",
        "<TargetHealthDescriptions><member><Target><Id>10.0.0.1</Id><Port>80</Port></Target>"
        "<TargetHealth><State>unhealthy</State><Reason>Target.ResponseCodeMismatch</Reason>"
        "<Description>Health checks failed with these codes: [502]</Description></TargetHealth>"
        "</member></TargetHealthDescriptions>");
    cloud_run(&cl, observe_for_10_s);
    ck_assert_uint_gt(cloud_count(&cl, "DescribeTargetHealth"), 1);
    ck_assert_uint_eq(
        cloud_said(
            &cl,
            "evidence target/web/1 target web 10.0.0.1:80: unhealthy: Health checks failed with "
            "these codes: [502] (Target.ResponseCodeMismatch)"),
        1);
    graph_free(graph);
    finish();
}
END_TEST

static const struct beat created[] = {
    {"CREATE_COMPLETE",
     {"*||CREATE_IN_PROGRESS", "Logs|AWS::Logs::LogGroup|IMPORT_COMPLETE", "*||CREATE_COMPLETE"}},
    {0},
};
static struct fake_stack stack;
static struct engine_outcome out;

static void apply(struct cloud *c)
{
    c->rc = engine_cloudformation.apply(&c->c, "whole", graph, &out, &c->err);
}

static void apply_over_a_group(const char *tags)
{
    setup();
    fake_stack_init(&stack, &cl, "Defang-shop-beta", FAKE_STACK_ID);
    stack.on_execute = created;
    graph = graph_new("shop");
    struct graph_resource *r = graph_add(
        graph,
        "cluster",
        "Logs",
        "AWS::Logs::LogGroup",
        json_pack("{s:s}", "LogGroupName", "/Defang/shop/beta/logs"));
    r->deletion_policy = "Retain";
    cloud_reply(
        &cl,
        "DescribeLogGroups",
        "{\"logGroups\":[{\"logGroupName\":\"/Defang/shop/beta/logs\",\"arn\":\"arn:aws:logs:"
        "us-west-2:123456789012:log-group:/Defang/shop/beta/logs:*\"}]}");
    cloud_reply(&cl, "ListTagsForResource", tags);
    cloud_run(&cl, apply);
    engine_outcome_done(&out);
    graph_free(graph);
}

START_TEST(trust_34_a_log_group_that_an_earlier_stack_left_is_imported)
{
    apply_over_a_group("{\"tags\":{\"defang:ManagedBy\":\"defangd\"}}");
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "ImportExistingResources=true"));
    ck_assert(cloud_body_has(&cl, "ExecuteChangeSet", 0, "DisableRollback=false"));
    ck_assert(cloud_body_has(&cl, "ListTagsForResource", 0, "beta/logs\""));
    fake_stack_done(&stack);
    finish();
}
END_TEST

START_TEST(trust_34_a_log_group_of_others_is_not_taken)
{
    apply_over_a_group("{\"tags\":{}}");
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "/Defang/shop/beta/logs"));
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    fake_stack_done(&stack);
    finish();
}
END_TEST

static const json_t *left_task;

static void keep_task(struct cloud *c)
{
    const struct task_stream stream = {.container = "api", .stream = "api/1"};
    const struct task_left left = {
        .kind = "task",
        .service = "api",
        .id = "t1",
        .task = left_task,
        .reason = "exit code 3",
        .group = "/g",
        .streams = &stream,
        .stream_count = 1};

    cloud_reply(c, "GetLogEvents", "{\"events\":[],\"nextForwardToken\":\"f\"}");
    cloud_reply(c, "FilterLogEvents", "{\"events\":[]}");
    task_left_keep(&c->c, &left, 5, NULL);
}

/* The sanitizers do not see into jansson: one reference too few is found here. */
START_TEST(what_a_task_left_borrows_what_ecs_said)
{
    static const char text[] = "{\"containers\":[{\"name\":\"api\",\"exitCode\":3}]}";
    cleanup_json json_t *task = NULL;

    setup();
    ck_assert_int_eq(json_parse(text, strlen(text), &task, NULL), 0);
    left_task = task;
    cloud_run(&cl, keep_task);

    const json_t *code = json_at(task, "containers.0.exitCode");
    ck_assert_uint_eq(code->refcount, 1);
    ck_assert_int_eq(json_integer_value(code), 3);
    finish();
}
END_TEST

SUITE(
    "engine/kept",
    what_a_task_left_borrows_what_ecs_said,
    trust_34_kept_lines_come_in_order_and_beyond_the_limit,
    trust_34_a_line_that_the_log_still_has_comes_once,
    trust_34_kept_lines_are_asked_for_by_type_and_service,
    trust_34_a_targets_bad_answer_is_told_once,
    trust_34_a_log_group_that_an_earlier_stack_left_is_imported,
    trust_34_a_log_group_of_others_is_not_taken)
