/* What a project brings of its own (x-defang-aws) is looked at before anything is touched: it is
 * there, it fits together, and a plan can lean on it. */
#include "engine/flow.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/adopt.h"

#include <string.h>

struct look {
    struct engine_context *c;
    struct arena *arena;
    const struct plan_adopt *adopt;
    struct plan_facts *facts;
    struct plan_subnet *subnets;
    json_t *route_tables;
};

static int refuse(struct error *err, const struct plan_said *at, const char *hint, const char *text)
{
    int rc = error_raise(err, ERR_REFUSED, "%s", text);
    error_hint(err, "%s", hint);
    if (at && at->pos.file)
        error_at(err, at->pos.file, at->pos.line, at->pos.column);
    return rc;
}

static int vpc_attribute(struct look *l, const char *name, const char *path, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    const struct plan_said *vpc = &l->adopt->vpc;
    int rc = engine_call(
        l->c,
        &aws_ec2_DescribeVpcAttribute,
        json_pack("{s:s,s:s}", "VpcId", vpc->value, "Attribute", name),
        &reply,
        err);
    if (rc < 0)
        return error_wrap(err, "reading %s of VPC %s", name, vpc->value);
    if (json_bool_or(json_at(reply, path), "Value", false))
        return 0;
    return refuse(
        err,
        vpc,
        "Turn it on in the VPC's settings.",
        arena_printf(
            l->arena,
            "VPC %s has %s off, and names of a private zone resolve only where it is on",
            vpc->value,
            name));
}

static int look_at_vpc(struct look *l, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error local = ERROR_INIT;
    const struct plan_said *vpc = &l->adopt->vpc;
    int rc = engine_call(
        l->c, &aws_ec2_DescribeVpcs, json_pack("{s:[s]}", "VpcIds", vpc->value), &reply, &local);
    const char *cidr = json_str(reply, "Vpcs.0.CidrBlock");
    if (rc < 0 && !aws_error_is_not_found(&local) &&
        !error_has_code(&local, "InvalidVpcID.NotFound")) {
        error_move(err, &local);
        return error_wrap(err, "looking at VPC %s", vpc->value);
    }
    if (rc < 0 || !cidr)
        return refuse(
            err,
            vpc,
            "Correct vpcID, or choose the account and region that it is in.",
            arena_printf(
                l->arena,
                "there is no VPC %s in account %s, region %s",
                vpc->value,
                l->facts->account,
                l->facts->region));
    l->facts->vpc_cidr = arena_strdup(l->arena, cidr);
    rc = vpc_attribute(l, "enableDnsSupport", "EnableDnsSupport", err);
    return rc ? rc : vpc_attribute(l, "enableDnsHostnames", "EnableDnsHostnames", err);
}

static const json_t *find_subnet(const json_t *list, const char *id)
{
    size_t i;
    json_t *s;
    json_array_foreach(list, i, s) if (text_eq(json_str(s, "SubnetId"), id)) return s;
    return NULL;
}

static int
take_subnet(struct look *l, const json_t *list, const struct plan_said *said, struct error *err)
{
    const json_t *s = find_subnet(list, said->value);
    if (!s)
        return refuse(
            err,
            said,
            "Name subnets of the VPC.",
            arena_printf(l->arena, "subnet %s is not in VPC %s", said->value, l->adopt->vpc.value));
    const char *zone = json_str_or(s, "AvailabilityZone", "");
    l->subnets[l->facts->subnet_count++] =
        (struct plan_subnet){said->value, arena_strdup(l->arena, zone)};
    return 0;
}

/* The subnet's own route table, else the VPC's main one. */
static const json_t *table_of(const struct look *l, const char *subnet)
{
    const json_t *main_table = NULL;
    size_t i, k;
    json_t *table, *association;
    json_array_foreach(l->route_tables, i, table)
        json_array_foreach(json_object_get(table, "Associations"), k, association)
    {
        if (text_eq(json_str(association, "SubnetId"), subnet))
            return table;
        if (json_bool_or(association, "Main", false))
            main_table = table;
    }
    return main_table;
}

static bool reaches_internet(const struct look *l, const char *subnet)
{
    size_t i;
    json_t *route;
    json_array_foreach(json_object_get(table_of(l, subnet), "Routes"), i, route) if (
        text_eq(json_str(route, "DestinationCidrBlock"), "0.0.0.0/0") &&
        text_starts(json_str_or(route, "GatewayId", ""), "igw-")) return true;
    return false;
}

static int look_at_routes(struct look *l, struct error *err)
{
    int rc = engine_call_all(
        l->c,
        &aws_ec2_DescribeRouteTables,
        json_pack("{s:[{s:s,s:[s]}]}", "Filters", "Name", "vpc-id", "Values", l->adopt->vpc.value),
        &l->route_tables,
        err);
    if (rc < 0)
        return error_wrap(err, "reading the route tables of VPC %s", l->adopt->vpc.value);
    for (size_t i = 0; i < l->adopt->public_subnet_count; i++)
        if (!reaches_internet(l, l->adopt->public_subnets[i].value))
            return refuse(
                err,
                &l->adopt->public_subnets[i],
                "Name it in privateSubnetIDs, or give its route table a route to an internet "
                "gateway.",
                arena_printf(
                    l->arena,
                    "subnet %s is named as public, and its route table leads to no internet "
                    "gateway",
                    l->adopt->public_subnets[i].value));
    for (size_t i = 0; i < l->adopt->private_subnet_count; i++)
        if (reaches_internet(l, l->adopt->private_subnets[i].value))
            engine_note(
                l->c,
                ENGINE_SAY_WARNING,
                "name it in publicSubnetIDs",
                "subnet %s is named as private, and its default route leads to an internet "
                "gateway: tasks without a public address reach nothing there",
                l->adopt->private_subnets[i].value);
    return 0;
}

static size_t zones_of(const struct look *l, size_t from, size_t count)
{
    size_t zones = 0;
    for (size_t i = from; i < from + count; i++) {
        bool again = false;
        for (size_t k = from; k < i; k++)
            again = again || text_eq(l->subnets[k].zone, l->subnets[i].zone);
        zones += !again;
    }
    return zones;
}

static int look_at_zones(struct look *l, bool need_two, struct error *err)
{
    const struct plan_adopt *a = l->adopt;
    if (need_two && zones_of(l, 0, a->public_subnet_count) < 2)
        return refuse(
            err,
            &a->public_subnets[0],
            "Add a subnet of another zone.",
            "x-defang-aws.publicSubnetIDs lie in one availability zone, and a load balancer or a "
            "managed store needs two");
    if (need_two && a->private_subnet_count &&
        zones_of(l, a->public_subnet_count, a->private_subnet_count) < 2)
        return refuse(
            err,
            &a->private_subnets[0],
            "Add a subnet of another zone.",
            "x-defang-aws.privateSubnetIDs lie in one availability zone, and a managed store needs "
            "two");
    return 0;
}

static int look_at_subnets(struct look *l, bool need_two, struct error *err)
{
    cleanup_json json_t *list = NULL;
    int rc = engine_call_all(
        l->c,
        &aws_ec2_DescribeSubnets,
        json_pack("{s:[{s:s,s:[s]}]}", "Filters", "Name", "vpc-id", "Values", l->adopt->vpc.value),
        &list,
        err);
    if (rc < 0)
        return error_wrap(err, "listing the subnets of VPC %s", l->adopt->vpc.value);
    l->subnets = arena_array(
        l->arena,
        struct plan_subnet,
        l->adopt->public_subnet_count + l->adopt->private_subnet_count + 1);
    l->facts->subnet_count = 0;
    for (size_t i = 0; rc == 0 && i < l->adopt->public_subnet_count; i++)
        rc = take_subnet(l, list, &l->adopt->public_subnets[i], err);
    for (size_t i = 0; rc == 0 && i < l->adopt->private_subnet_count; i++)
        rc = take_subnet(l, list, &l->adopt->private_subnets[i], err);
    l->facts->subnets = l->subnets;
    return rc ? rc : look_at_zones(l, need_two, err);
}

static bool has_provider(const json_t *cluster, const char *name)
{
    size_t i;
    json_t *provider;
    json_array_foreach(
        json_object_get(cluster, "capacityProviders"),
        i,
        provider) if (text_eq(json_string_value(provider), name)) return true;
    return false;
}

static int look_at_cluster(struct look *l, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    const struct plan_said *said = &l->adopt->cluster;
    int rc = engine_call(
        l->c,
        &aws_ecs_DescribeClusters,
        json_pack("{s:[s]}", "clusters", said->value),
        &reply,
        err);
    if (rc < 0)
        return error_wrap(err, "looking at ECS cluster %s", said->value);
    const json_t *cluster = json_at(reply, "clusters.0");
    if (!cluster || !text_eq(json_str_or(cluster, "status", "ACTIVE"), "ACTIVE"))
        return refuse(
            err,
            said,
            "Correct the name, or choose the account and region that it is in.",
            arena_printf(
                l->arena,
                "there is no active ECS cluster %s in account %s, region %s",
                said->value,
                l->facts->account,
                l->facts->region));
    const char *wanted = l->c->settings->capacity_provider;
    if (!has_provider(cluster, wanted))
        return refuse(
            err,
            said,
            arena_printf(
                l->arena,
                "Run: aws ecs put-cluster-capacity-providers --cluster %s --capacity-providers "
                "FARGATE FARGATE_SPOT "
                "--default-capacity-provider-strategy capacityProvider=%s",
                said->value,
                wanted),
            arena_printf(
                l->arena, "ECS cluster %s has no capacity provider %s", said->value, wanted));
    return 0;
}

int flow_adopted(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    struct plan_facts *facts,
    struct error *err)
{
    struct plan_adopt adopt;
    (void)plan_adopt_read(
        arena, p, &adopt, NULL); /* what is wrong in the file was said by plan_check */
    struct look l = {.c = c, .arena = arena, .adopt = &adopt, .facts = facts};
    int rc = adopt.vpc.value ? look_at_vpc(&l, err) : 0;
    if (rc == 0 && adopt.vpc.value)
        rc = look_at_subnets(&l, plan_needs_two_zones(arena, p), err);
    if (rc == 0 && adopt.vpc.value)
        rc = look_at_routes(&l, err);
    if (rc == 0 && adopt.cluster.value)
        rc = look_at_cluster(&l, err);
    if (rc == 0 && p->volume_count)
        rc = flow_volumes(c, arena, &facts->volumes, &facts->volume_count, err);
    json_decref(l.route_tables);
    return rc;
}
