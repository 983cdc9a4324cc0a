"""The query protocol of CloudFormation, driven by botocore's own service model.

Input: flat parameters -> typed dict, every name, length, enum and pattern checked.
Output: dict -> XML in the shape the model declares; a member the model does not know is an error.
"""

import datetime
import re
from functools import cache
from xml.sax.saxutils import escape

from .. import models
from .errors import CfnError, validation_error

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


@cache
def service_model():
    return models.service_model("cloudformation")


@cache
def operation_names() -> frozenset:
    return frozenset(service_model().operation_names)


def parse_input(action: str, params: dict) -> dict:
    """The flat parameters of `action` as a typed dict; Action, Version and signature fields are
    skipped.
    """
    tree: dict = {}
    for key, value in params.items():
        if (
            key in ("Action", "Version")
            or key.startswith("X-Amz-")
            or key
            in ("AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp")
        ):
            continue
        node = tree
        parts = key.split(".")
        for part in parts[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise CfnError("MalformedInput", f"Unexpected key: {key}")
        node[parts[-1]] = value
    shape = service_model().operation_model(action).input_shape
    if shape is None:
        if tree:
            raise CfnError("MalformedInput", f"Unexpected keys: {', '.join(sorted(tree))}")
        return {}
    return _parse(shape, tree, "")


def _member_path(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _violation(value, path: str, text: str) -> CfnError:
    shown = "null" if value is None else f"'{value}'"
    return validation_error(
        f"1 validation error detected: Value {shown} at '{path}' failed to satisfy constraint: "
        f"{text}"
    )


def _parse(shape, value, path: str):
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            raise CfnError("MalformedInput", f"{path} is a structure")
        for key in value:
            if key not in shape.members:
                raise CfnError(
                    "MalformedInput", f"Unexpected key: {path + '.' if path else ''}{key}"
                )
        for name in shape.required_members:
            if name not in value:
                raise _violation(None, _member_path(path, name), "Member must not be null")
        return {k: _parse(shape.members[k], v, _member_path(path, k)) for k, v in value.items()}
    if shape.type_name == "list":
        return _parse_list(shape, value, path)
    return _parse_scalar(shape, value, path)


def _parse_list(shape, value, path: str) -> list:
    if value == "":
        return []
    members = value.get("member") if isinstance(value, dict) else None
    if (
        not isinstance(members, dict)
        or list(value) != ["member"]
        or not all(k.isdigit() for k in members)
    ):
        raise CfnError("MalformedInput", f"{path} is a list: give it as {path}.member.N")
    items = [
        _parse(shape.member, members[k], f"{path}.{k}.member") for k in sorted(members, key=int)
    ]
    _check_range(shape, items, len(items), path, "length")
    return items


def _parse_scalar(shape, value, path: str):
    if not isinstance(value, str):
        raise CfnError("MalformedInput", f"{path} is not a {shape.type_name}")
    if shape.type_name == "boolean":
        if value.lower() not in ("true", "false"):
            raise CfnError("MalformedInput", f"{path}: '{value}' is not a boolean")
        return value.lower() == "true"
    if shape.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?\d+", value):
            raise CfnError("MalformedInput", f"{path}: '{value}' is not a number")
        _check_range(shape, value, int(value), path, "value")
        return int(value)
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        raise _violation(value, path, f"Member must satisfy enum value set: [{', '.join(enum)}]")
    _check_range(shape, value, len(value), path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        raise _violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    return value


def _check_range(shape, value, size: int, path: str, what: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        raise _violation(value, path, f"Member must have {what} greater than or equal to {low}")
    if high is not None and size > high:
        raise _violation(value, path, f"Member must have {what} less than or equal to {high}")


def render(action: str, result: dict, request_id: str) -> str:
    shape = service_model().operation_model(action).output_shape
    body = ""
    if shape is not None:
        name = shape.serialization.get("resultWrapper", f"{action}Result")
        inner = "".join(_render(shape.members[k], k, v) for k, v in result.items() if v is not None)
        body = f"<{name}>{inner}</{name}>"
    elif result:
        raise ValueError(f"{action} has no output, got {sorted(result)}")
    return (
        f'<{action}Response xmlns="{NAMESPACE}">{body}<ResponseMetadata>'
        f"<RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    )


def _render(shape, name: str, value) -> str:
    if shape.type_name == "structure":
        text = "".join(_render(shape.members[k], k, v) for k, v in value.items() if v is not None)
    elif shape.type_name == "list":
        text = "".join(_render(shape.member, "member", v) for v in value)
    elif shape.type_name == "boolean":
        text = "true" if value else "false"
    elif shape.type_name == "timestamp":
        text = format_time(value)
    else:
        text = escape(str(value))
    return f"<{name}>{text}</{name}>"


def render_error(error: CfnError, request_id: str) -> str:
    kind = "Sender" if error.status < 500 else "Receiver"
    return (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{kind}</Type><Code>{error.code}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId>"
        "</ErrorResponse>"
    )


def format_time(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
