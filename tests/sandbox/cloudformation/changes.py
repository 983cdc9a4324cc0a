"""What an update would do: the Changes of a change set, and whether there are any.

Preview goes through the new template in dependency order and compares each resource's properties
with those of the running one. A reference to something that is made, replaced or changed in the
same update has no value yet: it becomes an Unknown that carries its cause, and shows up in the
change set as "Dynamic", with the causing entity, where what is known is "Static". Whether a change
replaces comes from the create-only properties of the schemas (diff.py).

A change of nothing but outputs or of the stack's own tags counts as a change too.
"""

import json
import re

from . import diff, graph, schemas
from .intrinsics import Unknown, unknowns
from .template import deletion_policy

ADD, MODIFY, REMOVE = "Add", "Modify", "Remove"


class Preview:
    """`changes`: what DescribeChangeSet lists. `empty`: nothing at all would change."""

    def __init__(self, engine, stack, source):
        self.engine = engine
        self.stack = stack
        self.source = source
        self.region = stack.region
        self.old = stack.source
        self.actions: dict = {}  # logical id -> ADD | MODIFY, for what changes
        self.replacement: dict = {}  # logical id -> True | False | Conditional
        self.changes: list = []
        self.scope = engine.scope(stack, source, self._ref, self._getatt)
        self.active = [n for n, d in source.template.resources.items() if self.scope.active(d)]
        deps = {n: source.template.dependencies_of(n, self.active) for n in self.active}
        found = {n: self._resource(n, source.template.resources[n]) for n in graph.order(deps)}
        self.changes = [found[n] for n in sorted(found) if found[n]]
        for name, resource in stack.resources.items():
            if resource.exists and name not in self.active:
                self.changes.append(self._removal(resource))
        self.empty = not self.changes and not self._others_changed()

    # -- references --------------------------------------------------------------
    def _uncertain(self, name: str) -> str:
        if self.actions.get(name) == ADD:
            return "True"
        return self.replacement.get(name, "False")

    def _ref(self, name: str):
        state = self._uncertain(name)
        if state != "False":
            return Unknown({("ResourceReference", name, state == "True")})
        return self.stack.resources[name].ref

    def _getatt(self, name: str, attribute: str):
        entity = f"{name}.{attribute}"
        state = self._uncertain(name)
        if state != "False":
            return Unknown({("ResourceAttribute", entity, state == "True")})
        if name in self.actions:
            return Unknown({("ResourceAttribute", entity, False)})
        return self.engine.attribute(self.stack, name, attribute)

    # -- resources ---------------------------------------------------------------
    def _resource(self, name: str, declaration: dict):
        current = self.stack.resources.get(name)
        if current is None or not current.exists:
            self.actions[name] = ADD
            return {
                "Action": ADD,
                "LogicalResourceId": name,
                "ResourceType": declaration["Type"],
                "Scope": [],
                "Details": [],
            }
        wanted = self.scope.resolve(declaration.get("Properties", {}))
        paths = diff.paths(current.properties, wanted)
        details = [
            self._detail(name, current, wanted, key, [p for p in paths if p[0] == key])
            for key in dict.fromkeys(p[0] for p in paths)
        ]
        tag_property = schemas.tag_property(self.region, current.type)
        if (
            tag_property
            and current.tags != self.source.tags
            and not any(d["Target"]["Attribute"] == "Tags" for d in details)
        ):
            details.append(
                {
                    "Target": {"Attribute": "Tags", "RequiresRecreation": "Never"},
                    "Evaluation": "Static",
                    "ChangeSource": "DirectModification",
                }
            )
        details += self._attributes(current, declaration)
        if not details:
            return None
        replacement = self._replacement(details)
        self.actions[name], self.replacement[name] = MODIFY, replacement
        change = {
            "Action": MODIFY,
            "LogicalResourceId": name,
            "PhysicalResourceId": current.physical_id,
            "ResourceType": current.type,
            "Replacement": replacement,
            "Scope": list(dict.fromkeys(d["Target"]["Attribute"] for d in details)),
            "Details": details,
        }
        if replacement != "False":
            policy = declaration.get("UpdateReplacePolicy", "Delete")
            change["PolicyAction"] = f"ReplaceAnd{policy}"
        return change

    def _detail(self, name: str, current, wanted: dict, key: str, paths: list) -> dict:
        recreation = diff.recreation(self.region, current.type, paths)
        tags = key == schemas.tag_property(self.region, current.type)
        target = {"Attribute": "Tags"} if tags else {"Attribute": "Properties", "Name": key}
        target["RequiresRecreation"] = recreation
        detail = {"Target": target, "Evaluation": "Static"}
        causes = unknowns(wanted.get(key))
        if causes:
            source, entity, definite = sorted(causes)[0]
            detail.update(ChangeSource=source, CausingEntity=entity)
            if not all(c[2] for c in causes):
                detail["Evaluation"] = "Dynamic"
            return detail
        parameter = self._changed_parameter(name, key)
        if parameter:
            detail.update(ChangeSource="ParameterReference", CausingEntity=parameter)
        else:
            detail["ChangeSource"] = "DirectModification"
        return detail

    def _changed_parameter(self, name: str, key: str):
        """The parameter whose new value explains the change, when the template's own text did not
        change.
        """
        new = self.source.template.resources[name].get("Properties", {}).get(key)
        old = self.old.template.resources.get(name, {}).get("Properties", {}).get(key)
        if new != old:
            return None
        before = {v.key: v.value for v in self.old.parameters}
        text = json.dumps(new)
        for value in self.source.parameters:
            if before.get(value.key) != value.value and re.search(
                rf"\b{re.escape(value.key)}\b", text
            ):
                return value.key
        return None

    @staticmethod
    def _replacement(details: list) -> str:
        result = "False"
        for detail in details:
            recreation = detail["Target"]["RequiresRecreation"]
            if recreation == "Always" and detail["Evaluation"] == "Static":
                return "True"
            if recreation in ("Always", "Conditionally"):
                result = "Conditional"
        return result

    @staticmethod
    def _attributes(current, declaration: dict) -> list:
        pairs = (
            ("Metadata", current.metadata, declaration.get("Metadata")),
            ("DeletionPolicy", current.deletion_policy, deletion_policy(declaration)),
            (
                "UpdateReplacePolicy",
                current.update_replace_policy,
                declaration.get("UpdateReplacePolicy", "Delete"),
            ),
        )
        return [
            {
                "Target": {"Attribute": name, "RequiresRecreation": "Never"},
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            }
            for name, old, new in pairs
            if old != new
        ]

    @staticmethod
    def _removal(resource) -> dict:
        policy = (
            "Retain" if resource.deletion_policy.startswith("Retain") else resource.deletion_policy
        )
        return {
            "Action": REMOVE,
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": resource.physical_id,
            "ResourceType": resource.type,
            "Scope": [],
            "Details": [],
            "PolicyAction": policy,
        }

    def _others_changed(self) -> bool:
        """Outputs and the stack's own tags count as changes too."""
        if self.old is None or self.stack.status == "REVIEW_IN_PROGRESS":
            return True
        if self.old.tags != self.source.tags:
            return True
        new = self.engine.outputs(self.stack, self.source, self.scope)
        return new != self.stack.outputs


def as_api(change: dict) -> dict:
    return {"Type": "Resource", "ResourceChange": change}
