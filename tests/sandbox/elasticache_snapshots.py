"""ElastiCache: manual snapshots of replication groups, and groups that are made of one."""

from __future__ import annotations

import time
from typing import Any

from .elasticache import arn_of, part
from .errors import AwsError
from .registry import operation
from .wire import Call


def snapshots(sandbox: Any, call: Call) -> dict[str, dict[str, Any]]:
    return part(sandbox).of(call).setdefault("snapshots", {})


@operation("elasticache", "CreateSnapshot")
def create(sandbox: Any, call: Call) -> dict[str, Any]:
    name, group = call.params["SnapshotName"], call.params.get("ReplicationGroupId", "")
    found = part(sandbox).of(call)["groups"].get(group)
    if found is None:
        raise AwsError("ReplicationGroupNotFoundFault", f"ReplicationGroup {group} not found.", 404)
    if found["Status"] != "available":
        raise AwsError(
            "InvalidReplicationGroupState", f"Replication group {group} is not in available state."
        )
    return {"Snapshot": take(sandbox, call, found, name)}


def take(sandbox: Any, call: Call, found: dict[str, Any], name: str) -> dict[str, Any]:
    if name in snapshots(sandbox, call):
        raise AwsError(
            "SnapshotAlreadyExistsFault", f"A snapshot with the name {name} already exists."
        )
    made = {
        "SnapshotName": name,
        "ReplicationGroupId": found["ReplicationGroupId"],
        "SnapshotStatus": "available",
        "SnapshotSource": "manual",
        "CacheNodeType": found.get("CacheNodeType", ""),
        "Engine": found.get("Engine", "redis"),
        "ARN": arn_of(call, "snapshot", name),
        "NodeSnapshots": [{"SnapshotCreateTime": time.time(), "CacheSize": "1 MB"}],
    }
    snapshots(sandbox, call)[name] = made
    return made


@operation("elasticache", "CopySnapshot")
def copy(sandbox: Any, call: Call) -> dict[str, Any]:
    source, target = call.params["SourceSnapshotName"], call.params["TargetSnapshotName"]
    known = snapshots(sandbox, call)
    if source not in known:
        raise AwsError("SnapshotNotFoundFault", f"Snapshot {source} not found.", 404)
    if target in known:
        raise AwsError(
            "SnapshotAlreadyExistsFault", f"A snapshot with the name {target} already exists."
        )
    known[target] = {
        **known[source],
        "SnapshotName": target,
        "ARN": arn_of(call, "snapshot", target),
    }
    return {"Snapshot": known[target]}


@operation("elasticache", "DescribeSnapshots")
def describe(sandbox: Any, call: Call) -> dict[str, Any]:
    name, group = call.params.get("SnapshotName"), call.params.get("ReplicationGroupId")
    found = [
        s
        for s in snapshots(sandbox, call).values()
        if name in (None, s["SnapshotName"]) and group in (None, s["ReplicationGroupId"])
    ]
    if name and not found:
        raise AwsError("SnapshotNotFoundFault", f"Snapshot {name} not found.", 404)
    return {"Snapshots": found}


@operation("elasticache", "DeleteSnapshot")
def delete(sandbox: Any, call: Call) -> dict[str, Any]:
    gone = snapshots(sandbox, call).pop(call.params["SnapshotName"], None)
    if gone is None:
        raise AwsError(
            "SnapshotNotFoundFault", f"Snapshot {call.params['SnapshotName']} not found.", 404
        )
    return {"Snapshot": {**gone, "SnapshotStatus": "deleting"}}
