"""ECS tasks: RunTask, StopTask, DescribeTasks, ListTasks, and how a task is made.

A task is entered in the store in PROVISIONING; its life is a thread of ecs_life.py. RunTask with
the client token of an earlier call answers the same tasks, and is refused when it asks for
something else. Stopping is an order: the life thread carries it out, and the first order's reason
stays. Overrides have AWS's bound on size.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from typing import Any

from . import ecs_network
from .ecs_capacity import check_launch, on_fargate
from .ecs_clusters import check_providers, new_arn, store
from .ecs_store import Ecs, Region, hex_id, merge_tags, page, without
from .ecs_taskdefs import check_size, check_storage
from .errors import AwsError
from .registry import operation
from .wire import Call

MAX_OVERRIDES = 8192
RUN_MEMBERS = {"attachments", "availabilityZone", "capacityProviderName"}


def refuse(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def provider_of(cluster: dict[str, Any], params: dict[str, Any]) -> str | None:
    """The capacity provider a new task gets; None with an explicit launch type."""
    strategy = params.get("capacityProviderStrategy", [])
    if params.get("launchType"):
        if strategy:
            raise refuse(
                "Specifying both a launch type and capacity provider strategy is not supported. "
                "Remove one and try again."
            )
        if params["launchType"] != "FARGATE":
            raise refuse("No Container Instances were found in your cluster.")
        return None
    strategy = strategy or cluster["defaultCapacityProviderStrategy"]
    if not strategy:
        raise refuse("No Container Instances were found in your cluster.")
    check_providers(cluster["capacityProviders"], strategy, cluster["capacityProviders"])
    best = max(strategy, key=lambda s: (s.get("base", 0) > 0, s.get("weight", 0)))
    return str(best["capacityProvider"])


def check_overrides(definition: dict[str, Any], overrides: dict[str, Any]) -> None:
    names = {c["name"] for c in definition["containerDefinitions"]}
    for override in overrides.get("containerOverrides", []):
        if override.get("name") not in names:
            raise refuse(
                f"Override for container named {override.get('name')} is not a container in the "
                "TaskDefinition."
            )
    check_storage(overrides)
    if "FARGATE" in definition.get("requiresCompatibilities", []):
        check_size({name: overrides.get(name, definition[name]) for name in ("cpu", "memory")})
    if len(json.dumps(overrides)) > MAX_OVERRIDES:
        raise refuse(f"Container Overrides length must be at most {MAX_OVERRIDES}")


def platform_of(definition: dict[str, Any]) -> str:
    family = definition.get("runtimePlatform", {}).get("operatingSystemFamily", "LINUX")
    return "Linux" if family == "LINUX" else family.replace("_", " ").title()


def new_task(
    ecs: Ecs, region: Region, cluster: dict[str, Any], definition: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """A task in PROVISIONING, entered in the store.

    The caller holds the lock and starts its life.
    """
    arn = new_arn(region, cluster)
    overrides = more.pop("overrides", {})
    containers = []
    for container in definition["containerDefinitions"]:
        containers.append(
            {
                "containerArn": region.arn(
                    f"container/{cluster['clusterName']}/{arn.split('/')[-1]}/"
                    f"{hex_id()[:8]}-{hex_id()[:12]}"
                ),
                "taskArn": arn,
                "name": container["name"],
                "image": container["image"],
                "lastStatus": "PENDING",
                "networkInterfaces": [],
                "healthStatus": "UNKNOWN",
                "cpu": str(container.get("cpu", 0)),
                **{
                    k: str(container[k])
                    for k in ("memory", "memoryReservation")
                    if container.get(k)
                },
            }
        )
    shown = {
        "containerOverrides": [{"name": c["name"]} for c in containers],
        "inferenceAcceleratorOverrides": [],
    }
    given = {o["name"]: o for o in overrides.get("containerOverrides", [])}
    shown["containerOverrides"] = [given.get(c["name"], {"name": c["name"]}) for c in containers]
    for name in ("cpu", "memory", "executionRoleArn", "taskRoleArn", "ephemeralStorage"):
        if name in overrides:
            shown[name] = overrides[name]
    task = {
        "attachments": [
            {
                "id": hex_id()[:8] + "-" + hex_id()[:4],
                "type": "ElasticNetworkInterface",
                "status": "PRECREATED",
                "details": [],
            }
        ],
        "attributes": [
            {
                "name": "ecs.cpu-architecture",
                "value": definition.get("runtimePlatform", {})
                .get("cpuArchitecture", "X86_64")
                .lower(),
            }
        ],
        "clusterArn": cluster["clusterArn"],
        "connectivity": "CONNECTED",
        "containers": containers,
        "cpu": overrides.get("cpu", definition.get("cpu", "256")),
        "memory": overrides.get("memory", definition.get("memory", "512")),
        "createdAt": ecs.now(),
        "desiredStatus": "RUNNING",
        "lastStatus": "PROVISIONING",
        "healthStatus": "UNKNOWN",
        "enableExecuteCommand": False,
        "launchType": "FARGATE" if on_fargate(more.get("capacityProviderName")) else "EC2",
        "platformVersion": "1.4.0",
        "platformFamily": platform_of(definition),
        "ephemeralStorage": overrides.get(
            "ephemeralStorage", definition.get("ephemeralStorage", {"sizeInGiB": 20})
        ),
        "overrides": shown,
        "taskArn": arn,
        "taskDefinitionArn": definition["taskDefinitionArn"],
        "tags": [],
        "version": 1,
        "_definition": copy.deepcopy(without(definition)),
        "_stop": threading.Event(),
        "_index": len(region.tasks),
        "_account": region.account,
        "_region": region.region,
        "_id": arn.split("/")[-1],
        **more,
    }
    if task.get("capacityProviderName") is None:
        task.pop("capacityProviderName", None)
    region.tasks[arn] = task
    region.trim()
    return task


@operation("ecs", "RunTask")
def run_task(sandbox: Any, call: Call) -> dict[str, Any]:
    from .ecs_life import start

    ecs, region = store(sandbox, call)
    params = call.params
    count = params.get("count", 1)
    if not 1 <= count <= 10:
        raise refuse("count must be between 1 and 10.")
    if len(params.get("startedBy", "")) > 128:
        raise refuse("startedBy must be at most 128 characters.")
    if len(params.get("clientToken", "")) > 64:
        raise refuse("clientToken must be at most 64 characters.")
    with ecs.lock:
        cluster = region.cluster(params.get("cluster"))
        repeated = by_token(ecs, region, params)
        if repeated is not None:
            return {"tasks": repeated, "failures": []}
        try:
            definition = region.task_definition(params["taskDefinition"])
        except AwsError as missing:
            raise AwsError("ClientException", "TaskDefinition not found.") from missing
        if definition["status"] != "ACTIVE":
            raise AwsError("ClientException", "TaskDefinition is inactive")
        provider = provider_of(cluster, params)
        check_launch(definition, provider, params.get("networkConfiguration"))
        check_overrides(definition, params.get("overrides", {}))
        vpc = ecs_network.check_configuration(
            params.get("networkConfiguration"), call.account, call.region
        )
        tags = merge_tags([], params.get("tags", []))
        if params.get("propagateTags") == "TASK_DEFINITION":
            tags = merge_tags(definition["tags"], tags)
        elif params.get("propagateTags") == "SERVICE":
            raise refuse("propagateTags SERVICE is only for tasks of a service.")
        more = {
            "group": params.get("group", f"family:{definition['family']}"),
            "startedBy": params.get("startedBy"),
            "tags": tags,
            "capacityProviderName": provider,
            "overrides": params.get("overrides", {}),
            "_vpc_configuration": vpc,
        }
        tasks = [new_task(ecs, region, cluster, definition, **more) for _ in range(count)]
        if params.get("clientToken"):
            region.tokens[params["clientToken"]] = (digest(params), [t["taskArn"] for t in tasks])
        shown = [visible(t) for t in tasks]
    for task in tasks:
        start(sandbox, task)
    return {"tasks": shown, "failures": []}


def digest(params: dict[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps(
            {k: v for k, v in params.items() if k != "clientToken"}, sort_keys=True, default=str
        ).encode()
    ).hexdigest()


def by_token(ecs: Ecs, region: Region, params: dict[str, Any]) -> list[dict[str, Any]] | None:
    known = region.tokens.get(params.get("clientToken", ""))
    if known is None:
        return None
    if known[0] != digest(params):
        raise AwsError(
            "ConflictException",
            "The RunTask request could not be processed due to conflicts. The provided "
            "clientToken is already in use with a different RunTask request.",
            resourceIds=known[1],
        )
    return [visible(region.tasks[arn]) for arn in known[1] if arn in region.tasks]


def visible(task: dict[str, Any], tags: bool = True) -> dict[str, Any]:
    shown = without(task, *(() if tags else ("tags",)))
    shown["containers"] = [without(c) for c in task["containers"]]
    return copy.deepcopy(shown)


def find_task(region: Region, cluster: dict[str, Any], reference: str) -> dict[str, Any] | None:
    for arn, task in region.tasks.items():
        if task["clusterArn"] == cluster["clusterArn"] and reference in (arn, task["_id"]):
            return task
    return None


@operation("ecs", "DescribeTasks")
def describe_tasks(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    wanted = call.params["tasks"]
    if not 1 <= len(wanted) <= 100:
        raise refuse("Tasks must be between 1 and 100.")
    found, failures = [], []
    with ecs.lock:
        cluster = region.cluster(call.params.get("cluster"))
        for reference in wanted:
            task = find_task(region, cluster, reference)
            if task is None:
                arn = (
                    reference
                    if reference.startswith("arn:")
                    else region.arn(f"task/{cluster['clusterName']}/{reference}")
                )
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(visible(task, "TAGS" in call.params.get("include", [])))
    return {"tasks": found, "failures": failures}


@operation("ecs", "ListTasks")
def list_tasks(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    params = call.params
    if params.get("serviceName") and (params.get("startedBy") or params.get("family")):
        raise refuse("cannot specify serviceName together with startedBy or family.")
    with ecs.lock:
        cluster = region.cluster(params.get("cluster"))
        arns = []
        for arn, task in region.tasks.items():
            if task["clusterArn"] != cluster["clusterArn"]:
                continue
            wanted = params.get("desiredStatus", "RUNNING")
            if task["desiredStatus"] != wanted:
                continue
            if params.get("startedBy") and task.get("startedBy") != params["startedBy"]:
                continue
            if params.get("family") and task["_definition"]["family"] != params["family"]:
                continue
            if (
                params.get("serviceName")
                and task.get("group") != "service:" + params["serviceName"].split("/")[-1]
            ):
                continue
            if params.get("launchType") and task["launchType"] != params["launchType"]:
                continue
            arns.append(arn)
        if params.get("serviceName") and region.service(cluster, params["serviceName"]) is None:
            raise AwsError("ServiceNotFoundException", "Service not found.")
    shown, token = page(arns, params)
    return {"taskArns": shown, "nextToken": token}


@operation("ecs", "StopTask")
def stop_task(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    if len(call.params.get("reason", "")) > 1024:
        raise refuse("reason must be at most 1024 characters.")
    with ecs.lock:
        cluster = region.cluster(call.params.get("cluster"))
        task = find_task(region, cluster, call.params["task"])
        if task is None:
            raise refuse("The referenced task was not found.")
        order_stop(ecs, task, "UserInitiated", call.params.get("reason", "Task stopped by user"))
        return {"task": visible(task)}


def order_stop(ecs: Ecs, task: dict[str, Any], code: str, reason: str) -> None:
    """Ask a task to stop; its life thread does it. The first order's reason stays."""
    with ecs.lock:
        if task["desiredStatus"] == "STOPPED":
            return
        task["desiredStatus"] = "STOPPED"
        task["stopCode"], task["stoppedReason"] = code, reason
        task["stoppingAt"] = ecs.now()
        task["version"] += 1
        task["_stop"].set()
