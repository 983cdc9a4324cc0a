"""Questions to a template and to a program: what refers to what, and where texts stand in it."""

from __future__ import annotations

import json
import re
from typing import Any

REFERENCE = re.compile(r"(?<!\$)\$\{([A-Za-z0-9_]+)(?:\.([A-Za-z0-9_.\[\]]+))?\}")


def as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def walk(node: Any, where: str = "") -> Any:
    if isinstance(node, str):
        yield where, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, f"{where}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from walk(value, where)


def references(node: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                found.add(value)
            elif key == "Fn::GetAtt":
                found.add(value[0] if isinstance(value, list) else value.split(".")[0])
            elif key == "Fn::Sub":
                found |= {
                    m.split(".")[0]
                    for m in re.findall(
                        r"\$\{([^!][^}]*)\}", value if isinstance(value, str) else value[0]
                    )
                }
            found |= references(value)
    elif isinstance(node, list):
        for value in node:
            found |= references(value)
    return found


def without_digests(node: Any) -> str:
    return re.sub(
        r"(dkr\.ecr\.[a-z0-9.:/_-]*?)(@sha256:[0-9a-f]{64}|:[A-Za-z0-9._-]+)(?=\")",
        r"\1",
        json.dumps(node, sort_keys=True),
    )
