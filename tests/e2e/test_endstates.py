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
    sandbox.waits(ecs_steady=60)
    up = place.spawn("up", cwd=tiny, env=keys)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    sandbox.control("POST", "expire", {"key": keys["AWS_ACCESS_KEY_ID"]})
    up.seen("BLOCKED_AUTH")
    deployment = place.run("ls", "--json", env=GONE).lines[0]["id"]
    place.run("cancel", "-d", deployment, env=GONE).ok()
    kit.wait_for(lambda: "what was begun is taken back" in up.err, 12)
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
