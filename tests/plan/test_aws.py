"""What AWS would say of a template, row by row of the review against AWS's own texts: each test has
the number of its row.

A project is a few lines; what follows on what is deployed is planned over it.
"""

import json
import pathlib
import tempfile
import unittest
from typing import Any

from lib import tool

VPC = """
x-defang-aws:
  vpcID: vpc-0123456789abcdef0
  publicSubnetIDs: [subnet-0aaaaaaaaaaaaaaa1, subnet-0aaaaaaaaaaaaaaa2, subnet-0aaaaaaaaaaaaaaa3]
  privateSubnetIDs: [subnet-0bbbbbbbbbbbbbbb1, subnet-0bbbbbbbbbbbbbbb2, subnet-0bbbbbbbbbbbbbbb3]
"""
PLACES = [
    f"--place=subnet-0{side * 15}{n}=us-west-2{zone}"
    for side in "ab"
    for n, zone in zip("123", "aab", strict=True)
]
MOUNTED = "    volumes: [data:/data]\n"
NAMED = "volumes: {data: {external: true, name: fs-0123456789abcdef0}}\n"


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def plan(self, text: str, *arguments: str, before: dict[str, Any] | None = None) -> Any:
        path, old = self.folder / "compose.yaml", self.folder / "old.json"
        path.write_text(f"name: shop\nservices:\n{text}")
        if before:
            old.write_text(json.dumps(before))
            arguments = (*arguments, "--previous", str(old))
        return json.loads(tool(*arguments, path)[0])

    def service(self, template: dict[str, Any], name: str = "ServiceWeb") -> dict[str, Any]:
        return template["Resources"][name]["Properties"]


WEB = "  web:\n    image: nginx\n    ports: ['80:80']\n"
SPOT = ("--env", "DEFANG_CAPACITY_PROVIDER=FARGATE_SPOT")


class Services(Case):
    def test_aws_2_another_capacity_provider_moves_the_tasks(self) -> None:
        before = self.plan(WEB)
        self.assertNotIn("ForceNewDeployment", self.service(before))
        self.assertNotIn("ForceNewDeployment", self.service(self.plan(WEB, before=before)))

        moved = self.plan(WEB, "--mode", "ha", before=before)
        wanted = {"EnableForceNewDeployment": True, "ForceNewDeploymentNonce": "FARGATE"}
        self.assertEqual(self.service(moved)["ForceNewDeployment"], wanted)
        again = self.plan(WEB, "--mode", "ha", before=moved)
        self.assertEqual(self.service(again)["ForceNewDeployment"], wanted)
        back = self.plan(WEB, before=again)
        self.assertEqual(
            self.service(back)["ForceNewDeployment"]["ForceNewDeploymentNonce"], "FARGATE_SPOT"
        )

    def test_aws_2_with_pulumi(self) -> None:
        old = self.folder / "before.json"
        old.write_text(json.dumps(self.plan(WEB)))
        path = self.folder / "compose.yaml"
        said = json.loads(tool("--pulumi", "engine", "--mode", "ha", "--previous", old, path)[0])[
            "yaml"
        ]
        self.assertIn("forceNewDeployment: true", said)

    def test_aws_4_rebalancing_is_off_where_no_task_more_may_start(self) -> None:
        update = "    deploy: {replicas: 4, update_config: {order: stop-first, parallelism: 1}}\n"
        for text, off in (
            (WEB, False),
            (WEB + MOUNTED + "volumes: {data: {}}\n", True),
            (WEB + update, True),
            (WEB + update.replace("stop-first", "start-first"), False),
        ):
            with self.subTest(text):
                service = self.service(self.plan(text))
                most = service["DeploymentConfiguration"]["MaximumPercent"]
                self.assertEqual(most <= 100, off)
                self.assertEqual(
                    service.get("AvailabilityZoneRebalancing"), "DISABLED" if off else None
                )

    def test_aws_8_registries_that_go_are_taken_away_in_so_many_words(self) -> None:
        before = self.plan(WEB)
        sidecar = ("--env", "DEFANG_DISCOVERY=sidecar")
        self.assertEqual(len(self.service(before)["ServiceRegistries"]), 1)
        after = self.plan(WEB, *sidecar, before=before)
        self.assertEqual(self.service(after)["ServiceRegistries"], [])
        self.assertEqual(
            self.service(self.plan(WEB, *sidecar, before=after))["ServiceRegistries"], []
        )
        self.assertNotIn("ServiceRegistries", self.service(self.plan(WEB, *sidecar)))


class Network(Case):
    def subnets(self, template: dict[str, Any], kind: str) -> list[Any]:
        return [
            r["Properties"].get("SubnetId") or r["Properties"].get("Subnets")
            for r in template["Resources"].values()
            if r["Type"].endswith(kind)
        ]

    def test_aws_5_one_subnet_a_zone(self) -> None:
        template = self.plan(WEB + MOUNTED + "volumes: {data: {}}\n" + VPC, *PLACES)
        self.assertEqual(
            self.subnets(template, "::LoadBalancer"),
            [["subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa3"]],
        )
        self.assertEqual(
            self.subnets(template, "::MountTarget"),
            ["subnet-0bbbbbbbbbbbbbbb1", "subnet-0bbbbbbbbbbbbbbb3"],
        )

    def test_aws_6_mount_targets_that_are_there_are_used(self) -> None:
        taken = "--place=fs-0123456789abcdef0=us-west-2a"
        other = "--place=fs-0fffffffffffffff0=us-west-2a"
        for places, wanted in (
            ((), ["subnet-0bbbbbbbbbbbbbbb1", "subnet-0bbbbbbbbbbbbbbb3"]),
            ((taken,), ["subnet-0bbbbbbbbbbbbbbb3"]),
            ((taken, taken.replace("2a", "2b")), []),
            ((other,), ["subnet-0bbbbbbbbbbbbbbb1", "subnet-0bbbbbbbbbbbbbbb3"]),
        ):
            with self.subTest(places):
                template = self.plan(WEB + MOUNTED + NAMED + VPC, *PLACES, *places)
                self.assertEqual(self.subnets(template, "::MountTarget"), wanted)
                waits = template["Resources"]["ServiceWeb"]["DependsOn"]
                self.assertEqual(
                    len([w for w in waits if w.startswith("VolumeMount")]), len(wanted)
                )

    def test_aws_9_the_cd_stack_lies_where_fargate_is(self) -> None:
        made = json.loads(tool("--cd", "--cd-zone", "us-east-1b")[0])["Resources"]["Subnet"]
        self.assertEqual(made["Properties"]["AvailabilityZone"], "us-east-1b")
        self.assertNotIn(
            "AvailabilityZone", json.loads(tool("--cd")[0])["Resources"]["Subnet"]["Properties"]
        )


if __name__ == "__main__":
    unittest.main()
