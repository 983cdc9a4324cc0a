"""Templates of our case files: equal to the golden ones byte for byte, and without an error of
cfn-lint.

`test_golden.py --write` renews tests/plan/golden; look at the difference before committing it.
"""

import json
import pathlib
import tempfile
import unittest

from lib import HERE, ROOT, lint, references, template, tool, write_flag

CASES = HERE / "cases"
GOLDEN = HERE / "golden"
WRITE = write_flag()

# name: arguments of plan_tool
PLANS: dict[str, list] = {
    "shop": [CASES / "shop.yaml"],
    "shop-foundation": ["--foundation", CASES / "shop.yaml"],
    "shop-balanced": ["--mode", "balanced", CASES / "shop.yaml"],
    "shop-ha": ["--mode", "ha", "--env", "DEFANG_ZONES=3", CASES / "shop.yaml"],
    "shop-prod": [
        "--stack",
        "prod",
        "--env",
        "DEFANG_PREFIX=Acme",
        "--config",
        "DATABASE_PASSWORD=3",
        CASES / "shop.yaml",
    ],
    "example": [ROOT / "examples" / "shop" / "compose.yaml"],
    "worker": [CASES / "worker.yaml"],
    "ingress": [CASES / "ingress.yaml"],
    "network": [CASES / "network.yaml"],
    "paths": [CASES / "paths.yaml"],
    "domain": ["--mode", "balanced", "--zone", "shop.example.com=Z0SHOP", CASES / "domain.yaml"],
    "certificate": [CASES / "certificate.yaml"],
    "names": [CASES / "names.yaml"],
    "networks": [CASES / "networks.yaml"],
    "networks-sidecar": ["--env", "DEFANG_DISCOVERY=sidecar", CASES / "networks.yaml"],
    "sidecars": [CASES / "sidecars.yaml"],
    "volumes": [CASES / "volumes.yaml"],
    "volumes-kept": [
        "--mode",
        "balanced",
        "--volume",
        "data=fs-00000000000000001",
        CASES / "volumes.yaml",
    ],
    "runtime": [CASES / "runtime.yaml"],
    "models": [CASES / "models.yaml"],
    "files": ["--config", "TOKEN=2", "--ecr-public", "defang-cd-ecr-public", CASES / "files.yaml"],
    "binds": [CASES / "binds.yaml"],
    "build-secrets": [CASES / "build-secrets.yaml"],
    "options": ["--ecr-public", "defang-cd-ecr-public", CASES / "options.yaml"],
    "once": [CASES / "once.yaml"],
    "once-stage-1": [
        "--pending",
        "migrate",
        "--pending",
        "seed",
        "--stage",
        "1",
        CASES / "once.yaml",
    ],
    "stores": ["--mode", "ha", CASES / "stores.yaml"],
    "mongodb": ["--mode", "ha", "--config", "MONGO_PASSWORD=4", CASES / "mongodb.yaml"],
    "gpu": [CASES / "gpu.yaml"],
    "static": [CASES / "static.yaml"],
    "sidecar": ["--env", "DEFANG_DISCOVERY=sidecar", CASES / "shop.yaml"],
    "adopt": [CASES / "adopt.yaml"],
    "adopt-public": [CASES / "adopt-public.yaml"],
    "cd": ["--cd"],
    "cd-adopt": ["--cd", "--adopt", "my-bucket", "--no-pull-through"],
}


class Golden(unittest.TestCase):
    maxDiff = None

    def test_equal(self) -> None:
        for name, arguments in PLANS.items():
            with self.subTest(name):
                text = tool("--indent", *arguments)[0]
                path = GOLDEN / f"{name}.json"
                if WRITE:
                    GOLDEN.mkdir(exist_ok=True)
                    path.write_text(text)
                self.assertEqual(json.loads(text), json.loads(path.read_text()))
                self.assertEqual(text, path.read_text())

    def test_same_input_same_bytes(self) -> None:
        for name, arguments in PLANS.items():
            with self.subTest(name):
                self.assertEqual(tool(*arguments)[0], tool(*arguments)[0])

    def test_lint(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for name, arguments in PLANS.items():
                path = pathlib.Path(folder) / f"{name}.json"
                path.write_text(tool(*arguments)[0])
                paths.append(path)
            self.assertEqual(lint(paths), [])

    def test_lint_can_fail(self) -> None:
        """The linter is really there: it finds a property that does not exist."""
        broken = template(CASES / "worker.yaml")
        broken["Resources"]["Vpc"]["Properties"]["Cidr"] = "10.0.0.0/16"
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "broken.json"
            path.write_text(json.dumps(broken))
            self.assertTrue(any("Cidr" in line for line in lint([path])))

    def test_references(self) -> None:
        for name, arguments in PLANS.items():
            plan = template(*arguments)
            for logical_id, resource in plan["Resources"].items():
                wanted = set(references(resource.get("Properties", {}))) | set(
                    resource.get("DependsOn", [])
                )
                missing = {w for w in wanted if not w.startswith("AWS::")} - set(plan["Resources"])
                self.assertFalse(missing, f"{name}: {logical_id}")

    def test_no_cache(self) -> None:
        """Without the cache an image is what the file says, also where ECR Public
        has no such tag.
        """

        def image(*more: str) -> str:
            plan = template("--ecr-public", "defang-cd-ecr-public", *more, CASES / "options.yaml")
            return plan["Resources"]["TaskDefinitionAll"]["Properties"]["ContainerDefinitions"][0][
                "Image"
            ]

        self.assertTrue(image().endswith("/defang-cd-ecr-public/docker/library/python:3.13"))
        self.assertEqual(image("--env", "DEFANG_NO_CACHE=1"), "docker.io/library/python:3.13")
        self.assertEqual(image("--env", "DEFANG_NO_CACHE=0"), image())

    def test_document(self) -> None:
        """Every type of the document's first table is in the CD stack; of the second, what this
        version makes is in a project.
        """
        cd = {r["Type"] for r in template("--cd")["Resources"].values()}
        self.assertEqual(
            cd,
            {
                "AWS::S3::Bucket",
                "AWS::ECS::ClusterCapacityProviderAssociations",
                "AWS::ECS::Cluster",
                "AWS::IAM::Role",
                "AWS::EC2::InternetGateway",
                "AWS::EC2::VPCGatewayAttachment",
                "AWS::Logs::LogGroup",
                "AWS::ECR::PullThroughCacheRule",
                "AWS::EC2::Route",
                "AWS::EC2::RouteTable",
                "AWS::EC2::VPCEndpoint",
                "AWS::EC2::SecurityGroup",
                "AWS::EC2::Subnet",
                "AWS::EC2::SubnetRouteTableAssociation",
                "AWS::ECS::TaskDefinition",
                "AWS::EC2::VPC",
            },
        )
        roles = [r for r in template("--cd")["Resources"].values() if r["Type"] == "AWS::IAM::Role"]
        self.assertEqual(len(roles), 2)  # execution and task: the table's seventeenth row
        resources = template(*PLANS["shop"])["Resources"]
        names = {
            v
            for r in resources.values()
            for k, v in r["Properties"].items()
            if k in ("RepositoryName", "Name", "LogGroupName", "Family") and isinstance(v, str)
        }
        for name in (
            "shop/kaniko-build",
            "shop/kaniko-build/cache",
            "shop-ecs-lifecycle-rule",
            "/Defang/shop/beta/builds",
            "/Defang/shop/beta/ecs",
            "/Defang/shop/beta/logs",
            "Defang-shop-beta-kanikoAmd64",
        ):
            self.assertIn(name, names)


if __name__ == "__main__":
    unittest.main()
