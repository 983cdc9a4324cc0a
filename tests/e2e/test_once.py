"""Services that run once: migrate, then api. They run when they are new, once, whatever happens to
the daemon; one that fails leaves what runs alone.

Runs are counted in the journal by client token: the same token is the same task. What must hold:
nothing that waits for a one-off is there when it runs; one whose image, configs or definition did
not change does not run again; canceling stops it.
"""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

import kit


@pytest.fixture
def jobs(place: kit.Place, tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> pathlib.Path:
    folder = kit.copy_project(
        "jobs", tmp_path / "jobs", project=kit.project_name("j", request.node.name)
    )
    place.run("config", "set", "TOKEN=one", cwd=folder).ok()
    return folder


def runs(sandbox: kit.Sandbox, since: int) -> list[dict[str, Any]]:
    """Calls that asked for a task of a one-off; the same token is the same task."""
    return list(
        {e["params"]["clientToken"]: e for e in sandbox.journal(since, "ecs", "RunTask")}.values()
    )


def running(place: kit.Place, folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    return {s["name"]: s for s in place.run("ps", "--json", cwd=folder).ok().lines[0]["services"]}


def test_migrate_then_api(place: kit.Place, sandbox: kit.Sandbox, jobs: pathlib.Path) -> None:
    mark = sandbox.mark()
    assert "runs once: migrate (new), before api" in place.run("plan", cwd=jobs).ok().out
    ran = place.run("up", "--json", cwd=jobs).ok()
    kit.check_sequence(ran.lines)
    assert [
        e["log"]["text"]
        for e in ran.lines
        if e["kind"] == "EVENT_LOG" and e["log"]["service"] == "migrate"
    ] == ["migrating to 1"]
    # It had run before there was an api.
    told = [
        e["resource"]["logical_id"] if e["kind"] == "EVENT_RESOURCE" else e["row"]["what"]
        for e in ran.lines
        if e["kind"] in ("EVENT_ROW", "EVENT_RESOURCE")
    ]
    assert (
        told.index("waits for migrate")
        < told.index("ran, exit code 0")
        < told.index("TaskDefinitionApi")
        < told.index("ServiceApi")
    )
    assert len(runs(sandbox, mark)) == 1
    seen = running(place, jobs)
    assert (
        seen["migrate"]["state"] == "COMPLETED"
        and seen["migrate"]["reason"].startswith("exited 0 at 20")
        and seen["api"]["state"] == "RUNNING"
    )
    assert "migrating to 1" in place.run("logs", "migrate", cwd=jobs).ok().out
    # Again: nothing. Then something that is not its business: it does not run.
    mark = sandbox.mark()
    assert "nothing to change" in place.run("up", cwd=jobs).ok().err
    assert sandbox.changes(mark) == []
    kit.edit(jobs, 'VERSION: "1"', 'VERSION: "1.1"')
    assert "ran before" in place.run("up", cwd=jobs).ok().err
    assert not runs(sandbox, mark)
    # A config that it uses is set anew: it does.
    place.run("config", "set", "TOKEN=two", cwd=jobs).ok()
    assert "runs once: migrate (changed), before api" in place.run("plan", cwd=jobs).ok().out
    place.run("up", cwd=jobs).ok()
    assert len(runs(sandbox, mark)) == 1
    # It fails: the old api runs on, and the reason is told.
    old = running(place, jobs)["api"]
    kit.edit(jobs, "echo migrating to 1; exit 0", "echo cannot reach the database; exit 3")
    kit.edit(jobs, 'VERSION: "1.1"', 'VERSION: "2"')
    ran = place.run("up", cwd=jobs).ok(4)
    assert (
        "service migrate, which runs once, failed: exit code 3" in ran.err
        and "Last lines of migrate" in ran.err
        and "defangctl logs migrate" in ran.err
    )
    assert kit.result_of(place.events("latest"))["failed_service"] == "migrate"
    seen = running(place, jobs)
    assert (
        seen["api"] == old
        and seen["migrate"]["state"] == "FAILED"
        and "exit code 3" in seen["migrate"]["reason"]
    )
    # As it was it runs again; mended it goes through.
    mark = sandbox.mark()
    place.run("up", cwd=jobs).ok(4)
    assert len(runs(sandbox, mark)) == 1
    kit.edit(jobs, "exit 3", "exit 0")
    place.run("up", cwd=jobs).ok()
    assert len(runs(sandbox, mark)) == 2
    assert (
        running(place, jobs)["api"]["deployment"]
        == running(place, jobs)["migrate"]["deployment"]
        != old["deployment"]
    )
    place.run("down", cwd=jobs).ok()
    left = [p for p in sandbox.parameters() if f"/{jobs_name(jobs)}/" in p]
    name = f"/Defang/{jobs_name(jobs)}/beta"
    assert sorted(left) == [f"{name}-derived/file-key", f"{name}/TOKEN"]


def jobs_name(jobs: pathlib.Path) -> str:
    return (jobs / "compose.yaml").read_text().split()[1]


def test_killed_while_it_runs(place: kit.Place, sandbox: kit.Sandbox, jobs: pathlib.Path) -> None:
    kit.edit(jobs, "echo migrating to 1; exit 0", "echo first; sleep 3; echo last")
    mark = sandbox.mark()
    up = place.spawn("up", "--json", cwd=jobs)
    up.seen('"first"')
    place.kill()
    place.start()
    up.result().ok()
    assert len(runs(sandbox, mark)) == 1
    events = place.events("latest")
    kit.check_sequence(events)
    assert [
        e["log"]["text"]
        for e in events
        if e["kind"] == "EVENT_LOG" and e["log"]["service"] == "migrate"
    ] == ["first", "last"]
    place.run("down", cwd=jobs).ok()


def test_cancel_stops_it(place: kit.Place, sandbox: kit.Sandbox, jobs: pathlib.Path) -> None:
    kit.edit(jobs, "echo migrating to 1; exit 0", "echo begun; sleep 20")
    up = place.spawn("up", cwd=jobs)
    up.seen("begun")
    place.run("cancel", "latest", cwd=jobs).ok()
    up.result().ok(8)
    cluster = f"Defang-{jobs_name(jobs)}-beta-cluster"
    stopped = sandbox.client("ecs").list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
    assert (
        len(stopped) == 1
        and not sandbox.client("ecs").list_tasks(cluster=cluster, desiredStatus="RUNNING")[
            "taskArns"
        ]
    )
    assert "api" not in running(place, jobs)
    place.run("down", cwd=jobs).ok()


def test_one_that_does_not_end(place: kit.Place, sandbox: kit.Sandbox, jobs: pathlib.Path) -> None:
    """It is stopped after its time, with what to do; what it printed was shown while it ran."""
    kit.edit(jobs, "echo migrating to 1; exit 0", "echo begun; sleep 30")
    kit.edit(jobs, 'restart: "no"', 'restart: "no"\n    x-defang-timeout: 4s')
    failed = place.run("up", cwd=jobs)
    assert failed.code != 0 and "begun" in failed.out + failed.err
    assert "did not end within 4s and was stopped" in failed.err
    assert "x-defang-timeout: 2h gives it more time" in failed.err
    assert "api" not in running(place, jobs)
    place.run("down", cwd=jobs).ok()


def test_one_that_nobody_requires_and_one_after_all(
    place: kit.Place, sandbox: kit.Sandbox, jobs: pathlib.Path
) -> None:
    """Who waits with required: false is deployed all the same; a one-off that nobody waits for runs
    when what it waits for itself is there.
    """
    kit.edit(jobs, "echo migrating to 1; exit 0", "exit 2")
    kit.edit(
        jobs,
        "condition: service_completed_successfully}",
        "condition: service_completed_successfully, required: false}",
    )
    with open(jobs / "compose.yaml", "a") as file:
        file.write(
            "  smoke:\n    image: ghcr.io/me/smoke:1\n"
            '    command: ["sh", "-c", "echo no answer; exit 1"]\n'
            "    deploy: {mode: replicated-job}\n    depends_on: [api]\n"
        )
    ran = place.run("up", cwd=jobs).ok(4)
    assert (
        "its dependants do not require it" in ran.err
        and "service smoke, which runs once, failed: exit code 1" in ran.err
    )
    seen = running(place, jobs)
    assert (seen["migrate"]["state"], seen["api"]["state"], seen["smoke"]["state"]) == (
        "FAILED",
        "RUNNING",
        "FAILED",
    )
    place.run("down", cwd=jobs).ok()
