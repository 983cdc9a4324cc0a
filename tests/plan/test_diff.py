"""What a change of the Compose file changes in the plan: no more than it must, and replacements are
named.

Each test edits a copy of cases/shop.yaml and looks at the lines that plan_tool prints of old and
new. A deployment id that differs is no change; a count of replicas starts no new version; a build's
tag is its content.
"""

import pathlib
import tempfile
import unittest

import yaml

from lib import HERE, template, tool

SHOP = HERE / "cases" / "shop.yaml"
NEXT = "nnnnnnnnnnnn"


class Diff(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def changes(self, edit, *more: str, old_arguments: tuple = ()) -> list[str]:
        import json

        node = yaml.safe_load(SHOP.read_text())
        path, old = self.folder / "compose.yaml", self.folder / "old.json"
        path.write_text(json.dumps(node))
        old.write_text(json.dumps(template(*old_arguments, path)))
        edit(node)
        path.write_text(json.dumps(node))
        return tool("--deployment", NEXT, "--previous", old, "--diff", old, *more, path)[
            0
        ].splitlines()

    def test_nothing(self) -> None:
        self.assertEqual(self.changes(lambda n: None), [])

    def test_environment(self) -> None:
        said = self.changes(lambda n: n["services"]["api"]["environment"].update(NEW="1"))
        self.assertEqual(
            said,
            [
                "~ service/api ServiceApi AWS::ECS::Service Tags,TaskDefinition",
                (
                    "~ service/api TaskDefinitionApi AWS::ECS::TaskDefinition "
                    "ContainerDefinitions replace"
                ),
            ],
        )

    def test_replicas_start_no_new_version(self) -> None:
        said = self.changes(lambda n: n["services"]["api"]["deploy"].update(replicas=5))
        self.assertEqual(said, ["~ service/api ServiceApi AWS::ECS::Service DesiredCount"])

    def test_config_set_anew(self) -> None:
        said = self.changes(
            lambda n: None, "--config", "STRIPE_KEY=2", old_arguments=("--config", "STRIPE_KEY=1")
        )
        self.assertEqual([line.split()[2] for line in said], ["ServiceApi", "TaskDefinitionApi"])

    def test_database_name_replaces(self) -> None:
        said = self.changes(
            lambda n: n["services"]["db"]["environment"].update(POSTGRES_DB="other")
        )
        self.assertIn("~ service/db DatabaseDb AWS::RDS::DBInstance DBName replace", said)
        # Its endpoint is another one: the alias that names it changes too, in place.
        self.assertIn(
            "~ service/db StoreAliasDb AWS::ServiceDiscovery::Instance InstanceAttributes", said
        )
        self.assertEqual(len(said), 2)

    def test_removed(self) -> None:
        said = self.changes(lambda n: n["services"].pop("worker"))
        self.assertEqual(
            sorted(line.split()[2] for line in said),
            [
                "DiscoveryWorker",
                "SecurityGroupWorker",
                "ServiceWorker",
                "TaskDefinitionWorker",
                "TaskRoleWorker",
            ],
        )
        self.assertTrue(all(line.startswith("- service/worker") for line in said))

    def test_port_replaces_the_target_group(self) -> None:
        def edit(node):
            node["services"]["web"]["ports"] = ["8080:81"]

        said = self.changes(edit)
        self.assertIn(
            "- service/web TargetGroupWebP80 AWS::ElasticLoadBalancingV2::TargetGroup", said
        )
        self.assertIn(
            "+ service/web TargetGroupWebP81 AWS::ElasticLoadBalancingV2::TargetGroup", said
        )

    def test_foundation_keeps_what_runs(self) -> None:
        def edit(node):
            node["services"]["api"]["environment"]["NEW"] = "1"
            node["services"]["late"] = {"image": "nginx", "expose": [80]}

        said = self.changes(edit, "--foundation")
        self.assertEqual([line for line in said if not line.startswith("+ service/late")], [])
        self.assertFalse([line for line in said if "AWS::ECS::Service" in line])

    def test_nat_adds(self) -> None:
        said = self.changes(lambda n: None, "--env", "DEFANG_NAT=single")
        self.assertTrue(any(line.startswith("+ network NatGateway1") for line in said))
        self.assertFalse([line for line in said if line.startswith("-") or "replace" in line])

    def test_a_third_zone_moves_nothing(self) -> None:
        said = self.changes(lambda n: None, "--env", "DEFANG_ZONES=3")
        self.assertFalse(
            [line for line in said if line.startswith("-") or line.endswith(" replace")]
        )

    def test_build_tag_is_the_content(self) -> None:
        import json

        def tags(*arguments) -> dict:
            return {b["service"]: b["tag"] for b in json.loads(tool("--builds", *arguments)[0])}

        same, other = tags(SHOP), tags("--deployment", NEXT, SHOP)
        self.assertEqual(same, other)
        node = yaml.safe_load(SHOP.read_text())
        node["services"]["web"]["build"]["args"]["API_URL"] = "http://api:3001"
        path = self.folder / "compose.yaml"
        path.write_text(json.dumps(node))
        changed = tags(path)
        self.assertEqual(changed["api"], same["api"])
        self.assertNotEqual(changed["web"], same["web"])


if __name__ == "__main__":
    unittest.main()
