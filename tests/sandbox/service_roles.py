"""Service-linked roles. With the behaviour {"virgin": true} a service that finds its role missing
does what AWS does at the first use of an account: it makes the role and fails, because IAM has not
spread it yet; the next call finds it. (1Password/scim-examples#356, terraform-aws-rds#364,
aws-controllers-k8s#367)
"""

from __future__ import annotations

from typing import Any

from .errors import AwsError
from .registry import prepare
from .wire import Call

ROLES = {
    "ecs": "ECS",
    "elasticloadbalancing": "ElasticLoadBalancing",
    "rds": "RDS",
    "elasticache": "ElastiCache",
}
ECS = (
    "InvalidParameterException",
    (
        "Unable to assume the service linked role. Please verify that the ECS service linked "
        "role exists."
    ),
)
RDS = (
    "InvalidParameterValue",
    (
        "Missing necessary credentials. Please check "
        "http://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
        "UsingWithRDS.IAM.ServiceLinkedRoles.html"
    ),
)
CACHE = (
    "ServiceLinkedRoleNotFoundFault",
    "This action cannot be completed due to insufficient permissions. (Recommended action) Please "
    "create new role using IAM API CreateServiceLinkedRole.",
)
FIRST_USES = {
    ("ecs", "CreateCluster"): ("ecs", ECS),
    ("ecs", "PutClusterCapacityProviders"): ("ecs", ECS),
    ("ecs", "CreateService"): ("ecs", ECS),
    ("rds", "CreateDBSubnetGroup"): ("rds", RDS),
    ("rds", "CreateDBInstance"): ("rds", RDS),
    ("elasticache", "CreateCacheSubnetGroup"): ("elasticache", CACHE),
    ("elasticache", "CreateReplicationGroup"): ("elasticache", CACHE),
}


def backend(call: Call) -> Any:
    from moto.iam.models import iam_backends

    return iam_backends[call.account]["aws"]


def exists(call: Call, service: str) -> bool:
    return any(
        role.name == f"AWSServiceRoleFor{ROLES[service]}"
        for role in list(backend(call).roles.values())
    )


def install() -> None:
    from moto.iam.models import SERVICE_NAME_CONVERSION

    SERVICE_NAME_CONVERSION.update(ROLES)


def check(sandbox: Any, call: Call) -> None:
    service, error = FIRST_USES.get((call.service, call.operation), (None, None))
    if service is None or not sandbox.context.behaviour.virgin or exists(call, service):
        return
    backend(call).create_service_linked_role(f"{service}.amazonaws.com", "", "")
    raise AwsError(*error)


@prepare("iam", "CreateServiceLinkedRole")
def create(_sandbox: Any, call: Call) -> None:
    service = call.params["AWSServiceName"].removesuffix(".amazonaws.com")
    if service in ROLES and not call.params.get("CustomSuffix") and exists(call, service):
        raise AwsError(
            "InvalidInput",
            f"Service role name AWSServiceRoleFor{ROLES[service]} has been taken in this "
            "account, please try a different suffix.",
        )
