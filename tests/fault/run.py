"""Kills the daemon at every fault point, starts it again and looks from outside: run.py [--soak].

First each scenario runs undisturbed, and the points that it reaches are recorded. Then it runs
again for each of them, with the daemon killed there: the deployment must end as the undisturbed one
did, with one stack, each task once, one end, no event twice or missing, and nothing left behind.

Without options a name is killed at once, in the first scenario that reaches it (calls and steps in
each), at its first time and, where it comes often, once more in the middle; names that leave the
same behind as another are left out: some minutes.
--soak kills at each name in each scenario, at up to eight of its times, and at pairs: the second
kill is in the recovery from the first.

The last line is "N passed, N failed"; with --counts "PASSED FAILED SKIPPED" as scripts/test wants.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from typing import Any

sys.path[:0] = [
    str(pathlib.Path(__file__).resolve().parent),
    str(pathlib.Path(__file__).resolve().parents[1] / "e2e"),
    str(pathlib.Path(__file__).resolve().parents[1]),
]

import kit  # noqa: E402 - found by the lines above
from scenarios import BY_NAME, SCENARIOS, Scenario, elsewhere  # noqa: E402
from work import Outcome, Task, Zygote, serve  # noqa: E402

PAIRS = 12  # of the normal run
DISK = 300  # writes and syncs of the database, at which the power is cut or the disk is full
SLOW_LIVES = 6


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--soak", action="store_true", help="all points, and pairs")
    parser.add_argument("--pairs", type=int, help="how many pairs (12; with --soak 2000)")
    parser.add_argument("--only", action="append", default=[], help="a scenario; may be repeated")
    parser.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--at", action="append", default=[], help="SCENARIO/PHASE/POINT[,POINT]")
    parser.add_argument("--seed", type=int, default=1, help="of the sample of pairs")
    parser.add_argument("--counts", action="store_true", help="the last line for scripts/test")
    parser.add_argument("--folder", help="where it works; kept when something failed")
    return parser.parse_args()


class Pool:
    def __init__(self, folder: pathlib.Path, workers: int) -> None:
        self.zygote = Zygote()
        self.tasks: Any = multiprocessing.Queue()
        self.outcomes: Any = multiprocessing.Queue()
        self.number = 0
        self.workers = [
            multiprocessing.Process(
                target=serve, args=(folder / f"w{i}", self.zygote, self.tasks, self.outcomes)
            )
            for i in range(workers)
        ]
        for worker in self.workers:
            worker.start()

    def all(self, tasks: list[Task], say: Any = None) -> list[Outcome]:
        for task in tasks:
            self.number += 1
            task.number = self.number
            self.tasks.put(task)
        found = []
        for _ in tasks:
            outcome = self.outcomes.get()
            found.append(outcome)
            if say:
                say(outcome)
        return found

    def end(self) -> None:
        for _ in self.workers:
            self.tasks.put(None)
        for worker in self.workers:
            worker.join()
        self.zygote.end()


def times_of(count: int, soak: bool) -> list[int]:
    """Which of its times a point is killed at."""
    if count <= 2:
        return list(range(1, count + 1)) if soak else [1]
    if not soak:
        return [1, (count + 1) // 2]
    return sorted({1 + i * (count - 1) // 7 for i in range(8)})


def same_as_another(name: str) -> bool:
    """Left to the soak: what is written there is as lost at the commit that follows, and a watcher
    that was told is as one of which the socket was read. When a row of the board began is no
    matter of doing things twice.
    """
    kind, _, about = name.partition("/")
    told = kind == "publish.after" and about != ""
    return told or kind in ("intent.put", "state.move") or about.startswith("since.")


class Choice:
    """Which points of the recorded ones are killed at."""

    def __init__(self, soak: bool) -> None:
        self.soak, self.known = soak, set[str]()

    def of(self, scenario: Scenario, phase: str, points: list[str]) -> list[str]:
        chosen = []
        for name, count in collections.Counter(points).items():
            if not self.soak and same_as_another(name):
                continue
            key = name
            if self.soak or (name.startswith(("call.", "step.", "admit.")) and not scenario.slow):
                key = f"{scenario.name} {phase} {name}"
            if key in self.known:
                continue
            self.known.add(key)
            chosen += [f"{name}:{n}" for n in times_of(count, self.soak)]
        return chosen


def single(scenario: Scenario, wanted: list[dict[str, Any]], choice: Choice) -> list[Task]:
    """One life of the project for as many kills as it has phases."""
    lists = [
        choice.of(scenario, phase.name, seen["points"][0])
        for phase, seen in zip(scenario.phases, wanted, strict=True)
    ]
    tasks = []
    for i in range(max(map(len, lists), default=0)):
        faults = [[points[i]] if i < len(points) else [] for points in lists]
        last = max(n for n, f in enumerate(faults) if f)
        tasks.append(Task(0, scenario.name, faults, last + 1, wanted))
    if scenario.slow and not choice.soak:
        random.Random(1).shuffle(tasks)
        tasks = tasks[:SLOW_LIVES]
    return tasks


def disk(wanted: list[dict[str, Any]], soak: bool) -> list[Task]:
    """The power cut at a write or sync: nothing that was not synced is there afterwards, or half of
    it. And the disk full for some writes from there on.
    """
    tasks = []
    for i in range(1, DISK + 1) if soak else range(20, DISK, 30):
        faults = [f"power:{i}", f"power:{i}:{i}", f"full:{i}:{5 + i % 50}"]
        chosen = faults if soak else [faults[i // 10 % 3]]
        if i % 20 == 0:
            chosen += [f"clock:{i}:{s}" for s in ("3600", "-3600", "600:600")][: 3 if soak else 1]
            chosen += [f"stop:{i}:8", f"away:{i}:8"] if soak or i % 100 == 0 else []
        tasks += [Task(0, "tiny", [[fault]], 1, wanted) for fault in chosen]
    return tasks


def pairs_of(outcomes: list[Outcome], wanted: list[dict[str, Any]], soak: bool) -> list[Task]:
    """The second kill at each point that the recovery from the first one reached."""
    found = []
    for outcome in outcomes:
        task = outcome.task
        if task.scenario != "tiny" or not task.faults[0] or outcome.failed or not outcome.phases:
            continue
        lives = outcome.phases[0]["points"]
        if len(lives) < 2:
            continue
        for name, count in collections.Counter(lives[1]).items():
            for n in times_of(count, soak)[: 4 if soak else 1]:
                found.append(Task(0, "tiny", [[task.faults[0][0], f"{name}:{n}"]], 1, wanted))
    return found


def listed() -> list[str]:
    ran = subprocess.run(
        [str(kit.DEFANGD), "--list-fault-points"], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        sys.exit(f"{kit.DEFANGD} has no fault points: meson configure BUILD -Dfault_points=true")
    return [line.split("\t")[0] for line in ran.stdout.splitlines()]


def uncovered(reached: set[str]) -> list[str]:
    """Listed points that no scenario reaches and that nothing else covers."""
    told = []
    for name in listed():
        kind, _, about = name.partition("/")
        if about == "*":
            there = any(r.startswith(kind) for r in reached)
        else:
            there = name in reached or bool(elsewhere(about))
        if not there:
            told.append(name)
    return told


class Report:
    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.passed = self.failed = self.kills = 0
        self.missed: list[str] = []
        self.by: collections.Counter[str] = collections.Counter()

    def __call__(self, outcome: Outcome) -> None:
        task = outcome.task
        self.kills += outcome.kills
        self.by[task.scenario] += outcome.kills
        self.missed += [f"{task.scenario} {name}" for name in outcome.missed]
        if not outcome.failed:
            self.passed += 1
            return
        self.failed += 1
        where = " | ".join(", ".join(f) for f in task.faults)
        print(f"FAILED {task.scenario} killed at {where}\n  {outcome.failed}", flush=True)
        print(f"  its files: {outcome.folder}", flush=True)


def given(options: argparse.Namespace, wanted: dict[str, Any]) -> list[Task]:
    tasks = []
    for text in options.at:
        name, phase, points = text.split("/", 2)
        scenario = BY_NAME[name]
        i = [p.name for p in scenario.phases].index(phase)
        faults = [[] for _ in range(i)] + [points.split(",")]
        tasks.append(Task(0, name, faults, i + 1, wanted[name]))
    return tasks


def main() -> int:
    options = arguments()
    names = options.only or sorted({a.split("/")[0] for a in options.at})
    scenarios = [s for s in SCENARIOS if not names or s.name in names]
    folder = pathlib.Path(options.folder or tempfile.mkdtemp(prefix="defang-fault-"))
    folder.mkdir(parents=True, exist_ok=True)
    all_listed = listed()
    report, pool = Report(), Pool(folder, options.workers)

    longest_first = sorted(scenarios, key=lambda s: not s.slow)
    recorded = pool.all([Task(0, s.name, [], len(s.phases)) for s in longest_first], report)
    wanted = {o.task.scenario: o.phases for o in recorded if not o.failed}
    reached = {p for o in recorded for seen in o.phases for life in seen["points"] for p in life}
    (folder / "reached").write_text("\n".join(sorted(reached)) + "\n")
    print(
        f"recorded: {len(reached)} points by name in {len(wanted)} scenarios, "
        f"{time.monotonic() - report.begun:.0f} s",
        flush=True,
    )
    tasks: list[Task] = given(options, wanted)
    pairs: list[Task] = []
    outcomes: list[Outcome] = []
    if not options.at:
        choice = Choice(options.soak)
        for s in scenarios:
            if s.name in wanted:
                tasks += single(s, wanted[s.name], choice)
    outcomes = pool.all(tasks, report)
    print(f"killed once: {report.kills}, {time.monotonic() - report.begun:.0f} s", flush=True)
    if not options.at and "tiny" in wanted:
        pairs = pairs_of(outcomes, wanted["tiny"], options.soak)
        count = options.pairs if options.pairs is not None else 2000 if options.soak else PAIRS
        cuts = disk(wanted["tiny"], options.soak)
        pool.all(cuts, report)
        print(f"power cuts and full disks: {len(cuts)}", flush=True)
        all_pairs = len(pairs)
        random.Random(options.seed).shuffle(pairs)
        pairs = pairs[:count]
        pool.all(pairs, report)
        print(f"pairs: {len(pairs)} of {all_pairs}", flush=True)
    pool.end()

    if not names:
        for name in uncovered(reached):
            report.failed += 1
            print(f"FAILED {name} is reached by no scenario", flush=True)
    if report.missed:
        print(f"not reached a second time: {len(report.missed)}: {', '.join(report.missed[:20])}")
        if len(report.missed) * 10 > max(report.kills, 1):
            report.failed += 1
            print("FAILED more than a tenth of the points were not reached")
    seconds = time.monotonic() - report.begun
    print(
        f"{report.kills} kills ({', '.join(f'{k} {v}' for k, v in sorted(report.by.items()))}) in "
        f"{report.passed + report.failed} runs, {len(all_listed)} points listed, {seconds:.0f} s"
    )
    if options.counts:
        print(report.passed, report.failed, len(report.missed))
    else:
        print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
