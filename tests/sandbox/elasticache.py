"""ElastiCache: what a region holds. moto's has no change, no parameter groups and no time, so this
one is whole for those; single cache clusters outside a group do not exist here.

elasticache_groups.py has the replication groups, elasticache_shown.py how they and their nodes are
shown, elasticache_settings.py subnet groups, parameter groups and tags, elasticache_snapshots.py
the snapshots.
"""

from __future__ import annotations

import threading
from typing import Any

from .registry import OWN_SERVICES
from .wire import Call

OWN_SERVICES.add("elasticache")


class ElastiCache:
    def __init__(self, context: Any) -> None:
        self.context = context
        self.lock = threading.RLock()
        self.regions: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}

    def of(self, call: Call) -> dict[str, dict[str, Any]]:
        return self.region(call.account, call.region)

    def region(self, account: str, region: str) -> dict[str, dict[str, Any]]:
        with self.lock:
            return self.regions.setdefault(
                (account, region), {"groups": {}, "subnets": {}, "parameters": {}, "tags": {}}
            )

    def groups_of(self, account: str, region: str) -> list[dict[str, Any]]:
        return list(self.region(account, region)["groups"].values())


def part(sandbox: Any) -> ElastiCache:
    return sandbox.parts["elasticache"]  # type: ignore[no-any-return]


def shown(thing: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in thing.items() if not k.startswith("_")}


def arn_of(call: Call, kind: str, name: str) -> str:
    return f"arn:aws:elasticache:{call.region}:{call.account}:{kind}:{name}"


def set_tags(sandbox: Any, call: Call, arn: str, tags: list[dict[str, str]]) -> None:
    part(sandbox).of(call)["tags"].setdefault(arn, {}).update(
        {t["Key"]: t.get("Value", "") for t in tags}
    )
