"""DocumentDB's snapshots of clusters, which the CloudFormation handler takes: moto has none."""

from __future__ import annotations

from typing import Any

from .cloudformation.handlers.docdb import SNAPSHOTS
from .errors import AwsError
from .registry import operation
from .wire import Call


def found(call: Call, name: str) -> dict[str, Any]:
    try:
        return SNAPSHOTS[call.account, call.region, name]
    except KeyError:
        raise AwsError(
            "DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot not found: {name}", 404
        ) from None


@operation("rds", "DescribeDBClusterSnapshots")
def describe(_sandbox: Any, call: Call) -> dict[str, Any]:
    cluster = call.params.get("DBClusterIdentifier")
    return {
        "DBClusterSnapshots": [
            s
            for (account, region, _), s in SNAPSHOTS.items()
            if (account, region) == (call.account, call.region)
            and cluster in (None, s["DBClusterIdentifier"])
        ]
    }


@operation("rds", "CopyDBClusterSnapshot")
def copy(_sandbox: Any, call: Call) -> dict[str, Any]:
    source = found(call, call.params["SourceDBClusterSnapshotIdentifier"])
    name = call.params["TargetDBClusterSnapshotIdentifier"]
    if (call.account, call.region, name) in SNAPSHOTS:
        raise AwsError(
            "DBClusterSnapshotAlreadyExistsFault",
            f"Cannot create the cluster snapshot because {name} already exists.",
        )
    made = {**source, "DBClusterSnapshotIdentifier": name}
    SNAPSHOTS[call.account, call.region, name] = made
    return {"DBClusterSnapshot": made}


@operation("rds", "DeleteDBClusterSnapshot")
def delete(_sandbox: Any, call: Call) -> dict[str, Any]:
    name = call.params["DBClusterSnapshotIdentifier"]
    found(call, name)
    return {"DBClusterSnapshot": SNAPSHOTS.pop((call.account, call.region, name))}
