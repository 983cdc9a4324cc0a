"""src/plan/graph/replace_table.c against AWS's resource schemas in cfn-lint's package.

The table says which property change replaces a resource (createOnlyProperties) or may
(conditionalCreateOnlyProperties), for every type that a golden template holds. `--write` renews the
file; without it a difference fails.
"""

import json
import pathlib
import re
import sys
import unittest

import cfnlint
from cfnlint.data.schemas.providers import us_west_2

from lib import HERE, ROOT, tool, write_flag

SOURCE = ROOT / "src" / "plan" / "graph" / "replace_table.c"
KEYS = {"createOnlyProperties": "replace", "conditionalCreateOnlyProperties": "may replace"}
RESOURCES = pathlib.Path(cfnlint.__file__).parent / "data" / "schemas" / "resources"


def schema(kind: str) -> dict:
    name = us_west_2.types[kind]
    return json.loads(
        (RESOURCES / (name if name.endswith(".json") else name + ".json")).read_text()
    )


def planned_types() -> set[str]:
    """Every type that a golden template holds: all that the planner makes."""
    found = set()
    for path in (HERE / "golden").glob("*.json"):
        found |= {r["Type"] for r in json.loads(path.read_text())["Resources"].values()}
    return found


def wanted(types: set[str]) -> list[tuple[str, str, str]]:
    rows = []
    for kind in sorted(types):
        for key, what in KEYS.items():
            rows += [
                (kind, path.removeprefix("/properties/"), what)
                for path in sorted(schema(kind).get(key) or [])
            ]
    return rows


def written(rows: list[tuple[str, str, str]]) -> str:
    """The whole file with these rows: what --write leaves there."""
    word = {"replace": "YES", "may replace": "MAYBE"}
    body = "".join(f'    {{"{kind}", "{path}", {word[what]}}},\n' for kind, path, what in rows)
    return re.sub(
        r"(ROWS\[\] = \{\n).*?(\};\n)",
        lambda m: m[1] + body + m[2],
        SOURCE.read_text(),
        flags=re.S,
    )


class Table(unittest.TestCase):
    maxDiff = None

    def test_equal(self) -> None:
        rows = [tuple(line.split("\t")) for line in tool("--replace-table")[0].splitlines()]
        self.assertEqual(rows, wanted(planned_types()))

    def test_source_is_what_the_tool_writes(self) -> None:
        """Byte for byte: nobody mends a row by hand, and nothing else lays the rows out."""
        self.assertEqual(SOURCE.read_text(), written(wanted(planned_types())))

    def test_types_are_many(self) -> None:
        self.assertGreater(len(planned_types()), 30)


if __name__ == "__main__":
    if write_flag():
        SOURCE.write_text(written(wanted(planned_types())))
        sys.exit(0)
    unittest.main()
