#!/usr/bin/env python3
"""Writes the table of Compose keys in docs/COMPOSE.md from src/plan/keys.

usage: compose_keys.py [--check] [ROOT]     --check: changes nothing, 1 when the page is not as new
       compose_keys.py --schema FILE        prints the paths of a compose-spec.json, one a line:
                                            what tests/plan/schema_keys.txt holds

The table in C is the one source: the checks say what it says, `explain` too.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BEGIN, END = "<!-- written by tests/tools/compose_keys.py -->", "<!-- end of the table -->"
ROW = re.compile(r'\{"([^"]+)", ([A-Z]+), "((?:[^"\\]|\\.)*)", (NULL|"(?:[^"\\]|\\.)*")\}')
WORDS = {
    "HONOURED": "as in Docker",
    "PARTLY": "in part",
    "SILENT": "no meaning",
    "NOTED": "ignored, a note",
    "WARNED": "ignored, a warning",
    "REFUSED": "refused",
}
TITLES = (("service", "A service's"), ("project", "The project's"))


def rows(root: pathlib.Path, name: str) -> list[tuple[str, str, str, str]]:
    """Path, verdict, text and hint of each row of src/plan/keys/NAME.c."""
    text = (root / "src/plan/keys" / f"{name}.c").read_text()
    text = text[text.index("_KEYS[] = {") :]
    text = re.sub(r"\s+", " ", re.sub(r'"\s*\n\s*"', "", text))
    found = [
        (path, verdict, why.replace('\\"', '"'), "" if hint == "NULL" else hint[1:-1])
        for path, verdict, why, hint in ROW.findall(text)
    ]
    if len(found) < 30 or len(found) != text.split("};")[0].count('{"'):
        raise SystemExit(f"compose_keys: {len(found)} rows in {name}.c; teach me the new shape")
    return found


def page(root: pathlib.Path) -> str:
    lines = [BEGIN, ""]
    for name, title in TITLES:
        lines += [f"### {title} keys", "", "| key | is honoured | |", "|---|---|---|"]
        for path, verdict, why, hint in rows(root, name):
            hint = hint.replace('\\"', '"').replace("|", "\\|")
            why = why.replace("|", "\\|")
            said = f"{why}. {hint}" if hint and verdict in ("WARNED", "REFUSED") else why
            lines.append(f"| `{path.lstrip('/')}` | {WORDS[verdict]} | {said} |")
        lines.append("")
    return "\n".join([*lines, END])


def schema_paths(schema: dict[str, Any]) -> list[str]:
    """Every path of the schema that ends in a value: "ports.target", "/networks.*.internal"."""
    definitions = schema.get("definitions") or schema["$defs"]
    found: set[str] = set()

    def walk(node: dict[str, Any], path: tuple[str, ...], seen: tuple[str, ...]) -> bool:
        """Whether there are keys below the path."""
        if "$ref" in node:
            name = node["$ref"].split("/")[-1]
            return seen.count(name) < 2 and walk(definitions[name], path, (*seen, name))
        below = False
        for words in ("oneOf", "anyOf", "allOf"):
            for other in node.get(words, []):
                below |= walk(other, path, seen)
        for key, value in node.get("properties", {}).items():
            below = True
            if not walk(value, (*path, key), seen):
                found.add(".".join((*path, key)))
        for key, value in node.get("patternProperties", {}).items():
            if not key.startswith("^x-") and isinstance(value, dict):
                below |= walk(value, (*path, "*"), seen)
        if isinstance(node.get("items"), dict):
            below |= walk(node["items"], path, seen)
        return below

    walk(schema, (), ())
    named = set()
    for path in found:
        path = re.sub(r"\.external\.name$", ".external", path)  # as it was once said
        if path.startswith("services.*."):
            named.add(path.removeprefix("services.*."))
        else:
            named.add("/jobs" if path.startswith("jobs") else f"/{path}")
    return sorted(named)


def main(words: list[str]) -> int:
    if words[:1] == ["--schema"]:
        print("\n".join(schema_paths(json.loads(pathlib.Path(words[1]).read_text()))))
        return 0
    check = words[:1] == ["--check"]
    root = pathlib.Path((words[check:] or [ROOT])[0])
    path = root / "docs/COMPOSE.md"
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = before + page(root) + after
    if check and new != text:
        print("docs/COMPOSE.md is not as src/plan/keys says: run tests/tools/compose_keys.py")
    elif not check:
        path.write_text(new)
    return int(check and new != text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
