/* x-defang-postgres: RDS for PostgreSQL (defang.md 7.8).
 *
 * The password is never in the template: a dynamic reference names the SSM parameter. With the
 * parameter's version when it is known, because CloudFormation compares the reference and not the
 * value (plan/passwords.h).
 *
 * The instance has no public address and admits the project's own services only
 * (network/security.c). `allow-downtime` lets a change that takes the database down happen at once
 * and not in the next maintenance window, and lets its major version go up. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/config.h"
#include "plan/common/context.h"
#include "plan/network/network.h"
#include "plan/store/store.h"
#include <ctype.h>
#include <string.h>

static const char *name_or(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const char *name,
    const char *what,
    const char *fallback)
{
    const char *said = plan_store_name(c->a, c->r, s, name, what);

    return said ? said : fallback;
}

/* What the next plan tells a value by that was removed and set anew (plan/passwords.h). */
static void note_mark(struct plan_ctx *c, const char *id, const char *config)
{
    json_t *defang = json_object_get(c->g->metadata, "Defang");
    json_t *marks = json_object_get(defang, "passwords");

    if (!marks) {
        marks = json_object();
        json_add(defang, "passwords", marks);
    }
    json_add(marks, id, json_integer(plan_config_mark(c->r, config)));
}

/* NULL when there is none; plan_check has said what to do. */
static const char *password(struct plan_ctx *c, const struct plan_service *s, const char *id)
{
    const struct compose_env *e = plan_store_env(s->s, PLAN_POSTGRES_PASSWORD);
    const char *config = e ? compose_text_bare_config(&e->value) : NULL;

    if (!config)
        return NULL;

    long long version = plan_password_version(c->r, id, config);
    if (version > 0)
        note_mark(c, id, config);
    if (version > 0)
        return arena_printf(
            c->a, "{{resolve:ssm-secure:%s%s:%lld}}", c->config_path, config, version);
    return arena_printf(c->a, "{{resolve:ssm-secure:%s%s}}", c->config_path, config);
}

/* One for all databases of the project. */
static void add_subnet_group(struct plan_ctx *c)
{
    if (graph_get(c->g, "DatabaseSubnetGroup"))
        return;

    json_t *group = object(
        key("DBSubnetGroupDescription", arena_printf(c->a, "Private subnets of %s", c->scope)),
        key("SubnetIds", plan_subnets(c, false)));
    graph_add(c->g, "network", "DatabaseSubnetGroup", "AWS::RDS::DBSubnetGroup", group);
}

/* 0 when the image says no version. */
static long long major_of(const char *version)
{
    long long major = 0;

    if (version) {
        cleanup_free char *number = xstrndup(version, strcspn(version, "."));
        (void)text_parse_int(number, 1, 999, &major);
    }
    return major;
}

/* From version 15 on RDS's own group takes encrypted connections only; the clients of a Compose
 * project speak plain, and the instance is reached from inside the VPC only. What the command sets
 * for the server (`-c max_connections=200`) goes in as well. */
static json_t *
server_parameters(struct plan_ctx *c, const struct compose_service *s, long long major)
{
    json_t *parameters = object();

    for (size_t i = 0; i < s->command_count; i++) {
        const char *name, *value;
        if (plan_postgres_parameter(c->a, s, i, &name, &value))
            json_add(parameters, name, json_string(value));
    }
    if (major > 14)
        json_add(parameters, "rds.force_ssl", json_string("0"));
    return parameters;
}

/* The family is create-only: a major upgrade makes a new group, which the instance takes together
 * with its new version. NULL where RDS's own group will do, and where the version, and so the
 * family, is RDS's to choose. */
static const char *add_parameters(struct plan_ctx *c, const struct plan_service *s)
{
    const char *version = plan_postgres_version(s->s->image);
    long long major = major_of(version);
    json_t *parameters = server_parameters(c, s->s, major);

    if (!version || !json_object_size(parameters)) {
        json_decref(parameters);
        return NULL;
    }

    json_t *group = object(
        key("Description", plan_store_description(c, s)),
        key("Family", arena_printf(c->a, "postgres%lld", major)),
        key("Parameters", parameters),
        key("Tags", plan_tags(NULL, s->s->name)));
    const char *id = arena_printf(c->a, "DatabaseParameters%s", s->id);
    graph_add(c->g, s->group, id, "AWS::RDS::DBParameterGroup", group);
    return id;
}

static const json_t *deployed(const struct plan_ctx *c, const char *id)
{
    const json_t *resources = json_object_get(c->r->previous, "Resources");

    return json_object_get(json_object_get(resources, id), "Properties");
}

/* Whole ("16.13"), so that it is the same everywhere and at all times: what is deployed stays as
 * long as it is what the image asks for, and AWS's minor upgrades are AWS's. NULL: RDS chooses. */
static const char *
engine_version(const struct plan_ctx *c, const struct plan_service *s, const char *id)
{
    const char *wanted = plan_postgres_version(s->s->image);
    const char *before = json_str(deployed(c, id), "EngineVersion");
    size_t n = wanted ? strlen(wanted) : 0;
    struct plan_postgres_offer offer;

    if (!wanted)
        return NULL;
    plan_postgres_offer(wanted, &offer);

    bool same = before && strncmp(before, wanted, n) == 0 && !isdigit((unsigned char)before[n]);
    bool stands_for_it = before && !offer.exact && major_of(before) == major_of(wanted);
    if (same || stands_for_it)
        return arena_strdup(c->a, before);
    return arena_strdup(c->a, offer.version ? offer.version : wanted);
}

/* Said once, when the instance is made: RDS enrols it in Extended Support, which costs by the vCPU,
 * unless it is told not to; and makes none of an older version without. */
static const char *lifecycle_support(const struct plan_ctx *c, const char *id, long long major)
{
    const json_t *before = deployed(c, id);

    if (before)
        return json_str(before, "EngineLifecycleSupport");
    if (!major)
        return NULL;
    return plan_postgres_is_extended(major) ? "open-source-rds-extended-support"
                                            : "open-source-rds-extended-support-disabled";
}

static void add_instance(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *id,
    const char *class,
    const char *secret)
{
    const char *parameters = add_parameters(c, s);
    const char *user = name_or(c, s, PLAN_POSTGRES_USER, "user", "postgres");
    const char *database = name_or(c, s, PLAN_POSTGRES_DATABASE, "database", user);
    const char *snapshot =
        plan_store_snapshot(c, s, id, "DBSnapshotIdentifier", s->s->postgres.from_snapshot);
    const char *version = engine_version(c, s, id);
    bool downtime = s->s->postgres.allow_downtime;
    bool spare = s->replicas > 1;

    /* User, database and encryption come with a snapshot. The database "postgres" is always there.
     */
    const char *new_user = snapshot ? NULL : user;
    const char *new_database = snapshot || text_eq(database, "postgres") ? NULL : database;
    json_t *encrypted = snapshot ? NULL : json_true();

    json_t *instance = object(
        key("Engine", "postgres"),
        key("EngineVersion", version),
        key("EngineLifecycleSupport", lifecycle_support(c, id, major_of(version))),
        key("DBInstanceClass", class),
        key("AllocatedStorage", "20"),
        key("MaxAllocatedStorage", 500),
        key("StorageType", "gp3"),
        key("StorageEncrypted", encrypted),
        key("PubliclyAccessible", false),
        key("MultiAZ", spare),
        key("Port", arena_printf(c->a, "%u", s->ports[0].target)),
        key("VPCSecurityGroups", plan_store_groups(c, s)),
        key("DBSubnetGroupName", graph_ref("DatabaseSubnetGroup")),
        key("BackupRetentionPeriod", c->s->backup_days),
        key("PreferredBackupWindow", c->s->backup_window),
        key("PreferredMaintenanceWindow", plan_maintenance_window(c->a, c->s->backup_window)),
        key("AutoMinorVersionUpgrade", true),
        key("AllowMajorVersionUpgrade", downtime),
        key("ApplyImmediately", downtime),
        key("CopyTagsToSnapshot", true),
        key("DeletionProtection", c->s->deletion_protection),
        key("Tags", plan_store_tags(c, s)),
        key("MasterUserPassword", secret),
        key("DBParameterGroupName", parameters ? graph_ref(parameters) : NULL),
        key("DBSnapshotIdentifier", snapshot),
        key("MasterUsername", new_user),
        key("DBName", new_database));
    struct graph_resource *r = graph_add(c->g, s->group, id, "AWS::RDS::DBInstance", instance);
    r->usual = "usually 6-9 min";
    plan_store_keep_data(r);
}

int plan_postgres(struct plan_ctx *c, const struct plan_service *s)
{
    const char *id = arena_printf(c->a, "Database%s", s->id);
    const char *secret = password(c, s, id);
    const char *class = plan_rds_class(c->s, c->f->region, s->vcpus, s->memory_mib);

    if (!secret || !class)
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s cannot become an RDS instance: run the checks first",
            s->s->name);

    add_subnet_group(c);
    add_instance(c, s, id, class, secret);
    plan_store_alias(c, s, id, "Endpoint.Address");
    plan_database_alarms(c, s, id);
    return 0;
}
