"""By what right a task's images are pulled from registries that are not this account's ECR.

Images of private registries need a secret with username and password, which is read with the
execution role (docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html). No registry
is asked here: an image is private whose name says so (ghcr.io/acme/private-app). ECR of another
account needs the role's right too; that account's repository admits everybody here.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from . import permissions
from .ecs_secrets import secrets_manager_value
from .errors import AwsError

PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability")
UNABLE = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: unable to retrieve secret from asm: "
)


def full_reference(image: str) -> str:
    first = image.split("/")[0]
    if "/" not in image:
        image = f"docker.io/library/{image}"
    elif "." not in first and ":" not in first and first != "localhost":
        image = f"docker.io/{image}"
    return image if ":" in image.split("/")[-1] or "@" in image else f"{image}:latest"


def is_private(reference: str) -> bool:
    return "private" in reference.split("@")[0]


def refused(life: Any, actions: tuple[str, ...], resource: str | None, service: str) -> str:
    """Why the execution role may not; "" when it may."""
    role = life.definition.get("executionRoleArn") or ""
    call: Any = SimpleNamespace(
        account=life.account, arn=role, service=service, operation="", protocol="json"
    )
    try:
        for action in actions:
            permissions.check_action(call, role, action, resource)
    except AwsError as denied:
        return str(denied)
    return ""


def foreign(life: Any, account: str, region: str, repository: str) -> str:
    arn = f"arn:aws:ecr:{region}:{account}:repository/{repository}"
    denied = refused(life, PULL, arn, "ecr")
    return f"CannotPullContainerError: pull access denied for {arn}: {denied}" if denied else ""


def trouble(life: Any, credentials: dict[str, str] | None, image: str) -> str:
    """The agent's sentence; "" when the image can be pulled."""
    reference = full_reference(image)
    if credentials:
        return secret_trouble(life, credentials["credentialsParameter"])
    if not is_private(reference):
        return ""
    return (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "
        f"resolve ref {reference}: pull access denied, repository does not exist or may require "
        "authorization: authorization failed: no basic auth credentials"
    )


def secret_trouble(life: Any, named: str) -> str:
    from moto.secretsmanager.models import secretsmanager_backends

    secrets = secretsmanager_backends[life.account][life.region].secrets.values()
    arn = next((str(s.arn) for s in secrets if named in (s.arn, s.name)), None)
    denied = refused(life, ("secretsmanager:GetSecretValue",), arn, "secretsmanager")
    if denied:
        return UNABLE + denied
    text = secrets_manager_value(arn, life.account, life.region) if arn else None
    if text is None:
        return f"{UNABLE}ResourceNotFoundException: Secrets Manager can't find {named}"
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not (found.get("username") and found.get("password")):
        return f"{UNABLE}the secret {named} does not have the keys username and password"
    return ""


def docker_login(text: str, reference: str) -> bool:
    """Whether DOCKER_AUTH_CONFIG has credentials for it; a wrong one is none, as for docker/cli."""
    try:
        node = json.loads(text or "{}")
        hosts = {host: entry["auth"] for host, entry in node["auths"].items()}
        extra = set(node) - {"auths"} or any(set(e) - {"auth"} for e in node["auths"].values())
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    host = reference.split("/")[0]
    wanted = "https://index.docker.io/v1/" if host == "docker.io" else host
    return not extra and bool(hosts.get(wanted))
