"""One world of a run: a state folder, the lives of a daemon in it, and a person who follows what he
asked for to its end, whatever happens to the daemon.

A life is started with the point where it is to die (or none) and a file in which the points that it
reaches are recorded. `follow()` is the person: the command is typed once; when the daemon dies it
is started again; where the command itself ended with the daemon, the list is looked at, and the
deployment watched, or, where there is none, the command typed again.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import kit

PATIENCE = 240.0  # seconds for anything: a loaded machine is no failure


PRELOADED = {"power": "DEFANG_POWER", "full": "DEFANG_FULL", "clock": "DEFANG_CLOCK"}
# "stop:K:SECONDS": the daemon stands still from its Kth point on; "away:K:SECONDS": AWS does.
OUTER = ("stop", "away")


def survived(fault: str) -> bool:
    """One that nobody dies of."""
    return fault.partition(":")[0] in ("full", "clock", *OUTER)


class Broken(AssertionError):
    """What must hold did not."""


@dataclass
class Followed:
    """How a command ended, seen by who typed it."""

    code: int
    deployment: str
    events: list[dict[str, Any]]
    seen: list[dict[str, Any]]  # by the command that was typed, over all lives of the daemon
    deaths: int
    points: list[list[str]] = field(default_factory=list)  # of each life

    @property
    def state(self) -> str:
        return kit.final_state(self.events) if self.events else "NONE"

    @property
    def rows(self) -> dict[str, str]:
        """The last state of each row of the board."""
        last: dict[str, str] = {}
        for event in self.events:
            if event["kind"] == "EVENT_ROW":
                last[event["row"]["id"]] = event["row"].get("state", "")
        return last


class World(kit.Place):
    def __init__(self, folder: pathlib.Path, sandbox: kit.Sandbox) -> None:
        super().__init__(folder, sandbox)
        self.lives = 0
        self.may_give_up = False
        self.outer: list[str] = []
        self.known: set[str] = set()  # deployments of earlier commands
        self.more: dict[str, str] = {}  # variables of the daemon, for all lives

    def record_of(self, life: int) -> pathlib.Path:
        return self.folder / f"points-{life}"

    def points(self, life: int) -> list[str]:
        path = self.record_of(life)
        return path.read_text().split() if path.exists() else []

    def live(self, fault: str = "") -> bool:
        """Starts the daemon; False when it died before it served."""
        assert self.daemon is None
        self.lives += 1
        environment = {k: v for k, v in self.environment.items() if not k.startswith("AWS_")}
        environment.update(self.more, DEFANG_FAULT_RECORD=str(self.record_of(self.lives)))
        environment.update(armed(fault))
        self.may_give_up = fault.startswith("full:")
        self.outer = fault.split(":") if fault.startswith(OUTER) else []
        with open(self.daemon_log, "ab") as log:
            self.daemon = subprocess.Popen(
                [str(kit.DEFANGD), "--log-level", "info"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd="/",
            )
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.dead():
                return False
            with socket.socket(socket.AF_UNIX) as s:
                try:
                    s.connect(self.environment["DEFANG_SOCKET"])
                    return True
                except OSError:
                    time.sleep(0.01)
        raise Broken("the daemon does not serve")

    def dead(self) -> bool:
        """Killed itself, as it was told to. Any other end is none that may be."""
        assert self.daemon
        code = self.daemon.poll()
        if code is None:
            return False
        if code != -9 and not (self.may_give_up and code > 0 and "disk" in self.log_text()):
            raise Broken(f"the daemon ended with {code}: {self.log_text()[-3000:]}")
        self.daemon = None
        return True

    def revive(self, faults: list[str]) -> int:
        """Starts it until it serves, the next fault armed each time; how often it died of that."""
        deaths = 0
        while not self.live(faults.pop(0) if faults else ""):
            deaths += 1
        return deaths

    def run(self, *arguments: str, **more: Any) -> kit.Ran:
        """Never by a daemon that a command starts by itself: that would know no fault."""
        more.setdefault("timeout", PATIENCE)
        return super().run(*arguments, "--no-spawn", **more)

    def ended(self) -> None:
        """Between two commands."""
        if self.daemon:
            self.kill()

    def new_rows(self, before: set[str]) -> list[dict[str, Any]] | None:
        """Deployments that were not there before; None when the daemon died of the question."""
        ran = self.run("ls", "--json")
        return [r for r in ran.lines if r["id"] not in before] if ran.code == 0 else None

    def follow(
        self,
        arguments: list[str],
        cwd: pathlib.Path,
        faults: list[str],
        during: Callable[[], bool] | None = None,
    ) -> Followed:
        """`faults`: where each life dies, the first the one that is to be started. `during` is
        called while it runs, until it returns True.
        """
        faults = list(faults)
        before, given = self.known, len(faults)
        first = self.lives + 1
        deaths = self.revive(faults)
        typed = following = self.spawn(*arguments, "--json", cwd=cwd)
        end = time.monotonic() + PATIENCE
        while following.process.poll() is None or not self.settled(before):
            if time.monotonic() > end:
                raise Broken(f"{arguments} does not end: {following.out}\n{following.err}")
            if self.daemon is None or self.dead():
                deaths += 1 + self.revive(faults)
                end = time.monotonic() + PATIENCE
            elif following.process.poll() is not None:
                following = self.go_on(following, arguments, cwd, before)
            else:
                self.stand_still()
                if during and during():
                    during = None
                time.sleep(0.02)
        points = [self.points(life) for life in range(first, self.lives + 1)]
        if deaths < given:  # one is still armed
            self.ended()
        if self.daemon is None:
            self.revive([])
        new = self.new_rows(before) or []
        if len(new) > 1:
            raise Broken(f"{len(new)} deployments of one command: {new}")
        events = self.events(new[0]["id"]) if new else []
        self.known = before | {row["id"] for row in new}
        self.ended()
        return Followed(
            following.process.returncode,
            new[0]["id"] if new else "",
            events,
            [e for e in lines_of(typed.out) if "sequence" in e],
            deaths,
            points,
        )

    def stand_still(self) -> None:
        if not self.outer or len(self.points(self.lives)) < int(self.outer[1]):
            return
        assert self.daemon
        pid = self.daemon.pid if self.outer[0] == "stop" else self.sandbox.process_id
        os.kill(pid, signal.SIGSTOP)
        time.sleep(float(self.outer[2]))
        os.kill(pid, signal.SIGCONT)
        self.outer = []

    def settled(self, before: set[str]) -> bool:
        """The command has ended by what it was about, not by the daemon's death."""
        if self.daemon is None or self.dead():
            return False
        new = self.new_rows(before)
        return bool(new) and new[0]["state"] in kit.TERMINAL

    def go_on(
        self, ended: kit.Following, arguments: list[str], cwd: pathlib.Path, before: set[str]
    ) -> kit.Following:
        """The command ended and nothing is settled: what a person does then."""
        new = self.new_rows(before)
        if new is None:
            return ended
        if new:
            return self.spawn("watch", new[0]["id"], "--json", cwd=cwd)
        return self.spawn(*arguments, "--json", cwd=cwd)


def armed(fault: str) -> dict[str, str]:
    """Variables of the daemon: for a fault point; for what power.c does at the Nth write or sync of
    the database, "power:N[:SEED]", "full:N[:HOW_MANY]", "clock:N:WALL[:AWAKE]"; for those that the
    world does itself, nothing.
    """
    kind, _, rest = fault.partition(":")
    if kind in OUTER:
        return {}
    if kind not in PRELOADED:
        return {"DEFANG_FAULT": fault} if fault else {}
    return {
        "LD_PRELOAD": str(kit.BUILD / "tests/fault/power.so"),
        PRELOADED[kind]: rest,
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
    }


def lines_of(text: str) -> list[dict[str, Any]]:
    """Of JSON lines; the last may be half a line."""
    whole = text[: text.rfind("\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]


def wait_quietly(what: Callable[[], Any], why: str) -> None:
    kit.wait_for(what, PATIENCE, step=0.02, why=why)
