/* Buckets that a stack leaves behind on purpose: those that the plan marks go when it is gone, the
 * others are named. What to do is known before the stack goes, so a restart between the two loses
 * nothing. */
#include "engine/cloudformation/cloudformation.h"
#include "engine/engine.h"
#include "unit/engine/fake_stack.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <string.h>

#define TEMPLATE                                                                                   \
    "{\"Resources\":{"                                                                             \
    "\"Logs\":{\"Type\":\"AWS::S3::Bucket\",\"DeletionPolicy\":\"Retain\",\"Metadata\":{"          \
    "\"Group\":\"ingress\",\"Purge\":true}},"                                                      \
    "\"Kept\":{\"Type\":\"AWS::S3::Bucket\",\"DeletionPolicy\":\"Retain\",\"Metadata\":{"          \
    "\"Group\":\"ingress\"}},"                                                                     \
    "\"Own\":{\"Type\":\"AWS::S3::Bucket\",\"Metadata\":{\"Group\":\"ingress\"}}}}"
#define NOTED "[{\"name\":\"logs-1\",\"purge\":true}]"

static struct cloud cl;
static struct fake_stack stack;
static struct engine_outcome out;

static const struct beat deleted[] = {
    {"DELETE_IN_PROGRESS", {"*||DELETE_IN_PROGRESS"}},
    {"GONE", {"*||DELETE_COMPLETE"}},
    {0},
};

static void
physical(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    cleanup_free char *id = cloud_param(call, "LogicalResourceId");
    cleanup_free char *low = text_lower(id);
    reply->text = xasprintf(
        "<StackResources><member><PhysicalResourceId>%s-1</PhysicalResourceId>"
        "<ResourceStatus>CREATE_COMPLETE</ResourceStatus></member></StackResources>",
        low);
}

static void setup(const char *status)
{
    cloud_init(&cl);
    fake_stack_init(&stack, &cl, "Defang-shop-beta", FAKE_STACK_ID);
    cloud_reply(&cl, "ListStackResources", "<StackResourceSummaries></StackResourceSummaries>");
    cloud_reply(&cl, "DescribeDBInstances", "<DBInstances></DBInstances>");
    stack.status = status;
    stack.on_delete = deleted;
    stack.template = TEMPLATE;
    cloud_on(&cl, "DescribeStackResources", physical, NULL);
}

static void finish(void)
{
    engine_outcome_done(&out);
    fake_stack_done(&stack);
    cloud_done(&cl);
}

static void destroy(struct cloud *c)
{
    c->rc = engine_cloudformation.destroy(&c->c, false, &out, &c->err);
}

START_TEST(what_is_marked_goes_and_the_rest_is_named)
{
    setup("CREATE_COMPLETE");
    cloud_reply(
        &cl,
        "S3 GET",
        "<ListVersionsResult><Version><Key>AWSLogs/a</Key><VersionId>null</VersionId></Version>"
        "<DeleteMarker><Key>b</Key><VersionId>3</VersionId></DeleteMarker></ListVersionsResult>");
    cloud_reply(&cl, "S3 GET", "<ListVersionsResult></ListVersionsResult>");
    cloud_reply(&cl, "S3 POST", "<DeleteResult></DeleteResult>");
    cloud_reply(&cl, "S3 DELETE", "");
    cloud_run(&cl, destroy);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_str_eq(
        cloud_journal(&cl, "cfn.destroy.buckets"),
        "[{\"name\":\"logs-1\",\"purge\":true},{\"name\":\"kept-1\",\"purge\":false}]");
    ck_assert(cloud_body_has(&cl, "S3 POST", 0, "<Key>AWSLogs/a</Key>"));
    ck_assert(cloud_body_has(&cl, "S3 POST", 0, "<VersionId>3</VersionId>"));
    ck_assert_uint_eq(cloud_count(&cl, "S3 DELETE"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "note note: bucket kept-1 is kept"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "own-1"), 0);
    finish();
}
END_TEST

static void
never_begun(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    cleanup_free char *id = cloud_param(call, "LogicalResourceId");
    cleanup_free char *text = xasprintf("Resource %s%s", id, (const char *)arg);
    reply->status = 400;
    reply->text = cloud_error_text(call, "ValidationError", text);
}

/* The words of AWS and of a stand-in; a creation that failed early came to no bucket. */
START_TEST(aws_30_a_bucket_that_was_never_begun_stops_no_removal)
{
    static const char *const words[] = {
        " does not exist for stack Defang-shop-beta", "] does not exist in stack Defang-shop-beta"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        setup("ROLLBACK_COMPLETE");
        cloud_on(&cl, "DescribeStackResources", never_begun, (void *)(uintptr_t)words[i]);
        cloud_run(&cl, destroy);
        ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
        ck_assert_ptr_null(cloud_journal(&cl, "cfn.destroy.buckets"));
        ck_assert_uint_eq(cloud_said(&cl, "bucket"), 0);
        finish();
    }
}
END_TEST

START_TEST(a_restart_between_stack_and_bucket)
{
    setup(NULL);
    cloud_journal_put(&cl, "cfn.destroy.token", "t-9");
    cloud_journal_put(&cl, "cfn.destroy.executed", "1");
    cloud_journal_put(&cl, "cfn.destroy.buckets", NOTED);
    cloud_reply(&cl, "S3 GET", "<ListVersionsResult></ListVersionsResult>");
    cloud_reply(&cl, "S3 DELETE", "");
    cloud_run(&cl, destroy);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "S3 DELETE"), 1);
    finish();
}
END_TEST

static void
refused(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    reply->status = 409;
    reply->text = xstrdup(
        "<Error><Code>BucketNotEmpty</Code><Message>The bucket is not empty</Message></Error>");
}

/* The last writer may still have been at it: once more, then it is a warning, because the stack is
 * gone. */
START_TEST(a_bucket_that_stays_full)
{
    setup(NULL);
    cloud_journal_put(&cl, "cfn.destroy.token", "t-9");
    cloud_journal_put(&cl, "cfn.destroy.executed", "1");
    cloud_journal_put(&cl, "cfn.destroy.buckets", NOTED);
    cloud_reply(&cl, "S3 GET", "<ListVersionsResult></ListVersionsResult>");
    cloud_on(&cl, "S3 DELETE", refused, NULL);
    cloud_run(&cl, destroy);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "S3 DELETE"), 3);
    ck_assert_uint_eq(cloud_said(&cl, "note warning: bucket logs-1 could not be removed"), 1);
    finish();
}
END_TEST

static void
missing(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    reply->status = 404;
    reply->text = xstrdup(
        "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not "
        "exist</Message></Error>");
}

START_TEST(a_bucket_that_is_gone_already)
{
    setup(NULL);
    cloud_journal_put(&cl, "cfn.destroy.token", "t-9");
    cloud_journal_put(&cl, "cfn.destroy.executed", "1");
    cloud_journal_put(&cl, "cfn.destroy.buckets", NOTED);
    cloud_on(&cl, "S3 GET", missing, NULL);
    cloud_run(&cl, destroy);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_said(&cl, "could not be removed"), 0);
    finish();
}
END_TEST

static struct graph *wanted;

static void apply(struct cloud *c)
{
    c->rc = engine_cloudformation.apply(&c->c, "whole", wanted, &out, &c->err);
}

/* Logs are turned off: the bucket is no longer the stack's, and goes when the mode keeps nothing.
 */
START_TEST(a_bucket_that_an_update_lets_go)
{
    static const struct beat updated[] = {
        {"UPDATE_IN_PROGRESS", {"*||UPDATE_IN_PROGRESS", "Web|AWS::ECS::Service|UPDATE_COMPLETE"}},
        {"UPDATE_COMPLETE", {"Logs|AWS::S3::Bucket|DELETE_SKIPPED", "*||UPDATE_COMPLETE"}},
        {0},
    };
    for (int keep = 0; keep < 2; keep++) {
        setup("CREATE_COMPLETE");
        stack.on_execute = updated;
        cl.settings.force_destroy = !keep;
        wanted = graph_new("Test project");
        graph_add(
            wanted,
            "service/web",
            "Web",
            "AWS::ECS::Service",
            json_pack("{s:s}", "ServiceName", "web"));
        cloud_reply(&cl, "S3 GET", "<ListVersionsResult></ListVersionsResult>");
        cloud_reply(&cl, "S3 DELETE", "");
        cloud_run(&cl, apply);
        ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
        ck_assert_uint_eq(cloud_count(&cl, "S3 DELETE"), keep ? 0 : 1);
        ck_assert_uint_eq(cloud_said(&cl, "is kept with what is in it"), keep ? 1 : 0);
        graph_free(wanted);
        finish();
    }
}
END_TEST

SUITE(
    "engine/buckets",
    a_bucket_that_an_update_lets_go,
    what_is_marked_goes_and_the_rest_is_named,
    aws_30_a_bucket_that_was_never_begun_stops_no_removal,
    a_restart_between_stack_and_bucket,
    a_bucket_that_stays_full,
    a_bucket_that_is_gone_already)
