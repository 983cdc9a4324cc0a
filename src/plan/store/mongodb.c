/* x-defang-mongodb: Amazon DocumentDB (defang.md 6.8). A cluster of its storage, with as many
 * instances as the service has replicas: one writes, all read.
 *
 * TLS is off unless the command asks for it (--tlsMode requireTLS), so that plain clients go on
 * working as they do in Compose; the cluster is reached from inside the VPC only. CloudFormation
 * reads SecureString parameters for RDS and not for DocumentDB
 * (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/
 * dynamic-references-ssm-secure-strings.html): the password comes from a secret of Secrets Manager,
 * which the engine fills from the config store (store_secret.c). */
#include "base/mem.h"
#include "plan/common/context.h"
#include "plan/network/network.h"
#include "plan/store/store.h"
#include <string.h>

/* One for all clusters of the project. */
static void add_subnet_group(struct plan_ctx *c)
{
    if (graph_get(c->g, "DocumentSubnetGroup"))
        return;

    json_t *group = object(
        key("DBSubnetGroupDescription", arena_printf(c->a, "Private subnets of %s", c->scope)),
        key("SubnetIds", plan_subnets(c, false)));
    graph_add(c->g, "network", "DocumentSubnetGroup", "AWS::DocDB::DBSubnetGroup", group);
}

/* `version` "5.0.0" is of the family "docdb5.0". */
static void add_parameters(
    struct plan_ctx *c, const struct plan_service *s, const char *id, const char *version)
{
    cleanup_free char *family = xstrndup(version, strcspn(version, ".") + 2);
    const char *tls = plan_mongodb_tls(s->s) ? "enabled" : "disabled";

    json_t *group = object(
        key("Description", plan_store_description(c, s)),
        key("Family", arena_printf(c->a, "docdb%s", family)),
        key("Parameters", object(key("tls", tls))),
        key("Tags", plan_tags(NULL, s->s->name)));
    graph_add(c->g, s->group, id, "AWS::DocDB::DBClusterParameterGroup", group);
}

static const char *password(struct plan_ctx *c, const struct plan_service *s)
{
    struct plan_store_secret secret;

    plan_store_secret(c->a, c->r, s, &secret);
    return arena_printf(
        c->a, "{{resolve:secretsmanager:%s:SecretString:::%s}}", secret.secret, secret.version);
}

static void add_cluster(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *id,
    const char *parameters,
    const char *version)
{
    /* One day is the least that DocumentDB takes, and free. */
    unsigned backup_days = c->s->backup_days ? c->s->backup_days : 1;
    /* User and data come with a snapshot. */
    const char *snapshot =
        plan_store_snapshot(c, s, id, "SnapshotIdentifier", s->s->mongodb.from_snapshot);
    const char *said = plan_store_name(c->a, c->r, s, PLAN_MONGODB_USER, "user");
    const char *new_user = said ? said : "mongo";

    json_t *cluster = object(
        key("EngineVersion", version),
        key("Port", s->ports[0].target),
        key("DBSubnetGroupName", graph_ref("DocumentSubnetGroup")),
        key("VpcSecurityGroupIds", plan_store_groups(c, s)),
        key("DBClusterParameterGroupName", graph_ref(parameters)),
        key("StorageEncrypted", true),
        key("BackupRetentionPeriod", backup_days),
        key("PreferredBackupWindow", c->s->backup_window),
        key("PreferredMaintenanceWindow", plan_maintenance_window(c->a, c->s->backup_window)),
        key("CopyTagsToSnapshot", true),
        key("DeletionProtection", c->s->deletion_protection),
        key("Tags", plan_store_tags(c, s)),
        key("MasterUserPassword", password(c, s)),
        key("SnapshotIdentifier", snapshot),
        key("MasterUsername", snapshot ? NULL : new_user));
    struct graph_resource *r = graph_add(c->g, s->group, id, "AWS::DocDB::DBCluster", cluster);
    r->usual = "usually 1-2 min";
    plan_store_keep_data(r);
}

static void add_node(
    struct plan_ctx *c,
    const struct plan_service *s,
    unsigned number,
    const char *cluster,
    const char *class)
{
    const char *name = arena_printf(c->a, "%s-%s-%u", c->scope, s->s->name, number);

    json_t *node = object(
        key("DBClusterIdentifier", graph_ref(cluster)),
        key("DBInstanceClass", class),
        key("AutoMinorVersionUpgrade", true),
        key("Tags", plan_tags(name, s->s->name)));
    const char *id = arena_printf(c->a, "DocumentNode%s%u", s->id, number);
    struct graph_resource *r = graph_add(c->g, s->group, id, "AWS::DocDB::DBInstance", node);
    r->usual = "usually 6-9 min";
}

int plan_mongodb(struct plan_ctx *c, const struct plan_service *s)
{
    const char *id = arena_printf(c->a, "Documents%s", s->id);
    const char *parameters = arena_printf(c->a, "DocumentParameters%s", s->id);
    const char *class = plan_document_class(c->s, s->vcpus, s->memory_mib);
    unsigned nodes = s->replicas ? MIN(s->replicas, PLAN_MONGODB_NODES) : 1;
    struct plan_document_version version;

    if (!class)
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s cannot become a DocumentDB cluster: run the checks first",
            s->s->name);

    plan_document_version(s->s->image, &version);
    add_subnet_group(c);
    add_parameters(c, s, parameters, version.version);
    add_cluster(c, s, id, parameters, version.version);
    for (unsigned i = 1; i <= nodes; i++)
        add_node(c, s, i, id, class);

    plan_store_alias(c, s, id, "Endpoint");
    plan_document_alarms(c, s, id);
    /* Who waits for the alias waits for a node that answers. */
    graph_depend(c->g, plan_alias_id(c, s), arena_printf(c->a, "DocumentNode%s1", s->id));
    return 0;
}
