"""ElastiCache: subnet groups, parameter groups, and tags of anything.

Names of subnet groups are folded to lower case, as the service does. Subnets must exist and be of
one VPC; a group that a cache uses is not deleted; a parameter group is of a known family and keeps
the values that were set, without knowing what a family allows.
"""

from __future__ import annotations

from typing import Any

from . import ecs_network
from .elasticache import arn_of, part, set_tags, shown
from .errors import AwsError
from .registry import operation
from .wire import Call


@operation("elasticache", "CreateCacheSubnetGroup", "ModifyCacheSubnetGroup")
def put_subnet_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache, params = part(sandbox), call.params
    name = params["CacheSubnetGroupName"].lower()
    subnets, vpcs = [], set()
    for subnet_id in params.get("SubnetIds", []):
        subnet = ecs_network.find_subnet(ecs_network.backend(call.account, call.region), subnet_id)
        if subnet is None:
            raise AwsError("InvalidSubnet", f"The subnet ID '{subnet_id}' does not exist")
        vpcs.add(subnet.vpc_id)
        subnets.append(
            {
                "SubnetIdentifier": subnet_id,
                "SubnetAvailabilityZone": {"Name": subnet.availability_zone},
                "SupportedNetworkTypes": ["ipv4"],
            }
        )
    if len(vpcs) > 1:
        raise AwsError("InvalidSubnet", "The subnets must be of one VPC.")
    with cache.lock:
        known = cache.of(call)["subnets"]
        if call.operation == "CreateCacheSubnetGroup":
            if name in known:
                raise AwsError(
                    "CacheSubnetGroupAlreadyExists", f"Cache Subnet Group {name} already exists."
                )
            if not subnets:
                raise AwsError("InvalidParameterValue", "SubnetIds must not be empty")
            known[name] = {
                "CacheSubnetGroupName": name,
                "ARN": arn_of(call, "subnetgroup", name),
                "SupportedNetworkTypes": ["ipv4"],
            }
            set_tags(sandbox, call, known[name]["ARN"], params.get("Tags", []))
        elif name not in known:
            raise AwsError(
                "CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist."
            )
        group = known[name]
        if "CacheSubnetGroupDescription" in params:
            group["CacheSubnetGroupDescription"] = params["CacheSubnetGroupDescription"]
        if subnets:
            group.update(Subnets=subnets, VpcId=vpcs.pop())
        return {"CacheSubnetGroup": shown(group)}


@operation("elasticache", "DescribeCacheSubnetGroups")
def describe_subnet_groups(sandbox: Any, call: Call) -> dict[str, Any]:
    known = part(sandbox).of(call)["subnets"]
    wanted = (call.params.get("CacheSubnetGroupName") or "").lower()
    if wanted and wanted not in known:
        raise AwsError(
            "CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {wanted} does not exist."
        )
    return {"CacheSubnetGroups": [shown(g) for n, g in known.items() if wanted in ("", n)]}


@operation("elasticache", "DeleteCacheSubnetGroup")
def delete_subnet_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache, name = part(sandbox), call.params["CacheSubnetGroupName"].lower()
    with cache.lock:
        if name not in cache.of(call)["subnets"]:
            raise AwsError(
                "CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist."
            )
        if any(g["_subnet_group"] == name for g in cache.groups_of(call.account, call.region)):
            raise AwsError(
                "CacheSubnetGroupInUse",
                f"Cache Subnet Group {name} is currently in use by a cache cluster.",
            )
        del cache.of(call)["subnets"][name]
    return {}


@operation("elasticache", "CreateCacheParameterGroup")
def create_parameter_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache, params = part(sandbox), call.params
    name, family = params["CacheParameterGroupName"], params["CacheParameterGroupFamily"]
    if family not in ("redis5.0", "redis6.x", "redis7", "valkey7", "valkey8"):
        raise AwsError(
            "InvalidParameterValue",
            f"CacheParameterGroupFamily {family} is not a valid parameter group family.",
        )
    with cache.lock:
        known = cache.of(call)["parameters"]
        if name in known:
            raise AwsError(
                "CacheParameterGroupAlreadyExists", f"Cache parameter group {name} already exists."
            )
        known[name] = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": family,
            "Description": params["Description"],
            "IsGlobal": False,
            "ARN": arn_of(call, "parametergroup", name),
            "_values": {},
        }
        set_tags(sandbox, call, known[name]["ARN"], params.get("Tags", []))
        return {"CacheParameterGroup": shown(known[name])}


def parameter_group(sandbox: Any, call: Call) -> dict[str, Any]:
    name = call.params["CacheParameterGroupName"]
    group = part(sandbox).of(call)["parameters"].get(name)
    if group is None:
        raise AwsError("CacheParameterGroupNotFound", f"CacheParameterGroup {name} not found.", 404)
    return group


@operation("elasticache", "ModifyCacheParameterGroup")
def modify_parameter_group(sandbox: Any, call: Call) -> dict[str, Any]:
    group = parameter_group(sandbox, call)
    group["_values"].update(
        {p["ParameterName"]: p["ParameterValue"] for p in call.params["ParameterNameValues"]}
    )
    return {"CacheParameterGroupName": group["CacheParameterGroupName"]}


@operation("elasticache", "DescribeCacheParameters")
def describe_parameters(sandbox: Any, call: Call) -> dict[str, Any]:
    values = parameter_group(sandbox, call)["_values"]
    return {
        "Parameters": [
            {"ParameterName": k, "ParameterValue": v, "Source": "user"} for k, v in values.items()
        ]
    }


@operation("elasticache", "DescribeCacheParameterGroups")
def describe_parameter_groups(sandbox: Any, call: Call) -> dict[str, Any]:
    if call.params.get("CacheParameterGroupName"):
        return {"CacheParameterGroups": [shown(parameter_group(sandbox, call))]}
    return {
        "CacheParameterGroups": [shown(g) for g in part(sandbox).of(call)["parameters"].values()]
    }


@operation("elasticache", "DeleteCacheParameterGroup")
def delete_parameter_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache = part(sandbox)
    with cache.lock:
        group = parameter_group(sandbox, call)
        if any(
            g["_parameter_group"] == group["CacheParameterGroupName"]
            for g in cache.groups_of(call.account, call.region)
        ):
            raise AwsError(
                "InvalidCacheParameterGroupState",
                "One or more cache clusters are still members of this parameter group.",
            )
        del cache.of(call)["parameters"][group["CacheParameterGroupName"]]
    return {}


@operation("elasticache", "ListTagsForResource", "AddTagsToResource", "RemoveTagsFromResource")
def tags(sandbox: Any, call: Call) -> dict[str, Any]:
    known = part(sandbox).of(call)["tags"].setdefault(call.params["ResourceName"], {})
    known.update({t["Key"]: t.get("Value", "") for t in call.params.get("Tags", [])})
    for key in call.params.get("TagKeys", []):
        known.pop(key, None)
    return {"TagList": [{"Key": k, "Value": v} for k, v in known.items()]}
