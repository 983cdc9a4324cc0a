"""What is left to look at after a deployment that failed: reasons, lines, what stays and costs.

Everything is asked for with the very command that the hint names, also when the log group is gone
and from a machine that has nothing but the account.
"""

from __future__ import annotations

import json
import pathlib
import re

import kit

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def test_trust_35_an_early_validation_is_read_out(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    project = (tiny / "compose.yaml").read_text().split()[1]
    sandbox.change_sets(
        **{
            f"Defang-{project}-": {
                "events": [
                    {
                        "LogicalResourceId": "TaskDefinitionWorker",
                        "ValidationPath": "/Resources/TaskDefinitionWorker/Properties/Cpu",
                        "ValidationStatusReason": "expected type: String, found: Integer",
                    },
                    {
                        "LogicalResourceId": "LogGroupEcs",
                        "Hook": "AWS::EarlyValidation::ResourceExistenceCheck",
                        "ValidationStatusReason": "Resource of type 'X' already exists.",
                    },
                ]
            }
        }
    )
    ran = place.run("up", cwd=tiny).ok(4)
    assert (
        "service worker: TaskDefinitionWorker (AWS::ECS::TaskDefinition), property Cpu: expected"
        in (ran.err)
    )
    assert "DescribeEvents" not in ran.err and "AWS::EarlyValidation" not in ran.err
    assert "(and 1 more, all of them above)" in ran.err and "already exists" in ran.err
    # what refuses once does not stand in the way of the next
    place.run("up", cwd=tiny).ok()
    place.run("down", cwd=tiny).ok()


def groups(sandbox: kit.Sandbox, project: str) -> list[str]:
    found = sandbox.client("logs").describe_log_groups(logGroupNamePrefix=f"/Defang/{project}/")
    return [g["logGroupName"] for g in found["logGroups"]]


def test_trust_34_what_a_first_deployment_left_is_shown_by_the_command_of_the_hint(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    project = (tiny / "compose.yaml").read_text().split()[1]
    sandbox.services(
        **{f"{project}_worker": {"exit": 3, "log": [f"line {n}" for n in range(44)] + ["boom"]}}
    )
    sandbox.waits(ecs_pending=1.5)
    ran = place.run("up", cwd=tiny).ok(10)
    command = ran.err[ran.err.index("`defangctl logs worker") + 1 :].split("`")[0].split()[1:]
    deployment = command[-1]
    assert f"nothing of {project} that costs was left behind" in ran.err

    # the groups outlive the roll back, and the next deployment takes them over
    assert len(groups(sandbox, project)) == 3
    told = place.run(*command, cwd=tiny).ok()
    assert "stopped: exit code 3" in told.out and "boom" in told.out
    assert "line 0" in told.out and told.out.count(" boom") >= 1
    assert "ROLLED_BACK: service worker failed" in told.out

    # also without the groups, from another folder, and from a machine that has only the account
    logs = sandbox.client("logs")
    for name in groups(sandbox, project):
        if name.endswith("/logs"):
            logs.delete_log_group(logGroupName=name)
    alone = place.run(*command).ok()
    assert "boom" in alone.out and "line 0" in alone.out
    with kit.place_at(tmp_path / "elsewhere", sandbox) as other:
        far = other.run("logs", "--json", "-p", project, "--deployment", deployment).ok()
        texts = [line["text"] for line in far.lines]
        assert "boom" in texts and "line 0" in texts
        assert any(t.startswith("task ") and "exit code 3" in t for t in texts)
        assert any("ServiceWorker (AWS::ECS::Service): CREATE_FAILED" in t for t in texts)
        none = other.run("logs", "-p", project, "--deployment", "zzzzzzzzzzzz").ok(6)
        assert "nothing is known of deployment zzzzzzzzzzzz" in none.err

    # kept as it is on demand, with what it costs; the next one goes on from there
    kept = place.run("up", "--no-rollback", cwd=tiny).ok(4)
    cloudformation = sandbox.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName=f"Defang-{project}-beta")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_FAILED"
    assert f"resources of {project} stay, and cost about USD" in kept.err
    sandbox.calm()
    place.run("up", cwd=tiny).ok()
    assert len(groups(sandbox, project)) == 3
    ran = place.run("down", cwd=tiny).ok()
    assert "3 log groups under" in ran.err and len(groups(sandbox, project)) == 3
    place.run("up", cwd=tiny).ok()
    place.run("down", "--volumes", cwd=tiny).ok()
    assert groups(sandbox, project) == []


def running_digest(sandbox: kit.Sandbox, project: str) -> str:
    stack = sandbox.client("cloudformation").get_template(StackName=f"Defang-{project}-beta")
    found = re.findall(r"kaniko-build@(sha256:[0-9a-f]{64})", json.dumps(stack["TemplateBody"]))
    assert len(set(found)) == 1, found
    return str(found[0])


def digests(sandbox: kit.Sandbox, project: str) -> set[str]:
    pages = sandbox.client("ecr").get_paginator("list_images")
    name = f"{project}/kaniko-build"
    return {i["imageDigest"] for p in pages.paginate(repositoryName=name) for i in p["imageIds"]}


def test_trust_36_what_runs_and_what_one_can_go_back_to_never_expires(
    place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path
) -> None:
    """`--build` gives the tag of what runs to another digest, its roll out fails, ten more builds
    come, and months go by.
    """
    project = (slim / "compose.yaml").read_text().split()[1]
    ecr, name = sandbox.client("ecr"), f"{project}/kaniko-build"
    place.run("up", cwd=slim).ok()
    first = running_digest(sandbox, project)

    kit.edit(slim, "GREETING: hello", "GREETING: hello\n      SANDBOX_FAIL: unhealthy")
    place.run("up", "--build", cwd=slim).ok(10)
    assert running_digest(sandbox, project) == first
    assert len(digests(sandbox, project)) == 2
    for number in range(12):
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "number": number, "layers": []}
        ecr.put_image(
            repositoryName=name,
            imageManifest=json.dumps(manifest),
            imageTag=f"web-image-{number:08x}-x86_64",
        )
    gone = sandbox.expire_images(200)[name]
    assert first not in gone and len(gone) >= 2
    assert first in digests(sandbox, project)

    # what failed is held by nothing any more; the next release keeps the one before
    tags = [t for d in ecr.describe_images(repositoryName=name)["imageDetails"]
            for t in d.get("imageTags", [])]  # fmt: skip
    assert not [t for t in tags if t.startswith("Kept-trying-")]
    kit.edit(slim, "\n      SANDBOX_FAIL: unhealthy", "")
    place.run("up", "--build", cwd=slim).ok()
    second = running_digest(sandbox, project)
    assert second != first
    sandbox.expire_images(200)
    assert {first, second} <= digests(sandbox, project)
    place.run("down", cwd=slim).ok()
