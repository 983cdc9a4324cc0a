"""The 20 proof projects: golden, deterministic, clean to cfn-lint, within the limits of
CloudFormation.

`test_projects.py --write` renews tests/plan/golden/projects; look at the difference before
committing it.
"""

import json
import pathlib
import tempfile
import unittest

import projects
from lib import HERE, lint, tool, write_flag

GOLDEN = HERE / "golden" / "projects"
WRITE = write_flag()
LIMITS = {"Resources": 500, "Outputs": 200}
BYTES = 1_000_000


class Projects(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.texts = {
            name: tool("--indent", *projects.arguments(name), projects.compose(name))[0]
            for name in projects.names()
        }

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_there_are_twenty(self) -> None:
        self.assertEqual(len(self.texts), 20)
        self.assertEqual(set(projects.CHANGES), set(self.texts))

    def test_golden(self) -> None:
        for name, text in self.texts.items():
            with self.subTest(name):
                path = GOLDEN / f"{name}.json"
                if WRITE:
                    GOLDEN.mkdir(parents=True, exist_ok=True)
                    path.write_text(text)
                self.assertEqual(json.loads(text), json.loads(path.read_text()))
                self.assertEqual(text, path.read_text())

    def test_same_bytes_again(self) -> None:
        for name, text in self.texts.items():
            with self.subTest(name):
                self.assertEqual(
                    tool("--indent", *projects.arguments(name), projects.compose(name))[0], text
                )

    def test_order_in_the_file_means_nothing(self) -> None:
        for name, text in self.texts.items():
            with self.subTest(name):
                self.assertEqual(
                    tool(
                        "--indent", *projects.arguments(name), projects.shuffled(name, self.folder)
                    )[0],
                    text,
                )

    def test_lint(self) -> None:
        paths = []
        for name, text in self.texts.items():
            paths.append(self.folder / f"{name}.json")
            paths[-1].write_text(text)
        self.assertEqual(lint(paths), [])

    def test_limits(self) -> None:
        for name, text in self.texts.items():
            plan = json.loads(text)
            for part, most in LIMITS.items():
                self.assertLessEqual(len(plan.get(part, {})), most, f"{name} {part}")
            self.assertLess(len(json.dumps(plan)), BYTES, name)

    def test_changes_change(self) -> None:
        for name, text in self.texts.items():
            with self.subTest(name):
                old = self.folder / "old.json"
                old.write_text(text)
                arguments = [
                    *projects.arguments(name),
                    "--deployment",
                    "abcabcabcabc",
                    "--previous",
                    old,
                ]
                self.assertNotEqual(
                    tool(*arguments, "--diff", old, projects.changed(name, self.folder))[0], ""
                )
                self.assertEqual(tool(*arguments, "--diff", old, projects.compose(name))[0], "")


if __name__ == "__main__":
    unittest.main()
