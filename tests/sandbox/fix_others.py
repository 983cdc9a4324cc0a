"""Smaller corrections of moto: load balancers' provisioning, Route 53 records, SSM limits, S3
checksums.

A load balancer is provisioning before it is active. Records are held to Route 53's rules (one
CREATE of a name, CNAME alone, changes all or none). An SSM parameter has the bounds of its tier. An
upload whose checksum is not that of its bytes is refused. ECS targets must be living services of
ours.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from typing import Any

from .errors import AwsError
from .registry import prepare
from .wire import Call

# The zone an alias record to an ALB of the region names
ELB_ZONES = {
    "us-east-1": "Z35SXDOTRQ7X7K",
    "us-east-2": "Z3AADJGX6KTTL2",
    "us-west-1": "Z368ELLRRE2KJ0",
    "us-west-2": "Z1H1FL5HABSF5",
    "eu-west-1": "Z32O12XQLNTSW2",
    "eu-west-2": "ZHURV8PSTC4K8",
    "eu-central-1": "Z215JYRZR1TBD5",
    "eu-north-1": "Z23TAZ6LKFMNIO",
}
STANDARD_BYTES, ADVANCED_BYTES = 4096, 8192


def install(context: Any) -> None:
    from moto import settings
    from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
    from moto.elbv2.models import FakeLoadBalancer
    from moto.route53.models import FakeZone

    make, add = FakeLoadBalancer.__init__, FakeZone.add_rrset

    def start(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self._born = context.now()
        region = self.arn.split(":")[3]
        self.canonical_hosted_zone_id = ELB_ZONES.get(region, "Z2P70J7EXAMPLE")

    def activate(self: Any) -> None:
        if self.state == "provisioning" and context.now() - self._born >= context.seconds(
            "elb-create"
        ):
            self.state = "active"

    def add_rrset(self: Any, record: dict[str, Any]) -> Any:
        values = record.get("ResourceRecords")
        if values and isinstance(values[0], dict):  # moto's own SOA
            record = {**record, "ResourceRecords": [v["Value"] for v in values]}
        if record.get("Type") == "NS" and not record["Name"].endswith("."):
            record = {**record, "Name": record["Name"] + "."}
        return add(self, record)

    FakeLoadBalancer.__init__ = start  # type: ignore[method-assign]
    FakeLoadBalancer.activate = activate  # type: ignore[method-assign]
    FakeZone.add_rrset = add_rrset  # type: ignore[method-assign]
    settings.ACM_VALIDATION_WAIT = context.seconds("acm-validate")  # a minute in moto
    # moto would look into its own, empty ECS; register_target below looks into ours
    ApplicationAutoscalingBackend._ecs_service_exists_for_target = lambda self, r_id: True  # type: ignore[method-assign]


@prepare("application-autoscaling", "RegisterScalableTarget")
def register_target(sandbox: Any, call: Call) -> None:
    """An ECS target must be a living service of ours."""
    if call.params.get("ServiceNamespace") != "ecs":
        return
    parts = call.params["ResourceId"].split("/")
    services = sandbox.parts["ecs"].of(call).services
    service = (
        services.get((parts[1], parts[2])) if len(parts) == 3 and parts[0] == "service" else None
    )
    if service is None or service["status"] == "INACTIVE":
        raise AwsError(
            "ValidationException", f"ECS service doesn't exist: {call.params['ResourceId']}"
        )


@prepare("route53", "ChangeResourceRecordSets")
def change_records(_sandbox: Any, call: Call) -> None:
    from moto.route53.models import route53_backends

    zone = route53_backends[call.account]["aws"].zones.get(
        call.params["HostedZoneId"].split("/")[-1]
    )
    if zone is None:
        raise AwsError(
            "NoSuchHostedZone", f"No hosted zone found with ID: {call.params['HostedZoneId']}", 404
        )
    problems = []
    for change in call.params["ChangeBatch"]["Changes"]:
        record = change["ResourceRecordSet"]
        name = record["Name"].rstrip(".") + "."
        same = [
            r
            for r in zone.rrsets
            if r.name.rstrip(".") + "." == name and r.set_identifier == record.get("SetIdentifier")
        ]
        if change["Action"] == "CREATE" and any(r.type == record["Type"] for r in same):
            problems.append(
                f"Tried to create resource record set [name='{name}', type='{record['Type']}'] "
                "but it already exists"
            )
        if change["Action"] == "DELETE" and not any(r.type == record["Type"] for r in same):
            problems.append(
                f"Tried to delete resource record set [name='{name}', type='{record['Type']}'] "
                "but it was not found"
            )
        if change["Action"] in ("CREATE", "UPSERT"):
            if record["Type"] == "CNAME" and name == zone.name.rstrip(".") + ".":
                problems.append(
                    f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone "
                    f"{zone.name}"
                )
            elif any((r.type == "CNAME") != (record["Type"] == "CNAME") for r in same):
                problems.append(
                    f"RRSet of type {record['Type']} with DNS name {name} is not permitted as it "
                    f"conflicts with other records with the same DNS name in zone {zone.name}"
                )
            if not record.get("AliasTarget") and (
                not record.get("ResourceRecords") or record.get("TTL") is None
            ):
                problems.append(
                    "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and "
                    "ResourceRecords], or TrafficPolicyInstanceId], but found none in Change "
                    f"with [Action={change['Action']}, Name={name}]"
                )
    if problems:
        raise AwsError("InvalidChangeBatch", "[" + ", ".join(problems) + "]")


@prepare("ssm", "PutParameter")
def put_parameter(_sandbox: Any, call: Call) -> None:
    params = call.params
    name, size = params["Name"], len(params["Value"].encode())
    if not re.fullmatch(r"/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*", name) or name.count("/") > 15:
        raise AwsError(
            "ValidationException",
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a '
            "path, it can consist of sub-paths divided by slash symbol; "
            "each sub-path can be formed as a mix of letters, numbers and the following 3 "
            "symbols .-_",
        )
    if re.match(r"/?(aws|ssm)", name, re.I):
        raise AwsError(
            "ValidationException"
            if not name.lower().startswith("/aws")
            else "AccessDeniedException",
            'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).',
        )
    tier = params.get("Tier", "Standard")
    if size > ADVANCED_BYTES:
        raise AwsError(
            "ValidationException", f"Parameters maximum size is {ADVANCED_BYTES} characters."
        )
    if size > STANDARD_BYTES and tier == "Standard":
        raise AwsError(
            "ValidationException",
            f"Standard tier parameters support a maximum parameter value of {STANDARD_BYTES} "
            "characters. To create a larger parameter value, upgrade the parameter to use the "
            "advanced-parameter tier. For more information, see "
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
            "parameter-store-advanced-parameters.html",
        )
    if not params["Value"]:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        )
    if params.get("Overwrite") and params.get("Tags"):
        raise AwsError(
            "ValidationException",
            "Invalid request: tags and overwrite can't be used together. To create a parameter "
            "with tags, please remove overwrite flag.",
        )


def crc32(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


DIGESTS = {
    "content-md5": lambda d: hashlib.md5(d).digest(),
    "x-amz-checksum-sha256": lambda d: hashlib.sha256(d).digest(),
    "x-amz-checksum-sha1": lambda d: hashlib.sha1(d).digest(),
    "x-amz-checksum-crc32": crc32,
}


@prepare("s3", "PutObject", "UploadPart")
def put_object(_sandbox: Any, call: Call) -> None:
    request = call.request
    if request.header("X-Amz-Content-Sha256").startswith("STREAMING-"):
        return  # the sums cover the decoded body, and stand in trailers
    for name, digest in DIGESTS.items():
        sent = request.header(name)
        if sent and sent != base64.b64encode(digest(request.body)).decode():
            if name == "content-md5":
                raise AwsError(
                    "BadDigest", "The Content-MD5 you specified did not match what we received."
                )
            raise AwsError(
                "BadDigest",
                f"The {name.rsplit('-', 1)[1].upper()} you specified did not match the "
                "calculated checksum.",
            )
