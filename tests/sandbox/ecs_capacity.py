"""ECS capacity providers of the account's own: groups of instances. No instance is made: a task
starts as if there were one.

A provider belongs to one Auto Scaling group, which must exist and, for managed termination
protection, protect its instances; one that a cluster names is not deleted. `check_launch` refuses a
task whose capacity is not what its definition needs.
"""

from __future__ import annotations

import re
from typing import Any

from .ecs_clusters import FARGATE, store
from .ecs_store import Region, merge_tags, without
from .errors import AwsError
from .registry import operation
from .wire import Call


def refuse(message: str) -> AwsError:
    return AwsError("ClientException", message)


def on_fargate(provider: str | None) -> bool:
    return provider is None or provider in FARGATE


def check_launch(
    definition: dict[str, Any], provider: str | None, configuration: dict[str, Any] | None
) -> None:
    """What a task of this definition needs, its capacity has."""
    wanted = "FARGATE" if on_fargate(provider) else "EC2"
    if wanted not in definition["compatibilities"]:
        raise AwsError(
            "InvalidParameterException", f"Task definition does not support launch_type {wanted}."
        )
    if (
        wanted == "EC2"
        and (configuration or {}).get("awsvpcConfiguration", {}).get("assignPublicIp") == "ENABLED"
    ):
        raise AwsError(
            "InvalidParameterException", "Assign public IP is not supported for this launch type."
        )


def group_of(sandbox: Any, call: Call, arn: str) -> Any:
    from moto.autoscaling.models import autoscaling_backends

    groups = autoscaling_backends[call.account][call.region].autoscaling_groups
    found = [g for g in groups.values() if arn in (g.arn, g.name)]
    if not found:
        raise refuse(
            "The specified Auto Scaling group ARN is not valid. Check the ARN and try again."
        )
    return found[0]


@operation("ecs", "CreateCapacityProvider")
def create_capacity_provider(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    name = call.params["name"]
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name) or name.lower().startswith(
        ("aws", "ecs", "fargate")
    ):
        raise refuse(
            "The capacity provider name is invalid: up to 255 letters, digits, underscores and "
            "hyphens, and not aws, ecs or fargate first."
        )
    provider = dict(call.params.get("autoScalingGroupProvider") or {})
    if "autoScalingGroupArn" not in provider:
        raise AwsError(
            "UnsupportedFeatureException",
            "the sandbox has capacity providers of Auto Scaling groups only",
        )
    group = group_of(sandbox, call, provider["autoScalingGroupArn"])
    if (
        provider.get("managedTerminationProtection") == "ENABLED"
        and not group.new_instances_protected_from_scale_in
    ):
        raise refuse(
            "The managed termination protection setting for the capacity provider is invalid. To "
            "enable managed termination protection, the Auto Scaling group must have instance "
            "protection from scale in enabled."
        )
    with ecs.lock:
        if name in region.providers:
            raise refuse(
                "The specified capacity provider already exists. To change the configuration of "
                "an existing capacity provider, update the capacity provider."
            )
        if any(
            p["autoScalingGroupProvider"]["autoScalingGroupArn"] == group.arn
            for p in region.providers.values()
        ):
            raise refuse(
                "The specified Auto Scaling group ARN is already being used by another capacity "
                "provider."
            )
        made = {
            "capacityProviderArn": region.arn(f"capacity-provider/{name}"),
            "name": name,
            "status": "ACTIVE",
            "autoScalingGroupProvider": {**provider, "autoScalingGroupArn": group.arn},
            "tags": merge_tags([], call.params.get("tags", [])),
        }
        region.providers[name] = made
        return {"capacityProvider": without(made)}


def own(region: Region, reference: str) -> dict[str, Any]:
    found = region.providers.get(reference.split("/")[-1])
    if found is None:
        raise refuse("The specified capacity provider does not exist.")
    return found


@operation("ecs", "UpdateCapacityProvider")
def update_capacity_provider(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        found = own(region, call.params["name"])
        found["autoScalingGroupProvider"].update(call.params["autoScalingGroupProvider"])
        return {"capacityProvider": without(found)}


@operation("ecs", "DeleteCapacityProvider")
def delete_capacity_provider(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        found = own(region, call.params["capacityProvider"])
        if any(
            found["name"] in c["capacityProviders"]
            for c in region.clusters.values()
            if c["status"] == "ACTIVE"
        ):
            raise refuse(
                "The specified capacity provider is in use and cannot be deleted. Remove it from "
                "all clusters first."
            )
        del region.providers[found["name"]]
        return {"capacityProvider": {**without(found), "status": "INACTIVE"}}


@operation("ecs", "DescribeCapacityProviders")
def describe_capacity_providers(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = store(sandbox, call)
    wanted = [
        w.split("/")[-1]
        for w in call.params.get("capacityProviders") or [*FARGATE, *region.providers]
    ]
    fargate = {
        n: {
            "capacityProviderArn": region.arn(f"capacity-provider/{n}"),
            "name": n,
            "status": "ACTIVE",
        }
        for n in FARGATE
    }
    known = {**fargate, **{n: without(p) for n, p in region.providers.items()}}
    return {
        "capacityProviders": [known[n] for n in wanted if n in known],
        "failures": [{"arn": n, "reason": "MISSING"} for n in wanted if n not in known],
    }
