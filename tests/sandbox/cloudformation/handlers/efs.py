"""AWS::EFS: FileSystem, MountTarget, AccessPoint.

Each is waited for until it is available, or gone: a file system with mount targets cannot be
deleted. Policies (lifecycle, backup, access) are calls of their own after the creation.
"""

import json

from ..errors import NotFound, ResourceError
from .base import Handler, only, register, without


def retag(call, resource: str, old: dict, new: dict) -> None:
    gone = call.tags_gone(old, new)
    if gone:
        call.invoke("efs", "UntagResource", ResourceId=resource, TagKeys=gone)
    if call.tags(new):
        call.invoke("efs", "TagResource", ResourceId=resource, Tags=call.tags(new))


def wait_gone(call, what: str, describe) -> None:
    def gone() -> bool:
        try:
            return not describe()
        except NotFound:
            return True

    call.wait(f"the deletion of {what}", gone)


@register
class FileSystem(Handler):
    type = "AWS::EFS::FileSystem"
    updatable = (
        "BackupPolicy",
        "FileSystemPolicy",
        "LifecyclePolicies",
        "ThroughputMode",
        "ProvisionedThroughputInMibps",
        "Tags",
    )

    def create(self, call, props):
        rest = without(
            props,
            "FileSystemTags",
            "BackupPolicy",
            "FileSystemPolicy",
            "LifecyclePolicies",
            "BypassPolicyLockoutSafetyCheck",
        )
        made = call.call(
            "efs",
            "CreateFileSystem",
            rest,
            CreationToken=call.request_token,
            Tags=call.tags(props) or None,
        )
        id_ = call.started(made["FileSystemId"])
        call.wait(
            f"file system {id_}",
            lambda: (
                call.invoke("efs", "DescribeFileSystems", FileSystemId=id_)["FileSystems"][0][
                    "LifeCycleState"
                ]
                == "available"
            ),
        )
        self._policies(
            call,
            id_,
            props,
            {n for n in ("BackupPolicy", "FileSystemPolicy", "LifecyclePolicies") if n in props},
        )
        return id_

    @staticmethod
    def _policies(call, id_: str, props: dict, names: set) -> None:
        if "BackupPolicy" in names:
            call.call(
                "efs",
                "PutBackupPolicy",
                {"BackupPolicy": props.get("BackupPolicy", {"Status": "DISABLED"})},
                FileSystemId=id_,
            )
        if "LifecyclePolicies" in names:
            call.call(
                "efs",
                "PutLifecycleConfiguration",
                {"LifecyclePolicies": props.get("LifecyclePolicies", [])},
                FileSystemId=id_,
            )
        if "FileSystemPolicy" in names and props.get("FileSystemPolicy"):
            call.invoke(
                "efs",
                "PutFileSystemPolicy",
                FileSystemId=id_,
                Policy=json.dumps(props["FileSystemPolicy"]),
                BypassPolicyLockoutSafetyCheck=bool(
                    props.get("BypassPolicyLockoutSafetyCheck", False)
                ),
            )
        elif "FileSystemPolicy" in names:
            call.invoke("efs", "DeleteFileSystemPolicy", FileSystemId=id_)

    def update(self, call, physical_id, old, new, changed):
        if changed & {"ThroughputMode", "ProvisionedThroughputInMibps"}:
            call.call(
                "efs",
                "UpdateFileSystem",
                only(new, "ThroughputMode", "ProvisionedThroughputInMibps"),
                FileSystemId=physical_id,
            )
        self._policies(call, physical_id, new, changed)
        if "Tags" in changed:
            retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke("efs", "DeleteFileSystem", FileSystemId=physical_id)
        wait_gone(
            call,
            f"file system {physical_id}",
            lambda: call.invoke("efs", "DescribeFileSystems", FileSystemId=physical_id)[
                "FileSystems"
            ],
        )

    def attributes(self, call, physical_id, props):
        return {
            "FileSystemId": physical_id,
            "Arn": call.arn("elasticfilesystem", f"file-system/{physical_id}"),
        }


@register
class MountTarget(Handler):
    type = "AWS::EFS::MountTarget"
    updatable = ("SecurityGroups",)

    def create(self, call, props):
        made = call.call("efs", "CreateMountTarget", props)
        id_ = call.started(made["MountTargetId"])
        call.wait(
            f"mount target {id_}",
            lambda: self._describe(call, id_)["LifeCycleState"] == "available",
        )
        return id_

    @staticmethod
    def _describe(call, id_: str) -> dict:
        found = call.invoke("efs", "DescribeMountTargets", MountTargetId=id_)["MountTargets"]
        if not found:
            raise NotFound(f"mount target {id_} was not found")
        return found[0]

    def update(self, call, physical_id, old, new, changed):
        call.invoke(
            "efs",
            "ModifyMountTargetSecurityGroups",
            MountTargetId=physical_id,
            SecurityGroups=new["SecurityGroups"],
        )

    def delete(self, call, physical_id, props):
        call.invoke("efs", "DeleteMountTarget", MountTargetId=physical_id)
        wait_gone(call, f"mount target {physical_id}", lambda: self._describe(call, physical_id))

    def attributes(self, call, physical_id, props):
        return {"Id": physical_id, "IpAddress": self._describe(call, physical_id)["IpAddress"]}


@register
class AccessPoint(Handler):
    type = "AWS::EFS::AccessPoint"
    updatable = ("Tags",)

    def create(self, call, props):
        made = call.call(
            "efs",
            "CreateAccessPoint",
            without(props, "AccessPointTags", "ClientToken"),
            ClientToken=props.get("ClientToken", call.request_token),
            Tags=call.tags(props) or None,
        )
        id_ = call.started(made["AccessPointId"])

        def ready() -> bool:
            state = call.invoke("efs", "DescribeAccessPoints", AccessPointId=id_)["AccessPoints"][
                0
            ]["LifeCycleState"]
            if state == "error":
                raise ResourceError(
                    call.handler_message(f"access point {id_} is in state error", "NotStabilized")
                )
            return state == "available"

        call.wait(f"access point {id_}", ready)
        return id_

    def update(self, call, physical_id, old, new, changed):
        retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke("efs", "DeleteAccessPoint", AccessPointId=physical_id)

    def attributes(self, call, physical_id, props):
        return {
            "AccessPointId": physical_id,
            "Arn": call.arn("elasticfilesystem", f"access-point/{physical_id}"),
        }
