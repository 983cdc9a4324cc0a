"""A worker: a process with a sandbox of its own, in which it runs one life of a project after the
other and says what did not hold.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import re
import shutil
import time
import traceback
from dataclasses import dataclass, field
from typing import Any

import kit
from outside import Outside, differences
from scenarios import BY_NAME, Phase, Run
from world import Broken, Followed, World, survived, wait_quietly

LIVES_OF_A_SANDBOX = 60  # its lists grow with what was in it
# of its own: each run of it makes and removes the account's stack
ACCOUNT_REGION = "eu-west-1"


# Not mended yet: a `down` that is killed when the stack is nearly gone does not read the stack's
# last events any more, and leaves rows of its board as they were.
KNOWN_DOWN = re.compile(r'/rows/.*, here "ROW_ACTIVE"$')


# The same kind: a `cd bootstrap` that finds its stack done says so instead of "made".
KNOWN_BOOTSTRAP = re.compile(r'/rows/account: .*, here "ROW_SKIPPED"$')


def known(phase: str, told: str) -> bool:
    where = {"down": KNOWN_DOWN, "bootstrap": KNOWN_BOOTSTRAP}
    return phase in where and bool(where[phase].match(told))


@dataclass
class Task:
    number: int
    scenario: str
    faults: list[list[str]]  # for each phase, the points of its lives
    phases: int  # how many of them
    wanted: list[dict[str, Any]] | None = None  # of the undisturbed run, for each phase


@dataclass
class Outcome:
    task: Task
    phases: list[dict[str, Any]] = field(default_factory=list)
    failed: str = ""
    kills: int = 0
    missed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    folder: str = ""


class Forked(kit.Sandbox):
    """A sandbox that the zygote made."""

    def __init__(self, folder: pathlib.Path, zygote: Any) -> None:
        folder.mkdir(parents=True)
        state = folder / "sandbox.json"
        self._waits = set()
        zygote.send(f"{state} {folder / 'sandbox.log'}")
        wait_quietly(state.exists, "the sandbox does not come")
        told = json.loads(state.read_text())
        self.url, self.process_id = told["url"], told["pid"]

    def end(self) -> int:
        os.kill(self.process_id, 15)
        return 0


class Worker:
    def __init__(self, folder: pathlib.Path, zygote: Any) -> None:
        self.folder, self.zygote = folder, zygote
        self.sandbox: Forked | None = None
        self.lives = self.sandboxes = 0

    def ready(self) -> Forked:
        """A sandbox whose account has its CD stack."""
        if self.sandbox and self.lives < LIVES_OF_A_SANDBOX:
            self.lives += 1
            self.sandbox.calm()
            return self.sandbox
        if self.sandbox:
            self.sandbox.end()
        self.sandboxes += 1
        self.lives = 1
        folder = self.folder / f"sandbox-{self.sandboxes}"
        self.sandbox = Forked(folder, self.zygote)
        world = World(folder / "bootstrap", self.sandbox)
        world.follow(["cd", "bootstrap"], world.home, [])
        world.end()
        return self.sandbox

    def run(self, task: Task) -> Outcome:
        outcome, begun = Outcome(task), time.monotonic()
        sandbox = self.ready()
        folder = self.folder / f"{task.scenario}-{task.number}"
        outcome.folder = str(folder)
        scenario = BY_NAME[task.scenario]
        project = f"f{task.number:05x}" if scenario.project else ""
        world = World(folder, sandbox)
        try:
            scenario.make(folder / "project", project)
            if not scenario.project:
                world.environment["AWS_REGION"] = ACCOUNT_REGION
            sandbox.waits(**scenario.waits)
            run = Run(
                world,
                folder / "project",
                Outside(sandbox, project, world.environment["AWS_REGION"]),
            )
            for i in range(task.phases):
                self.phase(run, scenario.phases[i], i, outcome)
            if task.phases < len(scenario.phases):  # an account has room for ten projects
                world.follow(scenario.phases[-1].arguments, run.folder, [])
        except (AssertionError, OSError, ValueError) as why:
            where = scenario.phases[len(outcome.phases)].name
            outcome.failed = (
                f"{where}: {why}" if isinstance(why, Broken) else traceback.format_exc()
            )
            self.lives = LIVES_OF_A_SANDBOX  # what it left is nobody's to see
        finally:
            world.ended()
            try:
                world.end()
            except AssertionError as why:
                outcome.failed = outcome.failed or str(why)
        outcome.seconds = time.monotonic() - begun
        if not outcome.failed:
            shutil.rmtree(folder, ignore_errors=True)
        return outcome

    def phase(self, run: Run, phase: Phase, i: int, outcome: Outcome) -> None:
        task = outcome.task
        faults = task.faults[i] if i < len(task.faults) else []
        if phase.before:
            run.world.revive([])
            phase.before(run)
            run.world.ended()
        run.mark = run.outside.sandbox.mark()
        during = phase.during
        followed = run.world.follow(
            phase.arguments,
            run.folder,
            faults,
            (lambda: during(run)) if during else None,
        )
        outcome.kills += followed.deaths
        if followed.deaths < len(faults):
            outcome.missed += [f for f in faults[followed.deaths :] if not survived(f)]
        seen = self.look(run, followed, outcome)
        if task.wanted:
            told = differences(task.wanted[i]["picture"], seen["picture"])
            told = [t for t in told if not known(phase.name, t)]
            if told:
                raise Broken("it is not as after an undisturbed run:\n  " + "\n  ".join(told[:8]))
        outcome.phases.append(seen)

    def look(self, run: Run, followed: Followed, outcome: Outcome) -> dict[str, Any]:
        """What must hold of the events, and the picture, which may need a moment to settle."""
        task = outcome.task
        if not followed.events:
            raise Broken("no deployment is known")
        kit.check_sequence(followed.events)
        if followed.seen != followed.events[: len(followed.seen)]:
            raise Broken("the command saw other events than there are")
        ids = [p["id"] for p in outcome.phases] + [followed.deployment]
        wanted = task.wanted[len(outcome.phases)] if task.wanted else None

        def picture() -> dict[str, Any]:
            return {
                "state": followed.state,
                "rows": followed.rows,
                **run.outside.picture(run.mark, ids),
            }

        found = picture()
        end = time.monotonic() + 15
        while wanted and found != wanted["picture"] and time.monotonic() < end:
            time.sleep(0.3)  # tasks that are stopping
            found = picture()
        return {"id": followed.deployment, "picture": found, "points": followed.points}


def serve(folder: pathlib.Path, zygote: Any, tasks: Any, outcomes: Any) -> None:
    """The process: until a task is None."""
    worker = Worker(folder, zygote)
    while (task := tasks.get()) is not None:
        outcomes.put(worker.run(task))
    if worker.sandbox:
        worker.sandbox.end()


class Zygote:
    """The process that forks sandboxes; several workers write to it."""

    def __init__(self) -> None:
        import subprocess
        import sys

        self.lock = multiprocessing.Lock()
        self.process = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__).with_name("zygote.py"))],
            stdin=subprocess.PIPE,
        )

    def send(self, line: str) -> None:
        assert self.process.stdin
        with self.lock:
            os.write(self.process.stdin.fileno(), line.encode() + b"\n")

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()
