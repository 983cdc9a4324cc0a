/* The engine `cloudformation`: create, update, and every way to come back after a kill without a
 * second effect; a cancel takes back what it began, and nothing of others. */
#include "engine/cloudformation/cloudformation.h"
#include "engine/engine.h"
#include "plan/consent.h"
#include "unit/engine/fake_stack.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <errno.h>
#include <string.h>

static struct cloud cl;
static struct fake_stack stack;
static struct engine_outcome out;
static struct graph *graph;

static const struct beat created[] = {
    {"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS", "Vpc|AWS::EC2::VPC|CREATE_IN_PROGRESS"}},
    {"CREATE_IN_PROGRESS",
     {"Vpc|AWS::EC2::VPC|CREATE_COMPLETE", "Web|AWS::ECS::Service|CREATE_IN_PROGRESS"}},
    {"CREATE_COMPLETE", {"Web|AWS::ECS::Service|CREATE_COMPLETE", "*||CREATE_COMPLETE"}},
    {0},
};
static const struct beat updated[] = {
    {"UPDATE_IN_PROGRESS", {"*||UPDATE_IN_PROGRESS", "Web|AWS::ECS::Service|UPDATE_IN_PROGRESS"}},
    {"UPDATE_IN_PROGRESS", {NULL}},
    {"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
     {"Web|AWS::ECS::Service|UPDATE_COMPLETE", "*||UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}},
    {"UPDATE_COMPLETE", {"*||UPDATE_COMPLETE"}},
    {0},
};
static const struct beat failed_create[] = {
    {"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS", "Web|AWS::ECS::Service|CREATE_IN_PROGRESS"}},
    {"ROLLBACK_IN_PROGRESS",
     {"Web|AWS::ECS::Service|CREATE_FAILED|no such image", "*||ROLLBACK_IN_PROGRESS"}},
    {"ROLLBACK_COMPLETE", {"Web|AWS::ECS::Service|DELETE_COMPLETE", "*||ROLLBACK_COMPLETE"}},
    {0},
};
static const struct beat endless[] = {
    {"UPDATE_IN_PROGRESS", {"*||UPDATE_IN_PROGRESS", "Web|AWS::ECS::Service|UPDATE_IN_PROGRESS"}},
    {0},
};
static const struct beat taken_back[] = {
    {"UPDATE_ROLLBACK_IN_PROGRESS", {"*||UPDATE_ROLLBACK_IN_PROGRESS|User Initiated"}},
    {"UPDATE_ROLLBACK_COMPLETE",
     {"Web|AWS::ECS::Service|UPDATE_COMPLETE", "*||UPDATE_ROLLBACK_COMPLETE"}},
    {0},
};
static const struct beat deleted[] = {
    {"DELETE_IN_PROGRESS", {"*||DELETE_IN_PROGRESS", "Web|AWS::ECS::Service|DELETE_IN_PROGRESS"}},
    {"GONE", {"Web|AWS::ECS::Service|DELETE_COMPLETE", "*||DELETE_COMPLETE"}},
    {0},
};

static void setup(const char *status)
{
    cloud_init(&cl);
    fake_stack_init(&stack, &cl, "Defang-shop-beta", FAKE_STACK_ID);
    stack.status = status;
    stack.outputs =
        "<member><OutputKey>EndpointWeb</OutputKey><OutputValue>https://web</OutputValue></member>";
    stack.on_execute = status && !text_eq(status, "REVIEW_IN_PROGRESS") ? updated : created;
    stack.on_delete = deleted;
    stack.on_cancel = taken_back;
    graph = graph_new("shop");
    graph_add(
        graph, "network", "Vpc", "AWS::EC2::VPC", json_pack("{s:s}", "CidrBlock", "10.0.0.0/16"));
    graph_add(
        graph, "service/web", "Web", "AWS::ECS::Service", json_pack("{s:i}", "DesiredCount", 1));
}

static void finish(void)
{
    engine_outcome_done(&out);
    graph_free(graph);
    fake_stack_done(&stack);
    cloud_done(&cl);
}

static void apply(struct cloud *c)
{
    error_done(&c->err);
    engine_outcome_done(&out);
    c->rc = engine_cloudformation.apply(&c->c, "whole", graph, &out, &c->err);
}

static void cancel_whole(struct cloud *c)
{
    engine_cloudformation.cancel(&c->c, "whole");
}

START_TEST(a_stack_is_created)
{
    setup(NULL);
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(!out.nothing_changed);
    ck_assert_uint_eq(out.resources_changed, 2);
    ck_assert_str_eq(json_str(out.outputs, "EndpointWeb"), "https://web");
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "ChangeSetType=CREATE"));
    ck_assert_ptr_nonnull(cloud_journal(&cl, "cfn.whole.token"));
    ck_assert(cloud_body_has(&cl, "ExecuteChangeSet", 0, cloud_journal(&cl, "cfn.whole.token")));
    ck_assert_uint_ge(cloud_said(&cl, "row network done"), 1);
    ck_assert_uint_ge(cloud_said(&cl, "row service/web done"), 1);
    finish();
}
END_TEST

START_TEST(a_stack_is_updated)
{
    setup("CREATE_COMPLETE");
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(out.resources_changed, 1);
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "ChangeSetType=UPDATE"));
    finish();
}
END_TEST

/* AWS says that it would make the database anew, for a property that the planner's table does not
 * know: nothing is executed unless that loss was allowed by name. */
START_TEST(trust_20_cloudformation_has_the_last_word)
{
    static const char *const others[] = {"cache"}, *const db[] = {"cache,db"};
    struct plan_consent consents[] = {
        {0}, {.names = others, .count = 1}, {.names = db, .count = 1}, {.all = true}};

    for (size_t i = 0; i < ARRAY_LEN(consents); i++) {
        bool allowed = i >= 2;
        setup("CREATE_COMPLETE");
        graph_add(graph, "service/db", "DatabaseDb", "AWS::RDS::DBInstance", json_object());
        stack.changes =
            "<Changes><member><ResourceChange><Action>Modify</Action>"
            "<LogicalResourceId>Web</LogicalResourceId><Replacement>True</Replacement>"
            "<ResourceType>AWS::ECS::Service</ResourceType></ResourceChange></member>"
            "<member><ResourceChange><Action>Modify</Action>"
            "<LogicalResourceId>DatabaseDb</LogicalResourceId><Replacement>True</Replacement>"
            "<ResourceType>AWS::RDS::DBInstance</ResourceType></ResourceChange></member></Changes>";
        cl.c.consent = &consents[i];
        cloud_run(&cl, apply);
        ck_assert_int_eq(cl.err.kind, allowed ? ERR_NONE : ERR_REFUSED);
        ck_assert_uint_eq(cloud_count(&cl, "ExecuteChangeSet"), allowed);
        ck_assert_uint_eq(cloud_count(&cl, "DeleteChangeSet"), !allowed);
        if (!allowed) {
            ck_assert_ptr_nonnull(strstr(cl.err.message, "DatabaseDb"));
            ck_assert_ptr_null(strstr(cl.err.message, "Web"));
            ck_assert_ptr_nonnull(strstr(cl.err.hint, "--allow-loss db"));
        }
        finish();
    }
}
END_TEST

START_TEST(nothing_to_change)
{
    setup("CREATE_COMPLETE");
    stack.refuse_with = "No updates are to be performed.";
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(out.nothing_changed);
    ck_assert_uint_eq(stack.effects, 0);
    finish();
}
END_TEST

START_TEST(a_long_template_goes_through_the_bucket)
{
    setup("CREATE_COMPLETE");
    cleanup_free char *text = xcalloc(60001, 1);
    memset(text, 'x', 60000);
    json_object_set_new(graph_get(graph, "Web")->properties, "Long", json_string(text));
    cloud_reply(&cl, "S3 PUT", "");
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "S3 PUT"), 1);
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "TemplateURL=https"));
    ck_assert(!cloud_body_has(&cl, "CreateChangeSet", 0, "TemplateBody="));
    finish();
}
END_TEST

START_TEST(a_failed_creation_is_cleared_first)
{
    static const char *const dead[] = {"ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"};
    for (size_t i = 0; i < ARRAY_LEN(dead); i++) {
        setup(dead[i]);
        stack.on_execute = created;
        cloud_run(&cl, apply);
        ck_assert_msg(cl.rc == 0, "%s: %s", dead[i], cl.err.message);
        ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 1);
        ck_assert(!cloud_body_has(&cl, "DeleteStack", 0, cloud_journal(&cl, "cfn.whole.token")));
        ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "ChangeSetType=CREATE"));
        finish();
    }
}
END_TEST

START_TEST(an_unfinished_teardown_is_not_finished_by_up)
{
    setup("DELETE_FAILED");
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 0);
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    finish();
}
END_TEST

START_TEST(a_busy_stack_is_waited_for)
{
    static const struct beat other[] = {{"UPDATE_IN_PROGRESS", {"*||UPDATE_IN_PROGRESS"}}, {0}};
    setup("CREATE_COMPLETE");
    fake_stack_begin(&stack, other, "theirs");
    cloud_run_canceled(&cl, apply, 5000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    ck_assert_uint_eq(stack.effects, 0); /* theirs is not taken back */
    ck_assert_uint_eq(cloud_said(&cl, "is busy with another operation"), 1);
    stack.status = "UPDATE_COMPLETE";
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "ExecuteChangeSet"), 1);
    finish();
}
END_TEST

START_TEST(a_foreign_stack_is_refused)
{
    setup("CREATE_COMPLETE");
    stack.foreign = true;
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(cl.err.hint, "DEFANG_PREFIX"));
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    finish();
}
END_TEST

START_TEST(a_failed_creation_is_rolled_back)
{
    setup(NULL);
    stack.on_execute = failed_create;
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.err.kind, ERR_ROLLED_BACK);
    ck_assert(out.rolled_back);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "Web (AWS::ECS::Service): no such image"));
    /* The row of what failed says so to the end; what only went with it does not. */
    ck_assert_str_eq(cl.said.items[cl.said.len - 1], "row service/web failed failed");
    finish();
}
END_TEST

START_TEST(a_stack_deleted_meanwhile_is_no_success)
{
    setup("CREATE_COMPLETE");
    stack.on_execute = deleted; /* somebody deletes it under our hands */
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    finish();
}
END_TEST

/* Kills at every point: the journal holds what it would hold then, the stack is where it would be.
 */
START_TEST(resumed_before_the_change_set)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(stack.effects, 1);
    ck_assert(cloud_body_has(&cl, "ExecuteChangeSet", 0, "ClientRequestToken=t-1"));
    finish();
}
END_TEST

START_TEST(resumed_with_the_change_set_made)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    stack.change_status = "CREATE_COMPLETE";
    stack.execution = "AVAILABLE";
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    ck_assert_uint_eq(stack.effects, 1);
    finish();
}
END_TEST

START_TEST(resumed_between_the_flag_and_the_execute)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    cloud_journal_put(&cl, "cfn.whole.executed", "1");
    stack.change_status = "CREATE_COMPLETE";
    stack.execution = "AVAILABLE";
    cloud_run(&cl, apply);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(stack.effects, 1);
    finish();
}
END_TEST

START_TEST(resumed_while_it_runs_and_after_it_ended)
{
    for (int beats = 1; beats <= 4; beats++) {
        setup("CREATE_COMPLETE");
        cloud_journal_put(&cl, "cfn.whole.token", "t-1");
        cloud_journal_put(&cl, "cfn.whole.executed", "1");
        fake_stack_begin(&stack, updated, "t-1");
        for (int i = 1; i < beats; i++)
            fake_stack_begin(&stack, stack.now, "t-1");
        cloud_run(&cl, apply);
        ck_assert_msg(cl.rc == 0, "%d beats: %s", beats, cl.err.message);
        ck_assert_uint_eq(stack.effects, 0);
        ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
        ck_assert_uint_eq(cloud_said(&cl, "Web UPDATE_COMPLETE"), 1);
        ck_assert_uint_eq(out.resources_changed, 1);
        finish();
    }
}
END_TEST

START_TEST(a_cancel_takes_back_once)
{
    setup("CREATE_COMPLETE");
    stack.on_execute = endless;
    cloud_run_canceled(&cl, apply, 5000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 1);
    ck_assert_str_eq(stack.status, "UPDATE_ROLLBACK_COMPLETE"); /* followed to the end */
    ck_assert_uint_eq(cloud_said(&cl, "Web UPDATE_COMPLETE"), 1);
    ck_assert_uint_ge(cloud_said(&cl, "row service/web canceled taken back"), 1);
    finish();
}
END_TEST

START_TEST(a_canceled_creation_is_removed)
{
    static const struct beat slow[] = {
        {"CREATE_IN_PROGRESS",
         {"*||CREATE_IN_PROGRESS", "Web|AWS::ECS::Service|CREATE_IN_PROGRESS"}},
        {0}};
    setup(NULL);
    stack.on_execute = slow;
    cloud_run_canceled(&cl, apply, 5000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 1);
    ck_assert_ptr_null(stack.status);
    finish();
}
END_TEST

/* CloudFormation refuses a token that it knows from another operation, and the double does nothing
 * then. */
START_TEST(a_removal_has_a_token_of_its_own)
{
    static const struct beat slow[] = {{"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS"}}, {0}};
    setup(NULL);
    stack.on_execute = slow;
    cloud_run_canceled(&cl, apply, 5000);
    ck_assert(!cloud_body_has(&cl, "DeleteStack", 0, cloud_journal(&cl, "cfn.whole.token")));
    finish();
}
END_TEST

START_TEST(detaching_leaves_the_cloud_alone)
{
    setup("CREATE_COMPLETE");
    stack.on_execute = endless;
    cl.detaching = true;
    cloud_run_canceled(&cl, apply, 5000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 0);
    ck_assert_str_eq(stack.status, "UPDATE_IN_PROGRESS");
    ck_assert_uint_eq(cloud_said(&cl, "canceled"), 0);
    finish();
}
END_TEST

START_TEST(a_cancel_in_mid_execute_is_taken_back_too)
{
    setup("CREATE_COMPLETE");
    stack.on_execute = endless;
    stack.execute_delay_ms = 2000; /* CloudFormation has begun, its answer is still on the way */
    cloud_run_canceled(&cl, apply, 1000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "ExecuteChangeSet"), 1);
    ck_assert_str_eq(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    finish();
}
END_TEST

START_TEST(a_cancel_from_an_earlier_life_is_carried_out)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    cloud_journal_put(&cl, "cfn.whole.executed", "1");
    cloud_journal_put(&cl, "cfn.whole.last-event", "e1");
    fake_stack_begin(&stack, endless, "t-1");
    cloud_run(&cl, cancel_whole);
    ck_assert_str_eq(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    cloud_run(&cl, cancel_whole); /* and again: nothing left to do */
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 1);
    finish();
}
END_TEST

START_TEST(what_others_began_is_not_taken_back)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.whole.token", "t-1");
    cloud_journal_put(&cl, "cfn.whole.executed", "1");
    while (stack.status && !text_eq(stack.status, "UPDATE_COMPLETE"))
        fake_stack_begin(&stack, stack.now ? stack.now : updated, "t-1");
    fake_stack_begin(&stack, endless, "theirs");
    cloud_run(&cl, cancel_whole);
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack"), 0);
    ck_assert_str_eq(stack.status, "UPDATE_IN_PROGRESS");
    finish();
}
END_TEST

START_TEST(nothing_was_begun_nothing_is_taken_back)
{
    setup("UPDATE_IN_PROGRESS");
    cloud_run(&cl, cancel_whole);
    ck_assert_uint_eq(cloud_count(&cl, "CancelUpdateStack") + cloud_count(&cl, "DeleteStack"), 0);
    finish();
}
END_TEST

SUITE(
    "engine/apply",
    a_stack_is_created,
    a_stack_is_updated,
    trust_20_cloudformation_has_the_last_word,
    nothing_to_change,
    a_long_template_goes_through_the_bucket,
    a_failed_creation_is_cleared_first,
    an_unfinished_teardown_is_not_finished_by_up,
    a_busy_stack_is_waited_for,
    a_foreign_stack_is_refused,
    a_failed_creation_is_rolled_back,
    a_stack_deleted_meanwhile_is_no_success,
    resumed_before_the_change_set,
    resumed_with_the_change_set_made,
    resumed_between_the_flag_and_the_execute,
    resumed_while_it_runs_and_after_it_ended,
    a_cancel_takes_back_once,
    a_canceled_creation_is_removed,
    a_removal_has_a_token_of_its_own,
    detaching_leaves_the_cloud_alone,
    a_cancel_in_mid_execute_is_taken_back_too,
    a_cancel_from_an_earlier_life_is_carried_out,
    what_others_began_is_not_taken_back,
    nothing_was_begun_nothing_is_taken_back)
