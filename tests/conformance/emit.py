"""A tree as YAML in varying notation: block or flow, plain or quoted, an anchor where a value comes
twice.

The notation is drawn from the generator, so that the same seed gives the same bytes: recorded
answers depend on it. A text is plain only where no reader could take it for something else.
"""

from __future__ import annotations

import json
import re

PLAIN = re.compile(r"[A-Za-z/$][A-Za-z0-9_./$-]*\Z")
WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def emit(tree: dict, source) -> str:
    """`source` draws the notation: an object with chance()."""
    lines: list[str] = []
    _mapping(tree, 0, lines, source)
    return "\n".join(lines) + "\n"


def scalar(value, source) -> str:
    if value is None:
        return "null" if source.chance(0.5) else "~"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if PLAIN.match(value) and value.lower() not in WORDS and source.chance(0.7):
        return value
    if "\n" not in value and "\t" not in value and source.chance(0.4):
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)


def _flow(value, source) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key)}: {_flow(item, source)}" for key, item in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item, source) for item in value) + "]"
    return (
        json.dumps(value, ensure_ascii=False) if isinstance(value, str) else scalar(value, source)
    )


def _key(key: str) -> str:
    return key if PLAIN.match(key) and key.lower() not in WORDS else json.dumps(key)


def _value(prefix: str, value, depth: int, lines: list[str], source) -> None:
    pad = "  " * depth
    if not isinstance(value, (dict, list)):
        lines.append(f"{pad}{prefix} {scalar(value, source)}")
    elif not value or source.chance(0.08):
        lines.append(f"{pad}{prefix} {_flow(value, source)}")
    else:
        lines.append(f"{pad}{prefix}")
        (_mapping if isinstance(value, dict) else _sequence)(value, depth + 1, lines, source)


def _mapping(tree: dict, depth: int, lines: list[str], source) -> None:
    for key, value in tree.items():
        _value(f"{_key(key)}:", value, depth, lines, source)


def _sequence(items: list, depth: int, lines: list[str], source) -> None:
    for item in items:
        _value("-", item, depth, lines, source)
