"""What the planner's tests share: running plan_tool, walking templates, cfn-lint in this process.

plan_tool prints what the planner makes of a Compose file; a refusal is an exception whose text a
test looks at, and anything a sanitizer says is a failure. What walks templates here is written
apart from the planner's own checks. cfn-lint takes seconds for a template, so that this machine
remembers which bytes this version of it found clean.
"""

import hashlib
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOL = os.environ.get("PLAN_TOOL", str(ROOT / "build" / "tests" / "plan" / "plan_tool"))
SECRET = "hunter2-never-in-a-template"


class Refused(Exception):
    """plan_tool said no; str() is what it printed."""


def tool(*arguments: str | pathlib.Path) -> tuple[str, str]:
    """Standard output and error of plan_tool; Refused when it fails."""
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=240)
    if (
        done.returncode not in (0, 1)
        or "Sanitizer" in done.stderr
        or "runtime error" in done.stderr
    ):
        raise AssertionError(f"plan_tool {arguments} ended with {done.returncode}:\n{done.stderr}")
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout, done.stderr


def template(*arguments: str | pathlib.Path) -> dict[str, Any]:
    return json.loads(tool(*arguments)[0])


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from strings(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from strings(value)


def references(node: Any) -> Iterator[str]:
    """Logical ids that Ref, Fn::GetAtt and Fn::Sub name.

    Written apart from graph/check.c on purpose.
    """
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key == "Ref":
            yield value
        elif key == "Fn::GetAtt":
            yield value[0]
        elif key == "Fn::Sub":
            for piece in value.split("${")[1:]:
                name = piece.split("}")[0]
                if not name.startswith("!"):
                    yield name.split(".")[0]
        else:
            yield from references(value)


def known_clean(path: pathlib.Path) -> pathlib.Path:
    """Where this machine remembers that this version of cfn-lint found nothing in these bytes: it
    takes seconds for each template.
    """
    home = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return home / "defang-tests" / f"cfn-lint-{importlib.metadata.version('cfn-lint')}" / digest


def lint(paths: list[pathlib.Path]) -> list[str]:
    """cfn-lint's errors (not warnings) in all templates, one process for all."""
    from cfnlint.api import lint_file
    from cfnlint.config import ManualArgs

    found = []
    for path in paths:
        clean = known_clean(path)
        if clean.exists():
            continue
        matches = lint_file(path, config=ManualArgs(regions=["us-west-2"], ignore_checks=["W"]))
        for match in matches:
            found.append(
                f"{path.name}: {match.rule.id} {match.message} at "
                f"{'/'.join(map(str, match.path or []))}"
            )
        if not matches:
            clean.parent.mkdir(parents=True, exist_ok=True)
            clean.touch()
    return found


def write_flag() -> bool:
    if "--write" in sys.argv:
        sys.argv.remove("--write")
        return True
    return False
