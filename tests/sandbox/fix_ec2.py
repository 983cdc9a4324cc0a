"""What moto's EC2 gets wrong for us: NAT gateways that are at once available and gone, and
deletions that AWS refuses because something still uses the thing (DependencyViolation).

A NAT gateway is pending, then available, and deleting before it is deleted; its address is free
only then. A security group is in use by interfaces, load balancers, databases and caches; subnets,
VPCs, route tables, gateways and addresses by each other.
"""

from __future__ import annotations

from typing import Any

from . import ecs_network
from .errors import AwsError
from .later import later
from .moto_front import lock_of
from .registry import prepare
from .wire import Call


def ec2_of(call: Call) -> Any:
    return ecs_network.backend(call.account, call.region)


def install(context: Any) -> None:
    from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend

    make, remove = NatGateway.__init__, NatGatewayBackend.delete_nat_gateway

    def start(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self.state = "pending"
        later(
            context,
            "nat-create",
            lambda: setattr(self, "state", "available" if self.state == "pending" else self.state),
        )

    def delete(self: Any, nat_gateway_id: str) -> Any:
        gateway = self.nat_gateways.get(nat_gateway_id)
        if gateway is None or gateway.state in ("deleting", "deleted"):
            raise AwsError("NatGatewayNotFound", f"NatGateway {nat_gateway_id} was not found")
        gateway.state = "deleting"
        later(context, "nat-delete", lambda: gone(self, gateway))
        return gateway

    def gone(backend: Any, gateway: Any) -> None:
        """The address is free again; the gateway is still shown, as deleted."""
        with lock_of("ec2"):
            remove(backend, gateway.id)
            backend.enis.pop(gateway._eni.id, None)
            for address in (
                backend.addresses.values()
                if isinstance(backend.addresses, dict)
                else backend.addresses
            ):
                if getattr(address, "eni", None) is gateway._eni:
                    address.eni = None
                    address.association_id = None
            gateway.state = "deleted"
            gateway._gone = True
            backend.nat_gateways[gateway.id] = gateway

    NatGateway.__init__ = start  # type: ignore[method-assign]
    NatGatewayBackend.delete_nat_gateway = delete  # type: ignore[method-assign]


def violation(thing: str, kind: str = "resource") -> AwsError:
    return AwsError("DependencyViolation", f"{kind} {thing} has a dependent object")


def groups_in_use(sandbox: Any, call: Call) -> dict[str, str]:
    """Security group -> what uses it, beside EC2's own interfaces."""
    from moto.elbv2.models import elbv2_backends
    from moto.rds.models import rds_backends

    used: dict[str, str] = {}
    for balancer in list(elbv2_backends[call.account][call.region].load_balancers.values()):
        used.update(dict.fromkeys(balancer.security_groups or [], balancer.name))
    for database in list(rds_backends[call.account][call.region].databases.values()):
        used.update(
            dict.fromkeys(
                getattr(database, "vpc_security_group_ids", []) or [],
                database.db_instance_identifier,
            )
        )
    for group in sandbox.parts["elasticache"].groups_of(call.account, call.region):
        used.update(dict.fromkeys(group["_security_groups"], group["ReplicationGroupId"]))
    return used


@prepare("ec2", "DeleteSecurityGroup")
def delete_security_group(sandbox: Any, call: Call) -> None:
    group_id = call.params.get("GroupId", "")
    ec2 = ec2_of(call)
    if any(
        group_id in [g.id for g in eni.group_set] for eni in list(ec2.enis.values())
    ) or group_id in groups_in_use(sandbox, call):
        raise violation(group_id)
    for groups in list(ec2.groups.values()):
        for other in list(groups.values()):
            if other.id == group_id:
                continue
            for rule in [*other.ingress_rules, *other.egress_rules]:
                if (getattr(rule, "source_group", None) or {}).get("GroupId") == group_id:
                    raise violation(group_id)


@prepare("ec2", "DeleteSubnet")
def delete_subnet(_sandbox: Any, call: Call) -> None:
    from moto.elbv2.models import elbv2_backends

    subnet = call.params["SubnetId"]
    message = f"The subnet '{subnet}' has dependencies and cannot be deleted."
    if any(eni.subnet.id == subnet for eni in list(ec2_of(call).enis.values())):
        raise AwsError("DependencyViolation", message)
    for balancer in list(elbv2_backends[call.account][call.region].load_balancers.values()):
        if any(s.id == subnet for s in balancer.subnets):
            raise AwsError("DependencyViolation", message)


@prepare("ec2", "DeleteVpc")
def delete_vpc(_sandbox: Any, call: Call) -> None:
    vpc, ec2 = call.params["VpcId"], ec2_of(call)
    left = [s.id for zone in ec2.subnets.values() for s in zone.values() if s.vpc_id == vpc]
    left += [g.id for g in ec2.groups.get(vpc, {}).values() if g.name != "default"]
    left += [
        t.id for t in ec2.route_tables.values() if t.vpc_id == vpc and not t.main_association_id
    ]
    left += [
        i.id
        for i in ec2.internet_gateways.values()
        if getattr(i, "vpc", None) is not None and i.vpc.id == vpc
    ]
    left += [
        e.id
        for e in ec2.vpc_end_points.values()
        if e.vpc_id == vpc and getattr(e, "state", "available") not in ("deleted", "deleting")
    ]
    if left:
        raise AwsError(
            "DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted."
        )


@prepare("ec2", "DetachInternetGateway")
def detach_internet_gateway(sandbox: Any, call: Call) -> None:
    from moto.elbv2.models import elbv2_backends

    vpc, ec2 = call.params["VpcId"], ec2_of(call)
    mapped = any(
        n.vpc_id == vpc and n.connectivity_type != "private" and n.state != "deleted"
        for n in list(ec2.nat_gateways.values())
    )
    mapped |= any(
        b.vpc_id == vpc and b.scheme == "internet-facing"
        for b in list(elbv2_backends[call.account][call.region].load_balancers.values())
    )
    ecs = sandbox.parts["ecs"]
    with ecs.lock:
        mapped |= any(
            t.get("_vpc") == vpc
            and t.get("_eni")
            and t["_vpc_configuration"].get("assignPublicIp") == "ENABLED"
            for t in ecs.of(call).tasks.values()
            if t["lastStatus"] != "STOPPED"
        )
    if mapped:
        raise AwsError(
            "DependencyViolation",
            f"Network {vpc} has some mapped public address(es). Please unmap those public "
            "address(es) before detaching the gateway.",
        )


@prepare("ec2", "ReleaseAddress")
def release_address(_sandbox: Any, call: Call) -> None:
    allocation = call.params.get("AllocationId")
    for gateway in list(ec2_of(call).nat_gateways.values()):
        if gateway.state != "deleted" and any(
            a.get("allocationId") == allocation for a in gateway.address_set
        ):
            raise AwsError(
                "InvalidIPAddress.InUse",
                f"Address with allocation id [{allocation}] cannot be released because it is in "
                "use.",
            )


@prepare("ec2", "DeleteRouteTable")
def delete_route_table(_sandbox: Any, call: Call) -> None:
    table = ec2_of(call).route_tables.get(call.params["RouteTableId"])
    if table is not None and table._associations:
        raise AwsError(
            "DependencyViolation",
            f"The routeTable '{table.id}' has dependencies and cannot be deleted.",
        )
