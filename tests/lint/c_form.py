#!/usr/bin/env python3
"""The form of C: `clang-format`, 100 columns, a manual at the head of long files, rooms of a size.

usage: c_form.py [ROOT]     prints each finding as path:line: message, then how many there were

The rules of clang-format stand in .clang-format (a folder may switch it off for what a tool
writes); its version is the one that tests/requirements.txt pins, and no other, since each release
writes some things differently. One that is missing, or of another version, is an error and not a
skip; scripts/setup installs the right one.

What no formatter sees: a line of over 100 columns (a long literal, a comment that it left alone);
a .c file of more than 60 lines without a manual, which is a comment of at least three lines before
the first line of code, or a sentence of that length (of a test, what it is about); a folder of more
than 30 sources, where nobody finds anything any more.

To mend: `clang-format -i FILE`; the rest by hand. Exit status: 0 without findings, 1 with some, 2
when clang-format is not what it must be.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import lint

COLUMNS = 100
LONG = 60  # lines, from which on a .c file needs a manual
MANUAL_LINES, MANUAL_LETTERS = 3, 160
TEST_LETTERS = 40  # a test says at least what it is about
ROOM = 30  # C files in a folder of the product
PRODUCT = ("src", "daemon", "client")
PIN = re.compile(r"^clang-format==(\S+)", re.M)
ERROR = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: error: code should be clang-formatted")


class NoFormatter(Exception):
    """There is no clang-format of the pinned version; the text says what to do."""


def formatter(root: pathlib.Path) -> str:
    pinned = PIN.search((root / "tests/requirements.txt").read_text())
    if not pinned:
        raise NoFormatter("tests/requirements.txt pins no clang-format")
    # Of this Python, not of the PATH: the tests' environment brings its own.
    program = pathlib.Path(sys.executable).parent / "clang-format"
    ran = subprocess.run(
        [program, "--version"] if program.exists() else ["false"],
        capture_output=True,
        text=True,
        check=False,
    )
    if pinned[1] not in ran.stdout:
        found = ran.stdout.strip() or "not there"
        raise NoFormatter(
            f"{program}: {found}; tests/requirements.txt pins {pinned[1]}: run scripts/setup"
        )
    return str(program)


def unformatted(root: pathlib.Path, program: str, names: list[str]):
    """One finding a file: the first line that is not as the formatter writes it."""

    def ask(some: list[str]) -> str:
        return subprocess.run(
            [program, "--dry-run", "-Werror", *some],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        ).stderr

    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        parts = [names[i :: workers * 4] for i in range(workers * 4)]
        told = list(pool.map(ask, [part for part in parts if part]))
    seen = set()
    for found in (ERROR.match(line) for text in told for line in text.splitlines()):
        if found and found["path"] not in seen:
            seen.add(found["path"])
            yield found["path"], int(found["line"]), "not as clang-format writes it"


def manual_of(text: str) -> str:
    """The comments before the first line of code; what only switches the formatter is none."""
    found = re.match(r"(?:\s*(?:/\*.*?\*/|//[^\n]*\n))*", text, re.DOTALL)
    return re.sub(r"/\* clang-format \w+ \*/", "", found[0]).strip()


def check_manual(source):
    if source.suffix != ".c" or source.generated or len(source.lines) <= LONG:
        return
    manual = manual_of(source.text)
    enough = TEST_LETTERS if source.is_test else MANUAL_LETTERS
    if len(manual.splitlines()) < MANUAL_LINES and len(manual) < enough:
        yield 1, f"{len(source.lines)} lines without a manual: what it is for, how it goes, why"


def check_columns(source):
    if source.is_c:
        for number, line in enumerate(source.lines, 1):
            if len(line) > COLUMNS:
                yield number, f"{len(line)} columns, the bound is {COLUMNS}"


def crowded(sources):
    rooms: dict[str, int] = {}
    for source in sources:
        if source.is_c and not source.generated and source.path.split("/")[0] in PRODUCT:
            folder = str(pathlib.Path(source.path).parent)
            rooms[folder] = rooms.get(folder, 0) + 1
    for folder, count in sorted(rooms.items()):
        if count > ROOM:
            yield folder, 1, f"{count} files in one room, the bound is {ROOM}: divide it"


def findings(root: pathlib.Path, program: str):
    sources = [lint.Source(root, name) for name in lint.list_files(root)]
    code = [s for s in sources if s.is_c]
    yield from unformatted(root, program, [s.path for s in code])
    for source in code:
        for check in (check_manual, check_columns):
            for number, message in check(source):
                yield source.path, number, message
    yield from crowded(code)


def main() -> int:
    if len(sys.argv) > 2 or sys.argv[1:2] == ["--help"]:
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    root = root.resolve()
    try:
        program = formatter(root)
    except NoFormatter as why:
        print(f"c_form: {why}", file=sys.stderr)
        return 2
    found = sorted(set(findings(root, program)))
    for path, number, message in found:
        print(f"{path}:{number}: {message}")
    print(f"c_form: {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
