"""The list of parts: files imported for the operations they register, and the objects with state of their own."""

from __future__ import annotations

from typing import Any


def load(sandbox: Any) -> None:
    from . import ecr, ecs_clusters, ecs_services, ecs_store, ecs_taskdefs, ecs_tasks, servicediscovery, sts, targets  # noqa: F401
    from . import kaniko  # noqa: F401
    from .ecs_scheduler import Scheduler

    context = sandbox.context
    sandbox.parts["ecr"] = ecr.Ecr(context)
    sandbox.parts["targets"] = targets.Targets(context)
    sandbox.parts["servicediscovery"] = servicediscovery.ServiceDiscovery(context)
    sandbox.parts["ecs"] = ecs_store.Ecs(context)
    sandbox.parts["scheduler"] = Scheduler(sandbox)
