"""Evaluates the functions of a template.

A value that only the deployment will tell is an `Unknown`; it carries why, for change sets.
Everything that contains one becomes Unknown at the smallest place that holds it.
"""

import base64
import ipaddress
import json

from .errors import validation_error
from .references import PSEUDO, SUB_VARIABLE, split_getatt, sub_parts

NO_VALUE = object()


class Unknown:
    """`causes`: set of (source, entity, definite): ResourceReference|ResourceAttribute,
    "Logical[.Attr]", bool.
    """

    def __init__(self, causes):
        self.causes = frozenset(causes)

    def __eq__(self, other):
        return False

    __hash__ = object.__hash__


def unknowns(value) -> frozenset:
    """The causes of every Unknown inside `value`."""
    if isinstance(value, Unknown):
        return value.causes
    if isinstance(value, dict):
        return frozenset().union(*(unknowns(v) for v in value.values())) if value else frozenset()
    if isinstance(value, list):
        return frozenset().union(*(unknowns(v) for v in value)) if value else frozenset()
    return frozenset()


def to_text(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Scope:
    """What references mean: parameters, pseudo parameters, resources, imports."""

    def __init__(self, template, parameters: dict, pseudo: dict, *, ref, getatt, imports, zones):
        self.template = template
        self.parameters = parameters
        self.pseudo = pseudo
        self.ref_resource = ref  # logical id -> value or Unknown
        self.getatt_resource = getatt  # (logical id, attribute) -> value or Unknown
        self.import_value = imports  # export name -> value
        self.zones = zones  # region -> [zone]
        self._conditions: dict = {}

    # -- conditions ----------------------------------------------------------------
    def condition(self, name: str) -> bool:
        if name not in self._conditions:
            self._conditions[name] = self._boolean(self.template.conditions[name])
        return self._conditions[name]

    def _boolean(self, node) -> bool:
        ((key, argument),) = node.items()
        if key == "Condition":
            return self.condition(argument)
        if key == "Fn::Not":
            if not isinstance(argument, list) or len(argument) != 1:
                raise validation_error(
                    "Template error: Fn::Not requires a list argument with one element"
                )
            return not self._boolean(argument[0])
        if key in ("Fn::And", "Fn::Or"):
            if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
                raise validation_error(
                    f"Template error: {key} requires a list argument with 2 to 10 elements"
                )
            values = [self._boolean(item) for item in argument]
            return all(values) if key == "Fn::And" else any(values)
        if key == "Fn::Equals":
            if not isinstance(argument, list) or len(argument) != 2:
                raise validation_error(
                    "Template error: Fn::Equals requires a list argument with two elements"
                )
            left, right = (self.resolve(item) for item in argument)
            return _comparable(left) == _comparable(right)
        raise validation_error(f"Template error: {key} is not a condition function")

    def active(self, declaration: dict) -> bool:
        return "Condition" not in declaration or self.condition(declaration["Condition"])

    # -- values ----------------------------------------------------------------------
    def resolve(self, value):
        """`value` with every function evaluated; a NoValue at the top comes back as NO_VALUE."""
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key == "Ref":
                return self._ref(argument)
            if isinstance(key, str) and key.startswith("Fn::"):
                return self._function(key, argument)
        items = {k: self.resolve(v) for k, v in value.items()}
        return {k: v for k, v in items.items() if v is not NO_VALUE}

    def _ref(self, name: str):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return self.pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        return self.ref_resource(name)

    def _getatt(self, argument):
        name, attribute = split_getatt(argument)
        attribute = self.resolve(attribute)
        if isinstance(attribute, Unknown):
            return attribute
        return self.getatt_resource(name, attribute)

    def _function(self, key: str, argument):
        if key == "Fn::If":
            return self.resolve(argument[1] if self.condition(argument[0]) else argument[2])
        if key == "Fn::GetAtt":
            return self._getatt(argument)
        if key == "Fn::Sub":
            return self._sub(argument)
        argument = self.resolve(argument)
        if isinstance(argument, Unknown):
            return argument
        method = getattr(self, "_fn_" + key[4:].lower(), None)
        if method is None:
            raise validation_error(f"Template error: {key} cannot be used here")
        hidden = unknowns(argument)
        if hidden:
            return Unknown(hidden)
        return method(argument)

    def _sub(self, argument):
        text, variables = sub_parts(argument)
        causes: set = set()

        def replace(match):
            literal, name = match.group(1), match.group(2)
            if literal:
                return "${" + name + "}"
            name = name.strip()
            if name in variables:
                value = self.resolve(variables[name])
            elif "." in name and name not in PSEUDO:
                value = self._getatt(name)
            else:
                value = self._ref(name)
            if isinstance(value, Unknown):
                causes.update(value.causes)
                return ""
            if value is NO_VALUE or isinstance(value, (dict, list)):
                raise validation_error(
                    "Template error: Fn::Sub expression does not resolve to a string: ${"
                    + name
                    + "}"
                )
            return to_text(value)

        result = SUB_VARIABLE.sub(replace, text)
        return Unknown(causes) if causes else result

    @staticmethod
    def _fn_join(argument):
        if (
            not isinstance(argument, list)
            or len(argument) != 2
            or not isinstance(argument[0], str)
            or not isinstance(argument[1], list)
        ):
            raise validation_error(
                "Template error: every Fn::Join object requires two parameters, (1) a string "
                "delimiter and (2) a list of strings to be joined or a function that returns a "
                "list of strings (such as Fn::GetAZs) to be joined."
            )
        if any(isinstance(item, (dict, list)) for item in argument[1]):
            raise validation_error(
                "Template error: every value of the list of Fn::Join must be a string"
            )
        return argument[0].join(to_text(item) for item in argument[1])

    @staticmethod
    def _fn_split(argument):
        if (
            not isinstance(argument, list)
            or len(argument) != 2
            or not all(isinstance(a, str) for a in argument)
        ):
            raise validation_error(
                "Template error: every Fn::Split object requires two parameters, (1) a string "
                "delimiter and (2) a string to be split or a function that returns a string to be "
                "split."
            )
        return argument[1].split(argument[0])

    @staticmethod
    def _fn_select(argument):
        if (
            not isinstance(argument, list)
            or len(argument) != 2
            or not isinstance(argument[1], list)
        ):
            raise validation_error(
                "Template error: Fn::Select requires a list argument with two elements: "
                "an integer index and a list"
            )
        try:
            index = int(argument[0])
        except (TypeError, ValueError):
            raise validation_error(
                "Template error: Fn::Select requires a list argument with a valid index value."
            ) from None
        if not 0 <= index < len(argument[1]):
            raise validation_error(
                f"Template error: Fn::Select cannot select nonexistent value at index {index}"
            )
        return argument[1][index]

    def _fn_findinmap(self, argument):
        if not isinstance(argument, list) or len(argument) != 3:
            raise validation_error(
                "Template error: FindInMap requires three parameters: the map name, map key and "
                "the attribute for return value"
            )
        mapping, key, attribute = (to_text(a) for a in argument)
        try:
            return self.template.mappings[mapping][key][attribute]
        except KeyError:
            raise validation_error(
                f"Template error: Unable to get mapping for {mapping}::{key}::{attribute}"
            ) from None

    @staticmethod
    def _fn_base64(argument):
        if isinstance(argument, (dict, list)):
            raise validation_error(
                "Template error: every Fn::Base64 object must have a String-typed value."
            )
        return base64.b64encode(to_text(argument).encode()).decode()

    def _fn_getazs(self, argument):
        if not isinstance(argument, str):
            raise validation_error(
                "Template error: every Fn::GetAZs object must have a String-typed value."
            )
        return self.zones(argument or self.pseudo["AWS::Region"])

    @staticmethod
    def _fn_cidr(argument):
        if not isinstance(argument, list) or len(argument) not in (2, 3):
            raise validation_error(
                "Template error: every Fn::Cidr object requires two or three parameters"
            )
        network = ipaddress.ip_network(argument[0], strict=False)
        count = int(argument[1])
        bits = int(argument[2]) if len(argument) == 3 else 8
        prefix = network.max_prefixlen - bits
        if (
            not 1 <= count <= 256
            or prefix < network.prefixlen
            or 2 ** (prefix - network.prefixlen) < count
        ):
            raise validation_error(
                f"Template error: Fn::Cidr cannot cut {count} blocks of {bits} bits out of "
                f"{argument[0]}"
            )
        blocks = network.subnets(new_prefix=prefix)
        return [str(next(blocks)) for _ in range(count)]

    def _fn_importvalue(self, argument):
        if not isinstance(argument, str):
            raise validation_error(
                "Template error: the attribute in Fn::ImportValue must be a string or a function "
                "that returns a string"
            )
        return self.import_value(argument)

    @staticmethod
    def _fn_tojsonstring(argument):
        return json.dumps(argument, separators=(",", ":"))

    @staticmethod
    def _fn_length(argument):
        if not isinstance(argument, list):
            raise validation_error("Template error: Fn::Length requires a list")
        return len(argument)


def _comparable(value):
    if isinstance(value, (dict, list)):
        return value
    return to_text(value)
