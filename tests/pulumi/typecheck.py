"""Type-checks a Pulumi YAML program against the provider's type definitions: every token, property,
nested property, required input, reference and option.

check(program) returns sentences, one for each fault. What it does not know it reports: nothing
passes because it was not understood.
"""

import functools
import re
from collections.abc import Iterator
from typing import Any

from package import Fields, Package, closes, package, strip

OPTIONS = {
    "dependsOn",
    "protect",
    "retainOnDelete",
    "ignoreChanges",
    "customTimeouts",
    "version",
    "deleteBeforeReplace",
    "provider",
    "parent",
    "aliases",
    "additionalSecretOutputs",
    "replaceOnChanges",
    "import",
}
ACCESS = re.compile(r"\$\$|\$\{([^}]*)\}")


def accesses(text: str) -> Iterator[str]:
    """What "${…}" names in a text; "$$" is a dollar."""
    for match in ACCESS.finditer(text):
        if match[0] != "$$":
            yield match[1]


def steps(path: str) -> list[str | int]:
    """ "X.list[0].name" → ["X", "list", 0, "name"]"""
    found: list[str | int] = []
    for word in path.split("."):
        name, *indices = word.replace("]", "").split("[")
        found.append(name)
        found.extend(int(index) for index in indices)
    return found


class Checker:
    def __init__(self, program: dict[str, Any]) -> None:
        self.program = program
        self.faults: list[str] = []
        self.at = ""

    def fault(self, text: str) -> None:
        self.faults.append(f"{self.at}: {text}")

    def provider(self, token: str) -> Package | None:
        name = token.split(":")[0]
        return package(name) if name in ("aws", "command") and token.count(":") == 2 else None

    # ---- types of references ----
    def reference(self, path: str) -> str:
        """The type of "X.arn" ("string", "number", "?" after a fault)."""
        name, *rest = steps(path)
        config = self.program.get("config", {})
        if name in config:
            return {"string": "string", "boolean": "boolean", "integer": "number"}[
                config[name]["type"]
            ]
        resource = self.program["resources"].get(name)
        if resource is None:
            self.fault(f"{path}: there is no resource or config {name}")
            return "?"
        kind = self.kind(resource["type"])
        if kind is None or not rest:
            if not rest:
                self.fault(f"{path}: a resource is no value")
            return "?"
        provider, outputs = kind[0], kind[2]
        return self.descend(provider, outputs, rest, path)

    def descend(self, provider: Package, fields: Fields, rest: list[str | int], path: str) -> str:
        if rest[0] not in fields:
            self.fault(f"{path}: there is no output {rest[0]}")
            return "?"
        text = strip(fields[str(rest[0])].type)
        for at, step in enumerate(rest[1:], 1):
            if isinstance(step, int):
                if not text.endswith("[]"):
                    self.fault(f"{path}: {text} is no list")
                    return "?"
                text = strip(text[:-2])
                continue
            shape = (
                provider.shape("output", text.removeprefix("outputs."))
                if text.startswith("outputs.")
                else None
            )
            if shape is None:
                self.fault(f"{path}: {text} has no members")
                return "?"
            return self.descend(provider, shape, rest[at:], path)
        return text

    def kind(self, token: str) -> tuple[Package, Fields, Fields] | None:
        provider = self.provider(token)
        found = provider.resource(token) if provider else None
        return (provider, *found) if provider and found else None

    # ---- values ----
    def value(self, provider: Package, value: Any, wanted: str, path: str) -> None:
        wanted = strip(wanted)
        parts = alternatives(wanted)
        if len(parts) > 1:
            self.union(provider, value, parts, path)
        elif isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("fn::"):
            self.function(provider, value, wanted, path)
        elif isinstance(value, str):
            self.text(value, wanted, path)
        elif wanted.endswith("[]"):
            if not isinstance(value, list):
                self.fault(f"{path}: a list is wanted, not {value!r}")
                return
            for at, item in enumerate(value):
                self.value(provider, item, wanted[:-2], f"{path}[{at}]")
        elif wanted.startswith("{") and closes(wanted) == len(wanted) - 1:
            self.mapping(provider, value, wanted, path)
        elif wanted.startswith("inputs."):
            self.object(provider, value, wanted.removeprefix("inputs."), path)
        elif wanted == "boolean" and isinstance(value, bool):
            return
        elif wanted == "number" and isinstance(value, (int, float)) and not isinstance(value, bool):
            return
        elif wanted not in ("any", "any[]"):
            self.fault(f"{path}: {wanted} is wanted, not {value!r}")

    def union(self, provider: Package, value: Any, parts: list[str], path: str) -> None:
        before = list(self.faults)
        tried = []
        for part in parts:
            self.faults = []
            self.value(provider, value, part, path)
            if not self.faults:
                self.faults = before
                return
            tried.append(self.faults)
        self.faults = before + min(tried, key=len)

    def mapping(self, provider: Package, value: Any, wanted: str, path: str) -> None:
        match = re.fullmatch(r"\{ ?\[key: string\]: (.*?);? ?\}", wanted)
        if not match or not isinstance(value, dict):
            self.fault(f"{path}: {wanted} is wanted, not {value!r}")
            return
        for key, item in value.items():
            self.value(provider, item, match[1], f"{path}.{key}")

    def object(self, provider: Package, value: Any, name: str, path: str) -> None:
        shape = provider.shape("input", name)
        if shape is None:
            self.fault(f"{path}: type {name} is unknown")
        elif not isinstance(value, dict):
            self.fault(f"{path}: {name} is wanted, not {value!r}")
        else:
            self.fields(provider, value, shape, path)

    def fields(self, provider: Package, value: dict[str, Any], fields: Fields, path: str) -> None:
        for key, item in value.items():
            if key not in fields:
                self.fault(f"{path}: there is no property {key}")
            else:
                self.value(provider, item, fields[key].type, f"{path}.{key}")
        for key, field in fields.items():
            if field.required and key not in value:
                self.fault(f"{path}: property {key} is required")

    def text(self, value: str, wanted: str, path: str) -> None:
        names = list(accesses(value))
        if len(names) == 1 and value == f"${{{names[0]}}}":
            given = self.reference(names[0])
            fits = (
                given in ("?", wanted)
                or wanted == "any"
                or (wanted == "string" and given in ("number", "boolean"))
            )
            if not fits and wanted.endswith("[]") and given.endswith("[]"):
                fits = strip(wanted[:-2]) == strip(given[:-2])
            if not fits and not wanted.startswith("enums."):
                self.fault(f"{path}: {wanted} is wanted, ${{{names[0]}}} is {given}")
            return
        for name in names:
            self.reference(name)
        if wanted not in ("string", "any") and not wanted.startswith("enums."):
            self.fault(f"{path}: {wanted} is wanted, not the text {value!r}")

    def inside(self, value: Any) -> None:
        """References within what becomes JSON."""
        if isinstance(value, str):
            for name in accesses(value):
                self.reference(name)
        elif isinstance(value, list):
            for item in value:
                self.inside(item)
        elif isinstance(value, dict):
            for item in value.values():
                self.inside(item)

    def function(self, provider: Package, value: dict[str, Any], wanted: str, path: str) -> None:
        name, argument = next(iter(value.items()))
        if name == "fn::secret":
            self.value(provider, argument, wanted, path)
        elif name == "fn::toJSON":
            self.inside(argument)
            if wanted != "string":
                self.fault(f"{path}: {wanted} is wanted, not JSON")
        elif name == "fn::invoke":
            self.invoke(argument, wanted, path)
        elif name in ("fn::join", "fn::select", "fn::split", "fn::toBase64"):
            self.inside(argument)
        else:
            self.fault(f"{path}: {name} is unknown")

    def invoke(self, call: dict[str, Any], wanted: str, path: str) -> None:
        provider = self.provider(call["function"])
        found = provider.function(call["function"]) if provider else None
        if not provider or not found:
            self.fault(f"{path}: there is no function {call['function']}")
            return
        self.fields(provider, call.get("arguments", {}), found[0], f"{path} {call['function']}")
        if call.get("options") != {"provider": "${aws}"}:
            self.fault(
                f"{path}: {call['function']} names no provider: the language's default does not "
                "reach a call within fn::secret"
            )
        given = found[1].get(call["return"])
        if given is None or strip(given.type) != wanted:
            self.fault(f"{path}: {call['function']} returns no {wanted} {call['return']}")

    # ---- the program ----
    def options(self, name: str, resource: dict[str, Any], inputs: Fields) -> None:
        options = resource.get("options", {})
        for key in options:
            if key not in OPTIONS:
                self.fault(f"there is no option {key}")
        for text in options.get("dependsOn", []):
            found = list(accesses(text))
            if (
                len(found) != 1
                or found[0] not in self.program["resources"]
                or found[0] == name
                or text != f"${{{found[0]}}}"
            ):
                self.fault(f"dependsOn names no resource: {text}")
        for key in options.get("ignoreChanges", []):
            if key not in inputs:
                self.fault(f"ignoreChanges names no property: {key}")
        for key in ("protect", "retainOnDelete"):
            if not isinstance(options.get(key, False), bool):
                self.fault(f"{key} is no boolean")

    def provider_resource(self, resource: dict[str, Any]) -> None:
        name = resource["type"].split(":")[2]
        fields = members_of_provider(package(name))
        self.fields(package(name), resource.get("properties", {}), fields, "properties")
        if not resource.get("defaultProvider") or not re.fullmatch(
            r"\d+\.\d+\.\d+", resource.get("options", {}).get("version", "")
        ):
            self.fault("a provider is the default and pinned to a version")

    def run(self) -> list[str]:
        for name, resource in self.program["resources"].items():
            self.at = name
            if resource["type"].startswith("pulumi:providers:"):
                self.provider_resource(resource)
                continue
            kind = self.kind(resource["type"])
            if kind is None:
                self.fault(f"there is no type {resource['type']}")
                continue
            for key in resource:
                if key not in ("type", "properties", "options"):
                    self.fault(f"{key} is no member of a resource")
            self.fields(kind[0], resource.get("properties", {}), kind[1], "properties")
            self.options(name, resource, kind[1])
        self.at = "outputs"
        self.inside(self.program.get("outputs", {}))
        return self.faults


def members_of_provider(provider: Package) -> Fields:
    from package import body, members

    text = provider.read("provider.d.ts")
    return members(body(text, "export interface ProviderArgs {"))


@functools.cache
def alternatives(text: str) -> list[str]:
    """ "string | enums.X" → both; a '|' inside brackets separates nothing."""
    found, depth, part = [], 0, ""
    for char in text:
        depth += (char in "<{(") - (char in ">})")
        if char == "|" and depth == 0:
            found.append(part.strip())
            part = ""
        else:
            part += char
    return [*found, part.strip()]


def check(program: dict[str, Any]) -> list[str]:
    return Checker(program).run()
