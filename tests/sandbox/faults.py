"""Scripted faults: rules that match calls and say what goes wrong with them.

A rule: {"match": {"service", "operation", "times", "after", "params-contains", "internal"},
         "do": one of {"error": {"code", "status", "message"}}, {"throttle": true},
               {"html500": true}, {"status": N}, {"reset": true}, {"delay": seconds},
               {"expire_token": true}, {"truncate": true}}
`service` and `operation` are names or "*"; `after` lets so many matching calls pass first;
`times` bounds how often the rule acts (absent: always). "delay" may stand beside another fault.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from .errors import AwsError

MATCH_KEYS = {"service", "operation", "times", "after", "params-contains", "internal"}
DO_KEYS = {
    "error",
    "throttle",
    "html500",
    "status",
    "reset",
    "delay",
    "expire_token",
    "truncate",
    "after_effect",
}


class Faults:
    def __init__(self) -> None:
        self._rules: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._next = 1

    def add(self, rules: list[dict[str, Any]]) -> list[int]:
        checked = [self._checked(rule) for rule in rules]
        with self._lock:
            ids = []
            for rule in checked:
                rule["id"] = self._next
                self._next += 1
                self._rules.append(rule)
                ids.append(rule["id"])
            return ids

    @staticmethod
    def _checked(rule: Any) -> dict[str, Any]:
        if not isinstance(rule, dict) or set(rule) != {"match", "do"}:
            raise AwsError("BadRule", 'a fault rule is {"match": {…}, "do": {…}}')
        unknown = set(rule["match"]) - MATCH_KEYS | set(rule["do"]) - DO_KEYS
        if unknown:
            raise AwsError("BadRule", f"unknown keys in a fault rule: {sorted(unknown)}")
        if not rule["do"]:
            raise AwsError("BadRule", "a fault rule that does nothing")
        if "error" in rule["do"] and "code" not in rule["do"]["error"]:
            raise AwsError("BadRule", 'an "error" fault needs a "code"')
        return {"match": dict(rule["match"]), "do": dict(rule["do"]), "seen": 0, "acted": 0}

    def list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(rule) for rule in self._rules]

    def clear(self, rule_id: int | None = None) -> None:
        with self._lock:
            self._rules = [r for r in self._rules if rule_id is not None and r["id"] != rule_id]

    def take(self, service: str, operation: str, params: Any, internal: bool) -> dict[str, Any]:
        """What goes wrong with this call: the `do` parts of the rules that act, merged; {} for
        nothing.
        """
        acts: dict[str, Any] = {}
        with self._lock:
            for rule in self._rules:
                match = rule["match"]
                if internal and not match.get("internal"):
                    continue
                if match.get("service", "*") not in ("*", service) or match.get(
                    "operation", "*"
                ) not in ("*", operation):
                    continue
                text = match.get("params-contains")
                if text and text not in json.dumps(params, default=str):
                    continue
                rule["seen"] += 1
                if rule["seen"] <= match.get("after", 0):
                    continue
                if "times" in match and rule["acted"] >= match["times"]:
                    continue
                rule["acted"] += 1
                for key, value in rule["do"].items():
                    acts.setdefault(key, value)
        return acts
