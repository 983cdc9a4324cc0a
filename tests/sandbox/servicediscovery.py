"""Cloud Map (servicediscovery): namespaces with their hosted zones, services, instances and the records
they make in Route 53. moto's does not keep records, so this one is whole."""

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
    return prefix + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))


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

    def register(self, account: str, region: str, reference: str, instance: str, attributes: dict[str, str]) -> None:
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
            zone.rrsets = [r for r in zone.rrsets if not (r.name == name and r.type in ("A", "AAAA", "SRV", "CNAME"))]
            for record in (service.get("DnsConfig") or {}).get("DnsRecords", []):
                values = [v for v in (value_of(record["Type"], i["Attributes"], name) for i in service["_instances"].values()) if v]
                if values:
                    zone.add_rrset({"Name": name, "Type": record["Type"], "TTL": record["TTL"], "ResourceRecords": sorted(values)[:8]})

    def begin(self, account: str, region: str, kind: str, targets: dict[str, str], error: str | None = None) -> str:
        number = some_id("", 32) + "-" + some_id("", 8)
        now = self.context.utcnow()
        self.of(account, region).operations[number] = {"Id": number, "Type": kind, "CreateDate": now, "UpdateDate": now, "Targets": targets, "_error": error,
                                                       "_due": self.context.now() + self.context.seconds("servicediscovery")}
        return number


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


def add_namespace(sandbox: Any, call: Call, kind: str, zone_id: str | None) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    number = some_id("ns-")
    properties: dict[str, Any] = {"DnsProperties": {}, "HttpProperties": {"HttpName": call.params["Name"]}}
    if zone_id:
        ttl = call.params.get("Properties", {}).get("DnsProperties", {}).get("SOA", {}).get("TTL", 15)
        properties["DnsProperties"] = {"HostedZoneId": zone_id, "SOA": {"TTL": ttl}}
    namespace = {"Id": number, "Arn": f"arn:aws:servicediscovery:{call.region}:{call.account}:namespace/{number}", "Name": call.params["Name"], "Type": kind,
                 "Description": call.params.get("Description"), "Properties": properties, "CreateDate": whole.context.utcnow(),
                 "CreatorRequestId": call.params.get("CreatorRequestId", call.request_id)}
    region.namespaces[number] = namespace
    set_tags(region, namespace["Arn"], call.params.get("Tags", []))
    return {"OperationId": whole.begin(call.account, call.region, "CREATE_NAMESPACE", {"NAMESPACE": number})}


def free_name(region: Region, name: str, kind: str) -> None:
    for other in region.namespaces.values():
        if other["Name"] == name and other["Type"] == kind:
            raise AwsError("NamespaceAlreadyExists", f"A namespace with the name {name} already exists.", NamespaceId=other["Id"], CreatorRequestId=other["CreatorRequestId"])


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
                raise AwsError("InvalidInput", f"The VPC {vpc} already has a hosted zone of the name {name} (ConflictingDomainExists)")
        from moto.route53.models import route53_backends

        with zone_lock():
            zone = route53_backends[call.account]["aws"].create_hosted_zone(name + ".", private_zone=True, comment="Created by AWS Cloud Map",
                                                                            vpcid=vpc, vpcregion=call.region)
        return add_namespace(sandbox, call, "DNS_PRIVATE", zone.resource_id)


@operation("servicediscovery", "CreateHttpNamespace")
def create_http(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    with whole.lock:
        free_name(region, call.params["Name"], "HTTP")
        return add_namespace(sandbox, call, "HTTP", None)


def namespace_of(region: Region, reference: str) -> dict[str, Any]:
    namespace = region.namespaces.get(reference.split("/")[-1])
    if namespace is None:
        raise AwsError("NamespaceNotFound", f"Namespace {reference} does not exist")
    return namespace


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
            return {"OperationId": whole.begin(call.account, call.region, "DELETE_NAMESPACE", {"NAMESPACE": namespace["Id"]},
                                               "The specified hosted zone contains non-required resource record sets and so cannot be deleted.")}
        if zone is not None:
            with zone_lock():
                zones(call.account).pop(zone_id)
        del region.namespaces[namespace["Id"]]
        return {"OperationId": whole.begin(call.account, call.region, "DELETE_NAMESPACE", {"NAMESPACE": namespace["Id"]})}


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
    return {"OperationId": whole.begin(call.account, call.region, "UPDATE_NAMESPACE", {"NAMESPACE": namespace["Id"]})}


@operation("servicediscovery", "GetOperation")
def get_operation(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    found = region.operations.get(call.params["OperationId"])
    if found is None:
        raise AwsError("OperationNotFound", f"Operation {call.params['OperationId']} does not exist")
    answer = {**shown(found), "Status": "PENDING" if whole.context.now() < found["_due"] else "FAIL" if found["_error"] else "SUCCESS"}
    if answer["Status"] == "FAIL":
        answer.update(ErrorMessage=found["_error"], ErrorCode="CANNOT_DELETE_HOSTED_ZONE")
    return {"Operation": answer}


@operation("servicediscovery", "CreateService")
def create_service(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    params = call.params
    with whole.lock:
        namespace = namespace_of(region, params.get("NamespaceId") or (params.get("DnsConfig") or {}).get("NamespaceId", ""))
        if any(s["Name"] == params["Name"] and s["NamespaceId"] == namespace["Id"] for s in region.services.values()):
            raise AwsError("ServiceAlreadyExists", f"A service with the name {params['Name']} already exists in the namespace.")
        if params.get("HealthCheckConfig") and namespace["Type"] == "DNS_PRIVATE":
            raise AwsError("InvalidInput", "HealthCheckConfig is only for public DNS namespaces")
        number = some_id("srv-")
        dns = params.get("DnsConfig")
        if dns:
            dns = {"RoutingPolicy": "MULTIVALUE", **dns, "NamespaceId": namespace["Id"]}
        service = {"Id": number, "Arn": f"arn:aws:servicediscovery:{call.region}:{call.account}:service/{number}", "Name": params["Name"],
                   "NamespaceId": namespace["Id"], "Description": params.get("Description"), "DnsConfig": dns,
                   "HealthCheckCustomConfig": params.get("HealthCheckCustomConfig"), "Type": "DNS_HTTP" if dns else "HTTP",
                   "CreateDate": whole.context.utcnow(), "CreatorRequestId": params.get("CreatorRequestId", call.request_id), "_instances": {}}
        region.services[number] = service
        set_tags(region, service["Arn"], params.get("Tags", []))
        return {"Service": {**shown(service), "InstanceCount": 0}}


def service_of(region: Region, reference: str) -> dict[str, Any]:
    service = region.services.get(reference.split("/")[-1])
    if service is None:
        raise AwsError("ServiceNotFound", f"Service {reference} does not exist")
    return service


@operation("servicediscovery", "GetService")
def get_service(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = part(sandbox, call)
    service = service_of(region, call.params["Id"])
    return {"Service": {**shown(service), "InstanceCount": len(service["_instances"])}}


@operation("servicediscovery", "ListServices")
def list_services(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = part(sandbox, call)
    found = list(region.services.values())
    for wanted in call.params.get("Filters", []):
        if wanted["Name"] != "NAMESPACE_ID":
            raise AwsError("InvalidInput", f"the sandbox has no service filter {wanted['Name']}")
        found = [s for s in found if s["NamespaceId"] in wanted["Values"]]
    return {"Services": [{**shown(s), "InstanceCount": len(s["_instances"])} for s in found]}


@operation("servicediscovery", "UpdateService")
def update_service(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    service = service_of(region, call.params["Id"])
    wanted = call.params["Service"]
    with whole.lock:
        if "Description" in wanted:
            service["Description"] = wanted["Description"]
        if "DnsConfig" in wanted and service["DnsConfig"]:
            service["DnsConfig"]["DnsRecords"] = wanted["DnsConfig"]["DnsRecords"]
        whole.records(call.account, call.region, service)
    return {"OperationId": whole.begin(call.account, call.region, "UPDATE_SERVICE", {"SERVICE": service["Id"]})}


@operation("servicediscovery", "DeleteService")
def delete_service(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    with whole.lock:
        service = service_of(region, call.params["Id"])
        if service["_instances"]:
            raise AwsError("ResourceInUse", "Service contains registered instances; delete the instances before deleting the service")
        del region.services[service["Id"]]
    return {}


@operation("servicediscovery", "RegisterInstance")
def register_instance(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    service = service_of(region, call.params["ServiceId"])
    whole.register(call.account, call.region, service["Id"], call.params["InstanceId"], call.params["Attributes"])
    return {"OperationId": whole.begin(call.account, call.region, "REGISTER_INSTANCE", {"INSTANCE": call.params["InstanceId"], "SERVICE": service["Id"]})}


@operation("servicediscovery", "DeregisterInstance")
def deregister_instance(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    service = service_of(region, call.params["ServiceId"])
    if not whole.deregister(call.account, call.region, service["Id"], call.params["InstanceId"]):
        raise AwsError("InstanceNotFound", f"Instance {call.params['InstanceId']} does not exist")
    return {"OperationId": whole.begin(call.account, call.region, "DEREGISTER_INSTANCE", {"INSTANCE": call.params["InstanceId"], "SERVICE": service["Id"]})}


@operation("servicediscovery", "GetInstance")
def get_instance(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = part(sandbox, call)
    found = service_of(region, call.params["ServiceId"])["_instances"].get(call.params["InstanceId"])
    if found is None:
        raise AwsError("InstanceNotFound", f"Instance not found: {call.params['InstanceId']}")
    return {"Instance": found}


@operation("servicediscovery", "ListInstances")
def list_instances(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = part(sandbox, call)
    return {"Instances": list(service_of(region, call.params["ServiceId"])["_instances"].values())}


@operation("servicediscovery", "DiscoverInstances")
def discover_instances(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = part(sandbox, call)
    for service in region.services.values():
        namespace = region.namespaces[service["NamespaceId"]]
        if service["Name"] == call.params["ServiceName"] and namespace["Name"] == call.params["NamespaceName"]:
            return {"Instances": [{"InstanceId": i["Id"], "NamespaceName": namespace["Name"], "ServiceName": service["Name"], "HealthStatus": "HEALTHY",
                                   "Attributes": i["Attributes"]} for i in service["_instances"].values()]}
    raise AwsError("ServiceNotFound", f"Service {call.params['ServiceName']} does not exist")


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
