"""AWS::EC2: RouteTable, Route, SubnetRouteTableAssociation."""

from ..errors import ResourceError
from .base import Handler, only, register, without
from .ec2_vpc import Ec2Handler

DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


@register
class RouteTable(Ec2Handler):
    type = "AWS::EC2::RouteTable"
    tag_type = "route-table"
    updatable = ("Tags",)

    def create(self, call, props):
        made = call.call(
            "ec2",
            "CreateRouteTable",
            without(props, "Tags"),
            TagSpecifications=self.tag_spec(call, props),
        )
        return made["RouteTable"]["RouteTableId"]

    def update(self, call, physical_id, old, new, changed):
        self.retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke("ec2", "DeleteRouteTable", RouteTableId=physical_id)

    def attributes(self, call, physical_id, props):
        return {"RouteTableId": physical_id}


@register
class Route(Handler):
    type = "AWS::EC2::Route"
    updatable = (
        "CarrierGatewayId",
        "EgressOnlyInternetGatewayId",
        "GatewayId",
        "InstanceId",
        "NatGatewayId",
        "NetworkInterfaceId",
        "TransitGatewayId",
        "VpcEndpointId",
        "VpcPeeringConnectionId",
    )

    @staticmethod
    def _destination(props: dict) -> dict:
        found = only(props, *DESTINATIONS)
        if len(found) != 1:
            raise ResourceError("a route needs exactly one destination: " + ", ".join(DESTINATIONS))
        return found

    def create(self, call, props):
        destination = self._destination(props)
        targets = [n for n in self.updatable if n in props]
        if len(targets) != 1:
            raise ResourceError(
                call.handler_message("a route needs exactly one target", "InvalidRequest")
            )
        call.call("ec2", "CreateRoute", props)
        return f"{props['RouteTableId']}|{next(iter(destination.values()))}"

    def update(self, call, physical_id, old, new, changed):
        call.call("ec2", "ReplaceRoute", new)

    def delete(self, call, physical_id, props):
        call.call(
            "ec2",
            "DeleteRoute",
            {"RouteTableId": props["RouteTableId"], **self._destination(props)},
        )

    def attributes(self, call, physical_id, props):
        return {"CidrBlock": next(iter(self._destination(props).values()))}


@register
class SubnetRouteTableAssociation(Handler):
    type = "AWS::EC2::SubnetRouteTableAssociation"

    def create(self, call, props):
        return call.call("ec2", "AssociateRouteTable", props)["AssociationId"]

    def delete(self, call, physical_id, props):
        call.invoke("ec2", "DisassociateRouteTable", AssociationId=physical_id)

    def attributes(self, call, physical_id, props):
        return {"Id": physical_id}
