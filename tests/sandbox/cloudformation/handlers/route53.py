"""AWS::Route53: HostedZone, RecordSet.

A change of records is waited for until it is in sync. CloudFormation creates a record and never
takes over one that is there; moto would, so it is looked for first. A zone with records that are
not the stack's is not deleted.
"""

from ..convert import convert
from ..errors import NotFound, ResourceError
from .base import Handler, only, register, without

ROUTE53 = "route53"


def _vpcs(props: dict) -> list:
    return [{"VPCId": v["VPCId"], "VPCRegion": v["VPCRegion"]} for v in props.get("VPCs", [])]


@register
class HostedZone(Handler):
    type = "AWS::Route53::HostedZone"
    updatable = ("HostedZoneConfig", "VPCs", "Tags")

    def create(self, call, props):
        unknown = sorted(set(props) - {"Name", "HostedZoneConfig", "HostedZoneTags", "VPCs"})
        if unknown:
            raise ResourceError(
                f"the sandbox does not pass on {', '.join(unknown)} of a hosted zone"
            )
        vpcs = _vpcs(props)
        params = {"VPC": vpcs[0]} if vpcs else {}
        config = {
            "Comment": props.get("HostedZoneConfig", {}).get("Comment", ""),
            "PrivateZone": bool(vpcs),
        }
        made = call.invoke(
            ROUTE53,
            "CreateHostedZone",
            Name=props["Name"],
            CallerReference=call.request_token,
            HostedZoneConfig=config,
            **params,
        )
        zone = call.started(made["HostedZone"]["Id"].rpartition("/")[2])
        for vpc in vpcs[1:]:
            call.invoke(ROUTE53, "AssociateVPCWithHostedZone", HostedZoneId=zone, VPC=vpc)
        self._tag(call, zone, [], call.tags(props))
        _insync(call, made["ChangeInfo"]["Id"])
        return zone

    @staticmethod
    def _tag(call, zone: str, gone: list, tags: list) -> None:
        params = {k: v for k, v in (("AddTags", tags), ("RemoveTagKeys", gone)) if v}
        if params:
            call.invoke(
                ROUTE53,
                "ChangeTagsForResource",
                ResourceType="hostedzone",
                ResourceId=zone,
                **params,
            )

    def update(self, call, physical_id, old, new, changed):
        if "HostedZoneConfig" in changed:
            call.invoke(
                ROUTE53,
                "UpdateHostedZoneComment",
                Id=physical_id,
                Comment=new.get("HostedZoneConfig", {}).get("Comment", ""),
            )
        before, after = _vpcs(old), _vpcs(new)
        if bool(before) != bool(after):
            raise ResourceError(
                call.handler_message(
                    "a zone cannot change between public and private", "InvalidRequest"
                )
            )
        for vpc in after:
            if vpc not in before:
                call.invoke(
                    ROUTE53, "AssociateVPCWithHostedZone", HostedZoneId=physical_id, VPC=vpc
                )
        for vpc in before:
            if vpc not in after:
                call.invoke(
                    ROUTE53, "DisassociateVPCFromHostedZone", HostedZoneId=physical_id, VPC=vpc
                )
        if "Tags" in changed:
            self._tag(call, physical_id, call.tags_gone(old, new), call.tags(new))

    def delete(self, call, physical_id, props):
        call.invoke(ROUTE53, "DeleteHostedZone", Id=physical_id)

    def attributes(self, call, physical_id, props):
        reply = call.invoke(ROUTE53, "GetHostedZone", Id=physical_id)
        found = {"Id": physical_id}
        if not props.get("VPCs"):
            found["NameServers"] = reply["DelegationSet"]["NameServers"]
        return found


def _insync(call, change: str) -> None:
    change = change.rpartition("/")[2]
    call.wait(
        f"change {change}",
        lambda: call.invoke(ROUTE53, "GetChange", Id=change)["ChangeInfo"]["Status"] == "INSYNC",
    )


@register
class RecordSet(Handler):
    type = "AWS::Route53::RecordSet"
    updatable = (
        "AliasTarget",
        "CidrRoutingConfig",
        "Comment",
        "Failover",
        "GeoLocation",
        "GeoProximityLocation",
        "HealthCheckId",
        "MultiValueAnswer",
        "Region",
        "ResourceRecords",
        "SetIdentifier",
        "TTL",
        "Type",
        "Weight",
    )

    @staticmethod
    def _zone(call, props: dict) -> str:
        if "HostedZoneId" in props:
            return props["HostedZoneId"].rpartition("/")[2]
        name = props["HostedZoneName"].rstrip(".") + "."
        zones = call.invoke(ROUTE53, "ListHostedZonesByName", DNSName=name)["HostedZones"]
        found = [z for z in zones if z["Name"] == name]
        if len(found) != 1:
            raise ResourceError(
                call.handler_message(
                    f"Found {len(found)} hosted zones with name {name}: give HostedZoneId",
                    "InvalidRequest",
                )
            )
        return found[0]["Id"].rpartition("/")[2]

    def _change(self, call, changes: list, props: dict) -> None:
        renamed = []
        for action, values in changes:
            record = without(values, "HostedZoneId", "HostedZoneName", "Comment", "ResourceRecords")
            if "AliasTarget" in record:
                record["AliasTarget"] = {"EvaluateTargetHealth": False, **record["AliasTarget"]}
            if "ResourceRecords" in values:
                record["ResourceRecords"] = [{"Value": str(v)} for v in values["ResourceRecords"]]
            renamed.append({"Action": action, "ResourceRecordSet": record})
        batch = {"Changes": renamed, **only(props, "Comment")}
        params = convert(
            ROUTE53,
            "ChangeResourceRecordSets",
            {"HostedZoneId": self._zone(call, props), "ChangeBatch": batch},
            {},
        )
        reply = call.invoke(ROUTE53, "ChangeResourceRecordSets", **params)
        _insync(call, reply["ChangeInfo"]["Id"])

    def create(self, call, props):
        self._refuse_existing(call, props)
        self._change(call, [("CREATE", props)], props)
        return props["Name"]

    def _refuse_existing(self, call, props) -> None:
        """Route 53 refuses a second CREATE of one record; moto takes it."""
        name = props["Name"].rstrip(".").lower() + "."
        reply = call.invoke(
            ROUTE53,
            "ListResourceRecordSets",
            HostedZoneId=self._zone(call, props),
            StartRecordName=name,
            StartRecordType=props["Type"],
        )
        for record in reply["ResourceRecordSets"]:
            if (
                record["Name"].rstrip(".").lower() + "." == name
                and record["Type"] == props["Type"]
                and record.get("SetIdentifier") == props.get("SetIdentifier")
            ):
                raise ResourceError(
                    f"[Tried to create resource record set [name='{name}', type='{props['Type']}'] "
                    "but it already exists]"
                )

    def update(self, call, physical_id, old, new, changed):
        if old.get("Type") != new.get("Type") or old.get("SetIdentifier") != new.get(
            "SetIdentifier"
        ):
            self._change(call, [("DELETE", old), ("CREATE", new)], new)
        else:
            self._change(call, [("UPSERT", new)], new)

    def delete(self, call, physical_id, props):
        try:
            self._change(call, [("DELETE", props)], props)
        except ResourceError as error:
            if "not found" in str(error) or isinstance(error, NotFound):
                return
            raise

    def attributes(self, call, physical_id, props):
        return {"Id": physical_id}
