"""From one plan to the next: what loses protection or data, or what AWS refuses, is refused before
anything is touched.
"""

import json
import pathlib
import tempfile
import unittest

from lib import Refused, tool

POSTGRES = {"image": "postgres:16", "x-defang-postgres": True, "environment": ["POSTGRES_PASSWORD"]}
REDIS = {"image": "redis:7", "x-defang-redis": True}
MONGODB = {
    "image": "mongo:5",
    "x-defang-mongodb": True,
    "environment": ["MONGO_INITDB_ROOT_PASSWORD"],
}
HA = ("--mode", "ha")


class Steps(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name: str, service: dict) -> pathlib.Path:
        path = self.folder / name
        path.write_text(json.dumps({"name": "steps", "services": {"s": service}}))
        return path

    def step(self, before: dict, now: dict, old: tuple = (), new: tuple = ()) -> str:
        """What is said of going from one to the other; "" when nothing is."""
        deployed = self.folder / "old.json"
        deployed.write_text(tool(*old, self.write("a.yaml", before))[0])
        try:
            tool(*new, "--step", "--previous", deployed, self.write("b.yaml", now))
        except Refused as error:
            return str(error)
        return ""

    def test_no_change(self) -> None:
        for service in (POSTGRES, REDIS, MONGODB):
            self.assertEqual(self.step(service, service, HA, HA), "")

    def test_lesser_mode(self) -> None:
        for service, lost in (
            (POSTGRES, "deletion protection of DatabaseS, backups of DatabaseS"),
            (REDIS, "backups of CacheS"),
            (MONGODB, "deletion protection of DocumentsS"),
        ):
            with self.subTest(lost):
                self.assertIn("would take away: " + lost, self.step(service, service, HA))
                self.assertEqual(
                    self.step(service, service, HA, ("--env", "DEFANG_ALLOW_DOWNGRADE=1")), ""
                )
                self.assertEqual(self.step(service, service, (), HA), "")

    def test_versions(self) -> None:
        newer = {**POSTGRES, "image": "postgres:17"}
        self.assertIn("takes the database down for minutes", self.step(POSTGRES, newer))
        self.assertEqual(
            self.step(POSTGRES, {**newer, "x-defang-postgres": {"allow-downtime": True}}), ""
        )
        self.assertIn(
            "does not go back from Postgres 17 to 16",
            self.step(newer, {**POSTGRES, "x-defang-postgres": {"allow-downtime": True}}),
        )
        self.assertEqual(self.step(POSTGRES, {**POSTGRES, "image": "postgres:16.4"}), "")
        self.assertEqual(self.step(REDIS, {**REDIS, "image": "valkey/valkey:8"}), "")
        self.assertIn(
            "from Valkey to Redis OSS", self.step({**REDIS, "image": "valkey/valkey:8"}, REDIS)
        )
        self.assertIn(
            "does not go back from 7.1 to 6.2", self.step(REDIS, {**REDIS, "image": "redis:6"})
        )
        self.assertIn(
            "does not take DocumentDB from 4.0 to 5.0",
            self.step({**MONGODB, "image": "mongo:4.0"}, MONGODB),
        )

    def test_discovery(self) -> None:
        sidecar = ("--env", "DEFANG_DISCOVERY=sidecar")
        self.assertIn("keeps its way of discovery", self.step(REDIS, REDIS, (), sidecar))
        self.assertIn("keeps its way of discovery", self.step(REDIS, REDIS, sidecar))
        self.assertEqual(self.step(REDIS, REDIS, sidecar, sidecar), "")


if __name__ == "__main__":
    unittest.main()
