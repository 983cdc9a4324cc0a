"""The list of parts: files imported for the operations they register, and the objects with state of
their own.
"""

from __future__ import annotations

from typing import Any


def imports() -> None:
    from . import (  # noqa: F401
        cd_task,
        cloudfront,
        docdb_snapshots,
        ecr,
        ecs_clusters,
        ecs_services,
        ecs_store,
        ecs_taskdefs,
        ecs_tasks,
        efs,
        elasticache,
        elasticache_groups,
        elasticache_settings,
        elasticache_shown,
        elasticache_snapshots,
        fix_ec2,
        fix_elb,
        fix_nlb,
        fix_others,
        fix_rds,
        kaniko,
        service_roles,
        servicediscovery,
        servicediscovery_namespaces,
        servicediscovery_services,
        sts,
        targets,
        task_files,
    )


def load(sandbox: Any) -> None:
    imports()
    from . import (
        ecr,
        ecs_store,
        elasticache,
        fix_ec2,
        fix_elb,
        fix_others,
        fix_rds,
        service_roles,
        servicediscovery,
        targets,
    )
    from .ecs_scheduler import Scheduler
    from .identity import Identity

    context = sandbox.context
    sandbox.parts["identity"] = Identity(sandbox)
    sandbox.parts["ecs"] = ecs_store.Ecs(context)
    service_roles.install()
    fix_ec2.install(context)
    fix_rds.install(context)
    fix_elb.install(context)
    fix_others.install(context)
    sandbox.parts["ecr"] = ecr.Ecr(context)
    sandbox.parts["targets"] = targets.Targets(context)
    sandbox.parts["servicediscovery"] = servicediscovery.ServiceDiscovery(context)
    sandbox.parts["elasticache"] = elasticache.ElastiCache(context)
    sandbox.parts["scheduler"] = Scheduler(sandbox)
