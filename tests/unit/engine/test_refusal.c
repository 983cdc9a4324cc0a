/* Why a change set was refused: what DescribeEvents knows becomes sentences.
 *
 * Shown: each resource with its Compose service, property and reason, each once; warnings refuse
 * nothing; without the right to ask, the right is named. */
#include "engine/stack/change.h"
#include "unit/engine/fake_stack.h"
#include "unit/lib/suite.h"

#include <string.h>

static struct cloud cl;
static struct fake_stack stack;
static bool empty;

static void setup(const char *status)
{
    cloud_init(&cl);
    fake_stack_init(&stack, &cl, "Defang-shop-beta", FAKE_STACK_ID);
    stack.status = status;
}

static void finish(void)
{
    fake_stack_done(&stack);
    cloud_done(&cl);
}

#define EARLY                                                                                      \
    "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To "     \
    "troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure "       \
    "information."
#define EVENT(id, type, more)                                                                      \
    "<member><LogicalResourceId>" id "</LogicalResourceId><ResourceType>" type                     \
    "</ResourceType>" more "</member>"
#define INVALID(id, type, path, reason)                                                            \
    EVENT(                                                                                         \
        id,                                                                                        \
        type,                                                                                      \
        "<ValidationStatus>FAILED</ValidationStatus><ValidationPath>" path "</ValidationPath>"     \
        "<ValidationStatusReason>" reason "</ValidationStatusReason>")

static const char two_services[] =
    "{\"Resources\":{\"ApiTask\":{\"Metadata\":{\"Group\":\"service/api\"}},"
    "\"Balancer\":{\"Metadata\":{\"Group\":\"ingress\"}}}}";

static void prepare_two(struct cloud *c)
{
    struct cfn_change two = {
        .stack_name = "Defang-shop-beta",
        .change_set_name = "defang-abc-whole",
        .token = "t-1",
        .create = !stack.status,
        .template_body = two_services};
    c->rc = cfn_change_prepare(&c->c, &two, &empty, &c->err);
}

START_TEST(trust_35_an_early_validation_is_told_by_service_property_and_reason)
{
    setup("UPDATE_COMPLETE");
    stack.refuse_with = EARLY;
    stack.found_with = INVALID(
        "ApiTask",
        "AWS::ECS::TaskDefinition",
        "/Resources/ApiTask/Properties/ContainerDefinitions/0/Cpu",
        "expected type: Integer, found: String");
    cloud_run(&cl, prepare_two);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_ptr_nonnull(strstr(
        cl.err.message,
        "service api: ApiTask (AWS::ECS::TaskDefinition), property ContainerDefinitions.0.Cpu: "
        "expected type: Integer, found: String"));
    ck_assert_ptr_null(strstr(cl.err.message, "DescribeEvents"));
    ck_assert_ptr_nonnull(strstr(cl.err.hint, "defangctl explain api"));
    ck_assert_uint_eq(cloud_count(&cl, "DeleteChangeSet"), 1);
    finish();
}
END_TEST

START_TEST(trust_35_every_resource_is_named_once_and_warnings_are_none)
{
    setup("UPDATE_COMPLETE");
    stack.refuse_with = EARLY;
    stack.found_with = INVALID(
        "ApiTask", "AWS::ECS::TaskDefinition", "/Resources/ApiTask/Properties", "A missing")
        INVALID("ApiTask", "AWS::ECS::TaskDefinition", "/Resources/ApiTask/Properties", "A missing")
            INVALID(
                "ApiTask", "AWS::ECS::TaskDefinition", "/Resources/ApiTask/Properties", "B missing")
                EVENT(
                    "Bucket",
                    "AWS::S3::Bucket",
                    "<ValidationFailureMode>WARN</ValidationFailureMode>"
                    "<ValidationStatusReason>the bucket is not empty</ValidationStatusReason>")
                    EVENT(
                        "Balancer",
                        "AWS::ElasticLoadBalancingV2::LoadBalancer",
                        "<HookType>Acme::No::Balancers</HookType><HookFailureMode>FAIL</"
                        "HookFailureMode>"
                        "<HookStatusReason>not in this account</HookStatusReason>");
    cloud_run(&cl, prepare_two);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "(and 2 more, all of them above)"));
    ck_assert_uint_eq(cloud_said(&cl, "A missing"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "B missing"), 1);
    ck_assert_uint_eq(
        cloud_said(
            &cl,
            "the project's ingress: Balancer (AWS::ElasticLoadBalancingV2::LoadBalancer)"
            ", hook Acme::No::Balancers: not in this account"),
        1);
    ck_assert_uint_eq(cloud_said(&cl, "not empty"), 0);
    finish();
}
END_TEST

START_TEST(trust_35_a_name_that_is_taken_says_how_to_choose_another)
{
    setup(NULL);
    stack.refuse_with = EARLY;
    stack.found_with = INVALID(
        "Balancer",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "/Resources/Balancer",
        "Resource of type 'X' with identifier 'shop' already exists.");
    cloud_run(&cl, prepare_two);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "identifier 'shop' already exists"));
    ck_assert_ptr_nonnull(strstr(cl.err.hint, "--stack"));
    finish();
}
END_TEST

START_TEST(trust_35_without_the_right_to_read_the_events_the_right_is_named)
{
    setup("UPDATE_COMPLETE");
    stack.refuse_with = EARLY;
    cloud_on(&cl, "DescribeEvents", NULL, NULL);
    cloud_fail(&cl, "DescribeEvents", 403, "AccessDenied", "not authorized");
    cloud_run(&cl, prepare_two);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "AWS::EarlyValidation::PropertyValidation"));
    ck_assert_ptr_nonnull(strstr(cl.err.hint, "cloudformation:DescribeEvents"));
    finish();
}
END_TEST

SUITE(
    "engine/refusal",
    trust_35_an_early_validation_is_told_by_service_property_and_reason,
    trust_35_every_resource_is_named_once_and_warnings_are_none,
    trust_35_a_name_that_is_taken_says_how_to_choose_another,
    trust_35_without_the_right_to_read_the_events_the_right_is_named)
