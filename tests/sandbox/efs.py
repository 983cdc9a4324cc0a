"""EFS beside moto: backup policies, and what a task's mount of a file system needs: a mount target
in the task's zone that lets its security groups in, the access point, and a task role that IAM lets
in.
"""

from __future__ import annotations

from typing import Any

from .ecs_network import backend, find_group, find_subnet
from .errors import AwsError
from .permissions import applies, listed, policies_of
from .registry import operation, prepare
from .wire import Call

NFS = 2049
FAILED = (
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: "
    "stderr: "
)


def file_systems(account: str, region: str) -> dict[str, Any]:
    from moto.efs.models import efs_backends

    return dict(efs_backends[account][region].file_systems_by_id)


@operation("efs", "PutBackupPolicy")
def put_backup_policy(sandbox: Any, call: Call) -> dict[str, Any]:
    found = file_systems(call.account, call.region).get(call.params["FileSystemId"])
    if found is None:
        raise AwsError(
            "FileSystemNotFound",
            f"File system '{call.params['FileSystemId']}' does not exist.",
            404,
        )
    status = call.params["BackupPolicy"]["Status"]
    if status not in ("ENABLED", "DISABLED"):
        raise AwsError("ValidationException", f"backup policy status {status} cannot be set")
    found._backup = status == "ENABLED"
    return {"BackupPolicy": {"Status": status}}


@prepare("efs", "CreateFileSystem")
def check_throughput(sandbox: Any, call: Call) -> None:
    """docs.aws.amazon.com/efs/latest/ug/API_CreateFileSystem.html: what goes together."""
    mode, given = call.params.get("ThroughputMode"), call.params.get("ProvisionedThroughputInMibps")
    if (mode == "provisioned") != (given is not None):
        raise AwsError(
            "BadRequest", "ProvisionedThroughputInMibps is for ThroughputMode provisioned, alone"
        )
    if mode == "elastic" and call.params.get("PerformanceMode") == "maxIO":
        raise AwsError("BadRequest", "maxIO is not supported with elastic throughput")


def mount_error(task: dict[str, Any], definition: dict[str, Any]) -> str | None:
    """Why the task cannot mount its EFS volumes, in the words of the agent; None when it can."""
    for volume in definition.get("volumes", []):
        wanted = volume.get("efsVolumeConfiguration")
        text = wanted and _one(task, definition, wanted)
        if text:
            return FAILED + text
    return None


def _one(task: dict[str, Any], definition: dict[str, Any], wanted: dict[str, Any]) -> str | None:
    from moto.efs.models import efs_backends

    account, region, id_ = task["_account"], task["_region"], wanted["fileSystemId"]
    found = file_systems(account, region).get(id_)
    name = f"{id_}.efs.{region}.amazonaws.com"
    if found is None:
        return (
            f'Failed to resolve "{name}" - check that your file system ID is correct, and ensure '
            "that the VPC has an EFS mount target for this file system ID."
        )
    ec2 = backend(account, region)
    near = [
        t
        for t in found._mount_targets.values()
        if t.vpc_id == task["_vpc"]
        and find_subnet(ec2, t.subnet_id).availability_zone == task["availabilityZone"]
    ]
    if not near:
        return (
            f'Failed to resolve "{name}" - the file system cannot be mounted in '
            f"{task['availabilityZone']}: it has no mount target there."
        )
    mine = set(task["_vpc_configuration"].get("securityGroups", []))
    if not any(_lets_in(ec2, target, mine) for target in near):
        return f"mount.nfs4: Connection timed out for {name}"
    authorization = wanted.get("authorizationConfig", {})
    point = authorization.get("accessPointId")
    points = efs_backends[account][region].access_points
    if point and (point not in points or points[point].file_system_id != id_):
        return (
            f"b'mount.nfs4: access denied by server while mounting {name}' (access point {point} "
            "does not exist)"
        )
    if authorization.get("iam") == "ENABLED" or found.file_system_policy:
        if (
            not _allowed(account, definition.get("taskRoleArn"), found.file_system_arn)
            or authorization.get("iam") != "ENABLED"
        ):
            return f"b'mount.nfs4: access denied by server while mounting {name}'"
    return None


def _lets_in(ec2: Any, target: Any, groups: set[str]) -> bool:
    for name in target.security_groups or []:
        for rule in find_group(ec2, name).ingress_rules:
            if (
                str(rule.ip_protocol) == "tcp"
                and int(rule.from_port) <= NFS <= int(rule.to_port)
                and rule.source_group.get("GroupId") in groups
            ):
                return True
    return False


def _allowed(account: str, role_arn: str | None, resource: str) -> bool:
    from moto.iam.models import iam_backends

    role = next(
        (r for r in list(iam_backends[account]["aws"].roles.values()) if r.arn == role_arn), None
    )
    return role is not None and any(
        s["Effect"] == "Allow" and applies(s, "elasticfilesystem:ClientMount", resource)
        for p in policies_of(role)
        for s in listed(p.get("Statement"))
    )
