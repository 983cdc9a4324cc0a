"""A template, checked as CloudFormation checks it before it touches anything.

Sections, attributes of resources, policies, limits on size and number, types that the region and we
know, outputs, mappings, conditions and all references: the first thing wrong is a ValidationError
with CloudFormation's sentence. What passes is kept as dicts with the dependencies between
resources, which conditions then thin out. Of transforms only AWS::LanguageExtensions is known.
"""

import re

from . import references, schemas
from .errors import validation_error
from .loader import load

SECTIONS = {
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
}
RESOURCE_ATTRIBUTES = {
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
}
DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
SNAPSHOT_TYPES = {
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::CacheCluster",
    "AWS::EC2::Volume",
    "AWS::Redshift::Cluster",
    "AWS::Neptune::DBCluster",
    "AWS::DocDB::DBCluster",
}
MAX_INLINE_BYTES = 51_200
MAX_S3_BYTES = 1_048_576
MAX_RESOURCES = 500
MAX_OUTPUTS = 200
MAX_PARAMETERS = 200
MAX_MAPPINGS = 200
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"


def format_error(text: str):
    return validation_error(f"Template format error: {text}")


class Template:
    """Sections as dicts; `deps` maps a logical id to the resources it needs (conditions not
    applied).
    """

    def __init__(self, body: str, region: str):
        tree = load(body)
        self.tree = tree
        self.region = region
        self._check_sections(tree)
        self.description = tree.get("Description")
        self.metadata = tree.get("Metadata")
        self.parameters = self._section("Parameters", MAX_PARAMETERS)
        self.mappings = self._section("Mappings", MAX_MAPPINGS)
        self.conditions = self._section("Conditions", None)
        self.resources = self._section("Resources", MAX_RESOURCES)
        self.outputs = self._section("Outputs", MAX_OUTPUTS)
        transforms = tree.get("Transform", [])
        self.transforms = [transforms] if isinstance(transforms, str) else transforms
        for name in self.transforms:
            if name != LANGUAGE_EXTENSIONS:
                raise validation_error(f"No transform named {name} found.")
        self.extensions = LANGUAGE_EXTENSIONS in self.transforms
        if not self.resources:
            raise format_error("At least one Resources member must be defined.")
        for name, declaration in self.resources.items():
            self._check_resource(name, declaration)
        self._check_types()
        for name, declaration in self.outputs.items():
            self._check_output(name, declaration)
        self._check_mappings()
        references.check_conditions(self)
        self.deps = references.dependencies(self)
        references.check_cycles(self.deps)

    def _check_sections(self, tree: dict) -> None:
        unknown = [k for k in tree if k not in SECTIONS]
        if unknown:
            raise validation_error(
                f"Invalid template property or properties [{', '.join(map(str, unknown))}]"
            )
        version = tree.get("AWSTemplateFormatVersion", "2010-09-09")
        if version != "2010-09-09":
            raise format_error(f"unsupported value for AWSTemplateFormatVersion: {version}")
        description = tree.get("Description", "")
        if not isinstance(description, str):
            raise format_error("Description: must be a string")
        if len(description.encode()) > 1024:
            raise format_error("'Description' length is greater than 1024.")

    def _section(self, name: str, limit) -> dict:
        section = self.tree.get(name)
        if section is None:
            return {}
        if not isinstance(section, dict):
            raise format_error(f"[/{name}] '{name}' must be an object")
        if limit and len(section) > limit:
            raise format_error(
                f"Number of {name.lower()}, {len(section)}, is greater than maximum allowed, "
                f"{limit}"
            )
        for key in section:
            if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z0-9]{1,255}", key):
                raise format_error(f"{name[:-1]} name {key} is non alphanumeric.")
        return section

    def _check_resource(self, name: str, declaration) -> None:
        if not isinstance(declaration, dict):
            raise format_error(f"[/Resources/{name}] resource definition is malformed")
        if not isinstance(declaration.get("Type"), str):
            raise format_error(
                f"[/Resources/{name}] Every Resources object must contain a Type member."
            )
        for key in declaration:
            if key not in RESOURCE_ATTRIBUTES:
                raise validation_error(f"Invalid template resource property '{key}'")
        if not isinstance(declaration.get("Properties", {}), dict):
            raise format_error(
                f"[/Resources/{name}/Properties] Every Properties member must be a JSON object."
            )
        if not isinstance(declaration.get("Metadata", {}), dict):
            raise format_error(
                f"[/Resources/{name}/Metadata] Every Metadata member must be a JSON object."
            )
        for key in ("DeletionPolicy", "UpdateReplacePolicy"):
            policy = declaration.get(key, "Delete")
            if policy not in DELETION_POLICIES or (
                key == "UpdateReplacePolicy" and policy == "RetainExceptOnCreate"
            ):
                if isinstance(policy, dict) and self.extensions:
                    raise format_error(
                        f"[/Resources/{name}/{key}] functions are not supported by this sandbox"
                    )
                raise format_error(f"Unrecognized {key} {policy} for resource {name}")
            if policy == "Snapshot" and declaration["Type"] not in SNAPSHOT_TYPES:
                raise validation_error(
                    f"{declaration['Type']} does not support Snapshot deletion policy"
                )

    def _check_types(self) -> None:
        unknown = sorted(
            {
                d["Type"]
                for d in self.resources.values()
                if not schemas.known(self.region, d["Type"])
            }
        )
        if unknown:
            raise format_error(f"Unrecognized resource types: [{', '.join(unknown)}]")

    def _check_output(self, name: str, declaration) -> None:
        if not isinstance(declaration, dict) or "Value" not in declaration:
            raise format_error(
                f"[/Outputs/{name}] Every Outputs member must contain a Value object"
            )
        for key in declaration:
            if key not in ("Value", "Description", "Export", "Condition"):
                raise format_error(f"[/Outputs/{name}] Encountered unsupported property {key}")
        export = declaration.get("Export")
        if export is not None and (not isinstance(export, dict) or list(export) != ["Name"]):
            raise format_error(
                f"[/Outputs/{name}/Export] Every Export member must contain a Name object"
            )
        if len(str(declaration.get("Description", "")).encode()) > 1024:
            raise format_error(f"Output {name} description length is greater than 1024.")

    def _check_mappings(self) -> None:
        for name, mapping in self.mappings.items():
            if not isinstance(mapping, dict) or not mapping:
                raise format_error(f"Every Mappings member {name} must be a map")
            for key, attributes in mapping.items():
                if not isinstance(attributes, dict) or not attributes:
                    raise format_error(
                        f"Every Mappings attribute must be a String or a List. ({name}.{key})"
                    )
                for value in attributes.values():
                    if isinstance(value, dict):
                        raise format_error(
                            f"Every Mappings attribute must be a String or a List. ({name}.{key})"
                        )

    def dependencies_of(self, name: str, active) -> frozenset:
        """What `name` needs among the `active` resources."""
        return frozenset(self.deps[name] & set(active))


def deletion_policy(declaration: dict) -> str:
    """The one given, else the default: RDS keeps a snapshot, all others are deleted."""
    if "DeletionPolicy" in declaration:
        return declaration["DeletionPolicy"]
    if declaration["Type"] == "AWS::RDS::DBCluster":
        return "Snapshot"
    if declaration[
        "Type"
    ] == "AWS::RDS::DBInstance" and "DBClusterIdentifier" not in declaration.get("Properties", {}):
        return "Snapshot"
    return "Delete"
