"""The resource types the sandbox knows, one file per service group."""

from . import (  # noqa: F401 - each registers its types
    acm,
    appautoscaling,
    autoscaling,
    cloudfront,
    cloudwatch,
    docdb,
    ec2_gateways,
    ec2_routes,
    ec2_security,
    ec2_vpc,
    ecr,
    ecs,
    ecs_service,
    efs,
    elasticache,
    elbv2,
    events,
    iam,
    logs,
    rds,
    route53,
    s3,
    secretsmanager,
    servicediscovery,
    ssm,
)
from .base import HANDLERS

__all__ = ["HANDLERS"]
