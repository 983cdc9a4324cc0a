"""Cloud Map: services in a namespace, and the instances registered with them.

Names are unique in a namespace, a health check of the kind that needs a public one is refused, and
a service with instances is not deleted. Records follow from ServiceDiscovery.records.
"""

from __future__ import annotations

import re
from typing import Any

from .errors import AwsError
from .registry import operation
from .servicediscovery import namespace_of, part, service_of, set_tags, shown, some_id
from .wire import Call

# the pattern of Name and the notes on RoutingPolicy and CNAME in the API reference (CreateService,
# DnsConfig, DnsRecord); each label as in the pattern
LABEL = r"[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?"


def check_service(params: dict[str, Any]) -> None:
    name, dns = params["Name"], params.get("DnsConfig") or {}
    if len(name) > 127 or not re.fullmatch(rf"{LABEL}(\.{LABEL})*", name):
        raise AwsError("InvalidInput", f"The service name {name} is not valid.")
    kinds = {r["Type"] for r in dns.get("DnsRecords", [])}
    if "CNAME" in kinds and (
        kinds != {"CNAME"} or dns.get("RoutingPolicy", "MULTIVALUE") != "WEIGHTED"
    ):
        raise AwsError("InvalidInput", "A CNAME record stands alone, with routing policy WEIGHTED.")


def check_instance(service: dict[str, Any], attributes: dict[str, str]) -> None:
    """The address that each record type needs must be given."""
    needs = {"A": "AWS_INSTANCE_IPV4", "AAAA": "AWS_INSTANCE_IPV6", "CNAME": "AWS_INSTANCE_CNAME"}
    for record in (service["DnsConfig"] or {}).get("DnsRecords", []):
        wanted = needs.get(record["Type"])
        if wanted and wanted not in attributes and "AWS_ALIAS_DNS_NAME" not in attributes:
            raise AwsError("InvalidInput", f"The attribute {wanted} is required.")


@operation("servicediscovery", "CreateService")
def create_service(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    params = call.params
    check_service(params)
    with whole.lock:
        namespace = namespace_of(
            region,
            params.get("NamespaceId") or (params.get("DnsConfig") or {}).get("NamespaceId", ""),
        )
        if any(
            s["Name"].lower() == params["Name"].lower() and s["NamespaceId"] == namespace["Id"]
            for s in region.services.values()
        ):
            raise AwsError(
                "ServiceAlreadyExists",
                f"A service with the name {params['Name']} already exists in the namespace.",
            )
        if params.get("HealthCheckConfig") and namespace["Type"] == "DNS_PRIVATE":
            raise AwsError("InvalidInput", "HealthCheckConfig is only for public DNS namespaces")
        number = some_id("srv-")
        dns = params.get("DnsConfig")
        if dns:
            dns = {"RoutingPolicy": "MULTIVALUE", **dns, "NamespaceId": namespace["Id"]}
        service = {
            "Id": number,
            "Arn": f"arn:aws:servicediscovery:{call.region}:{call.account}:service/{number}",
            "Name": params["Name"],
            "NamespaceId": namespace["Id"],
            "Description": params.get("Description"),
            "DnsConfig": dns,
            "HealthCheckCustomConfig": params.get("HealthCheckCustomConfig"),
            "Type": "DNS_HTTP" if dns else "HTTP",
            "CreateDate": whole.context.utcnow(),
            "CreatorRequestId": params.get("CreatorRequestId", call.request_id),
            "_instances": {},
        }
        region.services[number] = service
        set_tags(region, service["Arn"], params.get("Tags", []))
        return {"Service": {**shown(service), "InstanceCount": 0}}


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
    return {
        "OperationId": whole.begin(
            call.account, call.region, "UPDATE_SERVICE", {"SERVICE": service["Id"]}
        )
    }


@operation("servicediscovery", "DeleteService")
def delete_service(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    with whole.lock:
        service = service_of(region, call.params["Id"])
        if service["_instances"]:
            raise AwsError(
                "ResourceInUse",
                "Service contains registered instances; delete the instances before deleting the "
                "service",
            )
        del region.services[service["Id"]]
    return {}


@operation("servicediscovery", "RegisterInstance")
def register_instance(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    service = service_of(region, call.params["ServiceId"])
    check_instance(service, call.params["Attributes"])
    whole.register(
        call.account,
        call.region,
        service["Id"],
        call.params["InstanceId"],
        call.params["Attributes"],
    )
    return {
        "OperationId": whole.begin(
            call.account,
            call.region,
            "REGISTER_INSTANCE",
            {"INSTANCE": call.params["InstanceId"], "SERVICE": service["Id"]},
        )
    }


@operation("servicediscovery", "DeregisterInstance")
def deregister_instance(sandbox: Any, call: Call) -> dict[str, Any]:
    whole, region = part(sandbox, call)
    service = service_of(region, call.params["ServiceId"])
    if not whole.deregister(call.account, call.region, service["Id"], call.params["InstanceId"]):
        raise AwsError("InstanceNotFound", f"Instance {call.params['InstanceId']} does not exist")
    return {
        "OperationId": whole.begin(
            call.account,
            call.region,
            "DEREGISTER_INSTANCE",
            {"INSTANCE": call.params["InstanceId"], "SERVICE": service["Id"]},
        )
    }


@operation("servicediscovery", "GetInstance")
def get_instance(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = part(sandbox, call)
    found = service_of(region, call.params["ServiceId"])["_instances"].get(
        call.params["InstanceId"]
    )
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
        if (
            service["Name"] == call.params["ServiceName"]
            and namespace["Name"] == call.params["NamespaceName"]
        ):
            return {
                "Instances": [
                    {
                        "InstanceId": i["Id"],
                        "NamespaceName": namespace["Name"],
                        "ServiceName": service["Name"],
                        "HealthStatus": "HEALTHY",
                        "Attributes": i["Attributes"],
                    }
                    for i in service["_instances"].values()
                ]
            }
    raise AwsError("ServiceNotFound", f"Service {call.params['ServiceName']} does not exist")
