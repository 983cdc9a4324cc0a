"""CloudFormation properties -> API parameters, along botocore's input shape.

Names are matched exactly, then without case; a property that finds no place is an error, never
dropped.
"""

import json
from functools import cache

from .. import models
from .errors import ResourceError


@cache
def input_shape(service: str, operation: str):
    return models.service_model(service).operation_model(operation).input_shape


def convert(service: str, operation: str, properties: dict, renames: dict) -> dict:
    """`renames`: dotted property path (lists transparent) -> member name."""
    return _structure(
        input_shape(service, operation), properties, "", renames, f"{service}:{operation}"
    )


def _structure(shape, value, path: str, renames: dict, where: str) -> dict:
    if not isinstance(value, dict):
        raise ResourceError(f"{path or 'the properties'} must be an object for {where}")
    result = {}
    for key, item in value.items():
        here = f"{path}.{key}" if path else key
        name = _member(shape, renames.get(here, key))
        if name is None:
            raise ResourceError(f"the sandbox does not pass on property {here} to {where}")
        if name in result:
            raise ResourceError(f"property {here} is given twice for {where}")
        result[name] = _value(shape.members[name], item, here, renames, where)
    return result


def _member(shape, key: str):
    if key in shape.members:
        return key
    found = [m for m in shape.members if m.lower() == key.lower()]
    return found[0] if len(found) == 1 else None


def _value(shape, value, path: str, renames: dict, where: str):
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, path, renames, where)
    if kind == "list":
        if not isinstance(value, list):
            raise ResourceError(f"{path} must be a list for {where}")
        return [_value(shape.member, item, path, renames, where) for item in value]
    if kind == "map":
        if not isinstance(value, dict):
            raise ResourceError(f"{path} must be a map for {where}")
        return {k: _value(shape.value, v, path, renames, where) for k, v in value.items()}
    if kind == "string":
        if isinstance(value, bool):
            return "true" if value else "false"
        return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    if kind == "boolean":
        return to_bool(value, path)
    if kind in ("integer", "long"):
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ResourceError(f"{path}: '{value}' is not a number") from None
    if kind in ("float", "double"):
        return float(value)
    return value


def to_bool(value, path: str = "value") -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise ResourceError(f"{path}: '{value}' is not a boolean")
