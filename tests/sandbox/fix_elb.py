"""Load balancers, certificates and alias records as strict as AWS is, where moto takes what comes.

A certificate is issued when the records that prove it are in public zones of the sandbox; an HTTPS
listener takes an issued one only; a listener of HTTP leads to no target group of HTTP/2 or gRPC;
quotas of rules and values; access logs need a bucket that lets Elastic Load Balancing write, and
write a test object there.
"""

from __future__ import annotations

import json
from typing import Any

from .errors import AwsError
from .registry import prepare
from .wire import Call

RULES, VALUES, WILDCARDS, HOST_CHARS = 100, 5, 6, 128
LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"


def balancers(call: Call) -> Any:
    from moto.elbv2.models import elbv2_backends

    return elbv2_backends[call.account][call.region]


def proved(certificate: Any, account: str) -> bool:
    """Every name's CNAME record stands in a public zone."""
    from moto.route53.models import route53_backends

    standing = {
        (r.name.rstrip(".").lower(), value.rstrip("."))
        for zone in list(route53_backends[account]["aws"].zones.values())
        if not zone.private_zone
        for r in list(zone.rrsets)
        if r.type == "CNAME"
        for value in r.records
    }
    records = (
        o["ResourceRecord"]
        for o in certificate.describe()["Certificate"].get("DomainValidationOptions", [])
    )
    return all((r["Name"].rstrip(".").lower(), r["Value"].rstrip(".")) in standing for r in records)


def install(context: Any) -> None:
    from moto.acm.models import CertBundle
    from moto.elbv2.models import ELBv2Backend

    check, modify = CertBundle.check, ELBv2Backend.modify_listener

    def check_proof(self: Any) -> None:
        if (
            self.type == "AMAZON_ISSUED"
            and self.status == "PENDING_VALIDATION"
            and not proved(self, self.arn.split(":")[4])
        ):
            return
        check(self)

    def modify_listener(self: Any, arn: str, *args: Any, **kwargs: Any) -> Any:
        """The certificates beside the default one stay."""
        before = self.describe_listeners(load_balancer_arn=None, listener_arns=[arn])[0]
        kept = [c for c in before.certificates or [] if c != before.certificate]
        changed = modify(self, arn, *args, **kwargs)
        if changed.certificate:
            changed.certificates = [
                changed.certificate,
                *(c for c in kept if c != changed.certificate),
            ]
        return changed

    CertBundle.check = check_proof  # type: ignore[method-assign]
    ELBv2Backend.modify_listener = modify_listener  # type: ignore[method-assign]


def check_certificates(call: Call, certificates: list[dict[str, Any]]) -> None:
    from moto.acm.models import acm_backends

    known = acm_backends[call.account][call.region]._certificates
    for certificate in certificates or []:
        found = known.get(certificate["CertificateArn"])
        if found is None:
            raise AwsError(
                "CertificateNotFound",
                f"Certificate ARN '{certificate['CertificateArn']}' is not valid",
                400,
            )
        found.check()
        if found.status != "ISSUED":
            raise AwsError(
                "UnsupportedCertificate",
                f"The certificate '{certificate['CertificateArn']}' must have a fully-qualified "
                "domain name, a supported signature, and a supported key size.",
            )


def targets_of(action: dict[str, Any]) -> list[str]:
    forward = [t["TargetGroupArn"] for t in action.get("ForwardConfig", {}).get("TargetGroups", [])]
    return [*forward, *([action["TargetGroupArn"]] if "TargetGroupArn" in action else [])]


def check_actions(call: Call, protocol: str, actions: list[dict[str, Any]]) -> None:
    groups = balancers(call).target_groups
    for action in actions or []:
        for arn in targets_of(action):
            version = getattr(groups.get(arn), "protocol_version", None)
            if protocol == "HTTP" and version in ("HTTP2", "GRPC"):
                raise AwsError(
                    "InvalidLoadBalancerAction",
                    "Listener protocol 'HTTP' is not supported with a target group with the "
                    f"protocol-version '{version}'",
                )


def check_tls(call: Call, params: dict[str, Any], protocol: str) -> None:
    certificates = params.get("Certificates") or []
    if protocol == "HTTPS" and len(certificates) != 1:
        raise AwsError(
            "ValidationError",
            "A certificate must be specified for HTTPS listeners"
            if not certificates
            else (
                "You must provide a list containing exactly one certificate if the listener "
                "protocol is HTTPS."
            ),
        )
    if protocol == "HTTP" and (certificates or params.get("SslPolicy")):
        raise AwsError(
            "InvalidConfigurationRequest", "A certificate cannot be specified for HTTP listeners"
        )
    check_certificates(call, certificates)


@prepare("elbv2", "CreateListener")
def create_listener(_sandbox: Any, call: Call) -> None:
    protocol = call.params.get("Protocol", "")
    check_tls(call, call.params, protocol)
    check_actions(call, protocol, call.params.get("DefaultActions", []))


@prepare("elbv2", "CreateLoadBalancer")
def create_load_balancer(_sandbox: Any, call: Call) -> None:
    """docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html:
    one subnet per Availability Zone; an Application Load Balancer from two zones at least."""
    from moto.ec2.models import ec2_backends

    ids = call.params.get("Subnets") or [
        m["SubnetId"] for m in call.params.get("SubnetMappings", [])
    ]
    known = ec2_backends[call.account][call.region]
    zones = [known.get_subnet(one).availability_zone for one in ids]
    if len(set(zones)) < len(zones):
        raise AwsError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )


def listener_of(call: Call, arn: str) -> Any:
    return next(
        (
            one
            for balancer in list(balancers(call).load_balancers.values())
            for one in list(balancer.listeners.values())
            if one.arn == arn
        ),
        None,
    )


@prepare("elbv2", "ModifyListener")
def modify_listener(_sandbox: Any, call: Call) -> None:
    listener = listener_of(call, call.params["ListenerArn"])
    protocol = call.params.get("Protocol") or getattr(listener, "protocol", "")
    if "Protocol" in call.params:
        check_tls(call, call.params, protocol)
    check_actions(call, protocol, call.params.get("DefaultActions", []))


def values_of(condition: dict[str, Any]) -> list[str]:
    configs = [v for k, v in condition.items() if k.endswith("Config") and isinstance(v, dict)]
    return [*condition.get("Values", []), *(str(v) for c in configs for v in c.get("Values", []))]


def check_conditions(conditions: list[dict[str, Any]]) -> None:
    values = [v for condition in conditions or [] for v in values_of(condition)]
    if len(values) > VALUES:
        raise AwsError(
            "TooManyConditionValues", f"The maximum number of condition values per rule is {VALUES}"
        )
    if sum(v.count("*") + v.count("?") for v in values) > WILDCARDS:
        raise AwsError(
            "TooManyConditionWildcards",
            f"The maximum number of condition wildcards per rule is {WILDCARDS}",
        )
    for condition in conditions or []:
        for value in values_of(condition) if condition.get("Field") == "host-header" else []:
            if len(value) > HOST_CHARS:
                raise AwsError(
                    "ValidationError",
                    f"The host-header condition value must be at most {HOST_CHARS} characters",
                )


@prepare("elbv2", "CreateRule")
def create_rule(_sandbox: Any, call: Call) -> None:
    listener = listener_of(call, call.params["ListenerArn"])
    check_conditions(call.params.get("Conditions", []))
    check_actions(call, getattr(listener, "protocol", ""), call.params.get("Actions", []))
    owner = next(
        (
            b
            for b in list(balancers(call).load_balancers.values())
            if listener is not None and b.arn == listener.load_balancer_arn
        ),
        None,
    )
    rules = (
        sum(
            1
            for one in list(owner.listeners.values())
            for rule in one.rules.values()
            if not rule.is_default
        )
        if owner
        else 0
    )
    if rules >= RULES:
        raise AwsError("TooManyRules", f"The maximum number of rules per load balancer is {RULES}")


@prepare("elbv2", "ModifyRule")
def modify_rule(_sandbox: Any, call: Call) -> None:
    check_conditions(call.params.get("Conditions", []))


@prepare("elbv2", "AddListenerCertificates")
def add_certificates(_sandbox: Any, call: Call) -> None:
    if getattr(listener_of(call, call.params["ListenerArn"]), "protocol", "HTTPS") != "HTTPS":
        raise AwsError(
            "InvalidConfigurationRequest",
            "Certificates can be added to HTTPS and TLS listeners only",
        )
    check_certificates(call, call.params["Certificates"])


@prepare("acm", "DeleteCertificate")
def delete_certificate(_sandbox: Any, call: Call) -> None:
    arn = call.params["CertificateArn"]
    for balancer in list(balancers(call).load_balancers.values()):
        for listener in list(balancer.listeners.values()):
            if arn in [listener.certificate, *(listener.certificates or [])]:
                raise AwsError(
                    "ResourceInUseException",
                    f"Certificate {arn} in account {call.account} is in use.",
                )


def may_deliver(bucket: Any, account: str) -> bool:
    """The bucket's policy lets Elastic Load Balancing write under AWSLogs/<account>/."""
    if not bucket.policy:
        return False
    wanted = f"{bucket.arn}/AWSLogs/{account}/ELBAccessLogTestFile"
    for statement in json.loads(bucket.policy)["Statement"]:
        resources = (
            statement["Resource"]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]]
        )
        fits = any(
            wanted == r or (r.endswith("*") and wanted.startswith(r[:-1])) for r in resources
        )
        if (
            statement["Effect"] == "Allow"
            and statement.get("Principal", {}).get("Service") == LOG_DELIVERY
            and statement["Action"] == "s3:PutObject"
            and fits
        ):
            return True
    return False


@prepare("elbv2", "ModifyLoadBalancerAttributes")
def load_balancer_attributes(_sandbox: Any, call: Call) -> None:
    from moto.s3.models import s3_backends

    wanted = {a["Key"]: a.get("Value", "") for a in call.params["Attributes"]}
    if wanted.get("access_logs.s3.enabled") != "true":
        return
    name = wanted.get("access_logs.s3.bucket", "")
    backend = s3_backends[call.account]["aws"]
    bucket = backend.buckets.get(name)
    if bucket is None:
        raise AwsError("InvalidConfigurationRequest", f"S3 bucket '{name}' does not exist")
    if not may_deliver(bucket, call.account):
        raise AwsError(
            "InvalidConfigurationRequest",
            f"Access Denied for bucket: {name}. Please check S3bucket permission",
        )
    backend.put_object(
        name, f"AWSLogs/{call.account}/ELBAccessLogTestFile", b"Enable AccessLog for ELB"
    )


@prepare("route53", "ChangeResourceRecordSets")
def alias_targets(_sandbox: Any, call: Call) -> None:
    """An alias in the zone of a region's load balancers names one of them."""
    from moto.elbv2.models import elbv2_backends

    from .fix_others import ELB_ZONES

    known = {
        b.dns_name.lower(): b.canonical_hosted_zone_id
        for backend in list(elbv2_backends[call.account].values())
        for b in list(backend.load_balancers.values())
    }
    for change in call.params["ChangeBatch"]["Changes"]:
        record = change["ResourceRecordSet"]
        target = record.get("AliasTarget")
        if (
            not target
            or change["Action"] == "DELETE"
            or target["HostedZoneId"] not in ELB_ZONES.values()
        ):
            continue
        name = target["DNSName"].rstrip(".").lower().removeprefix("dualstack.")
        if known.get(name) != target["HostedZoneId"]:
            raise AwsError(
                "InvalidChangeBatch",
                f"[Tried to create an alias that targets {name}., type {record['Type']} in zone "
                f"{target['HostedZoneId']}, but the alias target name does not lie within the "
                "target zone]",
            )
