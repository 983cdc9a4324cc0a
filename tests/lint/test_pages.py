"""pages.py finds what it is for: each check with a page that breaks it, and its good twin."""

from __future__ import annotations

import pathlib
import sys
import tempfile
import unittest
from collections.abc import Iterable

import man_check
import pages

ROOT = pathlib.Path(__file__).resolve().parents[2]
FACTS = man_check.read_facts(ROOT)
SETTINGS, COMPOSE = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("SETTINGS", "COMPOSE"))
LONG = "x" * 121


class Pages(unittest.TestCase):
    def one(self, problems: Iterable[str], part: str | None) -> None:
        found = list(problems)
        self.assertEqual(len(found), 0 if part is None else 1, found)
        if part is not None:
            self.assertIn(part, found[0])

    def changed(self, page: str, old: str, new: str) -> str:
        self.assertIn(old, page)
        return page.replace(old, new)

    def test_form(self) -> None:
        for name, text, part in [
            ("README.md", "x\n" * 150, None),
            ("README.md", "x\n" * 151, "the bound is 150"),
            ("README.md", "| " + LONG, "123 columns"),
            ("docs/A.md", "x\n" * 151, None),
            ("docs/A.md", "| " + LONG, None),
            ("docs/A.md", LONG, "line 1 has 121 columns"),
        ]:
            self.one(pages.check_form(name, text), part)

    def test_links(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "docs").mkdir()
            (root / "README.md").touch()
            (root / "docs/A.md").write_text("# A page\n## `x` & y: two\n```\n# no heading\n```\n")
            for text, part in [
                ("[a](docs/A.md) [b](https://x.example/none) [c](#here)\n# Here\n", None),
                ("[a](docs/A.md#x--y-two)", None),
                ("```\n[a](none.md)\n```\n", None),
                ("[a](none.md)", "leads nowhere"),
                ("[a](docs/A.md#no-heading)", "no such heading"),
                ("[a](#there)\n# Here\n", "no such heading"),
            ]:
                self.one(pages.check_links(root, "README.md", text), part)

    def test_promises(self) -> None:
        for text, part in [
            (
                "| x | `e2e/test_folder.py::test_trust_13_and_14_a_command_means_its_own_folder` |",
                None,
            ),
            ("| x | `unit/store/test_open.c::trust_38_…`, `access_05_*` |", None),
            ("| x | `e2e/test_folder.py::test_trust_99_none` |", "no test test_trust_99_none in"),
            ("| x | `e2e/test_none.py::test_trust_13_x` |", "there is no tests/e2e/test_none.py"),
            ("| x | `trust_98_" + "none` |", "there is no test trust_98_"),
        ]:
            self.one(pages.check_promises(ROOT, text), part)

    def test_paths(self) -> None:
        self.one(pages.check_paths(ROOT, "`docs/COMPOSE.md`, `src/plan/`, `src/base/*.c`"), None)
        self.one(pages.check_paths(ROOT, "`src/plan/none.c`"), "there is no src/plan/none.c")

    def test_commands(self) -> None:
        for text, part in [
            ("`defangctl up --mode balanced`, `defangctl compose ps`, `defangctl --help`", None),
            ("`defangctl logs SERVICE -n 5`; `defangctl COMMAND`; a defangctl of old", None),
            ("defangctl cd ls --all-regions   # why\n", None),
            ("`defangctl undo`", "no command `defangctl undo`"),
            ("`defangctl cd`", "no command `defangctl cd`"),
            ("defangctl up --fast\n", "`defangctl up` has no option --fast"),
            ("`defangctl ps -d`", "`defangctl ps` has no option -d"),
        ]:
            self.one(pages.check_commands(FACTS, text), part)
        self.one(pages.check_variables(FACTS, "DEFANG_MODE, DEFANG_BUILD"), None)
        self.one(pages.check_variables(FACTS, "DEFANG_MODUS"), "does not read DEFANG_MODUS")

    def test_rooms(self) -> None:
        text = (
            "| 0 | `src/base` | x |\n| `src/aws/a` | x |\n| `src/aws/b` | x |\n| `daemon/c` | x |\n"
        )
        there = {"src/aws/a", "src/aws/b", "daemon/c"}
        self.one(pages.check_rooms(there, text), None)
        self.one(pages.check_rooms(there | {"client/d"}, text), "client/d is missing")
        self.one(pages.check_rooms(there, text + "| `client/d` | x |\n"), "has no client/d")
        self.assertIn("src/plan/task", pages.rooms(ROOT))

    def test_settings(self) -> None:
        def check(old: str, new: str, part: str | None) -> None:
            self.one(pages.check_settings(ROOT, self.changed(SETTINGS, old, new)), part)

        check("#", "#", None)
        row = next(line for line in SETTINGS.splitlines() if line.startswith("| `alarms`"))
        check(row + "\n", "", "settings: alarms is missing")
        check(row, row + "\n| `bells` | `DEFANG_BELLS` |", "the program has no bells")
        check("`DEFANG_ALARMS`", "`DEFANG_ALARM`", "alarms has the variable DEFANG_ALARMS")
        check(
            "`nat-gateway-strategy`", "", "the longer name nat-gateway-strategy of nat is missing"
        )
        check("| `alarmTopicArn` |", "| `alarmArn` `alarmTopicArn` |", "has no alarmArn")
        check("| `alarmTopicArn` |", "| alarm |", "alarmTopicArn is missing")

    def test_compose(self) -> None:
        def check(old: str, new: str, part: str | None) -> None:
            text = self.changed(COMPOSE, old, new)
            self.one(pages.check_compose(ROOT, SETTINGS + text), part)

        check("#", "#", None)
        check("x-defang-listener", "x-listener", "x-defang-listener is missing")
        check("x-defang-listener", "x-defang-listener` `x-defang-ear", "has no x-defang-ear")


if __name__ == "__main__":
    sys.exit(unittest.main())
