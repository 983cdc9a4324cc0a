/* Board rows: one a group, its state folded from its resources'.
 *
 * Shown: a row names what people wait for, counts only where every resource reports, and fails for
 * a cause of its own, not for a bystander. */
#include "engine/stack/rows.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include <string.h>

static struct cloud cl;
static struct graph *graph;
static struct rows *rows;

static void setup(void)
{
    cloud_init(&cl);
    graph = graph_new("shop");
    graph_add(graph, "network", "Vpc", "AWS::EC2::VPC", json_object());
    graph_add(graph, "network", "Nat", "AWS::EC2::NatGateway", json_object())->usual =
        "usually 2 min";
    graph_add(graph, "service/web", "Web", "AWS::ECS::Service", json_object());
    rows = rows_from_graph(&cl.c, graph);
}

static void finish(void)
{
    rows_free(rows);
    graph_free(graph);
    cloud_done(&cl);
}

static void is(const char *id, const char *status)
{
    rows_resource(
        rows,
        &(struct engine_resource){
            .logical_id = id, .type = "", .physical_id = "", .status = status});
}

static void because(const char *id, const char *status, const char *reason)
{
    rows_resource(
        rows,
        &(struct engine_resource){
            .logical_id = id, .type = "", .physical_id = "", .status = status, .reason = reason});
}

static const char *last(void)
{
    ck_assert_uint_gt(cl.said.len, 0);
    return cl.said.items[cl.said.len - 1];
}

START_TEST(resources_know_their_row)
{
    setup();
    ck_assert_str_eq(rows_of(rows, "Nat"), "network");
    ck_assert_str_eq(rows_of(rows, "Web"), "service/web");
    ck_assert_str_eq(rows_of(rows, "Else"), "stack");
    ck_assert_str_eq(rows_of(NULL, "Web"), "stack");
    is("Else", "CREATE_COMPLETE");
    ck_assert_uint_eq(cl.said.len, 0);
    finish();
}
END_TEST

START_TEST(a_row_shows_what_is_waited_for)
{
    setup();
    rows_count_all(rows);
    is("Nat", "CREATE_IN_PROGRESS");
    ck_assert_str_eq(last(), "row network active EC2 NatGateway: creating (0 of 2 ready)");
    is("Vpc", "CREATE_IN_PROGRESS");
    ck_assert_str_eq(last(), "row network active EC2 NatGateway: creating (0 of 2 ready)");
    is("Vpc", "CREATE_COMPLETE");
    ck_assert_str_eq(last(), "row network active EC2 NatGateway: creating (1 of 2 ready)");
    is("Nat", "CREATE_COMPLETE");
    ck_assert_str_eq(last(), "row network done 2 resources ready");
    finish();
}
END_TEST

/* The one that just became ready is not what the row waits for. */
START_TEST(a_ready_resource_is_not_shown_as_busy)
{
    setup();
    is("Web", "UPDATE_IN_PROGRESS");
    is("Vpc", "UPDATE_IN_PROGRESS");
    is("Nat", "UPDATE_IN_PROGRESS");
    is("Nat", "UPDATE_COMPLETE");
    ck_assert_str_eq(last(), "row network active EC2 VPC: updating");
    finish();
}
END_TEST

START_TEST(an_update_is_done_when_the_stack_is)
{
    setup();
    is("Web", "UPDATE_IN_PROGRESS");
    is("Web", "UPDATE_COMPLETE");
    ck_assert_str_eq(last(), "row service/web active ECS Service: done");
    rows_finish(rows, true);
    ck_assert_str_eq(last(), "row service/web done 1 resource ready");
    ck_assert_uint_eq(cloud_said(&cl, "row network"), 0); /* never touched */
    finish();
}
END_TEST

START_TEST(the_culprit_stays_failed_and_bystanders_do_not)
{
    setup();
    is("Vpc", "CREATE_IN_PROGRESS");
    is("Web", "CREATE_IN_PROGRESS");
    because("Web", "CREATE_FAILED", "no such image");
    ck_assert_str_eq(last(), "row service/web failed ECS Service: failed");
    because("Vpc", "CREATE_FAILED", "Resource creation cancelled");
    ck_assert_uint_eq(cloud_said(&cl, "row network failed"), 0);
    is("Web", "DELETE_COMPLETE");
    is("Vpc", "DELETE_COMPLETE");
    rows_finish(rows, false);
    ck_assert_uint_eq(cloud_said(&cl, "row network canceled taken back"), 1);
    ck_assert_str_eq(last(), "row service/web failed failed");
    finish();
}
END_TEST

START_TEST(a_teardown_counts_from_the_template)
{
    static const char text[] =
        "{\"Resources\":{\"Web\":{\"Type\":\"AWS::ECS::Service\",\"Metadata\":{\"Group\":\"service/"
        "web\"}},\"Old\":{\"Type\":\"AWS::X::Y\"}}}";
    cleanup_json json_t *template = NULL;
    setup();
    rows_free(rows);
    ck_assert_int_eq(json_parse(text, strlen(text), &template, NULL), 0);
    rows = rows_from_template(&cl.c, template);
    ck_assert_str_eq(rows_of(rows, "Old"), "stack");
    is("Web", "DELETE_IN_PROGRESS");
    is("Web", "DELETE_COMPLETE");
    ck_assert_str_eq(last(), "row service/web done 1 resource removed");
    is("Old", "DELETE_SKIPPED");
    rows_finish(rows, true);
    ck_assert_str_eq(last(), "row stack done removed");
    rows_free(rows);
    rows = rows_from_template(&cl.c, NULL);
    is("Web", "DELETE_COMPLETE"); /* nothing is known: nothing is said */
    finish();
}
END_TEST

SUITE(
    "engine/rows",
    resources_know_their_row,
    a_row_shows_what_is_waited_for,
    a_ready_resource_is_not_shown_as_busy,
    an_update_is_done_when_the_stack_is,
    the_culprit_stays_failed_and_bystanders_do_not,
    a_teardown_counts_from_the_template)
