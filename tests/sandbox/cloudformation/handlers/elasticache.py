"""AWS::ElastiCache: ReplicationGroup, SubnetGroup, ParameterGroup.

A group is waited for after each change; changes of the number of replicas are a call of their own.
With a DeletionPolicy of Snapshot the group leaves one. Endpoints are attributes, and which of them
exist depends on cluster mode.
"""

from ..convert import to_bool
from ..errors import NotFound, ResourceError
from .base import Handler, only, register, without

CACHE = "elasticache"
UPDATABLE = (
    "AutoMinorVersionUpgrade",
    "AutomaticFailoverEnabled",
    "CacheNodeType",
    "CacheParameterGroupName",
    "EngineVersion",
    "MultiAZEnabled",
    "NotificationTopicArn",
    "PreferredMaintenanceWindow",
    "ReplicationGroupDescription",
    "SecurityGroupIds",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "TransitEncryptionEnabled",
    "TransitEncryptionMode",
    "Engine",
    "AuthToken",
)


def retag(call, arn: str, old: dict, new: dict) -> None:
    gone = call.tags_gone(old, new)
    if gone:
        call.invoke(CACHE, "RemoveTagsFromResource", ResourceName=arn, TagKeys=gone)
    if call.tags(new):
        call.invoke(CACHE, "AddTagsToResource", ResourceName=arn, Tags=call.tags(new))


@register
class ReplicationGroup(Handler):
    type = "AWS::ElastiCache::ReplicationGroup"
    name_property = "ReplicationGroupId"
    updatable = (*UPDATABLE, "NumCacheClusters", "Tags")

    def create(self, call, props):
        name = str(props.get("ReplicationGroupId") or call.name(40)).lower()
        call.call(
            CACHE,
            "CreateReplicationGroup",
            without(props, "ReplicationGroupId", "Tags"),
            ReplicationGroupId=name,
            Tags=call.tags(props),
        )
        call.started(name)
        self._available(call, name)
        return name

    @staticmethod
    def _describe(call, name: str) -> dict:
        return call.invoke(CACHE, "DescribeReplicationGroups", ReplicationGroupId=name)[
            "ReplicationGroups"
        ][0]

    def _available(self, call, name: str) -> None:
        def ready() -> bool:
            status = self._describe(call, name)["Status"]
            if status == "create-failed":
                raise ResourceError(
                    call.handler_message(
                        f"Replication group {name} is in status create-failed", "NotStabilized"
                    )
                )
            return status == "available"

        call.wait(f"replication group {name}", ready, 3600)

    def update(self, call, physical_id, old, new, changed):
        names = changed & set(UPDATABLE)
        gone = sorted(n for n in names if n not in new)
        if gone:
            raise ResourceError(
                f"the sandbox cannot take {', '.join(gone)} out of a replication group"
            )
        if names:
            call.call(
                CACHE,
                "ModifyReplicationGroup",
                only(new, *names),
                ReplicationGroupId=physical_id,
                ApplyImmediately=True,
            )
            self._available(call, physical_id)
        if "NumCacheClusters" in changed:
            before, after = int(old.get("NumCacheClusters", 1)), int(new.get("NumCacheClusters", 1))
            call.invoke(
                CACHE,
                "IncreaseReplicaCount" if after > before else "DecreaseReplicaCount",
                ReplicationGroupId=physical_id,
                NewReplicaCount=after - 1,
                ApplyImmediately=True,
            )
            self._available(call, physical_id)
        if "Tags" in changed:
            retag(call, call.arn("elasticache", f"replicationgroup:{physical_id}"), old, new)

    def replaces(self, old, new, path):
        return path[0] == "NodeGroupConfiguration"

    def delete(self, call, physical_id, props):
        call.wait(
            f"replication group {physical_id}",
            lambda: self._describe(call, physical_id)["Status"] not in ("creating", "modifying"),
            3600,
        )
        call.invoke(
            CACHE,
            "DeleteReplicationGroup",
            ReplicationGroupId=physical_id,
            RetainPrimaryCluster=False,
        )

        def gone() -> bool:
            try:
                self._describe(call, physical_id)
            except NotFound:
                return True
            return False

        call.wait(f"the deletion of replication group {physical_id}", gone, 3600)

    def snapshot(self, call, physical_id, props):
        name = call.name(50, lower=True)
        call.invoke(CACHE, "CreateSnapshot", ReplicationGroupId=physical_id, SnapshotName=name)

    def attributes(self, call, physical_id, props):
        found = self._describe(call, physical_id)
        result = {"ReplicationGroupId": physical_id}
        nodes = found.get("NodeGroups", [])
        if to_bool(found.get("ClusterEnabled", False)) and found.get("ConfigurationEndpoint"):
            result.update(_endpoint("ConfigurationEndPoint", found["ConfigurationEndpoint"]))
        elif nodes:
            result.update(_endpoint("PrimaryEndPoint", nodes[0].get("PrimaryEndpoint")))
            result.update(_endpoint("ReaderEndPoint", nodes[0].get("ReaderEndpoint")))
        return result


def _endpoint(name: str, endpoint) -> dict:
    if not endpoint:
        return {}
    return {f"{name}.Address": endpoint["Address"], f"{name}.Port": str(endpoint["Port"])}


@register
class SubnetGroup(Handler):
    type = "AWS::ElastiCache::SubnetGroup"
    name_property = "CacheSubnetGroupName"
    updatable = ("Description", "SubnetIds", "Tags")
    renames = {"Description": "CacheSubnetGroupDescription"}

    def create(self, call, props):
        name = str(props.get("CacheSubnetGroupName") or call.name(255)).lower()
        call.call(
            CACHE,
            "CreateCacheSubnetGroup",
            without(props, "CacheSubnetGroupName", "Tags"),
            self.renames,
            CacheSubnetGroupName=name,
            Tags=call.tags(props),
        )
        return name

    def update(self, call, physical_id, old, new, changed):
        if changed - {"Tags"}:
            call.call(
                CACHE,
                "ModifyCacheSubnetGroup",
                only(new, "Description", "SubnetIds"),
                self.renames,
                CacheSubnetGroupName=physical_id,
            )
        if "Tags" in changed:
            retag(call, call.arn("elasticache", f"subnetgroup:{physical_id}"), old, new)

    def delete(self, call, physical_id, props):
        call.invoke(CACHE, "DeleteCacheSubnetGroup", CacheSubnetGroupName=physical_id)


@register
class ParameterGroup(Handler):
    type = "AWS::ElastiCache::ParameterGroup"
    name_property = "CacheParameterGroupName"
    updatable = ("Properties", "Tags")

    def create(self, call, props):
        name = str(props.get("CacheParameterGroupName") or call.name(255)).lower()
        call.call(
            CACHE,
            "CreateCacheParameterGroup",
            only(props, "CacheParameterGroupFamily", "Description"),
            CacheParameterGroupName=name,
            Tags=call.tags(props),
        )
        call.started(name)
        self._set(call, name, props.get("Properties", {}))
        return name

    @staticmethod
    def _set(call, name: str, parameters: dict) -> None:
        items = [
            {"ParameterName": k, "ParameterValue": str(v)} for k, v in sorted(parameters.items())
        ]
        for start in range(0, len(items), 20):
            call.invoke(
                CACHE,
                "ModifyCacheParameterGroup",
                CacheParameterGroupName=name,
                ParameterNameValues=items[start : start + 20],
            )

    def update(self, call, physical_id, old, new, changed):
        if "Properties" in changed:
            gone = [k for k in old.get("Properties", {}) if k not in new.get("Properties", {})]
            if gone:
                call.invoke(
                    CACHE,
                    "ResetCacheParameterGroup",
                    CacheParameterGroupName=physical_id,
                    ParameterNameValues=[{"ParameterName": k} for k in gone],
                )
            self._set(call, physical_id, new.get("Properties", {}))
        if "Tags" in changed:
            retag(call, call.arn("elasticache", f"parametergroup:{physical_id}"), old, new)

    def delete(self, call, physical_id, props):
        call.invoke(CACHE, "DeleteCacheParameterGroup", CacheParameterGroupName=physical_id)

    def attributes(self, call, physical_id, props):
        return {"CacheParameterGroupName": physical_id}
