"""Every key of the Compose specification: the table of src/plan/keys against the specification, and
against what the planner does.

schema_keys.txt has the paths of the reference loader's schema (tests/tools/compose_keys.py --schema
writes it): each must have a row, and the loader's own tables must know the same. Then each verdict
is tried (key_cases.py): an honoured key is looked up in the template, one that is left out is said
where its row says so, and one that means nothing changes nothing.
"""

import copy
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
from typing import Any

import yaml

from key_cases import (
    ELSEWHERE,
    HONOURED,
    PROJECT_SAID,
    PROJECT_SILENT,
    REFUSED,
    SAID,
    SILENT,
    SILENT_BASE,
    VALUES,
)
from lib import HERE, TOOL, Refused, tool

EXPLAIN = os.environ.get("EXPLAIN_TOOL", str(pathlib.Path(TOOL).parent / "explain_tool"))
PER_STACK = 25  # services
SERVICE = {"image": "nginx:1"}
LATER = {"image": "nginx:1", "profiles": ["later"]}
PARTS = {
    "configs": {"one": {"content": "hi"}},
    "models": {"llm": {"model": "amazon.nova-lite-v1:0"}},
    "networks": {"back": {}},
    "secrets": {"s1": {"file": "./a.env"}},
    "volumes": {"data": {}},
}
ZOO = {
    "image": "httpd:2",
    "expose": ["81"],
    "volumes": ["data:/data"],
    "networks": ["default", "back"],
    "deploy": {"resources": {"reservations": {"memory": "1G"}}},
}


def merged(base: Any, more: Any) -> Any:
    """Mappings by key, lists item by item."""
    if isinstance(base, dict) and isinstance(more, dict):
        return {k: merged(base.get(k), more.get(k)) for k in {**base, **more}}
    if isinstance(base, list) and isinstance(more, list) and len(base) == len(more):
        return [merged(a, b) for a, b in zip(base, more, strict=True)]
    return copy.deepcopy(base if more is None else more)


def paths(node: Any, path: str = "") -> set[str]:
    """Every path that is said, names of networks and the like as they are."""
    if isinstance(node, list):
        return set().union(*(paths(item, path) for item in node)) | {path}
    if not isinstance(node, dict):
        return {path}
    below = (paths(v, f"{path}.{k}" if path else k) for k, v in node.items())
    return set().union(*below) | {path}


def leaves(node: Any, path: str = "") -> dict[str, Any]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    found = {}
    for key, value in items:
        at = f"{path}.{key}" if path else str(key)
        found.update(leaves(value, at) if isinstance(value, (dict, list)) else {at: value})
    return found


class Table(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.rules = {
            row[0]: (row[1], row[2])
            for row in json.loads(subprocess.check_output([EXPLAIN, "--rules"], text=True))
        }

    def row(self, path: str) -> str | None:
        """The path of the row that is about it."""
        while path and path not in self.rules:
            path = path.rpartition(".")[0]
        return path or None

    def test_the_loader_knows_the_specification(self) -> None:
        ours = set(subprocess.check_output([EXPLAIN, "--paths"], text=True).split())
        theirs = set((HERE / "schema_keys.txt").read_text().split())
        self.assertEqual(ours ^ theirs, set())

    def test_every_key_has_a_row(self) -> None:
        there = (HERE / "schema_keys.txt").read_text().split()
        self.assertEqual([path for path in there if not self.row(path)], [])
        used = {self.row(path) for path in there}
        self.assertEqual(set(self.rules) - used, set(), "rows of no key")

    def test_sorted(self) -> None:
        for top in (False, True):
            names = [path for path in self.rules if path.startswith("/") == top]
            self.assertEqual(names, sorted(names))

    def test_every_row_is_tried(self) -> None:
        said = paths(yaml.safe_load(SAID)) | paths(yaml.safe_load(REFUSED))
        said |= paths(yaml.safe_load(SILENT)) | {path for path, *_ in HONOURED} | ELSEWHERE
        said = {self.row(path.replace(".back", ".*").replace(".zoo", ".*")) for path in said}
        values = {self.row(path) for text, *_ in VALUES for path in paths(yaml.safe_load(text))}
        partly = {path for path, (verdict, _) in self.rules.items() if verdict == "partly"}
        services = {path for path in self.rules if path[0] != "/"}
        untried = (
            services
            - said
            - values
            - {
                "build.secrets",  # test_checks.py: cases/bad/builds.yaml
                "deploy.resources.reservations.devices.device_ids",  # cases/bad/gpu.yaml
                "deploy.resources.reservations.devices.options",
            }
        )
        self.assertEqual(untried, set())
        self.assertTrue(partly)


class Planned(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        root = pathlib.Path(cls.folder.name)
        for name in ("ctx", "other"):
            (root / name).mkdir()
        (root / "ctx/Dockerfile").write_text("FROM nginx AS base\nFROM base\n")
        (root / "ctx/Dockerfile.b").write_text("FROM nginx\n")
        (root / "a.env").write_text("A=b\n")
        cls.path = root / "compose.yaml"

    def plan(self, services: dict[str, Any], *options: str, **parts: Any) -> tuple[str, str]:
        project = {
            "name": "k",
            "services": {**services, "zoo": ZOO, "later": LATER},
            **merged(PARTS, parts),
        }
        self.path.write_text(yaml.safe_dump(project, sort_keys=False))
        return tool(*options, self.path)

    def check_case(self, resources: dict[str, Any], builds: list[Any], name: str, out: str) -> None:
        ident = name.capitalize()
        words = out.replace("@", ident, 1).replace("@", name).split(" ", 3)
        if words[0] == "build":
            found = [b["command"] for b in builds if b["service"] == name]
            self.assertIn(words[1], found[0] if found else [])
        elif words[0] == "no":
            self.assertNotIn(words[1], resources)
        elif words[0] == "depends":
            self.assertIn(words[1], resources[f"Service{ident}"]["DependsOn"])
        else:
            value = str(leaves(resources[words[0]]["Properties"]).get(words[1]))
            wanted = out.replace("@", ident, 1).replace("@", name).split(f" {words[2]} ", 1)[1]
            if words[2] == "=":
                self.assertEqual(value, wanted)
            else:
                self.assertIn(wanted, value)

    def test_honoured(self) -> None:
        for first in range(0, len(HONOURED), PER_STACK):
            services, cases = {}, []
            for i, (path, said, out) in enumerate(HONOURED[first : first + PER_STACK], first):
                name = f"s{i}"
                said = yaml.safe_load(said.replace("@", name))
                base = {} if "build" in said or "extends" in said else SERVICE
                services[name] = merged(base, said)
                cases.append((name, path or HONOURED[i - 1][0], out))
            template, _ = self.plan(services)
            listed, _ = json.JSONDecoder().raw_decode(self.plan(services, "--builds")[0])
            resources = json.loads(template)["Resources"]
            for name, path, out in cases:
                with self.subTest(path, said=services[name], wanted=out):
                    self.check_case(resources, listed, name, out)

    def test_said(self) -> None:
        node = yaml.safe_load(SAID)
        _, stderr = self.plan({"a": node}, "--check", **yaml.safe_load(PROJECT_SAID))
        named = set(re.findall(r"(?:service a: |: )([\w.-]+) is ignored: ", stderr))
        wanted = set()
        Table.setUpClass()
        for path, (verdict, _) in Table.rules.items():
            if verdict in ("noted", "warned"):
                written = path.lstrip("/").replace("networks.*", "networks.back")
                wanted.add(
                    written.replace("configs.*", "configs.one").replace("secrets.*", "secrets.s1")
                )
        self.assertEqual(named ^ wanted, set(), stderr)

    def test_refused(self) -> None:
        with self.assertRaises(Refused) as refused:
            self.plan({"a": merged(SERVICE, yaml.safe_load(REFUSED))}, "--check")
        named = set(re.findall(r"service a: ([\w.]+) is not supported: ", str(refused.exception)))
        Table.setUpClass()
        wanted = {path for path, (verdict, _) in Table.rules.items() if verdict == "refused"}
        self.assertEqual(named, wanted)

    def test_silent(self) -> None:
        base = yaml.safe_load(SILENT_BASE)
        quiet, before = self.plan({"a": base})
        more = merged(base, yaml.safe_load(SILENT))
        silent, after = self.plan({"a": more}, **yaml.safe_load(PROJECT_SILENT))
        texts = [
            sorted(re.sub(r"^\S+ ", "", line) for line in said.splitlines() if line)
            for said in (before, after)
        ]
        self.assertEqual(*texts)
        self.assertEqual(quiet, silent)

    def test_values(self) -> None:
        for i, (said, kind, text) in enumerate(VALUES):
            with self.subTest(said):
                service = merged(SERVICE, yaml.safe_load(said))
                try:
                    _, stderr = self.plan({f"v{i}": service}, "--check")
                except Refused as refused:
                    stderr = str(refused)
                self.assertRegex(stderr, f"(?m)^\\S+ {kind}: .*{re.escape(text)}")


if __name__ == "__main__":
    unittest.main()
