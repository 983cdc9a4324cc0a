"""Network Load Balancers as strict as AWS is, where moto takes what comes.

Their listeners speak TCP, UDP, TCP_UDP or TLS, have one action that forwards, lead to groups of the
same kind, and have no rules; a number has one listener. Attributes are those of the type. A static
address exists, is nobody else's, and is taken as long as the load balancer is there.
docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html,
docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html
"""

from __future__ import annotations

from typing import Any

from .errors import AwsError
from .fix_elb import balancers, check_certificates, listener_of, targets_of
from .registry import finish, prepare
from .wire import Call

TRANSPORTS = ("TCP", "UDP", "TCP_UDP", "TLS")
# the protocol of a listener: those of the groups that it may lead to
LEADS_TO = {"TCP": ("TCP", "TCP_UDP"), "UDP": ("UDP", "TCP_UDP"), "TCP_UDP": ("TCP_UDP",)}
LEADS_TO["TLS"] = ("TCP", "TLS")
ONLY_APPLICATION = (
    "idle_timeout.",
    "routing.http",
    "client_keep_alive.",
    "waf.",
    "connection_logs.",
)
ONLY_NETWORK = ("dns_record.", "ipv6.")


def is_network(balancer: Any) -> bool:
    return balancer is not None and balancer.type == "network"


def balancer_of(call: Call, arn: str) -> Any:
    return balancers(call).load_balancers.get(arn)


def invalid(text: str) -> AwsError:
    return AwsError("ValidationError", text)


def check_address(call: Call, allocation: str, own: str = "") -> None:
    from moto.ec2.models import ec2_backends

    address = next(
        (
            one
            for one in list(ec2_backends[call.account][call.region].addresses)
            if one.allocation_id == allocation
        ),
        None,
    )
    if address is None:
        raise AwsError(
            "AllocationIdNotFound", f"The allocation IDs '{allocation}' are not available for use"
        )
    taken = [
        arn
        for arn, one in list(balancers(call).load_balancers.items())
        if arn != own and allocation in getattr(one, "addresses", [])
    ]
    if taken or address.association_id:
        raise AwsError("InvalidSubnet", f"The allocation ID '{allocation}' is in use")


@prepare("elbv2", "CreateLoadBalancer")
def create_load_balancer(_sandbox: Any, call: Call) -> None:
    network = call.params.get("Type") == "network"
    mappings = call.params.get("SubnetMappings", [])
    zones = [m["SubnetId"] for m in mappings]
    if len(set(zones)) != len(zones):
        raise AwsError("InvalidConfigurationRequest", "A subnet cannot be specified twice")
    for mapping in mappings:
        if "AllocationId" not in mapping:
            continue
        if not network:
            raise invalid(
                "You cannot specify Elastic IP addresses for an application load balancer"
            )
        check_address(call, mapping["AllocationId"])


@finish("elbv2", "CreateLoadBalancer")
def remember_addresses(_sandbox: Any, call: Call, _response: Any) -> None:
    for made in list(balancers(call).load_balancers.values()):
        if made.name == call.params["Name"] and not hasattr(made, "addresses"):
            made.addresses = [
                m["AllocationId"]
                for m in call.params.get("SubnetMappings", [])
                if "AllocationId" in m
            ]


@prepare("ec2", "ReleaseAddress")
def release_address(_sandbox: Any, call: Call) -> None:
    if any(
        call.params.get("AllocationId") in getattr(one, "addresses", [])
        for one in list(balancers(call).load_balancers.values())
    ):
        raise AwsError(
            "InvalidIPAddress.InUse",
            f"Address with allocation id [{call.params['AllocationId']}] is in use.",
            400,
        )


def check_listener(call: Call, arn: str, balancer: Any, params: dict[str, Any]) -> None:
    protocol = params.get("Protocol", "")
    if not is_network(balancer):
        if protocol in TRANSPORTS:
            raise AwsError(
                "UnsupportedProtocol",
                f"Protocol '{protocol}' is not supported by application load balancers",
            )
        return
    if protocol not in TRANSPORTS:
        raise AwsError(
            "UnsupportedProtocol",
            f"Protocol '{protocol}' is not supported by network load balancers",
        )
    certificates = params.get("Certificates") or []
    if protocol == "TLS" and len(certificates) != 1:
        raise AwsError("CertificateNotFound", "A certificate must be specified for TLS listeners")
    if protocol != "TLS" and (certificates or params.get("SslPolicy")):
        raise invalid(f"A certificate cannot be specified for {protocol} listeners")
    check_certificates(call, certificates)
    for one in list(balancer.listeners.values()):
        if one.arn != arn and int(one.port) == int(params.get("Port", 0)):
            raise AwsError("DuplicateListener", "A listener already exists on this port")
    check_actions(call, protocol, params.get("DefaultActions", []))


def check_actions(call: Call, protocol: str, actions: list[dict[str, Any]]) -> None:
    if [a["Type"] for a in actions] != ["forward"]:
        raise AwsError(
            "InvalidLoadBalancerAction",
            "Network load balancers support one action of type 'forward' only",
        )
    for arn in targets_of(actions[0]):
        group = balancers(call).target_groups.get(arn)
        if group is not None and group.protocol not in LEADS_TO[protocol]:
            raise AwsError(
                "InvalidConfigurationRequest",
                f"Listener protocol '{protocol}' is not supported with target group protocol "
                f"'{group.protocol}'",
            )


@prepare("elbv2", "CreateListener")
def create_listener(_sandbox: Any, call: Call) -> None:
    check_listener(call, "", balancer_of(call, call.params["LoadBalancerArn"]), call.params)


@prepare("elbv2", "ModifyListener")
def modify_listener(_sandbox: Any, call: Call) -> None:
    listener = listener_of(call, call.params["ListenerArn"])
    if listener is None or "Protocol" not in call.params:
        return
    balancer = balancer_of(call, listener.load_balancer_arn)
    check_listener(call, listener.arn, balancer, call.params)


@prepare("elbv2", "CreateRule")
def create_rule(_sandbox: Any, call: Call) -> None:
    listener = listener_of(call, call.params["ListenerArn"])
    if listener is not None and listener.protocol in TRANSPORTS:
        raise invalid("Rules are not supported on listeners of network load balancers")


@prepare("elbv2", "ModifyLoadBalancerAttributes")
def balancer_attributes(_sandbox: Any, call: Call) -> None:
    network = is_network(balancer_of(call, call.params["LoadBalancerArn"]))
    for attribute in call.params["Attributes"]:
        if attribute["Key"].startswith(ONLY_APPLICATION if network else ONLY_NETWORK):
            raise invalid(
                f"Load balancer attribute key '{attribute['Key']}' is not supported on load "
                f"balancers with type '{'network' if network else 'application'}'"
            )


@prepare("elbv2", "CreateTargetGroup")
def create_target_group(_sandbox: Any, call: Call) -> None:
    if call.params.get("Protocol") not in TRANSPORTS:
        return
    asked = call.params.get("HealthCheckProtocol", "TCP")
    if asked not in ("TCP", "HTTP", "HTTPS"):
        raise invalid(f"Health check protocol '{asked}' is not supported")
    if call.params.get("ProtocolVersion"):
        raise invalid("You cannot specify a protocol version for this target group")
    if asked == "TCP" and (call.params.get("HealthCheckPath") or call.params.get("Matcher")):
        raise invalid("You cannot specify a health check path or a matcher for TCP health checks")


@prepare("elbv2", "ModifyTargetGroupAttributes")
def group_attributes(_sandbox: Any, call: Call) -> None:
    group = balancers(call).target_groups.get(call.params["TargetGroupArn"])
    if group is None:
        return
    network = group.protocol in TRANSPORTS
    for attribute in call.params["Attributes"]:
        key, value = attribute["Key"], attribute.get("Value", "")
        wrong = (
            key.startswith(("load_balancing.algorithm", "slow_start", "stickiness.lb_cookie"))
            or (key == "stickiness.type" and value != "source_ip")
            if network
            else key.startswith(
                ("preserve_client_ip", "proxy_protocol_v2", "deregistration_delay.c")
            )
            or (key == "stickiness.type" and value == "source_ip")
        )
        if wrong:
            raise AwsError(
                "InvalidConfigurationRequest",
                f"Target group attribute '{key}' = '{value}' is not valid for a target group with "
                f"protocol '{group.protocol}'",
            )
