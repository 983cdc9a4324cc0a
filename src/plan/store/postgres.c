/* x-defang-postgres: RDS for PostgreSQL (defang.md 7.8). The password is never in the template: a
 * dynamic reference names the SSM parameter. With the parameter's version when it is known, because
 * CloudFormation compares the reference and not the value. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/config.h"
#include "plan/context.h"
#include "plan/network/network.h"
#include "plan/store/store.h"
#include <string.h>

static const struct compose_env *find_env(const struct compose_service *s, const char *name)
{
    for (size_t i = 0; i < s->environment_count; i++)
        if (strcmp(s->environment[i].name, name) == 0)
            return &s->environment[i];
    return NULL;
}

static const char *literal_or(
    const struct plan_ctx *c, const struct plan_service *s, const char *name, const char *fallback)
{
    const struct compose_env *e = find_env(s->s, name);
    const char *text = e ? compose_text_literal(c->a, &e->value) : NULL;
    return text_empty(text) ? fallback : text;
}

static const char *password(struct plan_ctx *c, const struct plan_service *s)
{
    const struct compose_env *e = find_env(s->s, "POSTGRES_PASSWORD");
    const char *config = e ? compose_text_bare_config(&e->value) : NULL;
    if (!config)
        return NULL; /* plan_check has said what to do */
    long long version = plan_config_version(c->r, config);
    if (version > 0)
        return arena_printf(
            c->a, "{{resolve:ssm-secure:%s%s:%lld}}", c->config_path, config, version);
    return arena_printf(c->a, "{{resolve:ssm-secure:%s%s}}", c->config_path, config);
}

static void add_subnet_group(struct plan_ctx *c)
{
    if (!graph_get(c->g, "DatabaseSubnetGroup"))
        graph_add(
            c->g,
            "network",
            "DatabaseSubnetGroup",
            "AWS::RDS::DBSubnetGroup",
            plan_json(
                "{s:s,s:o}",
                "DBSubnetGroupDescription",
                arena_printf(c->a, "Private subnets of %s", c->scope),
                "SubnetIds",
                plan_subnets(c, false)));
}

/* From version 15 on RDS's own group takes encrypted connections only; the clients of a Compose
 * project speak plain, and the instance is reached from inside the VPC only. What the command sets
 * for the server (`-c max_connections=200`) goes in as well. The family is create-only: a major
 * upgrade makes a new group, which the instance takes together with its new version. */
static const char *add_parameters(struct plan_ctx *c, const struct plan_service *s)
{
    const char *version = plan_postgres_version(s->s->image),
               *id = arena_printf(c->a, "DatabaseParameters%s", s->id);
    json_t *parameters = json_object();
    for (size_t i = 0; i < s->s->command_count; i++) {
        const char *name, *value;
        if (plan_postgres_parameter(c->a, s->s, i, &name, &value))
            json_add(parameters, name, json_string(value));
    }
    long long major = 0;
    cleanup_free char *number =
        xstrndup(version ? version : "", strcspn(version ? version : "", "."));
    if (text_parse_int(number, 1, 999, &major) == 0 && major > 14)
        json_add(parameters, "rds.force_ssl", json_string("0"));
    if (!version || !json_object_size(parameters)) {
        json_decref(parameters);
        return NULL; /* RDS has its own */
    }
    graph_add(
        c->g,
        s->group,
        id,
        "AWS::RDS::DBParameterGroup",
        plan_json(
            "{s:s,s:s,s:o,s:o}",
            "Description",
            arena_printf(c->a, "Service %s of %s", s->s->name, c->scope),
            "Family",
            arena_printf(c->a, "postgres%lld", major),
            "Parameters",
            parameters,
            "Tags",
            plan_tags(NULL, s->s->name)));
    return id;
}

int plan_postgres(struct plan_ctx *c, const struct plan_service *s)
{
    const char *secret = password(c, s), *class = plan_rds_class(c->s, s->vcpus, s->memory_mib);
    if (!secret || !class)
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s cannot become an RDS instance: run the checks first",
            s->s->name);
    const char *id = arena_printf(c->a, "Database%s", s->id);
    const char *user = literal_or(c, s, "POSTGRES_USER", "postgres");
    const char *db = literal_or(c, s, "POSTGRES_DB", user);
    bool downtime = s->s->postgres.allow_downtime;
    add_subnet_group(c);
    json_t *p = plan_json(
        "{s:s,s:s*,s:s,s:s,s:i,s:s,s:b,s:b,s:b,s:s,s:[o],s:o,s:i,s:s,s:b,s:b,s:b,s:b,s:b,s:o}",
        "Engine",
        "postgres",
        "EngineVersion",
        plan_postgres_version(s->s->image),
        "DBInstanceClass",
        class,
        "AllocatedStorage",
        "20",
        "MaxAllocatedStorage",
        500,
        "StorageType",
        "gp3",
        "StorageEncrypted",
        1,
        "PubliclyAccessible",
        0,
        "MultiAZ",
        s->replicas > 1,
        "Port",
        arena_printf(c->a, "%u", s->ports[0].target),
        "VPCSecurityGroups",
        graph_attr(arena_printf(c->a, "SecurityGroup%s", s->id), "GroupId"),
        "DBSubnetGroupName",
        graph_ref("DatabaseSubnetGroup"),
        "BackupRetentionPeriod",
        (int)c->s->backup_days,
        "PreferredBackupWindow",
        c->s->backup_window,
        "AutoMinorVersionUpgrade",
        1,
        "AllowMajorVersionUpgrade",
        downtime,
        "ApplyImmediately",
        downtime,
        "CopyTagsToSnapshot",
        1,
        "DeletionProtection",
        c->s->deletion_protection,
        "Tags",
        plan_tags(arena_printf(c->a, "%s-%s", c->scope, s->s->name), s->s->name));
    json_add(p, "MasterUserPassword", json_string(secret));
    const char *parameters = add_parameters(c, s);
    if (parameters)
        json_add(p, "DBParameterGroupName", graph_ref(parameters));
    if (s->s->postgres.from_snapshot) {
        /* User, database and encryption come with the snapshot. */
        json_add(p, "DBSnapshotIdentifier", json_string(s->s->postgres.from_snapshot));
        json_object_del(p, "StorageEncrypted");
    } else {
        json_add(p, "MasterUsername", json_string(user));
        if (strcmp(db, "postgres") != 0) /* that one is always there */
            json_add(p, "DBName", json_string(db));
    }
    struct graph_resource *r = graph_add(c->g, s->group, id, "AWS::RDS::DBInstance", p);
    r->usual = "usually 6-9 min";
    /* `down` is a wish to lose the data unless the mode protects them; a change that replaces the
     * store is not. */
    r->deletion_policy = c->s->deletion_protection ? "Snapshot" : "Delete";
    r->replace_policy = "Snapshot";
    plan_store_alias(c, s, id, "Endpoint.Address");
    plan_database_alarms(c, s, id);
    return 0;
}
