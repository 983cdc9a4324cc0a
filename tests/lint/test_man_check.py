#!/usr/bin/env python3
"""man_check.py finds what was taken out of a document, or put in."""

from __future__ import annotations

import pathlib
import sys
import unittest
from collections.abc import Callable

import man_check

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAN = (ROOT / "docs/defangctl.1").read_text()
COMMANDS, EXITS, ENVIRONMENT = (
    (ROOT / "docs" / name).read_text()
    for name in ("COMMANDS.md", "EXIT_CODES.md", "ENVIRONMENT.md")
)

Check = Callable[[man_check.Facts, str], list[str]]


class Drift(unittest.TestCase):
    facts = man_check.read_facts(ROOT)

    def man(self, old: str, new: str, problem: str) -> None:
        self.assertIn(old, MAN)
        text = MAN.replace(old, new, 1)
        self.assertIn(
            problem,
            man_check.check_man(self.facts, text) + man_check.check_variables(self.facts, text),
        )

    def page(self, check: Check, page: str, old: str, new: str, problem: str) -> None:
        self.assertIn(old, page)
        self.assertIn(problem, check(self.facts, page.replace(old, new, 1)))

    def commands(self, old: str, new: str, problem: str) -> None:
        self.page(man_check.check_commands, COMMANDS, old, new, problem)

    def test_titles(self) -> None:
        self.assertEqual(
            man_check.plain("config set Ar NAME Ns Op = Ns Ar VALUE Ar ..."),
            "config set NAME[=VALUE]…",
        )
        self.assertEqual(man_check.plain("watch Op Ar ID | Cm latest"), "watch [ID|latest]")
        self.assertEqual(man_check.plain("logs Op Ar SERVICE ..."), "logs [SERVICE…]")

    def test_man(self) -> None:
        self.man(".Ss ps\n", "", 'no section ".Ss ps"')
        self.man(
            ".Ss config rm Ar NAME ...", ".Ss config rm Ar NAME", 'no section ".Ss config rm NAME…"'
        )
        self.man(
            ".Ss version\n",
            ".Ss version\n.Ss undo\n",
            'section "undo" is no command of defangctl',
        )
        self.man(".It Fl -build\n", "", "up [SERVICE…]: --build is missing")
        self.man(
            ".It Fl -build\n",
            ".It Fl -build\n.It Fl -fast\n",
            "up [SERVICE…]: has no option --fast",
        )
        self.man(
            ".It Fl d , Fl -detach\n",
            ".It Fl -detach\n",
            "up [SERVICE…]: --detach has the letter -d",
        )
        self.man(".It Fl -since Ar TIME", ".It Fl -since", "logs [SERVICE…]: --since takes TIME")
        self.man(".It Fl -no-spawn\n", "", "Options of every command: --no-spawn is missing")
        self.man(".It 11\n", "", "exit status 11 is missing")
        self.man("DEFANG_NAT", "DEFANG_GNAT", "the variable DEFANG_NAT is missing")

    def test_pages(self) -> None:
        self.commands("| `ps` |", "| `pps` |", "no row `ps` in the table of commands")
        self.commands("| `ps` |", "| `pps` |", "the row `pps` is no command of defangctl")
        self.commands(", `--build` (", ", (", "up [SERVICE…]: --build is missing")
        self.commands("`--force`, `-d", "`--farce`, `-d", "cd bootstrap: has no option --farce")
        self.commands("`--no-spawn`", "", "Options of every command: --no-spawn is missing")
        self.page(man_check.check_exits, EXITS, "| 8 | canceled |\n", "", "exit code 8 is missing")
        self.page(
            man_check.check_variables,
            ENVIRONMENT,
            "`DEFANG_DOMAIN`",
            "`DEFANG_DOMINO`",
            "the variable DEFANG_DOMAIN is missing",
        )

    def test_folded_tables(self) -> None:
        folded = 'x common[] = {\n    "--one",\n    "--tw"\n    "o", NULL};'
        self.assertEqual(man_check.table(folded, "common"), ' "--one", "--two", NULL')


if __name__ == "__main__":
    sys.exit(unittest.main())
