"""docs/RESOURCES.md against the code and the document: every type has a row, every row's file makes
its type, every test is there, every row of the document stands.
"""

import os
import pathlib
import re
import unittest

from lib import HERE, ROOT

PAGE = ROOT / "docs" / "RESOURCES.md"
PLAN = ROOT / "src" / "plan"
SHARED = pathlib.Path(os.environ.get("DEFANG_SHARED", ROOT.parent / "shared"))
# tables and printers: they name types and make none
TABLES = {
    "clash.c",
    "replace_table.c",
    "policy_table.c",
    "explain_table.c",
    "explain.c",
    "cost.c",
    "price_table.c",
    "warnings.c",
    "eject.c",
    "graph.c",
}
# what the document's rows are called here when the words differ
ROW = re.compile(r"^(s3|ecs|iam|ec2|logs|ecr|acm|cloudwatch|route53)/([A-Za-z]+)")


def made() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in PLAN.rglob("*.c"):
        text = path.read_text()
        name = str(path.relative_to(PLAN))
        if path.name not in TABLES and path.parent.name != "pulumi" and "graph_add(" in text:
            for kind in re.findall(r'"(AWS::\w+::\w+)"', text):
                found.setdefault(kind, set()).add(name)
    return found


def rows() -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in PAGE.read_text().splitlines()
        if line.startswith("|") and "---" not in line
    ]


class Resources(unittest.TestCase):
    def test_every_type_has_a_row_with_its_file(self) -> None:
        page = [(cell, " ".join(row)) for row in rows() for cell in row]
        for kind, files in made().items():
            for name in files:
                self.assertTrue(
                    any(re.match(rf"{kind}\b", cell) and f"`{name}`" in row for cell, row in page),
                    f"{kind} of {name} has no row in docs/RESOURCES.md",
                )

    def test_rows_are_true(self) -> None:
        types = made()
        # test_outside.py and what it mixes in
        looks = "".join(p.read_text() for p in sorted(HERE.glob("*outside*.py")))
        for row in rows():
            text = " ".join(row)
            for name in re.findall(r"`([a-z_/]+\.c)`", text):
                self.assertTrue((PLAN / name).is_file(), f"{name}: {row}")
            for name in re.findall(r"`(test_[a-z_]+\.py)`", text):
                self.assertTrue((HERE / name).is_file(), f"{name}: {row}")
            for letter in re.findall(r"`test_outside\.py` \(([a-z])\)", text):
                self.assertRegex(looks, rf"def test_{letter}_", f"{row}")
            for kind in re.findall(r"AWS::\w+::\w+", text):
                self.assertIn(kind, types, f"nothing makes {kind}: {row}")

    def test_every_row_of_the_document(self) -> None:
        source = SHARED / "reference" / "defang-aws-provider.txt"
        if not source.exists():
            self.skipTest(f"{source} is not there")

        def kinds(lines: list[str]) -> list[str]:
            return sorted(
                m[0].lower()
                for line in lines
                if (
                    m := re.match(
                        r"(?:s3|ecs|iam|ec2|logs|ecr|acm|cloudwatch|route53)/"
                        r"(?:ClusterCapacityProviderAssociations|ClusterCapacityProviders|Cluster|"
                        r"VPCGatewayAttachment|VPCEndpoint|VpcDhcpOptionsAssociation|"
                        r"VpcDhcpOptions|VPC|"
                        r"InternetGateway|PullThroughCacheRule|RouteTable|Route|SecurityGroup|"
                        r"SubnetRouteTableAssociation|Subnet|TaskDefinition|InstanceProfile|Role|"
                        r"Repository|LifecyclePolicy|CertificateValidation|Certificate|EventRule|"
                        r"EventTarget|Record|LogGroup|Logroup|BucketPublicAccessBlock|Bucket)",
                        line,
                    )
                )
            )

        wanted = kinds(source.read_text().splitlines())
        self.assertEqual(len(wanted), 17 + 24)
        self.assertEqual(kinds([row[0] for row in rows()]), wanted)


if __name__ == "__main__":
    unittest.main()
