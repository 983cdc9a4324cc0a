"""Other people's projects: ../shared/corpus, planned one by one.

What is refused stands in REFUSED, by the reason, and is no more than that: a change that refuses
another one fails here, and one that refuses fewer says so. Files that the projects name and the
corpus lacks on purpose are made, as their README says to. No project crashes or hangs the planner.
"""

import collections
import os
import pathlib
import re
import shutil
import tempfile
import unittest

from lib import ROOT, Refused, tool

SHARED = pathlib.Path(os.environ.get("DEFANG_SHARED") or ROOT.parent / "shared")
CORPUS = SHARED / "corpus" / "awesome-compose"
PROJECTS = 39
# Reason, projects: what AWS cannot do.
REFUSED = {
    'Fargate has no platform "wasi/wasm"': 2,  # wasmedge-…: no runtime for WebAssembly
}
# Lines that a project gets at most, warnings and notes together: beyond it nobody reads them.
LINES = 24


@unittest.skipUnless(CORPUS.is_dir(), f"{CORPUS} is absent")
class Corpus(unittest.TestCase):
    def test_compose_91_projects_are_planned(self) -> None:
        refused: collections.Counter[str] = collections.Counter()
        planned = 0
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "corpus"
            shutil.copytree(CORPUS, root)
            for path in sorted(p for p in root.rglob("*.y*ml") if "compose" in p.name):
                for name in re.findall(r"\bfile: (\S+)", path.read_text()):
                    (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
                    (path.parent / name).write_text("example")
                try:
                    said = tool("--check", path)[1]
                    planned += 1
                except Refused as e:
                    said = str(e)
                    found = re.findall(
                        r"error: (?:service [\w.-]+: )?(.*?)(?: \| .*)?$", said, re.M
                    )
                    refused[found[0]] += 1
                with self.subTest(path.parent.name):
                    self.assertLessEqual(len(said.splitlines()), LINES, said)
        self.assertEqual(dict(refused), REFUSED)
        self.assertEqual(planned, PROJECTS - sum(REFUSED.values()))


if __name__ == "__main__":
    unittest.main()
