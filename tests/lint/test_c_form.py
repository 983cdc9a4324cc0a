"""c_form.py finds what it is for, and leaves the good twin alone.

Each case is a tree of one file; the formatter is the real one, with the repository's own rules.
"""

import pathlib
import shutil
import tempfile
import unittest

import c_form
import lint

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOOD = "int f(void)\n{\n    return 1;\n}\n"
MANUAL = "/* What it is for.\n *\n * How it goes, and what must hold. */\n"
LONG = MANUAL + GOOD + "\n" + "/* more */\n" * 60


class Form(unittest.TestCase):
    def found(self, path: str, text: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "tests").mkdir()
            shutil.copy(ROOT / ".clang-format", root)
            shutil.copy(ROOT / "tests/requirements.txt", root / "tests")
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
            program = c_form.formatter(root)
            return "\n".join(
                f"{p}:{n}: {m}" for p, n, m in sorted(set(c_form.findings(root, program)))
            )

    def test_form(self) -> None:
        self.assertIn("src/a.c:1: not as clang-format", self.found("src/a.c", "int f( void ){}\n"))
        self.assertIn("tests/a.h:1: not as", self.found("tests/a.h", "int  x;\n"))
        self.assertEqual(self.found("src/a.c", GOOD), "")
        kept = "/* clang-format off */\nint  x;\n/* clang-format on */\n"
        self.assertEqual(self.found("src/a.c", kept), "")

    def test_columns(self) -> None:
        text = 'const char *x =\n    "' + "y" * 120 + '";\n'
        self.assertIn("a.c:2: 127 columns", self.found("src/a.c", text))

    def test_manual(self) -> None:
        self.assertEqual(self.found("src/a.c", LONG), "")
        bare = LONG.replace(MANUAL, '#include "a.h"\n\n' + MANUAL)
        self.assertIn("without a manual", self.found("src/a.c", bare))
        short = LONG.replace(MANUAL, "/* Words. */\n")
        self.assertIn("without a manual", self.found("src/a.c", short))
        self.assertIn("without a manual", self.found("tests/a.c", short))
        sentence = LONG.replace(MANUAL, "/* A sentence: what these tests are about here. */\n")
        self.assertEqual(self.found("tests/a.c", sentence), "")
        switch = short.replace("/* Words. */", "/* clang-format off */")
        self.assertIn("without a manual", self.found("src/a.c", switch))
        self.assertEqual(self.found("src/a.h", short), "")

    def test_rooms(self) -> None:
        def judged(folder: str, count: int) -> list[tuple[str, int, str]]:
            sources = [lint.Source.__new__(lint.Source) for _ in range(count)]
            for number, source in enumerate(sources):
                source.path, source.is_c, source.generated = f"{folder}/{number}.c", True, False
            return list(c_form.crowded(sources))

        self.assertIn("31 files", judged("src/new", 31)[0][2])
        self.assertEqual(judged("src/new", 30), [])
        self.assertEqual(judged("tests/unit", 31), [])

    def test_version(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "tests").mkdir()
            for text in ("clang-format==1.0.0\n", "ruff==1\n"):
                (root / "tests/requirements.txt").write_text(text)
                self.assertRaises(c_form.NoFormatter, c_form.formatter, root)

    def test_generated(self) -> None:
        source = lint.Source.__new__(lint.Source)
        source.suffix, source.generated, source.lines, source.text = ".c", True, ["x"] * 99, "x"
        self.assertEqual(list(c_form.check_manual(source)), [])


if __name__ == "__main__":
    unittest.main()
