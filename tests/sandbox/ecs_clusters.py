"""ECS clusters, their capacity providers, tags of anything in ECS, and account settings.

CreateCluster of an active name answers the cluster that is there. A cluster with services or tasks
is not deleted, and a provider of the account's own that services use is not taken out of its
cluster. Tags lie with the thing they belong to, found by its ARN.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .ecs_store import Region, hex_id, merge_tags, page, tags_of, without
from .errors import AwsError
from .registry import OWN_SERVICES, operation
from .wire import Call

OWN_SERVICES.add("ecs")
FARGATE = ("FARGATE", "FARGATE_SPOT")


def store(sandbox: Any, call: Call) -> tuple[Any, Region]:
    ecs = sandbox.parts["ecs"]
    return ecs, ecs.of(call)


def check_providers(names: list[str], strategy: list[dict[str, Any]], known: Iterable[str]) -> None:
    """`known`: the capacity providers of the account, beside Fargate's."""
    for name in names:
        if name not in FARGATE and name not in known:
            raise AwsError(
                "InvalidParameterException",
                f"The specified capacity provider {name} was not found.",
            )
    for item in strategy:
        if item["capacityProvider"] not in names:
            raise AwsError(
                "InvalidParameterException",
                "The specified capacity provider strategy cannot contain a capacity provider that "
                "is not associated with the cluster. Associate the capacity provider with the "
                "cluster and try again.",
            )


@operation("ecs", "CreateCluster")
def create_cluster(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    name = call.params.get("clusterName", "default")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name):
        raise AwsError(
            "InvalidParameterException",
            "Invalid identifier: Identifier is too long or has invalid characters.",
        )
    providers = call.params.get("capacityProviders", [])
    strategy = call.params.get("defaultCapacityProviderStrategy", [])
    check_providers(providers, strategy, region.providers)
    with ecs.lock:
        cluster = region.clusters.get(name)
        if cluster is None or cluster["status"] != "ACTIVE":
            cluster = {
                "clusterArn": region.arn(f"cluster/{name}"),
                "clusterName": name,
                "status": "ACTIVE",
                "settings": call.params.get("settings")
                or [{"name": "containerInsights", "value": "disabled"}],
                "configuration": call.params.get("configuration"),
                "capacityProviders": providers,
                "defaultCapacityProviderStrategy": strategy,
                "tags": merge_tags([], call.params.get("tags", [])),
                "statistics": [],
                "attachments": [],
                "registeredContainerInstancesCount": 0,
            }
            region.clusters[name] = cluster
        return {"cluster": counted(region, cluster)}


def counted(
    region: Region, cluster: dict[str, Any], include: list[str] | None = None
) -> dict[str, Any]:
    tasks = [t for t in region.tasks.values() if t["clusterArn"] == cluster["clusterArn"]]
    shown = without(
        cluster,
        *(
            ()
            if include is None
            else [
                n
                for n, flag in (
                    ("tags", "TAGS"),
                    ("settings", "SETTINGS"),
                    ("configuration", "CONFIGURATIONS"),
                )
                if flag not in include
            ]
        ),
    )
    shown["runningTasksCount"] = sum(t["lastStatus"] == "RUNNING" for t in tasks)
    shown["pendingTasksCount"] = sum(
        t["lastStatus"] in ("PROVISIONING", "PENDING", "ACTIVATING") for t in tasks
    )
    shown["activeServicesCount"] = sum(
        s["clusterArn"] == cluster["clusterArn"] and s["status"] == "ACTIVE"
        for s in region.services.values()
    )
    return shown


@operation("ecs", "DescribeClusters")
def describe_clusters(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    found, failures = [], []
    with ecs.lock:
        for reference in call.params.get("clusters") or ["default"]:
            cluster = region.clusters.get(reference.split("/")[-1])
            if cluster is None:
                arn = (
                    reference
                    if reference.startswith("arn:")
                    else region.arn(f"cluster/{reference}")
                )
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(counted(region, cluster, call.params.get("include", [])))
    return {"clusters": found, "failures": failures}


@operation("ecs", "ListClusters")
def list_clusters(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        arns, token = page(
            [c["clusterArn"] for c in region.clusters.values() if c["status"] == "ACTIVE"],
            call.params,
        )
    return {"clusterArns": arns, "nextToken": token}


@operation("ecs", "DeleteCluster")
def delete_cluster(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        cluster = region.cluster(call.params["cluster"])
        name = cluster["clusterName"]
        if any(
            s["clusterArn"] == cluster["clusterArn"] and s["status"] != "INACTIVE"
            for s in region.services.values()
        ):
            raise AwsError(
                "ClusterContainsServicesException",
                "The Cluster cannot be deleted while Services are active.",
            )
        if any(
            t["clusterArn"] == cluster["clusterArn"] and t["lastStatus"] != "STOPPED"
            for t in region.tasks.values()
        ):
            raise AwsError(
                "ClusterContainsTasksException",
                "The Cluster cannot be deleted while Tasks are active.",
            )
        cluster["status"] = "INACTIVE"
        for key in [k for k in region.services if k[0] == name]:
            del region.services[key]
        return {"cluster": counted(region, cluster)}


@operation("ecs", "PutClusterCapacityProviders")
def put_cluster_capacity_providers(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    check_providers(
        call.params["capacityProviders"],
        call.params["defaultCapacityProviderStrategy"],
        region.providers,
    )
    with ecs.lock:
        cluster = region.cluster(call.params["cluster"])
        gone = set(cluster["capacityProviders"]) - set(call.params["capacityProviders"])
        used = {
            s["_provider"]
            for s in region.services.values()
            if s["clusterArn"] == cluster["clusterArn"] and s["status"] != "INACTIVE"
        }
        if gone & used - set(FARGATE):
            raise AwsError(
                "ResourceInUseException",
                "The specified capacity provider is in use and cannot be removed.",
            )
        cluster["capacityProviders"] = call.params["capacityProviders"]
        cluster["defaultCapacityProviderStrategy"] = call.params["defaultCapacityProviderStrategy"]
        return {"cluster": counted(region, cluster)}


@operation("ecs", "UpdateCluster", "UpdateClusterSettings")
def update_cluster(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        cluster = region.cluster(call.params["cluster"])
        for name in ("settings", "configuration", "serviceConnectDefaults"):
            if name in call.params:
                cluster[name] = call.params[name]
        return {"cluster": counted(region, cluster)}


def tagged(region: Region, arn: str) -> dict[str, Any]:
    kind = arn.split(":")[5].split("/")[0] if arn.count(":") >= 5 else ""
    if kind == "cluster":
        return region.cluster(arn)
    if kind == "capacity-provider" and arn.split("/")[-1] in region.providers:
        return region.providers[arn.split("/")[-1]]
    if kind == "task-definition":
        return region.task_definition(arn, active=False)
    things = (
        region.services.values()
        if kind == "service"
        else region.tasks.values()
        if kind == "task"
        else []
    )
    for thing in things:
        if arn in (thing.get("serviceArn"), thing.get("taskArn")):
            return thing
    raise AwsError("InvalidParameterException", f"The specified resource {arn} was not found.")


@operation("ecs", "TagResource")
def tag_resource(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        thing = tagged(region, call.params["resourceArn"])
        thing["tags"] = merge_tags(tags_of(thing), call.params["tags"])
    return {}


@operation("ecs", "UntagResource")
def untag_resource(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        thing = tagged(region, call.params["resourceArn"])
        thing["tags"] = [t for t in tags_of(thing) if t["key"] not in call.params["tagKeys"]]
    return {}


@operation("ecs", "ListTagsForResource")
def list_tags_for_resource(sandbox: Any, call: Call) -> dict[str, Any]:
    ecs, region = store(sandbox, call)
    with ecs.lock:
        return {"tags": list(tags_of(tagged(region, call.params["resourceArn"])))}


@operation("ecs", "ListAccountSettings")
def list_account_settings(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = store(sandbox, call)
    wanted = call.params.get("name")
    return {
        "settings": [
            {"name": n, "value": v, "principalArn": f"arn:aws:iam::{call.account}:root"}
            for n, v in region.settings.items()
            if wanted in (None, n)
        ]
    }


@operation("ecs", "PutAccountSetting", "PutAccountSettingDefault")
def put_account_setting(sandbox: Any, call: Call) -> dict[str, Any]:
    _, region = store(sandbox, call)
    region.settings[call.params["name"]] = call.params["value"]
    return {
        "setting": {
            "name": call.params["name"],
            "value": call.params["value"],
            "principalArn": call.arn,
        }
    }


def new_arn(region: Region, cluster: dict[str, Any]) -> str:
    return region.arn(f"task/{cluster['clusterName']}/{hex_id()}")
