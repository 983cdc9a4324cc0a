"""Cloud Map: private DNS and HTTP namespaces.

A private one makes a hosted zone in its VPC, which may have no other zone of that name; it is only
deleted when no service is left in it, and the deletion fails, as an operation, while foreign
records stand in the zone.
"""

from __future__ import annotations

from typing import Any

from .errors import AwsError
from .registry import operation
from .servicediscovery import Region, namespace_of, part, set_tags, shown, some_id, zone_lock, zones
from .wire import Call


def add_namespace(sandbox: Any, call: Call, kind: str, zone_id: str | None) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    number = some_id("ns-")
    properties: dict[str, Any] = {
        "DnsProperties": {},
        "HttpProperties": {"HttpName": call.params["Name"]},
    }
    if zone_id:
        ttl = (
            call.params.get("Properties", {}).get("DnsProperties", {}).get("SOA", {}).get("TTL", 15)
        )
        properties["DnsProperties"] = {"HostedZoneId": zone_id, "SOA": {"TTL": ttl}}
    namespace = {
        "Id": number,
        "Arn": f"arn:aws:servicediscovery:{call.region}:{call.account}:namespace/{number}",
        "Name": call.params["Name"],
        "Type": kind,
        "Description": call.params.get("Description"),
        "Properties": properties,
        "CreateDate": whole.context.utcnow(),
        "CreatorRequestId": call.params.get("CreatorRequestId", call.request_id),
    }
    region.namespaces[number] = namespace
    set_tags(region, namespace["Arn"], call.params.get("Tags", []))
    return {
        "OperationId": whole.begin(
            call.account, call.region, "CREATE_NAMESPACE", {"NAMESPACE": number}
        )
    }


def free_name(region: Region, name: str, kind: str) -> None:
    for other in region.namespaces.values():
        if other["Name"] == name and other["Type"] == kind:
            raise AwsError(
                "NamespaceAlreadyExists",
                f"A namespace with the name {name} already exists.",
                NamespaceId=other["Id"],
                CreatorRequestId=other["CreatorRequestId"],
            )


@operation("servicediscovery", "CreatePrivateDnsNamespace")
def create_private(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    name, vpc = call.params["Name"].rstrip("."), call.params["Vpc"]
    from .ecs_network import backend

    if vpc not in backend(call.account, call.region).vpcs:
        raise AwsError("InvalidInput", f"The VPC {vpc} does not exist.")
    with whole.lock:
        free_name(region, name, "DNS_PRIVATE")
        for zone in zones(call.account).values():
            if zone.name == name + "." and any(v.get("vpc_id") == vpc for v in zone.vpcs):
                raise AwsError(
                    "InvalidInput",
                    f"The VPC {vpc} already has a hosted zone of the name {name} "
                    "(ConflictingDomainExists)",
                )
        from moto.route53.models import route53_backends

        with zone_lock():
            zone = route53_backends[call.account]["aws"].create_hosted_zone(
                name + ".",
                private_zone=True,
                comment="Created by AWS Cloud Map",
                vpcid=vpc,
                vpcregion=call.region,
            )
        return add_namespace(sandbox, call, "DNS_PRIVATE", zone.resource_id)


@operation("servicediscovery", "CreateHttpNamespace")
def create_http(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    with whole.lock:
        free_name(region, call.params["Name"], "HTTP")
        return add_namespace(sandbox, call, "HTTP", None)


def count(region: Region, namespace: dict[str, Any]) -> int:
    return sum(s["NamespaceId"] == namespace["Id"] for s in region.services.values())


@operation("servicediscovery", "GetNamespace")
def get_namespace(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = part(sandbox, call)
    namespace = namespace_of(region, call.params["Id"])
    return {"Namespace": {**shown(namespace), "ServiceCount": count(region, namespace)}}


@operation("servicediscovery", "ListNamespaces")
def list_namespaces(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = part(sandbox, call)
    found = list(region.namespaces.values())
    for wanted in call.params.get("Filters", []):
        key = {"TYPE": "Type", "NAME": "Name"}.get(wanted["Name"])
        if key is None:
            raise AwsError("InvalidInput", f"the sandbox has no namespace filter {wanted['Name']}")
        found = [n for n in found if n[key] in wanted["Values"]]
    return {"Namespaces": [{**shown(n), "ServiceCount": count(region, n)} for n in found]}


@operation("servicediscovery", "DeleteNamespace")
def delete_namespace(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    with whole.lock:
        namespace = namespace_of(region, call.params["Id"])
        if count(region, namespace):
            raise AwsError("ResourceInUse", "Namespace has services associated with it")
        zone_id = namespace["Properties"]["DnsProperties"].get("HostedZoneId")
        zone = zones(call.account).get(zone_id) if zone_id else None
        extra = [r for r in zone.rrsets if r.type not in ("SOA", "NS")] if zone is not None else []
        if extra:
            return {
                "OperationId": whole.begin(
                    call.account,
                    call.region,
                    "DELETE_NAMESPACE",
                    {"NAMESPACE": namespace["Id"]},
                    "The specified hosted zone contains non-required resource record sets and so "
                    "cannot be deleted.",
                )
            }
        if zone is not None:
            with zone_lock():
                zones(call.account).pop(zone_id)
        del region.namespaces[namespace["Id"]]
        return {
            "OperationId": whole.begin(
                call.account, call.region, "DELETE_NAMESPACE", {"NAMESPACE": namespace["Id"]}
            )
        }


@operation("servicediscovery", "UpdatePrivateDnsNamespace")
def update_private(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    namespace = namespace_of(region, call.params["Id"])
    wanted = call.params["Namespace"]
    if "Description" in wanted:
        namespace["Description"] = wanted["Description"]
    soa = wanted.get("Properties", {}).get("DnsProperties", {}).get("SOA")
    if soa:
        namespace["Properties"]["DnsProperties"]["SOA"] = soa
    return {
        "OperationId": whole.begin(
            call.account, call.region, "UPDATE_NAMESPACE", {"NAMESPACE": namespace["Id"]}
        )
    }
