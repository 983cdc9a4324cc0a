"""The loop never stands and the daemon always ends (issue 13, survive.md rows 4, 8, 20, 24, 26).

Large projects beside other terminals, `daemon stop` and SIGTERM in the states in which somebody
waits, a database that another process holds, and a daemon that cannot be asked or cannot start.
"""

from __future__ import annotations

import os
import pathlib
import signal
import sqlite3
import time

import pytest

import kit

BOUND = 15  # seconds: a machine under load is given some more, the log tells what was waited for


def chain(folder: pathlib.Path, services: int) -> pathlib.Path:
    folder.mkdir()
    lines = ["services:"]
    for i in range(services):
        lines += [f"  s{i}:", "    image: nginx:1"]
        if i:
            lines.append(f"    depends_on: [s{i - 1}]")
    (folder / "compose.yaml").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("services", [1000, 30000])
def test_survive_20_too_many_services_are_told_at_once(
    place: kit.Place, tmp_path: pathlib.Path, services: int
) -> None:
    folder = chain(tmp_path / "chain", services)
    for command, code in (("lint", 2), ("explain", 5), ("plan", 5), ("up", 5), ("ps", 5)):
        arguments = ("compose", "lint") if command == "lint" else (command,)
        ran = place.run(*arguments, cwd=folder).ok(code)
        assert f"the project has {services} services" in ran.err + ran.out, ran
        assert "at most 250 services" in ran.err + ran.out
    assert place.run("daemon", "status").code == 0


def test_survive_04_a_followed_cancel_does_not_hold_up_the_end(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    """The job is shielded while it follows what CloudFormation takes back; the next life goes on
    with it, and it ends canceled.
    """
    sandbox.waits(ecs_steady=40.0, ecs_drain=40.0)
    up = place.spawn("up", cwd=tiny)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    place.run("cancel", cwd=tiny).ok()
    up.seen("cancel")
    began = time.monotonic()
    assert place.stop() == 0
    assert time.monotonic() - began < BOUND + 5, place.log_text()
    sandbox.calm()
    place.start()
    ran = up.result(timeout=240)
    assert ran.code in (0, 8), ran
    kit.check_sequence(place.events("latest"))


def test_survive_08_a_database_that_another_holds(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    sandbox.waits(ecs_steady=2.0)
    up = place.spawn("up", cwd=tiny)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    with sqlite3.connect(place.state / "state.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        kit.wait_for(lambda: "jobs pause" in place.log_text())
        refused = place.run("up", "-d", "--project-name", "other", cwd=tiny)
        assert refused.code == 1 and "locked" in refused.err, refused
        assert "fuser -v" in refused.err and "disk" not in refused.err, refused
        assert place.run("ls", cwd=tiny).code == 0  # reading goes on
        other.execute("ROLLBACK")
    other.close()
    up.result().ok()
    kit.check_sequence(place.events("latest"))


def test_survive_24_a_stopped_daemon_is_stopped_all_the_same(
    place: kit.Place, tmp_path: pathlib.Path
) -> None:
    daemon = place.daemon
    assert daemon
    os.kill(daemon.pid, signal.SIGSTOP)
    ran = place.run("daemon", "stop").ok()
    assert f"pid {daemon.pid}" in ran.err and "does not run" not in ran.err, ran
    assert daemon.wait(timeout=30) == 0
    assert "does not run" in place.run("daemon", "stop").ok().err

    # Its socket gone: nobody can ask it, and it holds the state.
    place.start()
    daemon = place.daemon
    assert daemon
    pathlib.Path(place.environment["DEFANG_SOCKET"]).unlink()
    ran = place.run("daemon", "stop").ok()
    assert f"pid {daemon.pid}" in ran.err, ran
    assert daemon.wait(timeout=30) == 0
    place.daemon = None


def newer_schema(place: kit.Place) -> str:
    with sqlite3.connect(place.state / "state.db") as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()
    return "newer"


def bad_key(place: kit.Place) -> str:
    (key,) = [p for p in place.state.iterdir() if "key" in p.name]
    key.write_bytes(b"short")
    return "key"


def socket_in_the_way(place: kit.Place) -> str:
    path = pathlib.Path(place.environment["DEFANG_SOCKET"])
    path.unlink(missing_ok=True)
    path.mkdir()
    (path / "x").touch()
    return str(path)


def path_in_the_way(place: kit.Place) -> str:
    (place.state / "state.db").unlink()
    (place.state / "state.db").mkdir()
    return "state.db"


@pytest.mark.parametrize("breaks", [newer_schema, bad_key, socket_in_the_way, path_in_the_way])
def test_survive_26_why_it_cannot_start_is_said_at_once(place: kit.Place, breaks: object) -> None:
    assert callable(breaks)
    place.stop()
    word = breaks(place)
    ran = place.run("daemon", "status", timeout=60)
    assert ran.code == 11, ran
    assert "cannot start" in ran.err and word in ran.err, ran
    assert "did not come up" not in ran.err


def test_survive_13_the_log_is_rotated(place: kit.Place) -> None:
    """A daemon that a client starts writes into a file of its own: at most twice 10 MB."""
    place.stop()
    log = place.state / "defangd.log"
    with open(log, "wb") as f:
        f.truncate(11 << 20)
    place.run("daemon", "status").ok()
    assert log.stat().st_size < 1 << 20
    assert (place.state / "defangd.log.1").stat().st_size == 11 << 20
    place.run("daemon", "stop").ok()


def test_a_child_hears_signals(place: kit.Place) -> None:
    """The daemon's threads have SIGTERM blocked; what they start must not."""
    script = place.home / "process"
    script.write_text("#!/bin/sh\ngrep SigBlk /proc/self/status > $HOME/mask\nexit 1\n")
    script.chmod(0o755)
    (place.home / ".aws").mkdir(exist_ok=True)
    (place.home / ".aws" / "config").write_text(f"[profile p]\ncredential_process = {script}\n")
    gone = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_PROFILE": "p"}
    place.run("whoami", env=gone)
    if not (place.home / "mask").exists():
        pytest.skip("the client ran it")
    assert int((place.home / "mask").read_text().split()[1], 16) == 0
