"""AWS's resource provider schemas, from the data files of the cfn-lint package (read without
importing it).

They say which properties a type has, which replace when they change, which are read-only (what
GetAtt answers), where tags go, and in which region a type exists. Answers are cached: a schema is
parsed once in a process. Two small tables at the top correct what the published schemas do not
tell.
"""

import importlib.util
import json
import os
import runpy
from functools import cache, lru_cache

# Types whose GetAtt answers every property, not only the read-only ones: the providers of these
# were moved to the registry with their old behaviour (source: cfn-lint's own list, by type).
ALL_PROPERTIES = {
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::EFS::MountTarget",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBParameterGroup",
    "AWS::SSM::Parameter",
}
EXTRA_ATTRIBUTES = {"AWS::ServiceDiscovery::Service": {"Name"}}


@lru_cache(maxsize=1)
def _folder() -> str:
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(
            "the cfn-lint package is missing: its data files hold the resource schemas"
        )
    return os.path.join(list(spec.submodule_search_locations)[0], "data", "schemas")


@cache
def _types(region: str) -> dict:
    path = os.path.join(_folder(), "providers", region.replace("-", "_") + ".py")
    if not os.path.exists(path):
        raise RuntimeError(f"no resource schemas for region {region}")
    return runpy.run_path(path)["types"]


def handled(type_: str) -> bool:
    from .handlers import HANDLERS

    return type_ in HANDLERS


def known(region: str, type_: str) -> bool:
    """In AWS's registry for the region, and in ours."""
    return type_ in _types(region) and handled(type_)


@cache
def schema(region: str, type_: str) -> dict:
    with open(
        os.path.join(_folder(), "resources", _types(region)[type_] + ".json"), encoding="utf-8"
    ) as file:
        return json.load(file)


def _pointers(region: str, type_: str, key: str) -> tuple:
    return tuple(tuple(p.split("/")[2:]) for p in schema(region, type_).get(key) or ())


@cache
def create_only(region: str, type_: str) -> tuple:
    return _pointers(region, type_, "createOnlyProperties")


@cache
def conditional_create_only(region: str, type_: str) -> tuple:
    return _pointers(region, type_, "conditionalCreateOnlyProperties")


@cache
def read_only(region: str, type_: str) -> tuple:
    return _pointers(region, type_, "readOnlyProperties")


@cache
def primary_identifier(region: str, type_: str) -> tuple:
    return _pointers(region, type_, "primaryIdentifier")


def tag_property(region: str, type_: str):
    """The name of the property that holds tags, or None when the type takes none."""
    tagging = schema(region, type_).get("tagging")
    if tagging is None:  # the older providers do not say; a property of this name is it
        return "Tags" if "Tags" in schema(region, type_)["properties"] else None
    if not tagging.get("taggable"):
        return None
    name = tagging.get("tagProperty", "/properties/Tags").split("/")[-1]
    return name if name in schema(region, type_)["properties"] else None


def system_tags(region: str, type_: str) -> bool:
    """Whether CloudFormation adds its aws:cloudformation:* tags to this type."""
    tagging = schema(region, type_).get("tagging") or {}
    return bool(tag_property(region, type_)) and tagging.get("cloudFormationSystemTags", True)


def resolve(root: dict, node: dict) -> dict:
    while "$ref" in node:
        target = root
        for part in node["$ref"].lstrip("#/").split("/"):
            target = target[part]
        node = target
    return node


@cache
def attributes(region: str, type_: str) -> frozenset:
    """The dotted names that Fn::GetAtt takes."""
    root = schema(region, type_)
    names = {".".join(p) for p in read_only(region, type_)} | EXTRA_ATTRIBUTES.get(type_, set())
    if type_ in ALL_PROPERTIES:
        names = set()
        for name, node in root["properties"].items():
            _collect(root, node, name, names)
    return frozenset(names)


def _collect(root: dict, node: dict, path: str, names: set) -> None:
    node = resolve(root, node)
    if node.get("type") == "object" and node.get("properties"):
        for name, child in node["properties"].items():
            _collect(root, child, f"{path}.{name}", names)
    elif node.get("type") == "array" and resolve(root, node.get("items", {})).get("type") in (
        "object",
        "array",
    ):
        return
    else:
        names.add(path)


def has_attribute(region: str, type_: str, attribute: str) -> bool:
    return attribute in attributes(region, type_)
