/* What a change does: harmless, stops, moves a public address, or loses data.
 *
 * Whether a change replaces a resource is known from AWS's schemas (graph/replace_table.c). What
 * its going means is a row of the table here, one for every type that the planner makes; a test
 * holds that none is missing, and a type that is in no row counts as holding data. The deletion
 * policies of the deployed template say what becomes of what it holds.
 *
 *     added                 harmless
 *     removed, replaced     the row of the deployed type
 *     changed in place      of_change(): downtime, and logs that are kept for a shorter time
 *
 * "May replace" is a condition of AWS's that only AWS can judge. Of what holds data it counts as a
 * replacement, unless the documentation of the property says that it is changed in place. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/consent.h"
#include "plan/graph/replace.h"
#include "plan/settings.h"
#include <limits.h>
#include <string.h>

struct row {
    const char *type;
    enum plan_effect_kind kind;     /* of its going */
    const char *removed, *replaced; /* for people; NULL: nothing is said */
};

/* Texts of what holds data are made from its policies. */
#define DATA(type)              {type, PLAN_LOSES, NULL, NULL}
#define HARMLESS(type)          {type, PLAN_HARMLESS, NULL, NULL}
#define STOPS(type, gone, anew) {type, PLAN_STOPS, gone, anew}
#define MOVES(type, gone, anew) {type, PLAN_MOVES, gone, anew}

/* clang-format off: a row is a line, sorted by type */
static const struct row ROWS[] = {
    HARMLESS("AWS::ApplicationAutoScaling::ScalableTarget"),
    HARMLESS("AWS::ApplicationAutoScaling::ScalingPolicy"),
    STOPS(
        "AWS::AutoScaling::AutoScalingGroup",
        NULL,
        "its instances go, and with them the tasks on them"),
    HARMLESS("AWS::AutoScaling::LaunchConfiguration"),
    HARMLESS("AWS::CertificateManager::Certificate"),
    MOVES(
        "AWS::CloudFront::Distribution", "its public address goes for good", "its address changes"),
    HARMLESS("AWS::CloudFront::Function"),
    HARMLESS("AWS::CloudFront::OriginAccessControl"),
    HARMLESS("AWS::CloudWatch::Alarm"),
    DATA("AWS::DocDB::DBCluster"),
    HARMLESS("AWS::DocDB::DBClusterParameterGroup"),
    STOPS("AWS::DocDB::DBInstance", NULL, "the store may be down for some minutes"),
    HARMLESS("AWS::DocDB::DBSubnetGroup"),
    HARMLESS("AWS::EC2::DHCPOptions"),
    MOVES(
        "AWS::EC2::EIP",
        "calls to the outside no longer come from this address",
        "the address that calls to the outside come from changes"),
    STOPS("AWS::EC2::InternetGateway", NULL, "nothing reaches the internet meanwhile"),
    HARMLESS("AWS::EC2::LaunchTemplate"),
    STOPS("AWS::EC2::NatGateway", NULL, "calls to the outside stop for a minute"),
    STOPS("AWS::EC2::Route", NULL, "open connections to the outside may break"),
    HARMLESS("AWS::EC2::RouteTable"),
    HARMLESS("AWS::EC2::SecurityGroup"),
    HARMLESS("AWS::EC2::SecurityGroupEgress"),
    HARMLESS("AWS::EC2::SecurityGroupIngress"),
    STOPS("AWS::EC2::Subnet", NULL, "everything in it is made anew"),
    HARMLESS("AWS::EC2::SubnetRouteTableAssociation"),
    STOPS("AWS::EC2::VPC", NULL, "everything in it is made anew"),
    HARMLESS("AWS::EC2::VPCDHCPOptionsAssociation"),
    HARMLESS("AWS::EC2::VPCEndpoint"),
    HARMLESS("AWS::EC2::VPCGatewayAttachment"),
    HARMLESS("AWS::ECR::PullThroughCacheRule"),
    DATA("AWS::ECR::Repository"),
    HARMLESS("AWS::ECS::CapacityProvider"),
    STOPS("AWS::ECS::Cluster", NULL, "all services are made anew in another cluster"),
    HARMLESS("AWS::ECS::ClusterCapacityProviderAssociations"),
    STOPS(
        "AWS::ECS::Service", "the service ends", "the old service goes when the new one is steady"),
    HARMLESS("AWS::ECS::TaskDefinition"),
    HARMLESS("AWS::EFS::AccessPoint"),
    DATA("AWS::EFS::FileSystem"),
    HARMLESS("AWS::EFS::MountTarget"),
    HARMLESS("AWS::ElastiCache::ParameterGroup"),
    DATA("AWS::ElastiCache::ReplicationGroup"),
    HARMLESS("AWS::ElastiCache::SubnetGroup"),
    STOPS(
        "AWS::ElasticLoadBalancingV2::Listener",
        "nothing listens on this port any more",
        "the port does not answer for a moment"),
    HARMLESS("AWS::ElasticLoadBalancingV2::ListenerCertificate"),
    HARMLESS("AWS::ElasticLoadBalancingV2::ListenerRule"),
    MOVES(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "its public address goes for good",
        "its address changes: records that are not made here must follow"),
    HARMLESS("AWS::ElasticLoadBalancingV2::TargetGroup"),
    HARMLESS("AWS::Events::Rule"),
    HARMLESS("AWS::IAM::InstanceProfile"),
    HARMLESS("AWS::IAM::ManagedPolicy"),
    HARMLESS("AWS::IAM::Policy"),
    HARMLESS("AWS::IAM::Role"),
    DATA("AWS::KMS::Key"),
    DATA("AWS::Logs::LogGroup"),
    HARMLESS("AWS::Logs::ResourcePolicy"),
    DATA("AWS::RDS::DBInstance"),
    HARMLESS("AWS::RDS::DBParameterGroup"),
    HARMLESS("AWS::RDS::DBSubnetGroup"),
    STOPS(
        "AWS::Route53::HostedZone",
        "its names resolve no longer",
        "its names do not resolve for a moment"),
    STOPS(
        "AWS::Route53::RecordSet",
        "the name resolves no longer",
        "the name may not resolve for a moment"),
    STOPS(
        "AWS::Route53::RecordSetGroup",
        "the names resolve no longer",
        "the names may not resolve for a moment"),
    DATA("AWS::S3::Bucket"),
    HARMLESS("AWS::S3::BucketPolicy"),
    DATA("AWS::SSM::Parameter"),
    DATA("AWS::SecretsManager::Secret"),
    HARMLESS("AWS::ServiceDiscovery::Instance"),
    STOPS(
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        "private names resolve no longer",
        "private names do not resolve for a moment"),
    STOPS(
        "AWS::ServiceDiscovery::Service",
        NULL,
        "its private name does not resolve for some minutes"),
};

/* Conditional properties that CloudFormation changes in place ("Update requires: No interruption"
 * or "Some interruptions" on the type's page of the CloudFormation reference). */
static const struct {
    const char *type, *property;
} IN_PLACE[] = {
    {"AWS::RDS::DBInstance", "AutoMinorVersionUpgrade"},
    {"AWS::RDS::DBInstance", "BackupRetentionPeriod"},
    {"AWS::RDS::DBInstance", "DBParameterGroupName"},
    {"AWS::RDS::DBInstance", "MultiAZ"},
    {"AWS::RDS::DBInstance", "PreferredMaintenanceWindow"},
    {"AWS::RDS::DBInstance", "StorageType"},
};
/* clang-format on */

const char *plan_effect_name(enum plan_effect_kind kind)
{
    static const char *const names[] = {
        [PLAN_HARMLESS] = "harmless",
        [PLAN_STOPS] = "stops",
        [PLAN_MOVES] = "moves",
        [PLAN_LOSES] = "loses"};

    return names[kind];
}

static const struct row *row_of(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++)
        if (text_eq(ROWS[i].type, type))
            return &ROWS[i];
    return NULL;
}

enum plan_effect_kind plan_effect_of_going(const char *type)
{
    const struct row *row = row_of(type);
    return row ? row->kind : PLAN_LOSES;
}

bool plan_effect_knows(const char *type)
{
    return row_of(type) != NULL;
}

static bool names(const struct graph_change *c, const char *property)
{
    for (size_t i = 0; i < c->property_count; i++)
        if (strcmp(c->properties[i], property) == 0)
            return true;
    return false;
}

/* ---- whether it is replaced ---- */

static bool in_place(const char *type, const char *property)
{
    for (size_t i = 0; i < ARRAY_LEN(IN_PLACE); i++)
        if (text_eq(IN_PLACE[i].type, type) && text_eq(IN_PLACE[i].property, property))
            return true;
    return false;
}

static bool is_conditional(const char *type, const char *property)
{
    size_t rows, n = strlen(property);
    const struct plan_replace_row *row = plan_replace_rows(&rows);

    for (size_t i = 0; i < rows; i++, row++)
        if (row->what == PLAN_REPLACE_MAYBE && text_eq(row->type, type) &&
            strncmp(row->path, property, n) == 0 && (!row->path[n] || row->path[n] == '/'))
            return true;
    return false;
}

static bool is_replaced(const struct graph_change *c)
{
    if (text_eq(c->replacement, "replace"))
        return true;
    if (!text_eq(c->replacement, "may replace"))
        return false;

    for (size_t i = 0; i < c->property_count; i++)
        if (is_conditional(c->type, c->properties[i]) && !in_place(c->type, c->properties[i]))
            return true;
    return false;
}

/* ---- what its going means ---- */

/* A bucket that the stack leaves is emptied by the engine, unless a setting keeps it. */
static bool is_purged(const struct plan_settings *s, const char *type, const json_t *old)
{
    bool asked = s ? s->force_destroy : json_is_true(json_at(old, "Metadata.Purge"));
    return text_eq(type, "AWS::S3::Bucket") && asked;
}

static const char *text_of_data(const struct plan_effect *e, bool snapshot, bool replaced)
{
    if (e->stays)
        return replaced ? "a new one begins empty; the old one stays in the account, and costs"
                        : "it stays in the account, and costs, until somebody deletes it";
    if (snapshot)
        return replaced ? "a new one begins empty; what the old one held is kept in a last snapshot"
                        : "it is deleted; what it held is kept in a last snapshot";
    return replaced ? "a new one begins empty; WHAT THE OLD ONE HELD IS LOST"
                    : "WHAT IT HOLDS IS LOST";
}

/* Layers of builds are made again from what they are made of. */
static bool is_cache(const char *type, const json_t *old)
{
    return text_eq(type, "AWS::ECR::Repository") &&
           text_ends(json_str_or(old, "Properties.RepositoryName", ""), "/cache");
}

/* Removed and retained is not lost; replaced is, for what runs: it begins with nothing. */
static void of_data(
    const struct plan_request *r,
    const char *type,
    const json_t *old,
    bool replaced,
    struct plan_effect *out)
{
    const char *policy = json_str(old, replaced ? "UpdateReplacePolicy" : "DeletionPolicy");
    bool retained = text_eq(policy, "Retain") || text_eq(policy, "RetainExceptOnCreate");

    out->stays = retained && !is_purged(r->settings, type, old);
    out->kind = out->stays && !replaced ? PLAN_HARMLESS : PLAN_LOSES;
    out->text = text_of_data(out, text_eq(policy, "Snapshot") && !r->no_snapshot, replaced);
}

static bool is_private_address(const char *type, const json_t *old)
{
    return text_eq(type, "AWS::ElasticLoadBalancingV2::LoadBalancer") &&
           text_eq(json_str(old, "Properties.Scheme"), "internal");
}

/* An address of the network load balancer, and not of a NAT gateway. */
static bool is_way_in(const char *type, const json_t *old)
{
    return text_eq(type, "AWS::EC2::EIP") && text_eq(json_str(old, "Metadata.Group"), "ingress");
}

static void of_going(
    const struct plan_request *r,
    const char *type,
    const json_t *old,
    bool replaced,
    struct plan_effect *out)
{
    const struct row *row = row_of(type);

    if (is_cache(type, old))
        return;
    if (!plan_effect_knows(type) || row->kind == PLAN_LOSES) {
        of_data(r, type, old, replaced, out);
        return;
    }

    out->kind = row->kind;
    out->text = replaced ? row->replaced : row->removed;
    if (is_way_in(type, old))
        out->text = replaced ? "its public address changes" : "its public address goes for good";
    if (out->kind == PLAN_MOVES && is_private_address(type, old))
        out->kind = PLAN_STOPS;
    if (out->kind == PLAN_STOPS && !out->text)
        out->kind = PLAN_HARMLESS;
}

/* ---- changes in place ---- */

static const char *downtime(const struct plan_settings *s, const struct graph_change *c)
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

/* AWS deletes lines that are older at once. No retention is for ever. */
static bool keeps_less(const struct graph_change *c, const json_t *old, const struct graph *g)
{
    const struct graph_resource *now = g ? graph_get(g, c->logical_id) : NULL;
    long long before = json_int_or(old, "Properties.RetentionInDays", INT_MAX);
    long long after = json_int_or(now ? now->properties : NULL, "RetentionInDays", INT_MAX);

    return now && text_eq(c->type, "AWS::Logs::LogGroup") && after < before;
}

static void of_change(
    const struct plan_settings *s,
    const struct graph_change *c,
    const json_t *old,
    const struct graph *g,
    struct plan_effect *out)
{
    if (keeps_less(c, old, g)) {
        out->kind = s->allow_downgrade ? PLAN_HARMLESS : PLAN_LOSES;
        out->text = "lines that are older than the shorter retention are deleted";
        return;
    }

    out->text = downtime(s, c);
    out->kind = out->text ? PLAN_STOPS : PLAN_HARMLESS;
}

/* A way out and private names that no task ever used: earlier revisions made them for sites of
 * static files too. */
static bool is_idle(const char *type, const json_t *deployed)
{
    const char *id;
    json_t *resource;

    if (strcmp(type, "AWS::EC2::EIP") != 0 &&
        strcmp(type, "AWS::ServiceDiscovery::PrivateDnsNamespace") != 0)
        return false;
    if (!json_at(deployed, "Metadata.Defang.services")) /* not known whole */
        return false;

    json_object_foreach(json_object_get(deployed, "Resources"), id, resource)
        if (text_eq(json_str(resource, "Type"), "AWS::ECS::TaskDefinition"))
            return false;
    return true;
}

void plan_effect_of(
    const struct plan_request *request,
    const struct graph_change *c,
    const json_t *deployed,
    const struct graph *g,
    struct plan_effect *out)
{
    cleanup_free char *path = xasprintf("Resources.%s", c->logical_id);
    const json_t *old = json_at(deployed, path);
    const char *type = json_str_or(old, "Type", c->type);
    const struct plan_settings *s = request->settings;
    bool replaced = c->action == GRAPH_CHANGE && is_replaced(c);

    *out = (struct plan_effect){.kind = PLAN_HARMLESS};
    if (c->action == GRAPH_ADD || (c->action == GRAPH_REMOVE && is_idle(type, deployed)))
        return;

    if (c->action == GRAPH_REMOVE || replaced)
        of_going(request, type, old, replaced, out);
    if (c->action == GRAPH_CHANGE && !out->text)
        of_change(s, c, old, g, out);
}
