/* Config, composed values, and what `ps` says.
 *
 * Shown: a value goes in and never out; what is made from config is stored and pruned; a row tells
 * the state of its service by the service's own word, also when it is gone. */
#include "engine/cloudformation/cloudformation.h"
#include "engine/run/status.h"
#include "engine/values/config.h"
#include "engine/values/derived.h"
#include "unit/engine/fake_stack.h"
#include "unit/lib/suite.h"

#include "base/limits.h"
#include "base/str.h"
#include "compose/model.h"
#include <errno.h>
#include <string.h>

static struct cloud cl;

static void setup(void)
{
    cloud_init(&cl);
}

static void finish(void)
{
    cloud_done(&cl);
}

/* ---- config ---- */

static const char *name, *value;
static bool if_not_set, set;

static void config_set(struct cloud *c)
{
    struct secret s = SECRET_INIT;
    secret_set(&s, value);
    error_done(&c->err);
    c->rc = flow_config_set(&c->c, name, &s, if_not_set, &set, &c->err);
    secret_done(&s);
}

START_TEST(config_is_stored_encrypted)
{
    setup();
    name = "STRIPE_KEY";
    value = "sk_live_\xc3\xa4";
    if_not_set = false;
    cloud_reply(&cl, "GetParameters", "{\"InvalidParameters\":[\"/Defang/shop/beta/STRIPE_KEY\"]}");
    cloud_reply(&cl, "PutParameter", "{\"Version\":1}");
    cloud_run(&cl, config_set);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(set);
    ck_assert(cloud_body_has(&cl, "PutParameter", 0, "\"Name\":\"/Defang/shop/beta/STRIPE_KEY\""));
    ck_assert(cloud_body_has(&cl, "PutParameter", 0, "\"Type\":\"SecureString\""));
    ck_assert(cloud_body_has(&cl, "PutParameter", 0, "\"Overwrite\":true"));
    finish();
}
END_TEST

START_TEST(a_value_that_is_there_is_kept_when_asked)
{
    setup();
    name = "STRIPE_KEY";
    value = "x";
    if_not_set = true;
    cloud_fail(&cl, "PutParameter", 400, "ParameterAlreadyExists", "there");
    cloud_run(&cl, config_set);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(!set);
    ck_assert(cloud_body_has(&cl, "PutParameter", 0, "\"Overwrite\":false"));
    finish();
}
END_TEST

START_TEST(what_cannot_be_config_is_refused_without_a_call)
{
    static char long_value[LIMIT_CONFIG_VALUE_BYTES + 2];
    memset(long_value, 'x', sizeof long_value - 1);

    const struct {
        const char *name, *value;
    } cases[] = {
        {"1ST", "x"},
        {"A-B", "x"},
        {"", "x"},
        {"A/B", "x"},
        {"A", ""},
        {"A", long_value},
        {"A", "\xff"}};

    if_not_set = false;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        setup();
        name = cases[i].name;
        value = cases[i].value;
        cloud_run(&cl, config_set);
        ck_assert_msg(cl.err.kind == ERR_USAGE, "%zu: %d", i, cl.err.kind);
        if (strlen(value) > 3)
            ck_assert_ptr_null(strstr(cl.err.message, value));
        ck_assert_uint_eq(cl.calls.len, 0);
        finish();
    }
}
END_TEST

static struct flow_config *list;
static size_t count;
static bool removed;

static void config_list(struct cloud *c)
{
    c->rc = flow_config_list(&c->c, &list, &count, &c->err);
}

static void config_remove(struct cloud *c)
{
    error_done(&c->err);
    c->rc = flow_config_remove(&c->c, name, &removed, &c->err);
}

START_TEST(config_is_listed_by_name_over_pages)
{
    setup();
    cloud_reply(
        &cl,
        "DescribeParameters",
        "{\"Parameters\":[{\"Name\":\"/Defang/shop/beta/"
        "ZOO\",\"Version\":3}],\"NextToken\":\"n\"}");
    cloud_reply(
        &cl,
        "DescribeParameters",
        "{\"Parameters\":[{\"Name\":\"/Defang/shop/beta/APE\",\"Version\":1},{\"Name\":\"/Defang/"
        "shop/beta2/NO\"}]}");
    cloud_run(&cl, config_list);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(list[0].name, "APE");
    ck_assert_str_eq(list[1].name, "ZOO");
    ck_assert_int_eq(list[1].version, 3);
    flow_config_list_done(list, count);
    finish();
}
END_TEST

START_TEST(config_is_removed)
{
    setup();
    name = "APE";
    cloud_reply(&cl, "DeleteParameter", "{}");
    cloud_fail(&cl, "DeleteParameter", 400, "ParameterNotFound", "none");
    cloud_run(&cl, config_remove);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(removed);
    cloud_run(&cl, config_remove);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(!removed);
    finish();
}
END_TEST

/* ---- derived ---- */

static struct plan_derived derived[2];
static size_t derived_count;

static void derived_put(struct cloud *c)
{
    c->rc = flow_derived_put(&c->c, derived, derived_count, &c->err);
}

static void derived_prune(struct cloud *c)
{
    c->rc = flow_derived_prune(&c->c, derived, derived_count, &c->err);
}

static struct compose_part parts[] = {
    {.text = (char *)"postgres://shop:"},
    {.text = (char *)"PASSWORD", .is_config = true},
    {.text = (char *)"@db/shop"}};

static void derived_setup(void)
{
    setup();
    parts[0].next = &parts[1];
    parts[1].next = &parts[2];
    derived[0] = (struct plan_derived){
        "api", "DATABASE_URL", "/Defang/shop/beta-derived/api/DATABASE_URL-1", parts};
    derived_count = 1;
}

START_TEST(a_value_is_composed_and_stored)
{
    derived_setup();
    cloud_reply(
        &cl,
        "GetParameters",
        "{\"Parameters\":[{\"Name\":\"/Defang/shop/beta/PASSWORD\",\"Value\":\"s3cret\"}]}");
    cloud_reply(&cl, "PutParameter", "{}");
    cloud_run(&cl, derived_put);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(cloud_body_has(&cl, "GetParameters", 0, "\"WithDecryption\":true"));
    ck_assert(cloud_body_has(&cl, "PutParameter", 0, "postgres://shop:s3cret@db/shop"));
    ck_assert(cloud_body_has(&cl, "PutParameter", 0, "SecureString"));
    finish();
}
END_TEST

START_TEST(a_missing_config_is_named_and_nothing_is_stored)
{
    derived_setup();
    cloud_reply(
        &cl,
        "GetParameters",
        "{\"Parameters\":[],\"InvalidParameters\":[\"/Defang/shop/beta/PASSWORD\"]}");
    cloud_run(&cl, derived_put);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(cl.err.message, "PASSWORD"));
    ck_assert_uint_eq(cloud_count(&cl, "PutParameter"), 0);
    finish();
}
END_TEST

START_TEST(old_values_go_and_those_in_use_stay)
{
    derived_setup();
    struct str all = STR_INIT;
    str_append(
        &all,
        "{\"Parameters\":[{\"Name\":\"/Defang/shop/beta-derived/api/DATABASE_URL-1\"},{\"Name\":\"/"
        "Defang/shop/beta/PASSWORD\"}");
    for (int i = 0; i < 23; i++)
        str_appendf(&all, ",{\"Name\":\"/Defang/shop/beta-derived/api/OLD-%d\"}", i);
    str_append(&all, "]}");
    cloud_reply(&cl, "DescribeParameters", str_get(&all));
    cloud_reply(&cl, "DeleteParameters", "{}");
    cloud_run(&cl, derived_prune);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteParameters"), 3); /* ten a call */
    for (size_t i = 0; i < 3; i++) {
        ck_assert(!cloud_body_has(&cl, "DeleteParameters", i, "DATABASE_URL-1"));
        ck_assert(!cloud_body_has(&cl, "DeleteParameters", i, "/beta/PASSWORD"));
    }
    ck_assert(cloud_body_has(&cl, "DeleteParameters", 2, "OLD-22"));
    str_done(&all);
    finish();
}
END_TEST

/* ---- status ---- */

static struct fake_stack stack;
static struct flow_status status;

static void ps(struct cloud *c)
{
    error_done(&c->err);
    c->c.engine = &engine_cloudformation;
    c->rc = flow_status(&c->c, &status, &c->err);
}

static void stack_setup(const char *state)
{
    setup();
    fake_stack_init(&stack, &cl, "Defang-shop-beta", FAKE_STACK_ID);
    stack.status = state;
    stack.outputs = "<member><OutputKey>EndpointWeb</OutputKey><OutputValue>https://web.example</"
                    "OutputValue></member>";
    stack.template =
        "{\"Metadata\":{\"Defang\":{\"services\":{\"web\":{\"deployment\":\"k3j2h4g5f6d7\","
        "\"endpointOutput\":\"EndpointWeb\"},\"db\":{\"endpoint\":\"db.shop.internal\"}}}},"
        "\"Resources\":{\"Cluster\":{\"Type\":\"AWS::ECS::Cluster\",\"Metadata\":{\"Group\":"
        "\"cluster\"}},"
        "\"Web\":{\"Type\":\"AWS::ECS::Service\",\"Metadata\":{\"Group\":\"service/web\"}},"
        "\"WebTask\":{\"Type\":\"AWS::ECS::TaskDefinition\",\"Metadata\":{\"Group\":\"service/"
        "web\"},\"Properties\":{\"ContainerDefinitions\":[{\"Image\":\"nginx:1\"}]}},"
        "\"Db\":{\"Type\":\"AWS::RDS::DBInstance\",\"Metadata\":{\"Group\":\"service/db\"}},"
        "\"Cache\":{\"Type\":\"AWS::ElastiCache::ReplicationGroup\",\"Metadata\":{\"Group\":"
        "\"service/cache\"}},"
        "\"Vpc\":{\"Type\":\"AWS::EC2::VPC\",\"Metadata\":{\"Group\":\"network\"}}}}";
    cloud_reply(
        &cl,
        "ListStackResources",
        "<StackResourceSummaries><member><LogicalResourceId>Cluster</"
        "LogicalResourceId><PhysicalResourceId>shop</PhysicalResourceId>"
        "<ResourceType>AWS::ECS::Cluster</ResourceType></member><member><LogicalResourceId>Web</"
        "LogicalResourceId><PhysicalResourceId>arn:aws:ecs:us-west-2:123456789012:service/shop/"
        "web</PhysicalResourceId>"
        "</member><member><LogicalResourceId>Db</LogicalResourceId><PhysicalResourceId>shop-db</"
        "PhysicalResourceId></member></StackResourceSummaries>");
    cloud_reply(
        &cl,
        "DescribeServices",
        "{\"services\":[{\"desiredCount\":2,\"runningCount\":1,\"pendingCount\":1,"
        "\"loadBalancers\":[{\"targetGroupArn\":\"arn:tg\"}],"
        "\"events\":[{\"message\":\"unable to place\"}],"
        "\"deployments\":[{\"status\":\"ACTIVE\",\"rolloutState\":\"COMPLETED\"},{\"status\":"
        "\"PRIMARY\",\"rolloutState\":\"IN_PROGRESS\"}]}]}");
    cloud_reply(
        &cl,
        "DescribeTargetHealth",
        "<TargetHealthDescriptions><member><TargetHealth><State>healthy</State></TargetHealth></"
        "member><member><TargetHealth><State>initial</State>"
        "</TargetHealth></member></TargetHealthDescriptions>");
}

static void stack_finish(void)
{
    flow_status_done(&status);
    fake_stack_done(&stack);
    finish();
}

START_TEST(what_runs_is_listed_by_name)
{
    stack_setup("UPDATE_COMPLETE");
    cloud_reply(
        &cl,
        "DescribeDBInstances",
        "<DBInstances><DBInstance><DBInstanceStatus>available</DBInstanceStatus><Engine>postgres</"
        "Engine><EngineVersion>16.4</EngineVersion>"
        "<DBInstanceClass>db.t4g.micro</DBInstanceClass></DBInstance></DBInstances>");
    cloud_run(&cl, ps);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(status.len, 3);
    const struct flow_service_status *cache = &status.services[0], *db = &status.services[1],
                                     *web = &status.services[2];
    ck_assert_str_eq(cache->state, "PENDING"); /* not made yet */
    ck_assert_str_eq(db->state, "RUNNING");
    ck_assert_str_eq(db->image, "postgres 16.4 (db.t4g.micro)");
    ck_assert_str_eq(db->endpoint, "db.shop.internal");
    ck_assert_str_eq(
        web->state, "DEPLOYING"); /* by the PRIMARY deployment, wherever it stands in the list */
    ck_assert_str_eq(web->endpoint, "https://web.example");
    ck_assert_str_eq(web->deployment, "k3j2h4g5f6d7");
    ck_assert_str_eq(web->image, "nginx:1");
    ck_assert_str_eq(web->health, "1 of 2 healthy");
    ck_assert_str_eq(web->reason, "unable to place");
    ck_assert_uint_eq(web->desired, 2);
    ck_assert_uint_eq(web->running, 1);
    stack_finish();
}
END_TEST

START_TEST(one_missing_thing_does_not_hide_the_others)
{
    stack_setup("UPDATE_COMPLETE");
    cloud_fail(&cl, "DescribeDBInstances", 404, "DBInstanceNotFound", "gone");
    cloud_run(&cl, ps);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_str_eq(status.services[1].state, "MISSING");
    stack_finish();
}
END_TEST

START_TEST(nothing_deployed_is_not_found)
{
    static const char *const states[] = {NULL, "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        stack_setup(states[i]);
        cloud_run(&cl, ps);
        ck_assert_int_eq(cl.err.kind, ERR_NOT_FOUND);
        stack_finish();
    }
}
END_TEST

START_TEST(a_foreign_stack_is_not_read)
{
    stack_setup("CREATE_COMPLETE");
    stack.foreign = true;
    cloud_run(&cl, ps);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    stack_finish();
}
END_TEST

SUITE(
    "engine/state",
    config_is_stored_encrypted,
    a_value_that_is_there_is_kept_when_asked,
    what_cannot_be_config_is_refused_without_a_call,
    config_is_listed_by_name_over_pages,
    config_is_removed,
    a_value_is_composed_and_stored,
    a_missing_config_is_named_and_nothing_is_stored,
    old_values_go_and_those_in_use_stay,
    what_runs_is_listed_by_name,
    one_missing_thing_does_not_hide_the_others,
    nothing_deployed_is_not_found,
    a_foreign_stack_is_not_read)
