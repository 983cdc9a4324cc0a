"""AWS::ECR: Repository, PullThroughCacheRule.

A repository with images is only deleted with EmptyOnDelete. Policies may be text or an object. What
a pull-through rule may name is checked by the service (ecr.py).
"""

import json

from ..convert import to_bool
from ..errors import ResourceError
from .base import Handler, register, without


def _policy(value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@register
class Repository(Handler):
    type = "AWS::ECR::Repository"
    name_property = "RepositoryName"
    updatable = (
        "ImageScanningConfiguration",
        "ImageTagMutability",
        "ImageTagMutabilityExclusionFilters",
        "LifecyclePolicy",
        "RepositoryPolicyText",
        "EmptyOnDelete",
        "Tags",
    )

    def create(self, call, props):
        name = props.get("RepositoryName") or call.name(256, lower=True)
        rest = without(
            props,
            "RepositoryName",
            "LifecyclePolicy",
            "RepositoryPolicyText",
            "EmptyOnDelete",
            "Tags",
        )
        call.call("ecr", "CreateRepository", rest, repositoryName=name, tags=call.tags(props))
        call.started(name)
        self._policies(call, name, {}, props, {"LifecyclePolicy", "RepositoryPolicyText"})
        return name

    @staticmethod
    def _policies(call, name, old, new, changed) -> None:
        if "LifecyclePolicy" in changed and new.get("LifecyclePolicy"):
            policy = new["LifecyclePolicy"]
            if policy.get("RegistryId", call.account) != call.account:
                raise ResourceError(
                    "LifecyclePolicy.RegistryId of another account is not supported by this sandbox"
                )
            call.invoke(
                "ecr",
                "PutLifecyclePolicy",
                repositoryName=name,
                lifecyclePolicyText=policy["LifecyclePolicyText"],
            )
        elif "LifecyclePolicy" in changed and old.get("LifecyclePolicy"):
            call.invoke("ecr", "DeleteLifecyclePolicy", repositoryName=name)
        if "RepositoryPolicyText" in changed and new.get("RepositoryPolicyText"):
            call.invoke(
                "ecr",
                "SetRepositoryPolicy",
                repositoryName=name,
                policyText=_policy(new["RepositoryPolicyText"]),
            )
        elif "RepositoryPolicyText" in changed and old.get("RepositoryPolicyText"):
            call.invoke("ecr", "DeleteRepositoryPolicy", repositoryName=name)

    def update(self, call, physical_id, old, new, changed):
        if "ImageScanningConfiguration" in changed:
            scan = new.get("ImageScanningConfiguration", {})
            call.invoke(
                "ecr",
                "PutImageScanningConfiguration",
                repositoryName=physical_id,
                imageScanningConfiguration={"scanOnPush": to_bool(scan.get("ScanOnPush", False))},
            )
        if changed & {"ImageTagMutability", "ImageTagMutabilityExclusionFilters"}:
            call.call(
                "ecr",
                "PutImageTagMutability",
                {k: v for k, v in new.items() if k.startswith("ImageTagMutability")}
                or {"imageTagMutability": "MUTABLE"},
                repositoryName=physical_id,
            )
        self._policies(call, physical_id, old, new, changed)
        if "Tags" in changed:
            arn = call.arn("ecr", f"repository/{physical_id}")
            gone = call.tags_gone(old, new)
            if gone:
                call.invoke("ecr", "UntagResource", resourceArn=arn, tagKeys=gone)
            if call.tags(new):
                call.invoke("ecr", "TagResource", resourceArn=arn, tags=call.tags(new))

    def delete(self, call, physical_id, props):
        call.invoke(
            "ecr",
            "DeleteRepository",
            repositoryName=physical_id,
            force=to_bool(props.get("EmptyOnDelete", False), "EmptyOnDelete"),
        )

    def attributes(self, call, physical_id, props):
        found = call.invoke("ecr", "DescribeRepositories", repositoryNames=[physical_id])[
            "repositories"
        ][0]
        return {
            "Arn": found["repositoryArn"],
            "RepositoryUri": f"{call.account}.dkr.ecr.{call.region}.amazonaws.com/{physical_id}",
        }


@register
class PullThroughCacheRule(Handler):
    type = "AWS::ECR::PullThroughCacheRule"
    name_property = "EcrRepositoryPrefix"

    def create(self, call, props):
        prefix = props.get("EcrRepositoryPrefix") or call.name(30, lower=True)
        call.call(
            "ecr",
            "CreatePullThroughCacheRule",
            without(props, "EcrRepositoryPrefix"),
            ecrRepositoryPrefix=prefix,
        )
        return prefix

    def delete(self, call, physical_id, props):
        call.invoke("ecr", "DeletePullThroughCacheRule", ecrRepositoryPrefix=physical_id)
