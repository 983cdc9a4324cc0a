"""What a log of meson's is counted as, and what is noted of it."""

import json
import pathlib
import tempfile
import unittest

import count_tests

CHECK = "100%: Checks: 5, Failures: 0, Errors: 0\n"
UNITTEST = "Ran 4 tests in 0.1s\n\nOK (skipped=1)\n"

# (result, what it printed, counts, note)
CASES = [
    ("OK", CHECK, (5, 0, 0), None),
    ("OK", "", (1, 0, 0), None),
    ("FAIL", "66%: Checks: 3, Failures: 1, Errors: 0\n", (2, 1, 0), None),
    ("FAIL", CHECK, (5, 1, 0), None),
    ("TIMEOUT", CHECK, (5, 1, 0), "killed: it took longer than its limit"),
    ("TIMEOUT", "", (0, 1, 0), "killed: it took longer than its limit"),
    ("OK", UNITTEST, (3, 0, 1), "skipped 1: it: OK (skipped=1)"),
    ("SKIP", "SKIPPED: no such tool\n", (0, 0, 1), "skipped 1: it: SKIPPED: no such tool"),
    ("SKIP", "", (0, 0, 1), "skipped 1: it: no reason given"),
]


class CountTests(unittest.TestCase):
    def test_cases(self):
        for result, text, counts, note in CASES:
            with self.subTest(result=result, text=text), tempfile.TemporaryDirectory() as folder:
                log = pathlib.Path(folder) / "log.json"
                log.write_text(json.dumps({"name": "it", "result": result, "stdout": text}) + "\n")
                notes = []
                shown, count_tests.show = count_tests.show, lambda *_: None
                try:
                    self.assertEqual(count_tests.count_meson(log, notes), counts)
                finally:
                    count_tests.show = shown
                self.assertEqual(notes, [note] if note else [])


if __name__ == "__main__":
    unittest.main()
