"""plan_check against cases/bad: a comment `# error: text` on a line means a diagnostic there. Every error that comes must be expected, and every
expected line must come."""

import re
import unittest

from lib import HERE, Refused, tool

EXPECTED = re.compile(r"#\s+(error|warning|note): (.*)$")
GIVEN = re.compile(r"^([\w.-]+):(\d+):(\d+): (error|warning|note): (.*)$")


def given(path) -> list[tuple[int, str, str]]:
    try:
        text = tool("--check", path)[1]
    except Refused as e:
        text = str(e)
    found = []
    for line in text.splitlines():
        match = GIVEN.match(line)
        if match and match[1] == path.name:
            found.append((int(match[2]), match[4], match[5]))
    return found


class Checks(unittest.TestCase):
    def test_cases(self) -> None:
        for path in sorted((HERE / "cases" / "bad").glob("*.yaml")):
            said = given(path)
            expected = [(number, *match.groups()) for number, line in enumerate(path.read_text().splitlines(), 1)
                        if (match := EXPECTED.search(line)) and match[2] != "-"]
            for number, kind, text in expected:
                with self.subTest(path.name, line=number, text=text):
                    self.assertTrue(any(n == number and k == kind and text in t for n, k, t in said),
                                    [s for s in said if abs(s[0] - number) < 3])
            for number, kind, text in said:
                if kind == "error":
                    with self.subTest(path.name, line=number, said=text):
                        self.assertTrue(any(n == number and k == kind and t in text for n, k, t in expected))

    def test_there_are_cases(self) -> None:
        self.assertGreater(len(list((HERE / "cases" / "bad").glob("*.yaml"))), 3)

    def test_good_ones_pass(self) -> None:
        for path in sorted((HERE / "cases").glob("*.yaml")):
            with self.subTest(path.name):
                self.assertFalse([s for s in given(path) if s[1] == "error"])


if __name__ == "__main__":
    unittest.main()
