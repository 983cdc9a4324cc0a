/* What is said of a change that stops or loses something.
 *
 * A row is one change and a part of the warning; rows without one show which changes are harmless.
 */
#include "base/mem.h"
#include "plan/common/context.h"
#include <check.h>
#include <string.h>

static const struct row {
    enum graph_action action;
    const char *type, *replacement, *property,
        *policy; /* of the deployed resource: DeletionPolicy and UpdateReplacePolicy */
    unsigned min_healthy;
    const char *warning; /* a part of it; NULL: none */
} ROWS[] = {
    {GRAPH_ADD, "AWS::RDS::DBInstance", "", "EngineVersion", "Delete", 0, NULL},
    {GRAPH_CHANGE,
     "AWS::RDS::DBInstance",
     "",
     "EngineVersion",
     "Delete",
     0,
     "down while it is upgraded"},
    {GRAPH_CHANGE,
     "AWS::RDS::DBInstance",
     "",
     "DBInstanceClass",
     "Delete",
     100,
     "down for some minutes"},
    {GRAPH_CHANGE, "AWS::RDS::DBInstance", "", "Tags", "Delete", 0, NULL},
    {GRAPH_CHANGE,
     "AWS::RDS::DBInstance",
     "replace",
     "StorageEncrypted",
     "Snapshot",
     0,
     "kept in a last snapshot"},
    {GRAPH_CHANGE, "AWS::RDS::DBInstance", "replace", "StorageEncrypted", NULL, 0, "IS LOST"},
    {GRAPH_REMOVE, "AWS::RDS::DBInstance", "", NULL, "Snapshot", 0, "kept in a last snapshot"},
    {GRAPH_REMOVE, "AWS::RDS::DBInstance", "", NULL, "Delete", 0, "WHAT IT HOLDS IS LOST"},
    {GRAPH_REMOVE, "AWS::EFS::FileSystem", "", NULL, "Retain", 0, "until somebody deletes it"},
    {GRAPH_REMOVE, "AWS::ECS::Service", "", NULL, NULL, 0, NULL},
    {GRAPH_CHANGE, "AWS::ECS::Service", "", "TaskDefinition", NULL, 0, "a short downtime"},
    {GRAPH_CHANGE, "AWS::ECS::Service", "", "TaskDefinition", NULL, 100, NULL},
    {GRAPH_CHANGE, "AWS::ECS::Service", "", "DesiredCount", NULL, 0, NULL},
    {GRAPH_CHANGE,
     "AWS::ElasticLoadBalancingV2::LoadBalancer",
     "replace",
     "Scheme",
     NULL,
     0,
     "its address changes"},
    {GRAPH_CHANGE,
     "AWS::ElastiCache::ReplicationGroup",
     "",
     "CacheNodeType",
     "Delete",
     0,
     "break for some seconds"},
};

START_TEST(rows)
{
    const struct row *r = &ROWS[_i];
    const char *properties[] = {r->property};
    struct graph_change c = {
        .action = r->action,
        .logical_id = "X",
        .type = r->type,
        .group = "g",
        .replacement = r->replacement,
        .properties = properties,
        .property_count = r->property ? 1 : 0};
    struct plan_settings s = {.min_healthy_percent = r->min_healthy};
    json_t *old = NULL;

    if (r->policy) {
        json_t *store =
            object(key("DeletionPolicy", r->policy), key("UpdateReplacePolicy", r->policy));
        old = object(key("Resources", object(key("X", store))));
    }
    const char *found = plan_change_warning(&s, &c, old);

    if (r->warning)
        ck_assert_msg(
            found && strstr(found, r->warning), "row %d: \"%s\"", _i, found ? found : "nothing");
    else
        ck_assert_msg(!found, "row %d: \"%s\"", _i, found);
    json_decref(old);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("warnings");
    TCase *t = tcase_create("warnings");
    tcase_add_loop_test(t, rows, 0, (int)ARRAY_LEN(ROWS));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
