"""ElastiCache: a replication group as it is kept, and as its API shows it.

Keys with an underscore are ours and never leave. Endpoints depend on encryption in transit and on
cluster mode: `master.` and `replica.` before the name, `.ng.` and `-ro.` within it, or
`clustercfg.`; none is shown while the group is being created. DescribeCacheClusters shows the same
groups node by node.
"""

from __future__ import annotations

import secrets
from typing import Any

from .elasticache import arn_of, part, shown
from .errors import AwsError
from .registry import operation
from .wire import Call


def fresh(call: Call, name: str, engine: str, full: str, shards: int, nodes: int) -> dict[str, Any]:
    params = call.params
    tail = f"{name}.{secrets.token_hex(3)}"
    members = (
        [f"{name}-{i + 1:03d}" for i in range(nodes)]
        if shards == 1
        else [f"{name}-{s + 1:04d}-{i + 1:03d}" for s in range(shards) for i in range(nodes)]
    )
    return {
        "ReplicationGroupId": name,
        "Description": params["ReplicationGroupDescription"],
        "Status": "creating",
        "PendingModifiedValues": {},
        "MemberClusters": members,
        "AutomaticFailover": "enabled" if params.get("AutomaticFailoverEnabled") else "disabled",
        "MultiAZ": "enabled" if params.get("MultiAZEnabled") else "disabled",
        "SnapshotRetentionLimit": params.get("SnapshotRetentionLimit", 0),
        "SnapshotWindow": params.get("SnapshotWindow", "05:00-06:00"),
        "ClusterEnabled": shards > 1,
        "CacheNodeType": params["CacheNodeType"],
        "AuthTokenEnabled": bool(params.get("AuthToken")),
        "TransitEncryptionEnabled": bool(params.get("TransitEncryptionEnabled")),
        "AtRestEncryptionEnabled": bool(params.get("AtRestEncryptionEnabled")),
        "ARN": arn_of(call, "replicationgroup", name),
        "Engine": engine,
        "AutoMinorVersionUpgrade": params.get("AutoMinorVersionUpgrade", True),
        "NetworkType": "ipv4",
        "IpDiscovery": "ipv4",
        "TransitEncryptionMode": params.get("TransitEncryptionMode")
        or ("required" if params.get("TransitEncryptionEnabled") else None),
        "ClusterMode": "enabled" if shards > 1 else "disabled",
        "ReplicationGroupCreateTime": None,
        "_version": full,
        "_port": params.get("Port", 6379),
        "_tail": f"{tail}.{short_region(call.region)}.cache.amazonaws.com",
        "_shards": shards,
        "_nodes": nodes,
        "_security_groups": params.get("SecurityGroupIds", []),
        "_subnet_group": (params.get("CacheSubnetGroupName") or "default").lower(),
        "_parameter_group": params.get("CacheParameterGroupName")
        or f"default.{engine}{full.split('.')[0]}",
        "_maintenance": params.get("PreferredMaintenanceWindow", "sun:06:00-sun:07:00"),
        "_region": call.region,
        "_account": call.account,
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
        members = group["MemberClusters"][shard * per : (shard + 1) * per]
        node_group: dict[str, Any] = {
            "NodeGroupId": f"{shard + 1:04d}",
            "Status": group["Status"],
            "NodeGroupMembers": [],
        }
        for i, member in enumerate(members):
            node_group["NodeGroupMembers"].append(
                {
                    "CacheClusterId": member,
                    "CacheNodeId": "0001",
                    "PreferredAvailabilityZone": f"{group['_region']}{'abc'[i % 3]}",
                    "CurrentRole": "primary" if i == 0 else "replica",
                    "ReadEndpoint": {"Address": f"{member}.{tail}", "Port": port},
                }
            )
        if not group["ClusterEnabled"]:
            node_group["PrimaryEndpoint"] = {
                "Address": f"{prefix}{tail}" if prefix else tail.replace(".", ".ng.", 1),
                "Port": port,
            }
            node_group["ReaderEndpoint"] = {
                "Address": f"{'replica.' + tail if prefix else tail.replace('.', '-ro.', 1)}",
                "Port": port,
            }
        answer["NodeGroups"].append(node_group)
    if group["ClusterEnabled"]:
        answer["ConfigurationEndpoint"] = {"Address": f"clustercfg.{tail}", "Port": port}
    return answer


def settle(group: dict[str, Any], expected: str) -> None:
    if group["Status"] == expected:
        group["Status"] = "available"


@operation("elasticache", "DescribeCacheClusters")
def describe_clusters(sandbox: Any, call: Call) -> dict[str, Any]:
    wanted, found = call.params.get("CacheClusterId"), []
    for group in part(sandbox).groups_of(call.account, call.region):
        for member in group["MemberClusters"]:
            if wanted in (None, member):
                cluster = {
                    "CacheClusterId": member,
                    "CacheNodeType": group["CacheNodeType"],
                    "Engine": group["Engine"],
                    "EngineVersion": group["_version"],
                    "CacheClusterStatus": group["Status"],
                    "NumCacheNodes": 1,
                    "ReplicationGroupId": group["ReplicationGroupId"],
                    "CacheSubnetGroupName": group["_subnet_group"],
                    "CacheParameterGroup": {
                        "CacheParameterGroupName": group["_parameter_group"],
                        "ParameterApplyStatus": "in-sync",
                    },
                    "SecurityGroups": [
                        {"SecurityGroupId": s, "Status": "active"}
                        for s in group["_security_groups"]
                    ],
                    "PreferredMaintenanceWindow": group["_maintenance"],
                    "ARN": arn_of(call, "cluster", member),
                    "TransitEncryptionEnabled": group["TransitEncryptionEnabled"],
                    "AtRestEncryptionEnabled": group["AtRestEncryptionEnabled"],
                }
                if call.params.get("ShowCacheNodeInfo") and group["Status"] != "creating":
                    cluster["CacheNodes"] = [
                        {
                            "CacheNodeId": "0001",
                            "CacheNodeStatus": group["Status"],
                            "Endpoint": {
                                "Address": f"{member}.{group['_tail']}",
                                "Port": group["_port"],
                            },
                        }
                    ]
                found.append(cluster)
    if wanted and not found:
        raise AwsError("CacheClusterNotFound", f"CacheCluster not found: {wanted}", 404)
    return {"CacheClusters": found}
