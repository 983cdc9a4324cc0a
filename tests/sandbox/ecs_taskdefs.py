"""ECS task definitions: what is checked at registration, and the members AWS fills in.

Fargate wants a size of its table, awsvpc, an execution role for logs, secrets and ECR; containers
want memory, known dependencies without a circle, ports that match, distinct names of environment
and secrets; roles must be there. What only instances have (GPUs) and what only Fargate has exclude
each other. What DescribeTaskDefinition shows although nobody sent it is filled in, so that a
comparison with what was sent fails here as it would in AWS.
"""

from __future__ import annotations

import re
from typing import Any

from .ecs_clusters import store
from .ecs_store import merge_tags, page, without
from .errors import AwsError
from .registry import operation
from .wire import Call

# CPU units -> allowed memory in MiB (Fargate, Linux)
FARGATE_SIZES = {
    256: {512, 1024, 2048},
    512: set(range(1024, 4097, 1024)),
    1024: set(range(2048, 8193, 1024)),
    2048: set(range(4096, 16385, 1024)),
    4096: set(range(8192, 30721, 1024)),
    8192: set(range(16384, 61441, 4096)),
    16384: set(range(32768, 122881, 8192)),
}
CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")


def refuse(message: str) -> AwsError:
    return AwsError("ClientException", message)


def number(text: str, what: str, units: str) -> int:
    match = re.fullmatch(rf"(\d+(?:\.\d+)?)\s*({units})?", str(text).strip(), re.I)
    if not match:
        raise refuse(f"Invalid setting for container {what}: {text}")
    value = float(match.group(1))
    return int(value * 1024) if match.group(2) else int(value)


def check_size(wanted: dict[str, Any]) -> tuple[int, int]:
    """A task's CPU and memory, as Fargate sells them; written as ECS shows them, and as numbers."""
    cpu, memory = number(wanted["cpu"], "cpu", "vcpu"), number(wanted["memory"], "memory", "gb")
    if memory not in FARGATE_SIZES.get(cpu, ()):
        raise refuse(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. "
            "See the Amazon ECS documentation for the valid values."
        )
    wanted["cpu"], wanted["memory"] = str(cpu), str(memory)
    return cpu, memory


def check_storage(wanted: dict[str, Any]) -> None:
    if not 21 <= wanted.get("ephemeralStorage", {}).get("sizeInGiB", 21) <= 200:
        raise refuse("The ephemeral storage size must be between 21 and 200 GiB.")


def check_fargate(wanted: dict[str, Any]) -> None:
    if wanted.get("networkMode") != "awsvpc":
        raise refuse("Fargate only supports network mode ‘awsvpc’.")
    if "cpu" not in wanted or "memory" not in wanted:
        missing = "cpu" if "cpu" not in wanted else "memory"
        raise refuse(f"Fargate requires that '{missing}' be defined at the task level.")
    cpu, memory = check_size(wanted)
    check_storage(wanted)
    if wanted.get("pidMode", "task") != "task":
        raise refuse("Fargate only supports the PID mode task.")
    for container in wanted["containerDefinitions"]:
        driver = container.get("logConfiguration", {}).get("logDriver")
        if driver and driver not in ("awslogs", "splunk", "awsfirelens"):
            raise refuse(
                f"Fargate only supports log drivers awslogs, splunk and awsfirelens; got {driver}."
            )
        if driver == "awslogs" and not wanted.get("executionRoleArn"):
            raise refuse(
                "Fargate requires task definition to have execution role ARN to support log "
                "driver awslogs."
            )
        if container.get("secrets") and not wanted.get("executionRoleArn"):
            raise refuse(
                "Fargate requires task definition to have execution role ARN to support "
                "container secrets."
            )
        if container.get("privileged"):
            raise refuse("Fargate does not support privileged containers.")
        linux = container.get("linuxParameters", {})
        more = set(linux.get("capabilities", {}).get("add", [])) - {"SYS_PTRACE"}
        if more:
            raise refuse(f"Fargate does not support adding the capabilities {sorted(more)}.")
        for name in ("devices", "sharedMemorySize", "maxSwap", "swappiness"):
            if name in linux:
                raise refuse(f"Fargate does not support linuxParameters.{name}.")
        # tmpfs since January 2026: github.com/aws/containers-roadmap/issues/736
        for tmpfs in linux.get("tmpfs", []):
            if not tmpfs.get("containerPath") or not tmpfs.get("size"):
                raise refuse("A tmpfs needs a containerPath and a size.")
        if any(u["name"] != "nofile" for u in container.get("ulimits", [])):
            raise refuse("Fargate only supports the ulimit nofile.")
        for mapping in container.get("portMappings", []):
            if mapping.get("hostPort", mapping.get("containerPort")) != mapping.get(
                "containerPort"
            ):
                raise refuse(
                    "When networkMode=awsvpc, the host ports and container ports in port "
                    "mappings must match."
                )
    cpus = sum(c.get("cpu", 0) for c in wanted["containerDefinitions"])
    if cpus > cpu:
        raise refuse("The 'cpu' of the containers exceeds the task's.")
    reserved = sum(
        c.get("memory") or c.get("memoryReservation") or 0 for c in wanted["containerDefinitions"]
    )
    if reserved > memory:
        raise refuse(
            "Invalid 'memory' setting for the containers: their sum exceeds the task's memory."
        )


def check_containers(wanted: dict[str, Any]) -> None:
    containers = wanted["containerDefinitions"]
    if not containers:
        raise refuse("Container list cannot be empty.")
    names = [c.get("name", "") for c in containers]
    volumes = {v["name"] for v in wanted.get("volumes", [])}
    for container in containers:
        name = container.get("name", "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name):
            raise refuse(
                "Container.name contains invalid characters."
                if name
                else "Container.name should not be null or empty."
            )
        if not container.get("image") or re.search(r"\s", container["image"]):
            raise refuse(
                "Container.image should not be null or empty."
                if not container.get("image")
                else "Container.image contains invalid characters."
            )
        if (
            not container.get("memory")
            and not container.get("memoryReservation")
            and not wanted.get("memory")
        ):
            raise refuse(
                f"Invalid setting for container '{name}'. At least one of 'memory' or "
                "'memoryReservation' must be specified."
            )
        for mount in container.get("mountPoints", []):
            if mount.get("sourceVolume") not in volumes:
                raise refuse(f"Unknown volume '{mount.get('sourceVolume')}'.")
        check_dependencies(container, containers, names)
        check_entries(container)
    if len(set(names)) != len(names):
        raise refuse("Container.name must be unique.")
    if not any(c.get("essential", True) for c in containers):
        raise refuse("At least one container must be essential.")


def check_dependencies(
    container: dict[str, Any], containers: list[dict[str, Any]], names: list[str]
) -> None:
    for dependency in container.get("dependsOn", []):
        target = dependency["containerName"]
        if target not in names or target == container["name"]:
            raise refuse(
                f"Container '{container['name']}' depends on '{target}', which is not another "
                "container of the task definition."
            )
        if dependency["condition"] not in CONDITIONS:
            raise refuse(f"Invalid container dependency condition: {dependency['condition']}")
        other = containers[names.index(target)]
        if dependency["condition"] == "HEALTHY" and not other.get("healthCheck"):
            raise refuse(
                f"Container '{target}' has no health check, so a dependency cannot be on HEALTHY."
            )
        if dependency["condition"] in ("COMPLETE", "SUCCESS") and other.get("essential", True):
            raise refuse(
                f"A dependency with the condition {dependency['condition']} cannot be on the "
                f"essential container '{target}'."
            )


def check_entries(container: dict[str, Any]) -> None:
    plain = [e.get("name") for e in container.get("environment", [])]
    secret = [e["name"] for e in container.get("secrets", [])]
    twice = {n for n in plain + secret if (plain + secret).count(n) > 1 and n in secret}
    if twice:
        raise refuse(
            "The secret name must be unique and not shared with any new or existing environment "
            f"variables set on the container, such as '{sorted(twice)[0]}'."
        )
    log = container.get("logConfiguration", {})
    if log.get("logDriver") == "awslogs":
        missing = {"awslogs-group", "awslogs-region", "awslogs-stream-prefix"} - log.get(
            "options", {}
        ).keys()
        if missing:
            raise refuse(f"Log driver awslogs requires options: {', '.join(sorted(missing))}.")
    check = container.get("healthCheck")
    if check:
        if not check.get("command") or check["command"][0] not in ("CMD", "CMD-SHELL", "NONE"):
            raise refuse("Container.healthCheck.command must start with CMD, CMD-SHELL or NONE.")
        for name, low, high in (
            ("interval", 5, 300),
            ("timeout", 2, 120),
            ("retries", 1, 10),
            ("startPeriod", 0, 300),
        ):
            if name in check and not low <= check[name] <= high:
                raise refuse(f"Container.healthCheck.{name} must be between {low} and {high}.")


def check_instances(wanted: dict[str, Any]) -> bool:
    """Whether only instances can carry it; what Fargate alone has is refused there."""
    gpus = [
        r
        for c in wanted["containerDefinitions"]
        for r in c.get("resourceRequirements", [])
        if r["type"] == "GPU"
    ]
    if any(not r["value"].isdigit() or int(r["value"]) < 1 for r in gpus):
        raise refuse("The value of a GPU resource requirement must be a positive number.")
    fargate = "FARGATE" in wanted.get("requiresCompatibilities", [])
    if gpus and fargate:
        raise refuse("Fargate does not support GPU resource requirements.")
    if not fargate and wanted.get("ephemeralStorage") and gpus:
        raise refuse("Ephemeral storage is only for tasks on Fargate.")
    if (
        not fargate
        and not wanted.get("memory")
        and not all(
            c.get("memory") or c.get("memoryReservation") for c in wanted["containerDefinitions"]
        )
    ):
        raise refuse(
            "Invalid setting for container. At least one of 'memory' or 'memoryReservation' must "
            "be specified."
        )
    return bool(gpus) or not (wanted.get("cpu") and wanted.get("memory"))


@operation("ecs", "RegisterTaskDefinition")
def register_task_definition(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    wanted = {k: v for k, v in call.params.items() if k not in ("family", "tags")}
    family = call.params["family"]
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", family):
        raise refuse("Invalid family: letters, digits, hyphens and underscores, at most 255.")
    check_containers(wanted)
    compatibilities = wanted.get("requiresCompatibilities", [])
    if "FARGATE" in compatibilities:
        check_fargate(wanted)
    for role in ("executionRoleArn", "taskRoleArn"):
        if wanted.get(role):
            check_role(sandbox, call.account, wanted[role])
    for container in wanted["containerDefinitions"]:
        fill(container)
    with ecs.lock:
        revisions = region.families.setdefault(family, [])
        revision = len(revisions) + 1
        definition = {
            "taskDefinitionArn": region.arn(f"task-definition/{family}:{revision}"),
            "family": family,
            "revision": revision,
            "status": "ACTIVE",
            "volumes": [],
            "placementConstraints": [],
            "requiresAttributes": [],
            "compatibilities": ["EC2", "FARGATE"]
            if wanted.get("networkMode") == "awsvpc" and not check_instances(wanted)
            else ["EC2"],
            "registeredAt": ecs.now(),
            "registeredBy": call.arn,
            "_tags": merge_tags([], call.params.get("tags", [])),
            **wanted,
        }
        definition["tags"] = definition["_tags"]
        revisions.append(definition)
        return {"taskDefinition": without(definition, "tags"), "tags": definition["tags"]}


def fill(container: dict[str, Any]) -> None:
    """The members that DescribeTaskDefinition shows although nobody sent them."""
    container.setdefault("cpu", 0)
    container.setdefault("essential", True)
    for name in ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"):
        container.setdefault(name, [])
    for mapping in container["portMappings"]:
        mapping.setdefault("hostPort", mapping.get("containerPort"))
        mapping.setdefault("protocol", "tcp")
    check = container.get("healthCheck")
    if check:
        for name, value in (("interval", 30), ("timeout", 5), ("retries", 3)):
            check.setdefault(name, value)


def check_role(sandbox: Any, account: str, arn: str) -> None:
    from .sts import role_exists

    if not re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:role/.+", arn):
        raise refuse(f"Role is not valid: {arn}")
    if arn.split(":")[4] == account and not role_exists(account, arn):
        raise refuse("Role is not valid")


@operation("ecs", "DescribeTaskDefinition")
def describe_task_definition(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        definition = region.task_definition(call.params["taskDefinition"])
        answer: dict[str, Any] = {"taskDefinition": without(definition, "tags")}
        if "TAGS" in call.params.get("include", []):
            answer["tags"] = definition["tags"]
        return answer


@operation("ecs", "DeregisterTaskDefinition")
def deregister_task_definition(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    if ":" not in call.params["taskDefinition"].split("/")[-1]:
        raise refuse("The revision of the task definition must be given.")
    with ecs.lock:
        definition = region.task_definition(call.params["taskDefinition"], active=False)
        if definition["status"] != "ACTIVE":
            raise refuse("The specified task definition is inactive.")
        definition["status"] = "INACTIVE"
        definition["deregisteredAt"] = ecs.now()
        return {"taskDefinition": without(definition, "tags")}


@operation("ecs", "DeleteTaskDefinitions")
def delete_task_definitions(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    done, failures = [], []
    with ecs.lock:
        for reference in call.params["taskDefinitions"]:
            try:
                definition = region.task_definition(reference, active=False)
            except AwsError:
                failures.append({"arn": reference, "reason": "MISSING"})
                continue
            if definition["status"] == "ACTIVE":
                failures.append(
                    {
                        "arn": definition["taskDefinitionArn"],
                        "reason": (
                            "The specified task definition is still in ACTIVE status. Please "
                            "deregister the target and try again."
                        ),
                    }
                )
                continue
            done.append({**without(definition, "tags"), "status": "DELETE_IN_PROGRESS"})
            definition["status"] = "DELETED"
    return {"taskDefinitions": done, "failures": failures}


@operation("ecs", "ListTaskDefinitions")
def list_task_definitions(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    family, status = call.params.get("familyPrefix"), call.params.get("status", "ACTIVE")
    with ecs.lock:
        arns = [
            d["taskDefinitionArn"]
            for name in sorted(region.families)
            for d in region.families[name]
            if d["status"] == status and family in (None, name)
        ]
    if call.params.get("sort") == "DESC":
        arns.reverse()
    shown, token = page(arns, call.params)
    return {"taskDefinitionArns": shown, "nextToken": token}


@operation("ecs", "ListTaskDefinitionFamilies")
def list_task_definition_families(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    prefix, status = call.params.get("familyPrefix", ""), call.params.get("status", "ALL")
    with ecs.lock:
        names = [
            n
            for n in sorted(region.families)
            if n.startswith(prefix)
            and (
                status == "ALL"
                or any(d["status"] == "ACTIVE" for d in region.families[n]) == (status == "ACTIVE")
            )
        ]
    shown, token = page(names, call.params)
    return {"families": shown, "nextToken": token}
