/* x-defang-mongodb: Amazon DocumentDB (defang.md 6.8). A cluster of its storage, with as many
 * instances as the service has replicas: one writes, all read.
 *
 * TLS is off unless the command asks for it (--tlsMode requireTLS), so that plain clients go on
 * working as they do in Compose; the cluster is reached from inside the VPC only. CloudFormation
 * reads SecureString parameters for RDS and not for DocumentDB
 * (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/
 * dynamic-references-ssm-secure-strings.html): the password comes from a secret of Secrets Manager,
 * which the engine fills from the config store. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/config.h"
#include "plan/context.h"
#include "plan/names.h"
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

const char *plan_mongodb_user(struct arena *a, const struct plan_service *s)
{
    const struct compose_env *e = find_env(s->s, PLAN_MONGODB_USER);
    const char *text = e ? compose_text_literal(a, &e->value) : NULL;
    return text_empty(text) ? "mongo" : text;
}

static void add_shared(struct plan_ctx *c)
{
    if (!graph_get(c->g, "DocumentSubnetGroup"))
        graph_add(
            c->g,
            "network",
            "DocumentSubnetGroup",
            "AWS::DocDB::DBSubnetGroup",
            plan_json(
                "{s:s,s:o}",
                "DBSubnetGroupDescription",
                arena_printf(c->a, "Private subnets of %s", c->scope),
                "SubnetIds",
                plan_subnets(c, false)));
}

static void add_parameters(
    struct plan_ctx *c, const struct plan_service *s, const char *id, const char *version)
{
    cleanup_free char *major = xstrndup(version, strcspn(version, ".") + 2);
    graph_add(
        c->g,
        s->group,
        id,
        "AWS::DocDB::DBClusterParameterGroup",
        plan_json(
            "{s:s,s:s,s:{s:s},s:o}",
            "Description",
            arena_printf(c->a, "Service %s of %s", s->s->name, c->scope),
            "Family",
            arena_printf(c->a, "docdb%s", major),
            "Parameters",
            "tls",
            plan_mongodb_tls(s->s) ? "enabled" : "disabled",
            "Tags",
            plan_tags(NULL, s->s->name)));
}

static void add_cluster(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *id,
    const char *parameters,
    const char *version)
{
    struct plan_store_secret secret;
    plan_store_secret(c->a, c->r, s, &secret);
    json_t *p = plan_json(
        "{s:s,s:i,s:o,s:[o],s:o,s:b,s:i,s:s,s:b,s:b,s:o}",
        "EngineVersion",
        version,
        "Port",
        (int)s->ports[0].target,
        "DBSubnetGroupName",
        graph_ref("DocumentSubnetGroup"),
        "VpcSecurityGroupIds",
        graph_attr(arena_printf(c->a, "SecurityGroup%s", s->id), "GroupId"),
        "DBClusterParameterGroupName",
        graph_ref(parameters),
        "StorageEncrypted",
        1,
        /* One day is the least that DocumentDB takes, and free. */
        "BackupRetentionPeriod",
        c->s->backup_days ? (int)c->s->backup_days : 1,
        "PreferredBackupWindow",
        c->s->backup_window,
        "CopyTagsToSnapshot",
        1,
        "DeletionProtection",
        c->s->deletion_protection,
        "Tags",
        plan_tags(arena_printf(c->a, "%s-%s", c->scope, s->s->name), s->s->name));
    json_add(
        p,
        "MasterUserPassword",
        json_string(arena_printf(
            c->a,
            "{{resolve:secretsmanager:%s:SecretString:::%s}}",
            secret.secret,
            secret.version)));
    if (s->s->mongodb.from_snapshot)
        json_add(
            p,
            "SnapshotIdentifier",
            json_string(s->s->mongodb.from_snapshot)); /* user and data come with it */
    else
        json_add(p, "MasterUsername", json_string(plan_mongodb_user(c->a, s)));
    struct graph_resource *r = graph_add(c->g, s->group, id, "AWS::DocDB::DBCluster", p);
    r->usual = "usually 1-2 min";
    /* `down` is a wish to lose the data unless the mode protects them; a change that replaces the
     * store is not. */
    r->deletion_policy = c->s->deletion_protection ? "Snapshot" : "Delete";
    r->replace_policy = "Snapshot";
}

int plan_mongodb(struct plan_ctx *c, const struct plan_service *s)
{
    const char *class = plan_document_class(c->s, s->vcpus, s->memory_mib);
    struct plan_document_version version;
    plan_document_version(s->s->image, &version);
    if (!class)
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s cannot become a DocumentDB cluster: run the checks first",
            s->s->name);
    const char *id = arena_printf(c->a, "Documents%s", s->id),
               *parameters = arena_printf(c->a, "DocumentParameters%s", s->id);
    unsigned nodes = s->replicas ? MIN(s->replicas, PLAN_MONGODB_NODES) : 1;
    add_shared(c);
    add_parameters(c, s, parameters, version.version);
    add_cluster(c, s, id, parameters, version.version);
    const char *last = NULL;
    for (unsigned i = 0; i < nodes; i++) {
        last = arena_printf(c->a, "DocumentNode%s%u", s->id, i + 1);
        struct graph_resource *r = graph_add(
            c->g,
            s->group,
            last,
            "AWS::DocDB::DBInstance",
            plan_json(
                "{s:o,s:s,s:b,s:o}",
                "DBClusterIdentifier",
                graph_ref(id),
                "DBInstanceClass",
                class,
                "AutoMinorVersionUpgrade",
                1,
                "Tags",
                plan_tags(
                    arena_printf(c->a, "%s-%s-%u", c->scope, s->s->name, i + 1), s->s->name)));
        r->usual = "usually 6-9 min";
    }
    plan_store_alias(c, s, id, "Endpoint");
    plan_document_alarms(c, s, id);
    /* Who waits for the alias waits for a node that answers. */
    graph_depend(c->g, plan_alias_id(c, s), arena_printf(c->a, "DocumentNode%s1", s->id));
    return 0;
}

/* ---- what the image's own command says ---- */
bool plan_mongodb_tls(const struct compose_service *s)
{
    for (size_t i = 0; i < s->command_count; i++) {
        const char *word = s->command[i];
        if (text_eq(word, "--tlsMode=requireTLS") ||
            (text_eq(word, "--tlsMode") && i + 1 < s->command_count &&
             text_eq(s->command[i + 1], "requireTLS")))
            return true;
    }
    return false;
}

/* ---- the password's way (plan.h) ---- */
const char *plan_mongodb_config(const struct plan_service *s)
{
    const struct compose_env *e = find_env(s->s, PLAN_MONGODB_PASSWORD);
    return e ? compose_text_bare_config(&e->value) : NULL;
}

void plan_store_secret(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    struct plan_store_secret *out)
{
    const char *config = plan_mongodb_config(s);
    cleanup_free char *root = plan_derived_path(r->settings, r->project->name);
    cleanup_free char *key =
        xasprintf("%s:%lld", config ? config : "", config ? plan_config_mark(r, config) : 0);
    cleanup_free char *version = plan_hash_hex(key, 32);
    cleanup_free char *service =
        plan_name_fit(s->s->name, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 100, 6);
    *out = (struct plan_store_secret){
        .service = s->s->name,
        .config = config,
        .secret = arena_printf(a, "%s%s/password", root + 1, service),
        .version = arena_strdup(a, version)};
}

void plan_store_secrets(
    struct arena *arena,
    const struct plan_request *r,
    struct plan_store_secret **out,
    size_t *count)
{
    struct plan_view v;
    plan_view_make(arena, r->project, &v);
    *out = arena_array(arena, struct plan_store_secret, v.count + 1);
    *count = 0;
    for (size_t i = 0; i < v.count; i++)
        if (v.services[i].kind == PLAN_MONGODB && plan_mongodb_config(&v.services[i]))
            plan_store_secret(arena, r, &v.services[i], &(*out)[(*count)++]);
}
