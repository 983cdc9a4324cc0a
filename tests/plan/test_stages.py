"""Stages of a deployment with services that run once: what comes when, that the last stage is the
whole, and that nothing deployed goes or changes before its stage. Random projects are those of
test_properties, with one-offs among them.
"""

import json
import pathlib
import random
import tempfile
import unittest

from lib import HERE, references, template, tool
from test_properties import dump, project

ONCE = HERE / "cases" / "once.yaml"
COUNT = 24
OTHER = "zzzzzzzzzzzz"


def pending(*names: str) -> list[str]:
    return [x for name in names for x in ("--pending", name)]


def stages(*arguments) -> tuple[int, dict[str, tuple[int, bool, list[str]]]]:
    """How many there are; for each one-off the one after which it runs, whether it may fail, and
    who waits for it.
    """
    first, *lines = tool("--stages", *arguments)[0].splitlines()
    found = {}
    for line in lines:
        head, before = line.split(" before")
        number, name, digest, output, *optional = head.split()
        assert len(digest) == 16 and output.startswith("Once")
        found[name] = (int(number), bool(optional), before.split())
    return int(first.split()[1]), found


def with_jobs(seed: int) -> tuple[dict, list[str]]:
    """A random project in which some services run once."""
    rng = random.Random(seed)
    made = project(seed)
    once = [name for name, service in made["services"].items() if "restart" in service]
    tied = {
        service["network_mode"].removeprefix("service:")
        for service in made["services"].values()
        if "network_mode" in service
    }
    for name, service in made["services"].items():
        if (
            rng.random() < 0.4
            and "replicas" in service.get("deploy", {})
            and name not in tied
            and not any(k.startswith("x-defang") for k in service)
        ):
            service.update(restart="no", ports=[])
            service["deploy"].pop("replicas")
            once.append(name)
    for service in made["services"].values():
        if "depends_on" in service:
            service["depends_on"] = {
                on: {
                    "condition": "service_completed_successfully"
                    if on in once
                    else "service_started"
                }
                for on in service["depends_on"]
            }
    return made, once


def own(resources: dict, name: str) -> dict:
    return {
        k: r
        for k, r in resources.items()
        if r.get("Metadata", {}).get("Group") == f"service/{name}"
    }


class Stages(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, what: str, node: dict) -> pathlib.Path:
        path = self.folder / what
        path.write_text(dump(node))
        return path

    def resolves(self, plan: dict) -> None:
        resources = plan["Resources"]
        for logical_id, resource in resources.items():
            wanted = set(references(resource.get("Properties", {}))) | set(
                resource.get("DependsOn", [])
            )
            self.assertFalse(
                {w for w in wanted if not w.startswith("AWS::")} - set(resources), logical_id
            )
        for output in plan["Outputs"].values():
            self.assertFalse(
                {w for w in references(output["Value"]) if not w.startswith("AWS::")}
                - set(resources)
            )

    def test_order(self) -> None:
        self.assertEqual(stages(ONCE)[0], 1)
        count, once = stages(*pending("migrate", "seed", "smoke"), ONCE)
        self.assertEqual(count, 3)
        self.assertEqual(
            once,
            {
                "migrate": (1, False, ["api"]),
                "seed": (2, True, ["report"]),
                "smoke": (2, False, []),
            },
        )
        # What need not run parts nothing.
        count, once = stages(*pending("smoke"), ONCE)
        self.assertEqual((count, once["smoke"][0], once["migrate"][0]), (1, 1, 0))
        count, once = stages(*pending("seed"), ONCE)
        self.assertEqual((count, once["seed"][0]), (2, 1))

    def test_first_deployment(self) -> None:
        names = pending("migrate", "seed", "smoke")
        whole = template(*names, ONCE)["Resources"]
        seen: dict = {}
        for stage, services in ((1, {"ServiceWorker"}), (2, {"ServiceWorker", "ServiceApi"})):
            plan = template(*names, "--stage", str(stage), ONCE)
            self.resolves(plan)
            self.assertEqual({k for k in plan["Resources"] if k.startswith("Service")}, services)
            for logical_id, resource in plan["Resources"].items():
                self.assertEqual(resource, whole[logical_id], logical_id)
            self.assertLessEqual(set(seen), set(plan["Resources"]))
            seen = plan["Resources"]
        self.assertEqual(
            {k for k in whole if k.startswith("Service")},
            {"ServiceWorker", "ServiceApi", "ServiceReport"},
        )
        # One-offs have all but an ECS service; who waits for one waits for what it waits for too.
        self.assertIn("TaskDefinitionMigrate", whole)
        self.assertIn("TaskRoleMigrate", whole)
        self.assertIn("StoreAliasDb", whole["ServiceApi"]["DependsOn"])
        self.assertIn("ServiceApi", whole["ServiceReport"]["DependsOn"])

    def test_place(self) -> None:
        """Where it runs: the output's text, with references that the stack fills in."""
        value = template(ONCE)["Outputs"]["OnceMigrate"]["Value"]["Fn::Sub"]
        place = json.loads(value)
        self.assertEqual(place["taskDefinition"], "${TaskDefinitionMigrate}")
        self.assertEqual(place["assignPublicIp"], "ENABLED")
        self.assertEqual(
            place["securityGroups"],
            ["${SecurityGroupMigrate.GroupId}", "${AppSecurityGroup.GroupId}"],
        )
        self.assertEqual(place["container"], "migrate_k3j2h4g5f6d7")
        private = json.loads(
            template("--mode", "balanced", ONCE)["Outputs"]["OnceMigrate"]["Value"]["Fn::Sub"]
        )
        self.assertEqual(
            (private["assignPublicIp"], private["subnets"]),
            ("DISABLED", ["${PrivateSubnet1}", "${PrivateSubnet2}"]),
        )

    def test_same_again(self) -> None:
        old = self.write("old.json", template(ONCE))
        self.assertEqual(tool("--deployment", OTHER, "--previous", old, "--diff", old, ONCE)[0], "")
        # One that runs again as it was is of the deployment that runs it.
        again = tool(
            "--deployment", OTHER, "--previous", old, "--diff", old, *pending("smoke"), ONCE
        )[0]
        self.assertEqual([line.split()[2] for line in again.splitlines()], ["TaskDefinitionSmoke"])

    def test_what_runs_stays_until_its_stage(self) -> None:
        before = template("--deployment", OTHER, ONCE)
        old = self.write("old.json", before)
        text = (
            ONCE.read_text()
            .replace("ports: [8080]", "ports: [9090]")
            .replace("localhost:8080", "localhost:9090")
        )
        text = text.replace('["./migrate"]', '["./migrate", "2"]').replace("  worker:", "  other:")
        new = self.folder / "new.yaml"
        new.write_text(text)
        plan = template("--previous", old, *pending("migrate"), "--stage", "1", new)
        self.resolves(plan)
        for name in ("api", "report", "seed", "smoke", "worker"):
            for logical_id, resource in own(before["Resources"], name).items():
                self.assertEqual(plan["Resources"][logical_id], resource, logical_id)
        self.assertNotEqual(
            plan["Resources"]["TaskDefinitionMigrate"], before["Resources"]["TaskDefinitionMigrate"]
        )
        self.assertIn("ServiceOther", plan["Resources"])
        self.assertNotIn(
            "ListenerRuleApiP9090",
            plan["Resources"],
            "it would take the requests of the api that runs",
        )
        self.assertEqual(
            plan["Metadata"]["Defang"]["services"]["api"],
            before["Metadata"]["Defang"]["services"]["api"],
        )
        # The last stage: what went is gone, all of it is new.
        done = self.write("stage.json", plan)
        whole = template("--previous", done, *pending("migrate"), new)
        self.assertNotIn("ServiceWorker", whole["Resources"])
        self.assertIn("TargetGroupApiP9090", whole["Resources"])
        self.assertNotIn("TargetGroupApiP8080", whole["Resources"])
        self.assertEqual(whole["Resources"].keys(), template(new)["Resources"].keys())

    def test_random_projects(self) -> None:
        parted = 0
        for seed in range(COUNT):
            with self.subTest(seed=seed):
                node, once = with_jobs(seed)
                path = self.write("compose.yaml", node)
                whole = template(*pending(*once), path)
                count, known = stages(*pending(*once), path)
                self.assertEqual(set(known), set(once))
                parted += count > 1
                grown: set = set()
                for stage in range(1, count):
                    plan = template(*pending(*once), "--stage", str(stage), path)
                    self.resolves(plan)
                    self.assertLessEqual(grown, set(plan["Resources"]))
                    self.assertLess(set(plan["Resources"]), set(whole["Resources"]))
                    grown = set(plan["Resources"])
                    # Who waits for a one-off is not there when it runs; all that it waits for
                    # itself is.
                    for name in [n for n in once if known[n][0] == stage]:
                        self.assertIn("TaskDefinition", " ".join(own(plan["Resources"], name)))
                        for waiting in known[name][2]:
                            self.assertFalse(
                                [
                                    k
                                    for k, r in own(plan["Resources"], waiting).items()
                                    if r["Type"]
                                    in ("AWS::ECS::Service", "AWS::ECS::TaskDefinition")
                                ]
                            )
                for name in once:
                    types = [r["Type"] for r in own(whole["Resources"], name).values()]
                    self.assertNotIn("AWS::ECS::Service", types)
                    self.assertIn("AWS::ECS::TaskDefinition", types)
        self.assertGreater(parted, 3)

    def test_random_changes_keep_what_runs(self) -> None:
        for seed in range(COUNT):
            with self.subTest(seed=seed):
                node, once = with_jobs(seed)
                before = template("--deployment", OTHER, self.write("compose.yaml", node))
                old = self.write("old.json", before)
                for name in once:
                    node["services"][name]["command"] = ["changed"]
                for service in node["services"].values():
                    service.setdefault("environment", {})["CHANGED"] = "1"
                if len(node["services"]) > 1:
                    node["services"].pop(
                        sorted(
                            set(node["services"])
                            - {
                                d
                                for s in node["services"].values()
                                for d in s.get("depends_on", {})
                            }
                        )[0]
                    )
                path = self.write("compose.yaml", node)
                names = pending(*[n for n in once if n in node["services"]])
                count = stages(*names, path)[0]
                for stage in range(1, count):
                    plan = template("--previous", old, *names, "--stage", str(stage), path)
                    self.resolves(plan)
                    self.assertLessEqual(
                        set(before["Resources"]),
                        set(plan["Resources"]),
                        "something goes before the last stage",
                    )


if __name__ == "__main__":
    unittest.main()
