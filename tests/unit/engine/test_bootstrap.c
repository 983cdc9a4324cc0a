/* The account's CD stack: made, kept, brought up to date, never taken from somebody else.
 *
 * Shown: the same template makes no change set; another terminal's work is waited for, an earlier
 * life's is followed; a newer revision is refused; teardown refuses while projects stand. */
#include "engine/account/bootstrap.h"
#include "engine/account/teardown.h"
#include "engine/stack/cd.h"
#include "unit/engine/fake_stack.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <errno.h>
#include <string.h>

#define CD_ID "arn:aws:cloudformation:us-west-2:123456789012:stack/defang-cd/1"

static struct cloud cl;
static struct fake_stack stack;
static struct flow_cd cd;
static char *outputs, *template;
static bool force;
static char *left;    /* by a teardown: the bucket … */
static unsigned gone; /* … and how many resources it took away */

static const struct beat created[] = {
    {"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS", "Bucket|AWS::S3::Bucket|CREATE_IN_PROGRESS"}},
    {"CREATE_COMPLETE", {"Bucket|AWS::S3::Bucket|CREATE_COMPLETE", "*||CREATE_COMPLETE"}},
    {0},
};
static const struct beat updated[] = {
    {"UPDATE_IN_PROGRESS", {"*||UPDATE_IN_PROGRESS"}},
    {"UPDATE_COMPLETE", {"Bucket|AWS::S3::Bucket|UPDATE_COMPLETE", "*||UPDATE_COMPLETE"}},
    {0},
};
static const struct beat deleted[] = {
    {"DELETE_IN_PROGRESS", {"*||DELETE_IN_PROGRESS"}},
    {"GONE", {"Bucket|AWS::S3::Bucket|DELETE_SKIPPED", "*||DELETE_COMPLETE"}},
    {0},
};

static void revision_is(int revision)
{
    free(outputs);
    outputs = xasprintf(
        "<member><OutputKey>templateVersion</OutputKey><OutputValue>%d</OutputValue></member>"
        "<member><OutputKey>bucketName</OutputKey><OutputValue>defang-cd-bucket-x</OutputValue></"
        "member>",
        revision);
    stack.outputs = outputs;
}

static char *own_template(void)
{
    struct plan_cd_settings s = {
        .cd_name = "defang-cd", .prefix = "Defang", .retain_bucket = true, .pull_through = true};
    cleanup_graph struct graph *g = plan_cd(&s);
    return graph_template_text(g);
}

static void setup(const char *status)
{
    cloud_init(&cl);
    fake_stack_init(&stack, &cl, "defang-cd", CD_ID);
    cl.c.project = NULL;
    cl.c.facts = NULL;
    stack.status = status;
    stack.on_execute = status && !text_eq(status, "REVIEW_IN_PROGRESS") ? updated : created;
    stack.on_delete = deleted;
    revision_is(PLAN_CD_REVISION);
    cloud_fail(&cl, "GetRole", 404, "NoSuchEntity", "no such role");
    cloud_reply(&cl, "CreateServiceLinkedRole", "");
    cloud_reply(
        &cl,
        "DescribeAvailabilityZones",
        "<availabilityZoneInfo><item><zoneName>us-east-1a</zoneName><zoneId>use1-az3</zoneId>"
        "</item><item><zoneName>us-east-1b</zoneName><zoneId>use1-az1</zoneId></item>"
        "<item><zoneName>us-east-1c</zoneName><zoneId>use1-az2</zoneId></item>"
        "</availabilityZoneInfo>");
    cloud_reply(
        &cl,
        "DescribeStackResources",
        "<StackResources><member><PhysicalResourceId>defang-cd-bucket-x</PhysicalResourceId>"
        "<ResourceStatus>CREATE_COMPLETE</ResourceStatus></member></StackResources>");
    force = false;
}

static void finish(void)
{
    flow_cd_done(&cd);
    free(outputs);
    free(template);
    free(left);
    outputs = template = left = NULL;
    fake_stack_done(&stack);
    cloud_done(&cl);
}

static void ensure(struct cloud *c)
{
    error_done(&c->err);
    flow_cd_done(&cd);
    c->rc = flow_cd_ensure(&c->c, force, &cd, &c->err);
}

static void teardown(struct cloud *c)
{
    error_done(&c->err);
    free(left);
    c->rc = flow_cd_teardown(&c->c, force, &gone, &left, &c->err);
}

START_TEST(it_is_made_where_there_is_none)
{
    setup(NULL);
    cloud_run(&cl, ensure);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_str_eq(cd.bucket, "defang-cd-bucket-x");
    ck_assert_int_eq(cd.revision, PLAN_CD_REVISION);
    ck_assert(stack.protected_);
    ck_assert_uint_eq(cloud_said(&cl, "row account done"), 1);
    ck_assert_uint_eq(cloud_said(&cl, "resource account Bucket CREATE_COMPLETE"), 1);
    ck_assert_uint_eq(stack.effects, 1);
    finish();
}
END_TEST

START_TEST(it_is_left_alone_when_it_is_up_to_date)
{
    setup("CREATE_COMPLETE");
    stack.template = template = own_template();
    stack.protected_ = true;
    cloud_run(&cl, ensure);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(
        cloud_count(&cl, "CreateChangeSet") + cloud_count(&cl, "UpdateTerminationProtection"), 0);
    ck_assert_uint_eq(cloud_said(&cl, "row account skipped CD stack revision 3, up to date"), 1);
    finish();
}
END_TEST

START_TEST(an_older_one_is_brought_up_to_date)
{
    setup("CREATE_COMPLETE");
    revision_is(PLAN_CD_REVISION - 1);
    cloud_run(&cl, ensure);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "ChangeSetType=UPDATE"));
    ck_assert_uint_eq(stack.effects, 1);
    finish();
}
END_TEST

START_TEST(a_newer_one_is_refused_but_not_under_force)
{
    setup("CREATE_COMPLETE");
    revision_is(PLAN_CD_REVISION + 1);
    cloud_run(&cl, ensure);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    force = true;
    cloud_run(&cl, ensure);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(stack.effects, 1);
    finish();
}
END_TEST

START_TEST(somebody_elses_is_never_touched)
{
    setup("CREATE_COMPLETE");
    stack.foreign = true;
    force = true;
    cloud_run(&cl, ensure);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(cl.err.hint, "--cd-name"));
    cloud_run(&cl, teardown);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_uint_eq(
        cloud_count(&cl, "CreateChangeSet") + cloud_count(&cl, "DeleteStack") +
            cloud_count(&cl, "UpdateTerminationProtection"),
        0);
    finish();
}
END_TEST

START_TEST(a_failed_one_is_cleared_first)
{
    setup("ROLLBACK_COMPLETE");
    stack.on_execute = created;
    cloud_run(&cl, ensure);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 1);
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "ChangeSetType=CREATE"));
    finish();
}
END_TEST

START_TEST(a_failure_names_the_resource)
{
    static const struct beat failed[] = {
        {"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS"}},
        {"ROLLBACK_COMPLETE",
         {"Bucket|AWS::S3::Bucket|CREATE_FAILED|name taken", "*||ROLLBACK_COMPLETE"}},
        {0}};
    setup(NULL);
    stack.on_execute = failed;
    cloud_run(&cl, ensure);
    ck_assert_int_eq(cl.err.kind, ERR_CLOUD);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "Bucket (AWS::S3::Bucket): name taken"));
    ck_assert_uint_eq(cloud_said(&cl, "row account failed"), 1);
    finish();
}
END_TEST

START_TEST(a_restart_goes_on_with_it)
{
    setup(NULL);
    stack.template = template = own_template();
    cloud_journal_put(&cl, "cd.token", "t-1");
    cloud_journal_put(&cl, "cd.executed", "t-1");
    fake_stack_begin(&stack, created, "t-1");
    cloud_run(&cl, ensure);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(stack.effects, 0);
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    ck_assert_uint_eq(cloud_said(&cl, "Bucket CREATE_COMPLETE"), 1);
    finish();
}
END_TEST

START_TEST(anothers_work_on_it_is_waited_for_but_not_for_ever)
{
    static const struct beat other[] = {{"UPDATE_IN_PROGRESS", {"*||UPDATE_IN_PROGRESS"}}, {0}};
    setup("CREATE_COMPLETE");
    fake_stack_begin(&stack, other, "theirs");
    cloud_run(&cl, ensure);
    ck_assert_int_eq(cl.err.kind, ERR_TIMEOUT);
    ck_assert_uint_eq(stack.effects, 0);
    finish();
}
END_TEST

START_TEST(it_is_removed_and_its_bucket_kept)
{
    setup("CREATE_COMPLETE");
    stack.protected_ = true;
    cloud_reply(&cl, "S3 GET", "<ListBucketResult></ListBucketResult>");
    cloud_reply(&cl, "S3 HEAD", "");
    cloud_run(&cl, teardown);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_str_eq(left, "defang-cd-bucket-x");
    ck_assert(!stack.protected_);
    ck_assert_ptr_null(stack.status);
    ck_assert_uint_eq(cloud_said(&cl, "row account done CD stack removed; its bucket is kept"), 1);
    finish();
}
END_TEST

START_TEST(aws_40_a_bucket_that_is_gone_is_not_said_to_be_kept)
{
    setup("CREATE_COMPLETE");
    cloud_reply(&cl, "S3 GET", "<ListBucketResult></ListBucketResult>");
    cloud_fail(&cl, "S3 HEAD", 404, "404", "Not Found");
    cloud_run(&cl, teardown);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_ptr_null(left);
    ck_assert_uint_eq(cloud_said(&cl, "bucket"), 0);
    finish();
}
END_TEST

START_TEST(aws_40_what_was_made_is_counted)
{
    setup(NULL);
    cloud_run(&cl, ensure);
    ck_assert_uint_eq(cd.changed, 1);
    finish();
}
END_TEST

/* use1-az3, whose name is the first, has no Fargate. */
START_TEST(aws_9_its_subnet_lies_where_fargate_is)
{
    setup(NULL);
    cloud_run(&cl, ensure);
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "us-east-1b"));
    ck_assert(!cloud_body_has(&cl, "CreateChangeSet", 0, "us-east-1a"));
    finish();
}
END_TEST

START_TEST(aws_9_the_subnet_of_a_stack_that_stands_is_left_where_it_is)
{
    setup("CREATE_COMPLETE");
    stack.template = template = own_template();
    cloud_run(&cl, ensure);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "CreateChangeSet"), 0);
    ck_assert_uint_eq(cloud_count(&cl, "DescribeAvailabilityZones"), 0);
    finish();
}
END_TEST

static bool exists;

static void describe(struct cloud *c)
{
    c->rc = flow_cd_describe(&c->c, &cd, &exists, &c->err);
}

/* Its outputs, the bucket among them, come at the end. */
START_TEST(aws_31_one_that_is_being_made_has_no_bucket_to_ask)
{
    setup("CREATE_IN_PROGRESS");
    stack.outputs = "";
    exists = true;
    cloud_run(&cl, describe);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(!exists);
    ck_assert_ptr_null(cd.bucket);
    ck_assert_int_gt(cd.making_ms, 0);
    finish();
}
END_TEST

START_TEST(a_removal_goes_on_after_a_restart)
{
    setup("CREATE_COMPLETE");
    cloud_journal_put(&cl, "cd.delete-token", "t-2");
    fake_stack_begin(&stack, deleted, "t-2");
    cloud_reply(&cl, "S3 HEAD", "");
    cloud_run(&cl, teardown);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_said(&cl, "row account done"), 1);
    finish();
}
END_TEST

START_TEST(nothing_to_remove)
{
    setup(NULL);
    cloud_run(&cl, teardown);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_said(&cl, "row account skipped"), 1);
    finish();
}
END_TEST

/* DescribeStacks without a name lists the account. */
static void
describe_all(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    cleanup_free char *name = cloud_param(call, "StackName");
    reply->text =
        name ? xasprintf(
                   "<Stacks><member><StackId>" CD_ID
                   "</StackId><StackName>defang-cd</StackName><StackStatus>CREATE_COMPLETE</"
                   "StackStatus>"
                   "<Tags><member><Key>defang:ManagedBy</Key><Value>defangd</Value></member></"
                   "Tags></member></Stacks>")
             : xasprintf(
                   "<Stacks><member><StackName>Defang-shop-beta</StackName><StackStatus>%s</"
                   "StackStatus><Tags><member><Key>defang:ManagedBy</Key>"
                   "<Value>%s</Value></member><member><Key>defang:project</Key><Value>shop</"
                   "Value></member></Tags></member></Stacks>",
                   ((const char *const *)arg)[0],
                   ((const char *const *)arg)[1]);
}

START_TEST(it_stays_while_projects_need_it)
{
    static const char *const ours[] = {"UPDATE_COMPLETE", "defangd"};
    setup("CREATE_COMPLETE");
    cloud_on(&cl, "DescribeStacks", describe_all, (void *)ours);
    cloud_run(&cl, teardown);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "Defang-shop-beta"));
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 0);
    finish();
}
END_TEST

#define STATE(name, size)                                                                          \
    "<Contents><Key>.pulumi/stacks/" name "</Key><Size>" size                                      \
    "</Size><LastModified>2026-06-01T00:00:00Z</LastModified></Contents>"

/* Backups, states below 700 bytes and those without resources hold nothing up. */
START_TEST(it_stays_while_pulumi_has_resources)
{
    setup("CREATE_COMPLETE");
    cloud_reply(
        &cl,
        "S3 GET",
        "<ListBucketResult>" STATE("old/beta.json", "640") STATE("gone/beta.json", "900")
            STATE("shop/beta.json.bak", "9000")
                STATE("shop/beta.json", "9000") "</ListBucketResult>");
    cloud_reply(&cl, "S3 GET", "<ListBucketResult></ListBucketResult>");
    cloud_reply(&cl, "S3 GET", "{\"checkpoint\":{\"latest\":{\"resources\":[]}}}");
    cloud_reply(&cl, "S3 GET", "{\"checkpoint\":{\"latest\":{\"resources\":[{\"urn\":\"u\"}]}}}");
    cloud_fail(&cl, "S3 GET", 404, "NoSuchKey", "no");
    cloud_run(&cl, teardown);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(
        cl.err.message,
        "s3://defang-cd-bucket-x/.pulumi/stacks/shop/beta.json (shop/beta, engine pulumi)"));
    ck_assert(
        !strstr(cl.err.message, "old/") && !strstr(cl.err.message, "gone/") &&
        !strstr(cl.err.message, ".bak"));
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 0);
    finish();
}
END_TEST

SUITE(
    "engine/bootstrap",
    it_is_made_where_there_is_none,
    it_is_left_alone_when_it_is_up_to_date,
    an_older_one_is_brought_up_to_date,
    a_newer_one_is_refused_but_not_under_force,
    somebody_elses_is_never_touched,
    a_failed_one_is_cleared_first,
    a_failure_names_the_resource,
    a_restart_goes_on_with_it,
    anothers_work_on_it_is_waited_for_but_not_for_ever,
    it_is_removed_and_its_bucket_kept,
    aws_40_a_bucket_that_is_gone_is_not_said_to_be_kept,
    aws_40_what_was_made_is_counted,
    aws_9_its_subnet_lies_where_fargate_is,
    aws_9_the_subnet_of_a_stack_that_stands_is_left_where_it_is,
    aws_31_one_that_is_being_made_has_no_bucket_to_ask,
    a_removal_goes_on_after_a_restart,
    nothing_to_remove,
    it_stays_while_projects_need_it,
    it_stays_while_pulumi_has_resources)
