"""GPU services: which instance is taken, what a project without its GPU service leaves behind, and
the whole made real in the sandbox.

The cheapest instance that fits is taken, by a table sorted by price. CloudFormation changes the
cluster before it removes a service, and ECS lets go of no capacity provider in use: so group and
provider stay for one deployment more. The sandbox's ECS refuses what AWS refuses of capacity
providers.
"""

import json
import pathlib
import re
import tempfile
import unittest
from typing import Any

import yaml

from lib import HERE, ROOT, template
from outside import Account

CASE = HERE / "cases" / "gpu.yaml"
KEPT = {"LaunchTemplateLlm", "InstancesLlm", "CapacityProviderLlm"}


def planned(folder: pathlib.Path, services: dict[str, Any], *arguments: str) -> dict[str, Any]:
    path = folder / "compose.yaml"
    path.write_text(json.dumps({"name": "gpu", "x-defang-nat": "single", "services": services}))
    return template(*arguments, path)["Resources"]


def without_llm(folder: pathlib.Path) -> pathlib.Path:
    """The case as a file in which llm runs on Fargate."""
    project = yaml.safe_load(CASE.read_text())
    project["services"]["llm"]["deploy"] = {"resources": {"reservations": {"memory": "1G"}}}
    path = folder / "without.yaml"
    path.write_text(json.dumps(project))
    return path


class Choice(unittest.TestCase):
    def test_table_is_sorted_by_price(self) -> None:
        """The first that fits is then the cheapest that fits."""
        prices = dict(
            re.findall(
                r'\{\s*"(g\w+\.\w+)",\s*([\d.]+),\s*PRICE_HOUR',
                (ROOT / "src" / "plan" / "report" / "price_table.c").read_text(),
            )
        )
        machines = re.findall(
            r'\{"(g\w+\.\w+)", \d+, \d+, \d+\}',
            (ROOT / "src" / "plan" / "compute" / "gpu_size.c").read_text(),
        )
        self.assertGreater(len(machines), 20)
        costs = [float(prices[m]) for m in machines]
        self.assertEqual(costs, sorted(costs))

    def test_choice(self) -> None:
        rows = [
            ({"count": 1}, {}, "g4dn.xlarge", "1", "15104", None),
            ({"count": 1}, {"cpus": "5"}, "g4dn.2xlarge", "1", "30464", "5120"),
            ({"count": 1}, {"memory": "15104M"}, "g4dn.xlarge", "1", "15104", None),
            ({"count": 1}, {"memory": "15105M"}, "g4dn.2xlarge", "1", "15105", None),
            ({"count": 2}, {}, "g4dn.12xlarge", "2", "92032", None),
            ({"count": 4}, {"cpus": "0.1"}, "g4dn.12xlarge", "4", "184064", "128"),
            ({"count": 5}, {}, "g6.48xlarge", "5", "460640", None),
            ({}, {"memory": "20G"}, "g4dn.2xlarge", "1", "20480", None),
        ]
        with tempfile.TemporaryDirectory() as name:
            for device, needs, machine, gpus, memory, cpu in rows:
                with self.subTest(device=device, needs=needs):
                    device = {"capabilities": ["gpu"], **device}
                    found = planned(
                        pathlib.Path(name),
                        {
                            "a": {
                                "image": "a",
                                "deploy": {
                                    "resources": {"reservations": {**needs, "devices": [device]}}
                                },
                            }
                        },
                    )
                    task = found["TaskDefinitionA"]["Properties"]
                    self.assertEqual(
                        found["LaunchTemplateA"]["Properties"]["LaunchTemplateData"][
                            "InstanceType"
                        ],
                        machine,
                    )
                    self.assertEqual(
                        task["ContainerDefinitions"][0]["ResourceRequirements"],
                        [{"Type": "GPU", "Value": gpus}],
                    )
                    self.assertEqual(
                        (task["Memory"], task.get("Cpu"), task["RequiresCompatibilities"]),
                        (memory, cpu, ["EC2"]),
                    )

    def test_a_sidecar_with_the_gpu(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            found = planned(
                pathlib.Path(name),
                {
                    "a": {"image": "a"},
                    "b": {"image": "b", "network_mode": "service:a", "gpus": [{"count": 1}]},
                },
            )
        containers = found["TaskDefinitionA"]["Properties"]["ContainerDefinitions"]
        self.assertEqual(["ResourceRequirements" in c for c in containers], [False, True])
        self.assertIn("CapacityProviderA", found)

    def test_updates(self) -> None:
        """Without a need to stay up no second instance is paid for; with one there
        is room for it.
        """
        with tempfile.TemporaryDirectory() as name:
            service = {"image": "a", "gpus": [{"count": 1}], "deploy": {"replicas": 3}}
            for mode, least, most in (("affordable", 0, 100), ("ha", 100, 200)):
                found = planned(pathlib.Path(name), {"a": service}, "--mode", mode)
                rule = found["ServiceA"]["Properties"]["DeploymentConfiguration"]
                self.assertEqual(
                    (rule["MinimumHealthyPercent"], rule["MaximumPercent"]), (least, most)
                )
                self.assertEqual(found["InstancesA"]["Properties"]["MaxSize"], "6")

    def test_isolated_without_nat(self) -> None:
        """Instances with a public address of their own, which fetch the image;
        tasks without one.
        """
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name) / "compose.yaml"
            path.write_text(
                json.dumps(
                    {
                        "name": "gpu",
                        "networks": {"in": {"internal": True}},
                        "services": {"a": {"image": "a", "gpus": "all", "networks": ["in"]}},
                    }
                )
            )
            found = template(path)["Resources"]
        self.assertIs(
            found["LaunchTemplateA"]["Properties"]["LaunchTemplateData"]["NetworkInterfaces"][0][
                "AssociatePublicIpAddress"
            ],
            True,
        )
        self.assertEqual(
            found["InstancesA"]["Properties"]["VPCZoneIdentifier"],
            [{"Ref": "PublicSubnet1"}, {"Ref": "PublicSubnet2"}],
        )
        self.assertEqual(
            found["ServiceA"]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"][
                "AssignPublicIp"
            ],
            "DISABLED",
        )


class Leaving(unittest.TestCase):
    """CloudFormation changes the cluster before it removes a service, and ECS lets go of no
    capacity provider in use.
    """

    def test_stays_for_one_deployment(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            before, between = folder / "before.json", folder / "between.json"
            before.write_text(json.dumps(template(CASE)))
            changed = without_llm(folder)
            between.write_text(json.dumps(template("--previous", before, changed)))
            first, second = (
                json.loads(between.read_text())["Resources"],
                template("--previous", between, changed)["Resources"],
            )
        self.assertLessEqual(KEPT, set(first))
        self.assertIn(
            {"Ref": "CapacityProviderLlm"},
            first["CapacityProviders"]["Properties"]["CapacityProviders"],
        )
        self.assertEqual(
            first["ServiceLlm"]["Properties"]["CapacityProviderStrategy"][0]["CapacityProvider"],
            "FARGATE_SPOT",
        )
        self.assertFalse(KEPT & set(second))


class Made(unittest.TestCase):
    """In the sandbox, whose ECS refuses what AWS refuses of capacity providers."""

    def test_create_change_delete(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            account = Account(folder / "sandbox")
            self.addCleanup(account.end)
            groups = lambda: account.client("autoscaling").describe_auto_scaling_groups()[
                "AutoScalingGroups"
            ]
            providers = lambda: (
                {
                    p["name"]
                    for p in account.client("ecs").describe_capacity_providers()[
                        "capacityProviders"
                    ]
                }
                - {"FARGATE", "FARGATE_SPOT"}
            )
            empty = account.inventory()
            first = template(CASE)
            account.put({"gpu": first})
            stack = account.resources("gpu")
            self.look(account, stack, groups, providers)
            previous = folder / "before.json"
            for services in (2, 1):
                previous.write_text(json.dumps(first))
                first = template("--previous", previous, without_llm(folder))
                account.put({"gpu": first})
                self.assertEqual((len(groups()), len(providers())), (services, services))
            account.delete(["gpu"])
            self.assertEqual((groups(), providers()), ([], set()))
            self.assertEqual(account.client("iam").list_instance_profiles()["InstanceProfiles"], [])
            self.assertEqual(
                account.client("ec2").describe_launch_templates()["LaunchTemplates"], []
            )
            left = account.inventory()
            self.assertEqual(
                {k for k in left if left[k] - empty[k]}, {"buckets", "file systems", "logs"}
            )  # that of the templates; volumes and logs stay

    def look(
        self, account: Account, stack: dict[str, tuple[str, str]], groups: Any, providers: Any
    ) -> None:
        ecs = account.client("ecs")
        self.assertEqual(len(groups()), 2)
        for group in groups():
            self.assertEqual(
                (
                    group["MinSize"],
                    group["DesiredCapacity"],
                    group["NewInstancesProtectedFromScaleIn"],
                ),
                (0, 0, False),
            )
        cluster = ecs.describe_clusters(clusters=[stack["Cluster"][1]])["clusters"][0]
        self.assertEqual(
            set(cluster["capacityProviders"]) - {"FARGATE", "FARGATE_SPOT"}, providers()
        )
        service = ecs.describe_services(
            cluster=stack["Cluster"][1], services=[stack["ServiceLlm"][1]]
        )["services"][0]
        self.assertEqual(
            (service["runningCount"], service["capacityProviderStrategy"][0]["capacityProvider"]),
            (2, stack["CapacityProviderLlm"][1]),
        )
        tasks = ecs.describe_tasks(
            cluster=stack["Cluster"][1],
            tasks=ecs.list_tasks(cluster=stack["Cluster"][1], serviceName=service["serviceName"])[
                "taskArns"
            ],
        )["tasks"]
        self.assertEqual({t["launchType"] for t in tasks}, {"EC2"})
        data = account.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=stack["LaunchTemplateLlm"][1]
        )["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        self.assertEqual(
            (data["InstanceType"], data["MetadataOptions"]["HttpTokens"]),
            ("g4dn.2xlarge", "required"),
        )
        profile = account.client("iam").get_instance_profile(
            InstanceProfileName=stack["EcsAgentProfile"][1]
        )["InstanceProfile"]
        attached = account.client("iam").list_attached_role_policies(
            RoleName=profile["Roles"][0]["RoleName"]
        )["AttachedPolicies"]
        self.assertEqual(
            [p["PolicyName"] for p in attached], ["AmazonEC2ContainerServiceforEC2Role"]
        )


if __name__ == "__main__":
    unittest.main()
