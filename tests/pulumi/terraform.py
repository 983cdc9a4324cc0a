"""A Pulumi YAML program as a Terraform configuration in JSON, and what applies it.

The two AWS providers share their schema: a token names the resource type, a camelCase name the
snake_case one, a list its block in the singular. So the translation is mechanical and asks the
provider's own schema (`terraform providers schema -json`); MODULES names the few types that are
called otherwise. Commands (command:local:Command) are run as Pulumi runs them: when what they need
is there, and their output goes into what refers to it.

Used only where a `terraform` with an AWS provider is on the machine: available() says why not.
"""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
from typing import Any

from typecheck import accesses

MODULES = {
    "ec2": "aws",
    "vpc": "aws_vpc",
    "lb": "aws_lb",
    "rds": "aws_db",
    "servicediscovery": "aws_service_discovery",
    "cloudwatch": "aws_cloudwatch",
}
TYPES = {"aws:lb:LoadBalancer": "aws_lb", "aws:ec2:Instance": "aws_instance"}
IRREGULAR = {
    "aliases": "alias",
    "policies": "policy",
    "capacityProviderStrategies": "capacity_provider_strategy",
}
PLUGINS = [
    pathlib.Path(p) for p in os.environ.get("TERRAFORM_PLUGINS", "/opt/tf-plugins").split(":")
]


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1], name).lower()


def singular(name: str) -> str:
    """snake_case, of a list's block."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-2] if name.endswith("sses") else name[:-1] if name.endswith("s") else name


@functools.cache
def plugins() -> pathlib.Path | None:
    return next(
        (
            p
            for p in PLUGINS
            if any(p.glob("registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws*"))
        ),
        None,
    )


def available() -> str:
    if not shutil.which("terraform"):
        return "no terraform on this machine"
    return "" if plugins() else "no AWS provider for terraform on this machine"


def environment(folder: pathlib.Path, **more: str) -> dict[str, str]:
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
    }
    return {
        **kept,
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "TF_DATA_DIR": str(folder / ".terraform"),
        **more,
    }


@functools.cache
def schema() -> dict[str, Any]:
    """{"resource_schemas", "data_source_schemas"} of the provider; kept in the machine's cache."""
    from package import cache

    version = next(plugins().glob("registry.terraform.io/hashicorp/aws/*")).name  # type: ignore[union-attr]
    path = cache() / f"terraform-aws-{version}.json"
    if not path.exists():
        folder = cache() / f"schema.{os.getpid()}"
        folder.mkdir(parents=True)
        try:
            (folder / "main.tf.json").write_text(
                json.dumps(
                    {"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}}}
                )
            )
            terraform(folder, {}, "init", f"-plugin-dir={plugins()}")
            found = json.loads(terraform(folder, {}, "providers", "schema", "-json"))
            (folder / "schema").write_text(
                json.dumps(found["provider_schemas"]["registry.terraform.io/hashicorp/aws"])
            )
            (folder / "schema").rename(path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return json.loads(path.read_text())


def terraform(folder: pathlib.Path, env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env=environment(folder, **env),
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode:
        raise RuntimeError(
            f"terraform {' '.join(arguments)} ended with {done.returncode}:\n"
            f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        )
    return done.stdout


def type_of(token: str) -> str:
    if token in TYPES:
        return TYPES[token]
    _, module, name = token.split(":")
    for prefix in (MODULES.get(module, f"aws_{module}"), "aws"):
        if f"{prefix}_{snake(name)}" in schema()["resource_schemas"]:
            return f"{prefix}_{snake(name)}"
    raise KeyError(f"{token} has no resource type in the Terraform provider")


def block_of(block: dict[str, Any], name: str) -> tuple[str, dict[str, Any] | None]:
    """The provider's name of a property, and the block that it is (None: an attribute)."""
    attributes, blocks = block.get("attributes", {}), block.get("block_types", {})
    for candidate in (snake(name), IRREGULAR.get(name, ""), singular(snake(name))):
        if candidate in attributes:
            return candidate, None
        if candidate in blocks:
            return candidate, blocks[candidate]["block"]
    raise KeyError(
        f"{name} is no property of the Terraform provider's {sorted(attributes) + sorted(blocks)}"
    )


def is_input(attribute: dict[str, Any]) -> bool:
    return bool(attribute.get("required") or attribute.get("optional"))


def literal(text: str) -> str:
    """Text for a Terraform template."""
    return text.replace("${", "$${").replace("%{", "%%{")


class Translation:
    def __init__(self, program: dict[str, Any]) -> None:
        self.program = program
        self.data: dict[str, Any] = {}
        self.commands = {
            name: node
            for name, node in program["resources"].items()
            if node["type"] == "command:local:Command"
        }

    # ---- references ----
    def reference(self, path: str) -> str:
        name, _, rest = path.partition(".")
        if name in self.program.get("config", {}):
            return f"var.{name}"
        if name in self.commands:
            return f"var.{name}_{rest}"
        node = self.program["resources"][name]
        kind = type_of(node["type"])
        block, text = schema()["resource_schemas"][kind]["block"], f"{kind}.{name}"
        for step in rest.split(".") if rest else []:
            word, *indices = step.replace("]", "").split("[")
            own, inner = ("id", None) if word == "id" else block_of(block, word)
            if indices:
                text = f"tolist({text}.{own})[{indices[0]}]"
                inner = inner or {"attributes": {}, "block_types": {}}
            else:
                text = f"{text}.{own}"
            if inner is not None:
                block = inner
            if indices and not block["attributes"]:
                return (
                    text + "".join(f".{snake(word)}" for word in rest.split("].")[1].split("."))
                    if "]." in rest
                    else text
                )
        return text

    def text(self, value: str) -> str:
        parts, at = [], 0
        for match in re.finditer(r"\$\$|\$\{([^}]*)\}", value):
            parts.append(literal(value[at : match.start()]))
            parts.append("$" if match[0] == "$$" else f"${{{self.reference(match[1])}}}")
            at = match.end()
        joined = "".join([*parts, literal(value[at:])])
        return re.sub(r"\$\{(?=!|[^a-z])", "$${", joined)

    def expression(self, value: Any) -> str:
        """A value as HCL, for jsonencode."""
        if isinstance(value, dict):
            return (
                "{"
                + ", ".join(
                    f"{json.dumps(key)} = {self.expression(item)}" for key, item in value.items()
                )
                + "}"
            )
        if isinstance(value, list):
            return "[" + ", ".join(map(self.expression, value)) + "]"
        return json.dumps(self.text(value) if isinstance(value, str) else value, ensure_ascii=False)

    # ---- values ----
    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "fn::toJSON" in value:
            return f"${{jsonencode({self.expression(value['fn::toJSON'])})}}"
        if "fn::secret" in value:
            return self.value(value["fn::secret"])
        if "fn::invoke" in value:
            return self.invoke(value["fn::invoke"])
        return {self.text(key): self.value(item) for key, item in value.items()}

    def invoke(self, call: dict[str, Any]) -> str:
        kind = {
            "aws:ssm:getParameter": "aws_ssm_parameter",
            "aws:secretsmanager:getSecretVersion": "aws_secretsmanager_secret_version",
        }[call["function"]]
        ones = self.data.setdefault(kind, {})
        name = f"invoke{len(ones) + 1}"
        ones[name] = {snake(key): self.value(item) for key, item in call["arguments"].items()}
        return f"${{data.{kind}.{name}.{snake(call['return'])}}}"

    def properties(self, values: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for key, value in values.items():
            name, inner = block_of(block, key)
            if inner is None:
                found[name] = self.value(value)
            else:
                found[name] = [
                    self.properties(item, inner)
                    for item in (value if isinstance(value, list) else [value])
                ]
        return found

    def resource(self, name: str, node: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        kind = type_of(node["type"])
        found = self.properties(node["properties"], schema()["resource_schemas"][kind]["block"])
        options = node.get("options", {})
        on = [text[2:-1] for text in options.get("dependsOn", [])]
        if on:
            found["depends_on"] = [
                f"{type_of(self.program['resources'][one]['type'])}.{one}"
                for one in on
                if one not in self.commands
            ]
        if "ignoreChanges" in options:
            block = schema()["resource_schemas"][kind]["block"]
            found["lifecycle"] = {
                "ignore_changes": [block_of(block, key)[0] for key in options["ignoreChanges"]]
            }
        attributes = schema()["resource_schemas"][kind]["block"]["attributes"]
        # What is not named, Pulumi names: the logical id and seven digits, and of what the provider
        # asks of a name only this: identifiers of caches are made short and small (pulumi-aws,
        # provider/resources.go, autoname).
        if any(key in found for key in ("name_prefix", "alarm_name")):
            return kind, found
        for key in ("name", "alarm_name", "replication_group_id"):
            if key in attributes and key not in found and is_input(attributes[key]):
                short = key == "replication_group_id"
                found[key] = f"{name[:32].lower()}-1a2b3c4" if short else f"{name}-1a2b3c4"
        return kind, found

    def run(self) -> dict[str, Any]:
        resources: dict[str, dict[str, Any]] = {}
        for name, node in self.program["resources"].items():
            if not node["type"].startswith("pulumi:") and name not in self.commands:
                kind, found = self.resource(name, node)
                resources.setdefault(kind, {})[name] = found
        aws = self.program["resources"]["aws"]["properties"]
        provider = {
            "region": aws["region"],
            "allowed_account_ids": aws["allowedAccountIds"],
            "s3_use_path_style": True,
            "default_tags": [{"tags": aws.get("defaultTags", {}).get("tags", {})}],
        }
        types = {"string": "string", "boolean": "bool", "integer": "number"}
        variables = {
            name: {"type": types[v["type"]], "default": v["default"]}
            for name, v in self.program.get("config", {}).items()
        }
        variables |= {
            f"{name}_stdout": {"type": "string", "default": "sha256:not-built-yet"}
            for name in self.commands
        }
        found = {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
            "provider": {"aws": provider},
            "resource": resources,
            "output": {
                name: {"value": self.value(value)}
                for name, value in self.program.get("outputs", {}).items()
            },
        }
        if variables:
            found["variable"] = variables
        if self.data:
            found["data"] = self.data
        return found

    def needs(self, name: str) -> list[str]:
        """Addresses of what a command refers to or waits for."""
        node = self.commands[name]
        on = [text[2:-1] for text in node.get("options", {}).get("dependsOn", [])]
        for value in node["properties"].get("environment", {}).values():
            on += [path.split(".")[0] for path in accesses(value)]
        return sorted({f"{type_of(self.program['resources'][one]['type'])}.{one}" for one in on})


class Stack:
    """One program in one folder: up, again, destroy.

    `env` goes to terraform and to the commands.
    """

    def __init__(self, folder: pathlib.Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env
        folder.mkdir(parents=True, exist_ok=True)
        self.results: dict[str, str] = {}
        self.ran: dict[str, Any] = {}

    def write(self, program: dict[str, Any], script: str = "") -> Translation:
        translation = Translation(program)
        (self.folder / "main.tf.json").write_text(json.dumps(translation.run(), indent=1))
        (self.folder / "image.sh").write_text(script)
        if not (self.folder / ".terraform").exists():
            terraform(self.folder, self.env, "init", f"-plugin-dir={plugins()}", "-no-color")
        return translation

    def variables(self) -> list[str]:
        return [f"-var={name}_stdout={value}" for name, value in self.results.items()]

    def up(self, program: dict[str, Any], script: str = "") -> dict[str, Any]:
        translation = self.write(program, script)
        if any(
            self.ran.get(name) != node for name, node in translation.commands.items()
        ):  # a command runs when it changed, as with Pulumi
            self.apply(
                *sorted(
                    {
                        f"-target={one}"
                        for name in translation.commands
                        for one in translation.needs(name)
                    }
                )
            )
            for name, values in self.evaluate(translation).items():
                self.results[name] = self.command(
                    name, translation.commands[name]["properties"]["create"], values
                )
            self.ran = translation.commands
        self.apply()
        return self.outputs()

    def apply(self, *more: str) -> str:
        return terraform(
            self.folder,
            self.env,
            "apply",
            "-auto-approve",
            "-no-color",
            "-parallelism=32",
            "-refresh=false",
            *more,
            *self.variables(),
        )

    def evaluate(self, translation: Translation) -> dict[str, dict[str, str]]:
        """The environment of each command, with what is made by now."""
        wanted = {
            name: node["properties"]["environment"] for name, node in translation.commands.items()
        }
        done = subprocess.run(
            ["terraform", "console", *self.variables()],
            cwd=self.folder,
            env=environment(self.folder, **self.env),
            text=True,
            timeout=120,
            input=f"jsonencode({translation.expression(wanted)})\n",
            capture_output=True,
        )
        if done.returncode:
            raise RuntimeError(
                f"terraform console ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return json.loads(json.loads(done.stdout))

    def command(self, name: str, line: str, values: dict[str, str]) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.folder,
            env=environment(self.folder, **self.env, **values),
            capture_output=True,
            text=True,
            timeout=600,
        )
        if done.returncode:
            raise RuntimeError(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def outputs(self) -> dict[str, Any]:
        return {
            name: one["value"]
            for name, one in json.loads(terraform(self.folder, self.env, "output", "-json")).items()
        }

    def changes(self) -> list[str]:
        """What another up would do."""
        terraform(self.folder, self.env, "plan", "-no-color", "-out=plan", *self.variables())
        shown = json.loads(terraform(self.folder, self.env, "show", "-json", "plan"))
        return [
            f"{c['address']} {'/'.join(c['change']['actions'])}"
            for c in shown.get("resource_changes", [])
            if c["change"]["actions"] != ["no-op"] and c["mode"] == "managed"
        ]

    def destroy(self) -> None:
        terraform(
            self.folder,
            self.env,
            "destroy",
            "-auto-approve",
            "-no-color",
            "-parallelism=32",
            "-refresh=false",
            *self.variables(),
        )
