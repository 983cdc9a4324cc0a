"""AWS::EC2: VPC, Subnet, InternetGateway and its attachment, DHCPOptions and their association.

Tags are given at creation and changed by CreateTags and DeleteTags, for all types of EC2
(Ec2Handler). What the creating call cannot set (DNS of a VPC, public addresses of a subnet) is set
right after it.
"""

from ..convert import to_bool
from .base import Call, Handler, register, without


class Ec2Handler(Handler):
    """Tags are given at creation and changed by CreateTags and DeleteTags."""

    tag_type = ""

    def tag_spec(self, call: Call, props: dict) -> list:
        tags = call.tags(props)
        return [{"ResourceType": self.tag_type, "Tags": tags}] if tags else []

    @staticmethod
    def retag(call: Call, resource_id: str, old: dict, new: dict) -> None:
        gone = call.tags_gone(old, new)
        if gone:
            call.invoke(
                "ec2", "DeleteTags", Resources=[resource_id], Tags=[{"Key": k} for k in gone]
            )
        tags = call.tags(new)
        if tags:
            call.invoke("ec2", "CreateTags", Resources=[resource_id], Tags=tags)


@register
class Vpc(Ec2Handler):
    type = "AWS::EC2::VPC"
    tag_type = "vpc"
    updatable = ("EnableDnsSupport", "EnableDnsHostnames", "InstanceTenancy", "Tags")

    def create(self, call, props):
        made = call.call(
            "ec2",
            "CreateVpc",
            without(props, "Tags", "EnableDnsSupport", "EnableDnsHostnames"),
            TagSpecifications=self.tag_spec(call, props),
        )
        vpc = call.started(made["Vpc"]["VpcId"])
        self._dns(call, vpc, props, ("EnableDnsSupport", "EnableDnsHostnames"))
        call.wait(
            f"VPC {vpc}",
            lambda: (
                call.invoke("ec2", "DescribeVpcs", VpcIds=[vpc])["Vpcs"][0]["State"] == "available"
            ),
        )
        return vpc

    @staticmethod
    def _dns(call, vpc, props, names):
        defaults = {"EnableDnsSupport": True, "EnableDnsHostnames": False}
        for name in sorted(names, reverse=True):
            value = to_bool(props.get(name, defaults[name]), name)
            call.invoke("ec2", "ModifyVpcAttribute", VpcId=vpc, **{name: {"Value": value}})

    def update(self, call, physical_id, old, new, changed):
        self._dns(call, physical_id, new, changed & {"EnableDnsSupport", "EnableDnsHostnames"})
        if "InstanceTenancy" in changed:
            call.invoke(
                "ec2",
                "ModifyVpcTenancy",
                VpcId=physical_id,
                InstanceTenancy=new.get("InstanceTenancy", "default"),
            )
        if "Tags" in changed:
            self.retag(call, physical_id, old, new)

    def replaces(self, old, new, path):
        return new.get("InstanceTenancy", "default") != "default"

    def delete(self, call, physical_id, props):
        call.invoke("ec2", "DeleteVpc", VpcId=physical_id)

    def attributes(self, call, physical_id, props):
        vpc = call.invoke("ec2", "DescribeVpcs", VpcIds=[physical_id])["Vpcs"][0]
        mine = [{"Name": "vpc-id", "Values": [physical_id]}]
        acls = call.invoke(
            "ec2", "DescribeNetworkAcls", Filters=mine + [{"Name": "default", "Values": ["true"]}]
        )
        groups = call.invoke(
            "ec2",
            "DescribeSecurityGroups",
            Filters=mine + [{"Name": "group-name", "Values": ["default"]}],
        )
        return {
            "VpcId": physical_id,
            "CidrBlock": vpc["CidrBlock"],
            "CidrBlockAssociations": [
                a["AssociationId"] for a in vpc.get("CidrBlockAssociationSet", [])
            ],
            "DefaultNetworkAcl": acls["NetworkAcls"][0]["NetworkAclId"],
            "DefaultSecurityGroup": groups["SecurityGroups"][0]["GroupId"],
            "Ipv6CidrBlocks": [
                a["Ipv6CidrBlock"] for a in vpc.get("Ipv6CidrBlockAssociationSet", [])
            ],
        }


@register
class Subnet(Ec2Handler):
    type = "AWS::EC2::Subnet"
    tag_type = "subnet"
    updatable = ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "Tags")

    def create(self, call, props):
        made = call.call(
            "ec2",
            "CreateSubnet",
            without(props, "Tags", *self.updatable),
            TagSpecifications=self.tag_spec(call, props),
        )
        subnet = call.started(made["Subnet"]["SubnetId"])
        self._modify(call, subnet, props, {n for n in self.updatable if n in props})
        call.wait(
            f"subnet {subnet}",
            lambda: (
                call.invoke("ec2", "DescribeSubnets", SubnetIds=[subnet])["Subnets"][0]["State"]
                == "available"
            ),
        )
        return subnet

    @staticmethod
    def _modify(call, subnet, props, names):
        for name in sorted(names - {"Tags"}):
            call.invoke(
                "ec2",
                "ModifySubnetAttribute",
                SubnetId=subnet,
                **{name: {"Value": to_bool(props.get(name, False), name)}},
            )

    def update(self, call, physical_id, old, new, changed):
        self._modify(call, physical_id, new, changed)
        if "Tags" in changed:
            self.retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke("ec2", "DeleteSubnet", SubnetId=physical_id)

    def attributes(self, call, physical_id, props):
        subnet = call.invoke("ec2", "DescribeSubnets", SubnetIds=[physical_id])["Subnets"][0]
        acls = call.invoke(
            "ec2",
            "DescribeNetworkAcls",
            Filters=[{"Name": "association.subnet-id", "Values": [physical_id]}],
        )
        associations = [
            a["NetworkAclAssociationId"]
            for acl in acls["NetworkAcls"]
            for a in acl["Associations"]
            if a["SubnetId"] == physical_id
        ]
        found = {
            "SubnetId": physical_id,
            "AvailabilityZone": subnet["AvailabilityZone"],
            "CidrBlock": subnet["CidrBlock"],
            "AvailabilityZoneId": subnet["AvailabilityZoneId"],
            "VpcId": subnet["VpcId"],
            "Ipv6CidrBlocks": [
                a["Ipv6CidrBlock"] for a in subnet.get("Ipv6CidrBlockAssociationSet", [])
            ],
        }
        if associations:
            found["NetworkAclAssociationId"] = associations[0]
        return found


@register
class InternetGateway(Ec2Handler):
    type = "AWS::EC2::InternetGateway"
    tag_type = "internet-gateway"
    updatable = ("Tags",)

    def create(self, call, props):
        made = call.call(
            "ec2",
            "CreateInternetGateway",
            without(props, "Tags"),
            TagSpecifications=self.tag_spec(call, props),
        )
        return made["InternetGateway"]["InternetGatewayId"]

    def update(self, call, physical_id, old, new, changed):
        self.retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke("ec2", "DeleteInternetGateway", InternetGatewayId=physical_id)

    def attributes(self, call, physical_id, props):
        return {"InternetGatewayId": physical_id}


@register
class VpcGatewayAttachment(Handler):
    """The sandbox attaches internet gateways; VPN gateways are refused by `call`."""

    type = "AWS::EC2::VPCGatewayAttachment"
    updatable = ("InternetGatewayId",)

    def create(self, call, props):
        call.call("ec2", "AttachInternetGateway", props)
        return f"IGW|{props['VpcId']}"

    def update(self, call, physical_id, old, new, changed):
        call.invoke(
            "ec2",
            "DetachInternetGateway",
            VpcId=old["VpcId"],
            InternetGatewayId=old["InternetGatewayId"],
        )
        call.call("ec2", "AttachInternetGateway", new)

    def delete(self, call, physical_id, props):
        call.invoke(
            "ec2",
            "DetachInternetGateway",
            VpcId=props["VpcId"],
            InternetGatewayId=props["InternetGatewayId"],
        )

    def attributes(self, call, physical_id, props):
        return {"AttachmentType": "IGW"}


@register
class DhcpOptions(Ec2Handler):
    type = "AWS::EC2::DHCPOptions"
    tag_type = "dhcp-options"
    updatable = ("Tags",)
    keys = {
        "DomainName": "domain-name",
        "DomainNameServers": "domain-name-servers",
        "NtpServers": "ntp-servers",
        "NetbiosNameServers": "netbios-name-servers",
        "NetbiosNodeType": "netbios-node-type",
    }

    def create(self, call, props):
        options = []
        for name, value in without(props, "Tags").items():
            if name not in self.keys:
                call.call("ec2", "CreateDhcpOptions", {name: value})
            values = value if isinstance(value, list) else [value]
            options.append({"Key": self.keys[name], "Values": [str(v) for v in values]})
        made = call.invoke(
            "ec2",
            "CreateDhcpOptions",
            DhcpConfigurations=options,
            TagSpecifications=self.tag_spec(call, props),
        )
        return made["DhcpOptions"]["DhcpOptionsId"]

    def update(self, call, physical_id, old, new, changed):
        self.retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke("ec2", "DeleteDhcpOptions", DhcpOptionsId=physical_id)

    def attributes(self, call, physical_id, props):
        return {"DhcpOptionsId": physical_id}


@register
class VpcDhcpOptionsAssociation(Handler):
    type = "AWS::EC2::VPCDHCPOptionsAssociation"

    def create(self, call, props):
        call.call("ec2", "AssociateDhcpOptions", props)
        return f"{props['DhcpOptionsId']}|{props['VpcId']}"

    def delete(self, call, physical_id, props):
        """The VPC goes back to the default set, unless another set took this one's place."""
        vpc = call.invoke("ec2", "DescribeVpcs", VpcIds=[props["VpcId"]])["Vpcs"][0]
        if vpc.get("DhcpOptionsId") in (None, props["DhcpOptionsId"]):
            call.invoke(
                "ec2", "AssociateDhcpOptions", DhcpOptionsId="default", VpcId=props["VpcId"]
            )
