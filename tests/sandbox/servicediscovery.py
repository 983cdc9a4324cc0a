"""Cloud Map (servicediscovery): the state of a region, and the records it makes in Route 53.

moto's does not keep records, so this one is whole. A namespace has a hosted zone, a service has
instances, and each change of an instance writes the service's record sets into the zone, as Cloud
Map does. Changes are operations that end after a while: GetOperation tells.

The operations on namespaces are in servicediscovery_namespaces.py, those on services and instances
in servicediscovery_services.py; ECS registers its tasks through ServiceDiscovery itself.
"""

from __future__ import annotations

import secrets
import string
import threading
from typing import Any

from .errors import AwsError
from .registry import OWN_SERVICES, operation
from .wire import Call

OWN_SERVICES.add("servicediscovery")


def some_id(prefix: str, length: int = 16) -> str:
    return prefix + "".join(
        secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length)
    )


class Region:
    def __init__(self) -> None:
        self.namespaces: dict[str, dict[str, Any]] = {}
        self.services: dict[str, dict[str, Any]] = {}
        self.operations: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}


class ServiceDiscovery:
    def __init__(self, context: Any) -> None:
        self.context = context
        self.lock = threading.RLock()
        self.regions: dict[tuple[str, str], Region] = {}

    def of(self, account: str, region: str) -> Region:
        with self.lock:
            return self.regions.setdefault((account, region), Region())

    def service(self, account: str, region: str, reference: str) -> dict[str, Any] | None:
        return self.of(account, region).services.get(reference.split("/")[-1])

    def exists(self, account: str, region: str, arn: str) -> bool:
        service = self.service(account, region, arn)
        return service is not None and service["Arn"] == arn

    def register(
        self, account: str, region: str, reference: str, instance: str, attributes: dict[str, str]
    ) -> None:
        with self.lock:
            service = self.service(account, region, reference)
            if service is not None:
                service["_instances"][instance] = {"Id": instance, "Attributes": dict(attributes)}
                self.records(account, region, service)

    def deregister(self, account: str, region: str, reference: str, instance: str) -> bool:
        with self.lock:
            service = self.service(account, region, reference)
            if service is None or service["_instances"].pop(instance, None) is None:
                return False
            self.records(account, region, service)
            return True

    def records(self, account: str, region: str, service: dict[str, Any]) -> None:
        """Write the service's record sets into the namespace's zone, as Cloud Map keeps them."""
        namespace = self.of(account, region).namespaces[service["NamespaceId"]]
        zone_id = namespace["Properties"]["DnsProperties"].get("HostedZoneId")
        zone = zones(account).get(zone_id) if zone_id else None
        if zone is None:
            return
        name = f"{service['Name']}.{namespace['Name']}."
        with zone_lock():
            zone.rrsets = [
                r
                for r in zone.rrsets
                if not (r.name == name and r.type in ("A", "AAAA", "SRV", "CNAME"))
            ]
            for record in (service.get("DnsConfig") or {}).get("DnsRecords", []):
                values = {
                    i["Id"]: v
                    for i in service["_instances"].values()
                    if (v := value_of(record["Type"], i["Attributes"], name))
                }
                add_sets(zone, service["DnsConfig"]["RoutingPolicy"], name, record, values)

    def begin(
        self,
        account: str,
        region: str,
        kind: str,
        targets: dict[str, str],
        error: str | None = None,
    ) -> str:
        number = some_id("", 32) + "-" + some_id("", 8)
        now = self.context.utcnow()
        self.of(account, region).operations[number] = {
            "Id": number,
            "Type": kind,
            "CreateDate": now,
            "UpdateDate": now,
            "Targets": targets,
            "_error": error,
            "_due": self.context.now() + self.context.seconds("servicediscovery"),
        }
        return number


def add_sets(
    zone: Any, policy: str, name: str, record: dict[str, Any], values: dict[str, str]
) -> None:
    """WEIGHTED: a set for each instance, of which one answers; else one with all of them."""
    common = {"Name": name, "Type": record["Type"], "TTL": record["TTL"]}
    if policy == "WEIGHTED" and len(values) > 1:
        for instance, value in sorted(values.items()):
            zone.add_rrset(
                {**common, "SetIdentifier": instance, "Weight": 1, "ResourceRecords": [value]}
            )
    elif values:
        zone.add_rrset({**common, "ResourceRecords": sorted(values.values())[:8]})


def value_of(kind: str, attributes: dict[str, str], name: str) -> str | None:
    if kind == "A":
        return attributes.get("AWS_INSTANCE_IPV4")
    if kind == "AAAA":
        return attributes.get("AWS_INSTANCE_IPV6")
    if kind == "CNAME":
        return attributes.get("AWS_INSTANCE_CNAME")
    if kind == "SRV" and "AWS_INSTANCE_PORT" in attributes:
        return f"1 1 {attributes['AWS_INSTANCE_PORT']} {name}"
    return None


def zones(account: str) -> Any:
    from moto.route53.models import route53_backends

    return route53_backends[account]["aws"].zones


def zone_lock() -> Any:
    from .moto_front import lock_of

    return lock_of("route53")


def part(sandbox: Any, call: Call) -> tuple[ServiceDiscovery, Region]:
    whole: ServiceDiscovery = sandbox.parts["servicediscovery"]
    return whole, whole.of(call.account, call.region)


def shown(thing: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in thing.items() if not k.startswith("_")}


def set_tags(region: Region, arn: str, tags: list[dict[str, str]]) -> None:
    region.tags.setdefault(arn, {}).update({t["Key"]: t["Value"] for t in tags})


def namespace_of(region: Region, reference: str) -> dict[str, Any]:
    namespace = region.namespaces.get(reference.split("/")[-1])
    if namespace is None:
        raise AwsError("NamespaceNotFound", f"Namespace {reference} does not exist")
    return namespace


@operation("servicediscovery", "GetOperation")
def get_operation(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    found = region.operations.get(call.params["OperationId"])
    if found is None:
        raise AwsError(
            "OperationNotFound", f"Operation {call.params['OperationId']} does not exist"
        )
    answer = {
        **shown(found),
        "Status": "PENDING"
        if whole.context.now() < found["_due"]
        else "FAIL"
        if found["_error"]
        else "SUCCESS",
    }
    if answer["Status"] == "FAIL":
        answer.update(ErrorMessage=found["_error"], ErrorCode="CANNOT_DELETE_HOSTED_ZONE")
    return {"Operation": answer}


def service_of(region: Region, reference: str) -> dict[str, Any]:
    service = region.services.get(reference.split("/")[-1])
    if service is None:
        raise AwsError("ServiceNotFound", f"Service {reference} does not exist")
    return service


@operation("servicediscovery", "TagResource")
def tag_resource(sandbox: Any, call: Call) -> dict[str, Any]:
    set_tags(part(sandbox, call)[1], call.params["ResourceARN"], call.params["Tags"])
    return {}


@operation("servicediscovery", "UntagResource")
def untag_resource(sandbox: Any, call: Call) -> dict[str, Any]:
    tags = part(sandbox, call)[1].tags.get(call.params["ResourceARN"], {})
    for key in call.params["TagKeys"]:
        tags.pop(key, None)
    return {}


@operation("servicediscovery", "ListTagsForResource")
def list_tags(sandbox: Any, call: Call) -> dict[str, Any]:
    tags = part(sandbox, call)[1].tags.get(call.params["ResourceARN"], {})
    return {"Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
