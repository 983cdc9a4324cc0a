"""`explain` against the planner: every key has a line, and a line that names a resource is right.

The keys are those of the Compose specification, tried one by one; lines that name a resource or a
property are looked up in the template that the planner makes. What must hold: a row of the table
that does something is used by some project, and PENDING holds no key that could be planned today.
"""

import json
import os
import pathlib
import re
import subprocess
import unittest
from typing import Any

import projects

TOOL = os.environ.get(
    "EXPLAIN_TOOL", str(pathlib.Path(os.environ.get("PLAN_TOOL", "")).parent / "explain_tool")
)
EACH = 64
# The loader merges these away before anything is planned: they have no line.
MERGED = {"/include", "env_file", "extends"}
# Rows for what the planner refuses or leaves out today; none may stand here that a project could
# use.
PENDING = {"deploy.resources.limits.devices", "deploy.resources.reservations.devices", "gpus"}


def run(*arguments: str | pathlib.Path) -> str:
    done = subprocess.run(
        [TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def variables(name: str) -> list[str]:
    words = projects.arguments(name)
    return [words[i + 1] for i, word in enumerate(words) if word == "--env"]


def has(properties: Any, path: str) -> bool:
    """Whether a property stands in the resource; lists are looked through."""
    if isinstance(properties, list):
        return any(has(item, path) for item in properties)
    head, _, rest = path.partition(".")
    return (
        isinstance(properties, dict)
        and head in properties
        and (not rest or has(properties[head], rest))
    )


class Explain(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.table = json.loads(run("--table"))
        cls.keys = run("--keys").split()
        cls.lines = {
            n: json.loads(run(*variables(n), projects.compose(n))) for n in projects.names()
        }
        cls.plans = {n: projects.planned(n) for n in projects.names()}

    def test_table_is_sorted(self) -> None:
        paths = [row[0] for row in self.table]
        self.assertEqual(paths, sorted(paths))
        self.assertGreater(len(self.keys), 100)

    def test_every_key_of_the_specification_is_explained(self) -> None:
        """By a row here, or by one of src/plan/keys (test_keys.py has those)."""
        known = {row[0] for row in self.table} | {row[0].split(".")[0] for row in self.table}
        ruled = {row[0] for row in json.loads(run("--rules"))}
        ruled |= {row[: dot.start()] for row in ruled for dot in re.finditer(r"\.", row)}
        self.assertEqual([k for k in self.keys if k not in known and k not in ruled], [])

    def test_no_key_of_a_project_is_unknown(self) -> None:
        for name, lines in self.lines.items():
            unknown = [
                f"{name}: {line['service']} {line['key']}"
                for line in lines
                if line["effect"] == "unknown"
            ]
            self.assertEqual(unknown, [])

    def test_positions(self) -> None:
        for name, lines in self.lines.items():
            for line in lines:
                where = pathlib.Path(line["file"])
                self.assertTrue(where.is_file(), f"{name} {line}")
                self.assertGreater(line["line"] * line["column"], 0, f"{name} {line}")
                last = line["key"].split("[")[0].split(".")[-1].lstrip("/")
                text = where.read_text()
                self.assertTrue(
                    last in text or "[" in line["key"] or line["value"] in text, f"{name} {line}"
                )

    def test_resources_are_in_the_template(self) -> None:
        for name, lines in self.lines.items():
            resources = self.plans[name]["Resources"]
            for line in lines:
                for logical_id, kind in line["resources"]:
                    self.assertEqual(
                        resources.get(logical_id, {}).get("Type"), kind, f"{name}: {line}"
                    )
                if line["effect"] == "becomes" and not line["note"]:
                    self.assertTrue(
                        line["resources"],
                        f"{name}: {line['service']} {line['key']} becomes nothing",
                    )
                    if line["property"] and not self.empty(line):
                        self.assertTrue(
                            any(
                                has(resources[i]["Properties"], line["property"])
                                for i, _ in line["resources"]
                            ),
                            f"{name}: {line['service']} {line['key']} is not {line['property']} "
                            f"of {line['resources']}",
                        )

    def empty(self, line: dict[str, Any]) -> bool:
        if (line["service"], line["key"]) == ("reset", "command"):
            return True  # without the image's ENTRYPOINT its words are the entry point
        return line["value"] in ("", "false", "0") and line["key"] in (
            "init",
            "tty",
            "read_only",
            "stdin_open",
        )

    def test_every_key_the_planner_knows_is_used(self) -> None:
        """Together the projects use every row that does something."""
        used = {(line["key"].split("[")[0]) for lines in self.lines.values() for line in lines}
        kinds = {}
        for path, kind, effect, _types, _property in self.table:
            if effect not in ("becomes", "read"):
                continue
            hit = path in used or (kind & EACH and any(u.startswith(path + ".") for u in used))
            kinds[path] = kinds.get(path, False) or hit
        self.assertFalse(MERGED & used)
        missing = sorted(
            path for path, hit in kinds.items() if not hit and path not in MERGED | PENDING
        )
        self.assertEqual(missing, [], "add these keys to a project in tests/plan/projects")
        self.assertEqual(
            sorted(path for path, hit in kinds.items() if hit and path in PENDING),
            [],
            "no longer pending: take them out of PENDING",
        )

    def test_no_secret(self) -> None:
        self.assertNotIn("some-value", json.dumps(self.lines))


if __name__ == "__main__":
    unittest.main()
