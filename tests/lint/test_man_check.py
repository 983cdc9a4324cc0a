#!/usr/bin/env python3
"""man_check.py finds what was taken out of a document, or put in."""

from __future__ import annotations

import pathlib
import sys
import unittest

import man_check

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAN = (ROOT / "docs/defangctl.1").read_text()
README = (ROOT / "README.md").read_text()


class Drift(unittest.TestCase):
    facts = man_check.read_facts(ROOT)

    def man(self, old: str, new: str, problem: str) -> None:
        self.assertIn(old, MAN)
        text = MAN.replace(old, new, 1)
        self.assertIn(
            problem,
            man_check.check_man(self.facts, text) + man_check.check_variables(self.facts, text),
        )

    def readme(self, old: str, new: str, problem: str) -> None:
        self.assertIn(old, README)
        text = README.replace(old, new, 1)
        self.assertIn(
            problem,
            man_check.check_readme(self.facts, text) + man_check.check_variables(self.facts, text),
        )

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
            ".Ss version\n.Ss rollback\n",
            'section "rollback" is no command of defangctl',
        )
        self.man(".It Fl -build\n", "", "up: --build is missing")
        self.man(".It Fl -build\n", ".It Fl -build\n.It Fl -fast\n", "up: has no option --fast")
        self.man(".It Fl d , Fl -detach\n", ".It Fl -detach\n", "up: --detach has the letter -d")
        self.man(".It Fl -since Ar TIME", ".It Fl -since", "logs [SERVICE…]: --since takes TIME")
        self.man(".It Fl -no-spawn\n", "", "Options of every command: --no-spawn is missing")
        self.man(".It 11\n", "", "exit status 11 is missing")
        self.man("DEFANG_NAT", "DEFANG_GNAT", "the variable DEFANG_NAT is missing")

    def test_readme(self) -> None:
        self.readme("| `ps` |", "| `pps` |", "no row `ps` in the table of commands")
        self.readme("| `ps` |", "| `pps` |", "the row `pps` is no command of defangctl")
        self.readme(", `--build` (", ", (", "up: --build is missing")
        self.readme("`--force`, `-d", "`--farce`, `-d", "cd bootstrap: has no option --farce")
        self.readme("`--no-spawn`; ", "", "Options of every command: --no-spawn is missing")
        self.readme("| 8 | canceled |\n", "", "exit code 8 is missing")


if __name__ == "__main__":
    sys.exit(unittest.main())
