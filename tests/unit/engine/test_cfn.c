/* The parts of CloudFormation: the event tail and change sets.
 *
 * Shown: each event is told once, oldest first, across pages and restarts; silence is asked about;
 * the first failure is the cause; a change set is made once, and an empty one is no change. */
#include "engine/stack/change.h"
#include "engine/stack/events.h"
#include "unit/engine/fake_stack.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <errno.h>
#include <string.h>

static struct cloud cl;
static struct fake_stack stack;
static struct cfn_follow f;

static void setup(const char *status)
{
    cloud_init(&cl);
    fake_stack_init(&stack, &cl, "Defang-shop-beta", FAKE_STACK_ID);
    stack.status = status;
}

static void finish(void)
{
    cfn_follow_done(&f);
    fake_stack_done(&stack);
    cloud_done(&cl);
}

static const char *row_of(void *arg, const char *logical_id)
{
    return "network";
}

static void on_event(void *arg, const struct engine_resource *r, const char *row_id)
{
    cl.sink.resource(&cl, row_id, r);
}

static void follow(struct cloud *c)
{
    f = (struct cfn_follow){
        .context = &c->c,
        .stack_id = FAKE_STACK_ID,
        .token = "t-1",
        .journal_key = "last",
        .row_of = row_of,
        .on_event = on_event};
    c->rc = cfn_follow(&f, &c->err);
}

static const struct beat creation[] = {
    {"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS"}},
    {"CREATE_IN_PROGRESS",
     {"Vpc|AWS::EC2::VPC|CREATE_IN_PROGRESS", "Vpc|AWS::EC2::VPC|CREATE_COMPLETE"}},
    {"CREATE_IN_PROGRESS", {"Cluster|AWS::ECS::Cluster|CREATE_IN_PROGRESS"}},
    {"CREATE_COMPLETE", {"Cluster|AWS::ECS::Cluster|CREATE_COMPLETE", "*||CREATE_COMPLETE"}},
    {0},
};

static const char *const in_order[] = {
    "resource network Vpc CREATE_IN_PROGRESS",
    "resource network Vpc CREATE_COMPLETE",
    "resource network Cluster CREATE_IN_PROGRESS",
    "resource network Cluster CREATE_COMPLETE"};

static void assert_in_order(size_t from)
{
    ck_assert_uint_eq(cl.said.len, ARRAY_LEN(in_order) - from);
    for (size_t i = 0; i < cl.said.len; i++)
        ck_assert_str_eq(cl.said.items[i], in_order[from + i]);
}

START_TEST(events_come_oldest_first_and_once)
{
    setup(NULL);
    fake_stack_begin(&stack, creation, "t-1");
    cloud_run(&cl, follow);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_str_eq(f.status, "CREATE_COMPLETE");
    ck_assert_uint_eq(f.changed, 2);
    ck_assert_ptr_null(f.first_failure);
    assert_in_order(0);
    finish();
}
END_TEST

START_TEST(pages_are_read_to_the_start_of_the_operation)
{
    static const struct beat all_at_once[] = {
        {"CREATE_COMPLETE",
         {"*||CREATE_IN_PROGRESS",
          "Vpc|AWS::EC2::VPC|CREATE_IN_PROGRESS",
          "Vpc|AWS::EC2::VPC|CREATE_COMPLETE",
          "Cluster|AWS::ECS::Cluster|CREATE_IN_PROGRESS",
          "Cluster|AWS::ECS::Cluster|CREATE_COMPLETE",
          "*||CREATE_COMPLETE"}},
        {0},
    };
    setup(NULL);
    stack.page = 2;
    fake_stack_begin(&stack, all_at_once, "t-1");
    cloud_run(&cl, follow);
    ck_assert_int_eq(cl.rc, 0);
    assert_in_order(0);
    finish();
}
END_TEST

START_TEST(earlier_operations_are_not_told_again)
{
    static const struct beat earlier[] = {
        {"UPDATE_COMPLETE",
         {"*||UPDATE_IN_PROGRESS", "Old|AWS::EC2::VPC|UPDATE_COMPLETE", "*||UPDATE_COMPLETE"}},
        {0}};
    setup(NULL);
    fake_stack_begin(&stack, earlier, "t-0");
    fake_stack_begin(&stack, creation, "t-1");
    cloud_run(&cl, follow);
    ck_assert_uint_eq(cloud_said(&cl, "Old"), 0);
    assert_in_order(0);
    finish();
}
END_TEST

START_TEST(a_long_past_is_read_once_while_the_operation_begins)
{
    static const struct beat nothing[] = {
        {"UPDATE_IN_PROGRESS", {NULL}},
        {"UPDATE_IN_PROGRESS", {NULL}},
        {"UPDATE_IN_PROGRESS", {NULL}},
        {"UPDATE_COMPLETE",
         {"*||UPDATE_IN_PROGRESS", "Vpc|AWS::EC2::VPC|UPDATE_COMPLETE", "*||UPDATE_COMPLETE"}},
        {0}};
    static const struct beat past[] = {
        {"UPDATE_COMPLETE",
         {"*||UPDATE_IN_PROGRESS", "Old|AWS::EC2::VPC|UPDATE_COMPLETE", "*||UPDATE_COMPLETE"}},
        {0}};
    setup(NULL);
    stack.page = 1;
    for (int i = 0; i < 4; i++)
        fake_stack_begin(&stack, past, "t-0");
    fake_stack_begin(&stack, nothing, "t-1");
    cloud_run(&cl, follow);
    ck_assert_str_eq(f.status, "UPDATE_COMPLETE");
    ck_assert_uint_eq(cloud_said(&cl, "Old"), 0);
    ck_assert_uint_eq(cloud_said(&cl, "Vpc"), 1);
    ck_assert_uint_lt(cloud_count(&cl, "DescribeStackEvents"), 12 + 12);
    finish();
}
END_TEST

START_TEST(a_restart_goes_on_after_the_marker)
{
    setup(NULL);
    fake_stack_begin(&stack, creation, "t-1");
    cloud_journal_put(&cl, "last", "e2");
    cloud_run(&cl, follow);
    ck_assert_int_eq(cl.rc, 0);
    assert_in_order(1);
    ck_assert_str_eq(cloud_journal(&cl, "last"), "e6");
    finish();
}
END_TEST

START_TEST(a_restart_after_the_end_asks_the_stack)
{
    setup(NULL);
    fake_stack_begin(&stack, creation, "t-1");
    while (stack.now->status)
        fake_stack_begin(&stack, stack.now, "t-1");
    cloud_journal_put(&cl, "last", "e6");
    cloud_run(&cl, follow);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_str_eq(f.status, "CREATE_COMPLETE");
    ck_assert_uint_eq(cl.said.len, 0);
    finish();
}
END_TEST

static const struct beat failing[] = {
    {"UPDATE_IN_PROGRESS",
     {"*||UPDATE_IN_PROGRESS",
      "Web|AWS::ECS::Service|UPDATE_IN_PROGRESS",
      "Db|AWS::RDS::DBInstance|UPDATE_IN_PROGRESS"}},
    {"UPDATE_IN_PROGRESS",
     {"Db|AWS::RDS::DBInstance|UPDATE_FAILED|Resource update cancelled",
      "Web|AWS::ECS::Service|UPDATE_FAILED|circuit breaker"}},
    {"UPDATE_ROLLBACK_IN_PROGRESS",
     {"*||UPDATE_ROLLBACK_IN_PROGRESS|The following resource(s) failed"}},
    {"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
     {"Web|AWS::ECS::Service|UPDATE_COMPLETE", "*||UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"}},
    {"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", {NULL}},
    {"UPDATE_ROLLBACK_COMPLETE", {"*||UPDATE_ROLLBACK_COMPLETE"}},
    {0},
};

START_TEST(a_roll_back_is_followed_to_its_end)
{
    setup(NULL);
    fake_stack_begin(&stack, failing, "t-1");
    cloud_run(&cl, follow);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_str_eq(f.status, "UPDATE_ROLLBACK_COMPLETE");
    ck_assert_str_eq(f.first_failure, "Web (AWS::ECS::Service): circuit breaker");
    finish();
}
END_TEST

START_TEST(a_roll_back_under_another_token_still_counts)
{
    static const struct beat back[] = {
        {"UPDATE_ROLLBACK_IN_PROGRESS", {"*||UPDATE_ROLLBACK_IN_PROGRESS"}},
        {"UPDATE_ROLLBACK_COMPLETE",
         {"Web|AWS::ECS::Service|UPDATE_COMPLETE", "*||UPDATE_ROLLBACK_COMPLETE"}},
        {0}};
    setup(NULL);
    fake_stack_begin(&stack, failing, "t-1");
    fake_stack_begin(&stack, back, "console");
    cloud_run(&cl, follow);
    ck_assert_str_eq(f.status, "UPDATE_ROLLBACK_COMPLETE");
    ck_assert_uint_eq(cloud_said(&cl, "Web UPDATE_COMPLETE"), 1);
    finish();
}
END_TEST

/* What failed was seen by an earlier life of the daemon; the verdict must still name it. */
START_TEST(the_reason_survives_a_restart)
{
    setup(NULL);
    fake_stack_begin(&stack, failing, "t-1");
    cloud_run_canceled(&cl, follow, 900);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_ptr_nonnull(f.first_failure);
    cfn_follow_done(&f);
    error_done(&cl.err);
    cloud_run(&cl, follow);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_str_eq(f.first_failure, "Web (AWS::ECS::Service): circuit breaker");
    ck_assert_uint_eq(cloud_said(&cl, "Web UPDATE_FAILED"), 1);
    finish();
}
END_TEST

START_TEST(a_resource_counts_once)
{
    static const struct beat replaced[] = {
        {"UPDATE_IN_PROGRESS",
         {"*||UPDATE_IN_PROGRESS",
          "Task|AWS::ECS::TaskDefinition|UPDATE_COMPLETE",
          "Web|AWS::ECS::Service|UPDATE_COMPLETE"}},
        {"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
         {"*||UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
          "Task|AWS::ECS::TaskDefinition|DELETE_IN_PROGRESS"}},
        {"UPDATE_COMPLETE",
         {"Task|AWS::ECS::TaskDefinition|DELETE_COMPLETE", "*||UPDATE_COMPLETE"}},
        {0},
    };
    setup(NULL);
    fake_stack_begin(&stack, replaced, "t-1");
    cloud_run(&cl, follow);
    ck_assert_str_eq(f.status, "UPDATE_COMPLETE");
    ck_assert_uint_eq(f.changed, 2);
    finish();
}
END_TEST

START_TEST(a_stack_that_goes_away_ends_it)
{
    static const struct beat gone[] = {
        {"DELETE_IN_PROGRESS", {"*||DELETE_IN_PROGRESS"}}, {"GONE", {"*||DELETE_COMPLETE"}}, {0}};
    setup("CREATE_COMPLETE");
    fake_stack_begin(&stack, gone, "t-1");
    cloud_run(&cl, follow);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_str_eq(f.status, "DELETE_COMPLETE");
    finish();
}
END_TEST

/* A stack in review is deleted at once, without one event under our token. */
START_TEST(a_stack_that_went_without_a_word_ends_it)
{
    static const struct beat gone[] = {{"GONE", {NULL}}, {0}};
    setup("REVIEW_IN_PROGRESS");
    fake_stack_begin(&stack, gone, NULL);
    cloud_run(&cl, follow);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_str_eq(f.status, "DELETE_COMPLETE");
    finish();
}
END_TEST

/* What stands between AWS and us may lose the tokens; what ended before is not taken for ours. */
START_TEST(aws_35_an_operation_without_tokens_is_followed_by_its_own)
{
    static const struct beat earlier[] = {
        {"UPDATE_COMPLETE",
         {"*||UPDATE_IN_PROGRESS", "Old|AWS::EC2::VPC|UPDATE_COMPLETE", "*||UPDATE_COMPLETE"}},
        {0}};
    setup(NULL);
    fake_stack_begin(&stack, earlier, NULL);
    fake_stack_begin(&stack, creation, NULL);
    cloud_run(&cl, follow);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_str_eq(f.status, "CREATE_COMPLETE");
    ck_assert_uint_eq(cloud_said(&cl, "Old"), 0);
    assert_in_order(0);
    finish();
}
END_TEST

/* Of another's operation, under a token that is not ours, nothing is told. */
START_TEST(aws_35_a_foreign_token_is_never_ours)
{
    setup(NULL);
    fake_stack_begin(&stack, creation, "t-9");
    cloud_run(&cl, follow);
    ck_assert_int_eq(cl.err.kind, ERR_TIMEOUT);
    ck_assert_uint_eq(cloud_said(&cl, "Vpc"), 0);
    finish();
}
END_TEST

START_TEST(an_operation_that_never_begins_is_an_error)
{
    setup("CREATE_COMPLETE");
    cloud_run(&cl, follow);
    ck_assert_int_eq(cl.err.kind, ERR_TIMEOUT);
    finish();
}
END_TEST

/* ---- change sets ---- */

static bool empty;
static struct cfn_change change = {
    .stack_name = "Defang-shop-beta",
    .change_set_name = "defang-k3j2h4g5f6d7-whole",
    .token = "t-1",
    .template_body = "{}"};

static void prepare(struct cloud *c)
{
    change.create = !stack.status;
    c->rc = cfn_change_prepare(&c->c, &change, &empty, &c->err);
}

static void execute(struct cloud *c)
{
    c->rc = cfn_change_execute(&c->c, &change, &c->err);
}

START_TEST(a_change_set_is_made_and_waited_for)
{
    setup("UPDATE_COMPLETE");
    stack.change_looks = 3;
    cloud_run(&cl, prepare);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(!empty);
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "ClientToken=t-1"));
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "CAPABILITY_NAMED_IAM"));
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "defang%3AManagedBy"));
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "TemplateBody=%7B%7D"));
    finish();
}
END_TEST

START_TEST(no_change_is_no_error_and_leaves_nothing)
{
    setup("UPDATE_COMPLETE");
    stack.refuse_with = "The submitted information didn't contain changes. Submit different "
                        "information to create a change set.";
    cloud_run(&cl, prepare);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(empty);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteChangeSet"), 1);
    finish();
}
END_TEST

START_TEST(a_refused_change_says_why)
{
    setup("UPDATE_COMPLETE");
    stack.refuse_with = "Template error: no such resource Foo";
    cloud_run(&cl, prepare);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "no such resource Foo"));
    finish();
}
END_TEST

START_TEST(a_change_set_that_is_there_is_taken)
{
    setup("UPDATE_COMPLETE");
    stack.change_status = "CREATE_COMPLETE";
    stack.execution = "AVAILABLE";
    cloud_run(&cl, prepare);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    finish();
}
END_TEST

START_TEST(a_change_set_that_vanishes_ends_the_wait)
{
    setup("UPDATE_COMPLETE");
    cloud_on(&cl, "CreateChangeSet", NULL, NULL);
    cloud_reply(&cl, "CreateChangeSet", "<Id>cs</Id>"); /* and is never there */
    cloud_run(&cl, prepare);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_int_lt(cl.clock.wall_ms - FAKE_CLOCK_START_MS, 60 * 1000);
    finish();
}
END_TEST

START_TEST(executing_is_done_once)
{
    static const struct {
        const char *status, *execution;
        unsigned calls;
        enum error_kind kind;
    } cases[] = {
        {"CREATE_COMPLETE", "AVAILABLE", 1, ERR_NONE},
        {"CREATE_COMPLETE", "EXECUTE_IN_PROGRESS", 0, ERR_NONE},
        {"CREATE_COMPLETE", "EXECUTE_COMPLETE", 0, ERR_NONE},
        {"CREATE_COMPLETE", "EXECUTE_FAILED", 0, ERR_NONE},
        {NULL, NULL, 0, ERR_NONE},
        {"CREATE_COMPLETE", "OBSOLETE", 0, ERR_CLOUD},
    };
    static const struct beat none[] = {{0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        setup("UPDATE_COMPLETE");
        stack.change_status = cases[i].status;
        stack.execution = cases[i].execution;
        stack.on_execute = none;
        cloud_run(&cl, execute);
        ck_assert_msg(cl.err.kind == cases[i].kind, "%zu: kind %d", i, cl.err.kind);
        ck_assert_msg(cloud_count(&cl, "ExecuteChangeSet") == cases[i].calls, "%zu: calls", i);
        finish();
    }
}
END_TEST

SUITE(
    "engine/cfn",
    events_come_oldest_first_and_once,
    pages_are_read_to_the_start_of_the_operation,
    earlier_operations_are_not_told_again,
    a_long_past_is_read_once_while_the_operation_begins,
    a_restart_goes_on_after_the_marker,
    a_restart_after_the_end_asks_the_stack,
    a_roll_back_is_followed_to_its_end,
    a_roll_back_under_another_token_still_counts,
    the_reason_survives_a_restart,
    a_resource_counts_once,
    a_stack_that_goes_away_ends_it,
    a_stack_that_went_without_a_word_ends_it,
    aws_35_an_operation_without_tokens_is_followed_by_its_own,
    aws_35_a_foreign_token_is_never_ours,
    an_operation_that_never_begins_is_an_error,
    a_change_set_is_made_and_waited_for,
    no_change_is_no_error_and_leaves_nothing,
    a_refused_change_says_why,
    a_change_set_that_is_there_is_taken,
    a_change_set_that_vanishes_ends_the_wait,
    executing_is_done_once)
