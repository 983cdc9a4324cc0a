"""The commands that are not a deployment: version, help, whoami, config, cd, daemon; and what goes
to which stream.

stdout carries data only, everything said to a person goes to stderr; with --json an error is an
object there too. `compose X` is X, in the spelling of Docker's plugin. One daemon serves a state
folder; without one the client starts it, unless --no-spawn forbids it.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

import pytest

import kit

COMMANDS = [
    "up",
    "down",
    "ps",
    "ls",
    "watch",
    "logs",
    "cancel",
    "plan",
    "eject",
    "config set",
    "config ls",
    "config rm",
    "compose config",
    "compose lint",
    "cd bootstrap",
    "cd template",
    "cd teardown",
    "whoami",
    "daemon status",
    "daemon stop",
    "daemon path",
    "version",
]


def test_version(place: kit.Place) -> None:
    client, daemon = place.run("version").ok().out.splitlines()
    assert client.startswith("defangctl 0.") and daemon.startswith("defangd 0.")
    assert place.run("version", "--json").ok().lines == [{"client": client, "daemon": daemon}]
    assert place.run("--version").ok().out.startswith(client)


@pytest.mark.parametrize("words", COMMANDS)
def test_help(place: kit.Place, words: str) -> None:
    ran = place.run(*words.split(), "--help").ok()
    assert words in ran.out and ran.err == ""


def test_help_lists_all(place: kit.Place) -> None:
    text = place.run("--help").ok().out
    assert not [words for words in COMMANDS if words not in text]
    assert place.run().ok(2)


def test_whoami(place: kit.Place) -> None:
    who = place.run("whoami", "--json").ok().lines[0]
    assert (
        who["account"] == kit.ACCOUNT
        and who["region"] == kit.REGION
        and who["endpoint"] == place.sandbox.url
    )
    assert who["access_key_tail"] == kit.KEY[-4:]
    ran = place.run("whoami", "--region", "eu-west-1").ok()
    assert "eu-west-1 (--region" in ran.out or "eu-west-1 (" in ran.out
    assert kit.SECRET not in ran.out + ran.err


def test_whoami_by_profile(place: kit.Place) -> None:
    (place.home / ".aws").mkdir()
    (place.home / ".aws/credentials").write_text(
        f"[work]\naws_access_key_id = {kit.KEY}\naws_secret_access_key = {kit.SECRET}\n"
    )
    (place.home / ".aws/config").write_text("[profile work]\nregion = ap-south-1\n")
    gone = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_REGION": None}
    who = place.run("whoami", "--json", "--profile", "work", env=gone).ok().lines[0]
    assert who["profile"] == "work" and who["region"] == "ap-south-1"
    place.run("whoami", "--profile", "wrk", env=gone).ok(3)


def test_config(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    name = (tiny / "compose.yaml").read_text().split()[1]
    assert place.run("config", "ls", cwd=tiny).ok().out == ""
    place.run("config", "set", "B", cwd=tiny, text="two\n").ok()
    place.run("config", "set", "A=one", cwd=tiny).ok()
    place.run("config", "set", "C", "--random", cwd=tiny).ok()
    assert (
        "kept" in place.run("config", "set", "B", "--if-not-set", cwd=tiny, text="three").ok().err
    )
    assert place.run("config", "ls", cwd=tiny).ok().out.split() == ["A", "B", "C"]
    assert place.run("config", "ls", "-p", name, "--json").ok().lines[0]["names"] == ["A", "B", "C"]
    ssm = sandbox.client("ssm")
    values = {
        p["Name"].rsplit("/", 1)[1]: p
        for p in ssm.get_parameters_by_path(Path=f"/Defang/{name}/beta/", WithDecryption=True)[
            "Parameters"
        ]
    }
    assert (
        values["A"]["Value"] == "one"
        and values["B"]["Value"] == "two"
        and len(values["C"]["Value"]) >= 32
    )
    assert {p["Type"] for p in values.values()} == {"SecureString"}
    ran = place.run("config", "rm", "A", "B", "C", "D", cwd=tiny).ok()
    assert "A is removed" in ran.err and "D was not set" in ran.err
    assert place.run("config", "ls", cwd=tiny).ok().out == ""
    place.run("config", "set", "bad name=x", cwd=tiny).ok(2)
    place.run("config", "set", "EMPTY", cwd=tiny, text="").ok(2)


def test_cd(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """Made, made again without effect, refused while a project needs it, removed but for its
    bucket. In a region of its own.
    """
    region = ("--region", "eu-west-1")
    template = json.loads(place.run("cd", "template").ok().out)
    assert {"AWS::S3::Bucket", "AWS::ECS::Cluster", "AWS::EC2::VPC"} <= {
        r["Type"] for r in template["Resources"].values()
    }
    mark = sandbox.mark()
    place.run("cd", "bootstrap", *region).ok()
    assert "CreateStack" in str(sandbox.changes(mark)) or "ExecuteChangeSet" in str(
        sandbox.changes(mark)
    )
    cloudformation = sandbox.client("cloudformation", "eu-west-1")
    outputs = {
        o["OutputKey"]: o["OutputValue"]
        for o in cloudformation.describe_stacks(StackName="defang-cd")["Stacks"][0]["Outputs"]
    }
    mark = sandbox.mark()
    assert "up to date" in place.run("cd", "bootstrap", *region).ok().err
    assert "ExecuteChangeSet" not in sandbox.operations(mark)
    place.run("up", *region, cwd=tiny).ok()
    ran = place.run("cd", "teardown", *region).ok(5)
    assert (tiny / "compose.yaml").read_text().split()[1] in ran.err
    place.run("down", *region, cwd=tiny).ok()
    ran = place.run("cd", "teardown", *region).ok()
    assert f"kept: bucket {outputs['bucketName']}" in ran.err
    assert not [
        s
        for s in cloudformation.list_stacks()["StackSummaries"]
        if s["StackStatus"] != "DELETE_COMPLETE"
    ]
    sandbox.client("s3", "eu-west-1").head_bucket(Bucket=outputs["bucketName"])
    place.run("cd", "bootstrap", *region).ok()  # the kept bucket is no obstacle


def test_daemon_commands(place: kit.Place) -> None:
    status = place.run("daemon", "status", "--json").ok().lines[0]
    assert (
        place.daemon
        and status["pid"] == place.daemon.pid
        and status["state_folder"] == str(place.state)
    )
    paths = place.run("daemon", "path", "--json").ok().lines[0]
    assert paths == {"socket": str(place.runtime / "s"), "state_folder": str(place.state)}
    place.run("daemon", "stop").ok()
    place.run(
        "daemon", "status"
    ).ok()  # starts the next one, though the first may still be on its way out
    assert place.daemon.wait(timeout=120) == 0
    place.daemon = None
    place.run("daemon", "stop").ok()
    place.run("daemon", "stop").ok()
    place.run("daemon", "status", "--no-spawn").ok(11)
    assert place.run("version").ok().out.splitlines()[1] == "defangd does not run"


def test_daemon_starts_by_itself(place: kit.Place) -> None:
    place.stop()
    status = place.run("daemon", "status", "--json").ok().lines[0]
    try:
        environment = (
            pathlib.Path(f"/proc/{status['pid']}/environ").read_bytes() if os.getuid() == 0 else b""
        )
        assert b"AWS_" not in environment
        assert (place.state / "defangd.log").exists()
    finally:
        place.run("daemon", "stop").ok()
    log = (place.state / "defangd.log").read_text()
    assert "AddressSanitizer" not in log and "LeakSanitizer" not in log, log


def test_survive_22_a_daemon_that_dies_before_its_hello(place: kit.Place) -> None:
    """It had taken the connection, and is gone: as if nobody had been there."""
    place.stop()
    path = place.environment["DEFANG_SOCKET"]
    with socket.socket(socket.AF_UNIX) as dying:
        dying.bind(path)
        os.chmod(path, 0o600)
        dying.listen(1)

        def die() -> None:
            connection = dying.accept()[0]
            dying.close()
            connection.close()

        death = threading.Thread(target=die)
        death.start()
        status = place.run("daemon", "status", "--json").ok().lines[0]
        death.join()
    assert status["pid"] != os.getpid()
    place.run("daemon", "stop").ok()


def test_daemon_is_not_installed(place: kit.Place, tmp_path: pathlib.Path) -> None:
    """Without defangd beside it or in PATH: said at once, with where it was looked for."""
    place.stop()
    alone = tmp_path / "alone" / "defangctl"
    alone.parent.mkdir()
    shutil.copy(kit.DEFANGCTL, alone)

    def status() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(alone), "daemon", "status"],
            env=place.env({"PATH": f"{tmp_path}/other:/usr/bin"}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    begun = time.monotonic()
    done = status()
    assert done.returncode == 11 and time.monotonic() - begun < 10, done
    assert f"{alone.parent}/defangd" in done.stderr and f"{tmp_path}/other" in done.stderr
    (alone.parent / "defangd").write_text("no program\n")
    (alone.parent / "defangd").chmod(0o755)
    done = status()
    assert done.returncode == 11 and "Exec format error" in done.stderr, done


def test_one_daemon_per_state_folder(place: kit.Place) -> None:
    environment = {**place.environment, "DEFANG_SOCKET": str(place.runtime / "other")}
    done = subprocess.run(
        [str(kit.DEFANGD)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0 and str(place.state) in done.stderr, done
    place.run("daemon", "status", "--no-spawn").ok()


def test_streams(place: kit.Place, tiny: pathlib.Path) -> None:
    """stdout carries data only; errors with --json are objects there, and sentences on stderr."""
    ran = place.run("ps", "--json", cwd=tiny).ok(6)
    assert ran.lines[0]["error"]["exit_code"] == 6 and ran.lines[0]["error"]["message"]
    assert "is not deployed" in ran.err
    ran = place.run("ps", cwd=tiny).ok(6)
    assert ran.out == "" and "defangctl up" in ran.err
    assert "\x1b" not in ran.err
    assert "\x1b[" in place.run("ps", "--color", "always", cwd=tiny).ok(6).err
    kit.edit(tiny, "    image: busybox:1.36", "    imagge: busybox:1.36")
    error = place.run("up", "--json", cwd=tiny).ok(2).lines[-1]["error"]
    assert error["exit_code"] == 2


def test_other_folder_and_files(
    place: kit.Place, tiny: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "more.yaml").write_text("services:\n  second:\n    image: nginx:1\n")
    names = (
        place.run(
            "compose",
            "config",
            "--services",
            "-C",
            str(tiny),
            "-f",
            "compose.yaml",
            "-f",
            str(tmp_path / "more.yaml"),
        )
        .ok()
        .out.split()
    )
    assert names == ["second", "worker"]
    (tmp_path / "vars").write_text("TAG=9.9\n")
    kit.edit(tiny, "busybox:1.36", "busybox:${TAG:-1}")
    assert (
        "busybox:9.9"
        in place.run("compose", "config", "--env-file", str(tmp_path / "vars"), cwd=tiny).ok().out
    )
    assert "busybox:7" in place.run("compose", "config", cwd=tiny, env={"TAG": "7"}).ok().out


def test_compose_spelling(place: kit.Place, tiny: pathlib.Path) -> None:
    """`compose X` is X, also for what the plugin's users type."""
    assert "Deployed:" in place.run("compose", "up", "--wait-timeout=90", cwd=tiny).ok().err
    assert "busybox" in place.run("compose", "ps", cwd=tiny).ok().out
    assert "busybox:1.36" in place.run("compose", "logs", cwd=tiny).ok().out
    assert "Done." in place.run("compose", "down", cwd=tiny).ok().err
