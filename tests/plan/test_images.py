"""Where images and files come from, and what it asks of the account: no network for files alone
(compose-83), rights on repositories and secrets of images (compose-63).
"""

import json
import pathlib
import tempfile
import unittest
from collections.abc import Iterator

from lib import template, tool

SITE = {"x-defang-static-files": "./dist"}
WEB = {"image": "nginx", "ports": [{"target": 80, "mode": "ingress"}]}
REDIS = {"image": "redis:7", "x-defang-redis": True}
MODES = ("affordable", "balanced", "ha")


def types(plan: dict) -> set[str]:
    return {r["Type"] for r in plan["Resources"].values()}


class Images(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def plan(self, services: dict, *arguments: str, what: str = "a.json", **top: object) -> dict:
        path = self.folder / what
        path.write_text(json.dumps({"name": "shop", "services": services, **top}))
        return template(*arguments, path)

    def test_compose_83_files_alone_have_no_network(self) -> None:
        for mode in MODES:
            with self.subTest(mode):
                found = types(self.plan({"site": SITE}, "--mode", mode))
                self.assertEqual(
                    found,
                    {
                        "AWS::CloudFront::Distribution",
                        "AWS::CloudFront::Function",
                        "AWS::CloudFront::OriginAccessControl",
                        "AWS::S3::Bucket",
                        "AWS::S3::BucketPolicy",
                    },
                )
        built = {**SITE, "build": ".", "image": "x"}
        self.assertNotIn("AWS::EC2::VPC", types(self.plan({"site": built})))
        self.assertIn("AWS::EC2::VPC", types(self.plan({"site": SITE, "web": WEB})))

    def test_compose_83_a_store_alone_has_no_way_out(self) -> None:
        for mode in MODES:
            with self.subTest(mode):
                found = types(self.plan({"site": SITE, "cache": REDIS}, "--mode", mode))
                self.assertIn("AWS::EC2::VPC", found)
                self.assertFalse(found & {"AWS::EC2::NatGateway", "AWS::ECS::Cluster"})
        found = types(self.plan({"web": WEB, "cache": REDIS}, "--mode", "balanced"))
        self.assertIn("AWS::EC2::NatGateway", found)

    def test_compose_83_an_unused_network_goes_without_asking(self) -> None:
        """As earlier revisions deployed it: all but what a task needs."""
        before = self.plan({"site": SITE, "web": WEB}, "--mode", "balanced")
        before["Resources"] = {
            name: r
            for name, r in before["Resources"].items()
            if not r["Type"].startswith(("AWS::ElasticLoadBalancing", "AWS::ServiceDiscovery::Ser"))
            and not name.startswith("AlbLogs")
            and r["Type"] not in ("AWS::ECS::TaskDefinition", "AWS::ECS::Service")
        }
        old = self.folder / "old.json"
        old.write_text(json.dumps(before))
        path = self.folder / "b.json"
        path.write_text(json.dumps({"name": "shop", "services": {"site": SITE}}))
        said = tool("--mode", "balanced", "--losses", "--previous", old, path)[0]
        self.assertEqual(said, "")

    def statements(self, plan: dict, role: str) -> Iterator[dict]:
        for policy in plan["Resources"][role]["Properties"]["Policies"]:
            yield from policy["PolicyDocument"]["Statement"]


if __name__ == "__main__":
    unittest.main()
