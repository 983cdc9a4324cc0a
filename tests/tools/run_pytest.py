#!/usr/bin/env python3
"""Runs one suite of pytest, bounded by progress and not by the wall clock, and counts what it did.

usage: run_pytest.py --log LOG [--stall SECONDS] [--notes FILE] -- ARGUMENT…

Prints one line: PASSED FAILED SKIPPED. pytest's own words go to LOG. When no test began or ended
for SECONDS (600), pytest and all that it started are ended: what had passed stays counted, one
failure is added, and FILE says so. FILE also gets a line for each reason of a skip.

This file is both sides: outside it watches, inside (--inside) it is the pytest process with a
plugin that writes a line for each test that begins or ends. The watcher looks at the size of that
file alone, so that a suite may take as long as it likes while it moves.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import count_tests

GRACE_S = 20  # for fixtures to end what they started, before all of it is killed


class Progress:
    """Inside pytest: a line for each test that begins and for each part of one that ends."""

    def __init__(self, path: str) -> None:
        self.path = pathlib.Path(path)

    def write(self, what: str, test: str, text: str = "") -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\t".join((what, test, " ".join(text.split()))) + "\n")

    def pytest_runtest_logstart(self, nodeid, location):
        self.write("begin", nodeid)

    def pytest_runtest_logreport(self, report):
        if type(report).__name__ == "TestReport" and not hasattr(report, "wasxfail"):
            if report.failed:
                self.write("failed" if report.when == "call" else "error", report.nodeid)
            elif report.skipped:
                reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
                self.write("skipped", report.nodeid, str(reason).removeprefix("Skipped: "))
            elif report.when == "call":
                self.write("passed", report.nodeid)

    def pytest_runtest_logfinish(self, nodeid, location):
        self.write("end", nodeid)


class Events:
    """What Progress wrote."""

    def __init__(self, path: pathlib.Path) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.reasons: collections.Counter[str] = collections.Counter()
        running: dict[str, None] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            what, test, text = (line.split("\t") + ["", ""])[:3]
            if what == "begin":
                running[test] = None
            elif what == "end":
                running.pop(test, None)
            else:
                self.counts[what] += 1
                self.reasons[text] += what == "skipped"
        self.running = list(running)

    def numbers(self) -> tuple[int, int, int]:
        bad = self.counts["failed"] + self.counts["error"]
        return self.counts["passed"], bad, self.counts["skipped"]


def descendants(root: int) -> list[int]:
    """All that a process started and that still runs, also what has a session of its own."""
    children = collections.defaultdict(list)
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            children[int(parent)].append(int(entry.name))
    found, todo = [], [root]
    while todo:
        todo += (more := children[todo.pop()])
        found += more
    return found


def end(process: subprocess.Popen[bytes]) -> None:
    """First as Ctrl-C would, so that fixtures put away what they made; then all that is left."""
    started = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    for pid in [process.pid, *started, *descendants(process.pid)]:
        if pid != process.pid or process.poll() is None:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    process.wait(GRACE_S)


def watch(process: subprocess.Popen[bytes], events: pathlib.Path, stall: float) -> bool:
    """Whether it came to its end by itself."""
    size, moved = -1, time.monotonic()
    while process.poll() is None:
        now = events.stat().st_size if events.exists() else 0
        if now != size:
            size, moved = now, time.monotonic()
        elif time.monotonic() - moved > stall:
            return False
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(1.0, stall / 4))
    return True


def run(arguments: argparse.Namespace) -> tuple[tuple[int, int, int], list[str]]:
    log = pathlib.Path(arguments.log)
    events = log.with_suffix(".events")
    events.unlink(missing_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, __file__, "--inside", str(events), "--", *arguments.rest],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            finished = watch(process, events, arguments.stall)
        finally:
            if process.poll() is None:
                end(process)
    seen = Events(events)
    notes = [
        f"skipped {n}: {reason or 'no reason given'}" for reason, n in seen.reasons.items() if n
    ]
    counts = count_tests.count_pytest(log)
    if not finished:
        passed, failed, skipped = seen.numbers()
        counts = (passed, failed + 1, skipped)
        where = f"; running: {', '.join(seen.running[:8])}" if seen.running else ""
        notes.insert(0, f"killed: no test began or ended for {arguments.stall:g} s{where}")
    elif not sum(counts) and sum(seen.numbers()):
        counts = seen.numbers()  # pytest itself died and left no summary
    if finished and process.returncode not in (0, 5) and not counts[1]:
        counts = (counts[0], 1, counts[2])
        notes.insert(0, f"pytest ended with status {process.returncode} and no failure of its own")
    return counts, notes


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--log")
    parser.add_argument("--notes")
    parser.add_argument("--inside")
    parser.add_argument("--stall", type=float, default=600)
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    if arguments.inside:
        import pytest

        sys.path.pop(0)  # this folder is none of the tests' business
        return pytest.main(arguments.rest, plugins=[Progress(arguments.inside)])

    def stop(number, frame):
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    counts, notes = run(arguments)
    if arguments.notes:
        pathlib.Path(arguments.notes).write_text("".join(f"{note}\n" for note in notes))
    print(*counts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
