"""Lifecycle policies of ECR, acted on.

docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html. What holds here:
- rules act in the order of their priority; an image is expired by exactly one rule or by none;
- an image that matches the tags of a rule can never be expired by a rule of lower priority, whether
  or not the first one expired it;
- a rule with several prefixes wants an image that has all of them;
- age and order are by the push of the image; a tag that is added later changes neither.

`POST /_sandbox/ecr-expire {"days": N}` evaluates all repositories as if N days had passed.
"""

from __future__ import annotations

import json
from typing import Any

from .ecr import repositories

DAY = 24 * 60 * 60


def selects(selection: dict[str, Any], tags: list[str]) -> bool:
    status = selection["tagStatus"]
    if status == "any":
        return True
    if status == "untagged":
        return not tags
    prefixes = selection.get("tagPrefixList", [])
    return bool(tags) and all(any(t.startswith(p) for t in tags) for p in prefixes)


def expired(policy: str, images: list[Any], now: float) -> list[Any]:
    """Those of `images` that the policy expires at `now`."""
    left, gone = list(images), []
    rules = sorted(json.loads(policy)["rules"], key=lambda r: r["rulePriority"])
    for rule in rules:
        selection = rule["selection"]
        matched = [i for i in left if selects(selection, i.image_tags)]
        left = [i for i in left if i not in matched]
        matched.sort(key=lambda i: i.image_pushed_at, reverse=True)
        if selection["countType"] == "imageCountMoreThan":
            gone += matched[selection["countNumber"] :]
        else:
            limit = now - selection["countNumber"] * DAY
            gone += [i for i in matched if i.image_pushed_at < limit]
    return gone


def expire(sandbox: Any, days: float) -> dict[str, list[str]]:
    """Acts on every repository of every account; repository -> digests that went."""
    from moto.ecr.models import ecr_backends

    now = sandbox.context.now() + days * DAY
    found = {}
    for account in list(ecr_backends):
        for region in list(ecr_backends[account]):
            for name, repository in repositories(account, region).items():
                if not repository.lifecycle_policy:
                    continue
                gone = expired(repository.lifecycle_policy, list(repository.images), now)
                for image in gone:
                    repository.images.remove(image)
                if gone:
                    found[name] = [i.get_image_digest() for i in gone]
    return found
