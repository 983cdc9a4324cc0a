"""Leaves and references of a CloudFormation template and of a Pulumi program in one spelling, so
that they can be counted against each other.

Written apart from src/plan/pulumi/ on purpose: this knows how the two languages write a value,
not which property becomes which. A reference to X is «X» in both, whatever attribute of X it names.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

FACTS = {
    "AWS::Region": "us-west-2",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
RESOLVE = re.compile(
    r"\{\{resolve:(?:ssm(?:-secure)?|secretsmanager):(.*?)(?::SecretString:::(.*))?\}\}"
)


@dataclass
class Found:
    """(path, text) of every scalar, and the names that are referred to."""

    leaves: list[tuple[str, str]] = field(default_factory=list)
    keys: Counter = field(default_factory=Counter)
    references: set[str] = field(default_factory=set)


def scalar(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


# ---- CloudFormation ----
def intrinsic(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) == 1
        and (next(iter(value)) == "Ref" or next(iter(value)).startswith("Fn::"))
    )


def template_text(value: Any, found: Found) -> str:
    """An intrinsic as text."""
    if not intrinsic(value):
        return scalar(value)
    name, argument = next(iter(value.items()))
    if name == "Ref":
        return refer(argument, found)
    if name == "Fn::GetAtt":
        return refer(argument[0], found)
    if name == "Fn::Base64":
        return template_text(argument, found)
    if name == "Fn::Join":
        return argument[0].join(template_text(item, found) for item in argument[1])
    if name == "Fn::Sub":
        text, bound = (argument, {}) if isinstance(argument, str) else argument

        def one(match: re.Match) -> str:
            if match[1].startswith("!"):
                return f"${{{match[1][1:]}}}"
            return (
                template_text(bound[match[1]], found)
                if match[1] in bound
                else refer(match[1].split(".")[0], found)
            )

        return re.sub(r"\$\{([^}]*)\}", one, text)
    raise AssertionError(f"{name} is not known here")


def refer(name: str, found: Found) -> str:
    if name in FACTS:
        return FACTS[name]
    found.references.add(name)
    return f"«{name}»"


def template_leaves(value: Any, found: Found, path: str = "") -> Found:
    if intrinsic(value):
        found.leaves.append((path, template_text(value, found)))
    elif isinstance(value, dict):
        for key, item in value.items():
            found.keys[key] += 1
            template_leaves(item, found, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            template_leaves(item, found, f"{path}[]")
    else:
        text = scalar(value)
        match = RESOLVE.fullmatch(text)
        found.leaves.append((path, match[1] if match else text))
        if match and match[2]:
            found.leaves.append((path, match[2]))
    return found


# ---- Pulumi ----
def owner(name: str) -> str:
    return name.split("_")[0]


def program_text(text: str, found: Found, groups: set[str]) -> str:
    def one(match: re.Match) -> str:
        if match[0] == "$$":
            return "$"
        name = re.split(r"[.\[]", match[1])[0]
        if name.startswith("Image_"):
            found.references.add(name)
            return f"«{name}»"
        found.references.add(owner(name))
        return f"«{owner(name)}»"

    text = re.sub(r"\$\$|\$\{([^}]*)\}", one, text)
    # A log group's ARN ends in ":*" in CloudFormation and does not in the provider.
    return re.sub(
        r"«(\w+)»:\*", lambda match: f"«{match[1]}»" if match[1] in groups else match[0], text
    )


def program_leaves(value: Any, found: Found, groups: set[str], path: str = "") -> Found:
    if isinstance(value, dict):
        for key, item in value.items():
            found.keys[key.replace("$$", "$")] += 1
            program_leaves(item, found, groups, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            program_leaves(item, found, groups, f"{path}[]")
    else:
        found.leaves.append(
            (path, program_text(value, found, groups) if isinstance(value, str) else scalar(value))
        )
    return found


def parts(program: dict[str, Any], logical_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resource of that name and its parts."""
    for name, resource in program["resources"].items():
        if name == logical_id or (owner(name) == logical_id and "_" in name):
            yield name, resource
