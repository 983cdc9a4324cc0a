"""Where images and files come from, and what it asks of the account: no network for files alone
(compose-83), rights on repositories and secrets of images (compose-63).
"""

import json
import pathlib
import tempfile
import unittest

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

    def right(self, plan: dict, sid: str) -> list:
        """Resources of the statement of who starts tasks; [] when it has none of that name."""
        for policy in plan["Resources"]["ExecutionRole"]["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Sid"] == sid:
                    listed = statement["Resource"]
                    return [
                        r["Fn::Sub"] if isinstance(r, dict) else r
                        for r in (listed if isinstance(listed, list) else [listed])
                    ]
        return []

    def credentials(self, plan: dict, service: str) -> str | None:
        task = plan["Resources"][f"TaskDefinition{service}"]["Properties"]
        found = task["ContainerDefinitions"][0].get("RepositoryCredentials", {})
        return found.get("CredentialsParameter")

    def test_compose_63_any_ecr(self) -> None:
        own = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/team/app"
        for image, arn in (
            ("123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app:3", own),
            ("123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app", own),
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app@sha256:" + "0" * 64,
                "arn:${AWS::Partition}:ecr:eu-west-1:123456789012:repository/team/app",
            ),
            (
                "210987654321.dkr.ecr.us-west-2.amazonaws.com/team/app:v1",
                "arn:${AWS::Partition}:ecr:us-west-2:210987654321:repository/team/app",
            ),
            (
                "210987654321.dkr.ecr-fips.us-east-1.amazonaws.com/app",
                "arn:${AWS::Partition}:ecr:us-east-1:210987654321:repository/app",
            ),
            (
                "210987654321.dkr-ecr.us-east-1.on.aws/app",
                "arn:${AWS::Partition}:ecr:us-east-1:210987654321:repository/app",
            ),
            ("ghcr.io/210987654321/app", None),
            ("2109876543210.dkr.ecr.us-east-1.amazonaws.com/app", None),
            ("210987654321.dkr.ecr.example.com/app", None),
        ):
            with self.subTest(image):
                plan = self.plan({"app": {"image": image}, "again": {"image": image}})
                self.assertEqual(self.right(plan, "Pull"), [arn] if arn else [])
                self.assertIsNone(self.credentials(plan, "App"))

    def test_compose_63_pull_credentials_of_docker_ecs(self) -> None:
        secret = "arn:aws:secretsmanager:us-west-2:123456789012:secret:hub-AbCdEf"
        private = {"image": "docker.io/library/redis:7", "x-aws-pull_credentials": secret}
        side = {"image": "quay.io/a/b", "network_mode": "service:app"}
        plan = self.plan(
            {"app": private, "side": {**side, "x-aws-pull_credentials": secret}},
            "--ecr-public",
            "cache",
        )
        self.assertEqual(self.credentials(plan, "App"), secret)
        containers = plan["Resources"]["TaskDefinitionApp"]["Properties"]["ContainerDefinitions"]
        self.assertEqual(containers[1]["RepositoryCredentials"]["CredentialsParameter"], secret)
        self.assertEqual(containers[0]["Image"], "docker.io/library/redis:7", "not by the cache")
        self.assertEqual(self.right(plan, "Registries"), [secret])
        self.assertEqual(len(self.right(plan, "RegistryKeys")), 1)

    def test_compose_63_registry_login(self) -> None:
        name = "Defang/shop/beta-derived/registry/"
        arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
        for image, host in (
            ("ghcr.io/acme/app:1", "ghcr.io"),
            ("registry.example.com:5000/app", "registry.example.com_5000"),
            ("acme/app", "docker.io"),
            ("docker.io/acme/app", "docker.io"),
            ("registry.gitlab.com/a/b/c", "registry.gitlab.com"),
            ("quay.io/a/b", None),
            ("public.ecr.aws/x/y", None),
            ("nginx", None),
        ):
            with self.subTest(image):
                plan = self.plan(
                    {"app": {"image": image}, "built": {"build": "."}},
                    *("--config", "registry/ghcr.io=1"),
                    *("--config", "registry/registry.example.com_5000=2"),
                    *("--config", "registry/docker.io=3"),
                    *("--config", "registry/registry.gitlab.com=4"),
                    *("--ecr-public", "cache"),
                )
                self.assertEqual(self.credentials(plan, "App"), name + host if host else None)
                self.assertEqual(
                    self.right(plan, "Registries"), [arn + name + host + "-??????"] if host else []
                )
                self.assertEqual(self.right(plan, "RegistryKeys"), [])
                kaniko = plan["Resources"]["KanikoAmd64"]["Properties"]["ContainerDefinitions"][0]
                self.assertEqual([s["Name"] for s in kaniko["Secrets"]], ["DOCKER_AUTH_CONFIG"])
        plan = self.plan({"app": {"image": "ghcr.io/a/b"}, "built": {"build": "."}})
        self.assertIsNone(self.credentials(plan, "App"))
        kaniko = plan["Resources"]["KanikoAmd64"]["Properties"]["ContainerDefinitions"][0]
        self.assertNotIn("Secrets", kaniko)

    def test_compose_63_resolve(self) -> None:
        digest = "sha256:" + "0" * 64
        for image, wanted in (
            (f"ghcr.io/a/b:1@{digest}", f"ghcr.io/a/b@{digest}"),
            (f"registry.example.com:5000/b@{digest}", f"registry.example.com:5000/b@{digest}"),
            (f"registry.example.com:5000/b:2@{digest}", f"registry.example.com:5000/b@{digest}"),
            (
                f"docker.io/library/redis:7@{digest}",
                f"123456789012.dkr.ecr.us-west-2.amazonaws.com/cache/docker/library/redis@{digest}",
            ),
        ):
            with self.subTest(image):
                plan = self.plan({"app": {"image": image}}, "--ecr-public", "cache")
                task = plan["Resources"]["TaskDefinitionApp"]["Properties"]
                self.assertEqual(task["ContainerDefinitions"][0]["Image"], wanted)
                self.assertNotIn("VersionConsistency", task["ContainerDefinitions"][0])
        tag = {"x-defang-settings": {"resolve": "tag"}}
        plan = self.plan({"app": {"image": "ghcr.io/a/b:1"}}, **tag)
        task = plan["Resources"]["TaskDefinitionApp"]["Properties"]
        self.assertEqual(task["ContainerDefinitions"][0]["VersionConsistency"], "disabled")
        pinned = {"x-defang-settings": {"resolve": "digest"}}
        images = {"app": {"image": f"ghcr.io/a/b:1@{digest}"}, "b": {"image": f"b@{digest}"}}
        plan = self.plan(images, **pinned)
        self.assertEqual(plan["Metadata"]["Defang"]["images"], {"ghcr.io/a/b:1": digest})


if __name__ == "__main__":
    unittest.main()
