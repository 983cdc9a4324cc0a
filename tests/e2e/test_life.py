"""The daemon stopped, killed and started in mid-deploy; canceling; credentials that end; a full
disk.

Each test brings a deployment to a certain moment (a line of its output), does something to the
daemon or the account, and looks at how it ends. What must hold: a job goes on where it was, with
every event once and in order; nothing is built or executed twice (client tokens, change sets in the
journal); a job without credentials waits and goes on with those of the same account only; a
canceled one is taken back; two at once on one project are one too many.
"""

from __future__ import annotations

import pathlib
import re
import resource
import time
from typing import Any

import pytest

import kit

GONE = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_SESSION_TOKEN": None}


def kaniko_runs(sandbox: kit.Sandbox, since: int) -> list[dict[str, Any]]:
    return [e for e in sandbox.journal(since, "ecs", "RunTask") if "kaniko" in str(e["params"])]


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("moment", ["image: building", "ServiceWorker CREATE_IN_PROGRESS"])
def test_daemon_restarted_in_mid_deploy(
    place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path, how: str, moment: str
) -> None:
    sandbox.waits(**({"build_step": 0.3} if "image" in moment else {"ecs_steady": 3.0}))
    mark = sandbox.mark()
    up = place.spawn("up", cwd=slim)
    up.seen(moment)
    watcher = place.spawn("watch", "latest", "--json", cwd=slim)
    kit.wait_for(lambda: watcher.out)
    getattr(place, how)()
    up.seen("the daemon went away")
    place.start()
    ran = up.result().ok()
    assert "Deployed:" in ran.err
    events = watcher.result().ok().lines
    kit.check_sequence(events)
    assert events == place.events(events[0]["deployment"])
    assert kit.final_state(events) == "SUCCEEDED"
    assert len({e["params"].get("clientToken") for e in kaniko_runs(sandbox, mark)}) == 1
    executed = [
        e["params"]["ChangeSetName"]
        for e in sandbox.journal(mark, "cloudformation", "ExecuteChangeSet")
    ]
    assert len(executed) == len(set(executed))
    place.run("down", cwd=slim).ok()


def test_disk_full_pauses_jobs(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    """While nothing can be stored nothing is acknowledged and nothing is lost; with room again the
    job goes on, with the keys it was given.
    """
    sandbox.waits(ecs_steady=3.0)
    mark = sandbox.mark()
    up = place.spawn("up", cwd=tiny)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    assert place.daemon
    _, hard = resource.prlimit(place.daemon.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(place.daemon.pid, resource.RLIMIT_FSIZE, (4096, hard))
    kit.wait_for(lambda: place.run("up", "-d", "--project-name", "other", cwd=tiny).code == 1)
    refused = place.run("up", "-d", "--project-name", "other", cwd=tiny)
    assert "state" in refused.err and "disk" in refused.err, refused.err
    assert place.daemon.poll() is None
    resource.prlimit(place.daemon.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
    up.result().ok()
    assert "the state can be written again" in place.log_text()
    events = place.events("latest")
    kit.check_sequence(events)
    assert kit.final_state(events) == "SUCCEEDED"
    executed = [
        e["params"]["ChangeSetName"]
        for e in sandbox.journal(mark, "cloudformation", "ExecuteChangeSet")
    ]
    assert len(executed) == len(set(executed))
    place.run("down", cwd=tiny).ok()


def test_job_with_profile_needs_no_terminal(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    """Keys from a file are found again by a restarted daemon: nobody has to be there."""
    (place.home / ".aws").mkdir()
    (place.home / ".aws/credentials").write_text(
        f"[work]\naws_access_key_id = {kit.KEY}\naws_secret_access_key = {kit.SECRET}\n"
    )
    (place.home / ".aws/config").write_text(f"[profile work]\nregion = {kit.REGION}\n")
    environment = {**GONE, "AWS_REGION": None, "AWS_PROFILE": "work"}
    sandbox.waits(ecs_steady=1.5)
    mark = sandbox.mark()
    ran = place.run("up", "-d", cwd=tiny, env=environment).ok()
    deployment = ran.out.strip()
    assert len(deployment) == 12
    kit.wait_for(lambda: sandbox.journal(mark, "cloudformation", "ExecuteChangeSet"))
    place.kill()
    place.start()
    kit.wait_for(
        lambda: [
            r
            for r in place.run("ls", "--json", env=GONE).lines
            if r["id"] == deployment and r["state"] == "SUCCEEDED"
        ]
    )
    kit.check_sequence(place.run("watch", deployment, "--json", env=GONE).ok().lines)
    place.run("down", cwd=tiny, env=environment).ok()


@pytest.mark.parametrize("call", ["CreateChangeSet", "ExecuteChangeSet"])
def test_killed_around_the_change_set(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path, call: str
) -> None:
    """A stack that is only its change set has no tags yet: the next life knows it as its own, and
    so does another `up`.
    """
    sandbox.fault(
        {"delay": 30},
        service="cloudformation",
        operation="DescribeChangeSet" if call == "CreateChangeSet" else call,
        times=1,
        after=1 if call == "CreateChangeSet" else 0,
    )
    mark = sandbox.mark()
    up = place.spawn("up", cwd=tiny)
    kit.wait_for(lambda: sandbox.journal(mark, "cloudformation", "CreateChangeSet"))
    name = "Defang-" + (tiny / "compose.yaml").read_text().split()[1] + "-beta"
    kit.wait_for(
        lambda: (
            sandbox.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0][
                "StackStatus"
            ]
            == "REVIEW_IN_PROGRESS"
        )
    )
    place.kill()
    sandbox.calm()
    place.start()
    up.result().ok()
    kit.check_sequence(place.events("latest"))
    place.run("down", cwd=tiny).ok()


def test_review_of_somebody_else(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    name = "Defang-" + (tiny / "compose.yaml").read_text().split()[1] + "-beta"
    cloudformation = sandbox.client("cloudformation")
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName="theirs",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources":{"Q":{"Type":"AWS::Logs::LogGroup"}}}',
    )
    assert "not made by defangd" in place.run("up", cwd=tiny).ok(5).err
    cloudformation.delete_change_set(StackName=name, ChangeSetName="theirs")
    place.run("up", cwd=tiny).ok()  # an empty shell is nobody's
    place.run("down", cwd=tiny).ok()


def test_cancel(place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path) -> None:
    sandbox.waits(build_step=3.0)
    up = place.spawn("up", cwd=slim)
    up.seen("image: building")
    canceled = place.run("cancel", cwd=slim).ok()
    name = (slim / "compose.yaml").read_text().split()[1]
    assert re.search(f"canceling [0-9a-z]{{12}} of {name}/beta", canceled.err)
    assert up.result().ok(8)
    events = place.events("latest")
    kit.check_sequence(events)
    assert [e["state"] for e in events if e["kind"] == "EVENT_STATE"][-2:] == [
        "CANCELING",
        "CANCELED",
    ]
    ecs = sandbox.client("ecs")
    running = [
        t
        for c in ecs.list_clusters()["clusterArns"]
        for t in ecs.list_tasks(
            cluster=c, desiredStatus="RUNNING", startedBy=events[0]["deployment"]
        )["taskArns"]
    ]
    assert running == []
    place.run("cancel", events[0]["deployment"]).ok(5)
    sandbox.calm()
    place.run("up", cwd=slim).ok()
    place.run("down", cwd=slim).ok()


def test_cancel_while_applying(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    sandbox.waits(ecs_steady=4)
    up = place.spawn("up", cwd=tiny)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    place.run("cancel", cwd=tiny).ok()
    up.result().ok(8)
    name = (tiny / "compose.yaml").read_text().split()[1]
    stacks = {
        s["StackName"]: s["StackStatus"]
        for s in sandbox.client("cloudformation").list_stacks()["StackSummaries"]
    }
    mine = [status for stack, status in stacks.items() if name in stack]
    assert all(not status.endswith("_IN_PROGRESS") for status in mine), mine
    sandbox.calm()
    place.run("up", cwd=tiny).ok()
    place.run("down", cwd=tiny).ok()


def test_two_at_once(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    sandbox.waits(ecs_steady=2)
    first = place.spawn("up", cwd=tiny)
    first.seen("RUNNING")
    second = place.run("up", cwd=tiny).ok(5)
    assert "watch" in second.err
    place.run("compose", "down", cwd=tiny).ok(5)
    first.result().ok()
    place.run("down", cwd=tiny).ok()


def session(sandbox: kit.Sandbox) -> dict[str, str | None]:
    keys = sandbox.client("sts").get_session_token()["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


@pytest.mark.parametrize("command", ["watch", "whoami"])
def test_expired_in_mid_deploy(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path, command: str
) -> None:
    keys = session(sandbox)
    sandbox.waits(ecs_steady=1.5)
    up = place.spawn("up", cwd=tiny, env=keys)
    up.seen("CREATE_IN_PROGRESS")
    sandbox.control("POST", "expire", {"key": keys["AWS_ACCESS_KEY_ID"]})
    up.seen("BLOCKED_AUTH")
    deployment = place.run("ls", "--json", env=GONE).lines[0]["id"]
    if command == "watch":
        other = place.spawn("watch", deployment, env=session(sandbox))
        assert other.result().ok()
    else:
        place.run("whoami", env=session(sandbox)).ok()
    up.result().ok()
    events = place.events(deployment)
    kit.check_sequence(events)
    assert [e["state"] for e in events if e["kind"] == "EVENT_STATE"] == [
        "RUNNING",
        "BLOCKED_AUTH",
        "RUNNING",
        "SUCCEEDED",
    ]
    place.run("down", cwd=tiny).ok()


def test_keys_of_another_account_do_not_go_on(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    keys = session(sandbox)
    sandbox.waits(ecs_steady=1.5)
    up = place.spawn("up", cwd=tiny, env=keys)
    up.seen("CREATE_IN_PROGRESS")
    sandbox.control("POST", "expire", {"key": keys["AWS_ACCESS_KEY_ID"]})
    up.seen("BLOCKED_AUTH")
    other = sandbox.client("sts").assume_role(
        RoleArn="arn:aws:iam::210987654321:role/elsewhere", RoleSessionName="stranger"
    )["Credentials"]
    stranger = {
        "AWS_ACCESS_KEY_ID": other["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": other["SecretAccessKey"],
        "AWS_SESSION_TOKEN": other["SessionToken"],
    }
    assert "210987654321" in place.run("whoami", env=stranger).ok().out
    assert place.run("ls", "--json").lines[0]["state"] == "BLOCKED_AUTH"
    place.run("cancel", cwd=tiny).ok()
    up.result().ok(8)
    place.run("down", cwd=tiny).ok()


def test_stop_while_blocked(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    """A job that waits for credentials does not hold up the end of the daemon, and still waits in
    its next life.
    """
    keys = session(sandbox)
    sandbox.waits(ecs_steady=1.5)
    up = place.spawn("up", cwd=tiny, env=keys)
    up.seen("CREATE_IN_PROGRESS")
    sandbox.control("POST", "expire", {"key": keys["AWS_ACCESS_KEY_ID"]})
    up.seen("BLOCKED_AUTH")
    begun = time.monotonic()
    assert place.stop() == 0
    assert time.monotonic() - begun < 10, place.log_text()
    up.process.kill()
    place.start()
    kit.wait_for(  # those that come at once are not waited for aloud
        lambda: place.run("ls", "--json", env=GONE).lines[0]["state"] == "BLOCKED_AUTH"
    )
    place.run("watch", cwd=tiny).ok()
    place.run("down", cwd=tiny).ok()


def test_survive_a_killed_daemon_goes_on_with_the_keys_of_the_shell(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    """The card: credentials in SQLite, sealed. No other terminal brings any."""
    keys = session(sandbox)
    sandbox.waits(ecs_steady=3)
    up = place.spawn("up", cwd=tiny, env=keys)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    up.process.kill()
    place.kill()
    for path in place.state.glob("state.db*"):
        content = path.read_bytes()
        assert keys["AWS_SECRET_ACCESS_KEY"].encode() not in content, path
        assert keys["AWS_SESSION_TOKEN"].encode()[:40] not in content, path
    place.start()
    rows = kit.wait_for(
        lambda: [
            row for row in place.run("ls", "--json", env=GONE).lines if row["state"] in kit.TERMINAL
        ]
    )
    assert rows[0]["state"] == "SUCCEEDED", rows
    states = [e["state"] for e in place.events(rows[0]["id"]) if e["kind"] == "EVENT_STATE"]
    assert states == ["RUNNING", "SUCCEEDED"], states
    place.run("down", cwd=tiny).ok()
