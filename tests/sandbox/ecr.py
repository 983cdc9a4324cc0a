"""What moto's ECR lacks: digests that are sha256 of the manifest, pull-through cache rules, and
looking up what an image reference means.

`Ecr.resolve` answers the digest that a task's image has: by tag or digest in a repository, through
a pull-through rule for anything upstream, since nothing is really pulled. PutImage is checked
before moto sees it: the manifest is JSON and has the digest that was promised.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from typing import Any

from .errors import AwsError
from .registry import operation, prepare
from .wire import Call

UPSTREAMS = {
    "public.ecr.aws": "ecr-public",
    "registry.k8s.io": "k8s",
    "quay.io": "quay",
    "registry-1.docker.io": "docker-hub",
    "ghcr.io": "github-container-registry",
    "registry.gitlab.com": "gitlab-container-registry",
}
NEED_CREDENTIALS = {"registry-1.docker.io", "ghcr.io", "registry.gitlab.com"}
PREFIX = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*/?|ROOT")


def repositories(account: str, region: str) -> Any:
    from moto.ecr.models import ecr_backends

    return ecr_backends[account][region].repositories


def install_digests() -> None:
    """Let moto's images have the digest of their manifest."""
    from moto.ecr.models import Image

    def digest(self: Any) -> None:
        self._image_digest = "sha256:" + hashlib.sha256(self.image_manifest.encode()).hexdigest()

    Image._create_digest = digest  # type: ignore[method-assign]


class Ecr:
    def __init__(self, context: Any) -> None:
        self.context = context
        self.lock = threading.RLock()
        self.rules: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        install_digests()

    def of(self, account: str, region: str) -> dict[str, dict[str, Any]]:
        return self.rules.setdefault((account, region), {})

    def resolve(
        self, account: str, region: str, repository: str, tag: str, digest: str | None
    ) -> str | None:
        """The digest an image reference leads to; through a pull-through rule anything upstream
        exists.
        """
        found = repositories(account, region).get(repository)
        if found is not None:
            for image in list(found.images):
                if (digest and image.get_image_digest() == digest) or (
                    not digest and tag in image.image_tags
                ):
                    return str(image.get_image_digest())
        with self.lock:
            for prefix in self.of(account, region):
                if repository.startswith(prefix + "/"):
                    return (
                        digest
                        or "sha256:" + hashlib.sha256(f"{repository}:{tag}".encode()).hexdigest()
                    )
        return None


def rules_of(sandbox: Any, call: Call) -> dict[str, dict[str, Any]]:
    return sandbox.parts["ecr"].of(call.account, call.region)


@operation("ecr", "CreatePullThroughCacheRule")
def create_rule(sandbox: Any, call: Call) -> dict[str, Any]:
    params = call.params
    prefix, upstream = params["ecrRepositoryPrefix"], params["upstreamRegistryUrl"]
    if not 2 <= len(prefix) <= 30 or not PREFIX.fullmatch(prefix):
        raise AwsError(
            "InvalidParameterException",
            "Invalid parameter at 'ecrRepositoryPrefix' failed to satisfy constraint: "
            f"'{PREFIX.pattern}', 2 to 30 characters",
        )
    if upstream not in UPSTREAMS and not re.fullmatch(
        r"[\w-]+\.azurecr\.io|\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com", upstream
    ):
        raise AwsError(
            "UnsupportedUpstreamRegistryException",
            f"The specified upstream registry '{upstream}' isn't supported.",
        )
    if upstream in NEED_CREDENTIALS and not params.get("credentialArn"):
        raise AwsError(
            "InvalidParameterException",
            f"credentialArn is required for the upstream registry '{upstream}'.",
        )
    with sandbox.parts["ecr"].lock:
        rules = rules_of(sandbox, call)
        if prefix in rules:
            raise AwsError(
                "PullThroughCacheRuleAlreadyExistsException",
                f"A pull through cache rule with the repository prefix '{prefix}' already exists "
                f"in the registry with id '{call.account}'.",
            )
        now = sandbox.context.utcnow()
        rules[prefix] = {
            "ecrRepositoryPrefix": prefix,
            "upstreamRegistryUrl": upstream,
            "createdAt": now,
            "updatedAt": now,
            "registryId": call.account,
            "upstreamRegistry": params.get("upstreamRegistry", UPSTREAMS.get(upstream)),
            "credentialArn": params.get("credentialArn"),
            "upstreamRepositoryPrefix": params.get("upstreamRepositoryPrefix", "ROOT"),
            "customRoleArn": params.get("customRoleArn"),
        }
        return dict(rules[prefix])


def rule_of(sandbox: Any, call: Call) -> dict[str, Any]:
    prefix = call.params["ecrRepositoryPrefix"]
    rule = rules_of(sandbox, call).get(prefix)
    if rule is None:
        raise AwsError(
            "PullThroughCacheRuleNotFoundException",
            f"Pull through cache rule with the repository prefix '{prefix}' does not exist in "
            f"the registry with id '{call.account}'.",
        )
    return rule


@operation("ecr", "DescribePullThroughCacheRules")
def describe_rules(sandbox: Any, call: Call) -> dict[str, Any]:
    wanted = call.params.get("ecrRepositoryPrefixes")
    with sandbox.parts["ecr"].lock:
        rules = rules_of(sandbox, call)
        if wanted:
            for prefix in wanted:
                if prefix not in rules:
                    call.params["ecrRepositoryPrefix"] = prefix
                    rule_of(sandbox, call)
        return {
            "pullThroughCacheRules": [
                dict(r) for p, r in rules.items() if not wanted or p in wanted
            ]
        }


@operation("ecr", "DeletePullThroughCacheRule")
def delete_rule(sandbox: Any, call: Call) -> dict[str, Any]:
    with sandbox.parts["ecr"].lock:
        rule = rule_of(sandbox, call)
        del rules_of(sandbox, call)[rule["ecrRepositoryPrefix"]]
        return rule


@operation("ecr", "UpdatePullThroughCacheRule")
def update_rule(sandbox: Any, call: Call) -> dict[str, Any]:
    with sandbox.parts["ecr"].lock:
        rule = rule_of(sandbox, call)
        for name in ("credentialArn", "customRoleArn"):
            if name in call.params:
                rule[name] = call.params[name]
        rule["updatedAt"] = sandbox.context.utcnow()
        return dict(rule)


@operation("ecr", "ValidatePullThroughCacheRule")
def validate_rule(sandbox: Any, call: Call) -> dict[str, Any]:
    return {**rule_of(sandbox, call), "isValid": True}


@prepare("ecr", "PutImage")
def put_image(sandbox: Any, call: Call) -> None:
    manifest = call.params["imageManifest"]
    digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
    if call.params.get("imageDigest") not in (None, digest):
        raise AwsError(
            "ImageDigestDoesNotMatchException",
            f"Image digest '{call.params['imageDigest']}' does not match the digest that ECR "
            f"calculated for the image: '{digest}'",
        )
    try:
        json.loads(manifest)
    except ValueError as broken:
        raise AwsError(
            "InvalidParameterException",
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON "
            "syntax'",
        ) from broken
    if call.params["repositoryName"] not in repositories(call.account, call.region):
        raise AwsError(
            "RepositoryNotFoundException",
            f"The repository with name '{call.params['repositoryName']}' does not exist in the "
            f"registry with id '{call.account}'",
        )
    # A tag moves: the image that had it stays, perhaps without any. moto would remove it.
    tag = call.params.get("imageTag")
    for image in repositories(call.account, call.region)[call.params["repositoryName"]].images:
        if image.image_manifest != manifest:
            image.remove_tag(tag)


def registry_url(account: str, region: str) -> str:
    return f"{account}.dkr.ecr.{region}.amazonaws.com"
