"""Whose a deployment is: it goes on as who began it, and as nobody else.

Each test brings a deployment to a moment, takes its credentials away, and offers others. What must
hold: after a restart a profile that means another account, or nothing, is asked who it is and no
more; another shell's keys are taken only when they are the same principal's, or when somebody says
so; what asks on a terminal is run on one, also in mid-deploy.
"""

from __future__ import annotations

import json
import pathlib

import kit
from test_terminal import NO_KEYS, process_file
from test_watch import Terminal

OTHER = "222222222222"


def make_role(sandbox: kit.Sandbox, name: str) -> None:
    iam = sandbox.client("iam")
    if name in [r["RoleName"] for r in iam.list_roles()["Roles"]]:
        return
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{kit.ACCOUNT}:root"},
        "Action": "sts:AssumeRole",
    }
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def role(sandbox: kit.Sandbox, name: str, account: str = kit.ACCOUNT) -> dict[str, str]:
    if account == kit.ACCOUNT:
        make_role(sandbox, name)
    keys = sandbox.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{name}", RoleSessionName="someone"
    )["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def profile(place: kit.Place, name: str, keys: dict[str, str]) -> None:
    (place.home / ".aws").mkdir(exist_ok=True)
    lines = [f"[{name}]", *(f"{k.lower()} = {v}" for k, v in keys.items())]
    (place.home / ".aws" / "credentials").write_text("\n".join(lines) + "\n")


def test_trust_12_only_who_began_it_goes_on(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    mine = role(sandbox, "deployer")
    sandbox.waits(ecs_steady=1.5)
    up = place.spawn("up", cwd=tiny, env=mine)
    up.seen("CREATE_IN_PROGRESS")
    sandbox.control("POST", "expire", {"key": mine["AWS_ACCESS_KEY_ID"]})
    up.seen("BLOCKED_AUTH")
    row = place.run("ls", "--json").lines[0]
    owner = f"arn:aws:sts::{kit.ACCOUNT}:assumed-role/deployer"
    assert row["principal"] == owner and row["state"] == "BLOCKED_AUTH"

    reader = role(sandbox, "reader")
    place.run("whoami", env=reader).ok()
    up.seen(f"assumed-role/reader were offered and not taken: this deployment belongs to {owner}")
    ran = place.run("resume", row["id"], env=reader).ok(3)
    assert owner in ran.err and "assumed-role/reader" in ran.err
    assert f"defangctl resume --as-me {row['id']}" in ran.err
    ran = place.run("resume", "--as-me", row["id"], env=role(sandbox, "deployer", OTHER)).ok(3)
    assert kit.ACCOUNT in ran.err and OTHER in ran.err
    assert place.run("ls", "--json").lines[0]["state"] == "BLOCKED_AUTH"

    ran = place.run("resume", "--as-me", cwd=tiny, env=reader).ok()  # this folder's
    assert "goes on as" in ran.err
    up.result().ok()
    assert place.run("ls", "--json").lines[0]["principal"].endswith("assumed-role/reader")
    place.run("resume", cwd=tiny, env=reader).ok(6)
    place.run("resume", row["id"], env=reader).ok(5)
    place.run("down", cwd=tiny).ok()


def test_trust_11_the_profile_is_another_account_after_a_restart(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    profile(place, "corp", role(sandbox, "deployer"))
    sandbox.waits(ecs_steady=1.5)
    env = {**NO_KEYS, "AWS_PROFILE": "corp"}
    up = place.spawn("up", cwd=tiny, env=env)
    up.seen("CREATE_IN_PROGRESS")
    place.kill()
    up.process.kill()
    stranger = role(sandbox, "deployer", OTHER)
    profile(place, "corp", stranger)
    mark = sandbox.mark()
    place.start()
    ident = place.run("ls", "--json").lines[0]["id"]
    watch = place.spawn("watch", ident, cwd=tiny, env=env)
    watch.seen("BLOCKED_AUTH")
    assert f"is account {OTHER}" in watch.err and kit.ACCOUNT in watch.err, watch.err
    theirs = [e for e in sandbox.journal(mark) if stranger["AWS_ACCESS_KEY_ID"] in json.dumps(e)]
    assert theirs and {e["operation"] for e in theirs} == {"GetCallerIdentity"}

    # access 16: gone altogether is no failure either
    (place.home / ".aws" / "credentials").unlink()
    place.kill()
    place.start()
    again = place.spawn("watch", ident, cwd=tiny, env=GONE)
    again.seen("BLOCKED_AUTH")
    kit.wait_for(lambda: place.run("ls", "--json").lines[0]["state"] == "BLOCKED_AUTH")
    profile(place, "corp", role(sandbox, "deployer"))
    place.run("whoami", env=env).ok()
    again.result().ok()
    place.run("down", cwd=tiny).ok()


GONE = {**NO_KEYS, "AWS_SESSION_TOKEN": None}


def test_access_1_the_process_is_asked_again_in_mid_deploy(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    def keys() -> dict[str, str]:
        mine = role(sandbox, "deployer")
        (place.home / "keys.json").write_text(
            json.dumps(
                {
                    "Version": 1,
                    "AccessKeyId": mine["AWS_ACCESS_KEY_ID"],
                    "SecretAccessKey": mine["AWS_SECRET_ACCESS_KEY"],
                    "SessionToken": mine["AWS_SESSION_TOKEN"],
                    "Expiration": "2099-01-01T00:00:00Z",
                }
            )
        )
        return mine

    process_file(place)
    mine = keys()
    sandbox.waits(ecs_steady=1.5)
    up = Terminal(place, "up", "--detach", cwd=tiny, env=NO_KEYS)
    up.seen("Code for")
    up.type(b"4711\n")
    assert up.end() == 0, up.text
    plain = place.spawn("watch", cwd=tiny)
    plain.seen("CREATE_IN_PROGRESS")
    keys()
    sandbox.control("POST", "expire", {"key": mine["AWS_ACCESS_KEY_ID"]})
    plain.seen("BLOCKED_AUTH")
    watch = Terminal(place, "watch", cwd=tiny, env=NO_KEYS)
    watch.seen("Code for")
    watch.type(b"4711\n")
    assert watch.end() == 0, watch.text
    plain.result().ok()
    place.run("down", cwd=tiny).ok()
