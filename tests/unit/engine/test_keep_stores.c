/* What happens to stores beside the engines: passwords that were set anew, and config values that
 * are set to what they are. */
#include "base/mem.h"
#include "data/object.h"
#include "engine/keep/keep.h"
#include "engine/values/config.h"
#include "engine/values/renew.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include <string.h>

static struct cloud cl;

/* ---- a password that was removed and set anew ---- */

static bool renewed;

static void renew(struct cloud *c)
{
    struct flow_config list[] = {{"OTHER", 1, 9000}, {"PW", 1, 9000}};
    const char *reference = "{{resolve:ssm-secure:/Defang/shop/beta/PW:2}}";
    json_t *database = object(key("Properties", object(key("MasterUserPassword", reference))));
    json_t *noted = object(key("passwords", object(key("Db", 5000002))));
    cleanup_json json_t *deployed = object(
        key("Metadata", object(key("Defang", noted))),
        key("Resources", object(key("Db", database))));

    c->rc = passwords_renew(&c->c, deployed, list, ARRAY_LEN(list), &renewed, &c->err);
}

/* SSM numbers each put. */
static void
numbered(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    (void)c;
    (void)call;
    reply->text = xasprintf("{\"Version\":%d}", ++*(int *)arg);
}

START_TEST(trust_24_a_password_that_was_set_anew_is_put_until_its_number_is_new)
{
    int version = 1;

    cloud_init(&cl);
    cloud_reply(&cl, "GetParameter", "{\"Parameter\":{\"Value\":\"n3w-s3cret\",\"Version\":1}}");
    cloud_on(&cl, "PutParameter", numbered, &version);
    cloud_run(&cl, renew);
    ck_assert_msg(cl.rc == 0 && renewed, "%s", cl.err.message);
    ck_assert_int_eq(version, 3);
    ck_assert_uint_eq(cloud_count(&cl, "PutParameter"), 2);
    ck_assert(cloud_body_has(&cl, "PutParameter", 1, "\"n3w-s3cret\""));
    ck_assert(cloud_body_has(&cl, "PutParameter", 1, "\"/Defang/shop/beta/PW\""));
    cloud_done(&cl);
}
END_TEST

/* ---- a value that is set to what it is ---- */

static bool set;

static void set_config(struct cloud *c)
{
    cleanup_secret struct secret value = SECRET_INIT;
    secret_set(&value, "as-before");
    c->rc = flow_config_set(&c->c, "PW", &value, false, &set, &c->err);
}

static void set_over(const char *there)
{
    cleanup_free char *reply = xasprintf(
        "{\"Parameters\":[{\"Name\":\"/Defang/shop/beta/PW\",\"Type\":\"SecureString\","
        "\"Value\":\"%s\"}]}",
        there);

    cloud_init(&cl);
    cloud_reply(&cl, "GetParameters", reply);
    cloud_reply(&cl, "PutParameter", "{\"Version\":2}");
    cloud_run(&cl, set_config);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
}

START_TEST(trust_24_an_equal_value_is_no_new_version)
{
    set_over("as-before");
    ck_assert(!set);
    ck_assert_uint_eq(cloud_count(&cl, "PutParameter"), 0);
    cloud_done(&cl);

    set_over("another");
    ck_assert(set);
    ck_assert_uint_eq(cloud_count(&cl, "PutParameter"), 1);
    cloud_done(&cl);
}
END_TEST

/* ---- stores that go ---- */

/* What RDS says at each look: its last word stays. */
struct database {
    const char *const *states;
    size_t at;
    bool protected_;
};

static void
shown(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    struct database *d = arg;
    const char *state = d->states[d->at];
    (void)c;

    if (d->states[d->at + 1])
        d->at++;
    if (!*state) {
        reply->status = 404;
        reply->text = cloud_error_text(call, "DBInstanceNotFound", "it is gone");
        return;
    }
    reply->text = xasprintf(
        "<DBInstances><DBInstance><DBInstanceIdentifier>db-1</DBInstanceIdentifier>"
        "<DBInstanceStatus>%s</DBInstanceStatus><DeletionProtection>%s</DeletionProtection>"
        "</DBInstance></DBInstances>",
        state,
        d->protected_ ? "true" : "false");
}

static void
unprotected(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    (void)c;
    (void)call;
    ((struct database *)arg)->protected_ = false;
    reply->text = xstrdup("");
}

static bool force, orphan;

static void retire(struct cloud *c)
{
    struct keep_store store = {"AWS::RDS::DBInstance", "db-1", "db", false, orphan};
    struct keep_stores all = {&store, 1};

    c->rc = keep_retire(&c->c, &all, force, &c->err);
}

static void retire_of(struct database *d, bool with_force, bool no_snapshot)
{
    cloud_init(&cl);
    cl.c.no_snapshot = no_snapshot;
    force = with_force;
    cloud_on(&cl, "DescribeDBInstances", shown, d);
    cloud_on(&cl, "ModifyDBInstance", unprotected, d);
    cloud_reply(&cl, "DeleteDBInstance", "");
    cloud_run(&cl, retire);
}

START_TEST(trust_22_a_teardown_waits_for_what_is_being_made_and_says_so)
{
    static const char *const states[] = {
        "creating", "creating", "backing-up", "available", "available", "deleting", "", NULL};
    struct database d = {states, 0, true};

    retire_of(&d, true, false);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "ModifyDBInstance"), 1);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteDBInstance"), 1);
    ck_assert(
        cloud_body_has(&cl, "DeleteDBInstance", 0, "FinalDBSnapshotIdentifier=shop-beta-db-"));
    ck_assert(cloud_said(&cl, "db: waits until it is available (it is creating)") > 0);
    ck_assert(cloud_said(&cl, "db: is deleted, last snapshot shop-beta-db-") > 0);
    ck_assert(strstr(cloud_journal(&cl, "keep.kept"), "shop-beta-db-"));
    cloud_done(&cl);
}
END_TEST

START_TEST(trust_22_a_protected_store_is_refused_before_anything)
{
    static const char *const states[] = {"available", NULL};
    struct database d = {states, 0, true};

    retire_of(&d, false, false);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert(strstr(cl.err.message, "db-1"));
    ck_assert_uint_eq(cloud_count(&cl, "ModifyDBInstance"), 0);
    ck_assert_uint_eq(cloud_count(&cl, "DeleteDBInstance"), 0);
    cloud_done(&cl);
}
END_TEST

START_TEST(trust_22_a_broken_store_goes_without_a_snapshot_when_forced)
{
    static const char *const states[] = {"incompatible-restore", "deleting", "", NULL};
    struct database d = {states, 0, false};

    retire_of(&d, true, false);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert(cloud_body_has(&cl, "DeleteDBInstance", 0, "SkipFinalSnapshot=true"));
    ck_assert(cloud_said(&cl, "leaves none") > 0);
    cloud_done(&cl);
}
END_TEST

/* Somebody may have restored it to look at it: it goes when that is said, and leaves a copy. */
START_TEST(trust_21_what_nothing_names_goes_by_force_only)
{
    static const char *const states[] = {"available", "available", "deleting", "", NULL};
    struct database d = {states, 0, false};

    orphan = true;
    retire_of(&d, false, false);
    ck_assert_int_eq(cl.err.kind, ERR_REFUSED);
    ck_assert(strstr(cl.err.message, "db-1") && strstr(cl.err.hint, "defang:project"));
    ck_assert_uint_eq(cloud_count(&cl, "DeleteDBInstance"), 0);
    cloud_done(&cl);

    d.at = 0;
    retire_of(&d, true, true);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert(
        cloud_body_has(&cl, "DeleteDBInstance", 0, "FinalDBSnapshotIdentifier=shop-beta-db-"));
    cloud_done(&cl);
    orphan = false;
}
END_TEST

START_TEST(trust_22_no_snapshot_leaves_none)
{
    static const char *const states[] = {"available", "available", "deleting", "", NULL};
    struct database d = {states, 0, false};

    retire_of(&d, false, true);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert(cloud_body_has(&cl, "DeleteDBInstance", 0, "SkipFinalSnapshot=true"));
    ck_assert(!cloud_body_has(&cl, "DeleteDBInstance", 0, "FinalDBSnapshotIdentifier"));
    ck_assert_ptr_null(cloud_journal(&cl, "keep.kept"));
    cloud_done(&cl);
}
END_TEST

/* ---- a store that a change replaced ---- */

static bool gone;

static void settle(struct cloud *c)
{
    cleanup_json json_t *properties = object(key("DeletionProtection", true));
    cleanup_json json_t *database = object(
        key("Type", "AWS::RDS::DBInstance"),
        key("Metadata", object(key("Group", "service/db"))),
        key("Properties", json_incref(properties)));
    cleanup_json json_t *deployed =
        object(key("Resources", object(key("Db", json_incref(database)))));
    cleanup_json json_t *ids = object(key("Db", "db-1"));
    cleanup_json json_t *after = object(key("Db", gone ? "db-2" : "db-1"));
    cleanup_graph struct graph *empty = graph_new("test");

    ck_assert(keep_any_goes(deployed, empty));
    c->rc = keep_before(&c->c, deployed, empty, ids, &c->err);
    ck_assert(keep_is_noted(&c->c));
    keep_after(&c->c, after);
    ck_assert(!keep_is_noted(&c->c));
}

#define SNAPSHOT(name, of, status)                                                                 \
    "<DBSnapshot><DBSnapshotIdentifier>" name "</DBSnapshotIdentifier><DBInstanceIdentifier>" of   \
    "</DBInstanceIdentifier><Status>" status "</Status><AllocatedStorage>20</AllocatedStorage>"    \
    "<SnapshotCreateTime>2026-12-01T03:15:00Z</SnapshotCreateTime></DBSnapshot>"
#define MADE  SNAPSHOT("defang-shop-snapshot-db", "db-1", "available")
#define NAMED SNAPSHOT("shop-beta-db-20261201-031500", "db-1", "available")
#define OTHER SNAPSHOT("by-hand", "db-1", "available")

START_TEST(trust_21_a_replaced_store_leaves_a_named_snapshot)
{
    cloud_init(&cl);
    gone = true;
    cloud_reply(&cl, "ModifyDBInstance", "");
    cloud_reply(&cl, "DescribeDBSnapshots", "<DBSnapshots>" OTHER "</DBSnapshots>");
    cloud_reply(&cl, "DescribeDBSnapshots", "<DBSnapshots>" OTHER MADE "</DBSnapshots>");
    cloud_reply(&cl, "DescribeDBSnapshots", "<DBSnapshots>" OTHER MADE "</DBSnapshots>");
    cloud_reply(&cl, "DescribeDBSnapshots", "<DBSnapshots>" OTHER MADE NAMED "</DBSnapshots>");
    cloud_reply(&cl, "CopyDBSnapshot", "");
    cloud_reply(&cl, "DeleteDBSnapshot", "");
    cloud_run(&cl, settle);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert_uint_eq(cloud_count(&cl, "ModifyDBInstance"), 1); /* lifted before the change */
    ck_assert(cloud_body_has(&cl, "CopyDBSnapshot", 0, "shop-beta-db-20261201-031500"));
    ck_assert_uint_eq(cloud_count(&cl, "DeleteDBSnapshot"), 1);
    ck_assert(cloud_body_has(&cl, "DeleteDBSnapshot", 0, "defang-shop-snapshot-db"));
    ck_assert(strstr(cloud_journal(&cl, "keep.kept"), "shop-beta-db-20261201-031500"));
    cloud_done(&cl);
}
END_TEST

START_TEST(trust_21_a_change_that_was_taken_back_protects_again)
{
    cloud_init(&cl);
    gone = false;
    cloud_reply(&cl, "ModifyDBInstance", "");
    cloud_reply(&cl, "DescribeDBSnapshots", "<DBSnapshots></DBSnapshots>");
    cloud_run(&cl, settle);
    ck_assert_uint_eq(cloud_count(&cl, "ModifyDBInstance"), 2);
    ck_assert(cloud_body_has(&cl, "ModifyDBInstance", 0, "DeletionProtection=false"));
    ck_assert(cloud_body_has(&cl, "ModifyDBInstance", 1, "DeletionProtection=true"));
    cloud_done(&cl);
}
END_TEST

/* ---- the newest ---- */

static const char *newest;
static struct arena *arena;

static void find_newest(struct cloud *c)
{
    c->rc = keep_newest(&c->c, arena, "AWS::RDS::DBInstance", "db", &newest, &c->err);
}

START_TEST(trust_22_latest_is_the_newest_of_the_service)
{
    cloud_init(&cl);
    arena = arena_new();
    cloud_reply(
        &cl,
        "DescribeDBSnapshots",
        "<DBSnapshots>" OTHER NAMED SNAPSHOT("shop-beta-db-20270101-000000", "db-0", "creating")
            SNAPSHOT("shop-beta-db-two-20270101-000000", "db-9", "available") "</DBSnapshots>");
    cloud_run(&cl, find_newest);
    ck_assert_str_eq(newest, "shop-beta-db-20261201-031500");
    arena_free(arena);
    cloud_done(&cl);
}
END_TEST

SUITE(
    "engine/keep",
    trust_22_a_teardown_waits_for_what_is_being_made_and_says_so,
    trust_22_a_protected_store_is_refused_before_anything,
    trust_22_a_broken_store_goes_without_a_snapshot_when_forced,
    trust_21_what_nothing_names_goes_by_force_only,
    trust_22_no_snapshot_leaves_none,
    trust_21_a_replaced_store_leaves_a_named_snapshot,
    trust_21_a_change_that_was_taken_back_protects_again,
    trust_22_latest_is_the_newest_of_the_service,
    trust_24_a_password_that_was_set_anew_is_put_until_its_number_is_new,
    trust_24_an_equal_value_is_no_new_version)
