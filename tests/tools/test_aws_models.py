"""tests/tools/aws_models.py --check sees a table that somebody changed by hand, and says it clearly
when it cannot compare."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tests/tools/aws_models.py"


class Check(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.aws = pathlib.Path(folder.name) / "aws"
        shutil.copytree(ROOT / "src/aws", self.aws)

    def check(self):
        return subprocess.run(
            [sys.executable, TOOL, "--out", self.aws, "--check"],
            capture_output=True,
            text=True,
            check=False,
        )

    def change(self, name, pattern, to):
        path = self.aws / name
        text, count = re.subn(pattern, to, path.read_text(), count=1)
        self.assertEqual(count, 1, f"{name} has no {pattern}")
        path.write_text(text)

    def test_each_table_changed_by_hand_is_named(self):
        self.change("settings/endpoint_rules.c", r"iam-fips", "iam-fast")
        self.change("settings/partitions.c", r"us-west-2", "us-west-3")
        self.change("model/sts.c", r"AssumeRole", "AssumeRule")
        (self.aws / "model/sso.c").unlink()
        done = self.check()
        self.assertEqual(done.returncode, 1)
        named = re.findall(r"(\S+): is not what the models say", done.stderr)
        found = sorted(str(pathlib.Path(n).relative_to(self.aws)) for n in named)
        wanted = "model/sso.c model/sts.c settings/endpoint_rules.c settings/partitions.c"
        self.assertEqual(found, wanted.split())

    def test_another_botocore_is_said(self):
        self.change("model/all.c", r"botocore [\d.]+\d", "botocore 1.0.0")
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"are from botocore 1\.0\.0, but this python has botocore \d")
        self.assertIn("requirements.txt", done.stderr)


if __name__ == "__main__":
    unittest.main()
