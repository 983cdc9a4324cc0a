"""A task's network: its interface in moto's EC2, and whether it can reach the internet from there.

Subnets and groups of an awsvpc configuration must exist and be of one VPC. Whether a task reaches
the internet is read from the default route of its subnet: an internet gateway needs a public
address, a NAT gateway does not; without either the VPC's endpoints say which services it reaches.
ecs_life.py fails the start of a task by these answers, as a pull without a way out fails.
"""

from __future__ import annotations

from typing import Any

from .errors import AwsError
from .moto_front import lock_of


def backend(account: str, region: str) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends[account][region]


def check_configuration(
    configuration: dict[str, Any] | None, account: str, region: str
) -> dict[str, Any]:
    """The awsvpc configuration, its subnets and groups existing and of one VPC;
    InvalidParameterException else.
    """
    vpc = (configuration or {}).get("awsvpcConfiguration")
    if not vpc:
        raise AwsError(
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        )
    if not vpc["subnets"] or len(vpc["subnets"]) > 16:
        raise AwsError("InvalidParameterException", "subnets must have between 1 and 16 items.")
    if len(vpc.get("securityGroups", [])) > 5:
        raise AwsError("InvalidParameterException", "securityGroups can have at most 5 items.")
    ec2 = backend(account, region)
    vpcs = set()
    for name in vpc["subnets"]:
        subnet = find_subnet(ec2, name)
        if subnet is None:
            raise AwsError(
                "InvalidParameterException",
                f"Error retrieving subnet information for [{name}]: The subnet ID '{name}' does "
                "not exist (ErrorCode: InvalidSubnetID.NotFound)",
            )
        vpcs.add(subnet.vpc_id)
    for name in vpc.get("securityGroups", []):
        group = find_group(ec2, name)
        if group is None:
            raise AwsError(
                "InvalidParameterException",
                f"Error retrieving security group information for [{name}]: The security group "
                f"'{name}' does not exist (ErrorCode: InvalidGroup.NotFound)",
            )
        vpcs.add(group.vpc_id)
    if len(vpcs) > 1:
        raise AwsError(
            "InvalidParameterException",
            "The subnets and security groups must belong to the same VPC.",
        )
    return vpc


def find_subnet(ec2: Any, name: str) -> Any:
    for zone in list(ec2.subnets.values()):
        if name in zone:
            return zone[name]
    return None


def find_group(ec2: Any, name: str) -> Any:
    for groups in list(ec2.groups.values()):
        if name in groups:
            return groups[name]
    return None


def attach(
    task: dict[str, Any], vpc: dict[str, Any], index: int, account: str, region: str
) -> None:
    """Make the task's interface (tasks take the subnets in turn) and describe it in task and
    containers.
    """
    ec2 = backend(account, region)
    with lock_of("ec2"):
        subnet = find_subnet(ec2, vpc["subnets"][index % len(vpc["subnets"])])
        if subnet is None:
            raise AwsError("ClientException", "the subnet is gone")
        groups = vpc.get("securityGroups") or [
            g.id for g in ec2.groups.get(subnet.vpc_id, {}).values() if g.name == "default"
        ]
        attachment = task["attachments"][0]
        eni = ec2.create_network_interface(
            subnet,
            None,
            group_ids=groups,
            description=f"arn:aws:ecs:{region}:{account}:attachment/{attachment['id']}",
        )
        eni.status = "in-use"
        eni.requester_managed = True
    zone = getattr(subnet, "availability_zone", None) or subnet._availability_zone.name
    private_dns = (
        "ip-"
        + eni.private_ip_address.replace(".", "-")
        + (".ec2.internal" if region == "us-east-1" else f".{region}.compute.internal")
    )
    attachment["status"] = "ATTACHED"
    attachment["details"] = [
        {"name": n, "value": v}
        for n, v in (
            ("subnetId", subnet.id),
            ("networkInterfaceId", eni.id),
            ("macAddress", eni.mac_address),
            ("privateDnsName", private_dns),
            ("privateIPv4Address", eni.private_ip_address),
        )
    ]
    task["availabilityZone"] = zone
    task["_eni"], task["_ip"], task["_subnet"], task["_vpc"] = (
        eni.id,
        eni.private_ip_address,
        subnet.id,
        subnet.vpc_id,
    )
    for container in task["containers"]:
        container["networkInterfaces"] = [
            {"attachmentId": attachment["id"], "privateIpv4Address": eni.private_ip_address}
        ]


def detach(task: dict[str, Any], account: str, region: str) -> None:
    eni = task.pop("_eni", None)
    if eni:
        with lock_of("ec2"):
            backend(account, region).enis.pop(eni, None)
        task["attachments"][0]["status"] = "DELETED"


def route_table_of(ec2: Any, subnet_id: str, vpc_id: str) -> Any:
    main = None
    for table in list(ec2.route_tables.values()):
        if table.vpc_id != vpc_id:
            continue
        if subnet_id in table._associations.values():
            return table
        if getattr(table, "main_association_id", None):
            main = table
    return main


def reaches_internet(
    subnet_id: str, vpc_id: str, public_ip: bool, account: str, region: str
) -> bool:
    """By the subnet's default route: an internet gateway needs a public address, a NAT gateway does
    not.
    """
    ec2 = backend(account, region)
    table = route_table_of(ec2, subnet_id, vpc_id)
    for route in table.routes if table else []:
        if route.destination_cidr_block != "0.0.0.0/0":
            continue
        if getattr(route, "nat_gateway", None) is not None:
            return True
        gateway = getattr(route, "gateway", None)
        if gateway is not None and str(getattr(gateway, "id", "")).startswith("igw-"):
            return public_ip
    return False


def endpoint_services(vpc_id: str, account: str, region: str) -> set[str]:
    """Names of the services the VPC has endpoints for: s3, ecr.api, ecr.dkr, logs, ssm, …"""
    prefix = f"com.amazonaws.{region}."
    return {
        e.service_name.removeprefix(prefix)
        for e in list(backend(account, region).vpc_end_points.values())
        if e.vpc_id == vpc_id and getattr(e, "state", "available") != "deleted"
    }
