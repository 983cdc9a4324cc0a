/* What a change does to what runs: one line for each change that stops, moves or loses something.
 *
 * A removal or a replacement of a store is told by what the deployed template's policy keeps of it;
 * another replacement by the type; a change in place by the property. What is only added does
 * nothing to what runs. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include <string.h>

static bool names(const struct graph_change *c, const char *property)
{
    for (size_t i = 0; i < c->property_count; i++)
        if (strcmp(c->properties[i], property) == 0)
            return true;
    return false;
}

/* A store that goes: what becomes of what is in it. `policy` is the deployed template's. */
static const char *lost(const char *policy, bool replaced)
{
    if (text_eq(policy, "Retain"))
        return replaced ? "a new one begins empty; the old one stays in the account"
                        : "it stays in the account, and costs, until somebody deletes it";
    if (text_eq(policy, "Snapshot"))
        return replaced ? "a new one begins empty; what the old one held is kept in a last snapshot"
                        : "what it held is kept in a last snapshot";
    return replaced ? "a new one begins empty; WHAT THE OLD ONE HELD IS LOST"
                    : "WHAT IT HOLDS IS LOST";
}

static bool is_store(const char *type)
{
    static const char *const stores[] = {
        "AWS::RDS::DBInstance",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::DocDB::DBCluster",
        "AWS::EFS::FileSystem"};

    for (size_t i = 0; i < ARRAY_LEN(stores); i++)
        if (strcmp(stores[i], type) == 0)
            return true;
    return false;
}

static const char *of_replacement(const char *type)
{
    static const struct {
        const char *type, *warning;
    } rows[] = {
        {"AWS::CloudFront::Distribution", "its address changes"},
        {"AWS::EC2::EIP", "the address that calls to the outside come from changes"},
        {"AWS::EC2::NatGateway", "calls to the outside stop for a minute"},
        {"AWS::EC2::Subnet", "everything in it is made anew"},
        {"AWS::EC2::VPC", "everything in it is made anew"},
        {"AWS::ECS::Cluster", "all services are made anew in another cluster"},
        {"AWS::ECS::Service", "the old service goes when the new one is steady"},
        {"AWS::ElasticLoadBalancingV2::LoadBalancer",
         "its address changes: records that are not made here must follow"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].type, type) == 0)
            return rows[i].warning;
    return NULL;
}

static const char *of_change(const struct plan_settings *s, const struct graph_change *c)
{
    if (strcmp(c->type, "AWS::RDS::DBInstance") == 0) {
        if (names(c, "EngineVersion"))
            return "the database is down while it is upgraded, minutes or more";
        if (names(c, "DBInstanceClass"))
            return "the database is down for some minutes";
    }

    if (strcmp(c->type, "AWS::DocDB::DBInstance") == 0 && names(c, "DBInstanceClass"))
        return "the store is down for some minutes";
    if (strcmp(c->type, "AWS::ElastiCache::ReplicationGroup") == 0 &&
        (names(c, "CacheNodeType") || names(c, "EngineVersion")))
        return "connections to the cache break for some seconds";
    if (strcmp(c->type, "AWS::ECS::Service") == 0 &&
        (names(c, "TaskDefinition") || names(c, "NetworkConfiguration")) &&
        s->min_healthy_percent == 0)
        return "old tasks stop before new ones run: a short downtime (mode balanced has none)";
    if (strcmp(c->type, "AWS::EC2::Route") == 0)
        return "open connections to the outside may break";
    return NULL;
}

const char *plan_change_warning(
    const struct plan_settings *s, const struct graph_change *c, const json_t *deployed)
{
    cleanup_free char *path = xasprintf("Resources.%s", c->logical_id);
    const json_t *old = json_at(deployed, path);
    bool replaced = strcmp(c->replacement, "replace") == 0;

    if (c->action == GRAPH_ADD)
        return NULL;
    if (c->action == GRAPH_REMOVE)
        return is_store(c->type) ? lost(json_str(old, "DeletionPolicy"), false) : NULL;
    if (replaced && is_store(c->type))
        return lost(json_str(old, "UpdateReplacePolicy"), true);
    const char *found = replaced ? of_replacement(c->type) : NULL;
    return found ? found : of_change(s, c);
}
