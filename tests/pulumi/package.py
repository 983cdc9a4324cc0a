"""Pulumi's published type definitions (npm packages @pulumi/aws and @pulumi/command), parsed: what
a resource takes and gives.

`npm pack` fetches a package once into a folder of this machine, kept there without compression and
source maps; only the files that a program needs are read from it.
"""

import base64
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
HEADER = (HERE.parent.parent / "src" / "plan" / "pulumi" / "pulumi.h").read_text()


def version(package: str) -> str:
    """The one that the planner pins."""
    found = re.search(rf'#define PLAN_PULUMI_{package.upper()}_VERSION[\s\\]+"([\d.]+)"', HEADER)
    assert found, f"src/plan/pulumi/pulumi.h pins no version of {package}"
    return found[1]


def cache() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "defangd-tests"


def fetch(package: str) -> pathlib.Path:
    name = f"pulumi-{package}-{version(package)}.tgz"
    path = cache() / name.replace(".tgz", ".tar")
    if path.exists():
        return path
    npm = shutil.which("npm")
    if not npm:
        raise FileNotFoundError("npm is not here: scripts/setup installs it")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f"{name}.{os.getpid()}"
    part.mkdir()
    try:
        done = subprocess.run(
            [
                npm,
                "pack",
                "--silent",
                "--ignore-scripts",
                "--pack-destination",
                str(part),
                f"@pulumi/{package}@{version(package)}",
            ],
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode or not (part / name).exists():
            raise RuntimeError(
                f"npm pack @pulumi/{package}@{version(package)} failed:\n{done.stdout}{done.stderr}"
            )
        verify(f"@pulumi/{package}@{version(package)}", part / name)
        unpack(part / name, part / "tar")
        (part / "tar").rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return path


def verify(package: str, path: pathlib.Path) -> None:
    """It is the file that packages.json names by its digest (what npm calls its integrity)."""
    wanted = json.loads((HERE / "packages.json").read_text()).get(package)
    found = f"sha512-{base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()}"
    if found != wanted:
        raise RuntimeError(
            f"{package}: its digest is {found}, tests/pulumi/packages.json has {wanted}"
        )


def unpack(source: pathlib.Path, target: pathlib.Path) -> None:
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            if member.isfile() and member.name.endswith((".js", ".d.ts")):
                new.addfile(member, old.extractfile(member))


@dataclass(frozen=True)
class Field:
    type: str
    required: bool


Fields = dict[str, Field]

MEMBER = re.compile(r"^(?:readonly )?(\w+)(\??): (.*);$")


def members(lines: list[str]) -> Fields:
    """Of an interface's or a class's body.

    A member's type may run over several lines ({ [key: string]: … }).
    """
    found: Fields = {}
    text = ""
    for line in lines:
        line = line.strip()
        if not text and (line.startswith(("/*", "*", "//", "@")) or not line):
            continue
        text = f"{text} {line}".strip()
        if text.count("{") > text.count("}") or not text.endswith(";"):
            if not text.endswith((";", "{", ",", "|")) and text.count("{") == text.count("}"):
                text = ""
            continue
        match = MEMBER.match(text)
        if match:
            found[match[1]] = Field(plain(match[3]), match[2] == "")
        text = ""
    return found


def plain(text: str) -> str:
    """The type without Input, Output and undefined."""
    text = re.sub(r"\bpulumi\.(Input|Output)<", "<", text)
    text = text.replace(" | undefined", "").replace("undefined | ", "")
    return text.strip()


@functools.cache
def strip(text: str) -> str:
    """ "<string>" → "string"; "<<string>[]>" → "<string>[]"."""
    text = text.strip()
    while text.startswith("<") and closes(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def closes(text: str) -> int:
    """Where the bracket that opens `text` is closed."""
    pairs = {"<": ">", "{": "}", "(": ")"}
    depth = 0
    for at, char in enumerate(text):
        if char in pairs:
            depth += 1
        elif char in pairs.values():
            depth -= 1
            if depth == 0:
                return at
    return -1


class Package:
    """One provider's type definitions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tar = tarfile.open(fetch(name))  # noqa: SIM115 - read from as long as we live
        self.names = {member.name for member in self.tar.getmembers()}
        self.shapes: dict[str, dict[str, list[str]]] = {}
        self.parsed: dict[tuple[str, str], Fields] = {}

    def read(self, path: str) -> str:
        file = self.tar.extractfile(f"package/{path}")
        assert file, path
        return file.read().decode()

    @functools.cache  # noqa: B019 - a package lives as long as the process
    def resource(self, token: str) -> tuple[Fields, Fields] | None:
        """Inputs and outputs of "aws:ec2:Vpc"; None when there is no such resource."""
        _, module, name = token.split(":")
        file = name[0].lower() + name[1:]
        path = f"{module}/{file}"
        if (
            f"package/{path}.d.ts" not in self.names
            or f"__pulumiType = '{self.name}:{path}:{name}'" not in self.read(f"{path}.js")
        ):
            if f"__pulumiType = '{self.name}:{module}:{name}'" not in (
                self.read(f"{path}.js") if f"package/{path}.js" in self.names else ""
            ):
                return None
        text = self.read(f"{path}.d.ts")
        inputs = members(body(text, f"export interface {name}Args {{"))
        outputs = members(
            [
                line
                for line in body(text, f"export declare class {name} extends ")
                if "readonly" in line or not line.strip().startswith("static")
            ]
        )
        outputs = {key: field for key, field in outputs.items() if key in text}
        outputs |= {"id": Field("string", True), "urn": Field("string", True)}
        return inputs, outputs

    @functools.cache  # noqa: B019 - a package lives as long as the process
    def function(self, token: str) -> tuple[Fields, Fields] | None:
        """Arguments and result of "aws:ssm:getParameter"."""
        _, module, name = token.split(":")
        if f"package/{module}/{name}.d.ts" not in self.names:
            return None
        text = self.read(f"{module}/{name}.d.ts")
        title = name[0].upper() + name[1:]
        return members(body(text, f"export interface {title}Args {{")), members(
            body(text, f"export interface {title}Result {{")
        )

    def shape(self, side: str, name: str) -> Fields | None:
        """Members of "ecs.ServiceLoadBalancer" on the side "input" or "output"."""
        if side not in self.shapes:
            self.shapes[side] = shapes(self.read(f"types/{side}.d.ts"))
        if (side, name) not in self.parsed and name in self.shapes[side]:
            self.parsed[side, name] = members(self.shapes[side][name])
        return self.parsed.get((side, name))

    def enum(self, name: str) -> bool:
        return f"package/types/enums/{name.split('.')[0]}/index.d.ts" in self.names


def body(text: str, opening: str) -> list[str]:
    start = text.find(opening)
    if start < 0:
        return []
    lines = text[start:].splitlines()
    for at, line in enumerate(lines):
        if line == "}":
            return lines[1:at]
    return lines[1:]


def shapes(text: str) -> dict[str, list[str]]:
    """The lines of all interfaces of types/input.d.ts or output.d.ts, by "module.Name": there are
    thousands, and a few are asked for.
    """
    found: dict[str, list[str]] = {}
    module = name = ""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("export declare namespace "):
            module = line.split()[3]
        elif line.endswith("{") and re.match(r"    (?:export )?interface \w+ \{", line):
            name, lines = line.split("interface ")[1].split()[0], []
        elif line.endswith("{") and re.match(r"export interface \w+ \{", line):
            module, name, lines = "", line.split()[2], []
        elif line in ("    }", "}") and name:
            found[f"{module}.{name}" if module else name] = lines
            name = ""
        elif name:
            lines.append(line)
    return found


@functools.cache
def package(name: str) -> Package:
    return Package(name)


def available() -> str:
    """Why the packages cannot be had, or ""."""
    try:
        fetch("aws")
        fetch("command")
        return ""
    except FileNotFoundError as why:
        return str(why)
