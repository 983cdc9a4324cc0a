"""What ECS tells EventBridge: task, deployment and service events, as JSON in EventBridge's
spelling.
"""

from __future__ import annotations

import copy
import datetime
from typing import Any

from . import eventbridge
from .ecs_store import without


def plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if not k.startswith("_") and v is not None}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def task_changed(context: Any, task: dict[str, Any]) -> None:
    detail = copy.deepcopy(
        without(
            task,
            "tags",
            "healthStatus" if task["healthStatus"] == "UNKNOWN" else "",
            "inferenceAccelerators",
        )
    )
    detail["containers"] = [
        without(c, "healthStatus" if c["healthStatus"] == "UNKNOWN" else "")
        for c in task["containers"]
    ]
    detail["overrides"] = {"containerOverrides": task["overrides"]["containerOverrides"]}
    for attachment in detail["attachments"]:
        attachment["type"] = "eni"
    detail["updatedAt"] = context.utcnow()
    eventbridge.put(
        context,
        task["_account"],
        task["_region"],
        "aws.ecs",
        "ECS Task State Change",
        [task["taskArn"]],
        plain(detail),
    )


def deployment_changed(
    context: Any, service: dict[str, Any], name: str, reason: str, deployment: dict[str, Any]
) -> None:
    detail = {
        "eventType": "ERROR" if name.endswith("FAILED") else "INFO",
        "eventName": name,
        "deploymentId": deployment["id"],
        "updatedAt": context.utcnow(),
        "reason": reason,
    }
    eventbridge.put(
        context,
        service["_account"],
        service["_region"],
        "aws.ecs",
        "ECS Deployment State Change",
        [service["serviceArn"]],
        plain(detail),
    )


def service_action(
    context: Any, service: dict[str, Any], name: str, kind: str = "INFO", **more: Any
) -> None:
    detail = {
        "eventType": kind,
        "eventName": name,
        "clusterArn": service["clusterArn"],
        "createdAt": context.utcnow(),
        **more,
    }
    eventbridge.put(
        context,
        service["_account"],
        service["_region"],
        "aws.ecs",
        "ECS Service Action",
        [service["serviceArn"]],
        plain(detail),
    )
