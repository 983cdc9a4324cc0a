#!/usr/bin/env python3
"""Writes what src/plan knows of managed stores: versions and classes that AWS offers, by region.

    pip download --no-deps -d /tmp/wheels cfn-lint
    python3 tests/tools/aws_stores.py --wheel /tmp/wheels/*.whl --out src/plan/store/offers.c

The source is the data that cfn-lint ships, which its makers read from AWS's own API (for RDS:
DescribeDBEngineVersions and DescribeOrderableDBInstanceOptions). Versions that nobody can make any
more are left out, and those that the cfn-lint of tests/requirements.txt does not know yet, since it
judges our templates. Of classes, the families that a region lacks are kept: a family is offered
whole or not at all. Facts only; the first lines say how old they are.
"""

import argparse
import datetime
import json
import pathlib
import re
import subprocess
import sys
import zipfile
from typing import Any

import cfnlint

FOLDER = "cfnlint/data/schemas/extensions"
HERE = pathlib.Path(cfnlint.__file__).parent.parent
STYLE = pathlib.Path(__file__).resolve().parents[2] / ".clang-format"
SMALL = ["micro", "small", "medium", "large", "xlarge", "2xlarge"]
LARGE = ["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"]
# What the planner may choose, and whether cfn-lint's file is by engine.
KINDS = {
    "RDS": ("aws_rds_dbinstance/dbinstanceclass_enum.json", "db", "postgres",
            {"t4g": SMALL, "t3": SMALL, "m7g": LARGE, "m6g": LARGE, "r7g": LARGE, "r6g": LARGE}),
    "CACHE": ("aws_elasticache_cachecluster/cachenodetype_enum.json", "cache", "",
              {"t4g": SMALL[:3], "t3": SMALL[:3], "m7g": LARGE, "m6g": LARGE, "r7g": LARGE,
               "r6g": LARGE}),
}  # fmt: skip


class Data:
    """Of one cfn-lint: a wheel, or the one that is installed."""

    def __init__(self, wheel: pathlib.Path | None) -> None:
        self.zip = zipfile.ZipFile(wheel) if wheel else None
        self.cache: dict[str, Any] = {}

    def load(self, path: str) -> Any:
        name = f"{FOLDER}/{path}"
        if name not in self.cache:
            raw = self.zip.read(name) if self.zip else (HERE / name).read_bytes()
            self.cache[name] = json.loads(raw)
        return self.cache[name]

    @property
    def origin(self) -> str:
        assert self.zip and self.zip.filename
        release = pathlib.Path(self.zip.filename).name.split("-")[1]
        day = datetime.date(*self.zip.infolist()[0].date_time[:3])
        return f"cfn-lint {release}, published on {day:%d %B %Y}"


def rules(node: Any, engine: str) -> list[dict[str, Any]]:
    """The conditions that name the engine, wherever they stand."""
    found = []
    if isinstance(node, dict):
        if "if" in node and f'"{engine}"' in json.dumps(node["if"]):
            found.append(node)
        for value in node.values():
            found += rules(value, engine)
    elif isinstance(node, list):
        for value in node:
            found += rules(value, engine)
    return found


def versions(data: Data, path: str, engine: str) -> set[str]:
    return {
        v
        for rule in rules(data.load(path), engine)
        for v in rule["then"]["properties"].get("EngineVersion", {}).get("enum", [])
    }


def both(data: Data, path: str, engine: str) -> list[str]:
    return sorted(versions(data, path, engine) & versions(Data(None), path, engine), key=key)


def key(version: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", version)]


def postgres(data: Data) -> list[str]:
    old = {
        v
        for one in (data, Data(None))
        for rule in rules(one.load("aws_rds_dbinstance/engine_version_deprecated.json"), "postgres")
        for v in rule["if"]["properties"]["EngineVersion"]["enum"]
    }
    known = both(data, "aws_rds_dbinstance/engine_version.json", "postgres")
    return [v for v in known if v not in old and "." in v and key(v)[0] > 9]


def classes(body: Any, engine: str) -> set[str]:
    if not engine:
        return set(body["enum"])
    return {
        c
        for rule in rules(body, engine)
        for c in rule["then"].get("properties", {}).get("DBInstanceClass", {}).get("enum", [])
    }


def missing(data: Data, kind: str) -> dict[str, list[str]]:
    path, prefix, engine, families = KINDS[kind]
    found = {}
    for region, body in sorted(data.load(path).items()):
        if not isinstance(body, dict):  # a description
            continue
        offered = classes(body, engine)
        lacks = []
        for family, sizes in families.items():
            have = [size for size in sizes if f"{prefix}.{family}.{size}" in offered]
            if len(have) < len(sizes):
                lacks.append(family)
        if lacks:
            found[region] = lacks
    return found


def strings(name: str, values: list[str]) -> str:
    inner = ", ".join(f'"{v}"' for v in values)
    return f"static const char *const {name}[] = {{{inner}, NULL}};\n"


def text(data: Data) -> str:
    cache = "aws_elasticache_cachecluster/engine_version.json"
    out = [
        "/* Generated by tests/tools/aws_stores.py from the data of\n"
        f" * {data.origin}. Do not edit. Versions that can be made, in order;\n"
        " * families of classes that a region lacks. */\n",
        '#include "plan/store/offers.h"\n\n#include "base/str.h"\n\n#include <string.h>\n\n',
        strings("POSTGRES", postgres(data)),
        strings("REDIS", both(data, cache, "redis")),
        strings("VALKEY", both(data, cache, "valkey")),
        "\nstruct lack {\n    const char *region, *families;\n};\n\n",
    ]
    for kind in KINDS:
        rows = "".join(f'    {{"{r}", "{" ".join(f)}"}},\n' for r, f in missing(data, kind).items())
        out.append(f"static const struct lack {kind}[] = {{\n{rows}    {{NULL, NULL}},\n}};\n\n")
    out.append(CODE)
    return "".join(out)


CODE = """
const char *const *offers_versions(const char *engine)
{
    if (text_eq(engine, "postgres"))
        return POSTGRES;
    return text_eq(engine, "valkey") ? VALKEY : REDIS;
}

bool offers_family(enum offers_kind kind, const char *region, const char *family)
{
    static const struct lack *const tables[] = {RDS, CACHE};
    size_t n = strlen(family);

    for (const struct lack *l = tables[kind]; region && l->region; l++)
        if (text_eq(l->region, region))
            for (const char *at = l->families; (at = strstr(at, family)); at += n)
                if ((at == l->families || at[-1] == ' ') && (!at[n] || at[n] == ' '))
                    return false;
    return true;
}
"""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--wheel", type=pathlib.Path, required=True)
    said = parser.parse_args()
    formed = subprocess.run(
        [
            str(pathlib.Path(sys.executable).parent / "clang-format"),
            f"--style=file:{STYLE}",
            "--assume-filename=offers.c",
        ],
        input=text(Data(said.wheel)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    said.out.write_text(formed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
