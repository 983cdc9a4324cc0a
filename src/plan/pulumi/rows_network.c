/* Rows of the network: VPC, addresses, security groups, Cloud Map.
 *
 * A row for each CloudFormation type that the planner writes (its language: parts.h), and before
 * the rows what they cannot say: functions that finish a node. They name things by a prefix, to
 * which the provider adds 26 characters, so that a replacement can stand beside what it replaces.
 */
#include "plan/pulumi/parts.h"

static int security_group(
    struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    if (!pulumi_text(node, "name"))
        pulumi_set(node, "namePrefix", json_string(pulumi_prefix(c, r, 100, false)));
    return 0;
}

static const struct pulumi_part GROUP_PARTS[] = {
    {"in", "aws:vpc:SecurityGroupIngressRule", "securityGroupId", "id", true},
    {"out", "aws:vpc:SecurityGroupEgressRule", "securityGroupId", "id", true},
    {0},
};

/* clang-format off */
const struct pulumi_row pulumi_rows_network[] = {
    {"AWS::EC2::VPC", "aws:ec2:Vpc",
     .attrs = "VpcId=id CidrBlock=cidrBlock",
     .rules = "CidrBlock EnableDnsHostnames EnableDnsSupport InstanceTenancy Tags:tags"},

    {"AWS::EC2::InternetGateway", "aws:ec2:InternetGateway",
     .attrs = "InternetGatewayId=id",
     .rules = "Tags:tags"},

    {"AWS::EC2::VPCGatewayAttachment", "aws:ec2:InternetGatewayAttachment",
     .rules = "VpcId InternetGatewayId"},

    {"AWS::EC2::DHCPOptions", "aws:ec2:VpcDhcpOptions",
     .rules = "DomainName DomainNameServers Tags:tags"},

    {"AWS::EC2::VPCDHCPOptionsAssociation", "aws:ec2:VpcDhcpOptionsAssociation",
     .rules = "VpcId DhcpOptionsId"},

    {"AWS::EC2::Subnet", "aws:ec2:Subnet",
     .attrs = "SubnetId=id",
     .rules = "VpcId AvailabilityZone CidrBlock MapPublicIpOnLaunch Tags:tags"},

    {"AWS::EC2::RouteTable", "aws:ec2:RouteTable",
     .attrs = "RouteTableId=id",
     .rules = "VpcId Tags:tags"},

    {"AWS::EC2::SubnetRouteTableAssociation", "aws:ec2:RouteTableAssociation",
     .rules = "SubnetId RouteTableId"},

    {"AWS::EC2::Route", "aws:ec2:Route",
     .rules =
         "RouteTableId DestinationCidrBlock GatewayId NatGatewayId VpcPeeringConnectionId "
         "TransitGatewayId"},

    {"AWS::EC2::EIP", "aws:ec2:Eip",
     .ref = "publicIp",
     .attrs = "AllocationId=allocationId PublicIp=publicIp",
     .rules = "Domain Tags:tags"},

    {"AWS::EC2::NatGateway", "aws:ec2:NatGateway",
     .attrs = "NatGatewayId=id",
     .rules = "AllocationId SubnetId ConnectivityType Tags:tags"},

    {"AWS::EC2::VPCEndpoint", "aws:ec2:VpcEndpoint",
     .rules =
         "VpcId VpcEndpointType ServiceName RouteTableIds SubnetIds SecurityGroupIds "
         "PrivateDnsEnabled "
         "PolicyDocument=policy:json "
         "Tags:tags"},

    {"AWS::EC2::SecurityGroup", "aws:ec2:SecurityGroup",
     .attrs = "GroupId=id",
     .parts = GROUP_PARTS,
     .finish = security_group,
     .rules =
         "GroupDescription=description "
         "GroupName=name "
         "VpcId Tags:tags "
         "SecurityGroupIngress[].IpProtocol=@in[].ipProtocol "
         "SecurityGroupIngress[].FromPort=@in[].fromPort "
         "SecurityGroupIngress[].ToPort=@in[].toPort "
         "SecurityGroupIngress[].CidrIp=@in[].cidrIpv4 "
         "SecurityGroupIngress[].CidrIpv6=@in[].cidrIpv6 "
         "SecurityGroupIngress[].SourceSecurityGroupId=@in[].referencedSecurityGroupId "
         "SecurityGroupIngress[].Description=@in[].description "
         "SecurityGroupEgress[].IpProtocol=@out[].ipProtocol "
         "SecurityGroupEgress[].FromPort=@out[].fromPort "
         "SecurityGroupEgress[].ToPort=@out[].toPort "
         "SecurityGroupEgress[].CidrIp=@out[].cidrIpv4 "
         "SecurityGroupEgress[].CidrIpv6=@out[].cidrIpv6 "
         "SecurityGroupEgress[].DestinationSecurityGroupId=@out[].referencedSecurityGroupId "
         "SecurityGroupEgress[].Description=@out[].description"},

    {"AWS::EC2::SecurityGroupIngress", "aws:vpc:SecurityGroupIngressRule",
     .rules =
         "GroupId=securityGroupId "
         "IpProtocol FromPort ToPort "
         "CidrIp=cidrIpv4 "
         "CidrIpv6=cidrIpv6 "
         "SourceSecurityGroupId=referencedSecurityGroupId "
         "Description"},

    {"AWS::EC2::SecurityGroupEgress", "aws:vpc:SecurityGroupEgressRule",
     .rules =
         "GroupId=securityGroupId "
         "IpProtocol FromPort ToPort "
         "CidrIp=cidrIpv4 "
         "CidrIpv6=cidrIpv6 "
         "DestinationSecurityGroupId=referencedSecurityGroupId "
         "Description"},

    {"AWS::ServiceDiscovery::PrivateDnsNamespace", "aws:servicediscovery:PrivateDnsNamespace",
     .attrs = "Id=id Arn=arn HostedZoneId=hostedZone",
     .rules =
         "Name Description Vpc "
         "Properties.DnsProperties.SOA.TTL:lost "
         "Tags:tags"},

    {"AWS::ServiceDiscovery::Service", "aws:servicediscovery:Service",
     .attrs = "Id=id Arn=arn Name=name",
     .rules =
         "Name Description "
         "NamespaceId=dnsConfig.namespaceId "
         "DnsConfig.NamespaceId=dnsConfig.namespaceId "
         "DnsConfig.RoutingPolicy "
         "DnsConfig.DnsRecords[].Type "
         "DnsConfig.DnsRecords[].TTL=dnsConfig.dnsRecords[].ttl:int "
         "HealthCheckCustomConfig.FailureThreshold "
         "Tags:tags"},

    {"AWS::ServiceDiscovery::Instance", "aws:servicediscovery:Instance",
     .rules =
         "ServiceId InstanceId "
         "InstanceAttributes=attributes:map"},
    {0},
};
/* clang-format on */
