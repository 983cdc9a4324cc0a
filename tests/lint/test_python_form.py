"""python_form.py finds what is badly formed, against a rule or without a manual, and nothing in the
good twin; another ruff than the pinned one is an error.
"""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import python_form

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
GOOD = '"""A manual."""\n\nimport os\n\nprint(os.sep)\n'
LINES = "".join(f"x{i} = {i}\n" for i in range(61))

# (text of a module, part of the message; None = no finding)
CASES = [
    (GOOD, None),
    (GOOD.replace("os.sep", " os.sep "), "not as `ruff format` writes it"),
    (GOOD.replace("print(os.sep)", "print('x')"), "not as `ruff format` writes it"),
    (GOOD.replace("print(os.sep)\n", "print()\n"), "F401 `os` imported but unused"),
    (GOOD + f"# {'long ' * 20}x\n", "E501 Line too long"),
    (GOOD + "\n\ndef f(x=[]):\n    return x\n", "B006"),
    ("import sys\n\nimport os\n\nprint(os, sys)\n", "I001"),
    (LINES, "no docstring at the head"),
    ('"""A manual."""\n\n' + LINES, None),
    (LINES.replace("x60 = 60\n", ""), None),
    ("def f(:\n", "ruff format: "),
]


class Form(unittest.TestCase):
    def tree(self, text: str, pins: str | None = None) -> pathlib.Path:
        root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        (root / "tests").mkdir()
        (root / "tests/ruff.toml").write_text((TESTS / "ruff.toml").read_text())
        (root / "tests/requirements.txt").write_text(
            (TESTS / "requirements.txt").read_text() if pins is None else pins
        )
        (root / "tests/some.py").write_text(text)
        return root

    def test_cases(self) -> None:
        for text, part in CASES:
            with self.subTest(text=text[:60], part=part):
                found = python_form.run(self.tree(text))
                if part is None:
                    self.assertEqual(found, [])
                else:
                    self.assertTrue(any(part in line for line in found), found)

    def test_a_finding_has_its_place(self) -> None:
        found = python_form.run(self.tree(GOOD + f"# {'long ' * 20}x\n"))
        self.assertEqual([line.split(": ")[0] for line in found], ["tests/some.py:6"])

    def test_another_ruff_is_an_error(self) -> None:
        for pins in ("pytest==1\n", "ruff==0.0.1\n"):
            with self.subTest(pins=pins), self.assertRaises(python_form.NoRuff):
                python_form.run(self.tree(GOOD, pins))

    def test_no_ruff_is_an_error(self) -> None:
        root, said = self.tree(GOOD), io.StringIO()
        with (
            mock.patch.object(sys, "executable", "/bin/false"),
            mock.patch.object(sys, "argv", ["python_form.py", str(root)]),
            contextlib.redirect_stderr(said),
        ):
            self.assertEqual(python_form.main(), 2)
        self.assertIn("/bin/false is not there", said.getvalue())
        self.assertIn("run scripts/setup", said.getvalue())


if __name__ == "__main__":
    unittest.main()
