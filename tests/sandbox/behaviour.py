"""What workloads do when they run: which builds fail, which services stay unhealthy or exit.

Set with POST /_sandbox/behaviour:
  {"builds":   {"<regex on destination or context>":
                {"fail_times": N, "exit": N, "log": [..], "seconds": S,
                 "error": the builder's last line, else a RUN that ended with "exit"}},
   "services": {"<regex on the service's, family's or container's name>":
                {"exit": N, "after": S, "unhealthy": true, "health": false, "log": [..],
                 "start_seconds": S, "times": N,
                 "pulumi": ["no-plugins"] (CD tasks: plugins cannot be downloaded),
                 "when": text (CD tasks: killed, with "exit", "after" seconds when a line of theirs
                 has it)}},
   "change-sets": {"<regex on the stack's name>":
                {"times": N, "reason": text, "events": [{"LogicalResourceId": …, "Hook": …, and
                 what else DescribeEvents shows}]}},
   "virgin":   true: services that need a service-linked role fail when it is not there yet
               (service_roles.py)}

Regular expressions match anywhere in the name (re.search). A service's environment says the same
without control access: SANDBOX_FAIL=exit:3 | unhealthy | health.
"""

from __future__ import annotations

import re
import threading
from typing import Any

from .errors import AwsError

BUILD_KEYS = {"fail_times", "exit", "log", "seconds", "error"}
CHANGE_SET_KEYS = {"times", "reason", "events"}
SERVICE_KEYS = {
    "exit",
    "after",
    "unhealthy",
    "health",
    "log",
    "start_seconds",
    "times",
    "pulumi",
    "when",
}


class Behaviour:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._builds: dict[str, dict[str, Any]] = {}
        self._services: dict[str, dict[str, Any]] = {}
        self._change_sets: dict[str, dict[str, Any]] = {}
        self.virgin = False

    def set(self, wanted: dict[str, Any]) -> None:
        unknown = set(wanted) - {"builds", "services", "change-sets", "virgin"}
        if unknown:
            raise AwsError("BadBehaviour", f"unknown keys: {sorted(unknown)}")
        sections = {
            "builds": BUILD_KEYS,
            "services": SERVICE_KEYS,
            "change-sets": CHANGE_SET_KEYS,
        }
        for section, known in sections.items():
            for pattern, rule in wanted.get(section, {}).items():
                re.compile(pattern)
                bad = set(rule) - known
                if bad:
                    raise AwsError(
                        "BadBehaviour", f"unknown keys in {section} {pattern!r}: {sorted(bad)}"
                    )
        with self._lock:
            self.virgin = bool(wanted.get("virgin", self.virgin))
            for pattern, rule in wanted.get("builds", {}).items():
                self._builds[pattern] = {**rule, "left": rule.get("fail_times")}
            for pattern, rule in wanted.get("services", {}).items():
                self._services[pattern] = {**rule, "left": rule.get("times")}
            for pattern, rule in wanted.get("change-sets", {}).items():
                self._change_sets[pattern] = {**rule, "left": rule.get("times", 1)}

    def clear(self) -> None:
        with self._lock:
            self._builds.clear()
            self._services.clear()
            self._change_sets.clear()
            self.virgin = False

    def get(self) -> dict[str, Any]:
        with self._lock:
            return {
                "builds": {k: dict(v) for k, v in self._builds.items()},
                "services": {k: dict(v) for k, v in self._services.items()},
                "virgin": self.virgin,
            }

    def build(self, names: list[str]) -> dict[str, Any]:
        """The rule for one build run; a rule with fail_times fails that often, then
        not any more.
        """
        with self._lock:
            for pattern, rule in self._builds.items():
                if any(re.search(pattern, name) for name in names):
                    fails = bool({"exit", "fail_times", "error"} & set(rule))
                    if rule["left"] is not None:
                        fails = rule["left"] > 0
                        rule["left"] = max(0, rule["left"] - 1)
                    return {
                        "fails": fails,
                        "exit": rule.get("exit", 1),
                        "log": rule.get("log", []),
                        "seconds": rule.get("seconds"),
                        "error": rule.get("error"),
                    }
        return {"fails": False, "exit": 0, "log": [], "seconds": None, "error": None}

    def change_set(self, stack: str) -> dict[str, Any]:
        """What refuses the next change set of this stack; {} when nothing does."""
        with self._lock:
            for pattern, rule in self._change_sets.items():
                if re.search(pattern, stack) and rule["left"] > 0:
                    rule["left"] -= 1
                    return dict(rule)
        return {}

    def service(self, names: list[str], environment: dict[str, str]) -> dict[str, Any]:
        """The rule for one container; {} lets it run well."""
        with self._lock:
            for pattern, rule in self._services.items():
                if any(re.search(pattern, name) for name in names):
                    if rule["left"] is not None:
                        if rule["left"] <= 0:
                            continue
                        rule["left"] -= 1
                    return {k: v for k, v in rule.items() if k not in ("left", "times")}
        return from_environment(environment.get("SANDBOX_FAIL", ""))


def from_environment(text: str) -> dict[str, Any]:
    """SANDBOX_FAIL: `exit:N` (exits with N after start), `unhealthy` (fails its load balancer's
    check), `health` (its own).
    """
    if not text:
        return {}
    kind, _, value = text.partition(":")
    if kind == "exit" and re.fullmatch(r"\d{1,3}", value):
        return {"exit": int(value)}
    if kind in ("unhealthy", "health") and not value:
        return {"unhealthy": True} if kind == "unhealthy" else {"health": False}
    return {
        "exit": 64,
        "log": [f"sandbox: SANDBOX_FAIL={text!r} is not exit:N, unhealthy or health"],
    }
