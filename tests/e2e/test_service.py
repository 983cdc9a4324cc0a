"""The daemon as a user service of a real systemd, and as a program that a shell started: what it
starts with, how it is stopped and taken over, what happens when its files are removed.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
from collections.abc import Iterator

import pytest

import kit
from user_manager import Manager


@pytest.fixture
def home(account: kit.Sandbox, tmp_path: pathlib.Path) -> Iterator[kit.Place]:
    """Folders where systemd's units expect them; no daemon yet."""
    with kit.place_at(tmp_path / "p", account, start=False) as place:
        for name in ("DEFANG_STATE_DIR", "DEFANG_SOCKET"):
            del place.environment[name]
        place.state = place.home / ".local/state/defang"
        place.environment["XDG_RUNTIME_DIR"] = str(place.runtime)
        yield place
        place.run("daemon", "stop")


@pytest.fixture
def manager(home: kit.Place) -> Iterator[Manager]:
    started = Manager(home.home, home.runtime)
    home.inside = started.inside
    yield started
    home.run("daemon", "stop")
    home.inside = []
    started.end()


def status(place: kit.Place) -> str:
    return place.run("daemon", "status").ok().out


def pid_of(place: kit.Place) -> int:
    return int((place.state / "lock").read_text())


def runs(pid: int) -> bool:
    """A zombie does not, whoever is to reap it."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def project(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> pathlib.Path:
    return kit.copy_project(
        "tiny", tmp_path / "tiny", project=kit.project_name("t", request.node.name)
    )


@pytest.mark.parametrize("hardened", [False, True])
def test_fresh_05_07_it_starts_reloads_and_stops(
    home: kit.Place, manager: Manager, hardened: bool
) -> None:
    manager.units(hardened=hardened)
    assert "rror" not in manager.ctl("start", "defangd.socket")
    assert "under systemd" in status(home), manager.ctl("status", "defangd")
    first = pid_of(home)
    manager.ctl("reload", "defangd")
    assert pid_of(home) == first and manager.property("Result") == "success"

    for _ in range(7):  # and no limit is met
        stopped = home.run("daemon", "stop").ok()
        assert "systemd starts it again" in stopped.err, stopped
        assert not runs(first)
        assert manager.property("ActiveState") in ("inactive", "deactivating")
        status(home)
        first = pid_of(home)
    assert manager.property("NRestarts") == "0"
    if not hardened:
        helper_writes_home(home)


def helper_writes_home(home: kit.Place) -> None:
    """Row 11: a credential_process without a terminal, so that the daemon runs it."""
    (home.home / ".aws").mkdir(exist_ok=True)
    helper = home.home / "helper"
    helper.write_text(
        "#!/bin/sh\nmkdir -p ~/.awsvault && date > ~/.awsvault/used\n"
        f'echo \'{{"Version":1,"AccessKeyId":"{kit.KEY}","SecretAccessKey":"{kit.SECRET}"}}\'\n'
    )
    helper.chmod(0o700)
    (home.home / ".aws/config").write_text(
        f"[profile vault]\nregion = {kit.REGION}\ncredential_process = {helper}\n"
    )
    gone = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_PROFILE": "vault"}
    home.run("whoami", env=gone).ok()
    assert (home.home / ".awsvault/used").exists()


def test_survive_12_the_watchdog_kills_and_the_job_goes_on(
    home: kit.Place,
    manager: Manager,
    sandbox: kit.Sandbox,
    tmp_path: pathlib.Path,
    request: pytest.FixtureRequest,
) -> None:
    tiny = project(tmp_path, request)
    manager.units(drop_in="WatchdogSec=8s")
    manager.ctl("start", "defangd.socket")
    sandbox.waits(ecs_steady=2.0)
    up = home.spawn("up", cwd=tiny)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    first = pid_of(home)
    os.kill(first, signal.SIGSTOP)
    up.result().ok()
    assert pid_of(home) != first and int(manager.property("NRestarts")) >= 1
    kit.check_sequence(home.events("latest"))
    home.run("down", cwd=tiny).ok()


def test_fresh_06_the_service_takes_over_from_a_shells_daemon(
    home: kit.Place,
    manager: Manager,
    sandbox: kit.Sandbox,
    tmp_path: pathlib.Path,
    request: pytest.FixtureRequest,
) -> None:
    tiny = project(tmp_path, request)
    manager.units()
    sandbox.waits(ecs_steady=2.0)
    assert "under systemd" not in status(home)
    first = pid_of(home)
    up = home.spawn("up", cwd=tiny)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    manager.ctl("start", "defangd.socket")
    assert "under systemd" in status(home)
    assert not runs(first)
    up.result().ok()
    assert manager.property("NRestarts") == "0"
    # row 12: what systemd does at the last logout is said
    ran = home.run("up", "-d", cwd=tiny).ok()
    assert "loginctl enable-linger" in ran.err, ran
    home.run("watch", ran.out.strip()).ok()
    home.run("down", cwd=tiny).ok()


def test_fresh_05_07_a_unit_that_fails_is_named(home: kit.Place, manager: Manager) -> None:
    manager.units(drop_in="ExecStart=\nExecStart=/bin/sh -c 'echo no luck today; exit 3'")
    manager.ctl("start", "defangd.socket")
    said = home.run("ls", "--no-spawn")
    assert said.code == 11 and "systemctl --user status defangd" in said.err, said
    kit.wait_for(lambda: manager.property("ActiveState", "defangd.socket") == "failed")
    said = home.run("ls").ok()
    assert "defangd.service has failed" in said.err and "without it" in said.err, said
    assert "under systemd" not in status(home)


# ---- without systemd ----


def test_what_a_shell_has_open_is_none_of_the_daemons(home: kit.Place) -> None:
    """A session of its own, and nothing of the shell's open."""
    reader, writer = os.pipe()
    subprocess.run(
        [str(kit.DEFANGCTL), "daemon", "status"],
        env=home.env(),
        pass_fds=(writer,),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )
    os.close(writer)
    assert os.read(reader, 1) == b""  # nobody holds its other end
    pid = pid_of(home)
    assert os.getsid(pid) != os.getsid(0)


@pytest.mark.parametrize("how", ["stopped", "refusing"])
def test_survive_24_stop_always_works(home: kit.Place, how: str) -> None:
    status(home)
    pid = pid_of(home)
    if how == "stopped":
        os.kill(pid, signal.SIGSTOP)
    else:
        (home.runtime / "defang/defangd.sock").unlink()
    stopped = home.run("daemon", "stop").ok()
    assert str(pid) in stopped.err and not runs(pid), stopped
    assert "does not run" in home.run("daemon", "stop").ok().err


@pytest.mark.parametrize("what", ["folder", "database", "lock", "socket"])
def test_survive_32_what_is_removed_is_noticed(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path, what: str
) -> None:
    sandbox.waits(ecs_steady=3.0)
    up = place.spawn("up", cwd=tiny, starts_daemon=True)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    assert place.daemon
    if what == "folder":
        shutil.rmtree(place.state)
    elif what == "socket":
        (place.runtime / "s").unlink()
    else:
        (place.state / ("lock" if what == "lock" else "state.db")).unlink()

    if what in ("lock", "socket"):  # made again, and all goes on
        up.result().ok()
        name = place.state / "lock" if what == "lock" else place.runtime / "s"
        kit.wait_for(name.exists)
        place.run("down", cwd=tiny).ok()
        return
    assert place.daemon.wait(timeout=60) == 1
    assert "was removed or replaced" in place.daemon_log.read_text()
    place.daemon = None
    ended = up.result()
    assert ended.code not in (0, None), ended
    place.run("up", cwd=tiny).ok()  # what AWS has is gone on from
    place.run("down", cwd=tiny).ok()
