/* x-defang-redis: ElastiCache for Redis OSS or Valkey (defang.md 7.9), a replication group with as
 * many nodes as the service has replicas: one writes, the others stand by in other zones.
 *
 * Where the engine can do both, TLS is offered and not asked for: clients that speak plain Redis go
 * on working, as they do in Compose. */
#include "plan/common/context.h"
#include "plan/network/network.h"
#include "plan/store/store.h"

/* One for all caches of the project. */
static void add_subnet_group(struct plan_ctx *c)
{
    if (graph_get(c->g, "CacheSubnetGroup"))
        return;

    json_t *group = object(
        key("Description", arena_printf(c->a, "Private subnets of %s", c->scope)),
        key("SubnetIds", plan_subnets(c, false)));
    graph_add(c->g, "network", "CacheSubnetGroup", "AWS::ElastiCache::SubnetGroup", group);
}

static void
add_cache(struct plan_ctx *c, const struct plan_service *s, const char *id, const char *class)
{
    struct plan_cache_version version;
    plan_cache_version(s->s->image, &version);

    int nodes = s->replicas > 1 ? (int)s->replicas : 1;
    bool spare = nodes > 1;
    const char *tls_mode = version.tls ? "preferred" : NULL;
    int backup_days = (int)c->s->backup_days;
    const char *snapshot = plan_store_snapshot(c, s, id, "SnapshotName", s->s->redis.from_snapshot);
    const char *window = backup_days ? plan_cache_window(c->a, c->s) : NULL;

    json_t *cache = object(
        key("ReplicationGroupDescription", plan_store_description(c, s)),
        key("Engine", version.engine),
        key("EngineVersion", version.version),
        key("CacheNodeType", class),
        key("NumCacheClusters", nodes),
        key("AutomaticFailoverEnabled", spare),
        key("MultiAZEnabled", spare),
        key("AtRestEncryptionEnabled", true),
        key("TransitEncryptionEnabled", version.tls),
        key("Port", s->ports[0].target),
        key("CacheSubnetGroupName", graph_ref("CacheSubnetGroup")),
        key("SecurityGroupIds", plan_store_groups(c, s)),
        key("AutoMinorVersionUpgrade", true),
        key("SnapshotRetentionLimit", backup_days),
        key("Tags", plan_store_tags(c, s)),
        key("TransitEncryptionMode", tls_mode),
        key("SnapshotWindow", window),
        key("PreferredMaintenanceWindow", window ? plan_maintenance_window(c->a, window) : NULL),
        key("SnapshotName", snapshot));
    struct graph_resource *r =
        graph_add(c->g, s->group, id, "AWS::ElastiCache::ReplicationGroup", cache);
    r->usual = "usually 5-8 min";
    plan_store_keep_data(r);
}

int plan_redis(struct plan_ctx *c, const struct plan_service *s)
{
    const char *class = plan_cache_class(c->s, c->f->region, s->memory_mib);
    const char *id = arena_printf(c->a, "Cache%s", s->id);

    if (!class)
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s cannot become a cache: run the checks first",
            s->s->name);

    add_subnet_group(c);
    add_cache(c, s, id, class);
    plan_store_alias(c, s, id, "PrimaryEndPoint.Address");
    plan_cache_alarms(c, s, id);
    return 0;
}
