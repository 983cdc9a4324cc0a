"""A suite that hangs is ended and says so, and keeps what passed; one that moves is never ended."""

import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

RUNNER = pathlib.Path(__file__).resolve().parent / "run_pytest.py"

GOOD = """
import pytest, time
def test_a(): pass
def test_b(): pass
def test_c(): assert False
def test_d(): pytest.skip("no such thing here")
"""
HANGS = """
import subprocess, time
def test_a(): pass
def test_hangs():
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    open("child.pid", "w").write(str(child.pid))
    while True:
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            raise
"""
SLOW = "import time\n" + "".join(f"def test_{i}(): time.sleep(1)\n" for i in range(8))
CRASHES = "import os\ndef test_a(): pass\ndef test_b(): os._exit(3)\n"


class RunPytest(unittest.TestCase):
    def run_suite(self, text, *options):
        with tempfile.TemporaryDirectory() as folder:
            home = pathlib.Path(folder)
            (home / "test_x.py").write_text(text)
            done = subprocess.run(
                [
                    *(sys.executable, str(RUNNER), "--log", str(home / "log")),
                    *("--notes", str(home / "notes"), *options),
                    *("--", "-q", "-p", "no:cacheprovider", "test_x.py"),
                ],
                cwd=home,
                capture_output=True,
                text=True,
                timeout=100,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            child = home / "child.pid"
            self.child = int(child.read_text()) if child.exists() else 0
            return done.stdout.strip(), (home / "notes").read_text()

    def test_counts(self):
        self.assertEqual(self.run_suite(GOOD), ("2 1 1", "skipped 1: no such thing here\n"))

    def test_a_suite_that_hangs(self):
        begun = time.monotonic()
        counts, notes = self.run_suite(HANGS, "--stall", "3")
        self.assertEqual(counts, "1 1 0")
        self.assertIn(
            "killed: no test began or ended for 3 s; running: test_x.py::test_hangs", notes
        )
        self.assertLess(time.monotonic() - begun, 60)
        state = pathlib.Path(f"/proc/{self.child}/stat")
        self.assertTrue(not state.exists() or " Z " in state.read_text(), "its child still runs")

    def test_a_slow_one_moves(self):
        self.assertEqual(self.run_suite(SLOW, "--stall", "6"), ("8 0 0", ""))

    def test_a_crash_keeps_counts(self):
        counts, notes = self.run_suite(CRASHES)
        self.assertEqual(counts, "1 1 0")
        self.assertIn("ended with status 3", notes)


if __name__ == "__main__":
    unittest.main()
