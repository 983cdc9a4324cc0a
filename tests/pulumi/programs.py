"""What the tests of the Pulumi programs share: the projects, and the program and template that
plan_tool makes of each.
"""

import functools
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("DEFANG_BUILD", ROOT / "build" / "test-gcc"))
TOOL = os.environ.get("PLAN_TOOL", str(BUILD / "tests" / "plan" / "plan_tool"))
sys.path.insert(0, str(ROOT / "tests" / "plan"))


def plans(both: bool = True) -> dict[str, list[str]]:
    """name: arguments of plan_tool.

    The planner's cases, its 20 projects and the example, each in the cheap mode and in the
    protecting one.
    """
    import projects

    found = {}
    for path in sorted((ROOT / "tests" / "plan" / "cases").glob("*.yaml")):
        found[f"case-{path.stem}"] = [str(path)]
    for name in projects.names():
        found[name] = [*projects.arguments(name), str(projects.compose(name))]
    found["lone"] = [str(HERE / "project" / "compose.yaml")]
    found["example"] = [str(ROOT / "examples" / "shop" / "compose.yaml")]
    if both:
        found |= {f"{name}-ha": ["--mode", "ha", *arguments] for name, arguments in found.items()}
    return found


@functools.cache
def planned(name: str, how: str = "engine") -> dict[str, Any]:
    """{"template", "yaml", "program", "config", "script", "notes", "builds"}"""
    done = subprocess.run(
        [TOOL, "--pulumi", how, *plans()[name]], capture_output=True, text=True, timeout=240
    )
    if done.returncode or "runtime error" in done.stderr or "Sanitizer" in done.stderr:
        raise AssertionError(
            f"plan_tool --pulumi of {name} ended with {done.returncode}:\n{done.stderr}"
        )
    found = json.loads(done.stdout)
    found["program"] = yaml.load(found["yaml"], Loader=yaml.CSafeLoader)  # ten times as quick
    return found
