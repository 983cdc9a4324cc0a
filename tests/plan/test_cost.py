"""What a plan costs: by hand for some resources, and for every type and class that the planner can
make.

Sums are worked out here from the prices of AWS's pages, which each row of the table names; a month
has 730 hours. What must hold: everything in a golden template has a price or is said to have none,
and what depends on use is said and not guessed.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
from typing import Any

from lib import HERE, ROOT

TOOL = os.environ.get(
    "PRICE_TOOL", str(pathlib.Path(os.environ.get("PLAN_TOOL", "")).parent / "price_tool")
)
MONTH = 730


def run(*arguments: str | pathlib.Path) -> Any:
    done = subprocess.run(
        [TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Cost(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.table = run("--table")
        cls.rows = {row[0]: row[1] for row in cls.table["rows"]}

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def cost(self, resources: dict[str, Any], region: str = "us-west-2") -> dict[str, Any]:
        path = self.folder / "template.json"
        path.write_text(
            json.dumps(
                {"Resources": {k: {"Metadata": {"Group": "g"}, **v} for k, v in resources.items()}}
            )
        )
        return run(path, region)

    def task(self, cpu: str, memory: str, arch: str = "X86_64", **more: Any) -> dict[str, Any]:
        return {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Cpu": cpu,
                "Memory": memory,
                "RuntimePlatform": {"CpuArchitecture": arch},
                **more,
            },
        }

    def service(
        self, count: int, provider: str = "FARGATE", public: str = "DISABLED"
    ) -> dict[str, Any]:
        return {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "TaskDefinition": {"Ref": "T"},
                "DesiredCount": count,
                "CapacityProviderStrategy": [{"CapacityProvider": provider, "Weight": 1}],
                "NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": public}},
            },
        }

    def test_table(self) -> None:
        keys = [row[0] for row in self.table["rows"]]
        self.assertEqual(keys, sorted(set(keys)), "sorted for the search, each once")
        for key, usd, _unit, source in self.table["rows"]:
            self.assertGreater(usd, 0, key)
            self.assertRegex(source, r"^aws\.amazon\.com/[a-z0-9/-]+( \(.*\))?$", key)
        regions = dict(self.table["regions"])
        self.assertEqual((regions["us-east-1"], regions["us-west-2"]), (1, 1))

    def test_fargate_by_hand(self) -> None:
        # the sum that AWS's page shows for 1 vCPU and 2 GB on Linux/x86: 0.04937 an hour
        one = self.cost({"T": self.task("1024", "2048"), "S": self.service(1)})
        self.assertAlmostEqual(one["month"], 0.04937 * MONTH, places=6)
        arm = self.cost({"T": self.task("2048", "4096", "ARM64"), "S": self.service(3)})
        self.assertAlmostEqual(arm["month"], 3 * (2 * 0.03238 + 4 * 0.00356) * MONTH, places=6)
        public = self.cost(
            {"T": self.task("256", "512"), "S": self.service(2, "FARGATE_SPOT", "ENABLED")}
        )
        self.assertAlmostEqual(
            public["month"], 2 * (0.25 * 0.012144 + 0.5 * 0.0013335 + 0.005) * MONTH, places=6
        )
        self.assertEqual(
            public["lines"][0][2], "2 tasks of 0.25 vCPU and 0.5 GB, Spot, with a public address"
        )
        self.assertEqual(
            self.cost({"T": self.task("256", "512"), "S": self.service(0)})["month"], 0
        )
        disk = self.cost(
            {
                "T": self.task("1024", "2048", EphemeralStorage={"SizeInGiB": 50}),
                "S": self.service(1),
            }
        )
        self.assertAlmostEqual(disk["month"] - one["month"], 30 * 0.000111 * MONTH, places=6)

    def test_stores_by_hand(self) -> None:
        database = {
            "Type": "AWS::RDS::DBInstance",
            "Properties": {
                "DBInstanceClass": "db.t4g.micro",
                "AllocatedStorage": "20",
                "MultiAZ": True,
            },
        }
        self.assertAlmostEqual(
            self.cost({"D": database})["month"], 2 * (0.016 * MONTH + 20 * 0.115), places=6
        )
        cache = {
            "Type": "AWS::ElastiCache::ReplicationGroup",
            "Properties": {
                "CacheNodeType": "cache.t4g.small",
                "NumCacheClusters": 2,
                "Engine": "valkey",
            },
        }
        self.assertAlmostEqual(self.cost({"C": cache})["month"], 2 * 0.8 * 0.032 * MONTH, places=6)

    def test_network_by_hand(self) -> None:
        gateway, address = (
            {"Type": "AWS::EC2::NatGateway", "Properties": {}},
            {"Type": "AWS::EC2::EIP", "Properties": {}},
        )
        found = self.cost({"N": gateway, "A": address})
        self.assertAlmostEqual(found["month"], 0.05 * MONTH, places=6)
        self.assertEqual(found["usage"], ["data through NAT gateways ($0.045 a GB)"])

    def test_regions(self) -> None:
        resources = {"N": {"Type": "AWS::EC2::NatGateway", "Properties": {}}}
        there = self.cost(resources, "eu-central-1")
        self.assertAlmostEqual(there["month"], 1.15 * self.cost(resources)["month"], places=6)
        self.assertIn("about", there["basis"])
        nowhere = self.cost(resources, "me-central-1")
        self.assertEqual((nowhere["priced"], nowhere["month"], nowhere["lines"]), (False, 0, []))
        self.assertIn("no price for region me-central-1", nowhere["basis"])

    def test_what_is_not_known_is_said(self) -> None:
        found = self.cost(
            {
                "X": {"Type": "AWS::Some::Thing", "Properties": {}},
                "D": {
                    "Type": "AWS::RDS::DBInstance",
                    "Properties": {"DBInstanceClass": "db.x9.large"},
                },
            }
        )
        self.assertEqual(
            sorted(found["unknown"]), ["AWS::Some::Thing", "D (db.x9.large with 20 GB)"]
        )
        self.assertEqual(found["month"], 0)

    def test_every_golden_template_is_priced(self) -> None:
        for path in sorted((HERE / "golden").rglob("*.json")):
            with self.subTest(path.name):
                found = run(path, "us-east-1")
                self.assertEqual(
                    found["unknown"],
                    [],
                    "a type or class without a price: say in src/plan/report/cost.c what it costs",
                )
                self.assertAlmostEqual(
                    found["month"], sum(line[3] for line in found["lines"]), places=6
                )

    def test_every_class_has_a_price(self) -> None:
        classes = set()
        for path in (ROOT / "src" / "plan").rglob("*.c"):
            if path.name not in ("price_table.c",):
                classes |= set(
                    re.findall(r'\{"((?:db|cache)\.[a-z0-9]+\.[a-z0-9]+)"', path.read_text())
                )
        self.assertGreater(len(classes), 30)
        missing = {
            c
            for c in classes
            if c not in self.rows and c.replace("db.", "docdb.", 1) not in self.rows
        }
        self.assertEqual(missing, set())


if __name__ == "__main__":
    unittest.main()
