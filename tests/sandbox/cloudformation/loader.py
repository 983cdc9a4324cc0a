"""Template text → plain dict: JSON, or YAML with CloudFormation's short tags (!Ref, !Sub, …).

A key that stands twice is refused, and so is text that is neither; dates stay text, as AWS reads
them. The short forms become their long ones, so that nobody after this knows which was written.
"""

import json

import yaml

from .errors import validation_error

SHORT_TAGS = (
    "Ref",
    "Condition",
    "GetAtt",
    "Sub",
    "Join",
    "Select",
    "Split",
    "If",
    "Equals",
    "And",
    "Or",
    "Not",
    "FindInMap",
    "Base64",
    "GetAZs",
    "Cidr",
    "ImportValue",
    "ToJsonString",
    "Length",
    "Transform",
)


class _Duplicate(ValueError):
    pass


def _pairs(pairs: list) -> dict:
    seen: dict = {}
    for key, value in pairs:
        if key in seen:
            raise _Duplicate(key)
        seen[key] = value
    return seen


class _Loader(yaml.SafeLoader):
    """SafeLoader without timestamps (2010-09-09 stays text) and without duplicate keys."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(loader, node):
    loader.flatten_mapping(node)
    seen: dict = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"found duplicate key {key!r}", key_node.start_mark
            )
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


def _short(name: str):
    def construct(loader, node):
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = _mapping(loader, node)
        if name == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}

    return construct


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
for _name in SHORT_TAGS:
    _Loader.add_constructor(f"!{_name}", _short(_name))


def load(body: str) -> dict:
    """The template as a dict, or CloudFormation's ValidationError."""
    if body.lstrip().startswith("{"):
        try:
            tree = json.loads(body, object_pairs_hook=_pairs)
        except _Duplicate as error:
            raise validation_error(
                f"Template format error: JSON not well-formed. Duplicate key {error}"
            ) from None
        except json.JSONDecodeError as error:
            raise validation_error(
                "Template format error: JSON not well-formed. "
                f"(line {error.lineno}, column {error.colno})"
            ) from None
    else:
        try:
            tree = yaml.load(body, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f"(line {mark.line + 1}, column {mark.column + 1})" if mark else ""
            raise validation_error(
                f"Template format error: YAML not well-formed. {where}"
            ) from None
        except yaml.YAMLError:
            raise validation_error("Template format error: YAML not well-formed.") from None
    if not isinstance(tree, dict):
        raise validation_error("Template format error: unsupported structure.")
    return tree
