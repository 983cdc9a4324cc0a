"""Counts what one suite of `meson test` ran, from its JSON log, and shows what failed.

usage: count_tests.py [--pytest] [--notes FILE] LOG     prints one line: PASSED FAILED SKIPPED;
                                                        failures go to stderr

A program's own numbers count where it prints some (Check, unittest, the vectors, the fuzz replay,
lint); a program without counts as one. One that ends badly without a failure of its own (a crash, a
sanitizer's report, a timeout) adds a failure. --pytest reads the summary of a pytest run instead.
FILE gets a line for each program that was killed or that skipped something, with its reason.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys

SHOWN_LINES = 80
CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)
VECTORS = re.compile(r"^(?:vectors|conformance) .+: (\d+) passed, (\d+) failed", re.M)
FUZZ = re.compile(r"^fuzz .+: (\d+) seeds, .* no failure", re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(\w+)(?: \((.*)\))?", re.M)
LINT = re.compile(r"^lint: \d+ files, (\d+) checks each, (\d+) findings", re.M)
PYTEST = re.compile(r"^=* ?((?:\d+ \w+(?:, )?)+) in [\d.]+s")


def counts_of(text: str) -> tuple[int, int, int] | None:
    """What a program says of itself: passed, failed, skipped."""
    passed = failed = skipped = 0
    known = False
    for checks, failures, errors in CHECK.findall(text):
        known = True
        bad = int(failures) + int(errors)
        passed, failed = passed + int(checks) - bad, failed + bad
    for good, bad in VECTORS.findall(text):
        known = True
        passed, failed = passed + int(good), failed + int(bad)
    for seeds in FUZZ.findall(text):
        known = True
        passed += int(seeds)
    for number, _, details in UNITTEST.findall(text):
        known = True
        parts = dict(re.findall(r"(\w+)=(\d+)", details or ""))
        bad, left_out = (
            int(parts.get("failures", 0)) + int(parts.get("errors", 0)),
            int(parts.get("skipped", 0)),
        )
        passed, failed, skipped = (
            passed + int(number) - bad - left_out,
            failed + bad,
            skipped + left_out,
        )
    for checks, findings in LINT.findall(text):
        known = True
        if int(findings):
            failed += int(findings)
        else:
            passed += int(checks)
    return (passed, failed, skipped) if known else None


def show(name: str, how: str, text: str) -> None:
    lines = text.rstrip().splitlines()
    print(f"--- {name}: {how}", file=sys.stderr)
    if len(lines) > SHOWN_LINES:
        print(f"    ({len(lines) - SHOWN_LINES} earlier lines are in the log)", file=sys.stderr)
    for line in lines[-SHOWN_LINES:]:
        print(f"    {line}", file=sys.stderr)


def note_of(name: str, result: str, skipped: int, text: str) -> str | None:
    """What a person should know of a program that did not run to its end or left something out."""
    if result in ("TIMEOUT", "INTERRUPT"):
        return f"killed: {name} took longer than its limit"
    if skipped:
        said = [line.strip() for line in text.splitlines() if "skip" in line.lower()]
        return f"skipped {skipped}: {name}: {said[0] if said else 'no reason given'}"
    return None


def count_meson(path: pathlib.Path, notes: list[str]) -> tuple[int, int, int]:
    total = [0, 0, 0]
    for line in path.read_text(errors="replace").splitlines():
        test = json.loads(line)
        text = test.get("stdout", "") + "\n" + test.get("stderr", "")
        result = test["result"]
        counts = counts_of(text)
        if result == "SKIP":
            counts = (0, 0, 1)
            show(test["name"], "skipped", text)
        elif counts is None:
            counts = (1, 0, 0) if result == "OK" else (0, 1, 0)
        elif result not in ("OK", "EXPECTEDFAIL") and counts[1] == 0:
            counts = (counts[0], 1, counts[2])
        if counts[1]:
            show(test["name"], result, text)
        note = note_of(test["name"], result, counts[2], text)
        if note:
            notes.append(note)
        total = [a + b for a, b in zip(total, counts, strict=True)]
    return total[0], total[1], total[2]


def count_pytest(path: pathlib.Path) -> tuple[int, int, int]:
    found: dict[str, int] = {}
    for line in path.read_text(errors="replace").splitlines():
        match = PYTEST.match(line)
        if match:
            found = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", match[1])}
    return (
        found.get("passed", 0),
        sum(found.get(word, 0) for word in ("failed", "error", "errors")),
        found.get("skipped", 0),
    )


def main() -> int:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] == "--help":
        print(__doc__)
        return 0 if arguments else 2
    path, notes = pathlib.Path(arguments[-1]), []
    counts = (0, 0, 0)
    if path.exists():
        counts = count_pytest(path) if "--pytest" in arguments else count_meson(path, notes)
    if "--notes" in arguments:
        target = pathlib.Path(arguments[arguments.index("--notes") + 1])
        target.write_text("".join(f"{note}\n" for note in notes))
    print(*counts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
