"""`cd policy`: a user who has just that policy deploys, changes and removes the project; without
one action of it he does not.

The sandbox holds every call against the policies of its caller, also what CloudFormation does for
him (permissions.py), so that the policy is tried and not only read. What must hold beside: it names
this project's things where AWS lets it, and fits into AWS's bound on size.
"""

import copy
import json
import pathlib
from typing import Any

import kit

# AWS takes no resource for the first and the last; `cd ls` asks the second for all stacks.
OF_NO_RESOURCE = (
    "cloudformation:DescribeStackDriftDetectionStatus",
    "cloudformation:DescribeStacks",
    "cloudformation:ListStacks",
)


def policy_of(place: kit.Place, folder: pathlib.Path, **env: str | None) -> dict[str, Any]:
    return json.loads(place.run("cd", "policy", cwd=folder, env=env).ok().out)


def user(sandbox: kit.Sandbox, name: str, policy: dict[str, Any]) -> dict[str, str | None]:
    """A user with this policy and nothing else; the variables that make a shell his."""
    iam = sandbox.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="deploy", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def without(policy: dict[str, Any], action: str) -> dict[str, Any]:
    less = copy.deepcopy(policy)
    for statement in less["Statement"]:
        if isinstance(statement["Action"], list) and action in statement["Action"]:
            statement["Action"].remove(action)
    assert less != policy, f"{action} is not in the policy"
    return less


def test_the_policy_is_enough(place: kit.Place, slim: pathlib.Path) -> None:
    policy = policy_of(place, slim)
    him = user(place.sandbox, f"enough-{slim.parent.name}"[:60], policy)
    place.run("up", cwd=slim, env=him).ok()
    place.run("ps", cwd=slim, env=him).ok()
    place.run("plan", cwd=slim, env=him).ok()
    place.run("down", cwd=slim, env=him).ok()


def test_less_is_too_little(place: kit.Place, tiny: pathlib.Path) -> None:
    """One action, or the right to give roles to tasks."""
    policy = policy_of(place, tiny)
    passes = [s for s in policy["Statement"] if s["Action"] == "iam:PassRole"]
    assert (
        len(passes) == 1
        and passes[0]["Resource"].startswith("arn:aws:iam::123456789012:role/Defang-")
        and "StringEquals" in passes[0]["Condition"]
    )
    no_pass = {**policy, "Statement": [s for s in policy["Statement"] if s not in passes]}
    for number, (action, less) in enumerate(
        [("ecs:CreateService", without(policy, "ecs:CreateService")), ("iam:PassRole", no_pass)]
    ):
        ran = place.run("up", cwd=tiny, env=user(place.sandbox, f"less-{number}", less))
        assert ran.code in (4, 10), ran
        assert action in ran.err, ran
        place.run("down", cwd=tiny).ok()


def test_it_is_scoped_and_small(place: kit.Place, slim: pathlib.Path) -> None:
    policy = policy_of(place, slim)
    for statement in policy["Statement"]:
        assert "*" not in statement["Action"] and not [
            a for a in statement["Action"] if a.endswith(":*")
        ]
        if statement["Resource"] == ["*"]:
            assert not [
                a
                for a in statement["Action"]
                if a.startswith(("iam:", "s3:", "ecr:", "cloudformation:", "events:"))
                and a not in OF_NO_RESOURCE
            ], statement
    nobody = policy_of(place, slim, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    assert "123456789012" not in json.dumps(nobody) and len(nobody["Statement"]) == len(
        policy["Statement"]
    )
