/* The graph: references, cycles, limits, text, differences; and the CD stack, which is one.
 *
 * What graph_check() does not refuse, CloudFormation refuses after minutes. */
#include "base/mem.h"
#include "plan/common/context.h"
#include <check.h>
#include <string.h>

static struct graph *g;
static struct error err;

static void up(void)
{
    g = graph_new("a test");
    err = (struct error)ERROR_INIT;
}

static void down(void)
{
    graph_free(g);
    error_done(&err);
}

static void add(const char *id, json_t *properties)
{
    graph_add(g, "service/x", id, "AWS::Logs::LogGroup", properties);
}

START_TEST(resolves)
{
    add("A", object(key("x", graph_ref("B")), key("y", graph_ref("AWS::Region"))));
    add("B",
        object(
            key("x", graph_attr("C", "Arn")),
            key("y", graph_sub("${C.Name}-${AWS::AccountId}-${!literal}"))));
    add("C", json_object());
    graph_output_add(g, "O", graph_ref("A"), NULL);
    ck_assert_int_eq(graph_check(g, &err), 0);
}
END_TEST

START_TEST(missing)
{
    json_t *forms[] = {
        object(key("x", graph_ref("Gone"))),
        object(key("x", array(object(key("y", graph_attr("Gone", "Arn")))))),
        object(key("x", graph_sub("a${Gone.Arn}b"))),
        json_object()};

    for (int i = 0; i < 4; i++)
        if (i != _i)
            json_decref(forms[i]);
    add("A", forms[_i]);
    if (_i == 3)
        graph_depend(g, "A", "Gone");
    ck_assert_int_lt(graph_check(g, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "Gone"));
    ck_assert_ptr_nonnull(strstr(err.message, "A refers"));
}
END_TEST

START_TEST(missing_output)
{
    add("A", json_object());
    graph_output_add(g, "O", graph_ref("Gone"), NULL);
    ck_assert_int_lt(graph_check(g, &err), 0);
}
END_TEST

START_TEST(cycle)
{
    add("A", object(key("x", graph_ref("B"))));
    add("B", json_object());
    graph_depend(g, "B", "C");
    add("C", object(key("x", graph_sub("${A}"))));
    ck_assert_int_lt(graph_check(g, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "cycle"));
}
END_TEST

START_TEST(limits)
{
    for (int i = 0; i < 501; i++) {
        char id[16];
        snprintf(id, sizeof id, "R%d", i);
        graph_add(g, i < 200 ? "network" : "service/big", id, "AWS::Logs::LogGroup", json_object());
        ck_assert_ptr_nonnull(graph_get(g, id));
        if (i == 499)
            ck_assert_int_eq(graph_check(g, &err), 0);
    }
    ck_assert_int_lt(graph_check(g, &err), 0);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.hint, "network 200"));
    ck_assert_ptr_nonnull(strstr(err.hint, "service/big 301"));
}
END_TEST

START_TEST(dynamic_references)
{
    for (int i = 0; i < 61; i++) {
        char id[16];
        snprintf(id, sizeof id, "R%d", i);
        add(id, object(key("Secret", "{{resolve:ssm-secure:/x}}")));
    }
    ck_assert_int_lt(graph_check(g, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "61 dynamic references"));
}
END_TEST

START_TEST(text)
{
    struct graph_resource *r =
        graph_add(g, "network", "B", "AWS::S3::Bucket", object(key("z", 1), key("a", 2)));

    r->deletion_policy = "RetainExceptOnCreate";
    r->replace_policy = "Retain";
    graph_add(g, "network", "A", "AWS::EC2::InternetGateway", json_object());
    graph_depend(g, "B", "A");
    graph_depend(g, "B", "A");
    char *t = graph_template_text(g);
    ck_assert_str_eq(
        t,
        "{\"AWSTemplateFormatVersion\":\"2010-09-09\",\"Description\":\"a test\",\"Resources\":{"
        "\"A\":{\"Metadata\":{\"Group\":\"network\"},\"Type\":\"AWS::EC2::InternetGateway\"},"
        "\"B\":{\"DeletionPolicy\":\"RetainExceptOnCreate\",\"DependsOn\":[\"A\"],\"Metadata\":{"
        "\"Group\":\"network\"},"
        "\"Properties\":{\"a\":2,\"z\":1},\"Type\":\"AWS::S3::Bucket\",\"UpdateReplacePolicy\":"
        "\"Retain\"}}}");
    free(t);
}
END_TEST

/* A replaced by a create-only property; B refers to it by a create-only one and is replaced in
 * turn; C by another and changes; D stays. */
START_TEST(differences)
{
    struct graph *old = graph_new("a test");

    for (int k = 0; k < 2; k++) {
        struct graph *to = k ? g : old;
        /* In this order the followers stand before what they follow. */
        graph_add(
            to,
            "a",
            "C",
            "AWS::EC2::RouteTable",
            object(key("VpcId", "v"), key("Tags", graph_ref("B"))));
        graph_add(
            to,
            "a",
            "B",
            "AWS::EC2::Subnet",
            object(key("VpcId", graph_attr("A", "VpcId")), key("MapPublicIpOnLaunch", "x")));
        graph_add(
            to,
            "a",
            "A",
            "AWS::EC2::VPC",
            object(key("CidrBlock", k ? "10.1.0.0/16" : "10.0.0.0/16")));
        graph_add(to, "a", "D", "AWS::EC2::InternetGateway", json_object());
    }
    graph_add(old, "b", "Gone", "AWS::EC2::EIP", json_object());
    graph_add(g, "b", "New", "AWS::EC2::EIP", json_object());
    g->metadata = object(key("said", "only metadata"));
    json_t *before = graph_template(old);
    struct graph_diff d;
    graph_diff(before, g, &d);

    static const struct {
        const char *id;
        enum graph_action action;
        const char *replacement, *property;
    } expected[] = {
        {"A", GRAPH_CHANGE, "replace", "CidrBlock"},
        {"B", GRAPH_CHANGE, "replace", "VpcId"},
        {"C", GRAPH_CHANGE, "", "Tags"},
        {"Gone", GRAPH_REMOVE, "", NULL},
        {"New", GRAPH_ADD, "", NULL},
    };

    ck_assert_uint_eq(d.len, ARRAY_LEN(expected));
    for (size_t i = 0; i < d.len; i++) {
        ck_assert_str_eq(d.changes[i].logical_id, expected[i].id);
        ck_assert_int_eq(d.changes[i].action, expected[i].action);
        ck_assert_str_eq(d.changes[i].replacement, expected[i].replacement);
        ck_assert_uint_eq(d.changes[i].property_count, expected[i].property != NULL);
        if (expected[i].property)
            ck_assert_str_eq(d.changes[i].properties[0], expected[i].property);
    }
    graph_diff_done(&d);
    graph_diff(NULL, g, &d);
    ck_assert_uint_eq(d.len, 5);
    ck_assert_int_eq(d.changes[0].action, GRAPH_ADD);
    graph_diff_done(&d);
    json_decref(before);
    graph_free(old);
}
END_TEST

START_TEST(cd)
{
    struct plan_cd_settings s = {
        .cd_name = "a-cd-stack-with-quite-a-long-name-indeed",
        .prefix = "Defang",
        .retain_bucket = true,
        .pull_through = true};
    struct graph *c = plan_cd(&s);

    ck_assert_int_eq(graph_check(c, &err), 0);
    const char *prefix =
        json_str(graph_get(c, "PullThroughCache")->properties, "EcrRepositoryPrefix");
    ck_assert_uint_le(strlen(prefix), 30);
    ck_assert_str_eq(graph_get(c, "Bucket")->deletion_policy, "RetainExceptOnCreate");
    graph_free(c);
}
END_TEST

START_TEST(pull_through_is_not_everywhere)
{
    ck_assert(
        plan_cd_has_pull_through("us-east-1") && plan_cd_has_pull_through("eu-central-1") &&
        plan_cd_has_pull_through(NULL));
    ck_assert(
        !plan_cd_has_pull_through("cn-north-1") && !plan_cd_has_pull_through("us-gov-west-1") &&
        !plan_cd_has_pull_through("us-iso-east-1"));
}
END_TEST

/* ---- what is new is protected last ---- */

static struct graph_resource *database(struct graph *of, const char *name)
{
    json_t *properties = object(key("DBName", name), key("DeletionProtection", true));
    struct graph_resource *r =
        graph_add(of, "service/db", "Db", "AWS::RDS::DBInstance", properties);

    r->deletion_policy = r->replace_policy = "Snapshot";
    return r;
}

static void balancer(struct graph *of)
{
    json_t *attribute = object(key("Key", "deletion_protection.enabled"), key("Value", "true"));
    json_t *properties = object(key("LoadBalancerAttributes", array(attribute)));

    graph_add(of, "ingress", "Lb", "AWS::ElasticLoadBalancingV2::LoadBalancer", properties);
}

static bool held(const char *id)
{
    cleanup_json json_t *t = graph_template(g);
    const json_t *r = json_object_get(json_object_get(t, "Resources"), id);
    const char *lb = json_str(r, "Properties.LoadBalancerAttributes.0.Value");

    return text_eq(lb, "false") || (!json_bool_or(r, "Properties.DeletionProtection", true) &&
                                    text_eq(json_str(r, "DeletionPolicy"), "Delete"));
}

START_TEST(trust_22_what_is_new_is_protected_last)
{
    database(g, "shop");
    balancer(g);
    ck_assert_uint_eq(plan_hold_back(g, NULL), 2);
    ck_assert(held("Db") && held("Lb"));
    ck_assert_str_eq(graph_get(g, "Db")->replace_policy, "Snapshot");

    cleanup_json json_t *first = graph_template(g);
    cleanup_graph struct graph *whole = graph_new("a test");
    database(whole, "shop");
    balancer(whole);
    struct graph_diff diff;
    graph_diff(first, whole, &diff);
    ck_assert_uint_eq(diff.len, 2); /* the last apply has something to do */
    graph_diff_done(&diff);
}
END_TEST

START_TEST(trust_21_what_is_replaced_is_protected_last_and_the_rest_stays)
{
    database(g, "shop");
    balancer(g);
    cleanup_json json_t *before = graph_template(g);

    ck_assert_uint_eq(plan_hold_back(g, before), 0);
    ck_assert(!held("Db") && !held("Lb"));

    graph_free(g);
    g = graph_new("a test");
    database(g, "another"); /* a database's name is create-only */
    balancer(g);
    ck_assert_uint_eq(plan_hold_back(g, before), 1);
    ck_assert(held("Db") && !held("Lb"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("graph");
    TCase *t = tcase_create("graph");
    tcase_add_checked_fixture(t, up, down);
    tcase_add_test(t, resolves);
    tcase_add_loop_test(t, missing, 0, 4);
    tcase_add_test(t, missing_output);
    tcase_add_test(t, cycle);
    tcase_add_test(t, limits);
    tcase_add_test(t, dynamic_references);
    tcase_add_test(t, text);
    tcase_add_test(t, differences);
    tcase_add_test(t, trust_22_what_is_new_is_protected_last);
    tcase_add_test(t, trust_21_what_is_replaced_is_protected_last_and_the_rest_stays);
    tcase_add_test(t, cd);
    tcase_add_test(t, pull_through_is_not_everywhere);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
