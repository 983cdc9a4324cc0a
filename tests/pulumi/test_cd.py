"""`cd` of projects with engine pulumi: listed, refreshed, looked at and destroyed without the
project's files. The same with CloudFormation: tests/e2e/test_cd.py.

What must hold: a project is found by its state in the CD bucket; the lock of a run that was killed
is taken away, and that of a run that lives is not.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

import kit

ENGINE = ("--engine", "pulumi")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Sandbox]:
    started = kit.Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield started
    assert started.end() == 0


@pytest.fixture(scope="module")
def place(sandbox: kit.Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Place]:
    with kit.place_at(tmp_path_factory.mktemp("place") / "p", sandbox) as started:
        yield started


@pytest.fixture
def tiny(
    place: kit.Place, tmp_path: pathlib.Path, request: pytest.FixtureRequest
) -> Iterator[pathlib.Path]:
    yield kit.copy_project(
        "tiny", tmp_path / "tiny", project=kit.project_name("w", request.node.name)
    )
    place.sandbox.calm()


def project_of(folder: pathlib.Path) -> str:
    return (folder / "compose.yaml").read_text().split()[1]


def listed(place: kit.Place, project: str) -> list[dict[str, Any]]:
    return [s for s in place.run("cd", "ls", "--json").ok().lines if s["project"] == project]


def bucket_of(sandbox: kit.Sandbox) -> str:
    stack = sandbox.client("cloudformation").describe_stacks(StackName="defang-cd")["Stacks"][0]
    return str(next(o["OutputValue"] for o in stack["Outputs"] if o["OutputKey"] == "bucketName"))


def keys_of(sandbox: kit.Sandbox, prefix: str) -> list[str]:
    return [
        o["Key"]
        for o in sandbox.client("s3")
        .list_objects_v2(Bucket=bucket_of(sandbox), Prefix=prefix)
        .get("Contents", [])
    ]


def last_run(sandbox: kit.Sandbox, project: str) -> dict[str, Any]:
    body = (
        sandbox.client("s3")
        .get_object(Bucket=bucket_of(sandbox), Key=f"projects/{project}/beta/run.json")["Body"]
        .read()
    )
    return dict(json.loads(body))


def test_a_project_is_seen_looked_at_and_destroyed_without_its_files(
    place: kit.Place, tiny: pathlib.Path
) -> None:
    project, sandbox = project_of(tiny), place.sandbox
    place.run("up", *ENGINE, cwd=tiny).ok()
    [stack] = listed(place, project)
    assert (stack["engine"], stack["stack"], stack["region"], stack["status"]) == (
        "pulumi",
        "beta",
        kit.REGION,
        "up done",
    )
    assert (
        stack["name"] == f"s3://{bucket_of(sandbox)}/.pulumi/stacks/{project}/beta.json"
        and stack["changed_ms"] > 0
    )

    outputs = json.loads(place.run("cd", "outputs", "-p", project).ok().out)
    assert outputs["ClusterName"] == f"Defang-{project}-beta-cluster"
    kit.edit(tiny, 'PAUSE: "20"', 'PAUSE: "21"')
    mark = sandbox.mark()
    changed = place.run("cd", "preview", cwd=tiny).ok()
    assert "~ aws:ecs:TaskDefinition: (update)" in changed.err and "Resources: ~ " in changed.err, (
        changed.err
    )
    assert {c for c in sandbox.changes(mark) if c.startswith(("cloudformation:", "ecs:"))} == {
        "ecs:RunTask"
    }

    place.run("cd", "refresh", "-p", project).ok()
    assert (
        last_run(sandbox, project)["verb"] == "refresh"
        and "nothing holds the stack" in place.run("cd", "cancel", "-p", project).ok().err
    )
    refused = place.run("cd", "teardown")
    assert refused.code == 5 and f"({project}/beta, engine pulumi)" in refused.err
    place.run("cd", "destroy", "-p", project).ok()
    assert listed(place, project) == [] and keys_of(sandbox, f".pulumi/stacks/{project}/") == []
    assert (
        place.run("cd", "outputs", "-p", project).code == 6
        and place.run("cd", "refresh", "-p", project).code == 6
    )


def test_the_lock_of_a_killed_run_is_taken_away_and_of_no_other(
    place: kit.Place, tiny: pathlib.Path
) -> None:
    project, sandbox = project_of(tiny), place.sandbox
    place.run("cd", "bootstrap").ok()
    sandbox.waits(ecs_steady=40.0)
    sandbox.services(
        **{"^main$": {"exit": 137, "when": "::ServiceWorker", "after": 10.0, "times": 1}}
    )
    up = place.spawn("up", *ENGINE, cwd=tiny)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    assert listed(place, project)[0]["status"].startswith("running: task arn:aws:ecs:")
    refused = place.run("cd", "cancel", "-p", project)
    assert (
        refused.code == 5 and "is still RUNNING" in refused.err
    )  # by this daemon's own deployment
    with kit.place_at(place.folder / "other", sandbox) as other:
        refused = other.run("cd", "cancel", "-p", project)
        assert (
            refused.code == 5
            and "still works on project" in refused.err
            and "task arn:aws:ecs:" in refused.err
            and "cd cancel --force" in refused.err
        )
    up.result().ok(4)
    sandbox.calm()
    [stack] = listed(place, project)
    assert stack["status"].startswith("interrupted: task arn:aws:ecs:") and keys_of(
        sandbox, f".pulumi/locks/organization/{project}/"
    )
    freed = place.run("cd", "cancel", "-p", project).ok()
    assert "is stopped, says ECS: its lock is taken away" in freed.err
    assert not keys_of(sandbox, f".pulumi/locks/organization/{project}/") and not [
        k for k in keys_of(sandbox, f"projects/{project}/") if k.endswith("/owner")
    ]
    mark = sandbox.mark()
    place.run("up", cwd=tiny).ok()  # looks first at what the killed one left
    environments = [
        e["params"]["overrides"]["containerOverrides"][0]["environment"]
        for e in sandbox.journal(mark, "ecs", "RunTask")
    ]
    assert [v["value"] for e in environments for v in e if v["name"].endswith("_UNCLEAN")] == ["1"]
    # a lock that is of no task of ours
    lock = f".pulumi/locks/organization/{project}/beta/somebody.json"
    sandbox.client("s3").put_object(Bucket=bucket_of(sandbox), Key=lock, Body=b"{}")
    refused = place.run("cd", "cancel", "-p", project)
    assert refused.code == 5 and lock in refused.err and "--force" in refused.err


def test_trust_33_a_run_of_another_machine_is_ended_by_force(
    place: kit.Place, tiny: pathlib.Path
) -> None:
    """Its daemon is gone, its task lives: the hint's command ends it, and the next run goes on."""
    project, sandbox = project_of(tiny), place.sandbox
    place.run("cd", "bootstrap").ok()
    sandbox.waits(ecs_steady=300.0)
    with kit.place_at(place.folder / "gone", sandbox) as gone:
        up = gone.spawn("up", *ENGINE, cwd=tiny)
        up.seen("ServiceWorker CREATE_IN_PROGRESS")
        gone.kill()
    sandbox.calm()
    refused = place.run("down", "-p", project).ok(5)
    assert "cd cancel --force" in refused.err and "in ECS" not in refused.err, refused
    ended = place.run("cd", "cancel", "--force", "-p", project).ok()
    assert "was ended: what it made stays" in ended.err, ended
    place.run("down", "-p", project).ok()
    assert listed(place, project) == []
