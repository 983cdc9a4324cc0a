"""AWS::EC2: SecurityGroup, SecurityGroupIngress, SecurityGroupEgress.

Rules of CloudFormation become IpPermissions, each with exactly one source or destination. An update
takes away the rules that went and adds those that came. A group of its own without egress rules
lets everything out, and loses that rule when it gets one.
"""

import json

from ..errors import ResourceError
from .base import Handler, only, register
from .ec2_vpc import Ec2Handler

PAIR = {
    "Source": (
        "SourceSecurityGroupId",
        "SourceSecurityGroupName",
        "SourceSecurityGroupOwnerId",
        "SourcePrefixListId",
    ),
    "Destination": ("DestinationSecurityGroupId", None, None, "DestinationPrefixListId"),
}
ALL_OUT = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}


def permission(rule: dict, side: str) -> dict:
    """One rule of CloudFormation as an IpPermission; a key without a place is an error."""
    group, name, owner, prefix = PAIR[side]
    rest = dict(rule)
    result = {"IpProtocol": str(rest.pop("IpProtocol"))}
    for key in ("FromPort", "ToPort"):
        if key in rest:
            result[key] = int(rest.pop(key))
    text = {"Description": rest.pop("Description")} if "Description" in rest else {}
    pair = {
        api: rest.pop(key)
        for key, api in ((group, "GroupId"), (name, "GroupName"), (owner, "UserId"))
        if key in rest
    }
    if pair:
        result["UserIdGroupPairs"] = [{**pair, **text}]
    for key, place, member in (
        ("CidrIp", "IpRanges", "CidrIp"),
        ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        (prefix, "PrefixListIds", "PrefixListId"),
    ):
        if key in rest:
            result[place] = [{member: rest.pop(key), **text}]
    if rest:
        raise ResourceError(
            f"the sandbox does not pass on {', '.join(sorted(rest))} of a security group rule"
        )
    if len([k for k in result if k.endswith(("Pairs", "Ranges", "Ids"))]) != 1:
        raise ResourceError("a security group rule needs exactly one source or destination")
    return result


def _distinct(rules: list) -> list:
    return list({json.dumps(r, sort_keys=True): r for r in rules}.values())


@register
class SecurityGroup(Ec2Handler):
    type = "AWS::EC2::SecurityGroup"
    tag_type = "security-group"
    name_property = "GroupName"
    updatable = ("SecurityGroupIngress", "SecurityGroupEgress", "Tags")

    def create(self, call, props):
        params = only(props, "VpcId")
        made = call.invoke(
            "ec2",
            "CreateSecurityGroup",
            GroupName=props.get("GroupName") or call.name(255),
            Description=props["GroupDescription"],
            TagSpecifications=self.tag_spec(call, props),
            **params,
        )
        group = call.started(made["GroupId"])
        if props.get("SecurityGroupIngress"):
            call.invoke(
                "ec2",
                "AuthorizeSecurityGroupIngress",
                GroupId=group,
                IpPermissions=[
                    permission(r, "Source") for r in _distinct(props["SecurityGroupIngress"])
                ],
            )
        self._egress(call, group, [ALL_OUT], props.get("SecurityGroupEgress") or [ALL_OUT])
        return group

    @staticmethod
    def _egress(call, group, before: list, after: list) -> None:
        _move(call, group, "Egress", "Destination", before, after)

    def update(self, call, physical_id, old, new, changed):
        if "SecurityGroupIngress" in changed:
            _move(
                call,
                physical_id,
                "Ingress",
                "Source",
                old.get("SecurityGroupIngress", []),
                new.get("SecurityGroupIngress", []),
            )
        if "SecurityGroupEgress" in changed:
            self._egress(
                call,
                physical_id,
                old.get("SecurityGroupEgress") or [ALL_OUT],
                new.get("SecurityGroupEgress") or [ALL_OUT],
            )
        if "Tags" in changed:
            self.retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke("ec2", "DeleteSecurityGroup", GroupId=physical_id)

    def attributes(self, call, physical_id, props):
        group = call.invoke("ec2", "DescribeSecurityGroups", GroupIds=[physical_id])[
            "SecurityGroups"
        ][0]
        return {
            "GroupId": physical_id,
            "Id": physical_id,
            "VpcId": group.get("VpcId"),
            "GroupName": group["GroupName"],
        }


def _move(call, group: str, direction: str, side: str, before: list, after: list) -> None:
    """Takes away the rules that went and adds those that came."""
    old = [permission(r, side) for r in _distinct(before)]
    new = [permission(r, side) for r in _distinct(after)]
    gone, come = [r for r in old if r not in new], [r for r in new if r not in old]
    if gone:
        call.invoke("ec2", f"RevokeSecurityGroup{direction}", GroupId=group, IpPermissions=gone)
    if come:
        call.invoke("ec2", f"AuthorizeSecurityGroup{direction}", GroupId=group, IpPermissions=come)


class _Rule(Handler):
    direction = ""
    side = ""
    updatable = ("Description",)

    def create(self, call, props):
        rule = {k: v for k, v in props.items() if k not in ("GroupId", "GroupName")}
        made = call.invoke(
            "ec2",
            f"AuthorizeSecurityGroup{self.direction}",
            **only(props, "GroupId", "GroupName"),
            IpPermissions=[permission(rule, self.side)],
        )
        return made["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def update(self, call, physical_id, old, new, changed):
        rule = {k: v for k, v in new.items() if k not in ("GroupId", "GroupName")}
        call.invoke(
            "ec2",
            f"UpdateSecurityGroupRuleDescriptions{self.direction}",
            **only(new, "GroupId", "GroupName"),
            IpPermissions=[permission(rule, self.side)],
        )

    def delete(self, call, physical_id, props):
        rule = {k: v for k, v in props.items() if k not in ("GroupId", "GroupName")}
        call.invoke(
            "ec2",
            f"RevokeSecurityGroup{self.direction}",
            **only(props, "GroupId", "GroupName"),
            IpPermissions=[permission(rule, self.side)],
        )

    def attributes(self, call, physical_id, props):
        return {"Id": physical_id}


@register
class SecurityGroupIngress(_Rule):
    type = "AWS::EC2::SecurityGroupIngress"
    direction, side = "Ingress", "Source"


@register
class SecurityGroupEgress(_Rule):
    type = "AWS::EC2::SecurityGroupEgress"
    direction, side = "Egress", "Destination"
