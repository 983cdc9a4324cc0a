/* The place to build: ready when all of it is; and what was printed there, kept. */
#include "engine/build/log.h"
#include "engine/build/place.h"
#include "engine/context.h"
#include "plan/plan.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include "base/str.h"

static struct cloud cl;

static bool ready;
static struct flow_build_place found;

static void find_place(struct cloud *c)
{
    c->rc = flow_build_place(&c->c, &found, &ready, &c->err);
}

static char *resources(const char *but, const char *status)
{
    struct str out = STR_INIT;
    cleanup_arena struct arena *arena = arena_new();
    struct plan_build_needs needs, *n = &needs;
    plan_build_needs(arena, NULL, n);
    const char *more[] = {
        n->cluster, n->security_group, n->subnets[0], n->subnets[1], PLAN_BUILD_BUCKET};
    str_append(&out, "<StackResourceSummaries>");
    for (size_t i = 0; i < n->count + ARRAY_LEN(more); i++) {
        const char *id = i < n->count ? n->logical_ids[i] : more[i - n->count];
        str_appendf(
            &out,
            "<member><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>p-%s</"
            "PhysicalResourceId><ResourceStatus>%s</ResourceStatus></member>",
            id,
            id,
            text_eq(id, but) ? status : "CREATE_COMPLETE");
    }
    str_append(&out, "</StackResourceSummaries>");
    return str_take(&out);
}

START_TEST(the_place_is_ready_when_all_of_it_is)
{
    static const struct {
        const char *but, *status;
        bool ready;
    } cases[] = {
        {NULL, NULL, true},
        {"KanikoRole", "CREATE_IN_PROGRESS", false},
        {"PublicSubnet2", "CREATE_IN_PROGRESS", false},
        {"Cluster", "UPDATE_COMPLETE", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cloud_init(&cl);
        cleanup_free char *text = resources(cases[i].but, cases[i].status);
        cloud_reply(&cl, "ListStackResources", text);
        cloud_run(&cl, find_place);
        ck_assert_int_eq(cl.rc, 0);
        ck_assert_msg(ready == cases[i].ready, "%zu", i);
        if (ready)
            ck_assert_str_eq(found.cluster, "p-Cluster");
        flow_build_place_done(&found);
        cloud_done(&cl);
    }
    cloud_init(&cl);
    cloud_fail(&cl, "ListStackResources", 400, "ValidationError", "Stack with id x does not exist");
    cloud_run(&cl, find_place);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(!ready);
    cloud_done(&cl);
}
END_TEST

static void make_up_for_the_log(struct cloud *c)
{
    const struct plan_build b = {.service = "api", .tag = "api-image-00000000-x86_64"};

    build_log_resume(&c->c, &b);
}

START_TEST(survive_31_a_log_that_was_not_kept_is_kept_by_the_next_life)
{
    cloud_init(&cl);
    cleanup_free char *text = resources(NULL, NULL);
    cloud_reply(&cl, "ListStackResources", text);
    cloud_reply(
        &cl,
        "GetLogEvents",
        "{\"events\":[{\"timestamp\":1,\"message\":\"built\"}],\"nextForwardToken\":\"f1\"}");
    cloud_reply(&cl, "S3 PUT", "");

    /* no task: nothing was built */
    cloud_run(&cl, make_up_for_the_log);
    ck_assert_uint_eq(cloud_count(&cl, "ListStackResources"), 0);

    cloud_journal_put(&cl, "build.api.1.task", "arn:aws:ecs:us-west-2:123456789012:task/shop/t1");
    cloud_run(&cl, make_up_for_the_log);
    ck_assert_uint_eq(cloud_count(&cl, "S3 PUT"), 1);
    ck_assert_str_eq(cloud_body(&cl, "S3 PUT", 0), "built");
    ck_assert_str_eq(cloud_journal(&cl, "build.api.1.kept"), "1");

    /* once */
    cloud_run(&cl, make_up_for_the_log);
    ck_assert_uint_eq(cloud_count(&cl, "S3 PUT"), 1);
    cloud_done(&cl);
}
END_TEST

SUITE(
    "engine/build/place",
    the_place_is_ready_when_all_of_it_is,
    survive_31_a_log_that_was_not_kept_is_kept_by_the_next_life)
