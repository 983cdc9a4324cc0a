"""Random projects, the same for the same seed: services with every key of the specification in
short and long forms, overrides, extends, profiles, variables, anchors. Most are valid; some
contradict themselves, and then both loaders must refuse them.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from cases import Case
from emit import emit
from generate_parts import DEPLOY, PARTS, TOP

NAMES = ("web", "api", "db", "cache", "worker", "job-1", "mail.relay", "queue_2")
ENV = {
    "TAG": "1.2",
    "PORT": "8080",
    "EMPTY": "",
    "FLAG": "true",
    "COUNT": "3",
    "HOST": "example.com",
    "SIZE": "64m",
    "SECRET": "p$ss'w\"rd",
}


class Generator:
    """One project; `pick` and friends draw from its own random source."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"project {seed}")
        self.services: list[str] = []
        self.used: dict[str, set[str]] = {key: set() for key in TOP}

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, *choices):
        return choices[int(self.random.random() * len(choices))]

    def number(self, low: int, high: int) -> int:
        return low + int(self.random.random() * (high - low + 1))

    def some(self, choices, low: int = 1, high: int = 3) -> list:
        left, out = list(choices), []
        for _ in range(min(len(left), self.number(low, high))):
            out.append(left.pop(int(self.random.random() * len(left))))
        return out

    def use(self, section: str, *names: str) -> str:
        name = self.pick(*names)
        self.used[section].add(name)
        return name

    def earlier(self) -> list[str]:
        return self.services[:-1]

    def pairs(self, values: Callable[[], object]) -> object:
        """A mapping or a list of KEY=VALUE."""
        names = self.some(("A", "B_C", "LOG_LEVEL", "URL", "com.example.x", "EMPTY", "PORT"), 1, 4)
        if self.chance(0.5):
            return {name: values() for name in names}
        out = []
        for name in names:
            value = values()
            if isinstance(value, bool):
                value = str(value).lower()
            out.append(name if value is None else f"{name}={value}")
        return out

    def text(self) -> str:
        return self.pick(
            "x",
            "a b",
            "${TAG}",
            "v${TAG:-0}",
            "$HOST:$PORT",
            "${EMPTY:-none}",
            "${EMPTY-none}",
            "${FLAG:+on}",
            "$$literal",
            "${COUNT?needed}",
            "${NOPE:-${TAG}}",
            "8080",
            "true",
            "null",
            "~",
            "1e3",
            "0x10",
            "it's",
            'say "hi"',
            "a: b",
            "# no",
            "tab\there",
            "ünï",
            "line\nbreak",
            "",
            " lead",
            "trail ",
            "-",
            "[x",
            "{y",
            "*z",
            "&z",
            "!w",
            "%v",
            "@u",
            "`t`",
        )

    def service(self, name: str) -> dict:
        self.services.append(name)
        out: dict = {
            "image": self.pick(
                "nginx", "nginx:${TAG}", "registry.io/a/b:1", "r.io:5000/x@sha256:" + "ab" * 32
            )
        }
        for key, part in PARTS.items():
            if self.chance(part.share):
                value = part.make(self)
                if value is not None:
                    out[key] = value
        if self.chance(0.25):
            out["deploy"] = {
                key: value
                for key, part in DEPLOY.items()
                if self.chance(0.4) and (value := part(self)) is not None
            }
        if "build" in out and self.chance(0.6):
            del out["image"]
        if self.earlier() and self.chance(0.1):
            out["extends"] = (
                {"service": self.pick(*self.earlier())}
                if self.chance(0.7)
                else self.pick(*self.earlier())
            )
        return self._consistent(out)

    def _consistent(self, out: dict) -> dict:
        """Contradictions are made seldom, not always."""
        if self.chance(0.97):
            if "network_mode" in out:
                out.pop("networks", None)
            if "deploy" in out:
                for key in ("cpus", "mem_limit", "mem_reservation", "pids_limit", "scale"):
                    out.pop(key, None)
            if out.get("scale", 1) != 1 or out.get("deploy", {}).get("replicas", 1) != 1:
                out.pop("container_name", None)
        return out

    def override(self) -> dict:
        known = self.services[:]
        out: dict = {"services": {}}
        for name in self.some(known, 1, 2):
            part = self.service(name)
            self.services.pop()
            keep = self.some(part, 1, 6)
            if isinstance(part.get("build"), dict):
                part["build"].pop("ssh", None)  # wanted.py, ssh-merge
            out["services"][name] = {
                key: part[key]
                for key in keep
                if key not in ("extends", "depends_on", "network_mode")
            } or {"tty": True}
        return out

    def project(self) -> dict:
        out: dict = {}
        if self.chance(0.3):
            out["name"] = self.pick("shop", "my-app", "${HOST:-x}", "App_1")
        if self.chance(0.1):
            out["version"] = "3.8"
        if self.chance(0.15):
            out["x-common"] = {"a": self.text(), "b": [1, 2.5, None, True], "c": {}}
        out["services"] = {name: self.service(name) for name in self.some(NAMES, 1, 4)}
        return out

    def top_level(self) -> dict:
        out = {}
        for section, make in TOP.items():
            names = sorted(self.used[section])
            if self.chance(0.1):
                names.append("spare")
            if names:
                out[section] = {name: make(self) for name in names}
        return out


def make(seed: int) -> Case:
    g = Generator(seed)
    main = g.project()
    case = Case(f"generated {seed}", call={"env": dict(ENV)}, cannot=None)
    if g.chance(0.2):
        case.call["profiles"] = g.some(("dev", "debug", "*"), 1, 2)
    over = g.override() if g.chance(0.3) else None
    main.update(g.top_level())
    case.files["compose.yaml"] = emit(main, g)
    if over:
        case.files["compose.override.yaml"] = emit(over, g)
    case.files["web.env"] = "FROM_FILE=1\nA=file ${TAG}\nQ='single $x'\n"
    return case
