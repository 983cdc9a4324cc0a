"""ECS services: create, update, delete, describe, list. What they lead to happens in ecs_scheduler.

A change of anything that tasks are made of (DEPLOYED) makes a new deployment, PRIMARY from then on;
a change of the desired count alone does not. A service keeps its last 100 events. What it names
must fit: target groups with a load balancer and of type ip, container and port in the task
definition, registries in Cloud Map, percentages that leave room to roll. Members that the sandbox
does not model are refused.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from . import ecs_network, targets
from .ecs_capacity import check_launch
from .ecs_clusters import store
from .ecs_store import Ecs, Region, merge_tags, page, short_id, without
from .ecs_tasks import provider_of, refuse
from .errors import AwsError
from .registry import operation
from .wire import Call

MAX_EVENTS = 100
# what a new deployment carries; a change in any of it makes one
DEPLOYED = (
    "taskDefinition",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "capacityProviderStrategy",
    "platformVersion",
    "enableExecuteCommand",
    "propagateTags",
    "enableECSManagedTags",
)
PLAIN = (
    "desiredCount",
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "availabilityZoneRebalancing",
    "placementConstraints",
    "placementStrategy",
)


def add_event(ecs: Ecs, service: dict[str, Any], text: str) -> None:
    service["events"].insert(
        0,
        {
            "id": f"{short_id()}-{len(service['events'])}",
            "createdAt": ecs.now(),
            "message": f"(service {service['serviceName']}) {text}",
        },
    )
    del service["events"][MAX_EVENTS:]


def check_balancers(wanted: dict[str, Any], definition: dict[str, Any], call: Call) -> None:
    for balancer in wanted.get("loadBalancers", []):
        arn = balancer.get("targetGroupArn")
        group = targets.groups(call.account, call.region).get(arn)
        if group is None:
            raise refuse(f"The target group with targetGroupArn {arn} does not exist.")
        if not group.load_balancer_arns:
            raise refuse(
                f"The target group with targetGroupArn {arn} does not have an associated load "
                "balancer."
            )
        if group.target_type != "ip":
            raise refuse(
                f"The provided target group {arn} has target type {group.target_type}, which is "
                "incompatible with the awsvpc network mode specified in the task definition."
            )
        check_port(balancer, definition, balancer.get("containerPort"))
    for registry in wanted.get("serviceRegistries", []):
        if registry.get("containerName"):
            check_port(registry, definition, registry.get("containerPort"))


def check_port(item: dict[str, Any], definition: dict[str, Any], port: int | None) -> None:
    name = item.get("containerName")
    container = next((c for c in definition["containerDefinitions"] if c["name"] == name), None)
    if container is None:
        raise refuse(f"The container {name} does not exist in the task definition.")
    if port not in [m.get("containerPort") for m in container["portMappings"]]:
        raise refuse(f"The container {name} did not have a container port {port} defined.")


def check_deployment(configuration: dict[str, Any]) -> dict[str, Any]:
    full = {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        **configuration,
    }
    if full["strategy"] != "ROLLING":
        raise AwsError(
            "UnsupportedFeatureException",
            f"the sandbox deploys ROLLING only, not {full['strategy']}",
        )
    if (
        full["maximumPercent"] < 100
        or not 0 <= full["minimumHealthyPercent"] <= 100
        or full["maximumPercent"] <= full["minimumHealthyPercent"]
    ):
        raise refuse(
            (
                "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block "
                "deployments."
            )
            if full["maximumPercent"] == full["minimumHealthyPercent"]
            else "Invalid deployment configuration percentages."
        )
    if full["deploymentCircuitBreaker"].get("rollback") and not full[
        "deploymentCircuitBreaker"
    ].get("enable"):
        raise refuse("Deployment circuit breaker rollback needs the circuit breaker enabled.")
    return full


def check_rebalancing(service: dict[str, Any]) -> None:
    """docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html: not with a
    maximumPercent of 100 or less; on by default where it can be, and kept by an update that says
    nothing (CreateService, UpdateService)."""
    most = service["deploymentConfiguration"]["maximumPercent"]
    if service["availabilityZoneRebalancing"] == "ENABLED" and most <= 100:
        raise refuse(
            "Availability zone rebalancing requires the service's maximumPercent to be greater "
            "than 100."
        )


def check_forced(service: dict[str, Any], params: dict[str, Any]) -> None:
    """In ECS's own words: github.com/aws/aws-cdk/issues/34631."""
    wanted = params.get("capacityProviderStrategy", service.get("capacityProviderStrategy"))
    if wanted != service.get("capacityProviderStrategy") and not params.get("forceNewDeployment"):
        raise refuse(
            "When switching from launch type to capacity provider strategy on an existing "
            "service, or making a change to a capacity provider strategy on a service that is "
            "already using one, you must force a new deployment."
        )


def new_deployment(ecs: Ecs, service: dict[str, Any], definition: dict[str, Any]) -> dict[str, Any]:
    """Make the service's present wishes its PRIMARY deployment; older ones become ACTIVE."""
    number = short_id()
    for older in service["deployments"]:
        older["status"] = "ACTIVE"
        if older["rolloutState"] == "IN_PROGRESS":
            older["rolloutStateReason"] = f"ECS deployment {older['id']} superseded."
    now = ecs.now()
    deployment = {
        "id": f"ecs-svc/{number}",
        "status": "PRIMARY",
        "taskDefinition": definition["taskDefinitionArn"],
        "desiredCount": service["desiredCount"],
        "pendingCount": 0,
        "runningCount": 0,
        "failedTasks": 0,
        "createdAt": now,
        "updatedAt": now,
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": service.get("networkConfiguration"),
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment ecs-svc/{number} in progress.",
        "_definition": definition,
        "_provider": service["_provider"],
        "_tags": service_task_tags(service, definition),
        "_consecutive": 0,
        "_steady_since": None,
        "_wishes": {k: copy.deepcopy(service.get(k)) for k in DEPLOYED},
        "_started_any": False,
    }
    if service.get("capacityProviderStrategy"):
        deployment["capacityProviderStrategy"] = service["capacityProviderStrategy"]
    else:
        deployment["launchType"] = "FARGATE"
    service["deployments"].insert(0, deployment)
    service["_announce"].append(
        (
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            f"ECS deployment {deployment['id']} in progress.",
            deployment,
        )
    )
    service["_steady"] = False
    return deployment


def service_task_tags(service: dict[str, Any], definition: dict[str, Any]) -> list[dict[str, str]]:
    tags: list[dict[str, str]] = []
    if service.get("propagateTags") == "SERVICE":
        tags = list(service["tags"])
    elif service.get("propagateTags") == "TASK_DEFINITION":
        tags = list(definition["tags"])
    if service.get("enableECSManagedTags"):
        tags = [
            *tags,
            {"key": "aws:ecs:clusterName", "value": service["clusterArn"].split("/")[-1]},
            {"key": "aws:ecs:serviceName", "value": service["serviceName"]},
        ]
    return tags


@operation("ecs", "CreateService")
def create_service(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    params = call.params
    name = params["serviceName"]
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name):
        raise refuse("Invalid service name: letters, digits, hyphens and underscores, at most 255.")
    for unsupported in (
        "serviceConnectConfiguration",
        "volumeConfigurations",
        "vpcLatticeConfigurations",
    ):
        if params.get(unsupported):
            raise AwsError("UnsupportedFeatureException", f"the sandbox has no {unsupported}")
    if (
        params.get("deploymentController", {}).get("type", "ECS") != "ECS"
        or params.get("schedulingStrategy", "REPLICA") != "REPLICA"
    ):
        raise AwsError(
            "UnsupportedFeatureException",
            "the sandbox has the ECS deployment controller and REPLICA scheduling only",
        )
    if "taskDefinition" not in params:
        raise refuse("TaskDefinition can not be blank.")
    with ecs.lock:
        cluster = region.cluster(params.get("cluster"))
        old = region.services.get((cluster["clusterName"], name))
        if old is not None and old["status"] != "INACTIVE":
            if params.get("clientToken") and old.get("_token") == params["clientToken"]:
                return {"service": shown(old)}
            raise refuse(
                "Creation of service was not idempotent."
                if old["status"] == "ACTIVE"
                else "Unable to Start a service that is still Draining."
            )
        definition = definition_for(region, params["taskDefinition"])
        provider = provider_of(cluster, params)
        check_launch(definition, provider, params.get("networkConfiguration"))
        ecs_network.check_configuration(
            params.get("networkConfiguration"), call.account, call.region
        )
        check_balancers(params, definition, call)
        check_registries(sandbox, call, params)
        service = fresh(ecs, region, cluster, params, definition, call)
        service["_provider"] = provider
        region.services[cluster["clusterName"], name] = service
        new_deployment(ecs, service, definition)
        return {"service": shown(service)}


def fresh(
    ecs: Ecs,
    region: Region,
    cluster: dict[str, Any],
    params: dict[str, Any],
    definition: dict[str, Any],
    call: Call,
) -> dict[str, Any]:
    name = params["serviceName"]
    service = {
        "serviceArn": region.arn(f"service/{cluster['clusterName']}/{name}"),
        "serviceName": name,
        "clusterArn": cluster["clusterArn"],
        "loadBalancers": params.get("loadBalancers", []),
        "serviceRegistries": params.get("serviceRegistries", []),
        "status": "ACTIVE",
        "desiredCount": params.get("desiredCount", 1),
        "runningCount": 0,
        "pendingCount": 0,
        "platformVersion": params.get("platformVersion", "LATEST"),
        "platformFamily": "Linux",
        "taskDefinition": definition["taskDefinitionArn"],
        "deployments": [],
        "events": [],
        "createdAt": ecs.now(),
        "deploymentConfiguration": check_deployment(params.get("deploymentConfiguration", {})),
        "roleArn": (
            f"arn:aws:iam::{call.account}:role/aws-service-role/ecs.amazonaws.com/"
            "AWSServiceRoleForECS"
        ),
        "placementConstraints": [],
        "placementStrategy": [],
        "networkConfiguration": params["networkConfiguration"],
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "createdBy": call.arn,
        "enableECSManagedTags": params.get("enableECSManagedTags", False),
        "propagateTags": params.get("propagateTags", "NONE"),
        "enableExecuteCommand": params.get("enableExecuteCommand", False),
        "tags": merge_tags([], params.get("tags", [])),
        "availabilityZoneRebalancing": params.get("availabilityZoneRebalancing"),
        "_account": call.account,
        "_region": call.region,
        "_announce": [],
        "_completed": None,
        "_steady": False,
        "_token": params.get("clientToken"),
    }
    if params.get("healthCheckGracePeriodSeconds") is not None:
        if not service["loadBalancers"]:
            raise refuse(
                "Health check grace period is only valid for services configured to use load "
                "balancers"
            )
        service["healthCheckGracePeriodSeconds"] = params["healthCheckGracePeriodSeconds"]
    elif service["loadBalancers"]:
        service["healthCheckGracePeriodSeconds"] = 0
    if params.get("capacityProviderStrategy"):
        service["capacityProviderStrategy"] = params["capacityProviderStrategy"]
    elif params.get("launchType"):
        service["launchType"] = params["launchType"]
    else:
        service["capacityProviderStrategy"] = cluster["defaultCapacityProviderStrategy"]
    if not service["availabilityZoneRebalancing"]:
        most = service["deploymentConfiguration"]["maximumPercent"]
        service["availabilityZoneRebalancing"] = "ENABLED" if most > 100 else "DISABLED"
    check_rebalancing(service)
    return service


def definition_for(region: Region, reference: str) -> dict[str, Any]:
    try:
        definition = region.task_definition(reference)
    except AwsError as missing:
        raise AwsError("ClientException", "TaskDefinition not found.") from missing
    if definition["status"] != "ACTIVE":
        raise AwsError("ClientException", "TaskDefinition is inactive")
    return definition


def check_registries(sandbox: Any, call: Call, wanted: dict[str, Any]) -> None:
    for registry in wanted.get("serviceRegistries", []):
        if not sandbox.parts["servicediscovery"].exists(
            call.account, call.region, registry.get("registryArn", "")
        ):
            raise refuse(f"The service registry {registry.get('registryArn')} does not exist.")


def shown(service: dict[str, Any], tags: bool = True) -> dict[str, Any]:
    answer = without(service, *(() if tags else ("tags",)))
    answer["deployments"] = [without(d) for d in service["deployments"]]
    return copy.deepcopy(answer)


@operation("ecs", "DescribeServices")
def describe_services(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    wanted = call.params["services"]
    if not 1 <= len(wanted) <= 10:
        raise refuse(
            "Services must be between 1 and 10." if wanted else "Services cannot be empty."
        )
    found, failures = [], []
    with ecs.lock:
        cluster = region.cluster(call.params.get("cluster"))
        for reference in wanted:
            service = region.service(cluster, reference)
            if service is None:
                arn = (
                    reference
                    if reference.startswith("arn:")
                    else region.arn(f"service/{cluster['clusterName']}/{reference}")
                )
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(shown(service, "TAGS" in call.params.get("include", [])))
    return {"services": found, "failures": failures}


@operation("ecs", "ListServices")
def list_services(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        cluster = region.cluster(call.params.get("cluster"))
        arns = [
            s["serviceArn"]
            for s in region.services.values()
            if s["clusterArn"] == cluster["clusterArn"] and s["status"] != "INACTIVE"
        ]
    answer, token = page(arns, call.params, 10)
    return {"serviceArns": answer, "nextToken": token}


def active(region: Region, call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    cluster = region.cluster(call.params.get("cluster"))
    service = region.service(cluster, call.params["service"])
    if service is None:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    return cluster, service


@operation("ecs", "UpdateService")
def update_service(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    params = call.params
    with ecs.lock:
        cluster, service = active(region, call)
        if service["status"] != "ACTIVE":
            raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
        before = {k: copy.deepcopy(service.get(k)) for k in DEPLOYED}
        wishes = {k: params[k] for k in DEPLOYED if k in params and k != "taskDefinition"}
        definition = (
            definition_for(region, params.get("taskDefinition", service["taskDefinition"]))
            if "taskDefinition" in params
            else region.task_definition(service["taskDefinition"], active=False)
        )
        if "networkConfiguration" in params:
            ecs_network.check_configuration(
                params["networkConfiguration"], call.account, call.region
            )
        check_balancers(
            {k: params.get(k, service.get(k)) for k in ("loadBalancers", "serviceRegistries")},
            definition,
            call,
        )
        check_registries(sandbox, call, params)
        plain = {k: params[k] for k in PLAIN if k in params}
        if "deploymentConfiguration" in plain:
            plain["deploymentConfiguration"] = check_deployment(
                {**service["deploymentConfiguration"], **plain["deploymentConfiguration"]}
            )
        check_rebalancing({**service, **plain})
        check_forced(service, params)
        if "capacityProviderStrategy" in params:
            service["_provider"] = provider_of(cluster, params)
            service.pop("launchType", None)
        check_launch(
            definition,
            service["_provider"],
            params.get("networkConfiguration", service["networkConfiguration"]),
        )
        service.update({**wishes, **plain, "taskDefinition": definition["taskDefinitionArn"]})
        changed = any(before[k] != service.get(k) for k in DEPLOYED)
        primary = service["deployments"][0]
        if changed or params.get("forceNewDeployment"):
            new_deployment(ecs, service, definition)
        elif "desiredCount" in plain:
            primary["desiredCount"] = plain["desiredCount"]
            service["_steady"] = False
        return {"service": shown(service)}


@operation("ecs", "DeleteService")
def delete_service(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        _, service = active(region, call)
        if service["status"] == "INACTIVE":
            raise AwsError("ServiceNotFoundException", "Service not found.")
        if service["status"] == "ACTIVE":
            if service["desiredCount"] > 0 and not call.params.get("force"):
                raise refuse("The service cannot be stopped while it is scaled above 0.")
            service["status"] = "DRAINING"
            service["desiredCount"] = 0
            for deployment in service["deployments"]:
                deployment["desiredCount"] = 0
        return {"service": shown(service)}
