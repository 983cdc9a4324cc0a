/* The project's VPC (defang.md 7.1): public and private subnets in each zone, a route table per
 * subnet, NAT by strategy, the S3 gateway endpoint on every route table (image layers and build
 * contexts cost no NAT traffic), DHCP options that make plain service names resolve. */
#include "plan/network/network.h"
#include "base/mem.h"
#include "plan/common/context.h"
#include "plan/view/adopt.h"
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

static struct graph_resource *
add(struct plan_ctx *c, const char *id, const char *type, json_t *properties)
{
    return graph_add(c->g, "network", id, type, properties);
}

static void add_vpc(struct plan_ctx *c)
{
    json_t *vpc = object(
        key("CidrBlock", "10.0.0.0/16"),
        key("EnableDnsHostnames", true),
        key("EnableDnsSupport", true),
        key("Tags", name_tag(c, "shared-vpc")));

    add(c, "Vpc", "AWS::EC2::VPC", vpc);

    json_t *gateway = object(key("Tags", name_tag(c, "igw")));
    add(c, "InternetGateway", "AWS::EC2::InternetGateway", gateway);

    json_t *attachment = object(
        key("VpcId", graph_ref("Vpc")), key("InternetGatewayId", graph_ref("InternetGateway")));
    add(c, "InternetGatewayAttachment", "AWS::EC2::VPCGatewayAttachment", attachment);
}

/* The search domain: inside the VPC "api" is completed to "api.shop.internal". */
static void add_dhcp_options(struct plan_ctx *c)
{
    json_t *options = object(
        key("DomainName", c->domain),
        key("DomainNameServers", texts("AmazonProvidedDNS")),
        key("Tags", name_tag(c, "dhcp-options")));

    add(c, "DhcpOptions", "AWS::EC2::DHCPOptions", options);

    json_t *association =
        object(key("VpcId", graph_ref("Vpc")), key("DhcpOptionsId", graph_ref("DhcpOptions")));
    add(c, "DhcpOptionsAssociation", "AWS::EC2::VPCDHCPOptionsAssociation", association);
}

/* A subnet and its own route table: a zone that loses its NAT gateway takes no other with it. */
static void add_subnet(struct plan_ctx *c, const char *side, unsigned zone, bool public)
{
    const char *id = numbered(c, arena_printf(c->a, "%sSubnet", side), zone);
    const char *table_id = numbered(c, arena_printf(c->a, "%sRouteTable", side), zone);
    const char *routes_id = numbered(c, arena_printf(c->a, "%sSubnetRoutes", side), zone);
    const char *name = arena_printf(c->a, "%s-%s", public ? "public" : "private", c->zones[zone]);
    const char *cidr = public ? CIDRS[zone].public : CIDRS[zone].private;
    json_t *public_address = public ? json_true() : NULL;

    json_t *subnet = object(
        key("VpcId", graph_ref("Vpc")),
        key("AvailabilityZone", c->zones[zone]),
        key("CidrBlock", cidr),
        key("Tags", name_tag(c, name)),
        key("MapPublicIpOnLaunch", public_address));
    add(c, id, "AWS::EC2::Subnet", subnet);

    json_t *table = object(key("VpcId", graph_ref("Vpc")), key("Tags", name_tag(c, name)));
    add(c, table_id, "AWS::EC2::RouteTable", table);

    json_t *association =
        object(key("SubnetId", graph_ref(id)), key("RouteTableId", graph_ref(table_id)));
    add(c, routes_id, "AWS::EC2::SubnetRouteTableAssociation", association);
}

static void add_public(struct plan_ctx *c, unsigned zone)
{
    const char *id = numbered(c, "PublicRoute", zone);

    add_subnet(c, "Public", zone, true);

    json_t *route = object(
        key("RouteTableId", graph_ref(numbered(c, "PublicRouteTable", zone))),
        key("DestinationCidrBlock", "0.0.0.0/0"),
        key("GatewayId", graph_ref("InternetGateway")));
    add(c, id, "AWS::EC2::Route", route);

    /* EC2 refuses a route through a gateway that is not attached yet. */
    graph_depend(c->g, id, "InternetGatewayAttachment");
}

static void add_nat(struct plan_ctx *c, unsigned zone)
{
    const char *address_id = numbered(c, "NatAddress", zone);
    const char *gateway_id = numbered(c, "NatGateway", zone);
    const char *name = arena_printf(c->a, "nat-%s", c->zones[zone]);

    json_t *address = object(key("Domain", "vpc"), key("Tags", name_tag(c, name)));
    add(c, address_id, "AWS::EC2::EIP", address);
    graph_depend(c->g, address_id, "InternetGatewayAttachment");

    json_t *gateway = object(
        key("AllocationId", graph_attr(address_id, "AllocationId")),
        key("SubnetId", graph_ref(numbered(c, "PublicSubnet", zone))),
        key("Tags", name_tag(c, name)));
    add(c, gateway_id, "AWS::EC2::NatGateway", gateway)->usual = "usually 2 min";

    /* It becomes available without a way out, and whoever starts then cannot fetch an image. */
    graph_depend(c->g, gateway_id, numbered(c, "PublicRoute", zone));
    graph_depend(c->g, gateway_id, numbered(c, "PublicSubnetRoutes", zone));
}

static void add_private(struct plan_ctx *c, unsigned zone)
{
    unsigned through = c->s->nat == PLAN_NAT_PER_ZONE ? zone : 0;

    add_subnet(c, "Private", zone, false);
    if (c->s->nat == PLAN_NAT_NONE || !c->v.tasks) /* a managed store calls nobody */
        return;
    if (through == zone)
        add_nat(c, zone);

    json_t *route = object(
        key("RouteTableId", graph_ref(numbered(c, "PrivateRouteTable", zone))),
        key("DestinationCidrBlock", "0.0.0.0/0"),
        key("NatGatewayId", graph_ref(numbered(c, "NatGateway", through))));
    add(c, numbered(c, "PrivateRoute", zone), "AWS::EC2::Route", route);
}

static void add_endpoint(struct plan_ctx *c)
{
    json_t *tables = array();

    for (unsigned z = 0; z < c->zone_count; z++) {
        json_push(tables, graph_ref(numbered(c, "PublicRouteTable", z)));
        json_push(tables, graph_ref(numbered(c, "PrivateRouteTable", z)));
    }

    json_t *endpoint = object(
        key("VpcId", graph_ref("Vpc")),
        key("VpcEndpointType", "Gateway"),
        key("ServiceName", graph_sub("com.amazonaws.${AWS::Region}.s3")),
        key("RouteTableIds", tables));
    add(c, "S3Endpoint", "AWS::EC2::VPCEndpoint", endpoint);
}

/* Nothing is made in a VPC that is not ours: its gateways, routes and DHCP options are its owner's.
 */
void plan_network(struct plan_ctx *c)
{
    if (c->v.adopt.vpc.value)
        return;
    add_vpc(c);
    add_dhcp_options(c);
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

const char *plan_subnet_zone(const struct plan_ctx *c, const json_t *subnets, size_t i)
{
    if (c->v.adopt.vpc.value)
        return zone_of(c, json_string_value(json_array_get(subnets, i)));
    return i < c->zone_count ? c->zones[i] : "";
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
