"""By hand: our programs read by the real Pulumi. Needs Go; builds the CLI, its YAML host and a
provider without a cloud (main.go) from the Go module proxy, about twelve minutes and 1 GB the first
time, kept in this machine's cache.

usage: python3 tests/pulumi/oracle/run.py [NAME…]     all programs, or these (programs.plans())

For each: preview, up, preview again (nothing may change), the state (secrets are encrypted, "$" is
a dollar), destroy.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import package  # noqa: E402
import programs  # noqa: E402
from typecheck import alternatives, members_of_provider  # noqa: E402

CLI = re.search(r'#define PLAN_PULUMI_VERSION +"([\d.]+)"', package.HEADER)[1]  # type: ignore[index]
YAML_HOST = "1.38.3"  # what that CLI brings along
FUNCTIONS = {"aws": ["aws:ssm:getParameter", "aws:secretsmanager:getSecretVersion"], "command": []}


class Schema:
    """A provider's schema in Pulumi's own form, from its type definitions: the types that our
    programs use.
    """

    def __init__(self, name: str, tokens: set[str]) -> None:
        self.name, self.package, self.types = name, package.package(name), {}
        resources = {self.long(token): self.resource(token) for token in sorted(tokens)}
        functions = {self.long(token): self.function(token) for token in FUNCTIONS[name]}
        provider = {"inputProperties": self.properties(members_of_provider(self.package), "input")}
        self.text = json.dumps(
            {
                "name": name,
                "version": package.version(name),
                "meta": {"moduleFormat": "(.*)(?:/[^/]*)"},
                "types": self.types,
                "provider": provider,
                "resources": resources,
                "functions": functions,
            }
        )

    def long(self, token: str) -> str:
        name, module, title = token.split(":")
        return f"{name}:{module}/{title[0].lower()}{title[1:]}:{title}" if name == "aws" else token

    def properties(self, fields: package.Fields, side: str) -> dict[str, Any]:
        return {
            key: self.convert(field.type, side)
            for key, field in fields.items()
            if key not in ("id", "urn")
        }

    def resource(self, token: str) -> dict[str, Any]:
        found = self.package.resource(token)
        assert found, token
        return {
            "inputProperties": self.properties(found[0], "input"),
            "requiredInputs": [key for key, field in found[0].items() if field.required],
            "properties": self.properties(found[1], "output"),
        }

    def function(self, token: str) -> dict[str, Any]:
        found = self.package.function(token)
        assert found, token
        return {
            "inputs": {"type": "object", "properties": self.properties(found[0], "input")},
            "outputs": {
                "type": "object",
                "properties": {**self.properties(found[1], "output"), "id": {"type": "string"}},
            },
        }

    def convert(self, text: str, side: str) -> dict[str, Any]:
        text = package.strip(text)
        parts = alternatives(text)
        if len(parts) > 1:
            text = "string" if "string" in parts else package.strip(parts[0])
        if text.endswith("[]"):
            return {"type": "array", "items": self.convert(text[:-2], side)}
        if text in ("string", "number", "boolean"):
            return {"type": text}
        match = re.fullmatch(r"\{ ?\[key: string\]: (.*?);? ?\}", text)
        if match:
            return {"type": "object", "additionalProperties": self.convert(match[1], side)}
        if text.startswith(f"{side}s."):
            return self.reference(text.split(".", 1)[1], side)
        return {"type": "string"} if text.startswith("enums.") else {"$ref": "pulumi.json#/Any"}

    def reference(self, name: str, side: str) -> dict[str, Any]:
        title = f"{name.split('.')[-1]}{side}"
        key = f"{self.name}:{name.replace('.', '/')}{side}:{title}"
        if key not in self.types:
            self.types[key] = {}
            shape = self.package.shape(side, name) or {}
            self.types[key] = {
                "type": "object",
                "properties": {one: self.convert(field.type, side) for one, field in shape.items()},
                "required": [one for one, field in shape.items() if field.required],
            }
        return {"$ref": f"#/types/{key}"}


def build(folder: pathlib.Path) -> None:
    """pulumi, pulumi-language-yaml and the provider, once."""
    folder.mkdir(parents=True, exist_ok=True)
    module = f"github.com/pulumi/pulumi/pkg/v3@v{CLI}"
    wanted = {
        "pulumi": ("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", [module]),
        "pulumi-language-yaml": (
            "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
            [f"github.com/pulumi/pulumi-yaml@v{YAML_HOST}"],
        ),
        "oracle": (".", [f"github.com/pulumi/pulumi/sdk/v3@v{CLI}"]),
    }
    for name, (path, modules) in wanted.items():
        if (folder / name).exists():
            continue
        with tempfile.TemporaryDirectory() as work:
            shutil.copy(HERE / "main.go", work)
            env = {**os.environ, "GOFLAGS": "-mod=mod"}
            for command in (
                ["go", "mod", "init", "oracle"],
                ["go", "get", *modules, "google.golang.org/grpc", "google.golang.org/protobuf"],
                ["nice", "go", "build", "-o", str(folder / name), path],
            ):
                subprocess.run(command, cwd=work, env=env, check=True)


def tokens_of(names: list[str]) -> dict[str, set[str]]:
    tokens: dict[str, set[str]] = {"aws": set(), "command": set()}
    for name in names:
        for node in programs.planned(name)["program"]["resources"].values():
            provider = node["type"].split(":")[0]
            if provider in tokens:
                tokens[provider].add(node["type"])
    return tokens


def one(name: str, bin_folder: pathlib.Path, folder: pathlib.Path) -> None:
    plan = programs.planned(name)
    (folder / name).mkdir()
    for file, text in {
        "Pulumi.yaml": plan["yaml"],
        f"Pulumi.{name}.yaml": plan["config"],
        "image.sh": plan["script"],
    }.items():
        (folder / name / file).write_text(text)
    env = {
        **os.environ,
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder}/state",
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "ORACLE_SCHEMAS": str(folder / "schemas"),
    }

    def pulumi(*arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=folder / name,
            env=env,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(
                f"{name}: pulumi {' '.join(arguments)} ended with {done.returncode}:\n"
                f"{done.stdout}{done.stderr}"
            )
        return done.stdout

    pulumi("stack", "init", name)
    pulumi("preview")
    made = pulumi("up", "--yes", "--skip-preview")
    pulumi("preview", "--expect-no-changes")
    state = json.loads(pulumi("stack", "export"))["deployment"]["resources"]
    for resource in state:
        for key in ("password", "masterPassword", "authToken"):
            value = resource.get("inputs", {}).get(key)
            assert value is None or "ciphertext" in value, (
                f"{name}: {key} of {resource['urn']} is in clear"
            )
    assert "$$" not in json.dumps(state), f"{name}: a dollar was not unescaped"
    pulumi("destroy", "--yes", "--skip-preview")
    print(f"{name}: {re.search(r'[+] ([0-9]+ created)', made)[1]}", flush=True)  # type: ignore[index]


def main() -> None:
    names = sys.argv[1:] or list(programs.plans(both=False))
    bin_folder = package.cache() / f"pulumi-{CLI}"
    build(bin_folder)
    with tempfile.TemporaryDirectory() as text:
        folder = pathlib.Path(text)
        for name in ("schemas", "state"):
            (folder / name).mkdir()
        for name, tokens in tokens_of(names).items():
            (folder / "schemas" / f"{name}.json").write_text(Schema(name, tokens).text)
            plugin = folder / "home" / "plugins" / f"resource-{name}-v{package.version(name)}"
            plugin.mkdir(parents=True)
            shutil.copy(bin_folder / "oracle", plugin / f"pulumi-resource-{name}")
        for name in names:
            one(name, bin_folder, folder)


if __name__ == "__main__":
    main()
