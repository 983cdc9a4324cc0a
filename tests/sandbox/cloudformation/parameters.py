"""Parameters of a stack: defaults, types, constraints, previous values, SSM parameter types.

Declarations are checked when a template is read; values when a stack is made or updated, with the
sentences of CloudFormation. A value of an SSM type names a parameter: `resolved` is what was read,
the name is what is shown. Lists are split for Ref, AWS-specific types are taken by their form.
"""

import re
from dataclasses import dataclass

from .errors import validation_error

PLAIN_TYPES = {
    "String",
    "Number",
    "List<Number>",
    "CommaDelimitedList",
    "AWS::SSM::Parameter::Name",
}
AWS_TYPES = {
    "AWS::EC2::AvailabilityZone::Name": r"[a-z]{2}(-[a-z]+)+-\d[a-z]",
    "AWS::EC2::Image::Id": r"ami-[0-9a-f]+",
    "AWS::EC2::Instance::Id": r"i-[0-9a-f]+",
    "AWS::EC2::KeyPair::KeyName": r".+",
    "AWS::EC2::SecurityGroup::GroupName": r".+",
    "AWS::EC2::SecurityGroup::Id": r"sg-[0-9a-f]+",
    "AWS::EC2::Subnet::Id": r"subnet-[0-9a-f]+",
    "AWS::EC2::Volume::Id": r"vol-[0-9a-f]+",
    "AWS::EC2::VPC::Id": r"vpc-[0-9a-f]+",
    "AWS::Route53::HostedZone::Id": r"[A-Z0-9]+",
}
ATTRIBUTES = {
    "Type",
    "Default",
    "NoEcho",
    "AllowedValues",
    "AllowedPattern",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "Description",
    "ConstraintDescription",
}


@dataclass
class Value:
    key: str
    value: str  # as given
    no_echo: bool
    resolved: str | None = None  # of an SSM parameter type

    def shown(self) -> dict:
        item = {"ParameterKey": self.key, "ParameterValue": "****" if self.no_echo else self.value}
        if self.resolved is not None:
            item["ResolvedValue"] = self.resolved
        return item


def _is_list(type_: str) -> bool:
    return type_.startswith("List<") or type_ == "CommaDelimitedList"


def _ssm_inner(type_: str) -> str | None:
    match = re.fullmatch(r"AWS::SSM::Parameter::Value<(.+)>", type_)
    return match.group(1) if match else None


def check_declarations(template) -> None:
    for name, declaration in template.parameters.items():
        if not isinstance(declaration, dict) or not isinstance(declaration.get("Type"), str):
            raise validation_error(
                f"Template format error: [/Parameters/{name}] Every Parameters object must "
                "contain a Type member."
            )
        unknown = [k for k in declaration if k not in ATTRIBUTES]
        if unknown:
            raise validation_error(
                "Invalid template parameter property " + ", ".join(f"'{k}'" for k in unknown)
            )
        type_ = _ssm_inner(declaration["Type"]) or declaration["Type"]
        inner = re.fullmatch(r"List<(.+)>", type_)
        if (
            type_ not in PLAIN_TYPES
            and type_ not in AWS_TYPES
            and not (inner and inner.group(1) in {*AWS_TYPES, "String"})
        ):
            raise validation_error(
                f"Template format error: Unrecognized parameter type: {declaration['Type']}"
            )
        default = declaration.get("Default")
        if isinstance(default, (dict, list)):
            raise validation_error(
                f"Template format error: Every Default member must be a string. ({name})"
            )


def _text(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def resolve(template, given: list, previous: list | None, read_ssm) -> list:
    """The values of all declared parameters.

    `given` is the API's list; `previous` the stack's values when it exists; `read_ssm(name)` reads
    a parameter.
    """
    check_declarations(template)
    values = {}
    old = {v.key: v for v in previous or []}
    asked: dict = {}
    for item in given:
        key = item.get("ParameterKey")
        if key is None:
            raise validation_error("Parameter without ParameterKey")
        if key in asked:
            raise validation_error(f"Parameter {key} is given more than once")
        asked[key] = item
    unknown = sorted(k for k in asked if k not in template.parameters)
    if unknown:
        raise validation_error(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = []
    for name, declaration in template.parameters.items():
        item = asked.get(name, {})
        if item.get("UsePreviousValue"):
            if "ParameterValue" in item:
                raise validation_error(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as "
                    "true and non empty value for a parameter"
                )
            if previous is None or name not in old:
                raise validation_error(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as "
                    "true for a parameter key not in the previous template"
                )
            value = old[name].value
        elif "ParameterValue" in item:
            value = item["ParameterValue"]
        elif "Default" in declaration:
            value = _text(declaration["Default"])
        else:
            missing.append(name)
            continue
        no_echo = _text(declaration.get("NoEcho", "false")).lower() == "true"
        resolved = None
        if _ssm_inner(declaration["Type"]):
            resolved = read_ssm(value)
        _check(name, declaration, value if resolved is None else resolved)
        values[name] = Value(name, value, no_echo, resolved)
    if missing:
        raise validation_error(f"Parameters: [{', '.join(missing)}] must have values")
    return list(values.values())


def _check(name: str, declaration: dict, value: str) -> None:
    type_ = _ssm_inner(declaration["Type"]) or declaration["Type"]
    items = [v.strip() for v in value.split(",")] if _is_list(type_) else [value]
    inner = re.fullmatch(r"List<(.+)>", type_)
    element = inner.group(1) if inner else type_
    said = declaration.get("ConstraintDescription")

    def refuse(text: str):
        return validation_error(f"Parameter {name} failed to satisfy constraint: {said or text}")

    allowed = declaration.get("AllowedValues")
    pattern = declaration.get("AllowedPattern")
    for item in items:
        if element == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", item):
            raise validation_error(f"Parameter '{name}' must be a number (not '{item}')")
        if (
            element in AWS_TYPES
            and not re.fullmatch(AWS_TYPES[element], item)
            and not (_is_list(type_) and value == "")
        ):
            raise validation_error(
                f"Parameter validation failed: parameter value {item} for parameter name {name} "
                f"does not exist or is not a valid {element}"
            )
        if allowed is not None and item not in [_text(a) for a in allowed]:
            raise (
                validation_error(f"Parameter '{name}' must be one of AllowedValues")
                if not said
                else refuse("")
            )
        if pattern is not None and not re.fullmatch(pattern, item):
            raise (
                refuse(f"must match pattern {pattern}")
                if said
                else validation_error(f"Parameter '{name}' must match pattern {pattern}")
            )
    if "MinLength" in declaration and len(value) < int(declaration["MinLength"]):
        raise refuse(f"must contain at least {declaration['MinLength']} characters")
    if "MaxLength" in declaration and len(value) > int(declaration["MaxLength"]):
        raise refuse(f"must contain at most {declaration['MaxLength']} characters")
    if "MinValue" in declaration and float(value) < float(declaration["MinValue"]):
        raise refuse(f"must be a number not less than {declaration['MinValue']}")
    if "MaxValue" in declaration and float(value) > float(declaration["MaxValue"]):
        raise refuse(f"must be a number not greater than {declaration['MaxValue']}")


def for_refs(template, values: list) -> dict:
    """What Ref of each parameter gives: lists split."""
    found = {}
    for item in values:
        type_ = template.parameters[item.key]["Type"]
        type_ = _ssm_inner(type_) or type_
        text = item.value if item.resolved is None else item.resolved
        if not _is_list(type_):
            found[item.key] = text
        else:
            found[item.key] = [v.strip() for v in text.split(",")] if text != "" else []
    return found
