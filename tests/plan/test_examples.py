"""Every folder under examples/ is planned without a complaint, and holds what its README says."""

import ast
import json
import pathlib
import tempfile
import unittest

from lib import ROOT, lint, tool

EXAMPLES = ROOT / "examples"
# What each must make: resource types that stand for what the example is about.
WANTED = {
    "migration": ["AWS::RDS::DBInstance", "AWS::ECS::Service"],
    "pages": ["AWS::CloudFront::Distribution", "AWS::ECS::Service"],
    "queue": ["AWS::ElastiCache::ReplicationGroup", "AWS::ECS::Service"],
    "shop": ["AWS::RDS::DBInstance", "AWS::ElastiCache::ReplicationGroup"],
}


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.names = sorted(p.parent.name for p in EXAMPLES.glob("*/compose.yaml"))
        cls.texts = {name: tool("--indent", cls.file(name))[0] for name in cls.names}

    @staticmethod
    def file(name: str) -> pathlib.Path:
        return EXAMPLES / name / "compose.yaml"

    def test_all_are_known(self) -> None:
        self.assertEqual(set(self.names), set(WANTED))
        self.assertEqual({p.name for p in EXAMPLES.iterdir() if p.is_dir()}, set(WANTED))

    def test_no_complaint(self) -> None:
        for name in self.names:
            with self.subTest(name):
                said = "".join(tool("--check", self.file(name)))
                self.assertNotRegex(said, r"(?m): (error|warning): ")

    def test_what_is_made(self) -> None:
        for name, wanted in WANTED.items():
            with self.subTest(name):
                resources = json.loads(self.texts[name])["Resources"].values()
                types = {resource["Type"] for resource in resources}
                self.assertEqual([kind for kind in wanted if kind not in types], [])

    def test_migration_waits(self) -> None:
        outputs = json.loads(self.texts["migration"])["Outputs"]
        self.assertIn("OnceMigrate", outputs)

    def test_cfn_lint(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for name, text in self.texts.items():
                paths.append(pathlib.Path(folder) / f"{name}.json")
                paths[-1].write_text(text)
            self.assertEqual(lint(paths), [])

    def test_a_readme_and_programs_that_parse(self) -> None:
        for name in self.names:
            self.assertTrue((EXAMPLES / name / "README.md").is_file(), name)
        for path in EXAMPLES.rglob("*.py"):
            ast.parse(path.read_text(), str(path))


if __name__ == "__main__":
    unittest.main()
