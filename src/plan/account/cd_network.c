/* The CD stack's network: one public subnet, where CD tasks run with a public address. They call
 * AWS and registries and nothing calls them, so there is no private subnet and no NAT gateway to
 * pay for; the gateway endpoint of S3 costs nothing. */
#include "plan/account/parts.h"
#include "plan/common/context.h"

json_t *cd_name_tag(struct graph *g, const struct plan_cd_settings *s, const char *what)
{
    return plan_tags(arena_printf(g->arena, "%s-%s", s->cd_name, what), NULL);
}

static void add(struct graph *g, const char *id, const char *type, json_t *properties)
{
    graph_add(g, CD_GROUP, id, type, properties);
}

static void add_vpc(struct graph *g, const struct plan_cd_settings *s)
{
    json_t *vpc = object(
        key("CidrBlock", "10.0.0.0/16"),
        key("EnableDnsHostnames", true),
        key("EnableDnsSupport", true),
        key("Tags", cd_name_tag(g, s, "vpc")));
    add(g, "VPC", "AWS::EC2::VPC", vpc);

    json_t *gateway = object(key("Tags", cd_name_tag(g, s, "igw")));
    add(g, "InternetGateway", "AWS::EC2::InternetGateway", gateway);

    json_t *attachment = object(
        key("InternetGatewayId", graph_ref("InternetGateway")), key("VpcId", graph_ref("VPC")));
    add(g, "InternetGatewayAttachment", "AWS::EC2::VPCGatewayAttachment", attachment);
}

static void add_routes(struct graph *g, const struct plan_cd_settings *s)
{
    json_t *table =
        object(key("Tags", cd_name_tag(g, s, "routetable")), key("VpcId", graph_ref("VPC")));
    add(g, "RouteTable", "AWS::EC2::RouteTable", table);

    json_t *route = object(
        key("DestinationCidrBlock", "0.0.0.0/0"),
        key("GatewayId", graph_ref("InternetGateway")),
        key("RouteTableId", graph_ref("RouteTable")));
    add(g, "Route", "AWS::EC2::Route", route);
    /* EC2 refuses a route through a gateway that is not attached yet. */
    graph_depend(g, "Route", "InternetGatewayAttachment");

    json_t *endpoint = object(
        key("RouteTableIds", array(graph_ref("RouteTable"))),
        key("ServiceName", graph_sub("com.amazonaws.${AWS::Region}.s3")),
        key("VpcEndpointType", "Gateway"),
        key("VpcId", graph_ref("VPC")));
    add(g, "S3GatewayEndpoint", "AWS::EC2::VPCEndpoint", endpoint);
}

static void add_subnet(struct graph *g, const struct plan_cd_settings *s)
{
    json_t *subnet = object(
        key("AvailabilityZone", s->zone),
        key("CidrBlock", "10.0.0.0/20"),
        key("MapPublicIpOnLaunch", true),
        key("Tags", cd_name_tag(g, s, "subnet")),
        key("VpcId", graph_ref("VPC")));
    add(g, "Subnet", "AWS::EC2::Subnet", subnet);

    json_t *association =
        object(key("RouteTableId", graph_ref("RouteTable")), key("SubnetId", graph_ref("Subnet")));
    add(g, "SubnetRouteTableAssociation", "AWS::EC2::SubnetRouteTableAssociation", association);
}

static void add_security_group(struct graph *g, const struct plan_cd_settings *s)
{
    json_t *anywhere =
        object(key("IpProtocol", "-1"), key("CidrIp", "0.0.0.0/0"), key("Description", "anywhere"));

    json_t *group = object(
        key("GroupDescription", "CD tasks: nothing comes in"),
        key("SecurityGroupEgress", array(anywhere)),
        key("Tags", cd_name_tag(g, s, "sg")),
        key("VpcId", graph_ref("VPC")));
    add(g, "SecurityGroup", "AWS::EC2::SecurityGroup", group);
}

void cd_network(struct graph *g, const struct plan_cd_settings *s)
{
    add_vpc(g, s);
    add_routes(g, s);
    add_subnet(g, s);
    add_security_group(g, s);
}
