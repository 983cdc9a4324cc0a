"""Checks resolved properties against a resource provider schema, in CloudFormation's words.

CloudFormation takes "80" where a number is asked and 80 where a string is; so do we. A read-only
property given is an error.
"""

import json

import regex

from . import schemas


def problems(region: str, type_: str, properties: dict) -> list:
    """The texts of all violations, none when the properties are good."""
    root = schemas.schema(region, type_)
    found: list = []
    _check(root, root, properties, "#", found)
    for pointer in schemas.read_only(region, type_):
        if (
            len(pointer) == 1
            and pointer[0] in properties
            and pointer not in schemas.create_only(region, type_)
        ):
            found.append(f"#: extraneous key [{pointer[0]}] is not permitted")
    return found


def message(logical_id: str, found: list) -> str:
    return f"Properties validation failed for resource {logical_id} with message:\n" + "\n".join(
        found
    )


def _matches(root: dict, node: dict, value) -> bool:
    found: list = []
    _check(root, node, value, "#", found)
    return not found


def _kind(value) -> str:
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer"
    if isinstance(value, float):
        return "Double"
    if isinstance(value, str):
        return "String"
    return "JSONArray" if isinstance(value, list) else "JSONObject"


def coerce(type_: str, value):
    """`value` as the schema's primitive type, or None when it cannot be one."""
    text = json.dumps(value) if isinstance(value, bool) else value
    if type_ == "string":
        return str(text) if not isinstance(value, (dict, list)) else None
    if type_ == "boolean":
        return {"true": True, "false": False}.get(str(text).lower())
    if type_ in ("integer", "number"):
        if isinstance(value, (bool, dict, list)):
            return None
        try:
            number = float(value)
        except ValueError:
            return None
        if number == int(number):
            return int(number)
        return number if type_ == "number" else None
    if type_ == "object":
        return value if isinstance(value, dict) else None
    if type_ == "array":
        return value if isinstance(value, list) else None
    return None


def _check(root: dict, node: dict, value, path: str, found: list) -> None:
    if isinstance(value, str) and "{{resolve:" in value:
        return
    node = schemas.resolve(root, node)
    types = node.get("type")
    if types:
        types = [types] if isinstance(types, str) else types
        candidates = [c for c in (coerce(t, value) for t in types) if c is not None]
        if not candidates:
            found.append(f"{path}: expected type: {types[0].capitalize()}, found: {_kind(value)}")
            return
        value = candidates[0]
    if isinstance(value, dict):
        _check_object(root, node, value, path, found)
    elif isinstance(value, list):
        _check_array(root, node, value, path, found)
    else:
        _check_scalar(node, value, path, found)
    _check_combined(root, node, value, path, found)


def _check_object(root, node, value, path, found) -> None:
    properties = node.get("properties", {})
    patterns = node.get("patternProperties", {})
    for key, item in value.items():
        if key in properties:
            _check(root, properties[key], item, f"{path}/{key}", found)
            continue
        matching = [s for p, s in patterns.items() if regex.search(p, key)]
        for child in matching:
            _check(root, child, item, f"{path}/{key}", found)
        if not matching:
            extra = node.get("additionalProperties", True)
            if extra is False:
                found.append(f"{path}: extraneous key [{key}] is not permitted")
            elif isinstance(extra, dict):
                _check(root, extra, item, f"{path}/{key}", found)
    for key in node.get("required", ()):
        if key not in value:
            found.append(f"{path}: required key [{key}] not found")
    for key, needs in node.get("dependentRequired", {}).items():
        for other in needs if key in value else ():
            if other not in value:
                found.append(f"{path}: property [{other}] is required with [{key}]")
    for key, bars in node.get("dependentExcluded", {}).items():
        for other in bars if key in value else ():
            if other in value:
                found.append(f"{path}: property [{other}] must not be given with [{key}]")
    for key, check in (("requiredXor", lambda n: n == 1), ("requiredOr", lambda n: n >= 1)):
        names = node.get(key)
        if names and not check(sum(1 for n in names if n in value)):
            found.append(
                f"{path}: {'exactly' if key == 'requiredXor' else 'at least'} one of "
                f"[{', '.join(names)}] is required"
            )


def _check_array(root, node, value, path, found) -> None:
    items = node.get("items")
    if isinstance(items, dict):
        for index, item in enumerate(value):
            _check(root, items, item, f"{path}/{index}", found)
    if len(value) < node.get("minItems", 0):
        found.append(
            f"{path}: expected minimum item count: {node['minItems']}, found: {len(value)}"
        )
    if len(value) > node.get("maxItems", len(value)):
        found.append(
            f"{path}: expected maximum item count: {node['maxItems']}, found: {len(value)}"
        )
    if node.get("uniqueItems"):
        texts = [json.dumps(v, sort_keys=True) for v in value]
        if len(set(texts)) != len(texts):
            found.append(f"{path}: array items are not unique")


def _check_scalar(node, value, path, found) -> None:
    enum = node.get("enum")
    if enum is not None and value not in enum:
        found.append(f"{path}: {value} is not a valid enum value")
    if "const" in node and value != node["const"]:
        found.append(f"{path}: expected: {node['const']}")
    if isinstance(value, str):
        if len(value) < node.get("minLength", 0):
            found.append(f"{path}: expected minLength: {node['minLength']}, actual: {len(value)}")
        if len(value) > node.get("maxLength", len(value)):
            found.append(f"{path}: expected maxLength: {node['maxLength']}, actual: {len(value)}")
        pattern = node.get("pattern")
        if pattern and not regex.search(pattern, value):
            found.append(f"{path}: failed validation constraint for keyword [pattern]")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < node.get("minimum", value):
            found.append(f"{path}: {value} is not greater or equal to {node['minimum']}")
        if value > node.get("maximum", value):
            found.append(f"{path}: {value} is not less or equal to {node['maximum']}")


def _check_combined(root, node, value, path, found) -> None:
    if "anyOf" in node and not _only_formats(node["anyOf"]):
        if not any(_matches(root, child, value) for child in node["anyOf"]):
            found.append(
                f"{path}: #: no subschema matched out of the total {len(node['anyOf'])} subschemas"
            )
    if "oneOf" in node:
        count = sum(1 for child in node["oneOf"] if _matches(root, child, value))
        if count != 1:
            found.append(f"{path}: #: {count} subschemas matched instead of one")
    for child in node.get("allOf", ()):
        _check(root, child, value, path, found)
    if "if" in node:
        branch = node.get("then") if _matches(root, node["if"], value) else node.get("else")
        if branch:
            _check(root, branch, value, path, found)


def _only_formats(children: list) -> bool:
    return all(set(child) <= {"format"} for child in children)
