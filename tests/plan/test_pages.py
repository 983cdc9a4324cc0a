"""The numbers in docs/SETTINGS.md and docs/COSTS.md, against what the planner does."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from lib import ROOT, tool

PRICE_TOOL = os.environ.get(
    "PRICE_TOOL", str(pathlib.Path(os.environ.get("PLAN_TOOL", "")).parent / "price_tool")
)
MODES = ("affordable", "balanced", "high_availability")
# A value that is no mode's, for each setting that a template shows.
OTHERS = {
    "capacity-provider": {"FARGATE": "FARGATE_SPOT", "FARGATE_SPOT": "FARGATE"},
    "nat": {"none": "single", "single": "per-zone", "per-zone": "none"},
    "zones": {"2": "3"},
    "backup-window": {"04:00-05:00": "01:00-02:00"},
    "rds-node-type": {"burstable": "general", "general": "memory", "memory": "general"},
    "http-redirect-to-https": {"HTTP_301": "HTTP_302", "HTTP_302": "HTTP_301"},
    "price-class": {"100": "200", "all": "200"},
    "discovery": {"cloud-map": "sidecar"},
    "log-retention-days": {"1": "3", "7": "3", "30": "3"},
    "deregistration-delay": {"0": "7", "10": "7"},
    "health-check-interval": {"5": "7"},
    "health-check-threshold": {"2": "3"},
    "min-healthy-percent": {"0": "50", "100": "50"},
    "resolve": {"deployment": "tag"},
    "backup-days": {"0": "3", "1": "3", "7": "3"},
}
# What no template shows: it is for `down`, for `up` on a deployed project, or has one value.
UNSEEN = {
    "build-memory",
    "force-destroy-bucket",
    "allow-downgrade",
    "redis-engine",
    "route53-sidecar-logs",
}
PROJECT = """
name: pages
x-defang-aws: {alarmTopicArn: "arn:aws:sns:us-west-2:123456789012:alarms"}
services:
  web:
    image: nginx:1.27
    domainname: www.example.com
    ports: [{target: 80, mode: ingress}]
    environment: {DB: "postgres://db:5432"}
  db:
    image: postgres:16
    x-defang-postgres: true
    environment: {POSTGRES_PASSWORD: "${PASSWORD}"}
    ports: [{target: 5432, mode: host}]
  site:
    x-defang-static-files: dist
"""


def rows(page: str) -> list[list[str]]:
    lines = (ROOT / "docs" / page).read_text().splitlines()
    found = [line.strip("|").split("|") for line in lines if re.match(r"\| (?!-)", line)]
    return [[cell.strip() for cell in row] for row in found]


class Settings(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = pathlib.Path(cls.folder.name) / "compose.yaml"
        (cls.path.parent / "dist").mkdir()
        cls.path.write_text(PROJECT)

    def plan(self, mode: str, *settings: str) -> str:
        env = [word for setting in settings for word in ("--env", setting)]
        return tool("--mode", mode, "--config", "PASSWORD=1", *env, self.path)[0]

    def test_presets(self) -> None:
        """Setting a mode's own value changes nothing, and another value changes something."""
        table = [
            row
            for row in rows("SETTINGS.md")
            if re.match(r"`[a-z0-9-]+`$", row[0]) and len(row) == 6
        ]
        self.assertGreater(len(table), 20)
        as_it_is = {mode: self.plan(mode) for mode in MODES}
        for key, variable, *values, _meaning in table:
            setting = key.strip("`")
            words = [value.strip("`") for value in values]
            words = [words[0] if word == "same" else word for word in words]
            for mode, word in zip(MODES, words, strict=True):
                with self.subTest(setting=setting, mode=mode):
                    name = variable.strip("`")
                    if word == "by need":  # which is no value
                        continue
                    self.assertEqual(self.plan(mode, f"{name}={word}"), as_it_is[mode])
                    if setting in UNSEEN or (setting == "allow-burstable" and mode != "affordable"):
                        continue
                    switched = {"yes": "no", "no": "yes"}.get(word)
                    other = OTHERS[setting][word] if setting in OTHERS else switched
                    self.assertNotEqual(self.plan(mode, f"{name}={other}"), as_it_is[mode])


class Costs(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        done = subprocess.run([PRICE_TOOL, "--table"], capture_output=True, text=True, check=True)
        cls.price = {row[0]: row[1] for row in json.loads(done.stdout)["rows"]}

    def fargate(self, vcpu: float, gb: float) -> float:
        return vcpu * self.price["fargate.vcpu.x86_64"] + gb * self.price["fargate.gb.x86_64"]

    def test_rows(self) -> None:
        month, price = 730, self.price
        disk = 20 * price["rds.storage.gb"]
        wanted = {
            "Application Load Balancer": [price["elb.hour"] * month, price["elb.lcu"] * month],
            "Network Load Balancer": [price["elb.hour"] * month, price["nlb.lcu"] * month],
            "public IPv4 address": [price["ipv4.hour"] * month],
            "Fargate task, 0.25 vCPU and 0.5 GB": [self.fargate(0.25, 0.5) * month],
            "Fargate task, 1 vCPU and 2 GB": [self.fargate(1, 2) * month],
            "NAT gateway": [price["nat.hour"] * month, price["nat.gb"]],
            "named volume (EFS)": [price["efs.gb"]],
            "DocumentDB `db.t4g.medium`": [price["docdb.t4g.medium"] * month],
            "GPU instance `g4dn.xlarge`": [price["g4dn.xlarge"]],
            "image build": [self.fargate(2, 8) / 60, self.fargate(4, 16) / 60],
        }
        for name in ("db.t4g.micro", "db.m7g.large", "db.r7g.large"):
            wanted[f"RDS `{name}`, 20 GB"] = [price[name] * month + disk]
        for name in ("cache.t4g.micro", "cache.m7g.large", "cache.r7g.large"):
            wanted[f"ElastiCache `{name}`"] = [price[name] * month]
        page = {row[0]: row[2] for row in rows("COSTS.md")}
        self.assertEqual(
            set(page) - set(wanted),
            {"resource", "logs, images, bucket, name space, config over 4 KB"},
        )
        for name, sums in wanted.items():
            said = re.findall(r"\d+(?:\.\d+)?", page[name])
            self.assertGreaterEqual(len(said), len(sums), name)
            for text, exact in zip(said, sums, strict=False):
                self.assertEqual(float(text), round(exact, len(text.partition(".")[2])), name)

    def test_shop(self) -> None:
        text = re.sub(r"\s+", " ", (ROOT / "docs/COSTS.md").read_text())
        said = re.search(
            r"about (\d+) in `affordable`, (\d+) in `balanced` and (\d+) in `high_av", text
        )
        assert said
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "template.json"
            for mode, month in zip(MODES, said.groups(), strict=True):
                config = ["--config", "DATABASE_PASSWORD=1", "--config", "STRIPE_KEY=1"]
                path.write_text(
                    tool("--mode", mode, *config, ROOT / "examples/shop/compose.yaml")[0]
                )
                done = subprocess.run(
                    [PRICE_TOOL, path, "us-west-2"], capture_output=True, text=True, check=True
                )
                self.assertEqual(int(month), round(json.loads(done.stdout)["month"]), mode)


if __name__ == "__main__":
    unittest.main()
