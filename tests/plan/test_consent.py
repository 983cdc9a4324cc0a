"""What a step from one plan to the next loses or moves, and what cannot be replaced beside itself.

Rows of shared/cases/trust.md are in the tests' names. A case is two services files; what is asked
is what plan_tool says of going from one to the other.
"""

import json
import pathlib
import re
import tempfile
import unittest
from collections.abc import Iterator

from lib import HERE, ROOT, references, tool

POSTGRES = {
    "image": "postgres:16",
    "x-defang-postgres": True,
    "environment": {"POSTGRES_PASSWORD": None, "POSTGRES_USER": "shop", "POSTGRES_DB": "shop"},
}
REDIS = {"image": "redis:7", "x-defang-redis": True}
MONGODB = {
    "image": "mongo:5",
    "x-defang-mongodb": True,
    "environment": {"MONGO_INITDB_ROOT_PASSWORD": None, "MONGO_INITDB_ROOT_USERNAME": "shop"},
}
WEB = {"image": "nginx", "ports": [{"target": 80, "mode": "ingress"}]}
API = {"image": "api", "depends_on": ["db"]}
SITE = {"x-defang-static-files": "./site"}


def planned() -> Iterator[tuple[str, dict]]:
    for path in (HERE / "golden").rglob("*.json"):
        node = json.loads(path.read_text())
        for resource in (node.get("Resources") or {}).values() if isinstance(node, dict) else ():
            yield resource["Type"], resource.get("Properties", {})


class Consent(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "site").mkdir()
        (self.folder / "site" / "index.html").write_text("<h1>hello</h1>")

    def step(self, before: dict, now: dict, what: str, old: tuple = (), new: tuple = ()) -> str:
        deployed = self.folder / "old.json"
        for name, services in (("a.json", before), ("b.json", now)):
            (self.folder / name).write_text(json.dumps({"name": "steps", "services": services}))
        deployed.write_text(tool(*old, self.folder / "a.json")[0])
        return tool(*new, what, "--previous", deployed, self.folder / "b.json")[0]

    def losses(self, before: dict, now: dict, *, old: tuple = (), new: tuple = ()) -> list[tuple]:
        """(kind, name, because) of each."""
        lines = self.step(before, now, "--losses", old, new).splitlines()
        return [(f[0], f[1], f[4]) for f in (line.split("\t") for line in lines)]

    def test_every_planned_type_is_classified(self) -> None:
        """Of goldens, and of all that the planner's source names."""
        types = {kind for kind, _ in planned()}
        for path in (ROOT / "src" / "plan").rglob("*.c"):
            if path.name not in ("policy_table.c", "price_table.c"):
                types |= set(re.findall(r'"(AWS::[A-Za-z0-9]+::[A-Za-z0-9]+)"', path.read_text()))
        types -= {"AWS::CloudFront::CachePolicy", "AWS::CloudFront::ResponseHeadersPolicy"}
        said = tool("--effects", *sorted(types))[0].splitlines()
        self.assertEqual([line for line in said if "\tunknown\t" in line], [])
        self.assertGreater(len(said), 50)

    def test_trust_20_keys_that_make_a_new_store(self) -> None:
        def env(service: dict, **values: str) -> dict:
            return {**service, "environment": {**service["environment"], **values}}

        for before, now, because in (
            (POSTGRES, env(POSTGRES, POSTGRES_DB="other"), "POSTGRES_DB: shop → other"),
            (POSTGRES, env(POSTGRES, POSTGRES_USER="other"), "POSTGRES_USER: shop → other"),
            (MONGODB, env(MONGODB, MONGO_INITDB_ROOT_USERNAME="x"), None),
            (
                POSTGRES,
                {**POSTGRES, "x-defang-postgres": {"from-snapshot": "old"}},
                "from-snapshot: nothing → old",
            ),
            (REDIS, {**REDIS, "x-defang-redis": {"from-snapshot": "old"}}, None),
            (REDIS, {**REDIS, "command": ["redis-server", "--port", "7000"]}, None),
        ):
            with self.subTest(because or now):
                found = self.losses({"db": before}, {"db": now})
                self.assertEqual([f[:2] for f in found], [("loses", "db")])
                if because:
                    self.assertEqual(found[0][2], because)
        # A deployed store keeps the snapshot that it was made from, also when it is named no more.
        restored = {**POSTGRES, "x-defang-postgres": {"from-snapshot": "old"}}
        self.assertEqual(self.losses({"db": restored}, {"db": POSTGRES}), [])

    def test_trust_20_the_line_of_the_key(self) -> None:
        path = self.folder / "b.yaml"
        deployed = self.folder / "old.json"
        text = (
            "name: steps\nservices:\n  db:\n    image: postgres:16\n"
            "    x-defang-postgres: true\n    environment:\n      POSTGRES_PASSWORD:\n"
            "      POSTGRES_DB: shop\n"
        )
        path.write_text(text)
        deployed.write_text(tool(path)[0])
        path.write_text(text.replace("DB: shop", "DB: other"))
        said = tool("--losses", "--previous", deployed, path)[0]
        self.assertEqual(said.split("\t")[3], "8")

    def test_trust_20_stores_removed_renamed_or_of_another_kind(self) -> None:
        for before, now in (
            ({"db": POSTGRES, "web": WEB}, {"web": WEB}),
            ({"db": MONGODB, "web": WEB}, {"web": WEB}),
            ({"db": REDIS, "web": WEB}, {"web": WEB}),
            ({"db": POSTGRES}, {"database": POSTGRES}),
            ({"db": POSTGRES}, {"db": REDIS}),
            ({"db": POSTGRES}, {"db": {"image": "postgres:16", "expose": ["5432"]}}),
        ):
            with self.subTest(str(now)[:60]):
                self.assertEqual([f[:2] for f in self.losses(before, now)], [("loses", "db")])

    def test_trust_20_public_addresses(self) -> None:
        one = {"db": REDIS, "web": WEB}
        self.assertEqual(
            [f[:2] for f in self.losses(one, {"db": REDIS})], [("moves", "LoadBalancer")]
        )
        found = self.losses({"web": WEB, "site": SITE}, {"web": WEB})
        self.assertIn(("moves", "site"), [f[:2] for f in found])
        self.assertEqual({f[1] for f in found}, {"site"})
        found = self.losses(
            one, one, old=("--mode", "ha"), new=("--env", "DEFANG_ALLOW_DOWNGRADE=1")
        )
        self.assertIn("moves", {f[0] for f in found})

    def test_trust_20_what_is_harmless(self) -> None:
        """Sizes, versions, modes, replicas, variables: nothing of them makes a store anew."""
        both = {"db": POSTGRES, "cache": REDIS, "mongo": MONGODB, "web": WEB}
        bigger = {"deploy": {"replicas": 2, "resources": {"reservations": {"memory": "4G"}}}}
        for before, now, new in (
            (both, both, ()),
            (both, both, ("--mode", "balanced")),
            (both, both, ("--mode", "ha")),
            (both, {k: {**v, **bigger} for k, v in both.items()}, ()),
            ({"web": WEB}, both, ()),
            ({"web": WEB, "api": {"image": "x"}}, {"web": WEB}, ()),
            ({"db": {"image": "postgres:16", "expose": ["5432"]}}, {"db": POSTGRES}, ()),
        ):
            with self.subTest(str(now)[:80], new=new):
                self.assertEqual(self.losses(before, now, new=new), [])

    def test_trust_25_a_cloud_map_service_cannot_keep_its_name(self) -> None:
        container = {"image": "redis:7", "expose": ["6379"]}
        for before, now, gone in (
            (container, REDIS, {"DiscoveryDb", "ServiceDb"}),
            (REDIS, container, {"DiscoveryDb", "StoreAliasDb"}),
            ({"image": "postgres:16", "expose": ["5432"]}, POSTGRES, {"DiscoveryDb", "ServiceDb"}),
            (POSTGRES, {"image": "postgres:16", "expose": ["5432"]}, None),
            (MONGODB, {"image": "mongo:5", "expose": ["27017"]}, None),
        ):
            with self.subTest(str(now)):
                out = self.step({"db": before, "api": API}, {"db": now, "api": API}, "--room")
                names, _, text = out.partition("\n")
                self.assertEqual(names, "db")
                room = json.loads(text)
                old = json.loads((self.folder / "old.json").read_text())
                left = set(old["Resources"]) - set(room["Resources"])
                self.assertIn("DiscoveryDb", left)
                if gone:
                    self.assertEqual(left, gone)
                # Nothing else differs, nothing hangs in the air, no data goes.
                for name, resource in room["Resources"].items():
                    self.assertEqual(
                        resource.get("Properties"), old["Resources"][name].get("Properties")
                    )
                    self.assertFalse(left & set(references(resource.get("Properties"))))
                    self.assertFalse(left & set(resource.get("DependsOn", [])))
                self.assertNotIn("db", room["Metadata"]["Defang"]["services"])
                self.assertIn("api", room["Metadata"]["Defang"]["services"])
                self.assertFalse({n for n in left if n.startswith(("Database", "Cache", "Doc"))})

    def test_trust_25_nothing_is_in_the_way(self) -> None:
        for before, now in (
            ({"db": REDIS}, {"db": REDIS}),
            ({"db": REDIS}, {"db": POSTGRES}),  # both are an alias
            ({"db": REDIS}, {"cache": REDIS}),
            ({"web": WEB}, {"web": {**WEB, "image": "other"}}),
        ):
            with self.subTest(str(now)):
                self.assertEqual(self.step(before, now, "--room"), "")


if __name__ == "__main__":
    unittest.main()
