"""Target groups' targets and their health, instead of moto's always healthy ones.

A target is initial, then healthy or unhealthy as its container behaves, `unused` while no listener
leads to its group, `draining` after deregistration. The map is ours; the groups are moto's.
"""

from __future__ import annotations

import threading
from typing import Any

from .errors import AwsError
from .registry import operation
from .wire import Call

TEXTS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
}


def groups(account: str, region: str) -> Any:
    from moto.elbv2.models import elbv2_backends

    return elbv2_backends[account][region].target_groups


class Targets:
    def __init__(self, context: Any) -> None:
        self.context = context
        self.lock = threading.RLock()
        self.targets: dict[str, dict[tuple[str, int], dict[str, Any]]] = {}

    def register(self, arn: str, ip: str, port: int, unhealthy: bool | None = None) -> None:
        """unhealthy: as the container behind it behaves; None where nothing is known to listen."""
        with self.lock:
            self.targets.setdefault(arn, {})[ip, port] = {
                "since": self.context.now(),
                "unhealthy": unhealthy,
                "draining": None,
            }

    def mark(self, arn: str, ip: str, port: int, unhealthy: bool) -> None:
        with self.lock:
            target = self.targets.get(arn, {}).get((ip, port))
            if target and target["unhealthy"] != unhealthy:
                target["unhealthy"] = unhealthy

    def deregister(self, arn: str, ip: str, port: int) -> None:
        with self.lock:
            target = self.targets.get(arn, {}).get((ip, port))
            if target and target["draining"] is None:
                target["draining"] = self.context.now()

    def health(self, group: Any, ip: str, port: int) -> tuple[str, str | None]:
        with self.lock:
            target = self.targets.get(group.arn, {}).get((ip, port))
            if target is None:
                return "unused", "Target.NotRegistered"
            now = self.context.now()
            if target["draining"] is not None:
                delay = min(
                    float(group.attributes.get("deregistration_delay.timeout_seconds", 300)),
                    self.context.seconds("ecs-drain"),
                )
                if now - target["draining"] >= delay:
                    del self.targets[group.arn][ip, port]
                    return "unused", "Target.NotRegistered"
                return "draining", "Target.DeregistrationInProgress"
            if not group.load_balancer_arns:
                return "unused", "Target.NotInUse"
            if now - target["since"] < self.context.seconds("target-initial"):
                return "initial", "Elb.RegistrationInProgress"
            if target["unhealthy"] is False:
                return "healthy", None
            return "unhealthy", "Target.FailedHealthChecks"

    def listed(self, group: Any) -> list[tuple[str, int]]:
        with self.lock:
            known = list(self.targets.get(group.arn, {}))
        return [k for k in known if self.health(group, *k) != ("unused", "Target.NotRegistered")]


def group_of(call: Call) -> Any:
    group = groups(call.account, call.region).get(call.params["TargetGroupArn"])
    if group is None:
        raise AwsError("TargetGroupNotFound", "One or more target groups not found", 400)
    return group


@operation("elbv2", "RegisterTargets")
def register_targets(sandbox: Any, call: Call) -> dict[str, Any]:
    group = group_of(call)
    for target in call.params["Targets"]:
        sandbox.parts["targets"].register(
            group.arn, target["Id"], int(target.get("Port", group.port))
        )
    return {}


@operation("elbv2", "DeregisterTargets")
def deregister_targets(sandbox: Any, call: Call) -> dict[str, Any]:
    group = group_of(call)
    targets = sandbox.parts["targets"]
    for target in call.params["Targets"]:
        for ip, port in targets.listed(group):
            if ip == target["Id"] and int(target.get("Port", port)) == port:
                targets.deregister(group.arn, ip, port)
    return {}


@operation("elbv2", "DescribeTargetHealth")
def describe_target_health(sandbox: Any, call: Call) -> dict[str, Any]:
    group = group_of(call)
    targets = sandbox.parts["targets"]
    wanted = [
        (t["Id"], int(t.get("Port", group.port))) for t in call.params.get("Targets", [])
    ] or targets.listed(group)
    described = []
    for ip, port in wanted:
        state, reason = targets.health(group, ip, port)
        health = {"State": state}
        if reason:
            health.update(Reason=reason, Description=TEXTS[reason])
        described.append(
            {
                "Target": {"Id": ip, "Port": port},
                "HealthCheckPort": str(port),
                "TargetHealth": health,
                "AdministrativeOverride": {
                    "State": "no_override",
                    "Reason": "AdministrativeOverride.NoOverride",
                    "Description": "No override is currently active on target",
                },
            }
        )
    return {"TargetHealthDescriptions": described}
