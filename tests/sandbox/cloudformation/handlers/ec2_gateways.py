"""AWS::EC2: EIP, NatGateway, VPCEndpoint.

A NAT gateway is waited for until it is available and, when it goes, until it is gone: its address
and subnet are in use till then. Ref of an EIP is its address, the id of the allocation is an
attribute.
"""

import json

from ..convert import to_bool
from ..errors import NotFound, ResourceError
from .base import register, without
from .ec2_vpc import Ec2Handler


@register
class Eip(Ec2Handler):
    type = "AWS::EC2::EIP"
    tag_type = "elastic-ip"
    updatable = ("Tags",)

    def create(self, call, props):
        made = call.call(
            "ec2",
            "AllocateAddress",
            without(props, "Tags"),
            TagSpecifications=self.tag_spec(call, props),
        )
        return f"{made['PublicIp']}|{made['AllocationId']}"

    def ref(self, physical_id, props):
        return physical_id.partition("|")[0]

    def update(self, call, physical_id, old, new, changed):
        self.retag(call, physical_id.partition("|")[2], old, new)

    def delete(self, call, physical_id, props):
        call.invoke("ec2", "ReleaseAddress", AllocationId=physical_id.partition("|")[2])

    def attributes(self, call, physical_id, props):
        address, _, allocation = physical_id.partition("|")
        return {"PublicIp": address, "AllocationId": allocation}


@register
class NatGateway(Ec2Handler):
    type = "AWS::EC2::NatGateway"
    tag_type = "natgateway"
    updatable = ("Tags",)

    def create(self, call, props):
        made = call.call(
            "ec2",
            "CreateNatGateway",
            without(props, "Tags"),
            TagSpecifications=self.tag_spec(call, props),
            ClientToken=call.request_token,
        )
        nat = call.started(made["NatGateway"]["NatGatewayId"])

        def ready() -> bool:
            gateway = self._describe(call, nat)
            if gateway["State"] == "failed":
                raise ResourceError(
                    call.handler_message(
                        f"NatGateway {nat} is in state failed and hence failed to stabilize. "
                        f"Detailed failure message: {gateway.get('FailureMessage')}",
                        "NotStabilized",
                    )
                )
            return gateway["State"] == "available"

        call.wait(f"NAT gateway {nat}", ready)
        return nat

    @staticmethod
    def _describe(call, nat: str) -> dict:
        found = call.invoke("ec2", "DescribeNatGateways", NatGatewayIds=[nat])["NatGateways"]
        if not found:
            raise NotFound(call.handler_message(f"NatGateway {nat} was not found", "NotFound"))
        return found[0]

    def update(self, call, physical_id, old, new, changed):
        self.retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke("ec2", "DeleteNatGateway", NatGatewayId=physical_id)

        def gone() -> bool:
            try:
                return self._describe(call, physical_id)["State"] == "deleted"
            except NotFound:
                return True

        call.wait(f"the deletion of NAT gateway {physical_id}", gone)

    def attributes(self, call, physical_id, props):
        gateway = self._describe(call, physical_id)
        found = {"NatGatewayId": physical_id}
        interfaces = [
            a["NetworkInterfaceId"]
            for a in gateway.get("NatGatewayAddresses", [])
            if a.get("NetworkInterfaceId")
        ]
        if interfaces:
            found["EniId"] = interfaces[0]
        return found


@register
class VpcEndpoint(Ec2Handler):
    type = "AWS::EC2::VPCEndpoint"
    tag_type = "vpc-endpoint"
    updatable = (
        "RouteTableIds",
        "SubnetIds",
        "SecurityGroupIds",
        "PolicyDocument",
        "PrivateDnsEnabled",
        "Tags",
    )

    def create(self, call, props):
        wanted = {"VpcEndpointType": "Gateway", **without(props, "Tags")}
        made = call.call(
            "ec2",
            "CreateVpcEndpoint",
            wanted,
            TagSpecifications=self.tag_spec(call, props),
            ClientToken=call.request_token,
        )
        endpoint = call.started(made["VpcEndpoint"]["VpcEndpointId"])
        call.wait(
            f"VPC endpoint {endpoint}",
            lambda: self._describe(call, endpoint)["State"].lower() == "available",
        )
        return endpoint

    @staticmethod
    def _describe(call, endpoint: str) -> dict:
        found = call.invoke("ec2", "DescribeVpcEndpoints", VpcEndpointIds=[endpoint])[
            "VpcEndpoints"
        ]
        if not found:
            raise NotFound(
                call.handler_message(f"VPC endpoint {endpoint} was not found", "NotFound")
            )
        return found[0]

    def update(self, call, physical_id, old, new, changed):
        params = {}
        for name, plus, minus in (
            ("RouteTableIds", "AddRouteTableIds", "RemoveRouteTableIds"),
            ("SubnetIds", "AddSubnetIds", "RemoveSubnetIds"),
            ("SecurityGroupIds", "AddSecurityGroupIds", "RemoveSecurityGroupIds"),
        ):
            before, after = old.get(name, []), new.get(name, [])
            params[plus] = [i for i in after if i not in before]
            params[minus] = [i for i in before if i not in after]
        params = {k: v for k, v in params.items() if v}
        if "PolicyDocument" in changed:
            policy = new.get("PolicyDocument")
            params.update(
                {"PolicyDocument": policy if isinstance(policy, str) else json.dumps(policy)}
                if policy
                else {"ResetPolicy": True}
            )
        if "PrivateDnsEnabled" in changed:
            params["PrivateDnsEnabled"] = to_bool(new.get("PrivateDnsEnabled", False))
        if params:
            call.invoke("ec2", "ModifyVpcEndpoint", VpcEndpointId=physical_id, **params)
        if "Tags" in changed:
            self.retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        reply = call.invoke("ec2", "DeleteVpcEndpoints", VpcEndpointIds=[physical_id])
        for item in reply.get("Unsuccessful", []):
            error = item["Error"]
            if "NotFound" not in error["Code"]:
                raise ResourceError(call.handler_message(error["Message"], "InvalidRequest"))

    def attributes(self, call, physical_id, props):
        endpoint = self._describe(call, physical_id)
        return {
            "Id": physical_id,
            "CreationTimestamp": endpoint["CreationTimestamp"].isoformat(),
            "DnsEntries": [
                f"{e.get('HostedZoneId')}:{e['DnsName']}" for e in endpoint.get("DnsEntries", [])
            ],
            "NetworkInterfaceIds": endpoint.get("NetworkInterfaceIds", []),
        }
