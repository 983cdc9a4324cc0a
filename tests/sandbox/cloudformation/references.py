"""What a template refers to: dependencies between resources, undefined names, cycles.

A walker goes through every value of a section and collects the resources it uses by Ref, GetAtt and
Sub; a name that is not there, a function that does not exist or stands in the wrong place, an
argument of the wrong form are errors on the way. Conditions have rules of their own: only condition
functions, parameters, and other conditions without a circle. All of it is done before anything is
made.
"""

import re

from . import schemas
from .errors import validation_error

PSEUDO = {
    "AWS::AccountId",
    "AWS::NotificationARNs",
    "AWS::NoValue",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
}
FUNCTIONS = {
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
}
EXTENSION_FUNCTIONS = {"Fn::ToJsonString", "Fn::Length"}
CONDITION_FUNCTIONS = {"Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals"}
SUB_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")


def split_getatt(argument) -> tuple:
    """(logical id, attribute) of either form; the attribute may be an intrinsic."""
    if isinstance(argument, str):
        name, dot, attribute = argument.partition(".")
        if not dot or not attribute:
            raise validation_error(
                "Template error: every Fn::GetAtt object requires two non-empty parameters, "
                "the resource name and the resource attribute"
            )
        return name, attribute
    if (
        not isinstance(argument, list)
        or len(argument) < 2
        or not isinstance(argument[0], str)
        or not argument[0]
        or not argument[1]
    ):
        raise validation_error(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, "
            "the resource name and the resource attribute"
        )
    if len(argument) > 2:
        return argument[0], ".".join(argument[1:])
    return argument[0], argument[1]


def sub_parts(argument) -> tuple:
    """(text, variables) of Fn::Sub in either form."""
    if isinstance(argument, str):
        return argument, {}
    if (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str)
        and isinstance(argument[1], dict)
    ):
        return argument[0], argument[1]
    raise validation_error(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. "
        "Specify a string as first argument, and an optional second argument to specify a mapping "
        "of values to replace in the string"
    )


class _Walker:
    """Collects the resources that a value uses; anything undefined is an error."""

    def __init__(self, template, section: str):
        self.template = template
        self.section = section
        self.found: set = set()
        self.missing: set = set()

    def ref(self, name) -> None:
        if not isinstance(name, str):
            raise validation_error(
                "Template format error: every Ref object must have a single String value."
            )
        if name in self.template.resources:
            self.found.add(name)
        elif name not in PSEUDO and name not in self.template.parameters:
            self.missing.add(name)

    def getatt(self, argument) -> None:
        name, attribute = split_getatt(argument)
        if name not in self.template.resources:
            raise validation_error(
                f"Template error: instance of Fn::GetAtt references undefined resource {name}"
            )
        type_ = self.template.resources[name]["Type"]
        if isinstance(attribute, str):
            if not schemas.has_attribute(self.template.region, type_, attribute):
                raise validation_error(
                    f"Template error: resource {name} does not support attribute type "
                    f"{attribute} in Fn::GetAtt"
                )
        else:
            self.value(attribute)
        self.found.add(name)

    def sub(self, argument) -> None:
        text, variables = sub_parts(argument)
        for literal, name in SUB_VARIABLE.findall(text):
            name = name.strip()
            if literal or name in variables:
                continue
            if "." in name and name not in PSEUDO:
                self.getatt(name)
            else:
                self.ref(name)
        for value in variables.values():
            self.value(value)

    def value(self, value) -> None:
        if isinstance(value, list):
            for item in value:
                self.value(item)
            return
        if not isinstance(value, dict):
            return
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key == "Ref":
                return self.ref(argument)
            if isinstance(key, str) and key.startswith("Fn::"):
                return self._function(key, argument)
        for key, item in value.items():
            if isinstance(key, str) and key.startswith("Fn::"):
                raise validation_error(f"Template error: {key} must be the only key of its object")
            self.value(item)
        return None

    def _function(self, key: str, argument) -> None:
        allowed = FUNCTIONS | EXTENSION_FUNCTIONS if self.template.extensions else FUNCTIONS
        if key not in allowed:
            raise validation_error(
                f"Template Error: Encountered unsupported function: {key} "
                f"Supported functions are: [{', '.join(sorted(allowed))}]"
            )
        if key in CONDITION_FUNCTIONS:
            raise validation_error(
                f"Template error: {key} cannot be used outside the Conditions block"
            )
        if key == "Fn::GetAtt":
            return self.getatt(argument)
        if key == "Fn::Sub":
            return self.sub(argument)
        if key == "Fn::If":
            if not isinstance(argument, list) or len(argument) != 3:
                raise validation_error(
                    "Template error: Fn::If requires a list argument with three elements: "
                    "the condition name and two values"
                )
            if argument[0] not in self.template.conditions:
                raise validation_error(
                    "Template format error: Unresolved condition dependency "
                    f"{argument[0]} in the {self.section} block of the template"
                )
            return self.value(argument[1:])
        if (
            key == "Fn::FindInMap"
            and isinstance(argument, list)
            and argument
            and isinstance(argument[0], str)
        ):
            if argument[0] not in self.template.mappings:
                raise validation_error(
                    f"Template format error: Mapping named '{argument[0]}' is not present in the "
                    "'Mappings' section of template."
                )
        return self.value(argument)


def dependencies(template) -> dict:
    """logical id -> the set of resources it needs.

    Every reference of the template is checked on the way.
    """
    deps = {}
    missing: set = set()
    for name, declaration in template.resources.items():
        walker = _Walker(template, "Resources")
        walker.value(declaration.get("Properties", {}))
        needs = declaration.get("DependsOn", [])
        for other in [needs] if isinstance(needs, str) else needs:
            if not isinstance(other, str):
                raise validation_error(
                    f"Template format error: DependsOn of {name} must be a string or list of "
                    "strings"
                )
            if other in template.resources:
                walker.found.add(other)
            else:
                walker.missing.add(other)
        condition = declaration.get("Condition")
        if condition is not None and condition not in template.conditions:
            raise validation_error(
                "Template format error: Unresolved condition dependency "
                f"{condition} in the Resources block of the template"
            )
        missing |= walker.missing
        deps[name] = walker.found
    _refuse_missing(missing, "Resources")
    walker = _Walker(template, "Outputs")
    for declaration in template.outputs.values():
        condition = declaration.get("Condition")
        if condition is not None and condition not in template.conditions:
            raise validation_error(
                "Template format error: Unresolved condition dependency "
                f"{condition} in the Outputs block of the template"
            )
        walker.value(declaration["Value"])
        walker.value((declaration.get("Export") or {}).get("Name"))
    _refuse_missing(walker.missing, "Outputs")
    return deps


def _refuse_missing(missing: set, section: str) -> None:
    if missing:
        raise validation_error(
            "Template format error: Unresolved resource dependencies "
            f"[{', '.join(sorted(missing))}] in the {section} block of the template"
        )


def check_cycles(deps: dict) -> None:
    """Peel what depends on nothing and what nothing depends on; the rest are the cycles."""
    rest = {name: set(needs) for name, needs in deps.items()}
    while True:
        needed = set().union(*rest.values()) if rest else set()
        gone = {n for n, needs in rest.items() if not needs or n not in needed}
        if not gone:
            break
        rest = {n: needs - gone for n, needs in rest.items() if n not in gone}
    if rest:
        raise validation_error(
            f"Circular dependency between resources: [{', '.join(sorted(rest))}]"
        )


def check_conditions(template) -> None:
    """Condition bodies: only condition functions, Ref to parameters, and other conditions without a
    cycle.
    """
    uses = {}
    for name, body in template.conditions.items():
        found: set = set()
        _condition_value(template, name, body, found)
        if (
            not isinstance(body, dict)
            or len(body) != 1
            or not set(body) <= CONDITION_FUNCTIONS | {"Condition"}
        ):
            raise validation_error(
                f"Template format error: Conditions can only be boolean operations on parameters "
                f"and other conditions (Condition {name})"
            )
        uses[name] = found
    rest = {n: set(u) for n, u in uses.items()}
    while rest:
        gone = {n for n, u in rest.items() if not u & set(rest)}
        if not gone:
            raise validation_error(
                "Template format error: Found circular condition dependency between "
                f"{' and '.join(sorted(rest))}"
            )
        rest = {n: u for n, u in rest.items() if n not in gone}


def _condition_value(template, owner: str, value, found: set) -> None:
    if isinstance(value, list):
        for item in value:
            _condition_value(template, owner, item, found)
        return
    if not isinstance(value, dict):
        return
    for key, argument in value.items():
        if key == "Condition":
            if argument not in template.conditions:
                raise validation_error(
                    "Template format error: Unresolved condition dependency "
                    f"{argument} in the Conditions block of the template"
                )
            found.add(argument)
        elif key == "Ref":
            if argument not in template.parameters and argument not in PSEUDO:
                raise validation_error(
                    f"Template format error: Unresolved dependencies [{argument}]. "
                    "Cannot reference resources in the Conditions block of the template"
                )
        elif key in ("Fn::GetAtt", "Fn::ImportValue", "Fn::GetAZs", "Fn::Cidr", "Fn::Base64"):
            raise validation_error(
                f"Template format error: {key} cannot be used in the Conditions block (in {owner})"
            )
        elif key.startswith("Fn::"):
            _condition_value(template, owner, argument, found)
        else:
            raise validation_error(
                f"Template format error: unexpected {key} in the Conditions block (in {owner})"
            )
