"""What AWS would say, with the real programs: rows of the review against AWS's own texts.

Each test has the number of its row.
"""

from __future__ import annotations

import json
import pathlib

import kit

DENIED = {"error": {"code": "AccessDeniedException", "status": 403, "message": "not for you"}}
NOT_HERE = {"error": {"code": "NotImplemented", "status": 501, "message": "not in this region"}}


def test_aws_34_what_is_optional_blocks_nothing(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    """Nothing of the project is a file system; service-linked roles are best effort. A 501 is no
    trouble that passes: botocore asks again after 500, 502, 503 and 504 only."""
    sandbox.fault(DENIED, service="efs", operation="DescribeFileSystems", times=50)
    sandbox.fault(NOT_HERE, service="iam", operation="GetRole", times=50)
    sandbox.fault(NOT_HERE, service="iam", operation="CreateServiceLinkedRole", times=50)
    since = sandbox.mark()
    place.run("plan", cwd=tiny).ok()
    place.run("up", cwd=tiny).ok()
    asked = sandbox.operations(since, "efs")
    assert "DescribeFileSystems" not in asked, asked
    down = place.run("down", "--yes", cwd=tiny).ok()
    assert "whether a named volume is left could not be looked at" in down.err
    assert "trying on for" not in down.err


def test_aws_31_a_cd_stack_that_is_being_made(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    sandbox.waits(cfn_step=1)
    making = place.spawn("cd", "bootstrap", "--cd-name", "slow-cd")
    cloud = sandbox.client("cloudformation")

    def in_progress() -> bool:
        stacks = cloud.describe_stacks()["Stacks"]
        return any(
            s["StackName"] == "slow-cd" and s["StackStatus"] == "CREATE_IN_PROGRESS" for s in stacks
        )

    kit.wait_for(in_progress)
    slow = {"DEFANG_CD_NAME": "slow-cd"}
    for engine in ("cloudformation", "pulumi"):
        for words in (["ps"], ["cd", "outputs"]):
            ran = place.run(*words, cwd=tiny, env={**slow, "DEFANG_ENGINE": engine})
            assert ran.code == 6 and "(null)" not in ran.err, str(ran)
    said = place.run("plan", cwd=tiny, env=slow).ok()
    assert "the CD stack slow-cd is being made (since 20" in said.out + said.err
    sandbox.waits(cfn_step=0)
    assert making.result().code == 0


def test_aws_40_true_words(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    env = {"DEFANG_CD_NAME": "true-cd"}
    made = place.run("cd", "bootstrap", env=env).ok()
    listed = place.run("ls", "--json", env=env).ok()
    assert " 0 resources changed" not in made.err + made.out, str(made)
    assert [json.loads(x) for x in listed.out.splitlines()], str(listed)
    place.run("cd", "teardown", env=env).ok()
    none = place.run("cd", "teardown", env=env).ok()
    assert "kept" not in none.err, str(none)


def test_aws_2_the_capacity_provider_of_a_deployed_service(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    place.run("up", cwd=tiny).ok()
    place.run("up", "--mode", "ha", cwd=tiny).ok()
    ecs = sandbox.client("ecs")
    project = (tiny / "compose.yaml").read_text().split("name: ", 1)[1].split("\n", 1)[0]
    cluster = next(c for c in ecs.list_clusters()["clusterArns"] if project in c)
    [service] = ecs.describe_services(
        cluster=cluster, services=ecs.list_services(cluster=cluster)["serviceArns"]
    )["services"]
    assert service["deployments"][0]["capacityProviderStrategy"][0]["capacityProvider"] == "FARGATE"
    since = sandbox.mark()
    place.run("up", "--mode", "ha", cwd=tiny).ok()
    assert "ecs:UpdateService" not in sandbox.changes(since)
