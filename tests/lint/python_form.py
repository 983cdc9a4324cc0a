#!/usr/bin/env python3
"""The form of Python under tests/: `ruff format`, `ruff check`, a manual at the head of long files.

usage: python_form.py [ROOT]     prints each finding as path:line: message, then how many there were

Rules and line length stand in tests/ruff.toml. The version of ruff is the one that
tests/requirements.txt pins, and no other: each release writes some things differently, and a check
that depends on what a machine happens to have is none. So a ruff that is missing, or of another
version, is an error and not a skip; scripts/setup installs the right one.

A module of more than 60 lines begins with a docstring: what it is for, how it goes, what must hold,
where its facts come from. This check only sees that there is one.

To mend: `ruff check --fix tests` and `ruff format tests`; long texts and comments by hand.
Exit status: 0 without findings, 1 with some, 2 when ruff is not what it must be.
"""

from __future__ import annotations

import ast
import json
import pathlib
import re
import subprocess
import sys

LONG = 60  # lines, from which on a module needs a manual
CHECKS = 3
PIN = re.compile(r"^ruff==(\S+)", re.M)


class NoRuff(Exception):
    """There is no ruff of the pinned version; the text says what to do."""


def ruff(root: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Of this Python, not of the PATH: the tests' environment brings its own. No cache: it would be
    # written into the tree that is looked at.
    return subprocess.run(
        [sys.executable, "-m", "ruff", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


def check_version(root: pathlib.Path) -> None:
    pages = root / "tests/requirements.txt"
    pinned = PIN.search(pages.read_text())
    if not pinned:
        raise NoRuff(f"{pages} pins no ruff")
    ran = ruff(root, "--version")
    found = ran.stdout.split()[-1] if ran.returncode == 0 and ran.stdout.split() else ""
    if found != pinned[1]:
        there = f"is version {found}" if found else "is not there"
        raise NoRuff(
            f"ruff of {sys.executable} {there}, tests/requirements.txt pins {pinned[1]}: "
            "run scripts/setup"
        )


def badly_formed(root: pathlib.Path) -> list[str]:
    ran = ruff(root, "format", "--check", "--no-cache", "--output-format", "concise", "tests")
    found = [
        f"{name}:1: not as `ruff format` writes it"
        for name in re.findall(r"^(\S+\.py):.*would be reformatted", ran.stdout, re.M)
    ]
    if (
        ran.returncode != 0 and not found
    ):  # a file that is no Python, a rule that ruff does not know
        found = [f"tests:1: ruff format: {line}" for line in (ran.stdout + ran.stderr).splitlines()]
    return found


def against_rules(root: pathlib.Path) -> list[str]:
    ran = ruff(root, "check", "--no-cache", "--output-format", "json", "tests")
    if ran.returncode not in (0, 1):
        return [f"tests:1: ruff check: {line}" for line in ran.stderr.splitlines()]
    return [
        f"{pathlib.Path(one['filename']).relative_to(root)}:{one['location']['row']}: "
        f"{one['code']} {one['message']}"
        for one in json.loads(ran.stdout)
    ]


def modules(root: pathlib.Path) -> list[pathlib.Path]:
    """Every Python file under tests/; what ruff looks at too, but for what git would not take."""
    return sorted(p for p in (root / "tests").rglob("*.py") if "__pycache__" not in p.parts)


def without_manual(root: pathlib.Path) -> list[str]:
    found = []
    for path in modules(root):
        text = path.read_text()
        if len(text.splitlines()) <= LONG:
            continue
        try:
            manual = ast.get_docstring(ast.parse(text))
        except SyntaxError:  # ruff has said so
            continue
        if not manual:
            found.append(
                f"{path.relative_to(root)}:1: more than {LONG} lines and no docstring at the head"
            )
    return found


def run(root: pathlib.Path) -> list[str]:
    check_version(root)
    return sorted(badly_formed(root) + against_rules(root) + without_manual(root))


def main() -> int:
    if len(sys.argv) > 2 or sys.argv[1:2] == ["--help"]:
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    if len(sys.argv) == 1:
        root = root.parents[2]
    try:
        found = run(root)
    except NoRuff as reason:
        print(f"python_form: {reason}", file=sys.stderr)
        return 2
    for line in found:
        print(line)
    count = len(modules(root))
    print(f"lint: {count} files, {CHECKS} checks each, {len(found)} findings")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
