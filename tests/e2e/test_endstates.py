"""How things end is what AWS says, not what was meant: canceled for ever, too late, not at all.

Each test brings a project into a state of CloudFormation and looks at what the program says of it
and does about it. docs/RELIABILITY.md has the promises.
"""

from __future__ import annotations

import pathlib
import signal
from typing import Any

import kit

GONE = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_SESSION_TOKEN": None}


def stack_of(sandbox: kit.Sandbox, folder: pathlib.Path) -> dict[str, Any]:
    """The project's stack as AWS tells it; {} when there is none."""
    project = (folder / "compose.yaml").read_text().split()[1]
    client = sandbox.client("cloudformation")
    for stack in client.describe_stacks()["Stacks"]:
        if stack["StackName"] == f"Defang-{project}-beta":
            return stack
    return {}


def status_of(sandbox: kit.Sandbox, folder: pathlib.Path) -> str:
    return stack_of(sandbox, folder).get("StackStatus", "none")


def test_trust_30_a_cancel_is_for_ever(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    """It waits for credentials to take back what it began, and the daemon is killed twice."""
    answer = sandbox.client("sts").get_session_token()["Credentials"]
    keys = {
        "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
        "AWS_SESSION_TOKEN": answer["SessionToken"],
    }
    sandbox.waits(ecs_steady=600)  # far longer than any wait below
    up = place.spawn("up", cwd=tiny, env=keys)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    sandbox.control("POST", "expire", {"key": keys["AWS_ACCESS_KEY_ID"]})
    up.seen("BLOCKED_AUTH")
    deployment = place.run("ls", "--json", env=GONE).lines[0]["id"]
    place.run("cancel", "-d", deployment, env=GONE).ok()
    kit.wait_for(lambda: "what was begun is taken back" in up.err)
    for _ in range(2):
        place.kill()
        place.start()
        kit.wait_for(
            lambda: place.run("ls", "--json", env=GONE).lines[0]["state"] == "BLOCKED_AUTH"
        )
    assert status_of(sandbox, tiny) == "CREATE_IN_PROGRESS"
    watched = place.run("watch", deployment).ok(8)
    assert "canceled and taken back" in watched.err, watched
    assert up.result().ok(8)
    assert status_of(sandbox, tiny) == "none"


def test_trust_31_trust_32_too_late(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    """CloudFormation ends an update while nobody looks, then comes the cancel; and a removal."""
    place.run("up", cwd=tiny).ok()
    kit.edit(tiny, 'PAUSE: "20"', 'PAUSE: "21"')
    sandbox.waits(ecs_steady=1)
    up = place.spawn("up", cwd=tiny)
    up.seen("ServiceWorker UPDATE_IN_PROGRESS")
    assert place.daemon
    place.daemon.send_signal(signal.SIGSTOP)
    kit.wait_for(lambda: status_of(sandbox, tiny) == "UPDATE_COMPLETE")
    cancel = place.spawn("cancel", cwd=tiny)
    place.daemon.send_signal(signal.SIGCONT)
    late = cancel.result().ok(5)
    assert "canceled too late" in late.err and "UPDATE_COMPLETE" in late.err, late
    ran = up.result().ok()
    assert "Canceled too late" in ran.err and "taken back" not in ran.err, ran
    row = place.run("ls", "--json").lines[0]
    assert (row["state"], row["summary"]) == ("SUCCEEDED", "canceled too late: it runs")

    sandbox.waits(ecs_deprovisioning=2)
    down = place.run("down", "-d", cwd=tiny).ok()
    assert "cancel" not in down.err, down
    kit.wait_for(lambda: status_of(sandbox, tiny) == "DELETE_IN_PROGRESS")
    refused = place.run("cancel", down.out.strip(), cwd=tiny).ok(5)
    assert "cannot be taken back" in refused.err and "watch" in refused.err, refused
    place.run("watch", down.out.strip()).ok()
    assert status_of(sandbox, tiny) == "none"


def put(sandbox: kit.Sandbox, folder: pathlib.Path, status: str, **more: Any) -> None:
    sandbox.control(
        "POST", "stack", {"name": stack_of(sandbox, folder)["StackName"], "status": status, **more}
    )


def test_trust_33_a_failed_roll_back_is_recovered(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    """An unhealthy service whose roll back fails: a dead end for CloudFormation's updates."""
    place.run("up", cwd=tiny).ok()
    kit.edit(tiny, 'PAUSE: "20"', 'PAUSE: "21"')
    sandbox.services(worker={"exit": 1})
    words = {"code": "ServiceUnavailableException", "status": 400, "message": "no way back"}
    # The roll back, and its first continuation.
    sandbox.fault(
        {"error": words}, service="ecs", operation="UpdateService", internal=True, after=1, times=2
    )
    failed = place.run("up", cwd=tiny).ok(4)
    assert status_of(sandbox, tiny) == "UPDATE_ROLLBACK_FAILED"
    assert "defangctl cd cancel" in failed.err and "console" not in failed.err, failed
    planned = place.run("plan", cwd=tiny).ok()
    assert "UPDATE_ROLLBACK_FAILED" in planned.out + planned.err, planned

    freed = place.run("cd", "cancel", cwd=tiny).ok()
    assert "nothing is under way" not in freed.err
    assert "ServiceWorker" in freed.err and "no way back" in freed.err, freed  # named, and why
    assert status_of(sandbox, tiny) == "UPDATE_ROLLBACK_COMPLETE"
    sandbox.calm()

    # The next `up` does the same by itself, and makes what was left out anew, changed or not.
    kit.edit(tiny, 'PAUSE: "21"', 'PAUSE: "20"')
    put(sandbox, tiny, "UPDATE_ROLLBACK_FAILED", failed=["ServiceWorker"], words="it is stuck")
    ran = place.run("up", cwd=tiny).ok()
    assert "ServiceWorker" in ran.err and "it is stuck" in ran.err, ran
    assert "Deployed:" in ran.err, ran
    assert status_of(sandbox, tiny) == "UPDATE_COMPLETE"
    place.run("down", cwd=tiny).ok()


# What `up` says where it does not go on by itself, and whether `plan` names the state.
DEAD_ENDS = (
    "CREATE_FAILED",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_FAILED",
    "DELETE_FAILED",
    "IMPORT_ROLLBACK_FAILED",
)


def test_trust_33_every_state_in_the_programs(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    """Whatever only looks works in each state, names it where it matters, and points nowhere else;
    what is left of a failed creation is replaced; what cannot be removed is left and named.
    """
    place.run("up", cwd=tiny).ok()
    for status in DEAD_ENDS:
        put(sandbox, tiny, status, reason="somebody did something")
        planned = place.run("plan", cwd=tiny).ok()
        assert status in planned.out and "defangctl" in planned.out, planned
        for verb in (["ps"], ["logs"], ["cd", "ls"], ["cd", "outputs"]):
            looked = place.run(*verb, cwd=tiny)
            assert looked.code in (0, 6), looked
            assert "console" not in looked.err, looked
        if status != "UPDATE_ROLLBACK_FAILED":
            compared = place.run("cd", "refresh", cwd=tiny).ok(5)
            assert status in compared.err and "defangctl" in compared.err, compared
        if status in ("DELETE_FAILED", "IMPORT_ROLLBACK_FAILED"):
            refused = place.run("up", cwd=tiny).ok(5)
            assert "defangctl down" in refused.err, refused
            planned = place.run("plan", "--exit-code", cwd=tiny).ok(5)
            assert status in planned.out and "would refuse" in planned.out, planned
            assert "somebody did something" in planned.out, planned
        if status.startswith("UPDATE"):
            place.run("cd", "cancel", cwd=tiny).ok()
            assert status_of(sandbox, tiny) == "UPDATE_ROLLBACK_COMPLETE"
        else:
            idle = place.run("cd", "cancel", cwd=tiny).ok()
            assert status in idle.err and "defangctl" in idle.err, idle

    put(sandbox, tiny, "ROLLBACK_COMPLETE")
    place.run("up", cwd=tiny).ok()
    assert status_of(sandbox, tiny) == "CREATE_COMPLETE"

    put(sandbox, tiny, "DELETE_FAILED", failed=["ServiceWorker"], words="somebody holds it")
    down = place.run("down", cwd=tiny).ok()
    assert "ServiceWorker" in down.err and "somebody holds it" in down.err, down
    assert status_of(sandbox, tiny) == "none"


def test_a_service_that_was_deleted_by_hand_comes_back(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    """The stack says that all stands; ECS knows better, and so do `ps`, `plan` and `up`."""
    place.run("up", cwd=tiny).ok()
    ecs = sandbox.client("ecs")
    project = (tiny / "compose.yaml").read_text().split()[1]
    [cluster] = [arn for arn in ecs.list_clusters()["clusterArns"] if project in arn]
    for version in ("unchanged", "changed"):
        [service] = ecs.list_services(cluster=cluster)["serviceArns"]
        ecs.delete_service(cluster=cluster, service=service, force=True)
        kit.wait_for(
            lambda gone=service: gone not in ecs.list_services(cluster=cluster)["serviceArns"]
        )
        assert "MISSING" in place.run("ps", cwd=tiny).ok().out
        planned = place.run("plan", cwd=tiny).ok()
        assert "ServiceWorker was deleted from outside" in planned.out + planned.err, planned
        if version == "changed":
            kit.edit(tiny, 'PAUSE: "20"', 'PAUSE: "21"')
        again = place.run("up", cwd=tiny).ok()
        assert "deleted from outside, and made anew: worker" in again.err, again
        assert len(ecs.list_services(cluster=cluster)["serviceArns"]) == 1
        assert "RUNNING" in place.run("ps", cwd=tiny).ok().out
    assert "nothing to change" in place.run("up", cwd=tiny).ok().err
