/* What an account is like: its zones, its first stack with ECS, room for builds.
 *
 * Shown: zones come in the same order each time, the short ones last; an account's first stack that
 * failed by the race of the service-linked role is made once more; a quota is waited for; passwords
 * are refused before anything is made. */
#include "engine/account/bootstrap.h"
#include "engine/account/facts.h"
#include "engine/account/orphans.h"
#include "engine/build/build.h"
#include "engine/build/place.h"
#include "engine/cloudformation/cloudformation.h"
#include "engine/context.h"
#include "engine/engine.h"
#include "engine/stack/cd.h"
#include "engine/stack/service_role.h"
#include "engine/values/passwords.h"
#include "unit/engine/fake_stack.h"
#include "unit/lib/suite.h"

#include "base/arena.h"
#include "base/str.h"
#include <string.h>

#define CD_ID "arn:aws:cloudformation:us-west-2:123456789012:stack/defang-cd/1"

static struct cloud cl;
static struct fake_stack stack;

/* ---- zones ---- */
struct zones_row {
    const char *zones[6];
    const char *wanted;
}; /* "name/id" */

static char *seen_zones;

static void read_facts(struct cloud *c)
{
    cleanup_arena struct arena *a = arena_new();
    struct plan_facts *f = NULL;
    c->rc = flow_facts(&c->c, a, &f, &c->err);
    if (c->rc == 0)
        ck_assert_str_eq(f->dns_suffix, "amazonaws.com");
    struct str out = STR_INIT;
    for (size_t i = 0; c->rc == 0 && i < f->zone_count; i++)
        str_appendf(&out, "%s%s", i ? " " : "", f->zones[i]);
    seen_zones = str_take(&out);
}

START_TEST(zones_with_all_services_come_first)
{
    static const struct zones_row rows[] = {
        {{"us-east-1b/use1-az4", "us-east-1a/use1-az3", "us-east-1c/use1-az6"},
         "us-east-1b us-east-1c"},
        {{"us-west-1c/usw1-az1", "us-west-1a/usw1-az2"}, "us-west-1c us-west-1a"},
        {{"us-west-2d/usw2-az4", "us-west-2a/usw2-az2"}, "us-west-2a us-west-2d"},
        {{"x-1a"}, "x-1a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cloud_init(&cl);
        cleanup_str struct str xml = STR_INIT;
        for (size_t k = 0; k < ARRAY_LEN(rows[i].zones) && rows[i].zones[k]; k++) {
            const char *slash = strchr(rows[i].zones[k], '/');
            str_appendf(
                &xml,
                "<item><zoneName>%.*s</zoneName>",
                (int)strcspn(rows[i].zones[k], "/"),
                rows[i].zones[k]);
            str_appendf(
                &xml,
                "%s%s%s</item>",
                slash ? "<zoneId>" : "",
                slash ? slash + 1 : "",
                slash ? "</zoneId>" : "");
        }
        cleanup_free char *reply =
            xasprintf("<availabilityZoneInfo>%s</availabilityZoneInfo>", str_get(&xml));
        cloud_reply(
            &cl,
            "GetCallerIdentity",
            "<Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>U</"
            "UserId>");
        cloud_reply(&cl, "DescribeAvailabilityZones", reply);
        cloud_run(&cl, read_facts);
        ck_assert_msg(cl.rc == 0, "row %zu: %s", i, cl.err.message);
        ck_assert_str_eq(seen_zones, rows[i].wanted);
        free(seen_zones);
        cloud_done(&cl);
    }
}
END_TEST

/* ---- the first stack with ECS ---- */
static const struct beat role_too_late[] = {
    {"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS"}},
    {"ROLLBACK_IN_PROGRESS",
     {"Cluster|AWS::ECS::Cluster|CREATE_FAILED|Unable to assume the service linked role. Please "
      "verify that the ECS service "
      "linked role exists.",
      "*||ROLLBACK_IN_PROGRESS"}},
    {"ROLLBACK_COMPLETE", {"*||ROLLBACK_COMPLETE"}},
    {0},
};
static const struct beat no_vpc_left[] = {
    {"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS"}},
    {"ROLLBACK_COMPLETE",
     {"VPC|AWS::EC2::VPC|CREATE_FAILED|The maximum number of VPCs has been reached.",
      "*||ROLLBACK_COMPLETE"}},
    {0},
};
static const struct beat removed[] = {
    {"DELETE_IN_PROGRESS", {"*||DELETE_IN_PROGRESS"}}, {"GONE", {"*||DELETE_COMPLETE"}}, {0}};
static const struct beat made[] = {
    {"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS"}},
    {"CREATE_COMPLETE", {"*||CREATE_COMPLETE"}},
    {0}};

static unsigned roles_asked;

static void
role(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    if (roles_asked++)
        stack.on_execute = made;
    reply->status = 404;
    reply->text = cloud_error_text(
        call, "NoSuchEntity", "The role with name AWSServiceRoleForECS cannot be found.");
}

static void ensure(struct cloud *c)
{
    struct flow_cd cd;
    c->rc = flow_cd_ensure(&c->c, false, &cd, &c->err);
    flow_cd_done(&cd);
}

static void setup_cd(const struct beat *on_execute)
{
    cloud_init(&cl);
    fake_stack_init(&stack, &cl, "defang-cd", CD_ID);
    stack.outputs =
        "<member><OutputKey>bucketName</OutputKey><OutputValue>b</OutputValue></member>"
        "<member><OutputKey>templateVersion</OutputKey><OutputValue>1</OutputValue></member>";
    stack.on_execute = on_execute;
    stack.on_delete = removed;
    roles_asked = 0;
    cloud_on(&cl, "GetRole", role, NULL);
    cloud_reply(
        &cl, "CreateServiceLinkedRole", "<Role><RoleName>AWSServiceRoleForECS</RoleName></Role>");
}

static void finish_cd(void)
{
    fake_stack_done(&stack);
    cloud_done(&cl);
}

START_TEST(ecs_role_is_made_before_the_stack)
{
    setup_cd(made);
    cloud_run(&cl, ensure);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "CreateServiceLinkedRole"), 1);
    ck_assert(
        cloud_body_has(&cl, "CreateServiceLinkedRole", 0, "AWSServiceName=ecs.amazonaws.com"));
    ck_assert_uint_eq(cloud_count(&cl, "ExecuteChangeSet"), 1);
    finish_cd();
}
END_TEST

START_TEST(stack_that_came_before_the_role_is_made_once_more)
{
    setup_cd(role_too_late);
    cloud_run(&cl, ensure);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 1);
    ck_assert_uint_eq(cloud_count(&cl, "ExecuteChangeSet"), 2);
    ck_assert_str_ne(cloud_journal(&cl, "cd.token"), cloud_journal(&cl, "cd.token.again"));
    finish_cd();
}
END_TEST

START_TEST(other_failures_of_the_stack_are_final)
{
    setup_cd(no_vpc_left);
    cloud_run(&cl, ensure);
    ck_assert_int_lt(cl.rc, 0);
    ck_assert_msg(strstr(cl.err.message, "maximum number of VPCs") != NULL, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "ExecuteChangeSet"), 1);
    finish_cd();
}
END_TEST

START_TEST(empty_prefix_makes_no_tag)
{
    setup_cd(made);
    cl.settings.prefix = "";
    cloud_run(&cl, ensure);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(!cloud_body_has(&cl, "CreateChangeSet", 0, "defang%3APrefix"));
    ck_assert(cloud_body_has(&cl, "CreateChangeSet", 0, "defang%3AManagedBy"));
    finish_cd();
}
END_TEST

static void ensure_roles(struct cloud *c)
{
    cleanup_graph struct graph *g = graph_new("test");
    graph_add(g, "service/db", "Db", "AWS::RDS::DBInstance", json_object());
    graph_add(g, "service/web", "Web", "AWS::ElasticLoadBalancingV2::TargetGroup", json_object());
    service_roles_ensure(&c->c, g);
}

START_TEST(roles_of_the_services_in_the_graph)
{
    cloud_init(&cl);
    cloud_reply(
        &cl, "GetRole", "<Role><RoleName>AWSServiceRoleForElasticLoadBalancing</RoleName></Role>");
    cloud_fail(&cl, "GetRole", 404, "NoSuchEntity", "cannot be found");
    cloud_fail(
        &cl, "CreateServiceLinkedRole", 400, "InvalidInput", "has been taken in this account");
    cloud_run(&cl, ensure_roles);
    ck_assert_uint_eq(cloud_count(&cl, "GetRole"), 2);
    ck_assert_uint_eq(cloud_count(&cl, "CreateServiceLinkedRole"), 1);
    ck_assert(
        cloud_body_has(&cl, "CreateServiceLinkedRole", 0, "AWSServiceName=rds.amazonaws.com"));
    cloud_done(&cl);
}
END_TEST

/* ---- room for builds ---- */
static const char *const command[] = {"--force"};
static struct flow_build_place place;
static struct engine_failure failure;

static void build(struct cloud *c)
{
    struct plan_build b = {
        .service = "web",
        .repository = "shop/kaniko-build",
        .tag = "t",
        .task_family = "f",
        .command = (const char **)command,
        .command_count = 1};
    char *uri = NULL;
    place = (struct flow_build_place){
        .cluster = (char *)"c", .subnets = {(char *)"s"}, .security_group = (char *)"g"};
    c->rc = flow_image_build(&c->c, &b, &place, &uri, &failure, &c->err);
    free(uri);
    engine_failure_done(&failure);
}

#define NO_ROOM                                                                                    \
    "{\"tasks\":[],\"failures\":[{\"reason\":\"You've reached the limit on the number of vCPUs "   \
    "you can run concurrently\"}]}"

static void setup_build(void)
{
    cloud_init(&cl);
    cloud_reply(&cl, "GetLogEvents", "{\"events\":[],\"nextForwardToken\":\"f/1\"}");
    cloud_reply(
        &cl,
        "DescribeTasks",
        "{\"tasks\":[{\"taskArn\":\"a/b/"
        "1\",\"lastStatus\":\"STOPPED\",\"containers\":[{\"name\":\"kaniko\",\"exitCode\":0}]}]}");
    cloud_reply(
        &cl,
        "DescribeImages",
        "{\"imageDetails\":[{\"imageDigest\":\"sha256:0123456789012345678901234567890123456789\"}]"
        "}");
}

START_TEST(build_waits_for_room)
{
    setup_build();
    cloud_reply(&cl, "RunTask", NO_ROOM);
    cloud_fail(
        &cl,
        "RunTask",
        400,
        "ClientException",
        "ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this "
        "task.");
    cloud_reply(&cl, "RunTask", "{\"tasks\":[{\"taskArn\":\"a/b/1\"}],\"failures\":[]}");
    cloud_run(&cl, build);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 3);
    ck_assert_uint_eq(cloud_said(&cl, "waiting for ECS"), 2);
    cleanup_json json_t *first = NULL, *second = NULL;
    json_parse(cloud_body(&cl, "RunTask", 0), strlen(cloud_body(&cl, "RunTask", 0)), &first, NULL);
    json_parse(cloud_body(&cl, "RunTask", 1), strlen(cloud_body(&cl, "RunTask", 1)), &second, NULL);
    ck_assert_str_ne(json_str(first, "clientToken"), json_str(second, "clientToken"));
    ck_assert_uint_le(strlen(json_str(first, "clientToken")), 64);
    cloud_done(&cl);
}
END_TEST

START_TEST(build_does_not_wait_for_ever)
{
    setup_build();
    cloud_reply(&cl, "RunTask", NO_ROOM);
    cloud_run(&cl, build);
    ck_assert_int_lt(cl.rc, 0);
    ck_assert_msg(
        strstr(cl.err.message, "reached the limit") && strstr(cl.err.hint, "Service Quotas"),
        "%s",
        cl.err.message);
    ck_assert_uint_gt(cloud_count(&cl, "RunTask"), 60);
    cloud_done(&cl);
}
END_TEST

START_TEST(build_that_cannot_run_fails_at_once)
{
    setup_build();
    cloud_reply(
        &cl,
        "RunTask",
        "{\"tasks\":[],\"failures\":[{\"reason\":\"MISSING\",\"detail\":\"no such thing\"}]}");
    cloud_run(&cl, build);
    ck_assert_int_lt(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "RunTask"), 1);
    cloud_done(&cl);
}
END_TEST

/* ---- deletion protection of what never was whole ---- */
static void apply(struct cloud *c)
{
    struct engine_outcome out;
    cleanup_graph struct graph *g = graph_new("test");
    graph_add(g, "network", "Vpc", "AWS::EC2::VPC", json_pack("{s:s}", "CidrBlock", "10.0.0.0/16"));
    c->rc = engine_cloudformation.apply(&c->c, "apply", g, &out, &c->err);
    engine_outcome_done(&out);
}

static void apply_over(const char *status)
{
    cloud_init(&cl);
    fake_stack_init(&stack, &cl, "Defang-shop-beta", FAKE_STACK_ID);
    stack.status = status;
    stack.template = "{\"Resources\":{\"Db\":{\"Type\":\"AWS::RDS::DBInstance\",\"Properties\":{"
                     "\"DeletionProtection\":true}}}}";
    stack.on_execute = made;
    stack.on_delete = removed;
    cloud_reply(
        &cl,
        "DescribeStackResources",
        "<StackResources><member><LogicalResourceId>Db</"
        "LogicalResourceId><PhysicalResourceId>db-1</PhysicalResourceId>"
        "<ResourceStatus>CREATE_COMPLETE</ResourceStatus></member></StackResources>");
    cloud_reply(&cl, "ModifyDBInstance", "");
    cloud_run(&cl, apply);
}

START_TEST(protection_goes_with_a_failed_creation)
{
    apply_over("ROLLBACK_FAILED");
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteStack"), 1);
    ck_assert_uint_eq(cloud_count(&cl, "ModifyDBInstance"), 1);
    finish_cd();
}
END_TEST

START_TEST(protection_of_what_was_whole_stays)
{
    apply_over("DELETE_FAILED");
    ck_assert_uint_eq(cloud_count(&cl, "ModifyDBInstance"), 0);
    finish_cd();
}
END_TEST

/* ---- passwords ---- */
static void check_passwords(struct cloud *c)
{
    cleanup_graph struct graph *g = graph_new("test");
    graph_add(
        g,
        "service/db",
        "Db",
        "AWS::RDS::DBInstance",
        json_pack("{s:s}", "MasterUserPassword", "{{resolve:ssm-secure:/Defang/shop/beta/PW:3}}"));
    c->rc = passwords_check(&c->c, g, &c->err);
}

struct password_row {
    const char *value;
    bool ok;
};

START_TEST(password_that_rds_refuses_is_refused_first)
{
    static const struct password_row rows[] = {
        {"s3cret-enough!", true},
        {"short", false},
        {"with space", false},
        {"with@sign", false},
        {"with/slash", false},
        {"umlaut-\u00e4-in", false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cloud_init(&cl);
        cleanup_free char *reply = xasprintf(
            "{\"Parameters\":[{\"Name\":\"/Defang/shop/beta/PW\",\"Value\":\"%s\"}]}",
            rows[i].value);
        cloud_reply(&cl, "GetParameters", reply);
        cloud_run(&cl, check_passwords);
        ck_assert_msg((cl.rc == 0) == rows[i].ok, "%s", rows[i].value);
        ck_assert(cloud_body_has(&cl, "GetParameters", 0, "\"/Defang/shop/beta/PW\""));
        if (!rows[i].ok)
            ck_assert_msg(
                strstr(cl.err.message, "config PW") && !strstr(cl.err.message, rows[i].value),
                "%s",
                cl.err.message);
        cloud_done(&cl);
    }
}
END_TEST

START_TEST(password_that_cannot_be_read_is_cloudformations)
{
    cloud_init(&cl);
    cloud_fail(&cl, "GetParameters", 400, "AccessDeniedException", "no");
    cloud_run(&cl, check_passwords);
    ck_assert_int_eq(cl.rc, 0);
    cloud_done(&cl);
}
END_TEST

#define AT(service) "arn:aws:" service ":us-west-2:123456789012:"
#define ELB         AT("elasticloadbalancing") "loadbalancer/app/shop/0a1b"

/* What costs or holds data has its command; the rest, and what goes by itself, is not told. */
START_TEST(trust_22_what_no_stack_holds_has_its_command)
{
    static const struct {
        const char *arn, *going, *says; /* says NULL: nothing */
    } cases[] = {
        {AT("rds") "snapshot:shop-db", NULL, "delete-db-snapshot --db-snapshot-identifier shop-db"},
        {AT("rds") "cluster-snapshot:m",
         NULL,
         "db-cluster-snapshot-identifier m --region us-west-2"},
        {AT("elasticache") "snapshot:shop-cache",
         NULL,
         "delete-snapshot --snapshot-name shop-cache"},
        {"arn:aws:s3:::shop-site", NULL, "`aws s3 rb --force s3://shop-site --region us-west-2`"},
        {AT("ec2") "elastic-ip/eipalloc-1", NULL, "release-address --allocation-id eipalloc-1"},
        {AT("ec2") "elastic-ip/eipalloc-1", ORPHANS_ADDRESSES, NULL},
        {AT("ec2") "natgateway/nat-0a1b", "nat-0a1b", NULL},
        {AT("ecr") "repository/shop/kaniko-build", NULL, "--repository-name shop/kaniko-build "},
        {AT("ecr") "repository/shop/kaniko-build", "shop/kaniko-build", NULL},
        {AT("ecr") "repository/shop/kaniko-build", "kaniko", "kaniko-build"},
        {AT("elasticfilesystem") "file-system/fs-1",
         NULL,
         "delete-file-system --file-system-id fs-1"},
        {ELB, NULL, "--load-balancer-arn " ELB},
        {ELB, ELB, NULL},
        {AT("servicediscovery") "namespace/ns-1", NULL, "delete-namespace --id ns-1"},
        {AT("ecs") "cluster/shop", NULL, NULL},
        {AT("rds") "db:shop", NULL, NULL},
        {AT("rds") "snapshot:shop`reboot`", NULL, NULL},
        {"nonsense", NULL, NULL},
        {"", NULL, NULL},
    };
    cleanup_arena struct arena *a = arena_new();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_json json_t *going = json_object();
        if (cases[i].going)
            json_object_set_new(going, cases[i].going, json_string(cases[i].going));

        const char *text = orphans_sentence(a, "us-west-2", cases[i].arn, going);
        if (cases[i].says)
            ck_assert_msg(text && strstr(text, cases[i].says), "%zu: %s", i, text ? text : "none");
        else
            ck_assert_msg(!text, "%zu: %s", i, text);
    }
}
END_TEST

SUITE(
    "engine/account",
    zones_with_all_services_come_first,
    ecs_role_is_made_before_the_stack,
    stack_that_came_before_the_role_is_made_once_more,
    other_failures_of_the_stack_are_final,
    roles_of_the_services_in_the_graph,
    empty_prefix_makes_no_tag,
    build_waits_for_room,
    build_does_not_wait_for_ever,
    build_that_cannot_run_fails_at_once,
    password_that_rds_refuses_is_refused_first,
    password_that_cannot_be_read_is_cloudformations,
    protection_goes_with_a_failed_creation,
    protection_of_what_was_whole_stays,
    trust_22_what_no_stack_holds_has_its_command)
