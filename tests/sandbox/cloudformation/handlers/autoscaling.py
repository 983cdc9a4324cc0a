"""AWS::EC2::LaunchTemplate and AWS::AutoScaling::AutoScalingGroup.

A changed launch template gets a new version and stays the same resource. Tags of a group go to no
instance first, as CloudFormation does it; no instance is made here.
"""

from ..convert import to_bool
from .base import Handler, register, without


@register
class LaunchTemplate(Handler):
    type = "AWS::EC2::LaunchTemplate"
    name_property = "LaunchTemplateName"
    updatable = ("LaunchTemplateData", "TagSpecifications", "VersionDescription")

    def create(self, call, props):
        made = call.call(
            "ec2",
            "CreateLaunchTemplate",
            without(props, "LaunchTemplateName"),
            LaunchTemplateName=props.get("LaunchTemplateName") or call.name(128),
        )
        return made["LaunchTemplate"]["LaunchTemplateId"]

    def update(self, call, physical_id, old, new, changed):
        if "LaunchTemplateData" in changed:
            call.call(
                "ec2",
                "CreateLaunchTemplateVersion",
                {"LaunchTemplateData": new["LaunchTemplateData"]},
                LaunchTemplateId=physical_id,
            )

    def delete(self, call, physical_id, props):
        call.invoke("ec2", "DeleteLaunchTemplate", LaunchTemplateId=physical_id)

    def attributes(self, call, physical_id, props):
        found = call.invoke("ec2", "DescribeLaunchTemplates", LaunchTemplateIds=[physical_id])[
            "LaunchTemplates"
        ][0]
        return {
            "LaunchTemplateId": physical_id,
            "LatestVersionNumber": str(found["LatestVersionNumber"]),
            "DefaultVersionNumber": str(found["DefaultVersionNumber"]),
        }


@register
class AutoScalingGroup(Handler):
    type = "AWS::AutoScaling::AutoScalingGroup"
    name_property = "AutoScalingGroupName"
    updatable = (
        "LaunchTemplate",
        "MaxSize",
        "MinSize",
        "NewInstancesProtectedFromScaleIn",
        "Tags",
        "VPCZoneIdentifier",
    )

    @staticmethod
    def _params(props: dict) -> dict:
        rest = without(props, "AutoScalingGroupName", "Tags", "VPCZoneIdentifier")
        rest["NewInstancesProtectedFromScaleIn"] = to_bool(
            props.get("NewInstancesProtectedFromScaleIn", False)
        )
        return {**rest, "VPCZoneIdentifier": ",".join(props["VPCZoneIdentifier"])}

    @staticmethod
    def _tags(call, name: str, props: dict) -> list:
        spread = {t["Key"]: to_bool(t["PropagateAtLaunch"]) for t in props.get("Tags", [])}
        return [
            {
                **t,
                "ResourceId": name,
                "ResourceType": "auto-scaling-group",
                "PropagateAtLaunch": spread.get(t["Key"], True),
            }
            for t in call.tags(props)
        ]

    def create(self, call, props):
        name = props.get("AutoScalingGroupName") or call.name(255)
        call.call(
            "autoscaling",
            "CreateAutoScalingGroup",
            self._params(props),
            AutoScalingGroupName=name,
            Tags=self._tags(call, name, props),
        )
        return name

    def update(self, call, physical_id, old, new, changed):
        call.call(
            "autoscaling",
            "UpdateAutoScalingGroup",
            self._params(new),
            AutoScalingGroupName=physical_id,
        )
        if "Tags" in changed:
            call.invoke(
                "autoscaling", "CreateOrUpdateTags", Tags=self._tags(call, physical_id, new)
            )

    def delete(self, call, physical_id, props):
        """As CloudFormation does: to no instance first. One that is protected would hold it up."""
        call.invoke(
            "autoscaling",
            "UpdateAutoScalingGroup",
            AutoScalingGroupName=physical_id,
            MinSize=0,
            MaxSize=0,
            DesiredCapacity=0,
        )
        call.wait(
            f"the instances of {physical_id} to end",
            lambda: not self._describe(call, physical_id)["Instances"],
        )
        call.invoke("autoscaling", "DeleteAutoScalingGroup", AutoScalingGroupName=physical_id)

    @staticmethod
    def _describe(call, name: str) -> dict:
        return call.invoke(
            "autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=[name]
        )["AutoScalingGroups"][0]

    def attributes(self, call, physical_id, props):
        return {"AutoScalingGroupARN": self._describe(call, physical_id)["AutoScalingGroupARN"]}

    def replaces(self, old, new, path):
        return False
