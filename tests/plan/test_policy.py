"""The table behind `cd policy`: every type that a plan holds and every call that the program makes
is in it.

Types come from the golden templates, calls from the C sources; where a permission has another name
than its call, RENAMED says so. Whether the policy is enough and no action too many is tried with
real calls in tests/e2e/test_policy.py.
"""

import fnmatch
import json
import pathlib
import re
import unittest

import cfnlint

from lib import HERE, ROOT

TABLE = ROOT / "src" / "plan" / "report" / "policy_table.c"
PREFIX = {
    "elbv2": "elasticloadbalancing",
    "efs": "elasticfilesystem",
    "docdb": "rds",
    "resourcegroupstaggingapi": "tag",
}
# calls of set-up and login, which need rights of their own
APART = {
    "cloudformation:CreateStack",
    "cloudformation:UpdateStack",
    "cloudformation:UpdateTerminationProtection",
}
# S3 operations whose permission has another name
RENAMED = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:ListParts": "s3:ListMultipartUploadParts",
}


def rows() -> dict[str, list[str]]:
    text = TABLE.read_text().replace("LINKED_ROLE", '" iam:CreateServiceLinkedRole"')
    found = {}
    for kind, strings in re.findall(r'\{"([A-Za-z0-9:]*)",((?:\s*"[^"]*")+)\s*\}', text):
        found[kind] = "".join(re.findall(r'"([^"]*)"', strings)).split()
    return found


class Policy(unittest.TestCase):
    def test_every_type_has_a_row(self) -> None:
        types = set()
        for path in (HERE / "golden").rglob("*.json"):
            if not path.name.startswith("cd"):
                types |= {
                    r["Type"] for r in json.loads(path.read_text()).get("Resources", {}).values()
                }
        self.assertGreater(len(types), 35)
        self.assertEqual(sorted(types - set(rows())), [])

    def test_actions_are_whole(self) -> None:
        for kind, actions in rows().items():
            self.assertEqual(len(actions), len(set(actions)), kind)
            for action in actions:
                self.assertRegex(action, r"^[a-z0-9-]+:[A-Z][A-Za-z0-9]+\*?$", kind)

    def test_aws_32_actions_are_those_that_aws_has(self) -> None:
        """By the list that AWS's policy generator has, as cfn-lint carries it."""
        path = pathlib.Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json"
        known = json.loads(path.read_text())
        unknown = []
        for actions in rows().values():
            for action in actions:
                service, _, name = action.lower().partition(":")
                names = [n.lower() for n in known.get(service, {}).get("Actions", [])]
                if not fnmatch.filter(names, name):
                    unknown.append(action)
        self.assertEqual(unknown, [])

    def test_every_call_of_the_program_is_allowed(self) -> None:
        allowed = [a for actions in rows().values() for a in actions]
        made = set()
        for folder in ("src/engine", "daemon"):
            for path in (ROOT / folder).rglob("*.c"):
                made |= {
                    f"{PREFIX.get(s, s)}:{o}"
                    for s, o in re.findall(r"\baws_([a-z0-9]+)_([A-Z]\w+)", path.read_text())
                }
        made -= APART | {m for m in made if m.startswith(("sso", "signin"))}
        self.assertGreater(len(made), 30)
        missing = sorted(
            m for m in made if not any(fnmatch.fnmatchcase(RENAMED.get(m, m), a) for a in allowed)
        )
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
