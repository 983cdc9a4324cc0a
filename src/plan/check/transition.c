/* From what is deployed to what is planned: steps that lose something for good, or that AWS refuses
 * halfway, are refused before anything is touched (defang.md 4.9). Read off the two templates, not
 * off the names of modes: single settings count as well.
 *
 * Refused unless a setting says that it is meant: losing deletion protection or backups. Refused
 * always: an older version of a store, another way of discovery. A major version of Postgres wants
 * allow-downtime; one of DocumentDB is not to be had in place. All of a step is looked at before
 * anything is told of what would be lost, so that it is told at once. */
#include "base/str.h"
#include "plan/plan.h"
#include <string.h>

struct step {
    struct arena *a;
    const struct plan_request *r;
    struct str lost;
    struct error *err;
};

static bool is(const json_t *properties, const char *key)
{
    return json_is_true(json_object_get(properties, key));
}

static long long count_of(const json_t *properties, const char *key)
{
    return json_integer_value(json_object_get(properties, key));
}

static void lose(struct step *t, const char *id, const char *what)
{
    str_appendf(&t->lost, "%s%s of %s", t->lost.len ? ", " : "", what, id);
}

static void compare(struct step *t, const char *id, const json_t *before, const json_t *now)
{
    if (is(before, "DeletionProtection") && !is(now, "DeletionProtection"))
        lose(t, id, "deletion protection");
    if (count_of(before, "BackupRetentionPeriod") > 0 && !count_of(now, "BackupRetentionPeriod"))
        lose(t, id, "backups");
    if (count_of(before, "SnapshotRetentionLimit") > 0 && !count_of(now, "SnapshotRetentionLimit"))
        lose(t, id, "backups");
}

/* "16.3" → 1603, so that versions compare; 0 when there is none. */
static unsigned version_of(const json_t *properties, bool minor)
{
    const char *text = json_str(properties, "EngineVersion");
    const char *dot = text ? strchr(text, '.') : NULL;

    if (!text)
        return 0;

    unsigned version = (unsigned)strtoul(text, NULL, 10) * 100;
    if (minor && dot)
        version += (unsigned)strtoul(dot + 1, NULL, 10);
    return version;
}

static int refuse(struct step *t, const char *group, const char *hint, const char *text)
{
    const char *service = text_starts(group, "service/") ? group + strlen("service/") : group;
    int rc = error_raise(t->err, ERR_REFUSED, "service %s: %s; nothing was touched", service, text);

    error_hint(t->err, "%s", hint);
    return rc;
}

static int check_database(struct step *t, const struct graph_resource *r, const json_t *before)
{
    unsigned old = version_of(before, false);
    unsigned new = version_of(r->properties, false);

    if (!old || !new || old == new)
        return 0;
    if (new < old)
        return refuse(
            t,
            r->group,
            "Name the version that runs, or make a new service and move the data.",
            arena_printf(
                t->a, "RDS does not go back from Postgres %u to %u", old / 100, new / 100));
    if (!is(r->properties, "AllowMajorVersionUpgrade"))
        return refuse(
            t,
            r->group,
            "Say x-defang-postgres: {allow-downtime: true} for this deployment, or name the "
            "version that runs.",
            arena_printf(
                t->a,
                "going from Postgres %u to %u takes the database down for minutes",
                old / 100,
                new / 100));
    return 0;
}

static int check_documents(struct step *t, const struct graph_resource *r, const json_t *before)
{
    unsigned old = version_of(before, false);
    unsigned new = version_of(r->properties, false);

    if (!old || !new || old == new)
        return 0;
    return refuse(
        t,
        r->group,
        "Name the version that runs, or make a new service from a snapshot: x-defang-mongodb: "
        "{from-snapshot: name}.",
        arena_printf(
            t->a,
            "CloudFormation does not take DocumentDB from %u.0 to %u.0 in place",
            old / 100,
            new / 100));
}

static int check_cache(struct step *t, const struct graph_resource *r, const json_t *before)
{
    bool valkey_before = text_eq(json_str(before, "Engine"), "valkey");
    bool valkey = text_eq(json_str(r->properties, "Engine"), "valkey");

    if (valkey_before && !valkey)
        return refuse(
            t,
            r->group,
            "Go on with a valkey image, or make a new service.",
            "ElastiCache does not go back from Valkey to Redis OSS");
    if (valkey_before == valkey && version_of(r->properties, true) < version_of(before, true))
        return refuse(
            t,
            r->group,
            "Name the version that runs, or make a new service.",
            arena_printf(
                t->a,
                "ElastiCache does not go back from %s to %s",
                json_str(before, "EngineVersion"),
                json_str(r->properties, "EngineVersion")));
    return 0;
}

static int check_store(struct step *t, const struct graph_resource *r, const json_t *before)
{
    if (strcmp(r->type, "AWS::RDS::DBInstance") == 0)
        return check_database(t, r, before);
    if (strcmp(r->type, "AWS::DocDB::DBCluster") == 0)
        return check_documents(t, r, before);
    if (strcmp(r->type, "AWS::ElastiCache::ReplicationGroup") == 0)
        return check_cache(t, r, before);
    return 0;
}

/* Two private zones of one name cannot stand in one VPC, and a stack makes the new one first. */
static int check_discovery(struct step *t, const struct graph *g, const json_t *resources)
{
    bool had_map = json_object_get(resources, "Namespace");
    bool had_zone = json_object_get(resources, "PrivateZone");
    bool changes =
        (had_map && graph_get(g, "PrivateZone")) || (had_zone && graph_get(g, "Namespace"));

    if (!changes)
        return 0;
    int rc = error_raise(
        t->err,
        ERR_REFUSED,
        "a deployed project keeps its way of discovery: the setting discovery is %s now and was "
        "%s; nothing was touched",
        had_map ? "sidecar" : "cloud-map",
        had_map ? "cloud-map" : "sidecar");
    error_hint(t->err, "Take the project down first, or deploy it under another --stack.");
    return rc;
}

static int check_lost(struct step *t)
{
    if (!t->lost.len || t->r->settings->allow_downgrade)
        return 0;
    int rc = error_raise(
        t->err,
        ERR_REFUSED,
        "this deployment would take away: %s; nothing was touched",
        str_get(&t->lost));
    error_hint(
        t->err,
        "Deploy in the mode of before (--mode), or say DEFANG_ALLOW_DOWNGRADE=1 if it is meant.");
    return rc;
}

int plan_check_previous(const struct plan_request *r, const struct graph *g, struct error *err)
{
    const json_t *resources = json_object_get(r->previous, "Resources");
    cleanup_arena struct arena *a = arena_new();
    struct step t = {.a = a, .r = r, .err = err};
    int rc = check_discovery(&t, g, resources);

    for (size_t i = 0; i < g->len && rc == 0; i++) {
        const struct graph_resource *now = &g->resources[i];
        const json_t *before = json_object_get(resources, now->logical_id);

        if (!before || !text_eq(json_str(before, "Type"), now->type))
            continue;
        compare(&t, now->logical_id, json_object_get(before, "Properties"), now->properties);
        rc = check_store(&t, now, json_object_get(before, "Properties"));
    }

    if (rc == 0)
        rc = check_lost(&t);
    str_done(&t.lost);
    return rc;
}
