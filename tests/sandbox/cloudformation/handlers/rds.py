"""AWS::RDS: DBInstance, DBSubnetGroup, DBParameterGroup.

An instance is waited for after its creation and each change, and until it is gone. Its default
DeletionPolicy is a snapshot. Properties that cannot be taken out of an instance again are refused,
and so are those that nobody passes on. Versions, passwords and families are checked by the service
(fix_rds.py).
"""

from .. import names
from ..convert import to_bool
from ..errors import NotFound, ResourceError
from .base import Handler, only, register, without

RDS = "rds"
INSTANCE_NAMES = {"VPCSecurityGroups": "VpcSecurityGroupIds"}
UPDATABLE = (
    "AllocatedStorage",
    "AllowMajorVersionUpgrade",
    "AutoMinorVersionUpgrade",
    "BackupRetentionPeriod",
    "CACertificateIdentifier",
    "CopyTagsToSnapshot",
    "DBInstanceClass",
    "DBParameterGroupName",
    "DeletionProtection",
    "EnableIAMDatabaseAuthentication",
    "EnablePerformanceInsights",
    "EngineVersion",
    "Iops",
    "LicenseModel",
    "MasterUserPassword",
    "MaxAllocatedStorage",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "MultiAZ",
    "NetworkType",
    "OptionGroupName",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "PubliclyAccessible",
    "StorageThroughput",
    "StorageType",
    "VPCSecurityGroups",
)
MODIFY_NAMES = {**INSTANCE_NAMES, "Port": "DBPortNumber"}


def retag(call, arn: str, old: dict, new: dict) -> None:
    gone = call.tags_gone(old, new)
    if gone:
        call.invoke(RDS, "RemoveTagsFromResource", ResourceName=arn, TagKeys=gone)
    if call.tags(new):
        call.invoke(RDS, "AddTagsToResource", ResourceName=arn, Tags=call.tags(new))


@register
class DbInstance(Handler):
    type = "AWS::RDS::DBInstance"
    name_property = "DBInstanceIdentifier"
    updatable = (*UPDATABLE, "ApplyImmediately", "DeleteAutomatedBackups", "Port", "Tags")
    not_sent = (
        "DBInstanceIdentifier",
        "Tags",
        "ApplyImmediately",
        "DeleteAutomatedBackups",
        "AllowMajorVersionUpgrade",
    )

    def create(self, call, props):
        name = props.get("DBInstanceIdentifier") or call.name(63, lower=True)
        rest = without(props, *self.not_sent, "DBSnapshotIdentifier")
        common = {"DBInstanceIdentifier": name, "Tags": call.tags(props)}
        if props.get("DBSnapshotIdentifier"):
            rest = without(
                rest,
                "AllocatedStorage",
                "MasterUsername",
                "MasterUserPassword",
                "EngineVersion",
                "BackupRetentionPeriod",
                "PreferredBackupWindow",
                "PreferredMaintenanceWindow",
                "MaxAllocatedStorage",
                "StorageEncrypted",
            )
            call.call(
                RDS,
                "RestoreDBInstanceFromDBSnapshot",
                rest,
                INSTANCE_NAMES,
                **common,
                DBSnapshotIdentifier=props["DBSnapshotIdentifier"],
            )
        else:
            call.call(RDS, "CreateDBInstance", rest, INSTANCE_NAMES, **common)
        call.started(name)
        self._available(call, name)
        return name

    @staticmethod
    def _describe(call, name: str) -> dict:
        return call.invoke(RDS, "DescribeDBInstances", DBInstanceIdentifier=name)["DBInstances"][0]

    def _available(self, call, name: str) -> None:
        def ready() -> bool:
            status = self._describe(call, name)["DBInstanceStatus"]
            if status in (
                "failed",
                "incompatible-parameters",
                "incompatible-network",
                "incompatible-restore",
            ):
                raise ResourceError(
                    call.handler_message(
                        f"DBInstance {name} is in status {status}", "NotStabilized"
                    )
                )
            return status == "available"

        call.wait(f"DB instance {name}", ready, 3600)

    def update(self, call, physical_id, old, new, changed):
        wanted = {k: new[k] for k in changed & {*UPDATABLE, "Port"} if k in new}
        gone = sorted(k for k in changed & {*UPDATABLE, "Port"} if k not in new)
        if gone:
            raise ResourceError(f"the sandbox cannot take {', '.join(gone)} out of a DB instance")
        if set(wanted) - {"AllowMajorVersionUpgrade"}:
            if "AllowMajorVersionUpgrade" in new:
                wanted["AllowMajorVersionUpgrade"] = new["AllowMajorVersionUpgrade"]
            call.call(
                RDS,
                "ModifyDBInstance",
                wanted,
                MODIFY_NAMES,
                DBInstanceIdentifier=physical_id,
                ApplyImmediately=to_bool(new.get("ApplyImmediately", True)),
            )
            self._available(call, physical_id)
        if "Tags" in changed:
            retag(call, call.arn("rds", f"db:{physical_id}"), old, new)

    def replaces(self, old, new, path):
        return path[0] in (
            "Engine",
            "AvailabilityZone",
            "DBSnapshotIdentifier",
            "SourceDBInstanceIdentifier",
        )

    def delete(self, call, physical_id, props):
        extra = {}
        if "DeleteAutomatedBackups" in props:
            extra["DeleteAutomatedBackups"] = to_bool(props["DeleteAutomatedBackups"])
        call.invoke(
            RDS,
            "DeleteDBInstance",
            DBInstanceIdentifier=physical_id,
            SkipFinalSnapshot=True,
            **extra,
        )

        def gone() -> bool:
            try:
                self._describe(call, physical_id)
            except NotFound:
                return True
            return False

        call.wait(f"the deletion of DB instance {physical_id}", gone, 3600)

    def snapshot(self, call, physical_id, props):
        name = names.physical_name(f"{call.stack.name}-snapshot", call.logical_id, 63, lower=True)
        call.invoke(
            RDS,
            "CreateDBSnapshot",
            DBInstanceIdentifier=physical_id,
            DBSnapshotIdentifier=name,
            Tags=call.tags(props),
        )
        call.wait(
            f"DB snapshot {name}",
            lambda: (
                call.invoke(RDS, "DescribeDBSnapshots", DBSnapshotIdentifier=name)["DBSnapshots"][
                    0
                ]["Status"]
                == "available"
            ),
            3600,
        )

    def attributes(self, call, physical_id, props):
        found = self._describe(call, physical_id)
        endpoint = found["Endpoint"]
        result = {
            "DBInstanceIdentifier": physical_id,
            "DBInstanceArn": found["DBInstanceArn"],
            "DbiResourceId": found["DbiResourceId"],
            "DBInstanceStatus": found["DBInstanceStatus"],
            "Endpoint.Address": endpoint["Address"],
            "Endpoint.Port": str(endpoint["Port"]),
        }
        for name, value in (
            ("Endpoint.HostedZoneId", endpoint.get("HostedZoneId")),
            ("DBName", found.get("DBName")),
            ("MasterUserSecret.SecretArn", found.get("MasterUserSecret", {}).get("SecretArn")),
            ("EngineVersion", found.get("EngineVersion")),
        ):
            if value:
                result[name] = value
        return result


@register
class DbSubnetGroup(Handler):
    type = "AWS::RDS::DBSubnetGroup"
    name_property = "DBSubnetGroupName"
    updatable = ("DBSubnetGroupDescription", "SubnetIds", "Tags")

    def create(self, call, props):
        name = str(props.get("DBSubnetGroupName") or call.name(255)).lower()
        call.call(
            RDS,
            "CreateDBSubnetGroup",
            without(props, "DBSubnetGroupName", "Tags"),
            DBSubnetGroupName=name,
            Tags=call.tags(props),
        )
        return name

    def update(self, call, physical_id, old, new, changed):
        if changed - {"Tags"}:
            call.call(
                RDS,
                "ModifyDBSubnetGroup",
                only(new, "DBSubnetGroupDescription", "SubnetIds"),
                DBSubnetGroupName=physical_id,
            )
        if "Tags" in changed:
            retag(call, call.arn("rds", f"subgrp:{physical_id}"), old, new)

    def delete(self, call, physical_id, props):
        call.invoke(RDS, "DeleteDBSubnetGroup", DBSubnetGroupName=physical_id)


@register
class DbParameterGroup(Handler):
    type = "AWS::RDS::DBParameterGroup"
    name_property = "DBParameterGroupName"
    updatable = ("Parameters", "Tags")

    def create(self, call, props):
        name = str(props.get("DBParameterGroupName") or call.name(255)).lower()
        call.invoke(
            RDS,
            "CreateDBParameterGroup",
            DBParameterGroupName=name,
            DBParameterGroupFamily=props["Family"],
            Description=props["Description"],
            Tags=call.tags(props),
        )
        call.started(name)
        self._set(call, name, props.get("Parameters") or {})
        return name

    @staticmethod
    def _set(call, name: str, parameters: dict) -> None:
        items = [
            {"ParameterName": k, "ParameterValue": str(v), "ApplyMethod": "pending-reboot"}
            for k, v in sorted(parameters.items())
        ]
        for start in range(0, len(items), 20):
            call.invoke(
                RDS,
                "ModifyDBParameterGroup",
                DBParameterGroupName=name,
                Parameters=items[start : start + 20],
            )

    def update(self, call, physical_id, old, new, changed):
        if "Parameters" in changed:
            gone = [k for k in old.get("Parameters", {}) if k not in new.get("Parameters", {})]
            if gone:
                raise ResourceError(
                    "the sandbox cannot reset parameters of a DB parameter group: "
                    + ", ".join(gone)
                )
            self._set(call, physical_id, new.get("Parameters", {}))
        if "Tags" in changed:
            retag(call, call.arn("rds", f"pg:{physical_id}"), old, new)

    def delete(self, call, physical_id, props):
        call.invoke(RDS, "DeleteDBParameterGroup", DBParameterGroupName=physical_id)

    def attributes(self, call, physical_id, props):
        return {"DBParameterGroupName": physical_id}
