/* The engine `cloudformation`: taking a stack away, and what is said to be deployed.
 *
 * Shown: a stack that is not ours stays; a removal that an earlier life began is followed, not
 * begun again; one that fails says why. */
#include "engine/cloudformation/cloudformation.h"
#include "engine/engine.h"
#include "unit/engine/fake_stack.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <errno.h>
#include <string.h>

static struct cloud cl;
static struct fake_stack stack;
static struct engine_outcome out;

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
    stack.on_delete = deleted;
    cloud_reply(&cl, "ListStackResources", "<StackResourceSummaries></StackResourceSummaries>");
    cloud_reply(&cl, "DescribeDBInstances", "<DBInstances></DBInstances>");
}

static void finish(void)
{
    engine_outcome_done(&out);
    fake_stack_done(&stack);
    cloud_done(&cl);
}

static void destroy(struct cloud *c)
{
    error_done(&c->err);
    engine_outcome_done(&out);
    c->rc = engine_cloudformation.destroy(&c->c, false, &out, &c->err);
}

START_TEST(a_foreign_stack_stays)
{
    setup("CREATE_COMPLETE");
    stack.foreign = true;
    cloud_run(&cl, destroy);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 0);
    finish();
}
END_TEST

/* CloudFormation cannot stop a removal; it is said, and nothing is undone. */
START_TEST(a_canceled_removal_goes_on_and_says_so)
{
    static const struct beat slow[] = {{"DELETE_IN_PROGRESS", {"*||DELETE_IN_PROGRESS"}}, {0}};
    setup("CREATE_COMPLETE");
    stack.on_delete = slow;
    cloud_run_canceled(&cl, destroy, 5000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_said(&cl, "goes on being removed"), 1);
    ck_assert_uint_eq(stack.effects, 1);
    finish();
}
END_TEST

START_TEST(a_stack_is_destroyed)
{
    setup("CREATE_COMPLETE");
    stack.template = "{\"Resources\":{\"Web\":{\"Type\":\"AWS::ECS::Service\",\"Metadata\":{"
                     "\"Group\":\"service/web\"}}}}";
    cloud_run(&cl, destroy);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(out.resources_changed, 1);
    ck_assert(!out.nothing_changed);
    ck_assert_uint_ge(cloud_said(&cl, "row service/web done"), 1);
    finish();
}
END_TEST

START_TEST(nothing_to_destroy)
{
    setup(NULL);
    cloud_run(&cl, destroy);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(out.nothing_changed);
    finish();
}
END_TEST

START_TEST(a_removal_that_ended_while_the_daemon_was_down)
{
    setup(NULL);
    cloud_journal_put(&cl, "cfn.destroy.token", "t-9");
    cloud_journal_put(&cl, "cfn.destroy.executed", "1");
    cloud_run(&cl, destroy);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(!out.nothing_changed);
    finish();
}
END_TEST

START_TEST(a_removal_goes_on_after_a_restart)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cfn.destroy.token", "t-9");
    cloud_journal_put(&cl, "cfn.destroy.executed", "1");
    fake_stack_begin(&stack, deleted, "t-9");
    cloud_run(&cl, destroy);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 0);
    finish();
}
END_TEST

#define FAILED_ONE(reason)                                                                         \
    "<StackResourceSummaries><member><LogicalResourceId>Web</LogicalResourceId>"                   \
    "<PhysicalResourceId>web-1</PhysicalResourceId><ResourceType>AWS::ECS::Service"                \
    "</ResourceType><ResourceStatus>DELETE_FAILED</ResourceStatus><ResourceStatusReason>" reason   \
    "</ResourceStatusReason></member></StackResourceSummaries>"

START_TEST(a_removal_that_fails_says_why)
{
    static const struct beat stuck[] = {
        {"DELETE_IN_PROGRESS", {"*||DELETE_IN_PROGRESS"}},
        {"DELETE_FAILED", {"Web|AWS::ECS::Service|DELETE_FAILED|still in use", "*||DELETE_FAILED"}},
        {0}};
    setup("CREATE_COMPLETE");
    stack.on_delete = stuck;
    cloud_reply(&cl, "ListStackResources", FAILED_ONE("still in use"));
    cloud_run(&cl, destroy);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "still in use"));
    finish();

    /* What is protected is a person's wish, what was denied another caller may have. */
    static const char *const reasons[] = {
        "Cannot delete protected DB Instance", "User is not authorized to perform it"};
    static const enum error_kind kinds[] = {ERR_REFUSED, ERR_AUTH};

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        cleanup_free char *list = xasprintf(FAILED_ONE("%s"), reasons[i]);
        setup("CREATE_COMPLETE");
        stack.on_delete = stuck;
        cloud_reply(&cl, "ListStackResources", list);
        cloud_run(&cl, destroy);
        ck_assert_int_eq(cl.err.kind, kinds[i]);
        ck_assert_ptr_nonnull(strstr(cl.err.hint, "defangctl down"));
        ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 1);
        if (i + 1 < ARRAY_LEN(reasons))
            finish();
    }
    finish();
}
END_TEST

static struct engine_template template;

static void deployed(struct cloud *c)
{
    c->rc = engine_cloudformation.deployed(&c->c, &template, &c->err);
}

START_TEST(what_is_deployed)
{
    static const struct {
        const char *status;
        bool exists, settled;
    } cases[] = {
        {NULL, false, false},
        {"REVIEW_IN_PROGRESS", false, false},
        {"ROLLBACK_COMPLETE", false, false},
        {"CREATE_COMPLETE", true, true},
        {"UPDATE_COMPLETE", true, true},
        {"UPDATE_ROLLBACK_COMPLETE", true, true},
        {"UPDATE_IN_PROGRESS", true, false},
        {"ROLLBACK_IN_PROGRESS", true, false},
        {"UPDATE_ROLLBACK_FAILED", true, false},
        {"UPDATE_ROLLBACK_IN_PROGRESS", true, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        setup(cases[i].status);
        cloud_run(&cl, deployed);
        ck_assert_int_eq(cl.rc, 0);
        ck_assert_msg(
            template.exists == cases[i].exists && template.settled == cases[i].settled,
            "%s: exists %d settled %d",
            cases[i].status,
            template.exists,
            template.settled);
        ck_assert((template.json != NULL) == cases[i].exists);
        engine_template_done(&template);
        finish();
    }
}
END_TEST

SUITE(
    "engine/destroy",
    a_foreign_stack_stays,
    a_canceled_removal_goes_on_and_says_so,
    a_stack_is_destroyed,
    nothing_to_destroy,
    a_removal_that_ended_while_the_daemon_was_down,
    a_removal_goes_on_after_a_restart,
    a_removal_that_fails_says_why,
    what_is_deployed)
