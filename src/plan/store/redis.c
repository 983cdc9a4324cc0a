/* x-defang-redis: ElastiCache for Redis OSS or Valkey (defang.md 7.9). */
#include "plan/context.h"
#include "plan/network/network.h"
#include "plan/store/store.h"
#include <string.h>

static void add_subnet_group(struct plan_ctx *c)
{
    if (!graph_get(c->g, "CacheSubnetGroup"))
        graph_add(
            c->g,
            "network",
            "CacheSubnetGroup",
            "AWS::ElastiCache::SubnetGroup",
            plan_json(
                "{s:s,s:o}",
                "Description",
                arena_printf(c->a, "Private subnets of %s", c->scope),
                "SubnetIds",
                plan_subnets(c, false)));
}

int plan_redis(struct plan_ctx *c, const struct plan_service *s)
{
    struct plan_cache_version version;
    plan_cache_version(s->s->image, &version);
    const char *class = plan_cache_class(c->s, s->memory_mib);
    if (!class)
        return error_raise(
            c->diag.err,
            ERR_USAGE,
            "service %s cannot become a cache: run the checks first",
            s->s->name);
    const char *id = arena_printf(c->a, "Cache%s", s->id);
    int nodes = s->replicas > 1 ? (int)s->replicas : 1;
    add_subnet_group(c);
    json_t *p = plan_json(
        "{s:s,s:s,s:s,s:s,s:i,s:b,s:b,s:b,s:b,s:i,s:o,s:[o],s:b,s:i,s:o}",
        "ReplicationGroupDescription",
        arena_printf(c->a, "Service %s of %s", s->s->name, c->scope),
        "Engine",
        version.engine,
        "EngineVersion",
        version.version,
        "CacheNodeType",
        class,
        "NumCacheClusters",
        nodes,
        "AutomaticFailoverEnabled",
        nodes > 1,
        "MultiAZEnabled",
        nodes > 1,
        "AtRestEncryptionEnabled",
        1,
        "TransitEncryptionEnabled",
        version.tls,
        "Port",
        (int)s->ports[0].target,
        "CacheSubnetGroupName",
        graph_ref("CacheSubnetGroup"),
        "SecurityGroupIds",
        graph_attr(arena_printf(c->a, "SecurityGroup%s", s->id), "GroupId"),
        "AutoMinorVersionUpgrade",
        1,
        "SnapshotRetentionLimit",
        (int)c->s->backup_days,
        "Tags",
        plan_tags(arena_printf(c->a, "%s-%s", c->scope, s->s->name), s->s->name));
    if (version.tls) /* clients that speak plain Redis go on working, as they do in Compose */
        json_add(p, "TransitEncryptionMode", json_string("preferred"));
    if (c->s->backup_days)
        json_add(p, "SnapshotWindow", json_string(plan_cache_window(c->a, c->s)));
    if (s->s->redis.from_snapshot)
        json_add(p, "SnapshotName", json_string(s->s->redis.from_snapshot));
    struct graph_resource *r =
        graph_add(c->g, s->group, id, "AWS::ElastiCache::ReplicationGroup", p);
    r->usual = "usually 5-8 min";
    /* `down` is a wish to lose the data unless the mode protects them; a change that replaces the
     * store is not. */
    r->deletion_policy = c->s->deletion_protection ? "Snapshot" : "Delete";
    r->replace_policy = "Snapshot";
    plan_store_alias(c, s, id, "PrimaryEndPoint.Address");
    plan_cache_alarms(c, s, id);
    return 0;
}
