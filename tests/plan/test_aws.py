"""What AWS would say of a template, row by row of the review against AWS's own texts: each test has
the number of its row.

A project is a few lines; what follows on what is deployed is planned over it.
"""

import json
import pathlib
import tempfile
import unittest
from typing import Any

from lib import Refused, tool

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


def store(image: str, kind: str = "postgres") -> str:
    return (
        f"  db:\n    image: {image}\n    x-defang-{kind}: true\n"
        "    ports: [{target: 5432, mode: host}]\n    environment: [POSTGRES_PASSWORD]\n"
    )


class Stores(Case):
    def database(self, *arguments: Any, **more: Any) -> dict[str, Any]:
        return self.service(self.plan(*arguments, **more), "DatabaseDb")

    def said(self, text: str) -> str:
        path = self.folder / "compose.yaml"
        path.write_text(f"name: shop\nservices:\n{text}")
        try:
            return tool("--check", path)[1]
        except Refused as refused:
            return str(refused)

    def test_aws_10_versions_that_rds_lacks(self) -> None:
        for image, wanted in (
            ("postgres:19", "error: service db: RDS has no Postgres 19 | Use postgres:18."),
            ("postgres:42-alpine", "error: service db: RDS has no Postgres 42"),
            ("postgres:9.6", "service db: RDS has no Postgres 9.6 any more | Use postgres:16."),
            ("pgvector/pgvector:pg19", "error: service db: RDS has no Postgres 19"),
            ("postgres:16.3", "warning: service db: RDS has no Postgres 16.3, it gets 16."),
            ("postgres:16.99", "warning: service db: RDS has no Postgres 16.99, it gets 16."),
            ("postgres:13", "RDS charges Extended Support"),
        ):
            with self.subTest(image):
                self.assertIn(wanted, self.said(store(image)))
        for image in ("postgres:16", "postgres:17-alpine", "postgres:16.13"):
            with self.subTest(image):
                self.assertNotIn("RDS", self.said(store(image)))
        self.assertIn("past AWS's standard support", self.said(store("redis:5", "redis")))

    def test_aws_10_extended_support_is_paid_for_by_who_names_what_is_old(self) -> None:
        off = "open-source-rds-extended-support-disabled"
        self.assertEqual(self.database(store("postgres:16"))["EngineLifecycleSupport"], off)
        old = self.plan(store("postgres:13"))
        self.assertEqual(
            self.service(old, "DatabaseDb")["EngineLifecycleSupport"],
            "open-source-rds-extended-support",
        )
        # said when it is made: what is deployed stays as it is
        later = self.database(store("postgres:16"), before=old)
        self.assertEqual(later["EngineLifecycleSupport"], "open-source-rds-extended-support")

    def test_aws_21_whole_versions_that_stay(self) -> None:
        before = self.plan(store("postgres:16"))
        version = self.service(before, "DatabaseDb")["EngineVersion"]
        self.assertRegex(version, r"^16\.\d+$")

        deployed = "16.8"  # by an older defangd: it stays, until the image asks for another
        self.service(before, "DatabaseDb")["EngineVersion"] = deployed
        for image, wanted in (
            ("postgres:16", deployed),
            ("postgres:16-alpine", deployed),
            ("postgres:16.8", deployed),
            ("postgres:16.3", deployed),
            ("postgres:16.13", "16.13"),
        ):
            with self.subTest(image):
                self.assertEqual(
                    self.database(store(image), before=before)["EngineVersion"], wanted
                )
        # a major version alone, as older releases deployed it
        self.service(before, "DatabaseDb")["EngineVersion"] = "16"
        self.assertEqual(self.database(store("postgres:16"), before=before)["EngineVersion"], "16")
        self.assertRegex(
            self.database(store("postgres:17"), before=before)["EngineVersion"], r"^17\.\d+$"
        )

    def test_aws_33_classes_that_the_region_has(self) -> None:
        for region, mode, wanted in (
            ("us-west-2", "affordable", "db.t4g.micro"),
            ("ca-west-1", "affordable", "db.t3.micro"),
            ("af-south-1", "balanced", "db.m6g.large"),
            ("us-gov-west-1", "balanced", "db.m6g.large"),
            ("eu-west-3", "ha", "db.r6g.large"),
            ("eu-central-1", "ha", "db.r7g.large"),
        ):
            with self.subTest(region + mode):
                database = self.database(store("postgres:16"), "--region", region, "--mode", mode)
                self.assertEqual(database["DBInstanceClass"], wanted)
        cache = self.plan(store("redis:7", "redis"), "--region", "me-south-1")
        self.assertEqual(self.service(cache, "CacheDb")["CacheNodeType"], "cache.t3.micro")

    def test_aws_13_windows_that_do_not_meet(self) -> None:
        for window, wanted in (
            ("04:00-05:00", "sun:05:30-sun:06:30"),
            ("22:45-23:15", "sun:23:45-mon:00:45"),
            ("22:30-23:30", "mon:00:00-mon:01:00"),
            ("23:30-00:30", "sun:01:00-sun:02:00"),
        ):
            with self.subTest(window):
                database = self.database(
                    store("postgres:16"), "--mode", "ha", "--env", f"DEFANG_BACKUP_WINDOW={window}"
                )
                if database["PreferredBackupWindow"] == window:
                    self.assertEqual(database["PreferredMaintenanceWindow"], wanted)


if __name__ == "__main__":
    unittest.main()
