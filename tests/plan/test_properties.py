"""What must hold for any valid project: names are unique and within AWS's limits, references
resolve, no secret is in a template, and adding a service touches no other service's resources.
Random projects, seeded by their number: a failure names the seed.
"""

import pathlib
import random
import re
import tempfile
import unittest

from lib import SECRET, Refused, references, strings, template, tool

COUNT = 24
IDS = "abcabcabcabc"

# (type, property): (pattern, scope in which the name is unique)
NAMES = {
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Name",
    ): r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
    ("AWS::ECS::Service", "ServiceName"): r"[A-Za-z0-9_-]{1,255}",
    ("AWS::ECS::TaskDefinition", "Family"): r"[A-Za-z0-9_-]{1,255}",
    ("AWS::ECS::Cluster", "ClusterName"): r"[A-Za-z0-9_-]{1,255}",
    (
        "AWS::ECR::Repository",
        "RepositoryName",
    ): r"(?=.{2,256}$)(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
    ("AWS::Logs::LogGroup", "LogGroupName"): r"[.\-_/#A-Za-z0-9]{1,512}",
    ("AWS::Events::Rule", "Name"): r"[.\-_A-Za-z0-9]{1,64}",
    ("AWS::ServiceDiscovery::Service", "Name"): r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?",
    ("AWS::EC2::SecurityGroup", "GroupDescription"): r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}",
}


def name(rng: random.Random) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    text = rng.choice("abcdefghijklmnopqrstuvwxyz") + "".join(
        rng.choice(letters + "-_.") for _ in range(rng.randint(0, 30))
    )
    return text.rstrip("-_.") + rng.choice(["", "9", "x"])


def service(rng: random.Random, others: list[str]) -> dict:
    if rng.random() < 0.1:
        return {"image": "redis:7", "x-defang-redis": True}
    if rng.random() < 0.1:
        return {
            "image": "postgres:17",
            "x-defang-postgres": True,
            "environment": {"POSTGRES_PASSWORD": "${PG}"},
        }
    if rng.random() < 0.05:
        return {
            "image": "mongo:5",
            "x-defang-mongodb": True,
            "environment": {"MONGO_INITDB_ROOT_PASSWORD": "${MONGO}"},
        }
    if rng.random() < 0.05:
        return {
            "x-defang-static-files": {"folder": "dist", "redirects": [{"from": "/a", "to": "/b"}]}
        }
    made: dict = {
        "environment": {},
        "deploy": {
            "replicas": rng.randint(0, 4),
            "resources": {
                "reservations": {
                    "cpus": str(rng.choice([0.1, 0.25, 1, 3, 16])),
                    "memory": rng.choice(["100M", "1G", "30G"]),
                }
            },
        },
    }
    if rng.random() < 0.4:
        made["build"] = {"context": ".", "args": {"A": "http://x"}}
        made["platform"] = rng.choice(["linux/amd64", "linux/arm64"])
    else:
        made["image"] = rng.choice(["nginx", "ghcr.io/a/b:1", "public.ecr.aws/x/y:2"])
    more(rng, made)
    ports = rng.sample(range(1, 30000), rng.randint(0, 3))
    made["ports"] = [{"target": p, "mode": rng.choice(["host", "ingress"])} for p in ports]
    if others and rng.random() < 0.6:
        made["depends_on"] = rng.sample(others, rng.randint(1, min(3, len(others))))
        made["environment"]["PEER"] = f"http://{rng.choice(others)}:80/"
    made["environment"]["MIXED"] = "pre-${MIXED_SECRET}-post"
    made["environment"]["BARE"] = "${BARE_SECRET}"
    return made


def more(rng: random.Random, made: dict) -> None:
    """What only some services have."""
    if rng.random() < 0.3:
        made["volumes"] = ["data:/data", *(["/scratch"] if rng.random() < 0.5 else [])]
    if rng.random() < 0.2 and made["deploy"]["replicas"]:
        made["x-defang-autoscaling"] = True
    if rng.random() < 0.2:
        made["x-defang-llm"] = True
    if rng.random() < 0.2:
        made["x-defang-policies"] = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    if rng.random() < 0.2:
        made.update(
            cap_drop=["NET_RAW"],
            sysctls={"net.core.somaxconn": 1024},
            storage_opt={"size": "30G"},
            init=True,
        )


def beside(rng: random.Random, services: dict) -> None:
    """Containers in the task of another, and services that run once."""
    mains = [
        s
        for s, v in services.items()
        if "build" in v
        or (
            v.get("image")
            and not any(
                k.startswith("x-defang-") and k[9:] in ("redis", "postgres", "mongodb") for k in v
            )
        )
    ]
    for number, main in enumerate(mains):
        if rng.random() < 0.2:
            services[f"beside{number}"] = {
                "image": "ghcr.io/a/beside:1",
                "network_mode": f"service:{main}",
                "environment": {"MIXED": "pre-${MIXED_SECRET}-post", "BARE": "${BARE_SECRET}"},
            }
        if rng.random() < 0.15:
            services[f"once{number}"] = {
                "image": "ghcr.io/a/once:1",
                "restart": "no",
                "environment": {"MIXED": "pre-${MIXED_SECRET}-post", "BARE": "${BARE_SECRET}"},
                "deploy": {"resources": {"reservations": {"memory": "512M"}}},
            }


def project(seed: int) -> dict:
    rng = random.Random(seed)
    services: dict = {}
    labels = set()
    while len(services) < rng.randint(1, 9):
        new = name(rng)
        label = re.sub("[._]", "-", new)
        if label not in labels:
            labels.add(label)
            services[new] = service(rng, list(services))
    beside(rng, services)
    return {"name": re.sub("[.]", "", name(rng)), "services": services, "volumes": {"data": {}}}


def dump(node: dict) -> str:
    import json

    return json.dumps(node)  # JSON is YAML


class Properties(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, what: str, node: dict) -> pathlib.Path:
        path = self.folder / what
        path.write_text(dump(node))
        return path

    def check_names(self, resources: dict) -> None:
        for (kind, key), pattern in NAMES.items():
            seen = [
                r["Properties"][key]
                for r in resources.values()
                if r["Type"] == kind and isinstance(r["Properties"].get(key), str)
            ]
            for text in seen:
                self.assertRegex(text, f"^{pattern}$", f"{kind} {key}")
            if key != "GroupDescription":
                self.assertEqual(len(seen), len(set(seen)), f"{kind} {key} twice in {seen}")
        for logical_id in resources:
            self.assertRegex(logical_id, r"^[A-Za-z0-9]{1,255}$")

    def check_priorities(self, resources: dict) -> None:
        rules = [
            (str(r["Properties"]["ListenerArn"]), r["Properties"]["Priority"])
            for r in resources.values()
            if r["Type"].endswith("ListenerRule")
        ]
        self.assertEqual(len(rules), len(set(rules)))
        listeners = [
            r["Properties"]["Port"] for r in resources.values() if r["Type"].endswith("::Listener")
        ]
        self.assertEqual(len(listeners), len(set(listeners)))

    def check_secrets(self, resources: dict) -> None:
        for resource in resources.values():
            for container in resource["Properties"].get("ContainerDefinitions", []):
                if container["Name"] == "kaniko":
                    continue
                self.assertLessEqual({"MIXED", "BARE"}, {s["Name"] for s in container["Secrets"]})
                self.assertFalse({"MIXED", "BARE"} & {e["Name"] for e in container["Environment"]})
            if resource["Type"] == "AWS::RDS::DBInstance":
                self.assertRegex(
                    resource["Properties"]["MasterUserPassword"],
                    r"^\{\{resolve:ssm-secure:/[^}]+/PG\}\}$",
                )

    def test_projects(self) -> None:
        for seed in range(COUNT):
            with self.subTest(seed=seed):
                mode = random.Random(seed).choice(["affordable", "balanced", "ha"])
                # The planner never has a config's value; what it does have of the caller must not
                # come through either.
                plan = template(
                    "--mode",
                    mode,
                    "--env",
                    f"AWS_SECRET_ACCESS_KEY={SECRET}",
                    self.write("compose.yaml", project(seed)),
                )
                resources = plan["Resources"]
                self.check_names(resources)
                self.check_priorities(resources)
                for logical_id, resource in resources.items():
                    wanted = set(references(resource.get("Properties", {}))) | set(
                        resource.get("DependsOn", [])
                    )
                    self.assertFalse(
                        {w for w in wanted if not w.startswith("AWS::")} - set(resources),
                        logical_id,
                    )
                self.assertFalse(
                    [s for s in strings(plan) if SECRET in s or "-post" in s],
                    "a secret, or the text around one",
                )
                self.check_secrets(resources)

    def test_what_cannot_fit_is_refused_with_counts(self) -> None:
        """Before anything is touched: plan_check() says it, which `up` asks first."""
        service = {
            "image": "nginx",
            "networks": ["n"],
            "deploy": {"resources": {"reservations": {"memory": "512M"}}},
        }
        path = self.write(
            "compose.yaml",
            {
                "name": "large",
                "services": {f"s{i}": service for i in range(200)},
                "networks": {"n": {}},
            },
        )
        with self.assertRaises(Refused) as caught:
            tool("--check", path)
        text = str(caught.exception)
        self.assertRegex(
            text, r"the project needs \d{3,4} resources, and a CloudFormation stack holds 500"
        )
        for part in ("network", "service/s0 ", "service/s19"):
            self.assertIn(part.strip(), text)

    def test_adding_a_service(self) -> None:
        for seed in range(COUNT):
            with self.subTest(seed=seed):
                before = project(seed)
                old = self.write("old.json", template(self.write("compose.yaml", before)))
                # First in the order of names, with an ingress port: it must not take anybody's
                # place.
                before["services"]["a0new"] = {
                    "image": "nginx",
                    "ports": ["80"],
                    "deploy": {"resources": {"reservations": {"memory": "1G"}}},
                }
                out = tool(
                    "--deployment",
                    IDS,
                    "--previous",
                    old,
                    "--diff",
                    old,
                    self.write("compose.yaml", before),
                )[0]
                # Environment that names it, or the first ingress port of all, changes shared groups
                # at most in place.
                others = [
                    line
                    for line in out.splitlines()
                    if not line.startswith("+") and line.split()[1] != "service/a0new"
                ]
                self.assertEqual([x for x in others if "replace" in x or x.startswith("-")], [])
                self.assertEqual([x for x in others if x.split()[1].startswith("service/")], [])

    def test_same_again_is_nothing(self) -> None:
        for seed in range(COUNT):
            with self.subTest(seed=seed):
                path = self.write("compose.yaml", project(seed))
                old = self.write("old.json", template(path))
                self.assertEqual(
                    tool("--deployment", IDS, "--previous", old, "--diff", old, path)[0], ""
                )


if __name__ == "__main__":
    unittest.main()
