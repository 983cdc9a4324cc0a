"""The list of parts: files imported for the operations they register, and the objects with state of their own."""

from __future__ import annotations

from typing import Any


def load(sandbox: Any) -> None:
    from . import (  # noqa: F401
        ecr, ecs_clusters, ecs_services, ecs_store, ecs_taskdefs, ecs_tasks, elasticache, fix_ec2, fix_others, fix_rds, kaniko, servicediscovery, sts, targets,
    )
    from .ecs_scheduler import Scheduler

    context = sandbox.context
    for fix in (fix_ec2, fix_rds, fix_others):
        fix.install(context)
    sandbox.parts["ecr"] = ecr.Ecr(context)
    sandbox.parts["targets"] = targets.Targets(context)
    sandbox.parts["servicediscovery"] = servicediscovery.ServiceDiscovery(context)
    sandbox.parts["elasticache"] = elasticache.ElastiCache(context)
    sandbox.parts["ecs"] = ecs_store.Ecs(context)
    sandbox.parts["scheduler"] = Scheduler(sandbox)
