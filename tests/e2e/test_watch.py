"""One deployment, many terminals: each sees every event from the first; the board fits its window;
Ctrl-C detaches and leaves the deployment alone.

Terminal runs defangctl on a pseudo-terminal of a size that can change, and keeps what it drew. What
must hold: a terminal that is stopped (Ctrl-Z) costs nothing and misses nothing, and a wait that
ends by time leaves the job running.
"""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

import kit


class Terminal:
    """defangctl on a terminal of its own."""

    def __init__(
        self,
        place: kit.Place,
        *arguments: str,
        cwd: pathlib.Path | None = None,
        env: dict[str, str | None] | None = None,
        columns: int = 100,
        lines: int = 30,
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            [str(kit.DEFANGCTL), *arguments],
            cwd=cwd or place.home,
            env=place.env({"TERM": "xterm-256color", **(env or {})}),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        place.started.append(self.process)
        self.data = b""
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self.master, 65536)
            except OSError:
                return
            if not chunk:
                return
            self.data += chunk

    @property
    def text(self) -> str:
        return self.data.decode(errors="replace")

    def seen(self, text: str, seconds: float = 300) -> None:
        kit.wait_for(lambda: text in self.text, seconds, why=f"{text!r} in {self.text[-3000:]}")

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, data: bytes) -> None:
        os.write(self.master, data)

    def end(self, timeout: float = 300) -> int:
        code = self.process.wait(timeout=timeout)
        self.thread.join(timeout=60)
        os.close(self.master)
        return code

    def last_picture(self) -> list[str]:
        """What stands there after the last redraw, without styles."""
        return (
            re.sub(r"\x1b\[[0-9;]*m", "", self.text.rsplit("\x1b[J", 1)[-1])
            .replace("\r", "")
            .splitlines()
        )


def test_four_watchers_see_the_same(
    place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path
) -> None:
    sandbox.waits(build_step=0.1, ecs_steady=1.0)
    terminal = Terminal(place, "up", cwd=slim)
    terminal.seen("deployment")
    kit.wait_for(lambda: place.run("ls", "--json").lines)
    as_json = place.spawn("watch", "--json", cwd=slim)
    plain = place.spawn("watch", "latest", cwd=slim)
    plain.seen("image: building")
    late = place.spawn("watch", "latest", cwd=slim)
    very_late = place.spawn("watch", "--json", "--any")
    assert terminal.end() == 0
    events = as_json.result().ok().lines
    kit.check_sequence(events)
    assert very_late.result().ok().lines == events
    assert late.result().ok().err == plain.result().ok().err
    assert as_json.err == "" and late.out == plain.out != ""
    assert (
        place.run("watch", events[0]["deployment"], "--from", str(len(events) - 2), "--json")
        .ok()
        .lines
        == events[-3:]
    )
    assert (
        place.run(
            "watch",
            events[0]["deployment"],
            "--from",
            str(len(events) + 100),
            "--json",
            timeout=120,
        )
        .ok()
        .lines
        == []
    )
    picture = terminal.last_picture()
    rows = {e["row"]["id"]: e["row"] for e in events if e["kind"] == "EVENT_ROW"}
    for row in rows.values():
        assert any(row["title"][:11] in line and "✔" in line for line in picture), (row, picture)
    assert any("Deployed:" in line for line in picture) and any(
        "http://" in line for line in picture
    )
    place.run("down", cwd=slim).ok()


def test_board_fits_the_window(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    sandbox.waits(ecs_steady=1.5)
    terminal = Terminal(place, "up", cwd=tiny, columns=50, lines=8)
    terminal.seen("worker")
    terminal.resize(40, 8)
    terminal.process.send_signal(signal.SIGWINCH)
    assert terminal.end() == 0
    pictures = terminal.text.split("\x1b[J")[1:-1]
    assert pictures
    for picture in pictures:
        lines = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", picture).replace("\r", "").splitlines()
        assert len(lines) <= 8 and all(len(line) <= 50 for line in lines), lines
    place.run("down", cwd=tiny).ok()


def test_ctrl_c_detaches(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    sandbox.waits(ecs_steady=3.0)
    terminal = Terminal(place, "up", cwd=tiny)
    terminal.seen("worker")
    terminal.type(b"\x03")
    assert terminal.end() == 130
    deployment = place.run("ls", "--json").lines[0]["id"]
    assert f"defangctl watch {deployment}" in terminal.text and "/beta goes on" in terminal.text
    ran = place.run("watch", deployment).ok()
    assert "SUCCEEDED" in ran.err
    place.run("down", cwd=tiny).ok()


def test_wait_timeout_and_detach(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    sandbox.waits(ecs_steady=2.5)
    ran = place.run("up", "--wait-timeout", "1", cwd=tiny).ok(9)
    name = (tiny / "compose.yaml").read_text().split()[1]
    assert f"the deployment of {name}/beta goes on" in ran.err
    place.run("watch", cwd=tiny).ok()
    ran = place.run("down", "--detach", cwd=tiny).ok()
    assert re.fullmatch(r"[0-9a-z]{12}\n", ran.out) and "defangctl watch" in ran.err
    place.run("watch", ran.out.strip()).ok()


def test_stopped_terminal_costs_nothing(
    place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path
) -> None:
    """A terminal that is stopped (Ctrl-Z) holds nothing up and misses nothing."""
    up = place.spawn("up", "--json", cwd=slim)
    kit.wait_for(lambda: up.out)
    sleeper = place.spawn("watch", "--json", cwd=slim)
    kit.wait_for(lambda: sleeper.out)
    sleeper.process.send_signal(signal.SIGSTOP)
    events = up.result().ok().lines
    sleeper.process.send_signal(signal.SIGCONT)
    assert sleeper.result().ok().lines == events
    place.run("down", cwd=slim).ok()


def test_survive_22_23_a_daemon_that_crashes_is_started_by_who_watches(
    place: kit.Place, slim: pathlib.Path
) -> None:
    """Nobody else is there to do it: in mid-deploy, and in the moment after the id was answered."""
    place.kill()
    up = place.spawn("up", "--json", cwd=slim, starts_daemon=True)
    kit.wait_for(lambda: up.out)
    killed: set[int] = set()
    while len(killed) < 3 and up.process.poll() is None:
        status = place.run("daemon", "status", "--json", "--no-spawn")
        if status.code == 0 and status.lines[0]["pid"] not in killed:
            killed.add(status.lines[0]["pid"])
            os.kill(status.lines[0]["pid"], signal.SIGKILL)
    done = up.result().ok()
    events = [json.loads(line) for line in done.out.splitlines()]
    sequences = [e["sequence"] for e in events if "sequence" in e]
    assert sequences == sorted(set(sequences)), sequences
    assert [e["state"] for e in events if "state" in e][-1] == "SUCCEEDED", events[-3:]
    assert len(killed) == 3 and "it is started again" in up.err, up.err
    assert len(place.run("ls", "--json", cwd=slim).ok().lines) == 1
