"""ElastiCache: replication groups are created, changed, scaled and deleted.

Each change takes its time (later) and is refused while another one runs, as the service does.
Versions and families must fit each other; the security groups and the subnet group must be there,
in one VPC.
"""

from __future__ import annotations

import re
from typing import Any

from . import ecs_network, elasticache_snapshots
from .elasticache import ElastiCache, part, set_tags
from .elasticache_shown import fresh, settle, visible
from .errors import AwsError
from .later import later
from .registry import operation
from .wire import Call

VERSIONS = {
    "redis": {
        "5.0.6": "5.0.6",
        "6.2": "6.2.6",
        "6.x": "6.2.6",
        "7.0": "7.0.7",
        "7.1": "7.1.0",
        "7": "7.1.0",
        "6": "6.2.6",
    },
    "valkey": {"7.2": "7.2.6", "8.0": "8.0.1", "8.1": "8.1.0", "7": "7.2.6", "8": "8.1.0"},
}
DEFAULT = {"redis": "7.1", "valkey": "8.1"}
FAMILY = {"5.0": "redis5.0", "6.2": "redis6.x", "7.0": "redis7", "7.1": "redis7"}


def version_of(engine: str, wanted: str) -> str:
    known = VERSIONS.get(engine)
    if known is None:
        raise AwsError(
            "InvalidParameterValue", f"Invalid Engine: {engine}; valid here: redis, valkey"
        )
    if wanted in known:
        return known[wanted]
    if any(
        wanted == full or re.fullmatch(rf"{re.escape(short)}\.\d+", wanted)
        for short, full in known.items()
        if short.count(".") == 1
    ):
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
        raise AwsError(
            "InvalidParameterValue",
            "The parameter ReplicationGroupIdentifier must be 1 to 40 alphanumeric characters or "
            "hyphens, begin with a letter, not end with a hyphen and not contain two consecutive "
            "hyphens.",
        )
    engine = params.get("Engine", "redis")
    full = version_of(engine, params.get("EngineVersion") or DEFAULT.get(engine, ""))
    if not re.fullmatch(r"cache\.[a-z0-9]+\.\w+", params.get("CacheNodeType") or ""):
        raise AwsError(
            "InvalidParameterValue", f"Invalid Cache Node Type: {params.get('CacheNodeType')}."
        )
    shards, nodes = nodes_of(params)
    failover = bool(params.get("AutomaticFailoverEnabled"))
    if failover and nodes < 2:
        raise AwsError(
            "InvalidParameterCombination",
            "When using automatic failover, there must be at least 2 cache clusters in the "
            "replication group.",
        )
    if params.get("MultiAZEnabled") and not failover:
        raise AwsError(
            "InvalidParameterCombination", "MultiAZ requires automatic failover to be enabled."
        )
    mode = params.get("TransitEncryptionMode")
    if mode and not params.get("TransitEncryptionEnabled"):
        raise AwsError(
            "InvalidParameterCombination",
            "TransitEncryptionMode can only be set when TransitEncryptionEnabled is true.",
        )
    check_groups(cache, call, engine, full)
    with cache.lock:
        groups = cache.of(call)["groups"]
        if name in groups:
            raise AwsError(
                "ReplicationGroupAlreadyExists", f"Replication group {name} already exists."
            )
        group = fresh(call, name, engine, full, shards, nodes)
        groups[name] = group
        set_tags(sandbox, call, group["ARN"], params.get("Tags", []))
        later(cache.context, "elasticache-create", lambda: settle(group, "creating"))
        return {"ReplicationGroup": visible(group)}


def check_groups(cache: ElastiCache, call: Call, engine: str, full: str) -> None:
    subnet, parameters = (
        call.params.get("CacheSubnetGroupName"),
        call.params.get("CacheParameterGroupName"),
    )
    if subnet and subnet.lower() not in cache.of(call)["subnets"]:
        raise AwsError(
            "CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {subnet} does not exist."
        )
    if parameters and not parameters.startswith("default."):
        group = cache.of(call)["parameters"].get(parameters)
        if group is None:
            raise AwsError(
                "CacheParameterGroupNotFound", f"CacheParameterGroup {parameters} not found.", 404
            )
        family = (
            FAMILY.get(".".join(full.split(".")[:2]), "")
            if engine == "redis"
            else f"valkey{full.split('.')[0]}"
        )
        if group["CacheParameterGroupFamily"] != family:
            raise AwsError(
                "InvalidParameterCombination",
                f"Expected a parameter group of family {family} but found one of family "
                f"{group['CacheParameterGroupFamily']}",
            )
    snapshot = call.params.get("SnapshotName")
    if snapshot and snapshot not in cache.of(call).get("snapshots", {}):
        raise AwsError("SnapshotNotFoundFault", f"Snapshot {snapshot} not found.", 404)
    for security in call.params.get("SecurityGroupIds", []):
        if ecs_network.find_group(ecs_network.backend(call.account, call.region), security) is None:
            raise AwsError("InvalidParameterValue", f"Invalid security group: {security}")


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
    return {
        "ReplicationGroups": [
            visible(g) for g in part(sandbox).groups_of(call.account, call.region)
        ]
    }


@operation("elasticache", "ModifyReplicationGroup")
def modify_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache, params = part(sandbox), call.params
    with cache.lock:
        group = group_of(sandbox, call)
        if group["Status"] != "available":
            raise AwsError(
                "InvalidReplicationGroupState",
                f"Replication group {group['ReplicationGroupId']} is not in a valid state to be "
                f"modified: {group['Status']}.",
            )
        if params.get("EngineVersion"):
            group["_version"] = version_of(
                params.get("Engine", group["Engine"]), params["EngineVersion"]
            )
        if params.get("Engine"):
            group["Engine"] = params["Engine"]
        check_groups(cache, call, group["Engine"], group["_version"])
        for name, key in (
            ("ReplicationGroupDescription", "Description"),
            ("CacheNodeType", "CacheNodeType"),
            ("SnapshotRetentionLimit", "SnapshotRetentionLimit"),
            ("SnapshotWindow", "SnapshotWindow"),
            ("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
            ("SecurityGroupIds", "_security_groups"),
            ("CacheParameterGroupName", "_parameter_group"),
            ("PreferredMaintenanceWindow", "_maintenance"),
            ("TransitEncryptionMode", "TransitEncryptionMode"),
            ("TransitEncryptionEnabled", "TransitEncryptionEnabled"),
        ):
            if name in params:
                group[key] = params[name]
        if "AutomaticFailoverEnabled" in params:
            group["AutomaticFailover"] = (
                "enabled" if params["AutomaticFailoverEnabled"] else "disabled"
            )
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
            raise AwsError(
                "InvalidParameterCombination",
                "the sandbox changes replicas by NewReplicaCount, without cluster mode",
            )
        if group["AutomaticFailover"] == "enabled" and count < 1:
            raise AwsError(
                "InvalidParameterValue", "With automatic failover at least one replica must stay."
            )
        group["_nodes"] = count + 1
        group["MemberClusters"] = [
            f"{group['ReplicationGroupId']}-{i + 1:03d}" for i in range(count + 1)
        ]
        begin_change(cache, group)
        return {"ReplicationGroup": visible(group)}


@operation("elasticache", "DeleteReplicationGroup")
def delete_group(sandbox: Any, call: Call) -> dict[str, Any]:
    cache = part(sandbox)
    with cache.lock:
        group = group_of(sandbox, call)
        if group["Status"] == "deleting":
            raise AwsError(
                "InvalidReplicationGroupState",
                f"Replication group {group['ReplicationGroupId']} has status deleting which is "
                "not valid for deletion.",
            )
        if group["Status"] != "available":
            raise AwsError(
                "InvalidReplicationGroupState",
                f"Replication group {group['ReplicationGroupId']} has status {group['Status']} "
                "which is not valid for deletion.",
            )
        if call.params.get("FinalSnapshotIdentifier"):
            elasticache_snapshots.take(sandbox, call, group, call.params["FinalSnapshotIdentifier"])
        group["Status"] = "deleting"
        groups, name = cache.of(call)["groups"], group["ReplicationGroupId"]
        later(
            cache.context,
            "elasticache-delete",
            lambda: groups.pop(name) if groups.get(name) is group else None,
        )
        return {"ReplicationGroup": visible(group)}
