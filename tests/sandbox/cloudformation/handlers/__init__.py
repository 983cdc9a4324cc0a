"""The resource types the sandbox knows, one file per service group."""
from . import ec2_gateways, ec2_routes, ec2_security, ec2_vpc, ecr, ecs, ecs_service, iam, logs, s3
from .base import HANDLERS

__all__ = ["HANDLERS"]
