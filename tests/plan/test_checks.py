"""plan_check against cases/bad: a comment `# error: text` on a line means a diagnostic there.

Every error that comes must be expected, and every expected line must come.
"""

import json
import pathlib
import re
import tempfile
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
            expected = [
                (number, *match.groups())
                for number, line in enumerate(path.read_text().splitlines(), 1)
                if (match := EXPECTED.search(line)) and match[2] != "-"
            ]
            for number, kind, text in expected:
                with self.subTest(path.name, line=number, text=text):
                    self.assertTrue(
                        any(n == number and k == kind and text in t for n, k, t in said),
                        [s for s in said if abs(s[0] - number) < 3],
                    )
            for number, kind, text in said:
                if kind == "error":
                    with self.subTest(path.name, line=number, said=text):
                        self.assertTrue(
                            any(n == number and k == kind and t in text for n, k, t in expected)
                        )

    def test_there_are_cases(self) -> None:
        self.assertGreater(len(list((HERE / "cases" / "bad").glob("*.yaml"))), 3)

    def test_too_large(self) -> None:
        """A project that no stack holds is refused, quickly, with the count of each part."""
        services = {
            f"s{i}": {
                "image": "nginx",
                "expose": [80],
                "deploy": {"resources": {"reservations": {"memory": "1G"}}},
            }
            for i in range(200)
        }
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "compose.yaml"
            path.write_text(json.dumps({"name": "large", "services": services}))
            with self.assertRaises(Refused) as refused:
                tool("--check", path)
            self.assertIn("a CloudFormation stack holds 500", str(refused.exception))
            self.assertIn("service/s199 5", str(refused.exception))

    def test_ssm_keeps_names_for_itself(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "compose.yaml"
            path.write_text(
                json.dumps({"name": "aws-tools", "services": {"a": {"image": "nginx"}}})
            )
            tool("--check", path)
            with self.assertRaises(Refused) as refused:
                tool("--env", "DEFANG_PREFIX=", "--check", path)
            self.assertIn("SSM takes no parameter", str(refused.exception))

    def test_long_project_name(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "compose.yaml"
            for length, fits in ((63, True), (64, False)):
                path.write_text(
                    json.dumps({"name": "p" * length, "services": {"a": {"image": "nginx"}}})
                )
                if fits:
                    tool("--check", path)
                else:
                    with self.assertRaises(Refused) as refused:
                        tool("--check", path)
                    self.assertIn("its private zone would be", str(refused.exception))

    def test_settings(self) -> None:
        """Settings of the project are known, in range, and say where they are wrong."""
        wrong = {
            "log-retention": [3, "has no setting"],
            "nat": ["two", "cannot be"],
            "zones": [9, "must be a number from 2 to 4"],
            "backup-window": ["4-5", "cannot be"],
            "alarms": ["perhaps", "must be true or false"],
            "log-retention-days": [2, "keeps for 1, 3, 5"],
        }
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "compose.yaml"
            for key, (value, text) in wrong.items():
                path.write_text(
                    json.dumps(
                        {
                            "name": "s",
                            "x-defang-settings": {key: value},
                            "services": {"a": {"image": "nginx"}},
                        }
                    )
                )
                with self.subTest(key), self.assertRaises(Refused) as refused:
                    tool("--check", path)
                self.assertIn(text, str(refused.exception))
            path.write_text(
                json.dumps(
                    {
                        "name": "s",
                        "x-defang-settings": {"nat-gateway-strategy": "single", "zones": 3},
                        "services": {"a": {"image": "nginx"}},
                    }
                )
            )
            ids = json.loads(tool(path)[0])["Resources"]
            self.assertIn("NatGateway1", ids)
            self.assertIn("PrivateSubnet3", ids)
            ids = json.loads(tool("--env", "DEFANG_NAT=none", path)[0])["Resources"]
            self.assertNotIn("NatGateway1", ids)

    def test_same_domain(self) -> None:
        one = {"image": "nginx", "domainname": "x.example.com", "ports": ["80"]}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "compose.yaml"
            path.write_text(json.dumps({"name": "twins", "services": {"a": one, "b": one}}))
            with self.assertRaises(Refused) as refused:
                tool("--check", path)
            self.assertIn("services a and b have the same domainname", str(refused.exception))

    def test_good_ones_pass(self) -> None:
        for path in sorted((HERE / "cases").glob("*.yaml")):
            with self.subTest(path.name):
                self.assertFalse([s for s in given(path) if s[1] == "error"])


if __name__ == "__main__":
    unittest.main()
