"""AWS::ElasticLoadBalancingV2: LoadBalancer, TargetGroup, Listener, ListenerRule,
ListenerCertificate.

elbv2 answers a second creation of the same name with the existing thing; CloudFormation takes that
for a failure, and so do we. Attributes, subnets, security groups and tags are calls of their own,
made for what changed. What AWS refuses beside moto is in fix_elb.py.
"""

from ..errors import NotFound, ResourceError
from .base import Handler, only, register, without

ELB = "elbv2"


def _attributes(call, operation: str, owner: str, arn: str, pairs: list) -> None:
    if pairs:
        call.invoke(
            ELB,
            operation,
            **{owner: arn},
            Attributes=[{"Key": p["Key"], "Value": str(p["Value"])} for p in pairs],
        )


def _retag(call, arn: str, old: dict, new: dict) -> None:
    gone = call.tags_gone(old, new)
    if gone:
        call.invoke(ELB, "RemoveTags", ResourceArns=[arn], TagKeys=gone)
    if call.tags(new):
        call.invoke(ELB, "AddTags", ResourceArns=[arn], Tags=call.tags(new))


@register
class LoadBalancer(Handler):
    type = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    name_property = "Name"
    updatable = (
        "LoadBalancerAttributes",
        "SecurityGroups",
        "Subnets",
        "SubnetMappings",
        "IpAddressType",
        "Tags",
    )

    def create(self, call, props):
        name = props.get("Name") or call.name(32)
        # elbv2 answers with the existing one when name and settings are the same: that is not ours
        try:
            call.invoke(ELB, "DescribeLoadBalancers", Names=[name])
        except NotFound:
            pass
        else:
            raise ResourceError(
                call.handler_message(
                    f"A load balancer with the same name '{name}' exists", "AlreadyExists"
                )
            )
        made = call.call(
            ELB,
            "CreateLoadBalancer",
            without(props, "Name", "LoadBalancerAttributes", "Tags"),
            Name=name,
            Tags=call.tags(props) or None,
        )
        arn = call.started(made["LoadBalancers"][0]["LoadBalancerArn"])
        _attributes(
            call,
            "ModifyLoadBalancerAttributes",
            "LoadBalancerArn",
            arn,
            props.get("LoadBalancerAttributes", []),
        )

        def active() -> bool:
            state = self._describe(call, arn)["State"]
            if state["Code"] == "failed":
                raise ResourceError(
                    call.handler_message(
                        f"Load balancer failed to become active: {state.get('Reason')}",
                        "NotStabilized",
                    )
                )
            return state["Code"] == "active"

        call.wait(f"load balancer {arn}", active)
        return arn

    @staticmethod
    def _describe(call, arn: str) -> dict:
        return call.invoke(ELB, "DescribeLoadBalancers", LoadBalancerArns=[arn])["LoadBalancers"][0]

    def update(self, call, physical_id, old, new, changed):
        if "LoadBalancerAttributes" in changed:
            _attributes(
                call,
                "ModifyLoadBalancerAttributes",
                "LoadBalancerArn",
                physical_id,
                new.get("LoadBalancerAttributes", []),
            )
        if "SecurityGroups" in changed:
            call.invoke(
                ELB,
                "SetSecurityGroups",
                LoadBalancerArn=physical_id,
                SecurityGroups=new.get("SecurityGroups", []),
            )
        if changed & {"Subnets", "SubnetMappings"}:
            call.call(
                ELB,
                "SetSubnets",
                only(new, "Subnets", "SubnetMappings"),
                LoadBalancerArn=physical_id,
            )
        if "IpAddressType" in changed:
            call.invoke(
                ELB,
                "SetIpAddressType",
                LoadBalancerArn=physical_id,
                IpAddressType=new.get("IpAddressType", "ipv4"),
            )
        if "Tags" in changed:
            _retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke(ELB, "DeleteLoadBalancer", LoadBalancerArn=physical_id)

    def attributes(self, call, physical_id, props):
        found = self._describe(call, physical_id)
        return {
            "LoadBalancerArn": physical_id,
            "LoadBalancerName": found["LoadBalancerName"],
            "DNSName": found["DNSName"],
            "LoadBalancerFullName": physical_id.partition(":loadbalancer/")[2],
            "Scheme": found["Scheme"],
            "CanonicalHostedZoneID": found["CanonicalHostedZoneId"],
            "Type": found["Type"],
            "SecurityGroups": found.get("SecurityGroups", []),
        }


@register
class TargetGroup(Handler):
    type = "AWS::ElasticLoadBalancingV2::TargetGroup"
    name_property = "Name"
    health = (
        "HealthCheckEnabled",
        "HealthCheckIntervalSeconds",
        "HealthCheckPath",
        "HealthCheckPort",
        "HealthCheckProtocol",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "Matcher",
        "UnhealthyThresholdCount",
    )
    updatable = (*health, "TargetGroupAttributes", "Targets", "Tags")

    def create(self, call, props):
        made = call.call(
            ELB,
            "CreateTargetGroup",
            without(props, "Name", "TargetGroupAttributes", "Targets", "Tags"),
            Name=props.get("Name") or call.name(32),
            Tags=call.tags(props) or None,
        )
        arn = call.started(made["TargetGroups"][0]["TargetGroupArn"])
        _attributes(
            call,
            "ModifyTargetGroupAttributes",
            "TargetGroupArn",
            arn,
            props.get("TargetGroupAttributes", []),
        )
        if props.get("Targets"):
            call.call(ELB, "RegisterTargets", only(props, "Targets"), TargetGroupArn=arn)
        return arn

    def update(self, call, physical_id, old, new, changed):
        if changed & set(self.health):
            call.call(ELB, "ModifyTargetGroup", only(new, *self.health), TargetGroupArn=physical_id)
        if "TargetGroupAttributes" in changed:
            _attributes(
                call,
                "ModifyTargetGroupAttributes",
                "TargetGroupArn",
                physical_id,
                new.get("TargetGroupAttributes", []),
            )
        if "Targets" in changed:
            gone = [t for t in old.get("Targets", []) if t not in new.get("Targets", [])]
            if gone:
                call.call(ELB, "DeregisterTargets", {"Targets": gone}, TargetGroupArn=physical_id)
            if new.get("Targets"):
                call.call(ELB, "RegisterTargets", only(new, "Targets"), TargetGroupArn=physical_id)
        if "Tags" in changed:
            _retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke(ELB, "DeleteTargetGroup", TargetGroupArn=physical_id)

    def attributes(self, call, physical_id, props):
        found = call.invoke(ELB, "DescribeTargetGroups", TargetGroupArns=[physical_id])[
            "TargetGroups"
        ][0]
        return {
            "TargetGroupArn": physical_id,
            "TargetGroupName": found["TargetGroupName"],
            "TargetGroupFullName": physical_id.rpartition(":")[2],
            "LoadBalancerArns": found.get("LoadBalancerArns", []),
        }


@register
class Listener(Handler):
    type = "AWS::ElasticLoadBalancingV2::Listener"
    updatable = (
        "AlpnPolicy",
        "Certificates",
        "DefaultActions",
        "ListenerAttributes",
        "MutualAuthentication",
        "Port",
        "Protocol",
        "SslPolicy",
    )

    def create(self, call, props):
        made = call.call(ELB, "CreateListener", without(props, "ListenerAttributes"))
        arn = call.started(made["Listeners"][0]["ListenerArn"])
        _attributes(
            call,
            "ModifyListenerAttributes",
            "ListenerArn",
            arn,
            props.get("ListenerAttributes", []),
        )
        return arn

    def update(self, call, physical_id, old, new, changed):
        if changed - {"ListenerAttributes"}:
            call.call(
                ELB,
                "ModifyListener",
                without(new, "LoadBalancerArn", "ListenerAttributes"),
                ListenerArn=physical_id,
            )
        if "ListenerAttributes" in changed:
            _attributes(
                call,
                "ModifyListenerAttributes",
                "ListenerArn",
                physical_id,
                new.get("ListenerAttributes", []),
            )

    def delete(self, call, physical_id, props):
        call.invoke(ELB, "DeleteListener", ListenerArn=physical_id)

    def attributes(self, call, physical_id, props):
        return {"ListenerArn": physical_id}


@register
class ListenerRule(Handler):
    type = "AWS::ElasticLoadBalancingV2::ListenerRule"
    updatable = ("Actions", "Conditions", "Priority", "Transforms")

    def create(self, call, props):
        return call.call(ELB, "CreateRule", props)["Rules"][0]["RuleArn"]

    def update(self, call, physical_id, old, new, changed):
        if "Priority" in changed:
            call.invoke(
                ELB,
                "SetRulePriorities",
                RulePriorities=[{"RuleArn": physical_id, "Priority": int(new["Priority"])}],
            )
        if changed - {"Priority"}:
            call.call(
                ELB, "ModifyRule", without(new, "ListenerArn", "Priority"), RuleArn=physical_id
            )

    def delete(self, call, physical_id, props):
        call.invoke(ELB, "DeleteRule", RuleArn=physical_id)

    def attributes(self, call, physical_id, props):
        return {"RuleArn": physical_id, "IsDefault": False}


@register
class ListenerCertificate(Handler):
    """Additional (SNI) certificates of one listener."""

    type = "AWS::ElasticLoadBalancingV2::ListenerCertificate"
    updatable = ("Certificates",)

    def create(self, call, props):
        call.call(ELB, "AddListenerCertificates", props)
        return call.name(255)

    def update(self, call, physical_id, old, new, changed):
        before, after = ({c["CertificateArn"] for c in p["Certificates"]} for p in (old, new))
        where = {"ListenerArn": new["ListenerArn"]}
        if after - before:
            call.invoke(
                ELB,
                "AddListenerCertificates",
                **where,
                Certificates=[{"CertificateArn": a} for a in sorted(after - before)],
            )
        if before - after:
            call.invoke(
                ELB,
                "RemoveListenerCertificates",
                **where,
                Certificates=[{"CertificateArn": a} for a in sorted(before - after)],
            )

    def delete(self, call, physical_id, props):
        call.call(ELB, "RemoveListenerCertificates", props)

    def attributes(self, call, physical_id, props):
        return {"Id": physical_id}
