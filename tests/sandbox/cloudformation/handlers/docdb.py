"""AWS::DocDB: clusters, instances, their subnet and parameter groups. moto's RDS has no such
engine, so clusters and instances live here; the groups are moto's.
"""

import re
import secrets
import time

from .. import names
from ..errors import NotFound, ResourceError
from .base import Handler, register, without

DOCDB = "docdb"
VERSIONS = {"4.0": "4.0.0", "4.0.0": "4.0.0", "5.0": "5.0.0", "5.0.0": "5.0.0"}
CLUSTERS: dict = {}
INSTANCES: dict = {}
SNAPSHOTS: dict = {}


def _true(value) -> bool:
    return value in (True, "true")


def _refuse(call, text: str, code: str = "InvalidRequest"):
    return ResourceError(call.handler_message(text, code))


@register
class DbSubnetGroup(Handler):
    type = "AWS::DocDB::DBSubnetGroup"
    name_property = "DBSubnetGroupName"
    updatable = ("DBSubnetGroupDescription", "SubnetIds", "Tags")

    def create(self, call, props):
        name = str(props.get("DBSubnetGroupName") or call.name(255)).lower()
        call.call(
            DOCDB,
            "CreateDBSubnetGroup",
            without(props, "DBSubnetGroupName", "Tags"),
            DBSubnetGroupName=name,
            Tags=call.tags(props),
        )
        return name

    def update(self, call, physical_id, old, new, changed):
        if changed - {"Tags"}:
            call.call(
                DOCDB,
                "ModifyDBSubnetGroup",
                without(new, "DBSubnetGroupName", "Tags"),
                DBSubnetGroupName=physical_id,
            )

    def delete(self, call, physical_id, props):
        call.invoke(DOCDB, "DeleteDBSubnetGroup", DBSubnetGroupName=physical_id)


@register
class DbClusterParameterGroup(Handler):
    type = "AWS::DocDB::DBClusterParameterGroup"
    name_property = "Name"
    updatable = ("Parameters", "Tags")

    def create(self, call, props):
        if props["Family"] not in ("docdb4.0", "docdb5.0"):
            raise _refuse(
                call,
                f"DBParameterGroupFamily {props['Family']} is not a valid parameter group family",
            )
        if set(props["Parameters"]) - {"tls", "ttl_monitor", "audit_logs", "profiler"} or props[
            "Parameters"
        ].get("tls") not in ("enabled", "disabled", None):
            raise _refuse(call, f"Could not find parameter or value: {props['Parameters']}")
        name = str(props.get("Name") or call.name(255)).lower()
        call.invoke(
            DOCDB,
            "CreateDBClusterParameterGroup",
            DBClusterParameterGroupName=name,
            DBParameterGroupFamily=props["Family"],
            Description=props["Description"],
            Tags=call.tags(props),
        )
        return name

    def update(self, call, physical_id, old, new, changed):
        return None  # moto keeps no values of cluster parameters

    def delete(self, call, physical_id, props):
        if any(
            c["props"].get("DBClusterParameterGroupName") == physical_id for c in CLUSTERS.values()
        ):
            raise _refuse(
                call,
                "One or more database clusters are still members of this parameter group "
                f"{physical_id}",
            )
        call.invoke(DOCDB, "DeleteDBClusterParameterGroup", DBClusterParameterGroupName=physical_id)


@register
class DbCluster(Handler):
    type = "AWS::DocDB::DBCluster"
    name_property = "DBClusterIdentifier"
    updatable = (
        "BackupRetentionPeriod",
        "CopyTagsToSnapshot",
        "DBClusterParameterGroupName",
        "DeletionProtection",
        "EngineVersion",
        "MasterUserPassword",
        "Port",
        "PreferredBackupWindow",
        "PreferredMaintenanceWindow",
        "Tags",
        "VpcSecurityGroupIds",
    )

    @staticmethod
    def _check(call, props) -> None:
        version, days = (
            VERSIONS.get(str(props.get("EngineVersion", "5.0.0"))),
            int(props.get("BackupRetentionPeriod", 1)),
        )
        if version is None:
            raise _refuse(call, f"Cannot find version {props['EngineVersion']} for docdb")
        if not 1 <= days <= 35:
            raise _refuse(
                call,
                f"Invalid backup retention period: {days}. Retention period must be between 1 "
                "and 35.",
            )
        password = props.get("MasterUserPassword")
        if (
            password is not None
            and not re.fullmatch(r"[!-~]{8,100}", str(password))
            or re.search(r"[/\"@]", str(password))
        ):
            raise _refuse(call, "The parameter MasterUserPassword is not a valid password.")
        if not props.get("SnapshotIdentifier") and not (props.get("MasterUsername") and password):
            raise _refuse(
                call, "The parameter MasterUsername must be provided and must not be blank."
            )
        if not _true(props.get("StorageEncrypted", False)):
            raise _refuse(call, "the sandbox wants encrypted clusters")
        call.invoke(DOCDB, "DescribeDBSubnetGroups", DBSubnetGroupName=props["DBSubnetGroupName"])
        call.invoke("ec2", "DescribeSecurityGroups", GroupIds=list(props["VpcSecurityGroupIds"]))

    def create(self, call, props):
        self._check(call, props)
        name = str(props.get("DBClusterIdentifier") or call.name(63)).lower()
        CLUSTERS[call.account, call.region, name] = {
            "props": props,
            "host": f"{name}.cluster-{secrets.token_hex(6)}.{call.region}.docdb.amazonaws.com",
        }
        return name

    @staticmethod
    def _get(call, name: str) -> dict:
        found = CLUSTERS.get((call.account, call.region, name))
        if found is None:
            raise NotFound(call.handler_message(f"DBCluster {name} not found.", "NotFound"))
        return found

    def update(self, call, physical_id, old, new, changed):
        self._check(call, new)
        if "EngineVersion" in changed:
            raise _refuse(
                call,
                "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major "
                "version.",
            )
        self._get(call, physical_id)["props"] = new

    def delete(self, call, physical_id, props):
        found = self._get(call, physical_id)
        if any(i["cluster"] == physical_id for i in INSTANCES.values()):
            raise _refuse(
                call,
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            )
        if _true(found["props"].get("DeletionProtection", False)):
            raise _refuse(
                call,
                "Cannot delete protected Cluster, please disable deletion protection and try "
                "again.",
            )
        del CLUSTERS[call.account, call.region, physical_id]

    def snapshot(self, call, physical_id, props):
        self._get(call, physical_id)
        name = names.physical_name(f"{call.stack.name}-snapshot", call.logical_id, 63, lower=True)
        SNAPSHOTS[call.account, call.region, name] = {
            "DBClusterSnapshotIdentifier": name,
            "DBClusterIdentifier": physical_id,
            "Status": "available",
            "SnapshotType": "manual",
            "Engine": "docdb",
            "SnapshotCreateTime": time.time(),
        }

    def attributes(self, call, physical_id, props):
        host = self._get(call, physical_id)["host"]
        return {
            "Endpoint": host,
            "ReadEndpoint": host.replace(".cluster-", ".cluster-ro-"),
            "Id": physical_id,
            "ClusterResourceId": f"cluster-{physical_id}",
        }


@register
class DbInstance(Handler):
    type = "AWS::DocDB::DBInstance"
    name_property = "DBInstanceIdentifier"
    updatable = ("AutoMinorVersionUpgrade", "DBInstanceClass", "Tags")

    @staticmethod
    def _check(call, props) -> None:
        if not re.fullmatch(r"db\.(t3|t4g|r5|r6g|r8g)\.\w+", props["DBInstanceClass"]):
            raise _refuse(call, f"Invalid DB Instance class: {props['DBInstanceClass']}")

    def create(self, call, props):
        self._check(call, props)
        DbCluster._get(call, props["DBClusterIdentifier"])
        name = str(props.get("DBInstanceIdentifier") or call.name(63)).lower()
        INSTANCES[call.account, call.region, name] = {"cluster": props["DBClusterIdentifier"]}
        return name

    def update(self, call, physical_id, old, new, changed):
        self._check(call, new)

    def delete(self, call, physical_id, props):
        INSTANCES.pop((call.account, call.region, physical_id), None)

    def attributes(self, call, physical_id, props):
        cluster = CLUSTERS[call.account, call.region, props["DBClusterIdentifier"]]
        return {
            "Endpoint": physical_id + "." + cluster["host"].split(".", 1)[1],
            "Port": str(cluster["props"].get("Port", 27017)),
            "Id": physical_id,
        }
