/* The project's VPC (defang.md 7.1): public and private subnets in each zone, a route table per
 * subnet, NAT by strategy, the S3 gateway endpoint on every route table (image layers and build
 * contexts cost no NAT traffic), DHCP options that make plain service names resolve. */
#include "plan/network/network.h"
#include "base/mem.h"
#include "plan/adopt.h"
#include "plan/context.h"
#include <string.h>

/* Zones three and four live in what the reference's cut of 10.0.0.0/16 leaves free, so that adding
 * one moves no subnet. */
static const struct {
    const char *private, *public;
} CIDRS[] = {
    {"10.0.0.0/18", "10.0.64.0/19"},
    {"10.0.128.0/18", "10.0.192.0/19"},
    {"10.0.96.0/20", "10.0.112.0/20"},
    {"10.0.224.0/20", "10.0.240.0/20"},
};

static const char *numbered(const struct plan_ctx *c, const char *base, unsigned zone)
{
    return arena_printf(c->a, "%s%u", base, zone + 1);
}

static json_t *name_tag(const struct plan_ctx *c, const char *what)
{
    return plan_tags(arena_printf(c->a, "%s-%s", c->scope, what), NULL);
}

static void add_vpc(struct plan_ctx *c)
{
    struct graph *g = c->g;
    graph_add(
        g,
        "network",
        "Vpc",
        "AWS::EC2::VPC",
        plan_json(
            "{s:s,s:b,s:b,s:o}",
            "CidrBlock",
            "10.0.0.0/16",
            "EnableDnsHostnames",
            1,
            "EnableDnsSupport",
            1,
            "Tags",
            name_tag(c, "shared-vpc")));
    graph_add(
        g,
        "network",
        "InternetGateway",
        "AWS::EC2::InternetGateway",
        plan_json("{s:o}", "Tags", name_tag(c, "igw")));
    graph_add(
        g,
        "network",
        "InternetGatewayAttachment",
        "AWS::EC2::VPCGatewayAttachment",
        plan_json(
            "{s:o,s:o}",
            "VpcId",
            graph_ref("Vpc"),
            "InternetGatewayId",
            graph_ref("InternetGateway")));
    graph_add(
        g,
        "network",
        "DhcpOptions",
        "AWS::EC2::DHCPOptions",
        plan_json(
            "{s:s,s:[s],s:o}",
            "DomainName",
            c->domain,
            "DomainNameServers",
            "AmazonProvidedDNS",
            "Tags",
            name_tag(c, "dhcp-options")));
    graph_add(
        g,
        "network",
        "DhcpOptionsAssociation",
        "AWS::EC2::VPCDHCPOptionsAssociation",
        plan_json(
            "{s:o,s:o}", "VpcId", graph_ref("Vpc"), "DhcpOptionsId", graph_ref("DhcpOptions")));
}

static void add_subnet(struct plan_ctx *c, const char *side, unsigned zone, bool public)
{
    struct graph *g = c->g;
    const char *subnet = numbered(c, arena_printf(c->a, "%sSubnet", side), zone);
    const char *table = numbered(c, arena_printf(c->a, "%sRouteTable", side), zone);
    const char *name = arena_printf(c->a, "%s-%s", public ? "public" : "private", c->zones[zone]);
    json_t *properties = plan_json(
        "{s:o,s:s,s:s,s:o}",
        "VpcId",
        graph_ref("Vpc"),
        "AvailabilityZone",
        c->zones[zone],
        "CidrBlock",
        public ? CIDRS[zone].public : CIDRS[zone].private,
        "Tags",
        name_tag(c, name));
    if (public)
        json_add(properties, "MapPublicIpOnLaunch", json_true());
    graph_add(g, "network", subnet, "AWS::EC2::Subnet", properties);
    graph_add(
        g,
        "network",
        table,
        "AWS::EC2::RouteTable",
        plan_json("{s:o,s:o}", "VpcId", graph_ref("Vpc"), "Tags", name_tag(c, name)));
    graph_add(
        g,
        "network",
        numbered(c, arena_printf(c->a, "%sSubnetRoutes", side), zone),
        "AWS::EC2::SubnetRouteTableAssociation",
        plan_json("{s:o,s:o}", "SubnetId", graph_ref(subnet), "RouteTableId", graph_ref(table)));
}

static void add_public(struct plan_ctx *c, unsigned zone)
{
    add_subnet(c, "Public", zone, true);
    const char *route = numbered(c, "PublicRoute", zone);
    graph_add(
        c->g,
        "network",
        route,
        "AWS::EC2::Route",
        plan_json(
            "{s:o,s:s,s:o}",
            "RouteTableId",
            graph_ref(numbered(c, "PublicRouteTable", zone)),
            "DestinationCidrBlock",
            "0.0.0.0/0",
            "GatewayId",
            graph_ref("InternetGateway")));
    graph_depend(c->g, route, "InternetGatewayAttachment");
}

static void add_nat(struct plan_ctx *c, unsigned zone)
{
    const char *address = numbered(c, "NatAddress", zone),
               *gateway = numbered(c, "NatGateway", zone);
    const char *name = arena_printf(c->a, "nat-%s", c->zones[zone]);
    graph_add(
        c->g,
        "network",
        address,
        "AWS::EC2::EIP",
        plan_json("{s:s,s:o}", "Domain", "vpc", "Tags", name_tag(c, name)));
    graph_depend(c->g, address, "InternetGatewayAttachment");
    struct graph_resource *r = graph_add(
        c->g,
        "network",
        gateway,
        "AWS::EC2::NatGateway",
        plan_json(
            "{s:o,s:o,s:o}",
            "AllocationId",
            graph_attr(address, "AllocationId"),
            "SubnetId",
            graph_ref(numbered(c, "PublicSubnet", zone)),
            "Tags",
            name_tag(c, name)));
    r->usual = "usually 2 min";
    graph_depend(c->g, gateway, numbered(c, "PublicRoute", zone));
    graph_depend(c->g, gateway, numbered(c, "PublicSubnetRoutes", zone));
}

static void add_private(struct plan_ctx *c, unsigned zone)
{
    add_subnet(c, "Private", zone, false);
    if (c->s->nat == PLAN_NAT_NONE)
        return;
    unsigned through = c->s->nat == PLAN_NAT_PER_ZONE ? zone : 0;
    if (through == zone)
        add_nat(c, zone);
    graph_add(
        c->g,
        "network",
        numbered(c, "PrivateRoute", zone),
        "AWS::EC2::Route",
        plan_json(
            "{s:o,s:s,s:o}",
            "RouteTableId",
            graph_ref(numbered(c, "PrivateRouteTable", zone)),
            "DestinationCidrBlock",
            "0.0.0.0/0",
            "NatGatewayId",
            graph_ref(numbered(c, "NatGateway", through))));
}

static void add_endpoint(struct plan_ctx *c)
{
    json_t *tables = json_array();
    for (unsigned z = 0; z < c->zone_count; z++) {
        json_push(tables, graph_ref(numbered(c, "PublicRouteTable", z)));
        json_push(tables, graph_ref(numbered(c, "PrivateRouteTable", z)));
    }
    graph_add(
        c->g,
        "network",
        "S3Endpoint",
        "AWS::EC2::VPCEndpoint",
        plan_json(
            "{s:o,s:s,s:o,s:o}",
            "VpcId",
            graph_ref("Vpc"),
            "VpcEndpointType",
            "Gateway",
            "ServiceName",
            graph_sub("com.amazonaws.${AWS::Region}.s3"),
            "RouteTableIds",
            tables));
}

/* Nothing is made in a VPC that is not ours: its gateways, routes and DHCP options are its owner's.
 */
void plan_network(struct plan_ctx *c)
{
    if (c->v.adopt.vpc.value)
        return;
    add_vpc(c);
    for (unsigned z = 0; z < c->zone_count; z++) {
        add_public(c, z);
        add_private(c, z);
    }
    add_endpoint(c);
}

json_t *plan_vpc(const struct plan_ctx *c)
{
    return c->v.adopt.vpc.value ? json_string(c->v.adopt.vpc.value) : graph_ref("Vpc");
}

const char *plan_vpc_cidr(const struct plan_ctx *c)
{
    return c->v.adopt.vpc.value && c->f->vpc_cidr ? c->f->vpc_cidr : "10.0.0.0/16";
}

bool plan_in_public(const struct plan_ctx *c, bool open)
{
    return open ||
           (c->v.adopt.vpc.value ? !c->v.adopt.private_subnet_count : c->s->nat == PLAN_NAT_NONE);
}

static const char *zone_of(const struct plan_ctx *c, const char *subnet)
{
    for (size_t i = 0; i < c->f->subnet_count; i++)
        if (strcmp(c->f->subnets[i].id, subnet) == 0)
            return c->f->subnets[i].zone;
    return subnet; /* not known yet: as if each had a zone of its own */
}

static json_t *adopted_subnets(const struct plan_ctx *c, bool public, bool one_a_zone)
{
    const struct plan_adopt *adopt = &c->v.adopt;
    public = public || !adopt->private_subnet_count;
    const struct plan_said *said = public ? adopt->public_subnets : adopt->private_subnets;
    size_t count = public ? adopt->public_subnet_count : adopt->private_subnet_count;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        bool again = false;
        for (size_t k = 0; k < i && one_a_zone; k++)
            again = again || strcmp(zone_of(c, said[k].value), zone_of(c, said[i].value)) == 0;
        if (!again)
            json_push(list, json_string(said[i].value));
    }
    return list;
}

json_t *plan_zone_subnets(const struct plan_ctx *c, bool public)
{
    return c->v.adopt.vpc.value ? adopted_subnets(c, public, true) : plan_subnets(c, public);
}

json_t *plan_subnets(const struct plan_ctx *c, bool public)
{
    if (c->v.adopt.vpc.value)
        return adopted_subnets(c, public, false);
    json_t *list = json_array();
    for (unsigned z = 0; z < c->zone_count; z++)
        json_push(list, graph_ref(numbered(c, public ? "PublicSubnet" : "PrivateSubnet", z)));
    return list;
}

void plan_depend_on_internet(struct plan_ctx *c, const char *logical_id, bool public_subnets)
{
    if (c->v.adopt.vpc.value)
        return;
    for (unsigned z = 0; z < c->zone_count; z++) {
        const char *route = numbered(c, public_subnets ? "PublicRoute" : "PrivateRoute", z);
        if (!graph_get(c->g, route))
            continue;
        graph_depend(c->g, logical_id, route);
        /* A route helps nobody until its table is the subnet's. */
        graph_depend(
            c->g,
            logical_id,
            numbered(c, public_subnets ? "PublicSubnetRoutes" : "PrivateSubnetRoutes", z));
    }
}
