/* What a change does: its kind, and what is said of it.
 *
 * A row is one change, the kind and a part of the text; rows without a text show which changes have
 * none. The table of types is held against all that the planner makes by
 * tests/plan/test_consent.py.
 */
#include "base/mem.h"
#include "plan/common/context.h"
#include "plan/consent.h"
#include <check.h>
#include <string.h>

static const struct row {
    enum graph_action action;
    const char *type, *replacement, *property,
        *policy; /* of the deployed resource: DeletionPolicy and UpdateReplacePolicy */
    enum plan_effect_kind kind;
    const char *text; /* a part of it; NULL: none */
    bool stays;
    bool no_snapshot; /* of the command line */
} ROWS[] = {
    {GRAPH_ADD, "AWS::RDS::DBInstance", "", "DBName", "Delete", PLAN_HARMLESS, NULL, false},
    {GRAPH_CHANGE,
     "AWS::RDS::DBInstance",
     "",
     "EngineVersion",
     "Delete",
     PLAN_STOPS,
     "down while it is upgraded",
     false},
    {GRAPH_CHANGE,
     "AWS::RDS::DBInstance",
     "",
     "DBInstanceClass",
     "Delete",
     PLAN_STOPS,
     "down for some minutes",
     false},
    {GRAPH_CHANGE, "AWS::RDS::DBInstance", "", "Tags", "Delete", PLAN_HARMLESS, NULL, false},
    {GRAPH_CHANGE,
     "AWS::RDS::DBInstance",
     "replace",
     "DBName",
     "Snapshot",
     PLAN_LOSES,
     "begins empty; what the old one held is kept in a last snapshot",
     false},
    {GRAPH_CHANGE, "AWS::RDS::DBInstance", "replace", "DBName", NULL, PLAN_LOSES, "IS LOST", false},
    {GRAPH_REMOVE,
     "AWS::RDS::DBInstance",
     "",
     NULL,
     "Snapshot",
     PLAN_LOSES,
     "kept in a last snapshot",
     false},
    {GRAPH_REMOVE, "AWS::RDS::DBInstance", "", NULL, "Delete", PLAN_LOSES, "IS LOST", false},

    /* With --no-snapshot no policy keeps anything. */
    {GRAPH_REMOVE,
     "AWS::RDS::DBInstance",
     "",
     NULL,
     "Snapshot",
     PLAN_LOSES,
     "WHAT IT HOLDS IS LOST",
     .no_snapshot = true},
    {GRAPH_CHANGE,
     "AWS::DocDB::DBCluster",
     "replace",
     "MasterUsername",
     "Snapshot",
     PLAN_LOSES,
     "WHAT THE OLD ONE HELD IS LOST",
     .no_snapshot = true},

    /* Conditions of AWS's: of these two AWS says that they are changed in place ... */
    {GRAPH_CHANGE,
     "AWS::RDS::DBInstance",
     "may replace",
     "BackupRetentionPeriod",
     "Snapshot",
     PLAN_HARMLESS,
     NULL,
     false},
    {GRAPH_CHANGE,
     "AWS::RDS::DBInstance",
     "may replace",
     "MultiAZ",
     "Snapshot",
     PLAN_HARMLESS,
     NULL,
     false},
    /* ... of this one that it makes a new database; and what nobody looked up counts as a loss. */
    {GRAPH_CHANGE,
     "AWS::RDS::DBInstance",
     "may replace",
     "DBSnapshotIdentifier",
     "Snapshot",
     PLAN_LOSES,
     "begins empty",
     false},
    {GRAPH_CHANGE,
     "AWS::ElastiCache::ReplicationGroup",
     "may replace",
     "NodeGroupConfiguration",
     "Snapshot",
     PLAN_LOSES,
     "begins empty",
     false},

    {GRAPH_REMOVE,
     "AWS::EFS::FileSystem",
     "",
     NULL,
     "Retain",
     PLAN_HARMLESS,
     "until somebody deletes it",
     true},
    {GRAPH_REMOVE,
     "AWS::EFS::FileSystem",
     "",
     NULL,
     "RetainExceptOnCreate",
     PLAN_HARMLESS,
     "until somebody deletes it",
     true},
    {GRAPH_CHANGE,
     "AWS::EFS::FileSystem",
     "replace",
     "Encrypted",
     "Retain",
     PLAN_LOSES,
     "the old one stays in the account",
     true},
    {GRAPH_REMOVE, "AWS::S3::Bucket", "", NULL, "Retain", PLAN_HARMLESS, "stays", true},
    {GRAPH_REMOVE, "AWS::Logs::LogGroup", "", NULL, NULL, PLAN_LOSES, "IS LOST", false},
    {GRAPH_REMOVE, "AWS::ECR::Repository", "", NULL, NULL, PLAN_LOSES, "IS LOST", false},
    {GRAPH_REMOVE, "AWS::SecretsManager::Secret", "", NULL, NULL, PLAN_LOSES, "IS LOST", false},
    {GRAPH_REMOVE, "AWS::Nobody::Knows", "", NULL, NULL, PLAN_LOSES, "IS LOST", false},

    {GRAPH_REMOVE, "AWS::ECS::Service", "", NULL, NULL, PLAN_STOPS, "ends", false},
    {GRAPH_CHANGE,
     "AWS::ECS::Service",
     "",
     "TaskDefinition",
     NULL,
     PLAN_STOPS,
     "short downtime",
     false},
    {GRAPH_CHANGE, "AWS::ECS::Service", "", "DesiredCount", NULL, PLAN_HARMLESS, NULL, false},
    {GRAPH_CHANGE, "AWS::ECS::TaskDefinition", "replace", "Cpu", NULL, PLAN_HARMLESS, NULL, false},
    {GRAPH_CHANGE,
     "AWS::ElasticLoadBalancingV2::LoadBalancer",
     "replace",
     "Scheme",
     NULL,
     PLAN_MOVES,
     "its address changes",
     false},
    {GRAPH_REMOVE,
     "AWS::ElasticLoadBalancingV2::LoadBalancer",
     "",
     NULL,
     NULL,
     PLAN_MOVES,
     "goes for good",
     false},
    {GRAPH_REMOVE,
     "AWS::CloudFront::Distribution",
     "",
     NULL,
     NULL,
     PLAN_MOVES,
     "goes for good",
     false},
    {GRAPH_REMOVE, "AWS::EC2::EIP", "", NULL, NULL, PLAN_MOVES, "no longer come from", false},
    {GRAPH_CHANGE,
     "AWS::ElastiCache::ReplicationGroup",
     "",
     "CacheNodeType",
     "Delete",
     PLAN_STOPS,
     "break for some seconds",
     false},
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
    struct plan_settings s = {0};
    struct plan_request request = {.settings = &s, .no_snapshot = r->no_snapshot};
    struct plan_effect e;
    json_t *resource = object(
        key("Type", r->type),
        key("DeletionPolicy", r->policy),
        key("UpdateReplacePolicy", r->policy));
    cleanup_json json_t *old = object(key("Resources", object(key("X", resource))));

    plan_effect_of(&request, &c, old, NULL, &e);
    ck_assert_msg(e.kind == r->kind, "row %d: %s", _i, plan_effect_name(e.kind));
    ck_assert_msg(e.stays == r->stays, "row %d", _i);
    if (r->text)
        ck_assert_msg(
            e.text && strstr(e.text, r->text), "row %d: \"%s\"", _i, e.text ? e.text : "nothing");
    else
        ck_assert_msg(!e.text, "row %d: \"%s\"", _i, e.text);
}
END_TEST

static void effect_of(
    const char *type,
    json_t *before,
    json_t *after,
    const struct plan_settings *s,
    enum graph_action action,
    struct plan_effect *out)
{
    cleanup_json json_t *old = object(key("Resources", object(key("X", before))));
    cleanup_graph struct graph *g = graph_new("");
    struct graph_change c = {
        .action = action, .logical_id = "X", .type = type, .group = "g", .replacement = ""};

    graph_add(g, "g", "X", type, after);
    plan_effect_of(&(struct plan_request){.settings = s}, &c, old, g, out);
}

/* A shorter retention deletes lines at once; a longer one, or the first, does not. */
START_TEST(retention)
{
    static const struct {
        int before, after; /* 0: for ever */
        bool allowed;
        enum plan_effect_kind kind;
    } steps[] = {
        {30, 7, false, PLAN_LOSES},
        {0, 7, false, PLAN_LOSES},
        {7, 30, false, PLAN_HARMLESS},
        {7, 0, false, PLAN_HARMLESS},
        {30, 7, true, PLAN_HARMLESS},
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        json_t *days = steps[i].before ? json_integer(steps[i].before) : NULL;
        json_t *later = steps[i].after ? json_integer(steps[i].after) : NULL;
        json_t *before = object(
            key("Type", "AWS::Logs::LogGroup"),
            key("Properties", object(key("RetentionInDays", days))));
        struct plan_settings s = {.allow_downgrade = steps[i].allowed};
        struct plan_effect e;

        effect_of(
            "AWS::Logs::LogGroup",
            before,
            object(key("RetentionInDays", later)),
            &s,
            GRAPH_CHANGE,
            &e);
        ck_assert_msg(e.kind == steps[i].kind, "step %zu: %s", i, plan_effect_name(e.kind));
    }
}
END_TEST

/* An address of the network load balancer is a way in, one of a NAT gateway a way out. */
START_TEST(addresses)
{
    static const struct {
        const char *group, *says;
    } cases[] = {{"ingress", "its public address goes"}, {"network", "calls to the outside"}};
    struct plan_settings s = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct plan_effect e;
        json_t *before = object(
            key("Type", "AWS::EC2::EIP"),
            key("Metadata", object(key("Group", cases[i].group))),
            key("Properties", object()));

        effect_of("AWS::EC2::EIP", before, object(), &s, GRAPH_REMOVE, &e);
        ck_assert_int_eq(e.kind, PLAN_MOVES);
        ck_assert_ptr_nonnull(strstr(e.text, cases[i].says));
    }
}
END_TEST

/* An address inside the VPC is nobody's outside; a bucket that is emptied keeps nothing. */
START_TEST(policies_of_what_is_there)
{
    struct plan_settings s = {.force_destroy = true};
    struct plan_effect e;
    json_t *inside = object(
        key("Type", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
        key("Properties", object(key("Scheme", "internal"))));
    json_t *bucket = object(key("Type", "AWS::S3::Bucket"), key("DeletionPolicy", "Retain"));
    json_t *other = object(key("Type", "AWS::RDS::DBInstance"));

    effect_of("AWS::ElasticLoadBalancingV2::LoadBalancer", inside, object(), &s, GRAPH_REMOVE, &e);
    ck_assert_int_eq(e.kind, PLAN_STOPS);
    effect_of("AWS::S3::Bucket", bucket, object(), &s, GRAPH_REMOVE, &e);
    ck_assert_int_eq(e.kind, PLAN_LOSES);
    ck_assert(!e.stays);
    /* Another type under the same id: what counts is what goes. */
    struct graph_change c = {
        .action = GRAPH_CHANGE,
        .logical_id = "X",
        .type = "AWS::IAM::Role",
        .group = "g",
        .replacement = "replace"};
    cleanup_json json_t *old = object(key("Resources", object(key("X", other))));
    plan_effect_of(&(struct plan_request){.settings = &s}, &c, old, NULL, &e);
    ck_assert_int_eq(e.kind, PLAN_LOSES);
}
END_TEST

/* A deployed template with a database and a bucket of files; the database would be lost. */
static struct plan_losses the_losses(void)
{
    static struct plan_loss db = {
        .name = "db",
        .logical_id = "DbDb",
        .group = "service/db",
        .type = "AWS::RDS::DBInstance",
        .kind = PLAN_LOSES};
    return (struct plan_losses){.items = &db, .len = 1};
}

static json_t *the_template(void)
{
    json_t *db = object(key("Metadata", object(key("Group", "service/db"))));
    json_t *api = object(key("Metadata", object(key("Group", "service/api"))));
    json_t *balancer = object(key("Metadata", object(key("Group", "ingress"))));

    return object(
        key("Resources",
            object(key("DbDb", db), key("ServiceApi", api), key("LoadBalancer", balancer))));
}

/* A name that allows nothing is said, with what could be meant. */
START_TEST(names_that_allow_nothing)
{
    static const struct {
        const char *names;
        bool losses;
        size_t said;
        const char *text, *hint; /* of the last one */
    } cases[] = {
        {"db", true, 0, NULL, NULL},
        {"DbDb", true, 0, NULL, NULL},
        {"service/db", true, 0, NULL, NULL},
        {"dbb", true, 1, "--allow-loss dbb allows nothing", "did you mean db?"},
        {"db,somewhere", true, 1, "somewhere allows nothing", "lost or moved: db"},
        {"api", true, 1, "--allow-loss api is not needed", "lost or moved: db"},
        {"ingress", true, 1, "is not needed", NULL},
        {"LoadBalancer", true, 1, "is not needed", NULL},
        {"db", false, 1, "--allow-loss db is not needed", NULL},
        {"olddb", false, 1, "nothing of this project has that name", NULL},
        {"one, elsewhere",
         false,
         2,
         "--allow-loss elsewhere allows",
         "names are those of services"},
        {"", true, 0, NULL, NULL},
    };
    cleanup_arena struct arena *a = arena_new();
    cleanup_json json_t *deployed = the_template();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct plan_losses losses = cases[i].losses ? the_losses() : (struct plan_losses){0};
        struct plan_consent consent = {.names = &cases[i].names, .count = 1};
        struct compose_diagnostics d = {0};

        plan_losses_note_unused(a, &consent, &losses, deployed, NULL, &d);
        ck_assert_msg(d.len == cases[i].said, "case %zu: %zu said", i, d.len);
        if (d.len && cases[i].text)
            ck_assert_msg(
                strstr(d.items[d.len - 1].message, cases[i].text),
                "case %zu: %s",
                i,
                d.items[d.len - 1].message);
        if (d.len && cases[i].hint)
            ck_assert_msg(
                strstr(d.items[d.len - 1].hint, cases[i].hint),
                "case %zu: %s",
                i,
                d.items[d.len - 1].hint);
        compose_diagnostics_done(&d);
    }
}
END_TEST

/* A target group goes with the service that names it; a database, only when somebody wants that. */
START_TEST(what_refers_to_what_is_gone)
{
    static const struct {
        const char *gone, *closure, *losses;
    } cases[] = {
        {"Group", "Group Service", ""},
        {"Service", "Service", ""},
        {"Db", "Db", "Db "},
        {"Net", "Net Db Balancer", "Balancer Db "},
        {"Nobody", "", ""},
    };
    static const struct {
        const char *id, *type, *refers;
    } resources[] = {
        {"Net", "AWS::EC2::SecurityGroup", NULL},
        {"Group", "AWS::ElasticLoadBalancingV2::TargetGroup", NULL},
        {"Service", "AWS::ECS::Service", "Group"},
        {"Db", "AWS::RDS::DBInstance", "Net"},
        {"Balancer", "AWS::ElasticLoadBalancingV2::LoadBalancer", "Net"},
    };
    cleanup_arena struct arena *a = arena_new();
    json_t *all = json_object();

    for (size_t i = 0; i < ARRAY_LEN(resources); i++)
        json_object_set_new(
            all,
            resources[i].id,
            object(
                key("Type", resources[i].type),
                key("Properties", object(key("Uses", object(key("Ref", resources[i].refers)))))));
    cleanup_json json_t *deployed = object(key("Resources", all));

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_json json_t *gone = json_object();
        struct plan_losses losses;
        cleanup_str struct str names = STR_INIT;

        json_object_set_new(gone, cases[i].gone, json_true());
        cleanup_json json_t *closure = plan_gone_closure(deployed, gone);
        const char *id;
        json_t *unused;
        size_t expected = *cases[i].closure ? 1 : 0;

        for (const char *p = cases[i].closure; *p; p++)
            expected += *p == ' ';
        ck_assert_msg(json_object_size(closure) == expected, "case %zu", i);
        json_object_foreach(closure, id, unused)
            ck_assert_ptr_nonnull(strstr(cases[i].closure, id));

        plan_losses_of_gone(a, deployed, gone, closure, &losses);
        for (size_t k = 0; k < losses.len; k++)
            str_appendf(&names, "%s ", losses.items[k].logical_id);
        ck_assert_str_eq(str_get(&names), cases[i].losses);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("effect");
    TCase *t = tcase_create("effect");
    tcase_add_loop_test(t, rows, 0, (int)ARRAY_LEN(ROWS));
    tcase_add_test(t, retention);
    tcase_add_test(t, policies_of_what_is_there);
    tcase_add_test(t, addresses);
    tcase_add_test(t, names_that_allow_nothing);
    tcase_add_test(t, what_refers_to_what_is_gone);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
