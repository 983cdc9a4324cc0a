"""ECS's memory: clusters, task definitions, services and tasks of every account and region.

Things are dicts in the shape of the API; members whose name begins with "_" are ours and are
never answered. One lock guards all of it; life threads hold it only for short changes.
"""

from __future__ import annotations

import datetime
import secrets
import threading
from typing import Any

from .errors import AwsError

MAX_STOPPED = 2000


def hex_id() -> str:
    return secrets.token_hex(16)


def short_id() -> str:
    """The 19 digits of a deployment id."""
    return str(secrets.randbelow(9 * 10**18) + 10**18)


class Region:
    """What one account holds in one region."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.clusters: dict[str, dict[str, Any]] = {}
        self.providers: dict[str, dict[str, Any]] = {}
        self.families: dict[str, list[dict[str, Any]]] = {}
        self.services: dict[tuple[str, str], dict[str, Any]] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, tuple[str, list[str]]] = {}
        self.settings: dict[str, str] = {}

    def arn(self, rest: str) -> str:
        return f"arn:aws:ecs:{self.region}:{self.account}:{rest}"

    def cluster(self, reference: str | None) -> dict[str, Any]:
        name = (reference or "default").split("/")[-1]
        cluster = self.clusters.get(name)
        if (
            cluster is None
            or cluster["status"] == "INACTIVE"
            or (reference and ":" in reference and cluster["clusterArn"] != reference)
        ):
            raise AwsError("ClusterNotFoundException", "Cluster not found.")
        return cluster

    def task_definition(self, reference: str, *, active: bool = True) -> dict[str, Any]:
        """By ARN, family:revision or family (the newest active one)."""
        text = reference.split("task-definition/")[-1]
        family, _, revision = text.partition(":")
        found = self.families.get(family, [])
        if revision:
            found = [d for d in found if str(d["revision"]) == revision]
        elif active:
            found = [d for d in found if d["status"] == "ACTIVE"]
        found = [d for d in found if d["status"] != "DELETED"]
        if not found or (
            ":" in reference
            and reference.startswith("arn:")
            and found[-1]["taskDefinitionArn"] != reference
        ):
            raise AwsError("ClientException", "Unable to describe task definition.")
        return found[-1]

    def service(self, cluster: dict[str, Any], reference: str) -> dict[str, Any] | None:
        return self.services.get((cluster["clusterName"], reference.split("/")[-1]))

    def tasks_of(self, service: dict[str, Any]) -> list[dict[str, Any]]:
        arn = service["serviceArn"]
        return [
            t
            for t in self.tasks.values()
            if t.get("_service") == arn and t["lastStatus"] != "STOPPED"
        ]

    def trim(self) -> None:
        stopped = [t for t in self.tasks.values() if t["lastStatus"] == "STOPPED"]
        for task in sorted(stopped, key=lambda t: t["stoppedAt"])[
            : max(0, len(stopped) - MAX_STOPPED)
        ]:
            del self.tasks[task["taskArn"]]


class Ecs:
    """The part as a whole; sandbox.parts["ecs"]."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.lock = threading.RLock()
        self.regions: dict[tuple[str, str], Region] = {}

    def of(self, call: Any) -> Region:
        return self.region(call.account, call.region)

    def region(self, account: str, region: str) -> Region:
        with self.lock:
            return self.regions.setdefault((account, region), Region(account, region))

    def now(self) -> datetime.datetime:
        return self.context.utcnow()


def tags_of(thing: dict[str, Any]) -> list[dict[str, str]]:
    return thing.setdefault("tags", [])


def merge_tags(old: list[dict[str, str]], new: list[dict[str, str]]) -> list[dict[str, str]]:
    merged = {t["key"]: t.get("value", "") for t in old}
    merged.update({t["key"]: t.get("value", "") for t in new})
    if len(merged) > 50:
        raise AwsError("InvalidParameterException", "The maximum number of tags is 50.")
    return [{"key": k, "value": v} for k, v in merged.items()]


def without(thing: dict[str, Any], *names: str) -> dict[str, Any]:
    return {k: v for k, v in thing.items() if k not in names and not k.startswith("_")}


def page(
    items: list[str], params: dict[str, Any], limit: int = 100
) -> tuple[list[str], str | None]:
    start = params.get("nextToken") or "0"
    if not start.isdigit():
        raise AwsError("InvalidParameterException", "Invalid nextToken.")
    count = params.get("maxResults") or limit
    if not 1 <= count <= 100:
        raise AwsError("InvalidParameterException", "maxResults must be between 1 and 100.")
    end = int(start) + count
    return items[int(start) : end], str(end) if end < len(items) else None
