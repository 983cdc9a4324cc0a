/* A VPC that the project brings: it is there, names resolve in it, its subnets lie in it and lead
 * where they are said to lead.
 *
 * Checked here and not left to CloudFormation, which would find out after minutes and roll back:
 * the answer comes before anything is touched and points into the Compose file. What is fine but
 * unwise (a private subnet that leads to an internet gateway) is a warning: the network is its
 * owner's. */
#include "engine/account/adopted_network.h"

#include "aws/model/operations.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

struct look {
    struct engine_context *c;
    struct arena *arena;
    const struct plan_adopt *adopt;
    struct plan_facts *facts;
    struct plan_subnet *subnets;
    json_t *route_tables;
};

int adopted_refuse(
    struct error *err, const struct plan_said *at, const char *hint, const char *text)
{
    int rc = error_raise(err, ERR_REFUSED, "%s", text);
    error_hint(err, "%s", hint);
    if (at && at->pos.file)
        error_at(err, at->pos.file, at->pos.line, at->pos.column);
    return rc;
}

/* Without these two a private hosted zone answers nobody, and services do not find each other. */
static int vpc_attribute(struct look *l, const char *name, const char *path, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    const struct plan_said *vpc = &l->adopt->vpc;

    int rc = engine_call(
        l->c,
        &aws_ec2_DescribeVpcAttribute,
        object(key("VpcId", vpc->value), key("Attribute", name)),
        &reply,
        err);
    if (rc < 0)
        return error_wrap(err, "reading %s of VPC %s", name, vpc->value);
    if (json_bool_or(json_at(reply, path), "Value", false))
        return 0;
    return adopted_refuse(
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
    json_t *in = object(key("VpcIds", texts(vpc->value)));

    int rc = engine_call(l->c, &aws_ec2_DescribeVpcs, in, &reply, &local);
    const char *cidr = json_str(reply, "Vpcs.0.CidrBlock");
    bool missing =
        aws_error_is_not_found(&local) || error_has_code(&local, "InvalidVpcID.NotFound");

    if (rc < 0 && !missing) {
        error_move(err, &local);
        return error_wrap(err, "looking at VPC %s", vpc->value);
    }

    if (rc < 0 || !cidr)
        return adopted_refuse(
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

/* What lies in the VPC: input of the Describe calls. */
static json_t *in_vpc(const char *vpc)
{
    json_t *filter = object(key("Name", "vpc-id"), key("Values", texts(vpc)));
    return object(key("Filters", array(filter)));
}

static const json_t *find_subnet(const json_t *list, const char *id)
{
    size_t i;
    json_t *s;

    json_array_foreach(list, i, s) {
        if (text_eq(json_str(s, "SubnetId"), id))
            return s;
    }

    return NULL;
}

static int
take_subnet(struct look *l, const json_t *list, const struct plan_said *said, struct error *err)
{
    const json_t *s = find_subnet(list, said->value);
    if (!s)
        return adopted_refuse(
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

    json_array_foreach(l->route_tables, i, table) {
        json_array_foreach(json_object_get(table, "Associations"), k, association) {
            if (text_eq(json_str(association, "SubnetId"), subnet))
                return table;
            if (json_bool_or(association, "Main", false))
                main_table = table;
        }
    }

    return main_table;
}

static bool reaches_internet(const struct look *l, const char *subnet)
{
    size_t i;
    json_t *route;

    json_array_foreach(json_object_get(table_of(l, subnet), "Routes"), i, route) {
        bool is_default = text_eq(json_str(route, "DestinationCidrBlock"), "0.0.0.0/0");
        if (is_default && text_starts(json_str_or(route, "GatewayId", ""), "igw-"))
            return true;
    }

    return false;
}

/* A load balancer there would be unreachable, and tasks with public addresses reach nothing. */
static int refuse_public(struct look *l, const struct plan_said *subnet, struct error *err)
{
    return adopted_refuse(
        err,
        subnet,
        "Name it in privateSubnetIDs, or give its route table a route to an internet gateway.",
        arena_printf(
            l->arena,
            "subnet %s is named as public, and its route table leads to no internet gateway",
            subnet->value));
}

/* It may be meant so; the project's owner knows. */
static void warn_private(struct look *l, const struct plan_said *subnet)
{
    engine_note(
        l->c,
        ENGINE_SAY_WARNING,
        "name it in publicSubnetIDs",
        "subnet %s is named as private, and its default route leads to an internet gateway: tasks "
        "without a public address reach nothing there",
        subnet->value);
}

static int look_at_routes(struct look *l, struct error *err)
{
    const struct plan_adopt *a = l->adopt;

    int rc = engine_call_all(
        l->c, &aws_ec2_DescribeRouteTables, in_vpc(a->vpc.value), &l->route_tables, err);
    if (rc < 0)
        return error_wrap(err, "reading the route tables of VPC %s", a->vpc.value);

    for (size_t i = 0; i < a->public_subnet_count; i++)
        if (!reaches_internet(l, a->public_subnets[i].value))
            return refuse_public(l, &a->public_subnets[i], err);

    for (size_t i = 0; i < a->private_subnet_count; i++)
        if (reaches_internet(l, a->private_subnets[i].value))
            warn_private(l, &a->private_subnets[i]);
    return 0;
}

/* How many different zones lie in that part of the list. */
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

/* A load balancer and the managed stores each want subnets of two zones. */
static int look_at_zones(struct look *l, bool need_two, struct error *err)
{
    const struct plan_adopt *a = l->adopt;
    if (need_two && zones_of(l, 0, a->public_subnet_count) < 2)
        return adopted_refuse(
            err,
            &a->public_subnets[0],
            "Add a subnet of another zone.",
            "x-defang-aws.publicSubnetIDs lie in one availability zone, and a load balancer or a "
            "managed store needs two");
    if (need_two && a->private_subnet_count &&
        zones_of(l, a->public_subnet_count, a->private_subnet_count) < 2)
        return adopted_refuse(
            err,
            &a->private_subnets[0],
            "Add a subnet of another zone.",
            "x-defang-aws.privateSubnetIDs lie in one availability zone, and a managed store needs "
            "two");
    return 0;
}

static int look_at_subnets(struct look *l, bool need_two, struct error *err)
{
    const struct plan_adopt *a = l->adopt;
    cleanup_json json_t *list = NULL;

    int rc = engine_call_all(l->c, &aws_ec2_DescribeSubnets, in_vpc(a->vpc.value), &list, err);
    if (rc < 0)
        return error_wrap(err, "listing the subnets of VPC %s", a->vpc.value);

    size_t most = a->public_subnet_count + a->private_subnet_count;
    l->subnets = arena_array(l->arena, struct plan_subnet, most + 1);
    l->facts->subnets = l->subnets;
    l->facts->subnet_count = 0;
    for (size_t i = 0; rc == 0 && i < a->public_subnet_count; i++)
        rc = take_subnet(l, list, &a->public_subnets[i], err);
    for (size_t i = 0; rc == 0 && i < a->private_subnet_count; i++)
        rc = take_subnet(l, list, &a->private_subnets[i], err);
    return rc ? rc : look_at_zones(l, need_two, err);
}

int adopted_network(const struct adopted_look *of, bool need_two, struct error *err)
{
    struct look l = {.c = of->c, .arena = of->arena, .adopt = of->adopt, .facts = of->facts};

    int rc = look_at_vpc(&l, err);
    if (rc == 0)
        rc = look_at_subnets(&l, need_two, err);
    if (rc == 0)
        rc = look_at_routes(&l, err);
    json_decref(l.route_tables);
    return rc;
}
