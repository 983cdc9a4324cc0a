"""The 20 projects made real in the sandbox and looked at through the services' own APIs: created,
updated, deleted; never through the template.

What is wanted is derived from the Compose file (wanted.py), apart from the planner. What is looked
at stands in outside_network.py (a, c, d, i), outside_services.py (b, f, g, h) and outside_roles.py
(e); here is how the projects are put there, updated (y) and deleted (z): nothing may be left but
what was promised to be kept. docs/RESOURCES.md names these letters for what each row is checked by.
"""

import json
import pathlib
import sys
import tempfile
import time
import unittest

import projects
from lib import template
from outside import Account
from outside_network import NetworkLooks
from outside_roles import RoleLooks
from outside_services import ServiceLooks
from wanted import Wanted

NEXT = "abcabcabcabc"
ACCOUNT_OF_ALL: list[Account] = []


def setUpModule() -> None:
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    ACCOUNT_OF_ALL.append(Account(pathlib.Path(folder.name) / "sandbox"))
    unittest.addModuleCleanup(ACCOUNT_OF_ALL[0].end)


class Looks(NetworkLooks, ServiceLooks, RoleLooks):
    """What is looked at; the methods run by name: look (a to i), update, delete.

    Ten stacks at a time: CloudWatch Logs has ten resource policies.
    """

    maxDiff = None

    names: list[str] = []

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.account = ACCOUNT_OF_ALL[0]
        cls.plans = {n: projects.planned(n) for n in cls.names}
        cls.wanted = {n: Wanted(n, projects.compose(n), cls.plans[n]) for n in cls.names}
        cls.before = cls.account.inventory()
        cls.took = {}
        begun = time.monotonic()
        for name in cls.names:
            cls.account.provide_config(cls.plans[name])
        cls.account.put({n[3:]: cls.plans[n] for n in cls.names})
        cls.stacks = {n: cls.account.resources(n[3:]) for n in cls.names}
        cls.took["create"] = time.monotonic() - begun

    def each(self):
        for name in self.names:
            yield name, self.wanted[name], self.stacks[name]

    def test_y_update(self) -> None:
        begun = time.monotonic()
        changed = {}
        for name in self.names:
            old = self.folder / f"{name}.json"
            old.write_text(json.dumps(self.plans[name]))
            path = projects.changed(name, self.folder)
            changed[name] = (
                path,
                template(*projects.arguments(name), "--deployment", NEXT, "--previous", old, path),
            )
            self.account.provide_config(changed[name][1])
        self.account.put({n[3:]: changed[n][1] for n in self.names})
        type(self).took["update"] = time.monotonic() - begun
        type(self).wanted = {n: Wanted(n, *changed[n]) for n in self.names}
        type(self).stacks = {n: self.account.resources(n[3:]) for n in self.names}
        self.test_b_services()
        self.test_c_security_groups()
        self.test_d_load_balancer()
        self.test_g_names()

    def test_z_delete(self) -> None:
        begun = time.monotonic()
        for name in self.names:
            self.account.unprotect(self.stacks[name])
        self.account.delete([n[3:] for n in self.names])
        type(self).took["delete"] = time.monotonic() - begun
        after = self.account.inventory()
        left = {
            kind: sorted(after[kind] - self.before[kind])
            for kind in after
            if after[kind] - self.before[kind]
        }
        promised = {kind: left.pop(kind, []) for kind in ("database snapshots", "cache snapshots")}
        kept = {
            physical
            for n in self.names
            for logical, (_kind, physical) in self.stacks[n].items()
            if self.plans[n]["Resources"]
            .get(logical, {})
            .get("DeletionPolicy", "")
            .startswith("Retain")
        }
        left = {
            kind: rest
            for kind, ids in left.items()
            if (rest := [i for i in ids if i not in kept and i != "templates"])
        }
        self.assertEqual(left, {})
        self.assertEqual(
            [len(v) for v in promised.values()],
            [
                sum(w.kept_databases for w in self.wanted.values()),
                sum(w.kept_caches for w in self.wanted.values()),
            ],
            f"the last snapshots of stores: {promised}",
        )
        print("seconds:", {k: round(v, 1) for k, v in self.took.items()}, file=sys.stderr)


class FirstTen(Looks, unittest.TestCase):
    names = projects.names()[:10]


class LastTen(Looks, unittest.TestCase):
    names = projects.names()[10:]


if __name__ == "__main__":
    unittest.main()
