"""ElastiCache: replication groups, subnet and parameter groups. moto's has no change, no parameter groups and
no time, so this one is whole for those; single cache clusters outside a group do not exist here."""

from __future__ import annotations

import re
import secrets
import threading
from typing import Any

from . import ecs_network
from .errors import AwsError
from .later import later
from .registry import OWN_SERVICES, operation
from .wire import Call

OWN_SERVICES.add("elasticache")
VERSIONS = {
    "redis": {"5.0.6": "5.0.6", "6.2": "6.2.6", "6.x": "6.2.6", "7.0": "7.0.7", "7.1": "7.1.0", "7": "7.1.0", "6": "6.2.6"},
    "valkey": {"7.2": "7.2.6", "8.0": "8.0.1", "8.1": "8.1.0", "7": "7.2.6", "8": "8.1.0"},
}
DEFAULT = {"redis": "7.1", "valkey": "8.1"}
FAMILY = {"5.0": "redis5.0", "6.2": "redis6.x", "7.0": "redis7", "7.1": "redis7"}


class ElastiCache:
    def __init__(self, context: Any) -> None:
        self.context = context
        self.lock = threading.RLock()
        self.regions: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}

    def of(self, call: Call) -> dict[str, dict[str, Any]]:
        return self.region(call.account, call.region)

    def region(self, account: str, region: str) -> dict[str, dict[str, Any]]:
        with self.lock:
            return self.regions.setdefault((account, region), {"groups": {}, "subnets": {}, "parameters": {}, "tags": {}})

    def groups_of(self, account: str, region: str) -> list[dict[str, Any]]:
        return list(self.region(account, region)["groups"].values())


def part(sandbox: Any) -> ElastiCache:
    return sandbox.parts["elasticache"]  # type: ignore[no-any-return]


def shown(thing: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in thing.items() if not k.startswith("_")}


def arn_of(call: Call, kind: str, name: str) -> str:
    return f"arn:aws:elasticache:{call.region}:{call.account}:{kind}:{name}"


def set_tags(sandbox: Any, call: Call, arn: str, tags: list[dict[str, str]]) -> None:
    part(sandbox).of(call)["tags"].setdefault(arn, {}).update({t["Key"]: t.get("Value", "") for t in tags})


def version_of(engine: str, wanted: str) -> str:
    known = VERSIONS.get(engine)
    if known is None:
        raise AwsError("InvalidParameterValue", f"Invalid Engine: {engine}; valid here: redis, valkey")
    if wanted in known:
        return known[wanted]
    if any(wanted == full or re.fullmatch(rf"{re.escape(short)}\.\d+", wanted) for short, full in known.items() if short.count(".") == 1):
        return wanted
    raise AwsError("InvalidParameterCombination", f"Cannot find version {wanted} for {engine}")


def nodes_of(params: dict[str, Any]) -> tuple[int, int]:
    """Shards, and nodes in each."""
    shards = params.get("NumNodeGroups", 1) or 1
    if params.get("NumCacheClusters"):
        return 1, params["NumCacheClusters"]
    return shards, (params.get("ReplicasPerNodeGroup") or 0) + 1


@operation("elasticache", "CreateReplicationGroup")
def create_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache, params = part(sandbox), call.params
    name = params["ReplicationGroupId"].lower()
    if len(name) > 40 or not re.fullmatch(r"[a-z](?:-?[a-z0-9])*", name):
        raise AwsError("InvalidParameterValue", "The parameter ReplicationGroupIdentifier must be 1 to 40 alphanumeric characters or hyphens, begin with a letter, "
                       "not end with a hyphen and not contain two consecutive hyphens.")
    engine = params.get("Engine", "redis")
    full = version_of(engine, params.get("EngineVersion") or DEFAULT.get(engine, ""))
    if not re.fullmatch(r"cache\.[a-z0-9]+\.\w+", params.get("CacheNodeType") or ""):
        raise AwsError("InvalidParameterValue", f"Invalid Cache Node Type: {params.get('CacheNodeType')}.")
    shards, nodes = nodes_of(params)
    failover = bool(params.get("AutomaticFailoverEnabled"))
    if failover and nodes < 2:
        raise AwsError("InvalidParameterCombination", "When using automatic failover, there must be at least 2 cache clusters in the replication group.")
    if params.get("MultiAZEnabled") and not failover:
        raise AwsError("InvalidParameterCombination", "MultiAZ requires automatic failover to be enabled.")
    mode = params.get("TransitEncryptionMode")
    if mode and not params.get("TransitEncryptionEnabled"):
        raise AwsError("InvalidParameterCombination", "TransitEncryptionMode can only be set when TransitEncryptionEnabled is true.")
    check_groups(cache, call, engine, full)
    with cache.lock:
        groups = cache.of(call)["groups"]
        if name in groups:
            raise AwsError("ReplicationGroupAlreadyExists", f"Replication group {name} already exists.")
        group = fresh(call, name, engine, full, shards, nodes)
        groups[name] = group
        set_tags(sandbox, call, group["ARN"], params.get("Tags", []))
        later(cache.context, "elasticache-create", lambda: settle(group, "creating"))
        return {"ReplicationGroup": visible(group)}


def check_groups(cache: ElastiCache, call: Call, engine: str, full: str) -> None:
    subnet, parameters = call.params.get("CacheSubnetGroupName"), call.params.get("CacheParameterGroupName")
    if subnet and subnet.lower() not in cache.of(call)["subnets"]:
        raise AwsError("CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {subnet} does not exist.")
    if parameters and not parameters.startswith("default."):
        group = cache.of(call)["parameters"].get(parameters)
        if group is None:
            raise AwsError("CacheParameterGroupNotFound", f"CacheParameterGroup {parameters} not found.", 404)
        family = FAMILY.get(".".join(full.split(".")[:2]), "") if engine == "redis" else f"valkey{full.split('.')[0]}"
        if group["CacheParameterGroupFamily"] != family:
            raise AwsError("InvalidParameterCombination", f"Expected a parameter group of family {family} but found one of family {group['CacheParameterGroupFamily']}")
    snapshot = call.params.get("SnapshotName")
    if snapshot and snapshot not in cache.of(call).get("snapshots", {}):
        raise AwsError("SnapshotNotFoundFault", f"Snapshot {snapshot} not found.", 404)
    for security in call.params.get("SecurityGroupIds", []):
        if ecs_network.find_group(ecs_network.backend(call.account, call.region), security) is None:
            raise AwsError("InvalidParameterValue", f"Invalid security group: {security}")


def fresh(call: Call, name: str, engine: str, full: str, shards: int, nodes: int) -> dict[str, Any]:
    params = call.params
    tail = f"{name}.{secrets.token_hex(3)}"
    members = [f"{name}-{i + 1:03d}" for i in range(nodes)] if shards == 1 else [f"{name}-{s + 1:04d}-{i + 1:03d}" for s in range(shards) for i in range(nodes)]
    return {
        "ReplicationGroupId": name, "Description": params["ReplicationGroupDescription"], "Status": "creating", "PendingModifiedValues": {},
        "MemberClusters": members, "AutomaticFailover": "enabled" if params.get("AutomaticFailoverEnabled") else "disabled",
        "MultiAZ": "enabled" if params.get("MultiAZEnabled") else "disabled", "SnapshotRetentionLimit": params.get("SnapshotRetentionLimit", 0),
        "SnapshotWindow": params.get("SnapshotWindow", "05:00-06:00"), "ClusterEnabled": shards > 1, "CacheNodeType": params["CacheNodeType"],
        "AuthTokenEnabled": bool(params.get("AuthToken")), "TransitEncryptionEnabled": bool(params.get("TransitEncryptionEnabled")),
        "AtRestEncryptionEnabled": bool(params.get("AtRestEncryptionEnabled")), "ARN": arn_of(call, "replicationgroup", name), "Engine": engine,
        "AutoMinorVersionUpgrade": params.get("AutoMinorVersionUpgrade", True), "NetworkType": "ipv4", "IpDiscovery": "ipv4",
        "TransitEncryptionMode": params.get("TransitEncryptionMode") or ("required" if params.get("TransitEncryptionEnabled") else None),
        "ClusterMode": "enabled" if shards > 1 else "disabled", "ReplicationGroupCreateTime": None,
        "_version": full, "_port": params.get("Port", 6379), "_tail": f"{tail}.{short_region(call.region)}.cache.amazonaws.com", "_shards": shards, "_nodes": nodes,
        "_security_groups": params.get("SecurityGroupIds", []), "_subnet_group": (params.get("CacheSubnetGroupName") or "default").lower(),
        "_parameter_group": params.get("CacheParameterGroupName") or f"default.{engine}{full.split('.')[0]}",
        "_maintenance": params.get("PreferredMaintenanceWindow", "sun:06:00-sun:07:00"), "_region": call.region, "_account": call.account,
    }


def short_region(region: str) -> str:
    """us-west-2 -> usw2, as in ElastiCache's addresses."""
    parts = region.split("-")
    return parts[0] + "".join(p[0] for p in parts[1:-1]) + parts[-1]


def visible(group: dict[str, Any]) -> dict[str, Any]:
    answer = {k: v for k, v in shown(group).items() if v is not None}
    if group["Status"] == "creating":
        return answer
    port, tail = group["_port"], group["_tail"]
    prefix = "master." if group["TransitEncryptionEnabled"] else ""
    answer["NodeGroups"] = []
    for shard in range(group["_shards"]):
        per = group["_nodes"]
        members = group["MemberClusters"][shard * per:(shard + 1) * per]
        node_group: dict[str, Any] = {"NodeGroupId": f"{shard + 1:04d}", "Status": group["Status"], "NodeGroupMembers": []}
        for i, member in enumerate(members):
            node_group["NodeGroupMembers"].append({"CacheClusterId": member, "CacheNodeId": "0001", "PreferredAvailabilityZone": f"{group['_region']}{'abc'[i % 3]}",
                                                   "CurrentRole": "primary" if i == 0 else "replica", "ReadEndpoint": {"Address": f"{member}.{tail}", "Port": port}})
        if not group["ClusterEnabled"]:
            node_group["PrimaryEndpoint"] = {"Address": f"{prefix}{tail}" if prefix else tail.replace(".", ".ng.", 1), "Port": port}
            node_group["ReaderEndpoint"] = {"Address": f"{'replica.' + tail if prefix else tail.replace('.', '-ro.', 1)}", "Port": port}
        answer["NodeGroups"].append(node_group)
    if group["ClusterEnabled"]:
        answer["ConfigurationEndpoint"] = {"Address": f"clustercfg.{tail}", "Port": port}
    return answer


def settle(group: dict[str, Any], expected: str) -> None:
    if group["Status"] == expected:
        group["Status"] = "available"


def group_of(sandbox: Any, call: Call) -> dict[str, Any]:
    name = call.params["ReplicationGroupId"].lower()
    group = part(sandbox).of(call)["groups"].get(name)
    if group is None:
        raise AwsError("ReplicationGroupNotFoundFault", f"ReplicationGroup {name} not found.", 404)
    return group


@operation("elasticache", "DescribeReplicationGroups")
def describe_groups(sandbox: Any, call: Call) -> dict[str, Any]:
    if call.params.get("ReplicationGroupId"):
        return {"ReplicationGroups": [visible(group_of(sandbox, call))]}
    return {"ReplicationGroups": [visible(g) for g in part(sandbox).groups_of(call.account, call.region)]}


@operation("elasticache", "ModifyReplicationGroup")
def modify_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache, params = part(sandbox), call.params
    with cache.lock:
        group = group_of(sandbox, call)
        if group["Status"] != "available":
            raise AwsError("InvalidReplicationGroupState", f"Replication group {group['ReplicationGroupId']} is not in a valid state to be modified: {group['Status']}.")
        if params.get("EngineVersion"):
            group["_version"] = version_of(params.get("Engine", group["Engine"]), params["EngineVersion"])
        if params.get("Engine"):
            group["Engine"] = params["Engine"]
        check_groups(cache, call, group["Engine"], group["_version"])
        for name, key in (("ReplicationGroupDescription", "Description"), ("CacheNodeType", "CacheNodeType"), ("SnapshotRetentionLimit", "SnapshotRetentionLimit"),
                          ("SnapshotWindow", "SnapshotWindow"), ("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"), ("SecurityGroupIds", "_security_groups"),
                          ("CacheParameterGroupName", "_parameter_group"), ("PreferredMaintenanceWindow", "_maintenance"),
                          ("TransitEncryptionMode", "TransitEncryptionMode"), ("TransitEncryptionEnabled", "TransitEncryptionEnabled")):
            if name in params:
                group[key] = params[name]
        if "AutomaticFailoverEnabled" in params:
            group["AutomaticFailover"] = "enabled" if params["AutomaticFailoverEnabled"] else "disabled"
        if "MultiAZEnabled" in params:
            group["MultiAZ"] = "enabled" if params["MultiAZEnabled"] else "disabled"
        begin_change(cache, group)
        return {"ReplicationGroup": visible(group)}


def begin_change(cache: ElastiCache, group: dict[str, Any]) -> None:
    group["Status"] = "modifying"
    later(cache.context, "elasticache-modify", lambda: settle(group, "modifying"))


@operation("elasticache", "IncreaseReplicaCount", "DecreaseReplicaCount")
def change_replicas(sandbox: Any, call: Call) -> dict[str, Any]:
    cache = part(sandbox)
    with cache.lock:
        group = group_of(sandbox, call)
        count = call.params.get("NewReplicaCount")
        if count is None or group["ClusterEnabled"]:
            raise AwsError("InvalidParameterCombination", "the sandbox changes replicas by NewReplicaCount, without cluster mode")
        if group["AutomaticFailover"] == "enabled" and count < 1:
            raise AwsError("InvalidParameterValue", "With automatic failover at least one replica must stay.")
        group["_nodes"] = count + 1
        group["MemberClusters"] = [f"{group['ReplicationGroupId']}-{i + 1:03d}" for i in range(count + 1)]
        begin_change(cache, group)
        return {"ReplicationGroup": visible(group)}


@operation("elasticache", "DeleteReplicationGroup")
def delete_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache = part(sandbox)
    with cache.lock:
        group = group_of(sandbox, call)
        if group["Status"] == "deleting":
            raise AwsError("InvalidReplicationGroupState", f"Replication group {group['ReplicationGroupId']} has status deleting which is not valid for deletion.")
        group["Status"] = "deleting"
        groups, name = cache.of(call)["groups"], group["ReplicationGroupId"]
        later(cache.context, "elasticache-delete", lambda: groups.pop(name) if groups.get(name) is group else None)
        return {"ReplicationGroup": visible(group)}


@operation("elasticache", "DescribeCacheClusters")
def describe_clusters(sandbox: Any, call: Call) -> dict[str, Any]:
    wanted, found = call.params.get("CacheClusterId"), []
    for group in part(sandbox).groups_of(call.account, call.region):
        for member in group["MemberClusters"]:
            if wanted in (None, member):
                cluster = {"CacheClusterId": member, "CacheNodeType": group["CacheNodeType"], "Engine": group["Engine"], "EngineVersion": group["_version"],
                           "CacheClusterStatus": group["Status"], "NumCacheNodes": 1, "ReplicationGroupId": group["ReplicationGroupId"],
                           "CacheSubnetGroupName": group["_subnet_group"], "CacheParameterGroup": {"CacheParameterGroupName": group["_parameter_group"], "ParameterApplyStatus": "in-sync"},
                           "SecurityGroups": [{"SecurityGroupId": s, "Status": "active"} for s in group["_security_groups"]],
                           "PreferredMaintenanceWindow": group["_maintenance"], "ARN": arn_of(call, "cluster", member),
                           "TransitEncryptionEnabled": group["TransitEncryptionEnabled"], "AtRestEncryptionEnabled": group["AtRestEncryptionEnabled"]}
                if call.params.get("ShowCacheNodeInfo") and group["Status"] != "creating":
                    cluster["CacheNodes"] = [{"CacheNodeId": "0001", "CacheNodeStatus": group["Status"], "Endpoint": {"Address": f"{member}.{group['_tail']}", "Port": group["_port"]}}]
                found.append(cluster)
    if wanted and not found:
        raise AwsError("CacheClusterNotFound", f"CacheCluster not found: {wanted}", 404)
    return {"CacheClusters": found}


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
        subnets.append({"SubnetIdentifier": subnet_id, "SubnetAvailabilityZone": {"Name": subnet.availability_zone}, "SupportedNetworkTypes": ["ipv4"]})
    if len(vpcs) > 1:
        raise AwsError("InvalidSubnet", "The subnets must be of one VPC.")
    with cache.lock:
        known = cache.of(call)["subnets"]
        if call.operation == "CreateCacheSubnetGroup":
            if name in known:
                raise AwsError("CacheSubnetGroupAlreadyExists", f"Cache Subnet Group {name} already exists.")
            if not subnets:
                raise AwsError("InvalidParameterValue", "SubnetIds must not be empty")
            known[name] = {"CacheSubnetGroupName": name, "ARN": arn_of(call, "subnetgroup", name), "SupportedNetworkTypes": ["ipv4"]}
            set_tags(sandbox, call, known[name]["ARN"], params.get("Tags", []))
        elif name not in known:
            raise AwsError("CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist.")
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
        raise AwsError("CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {wanted} does not exist.")
    return {"CacheSubnetGroups": [shown(g) for n, g in known.items() if wanted in ("", n)]}


@operation("elasticache", "DeleteCacheSubnetGroup")
def delete_subnet_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache, name = part(sandbox), call.params["CacheSubnetGroupName"].lower()
    with cache.lock:
        if name not in cache.of(call)["subnets"]:
            raise AwsError("CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist.")
        if any(g["_subnet_group"] == name for g in cache.groups_of(call.account, call.region)):
            raise AwsError("CacheSubnetGroupInUse", f"Cache Subnet Group {name} is currently in use by a cache cluster.")
        del cache.of(call)["subnets"][name]
    return {}


@operation("elasticache", "CreateCacheParameterGroup")
def create_parameter_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache, params = part(sandbox), call.params
    name, family = params["CacheParameterGroupName"], params["CacheParameterGroupFamily"]
    if family not in ("redis5.0", "redis6.x", "redis7", "valkey7", "valkey8"):
        raise AwsError("InvalidParameterValue", f"CacheParameterGroupFamily {family} is not a valid parameter group family.")
    with cache.lock:
        known = cache.of(call)["parameters"]
        if name in known:
            raise AwsError("CacheParameterGroupAlreadyExists", f"Cache parameter group {name} already exists.")
        known[name] = {"CacheParameterGroupName": name, "CacheParameterGroupFamily": family, "Description": params["Description"], "IsGlobal": False,
                       "ARN": arn_of(call, "parametergroup", name), "_values": {}}
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
    group["_values"].update({p["ParameterName"]: p["ParameterValue"] for p in call.params["ParameterNameValues"]})
    return {"CacheParameterGroupName": group["CacheParameterGroupName"]}


@operation("elasticache", "DescribeCacheParameters")
def describe_parameters(sandbox: Any, call: Call) -> dict[str, Any]:
    values = parameter_group(sandbox, call)["_values"]
    return {"Parameters": [{"ParameterName": k, "ParameterValue": v, "Source": "user"} for k, v in values.items()]}


@operation("elasticache", "DescribeCacheParameterGroups")
def describe_parameter_groups(sandbox: Any, call: Call) -> dict[str, Any]:
    if call.params.get("CacheParameterGroupName"):
        return {"CacheParameterGroups": [shown(parameter_group(sandbox, call))]}
    return {"CacheParameterGroups": [shown(g) for g in part(sandbox).of(call)["parameters"].values()]}


@operation("elasticache", "DeleteCacheParameterGroup")
def delete_parameter_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache = part(sandbox)
    with cache.lock:
        group = parameter_group(sandbox, call)
        if any(g["_parameter_group"] == group["CacheParameterGroupName"] for g in cache.groups_of(call.account, call.region)):
            raise AwsError("InvalidCacheParameterGroupState", "One or more cache clusters are still members of this parameter group.")
        del cache.of(call)["parameters"][group["CacheParameterGroupName"]]
    return {}


@operation("elasticache", "ListTagsForResource", "AddTagsToResource", "RemoveTagsFromResource")
def tags(sandbox: Any, call: Call) -> dict[str, Any]:
    known = part(sandbox).of(call)["tags"].setdefault(call.params["ResourceName"], {})
    known.update({t["Key"]: t.get("Value", "") for t in call.params.get("Tags", [])})
    for key in call.params.get("TagKeys", []):
        known.pop(key, None)
    return {"TagList": [{"Key": k, "Value": v} for k, v in known.items()]}
