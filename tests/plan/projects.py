"""The 20 proof projects: with what they are planned, and what changes in the second deployment of
each.

Facts about the account (region, zones, hosted zones) stand in plan_tool.c; here is only what
differs from project to project.
"""

import json
import pathlib
import shutil
from typing import Any

import yaml

from lib import HERE, template

FOLDER = HERE / "projects"
# What the account has, as the Compose files and plans name it; test_outside.py puts the sandbox's
# own ids in their place.
ZONE = "Z0EXAMPLECOM"
VPC = "vpc-0123456789abcdef0"
PUBLIC, PRIVATE = (
    ["subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa2"],
    ["subnet-0bbbbbbbbbbbbbbb1", "subnet-0bbbbbbbbbbbbbbb2"],
)

# name: arguments of plan_tool; those that are not named have none
ARGUMENTS: dict[str, list[str]] = {
    "03-worker": ["--ecr-public", "defang-cd-ecr-public"],
    "08-ha": ["--env", "DEFANG_ZONES=3"],
    "09-config": ["--stack", "prod", "--env", "DEFANG_PREFIX=Acme", "--config", "PASSWORD=3"],
    "12-merge": ["--env", "COMPOSE_PROFILES=debug"],
}

# name: texts of compose.yaml and what stands there in the second deployment
CHANGES: dict[str, list[tuple[str, str]]] = {
    "01-hello": [('cpus: "0.25"', 'cpus: "1"')],
    "02-shop": [
        ("replicas: 2", "replicas: 3"),
        (
            "  cache:\n",
            "  more:\n    image: nginx\n    ports: [{target: 81, mode: host}]\n  cache:\n",
        ),
    ],
    "03-worker": [("working_dir: /srv", "working_dir: /app")],
    "04-private": [("target: 9000", "target: 9001")],
    "05-domains": [("shop.elsewhere.net", "store.elsewhere.net")],
    "06-grpc": [("interval: 15s", "interval: 30s")],
    "07-arm": [('cpus: "1"', 'cpus: "2"')],
    "08-ha": [("replicas: 3", "replicas: 4")],
    "09-config": [("--verbose", "--quiet")],
    "10-game": [("27015:27015/udp", "27016:27016/udp")],
    "11-names": [('ports: ["81:81"]', 'ports: ["82:82"]'), ("localhost:81/", "localhost:82/")],
    "12-merge": [("command: [work]", "command: [work, --hard]")],
    "13-scale": [("replicas: 5", "replicas: 1")],
    "14-sidecars": [("app:4", "app:5")],
    "15-jobs": [("app:5", "app:6"), ("postgres:16", "postgres:17")],
    "16-files": [("app:6", "app:7")],
    "17-static": [("api:7", "api:8")],
    "18-stores": [("redis:6.2.6", "redis:7.1")],
    "19-byo": [("app:7", "app:8")],
    "20-ai": [("chat:1", "chat:2")],
}


def names() -> list[str]:
    return sorted(p.name for p in FOLDER.iterdir() if (p / "compose.yaml").exists())


def compose(name: str) -> pathlib.Path:
    return FOLDER / name / "compose.yaml"


def arguments(name: str) -> list[str]:
    return ARGUMENTS.get(name, [])


def planned(name: str, *more: str | pathlib.Path) -> dict[str, Any]:
    return template(*arguments(name), *more, compose(name))


def copied(name: str, folder: pathlib.Path) -> pathlib.Path:
    """The project elsewhere, so that a test may write into it; its compose.yaml."""
    shutil.copytree(FOLDER / name, folder / name, dirs_exist_ok=True)
    return folder / name / "compose.yaml"


def changed(name: str, folder: pathlib.Path) -> pathlib.Path:
    path = copied(name, folder)
    text = path.read_text()
    for old, new in CHANGES[name]:
        assert old in text, f'{name} has no "{old}"'
        text = text.replace(old, new)
    path.write_text(text)
    return path


def shuffled(name: str, folder: pathlib.Path) -> pathlib.Path:
    """Keys, environment and labels of the services from the last to the first: an order that means
    nothing. That of the services does: who publishes a number first has it.
    """
    path = copied(name, folder)
    node = yaml.safe_load(path.read_text())
    node["services"] = {k: turned(v) for k, v in node["services"].items()}
    path.write_text(json.dumps(node))
    return path


def turned(service: dict[str, Any]) -> dict[str, Any]:
    for key in ("environment", "labels", "depends_on"):
        if isinstance(service.get(key), dict):
            service[key] = dict(reversed(service[key].items()))
    return dict(reversed(service.items()))
