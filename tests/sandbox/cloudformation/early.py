"""What AWS checks of a change set before it can be executed: early validation.

docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html. The set is
FAILED with one sentence that names the validations; what they found, resource by resource, is only
in DescribeEvents, asked for by the set's ARN.

Here: a named log group, bucket or repository that would be made and is there already
(ResourceExistenceCheck), unless the set imports what exists; and whatever a test asks for
(behaviour "change-sets").
"""

import uuid

from .changes import ADD
from .errors import CfnError, ResourceError
from .model import now

EXISTENCE = "AWS::EarlyValidation::ResourceExistenceCheck"
SENTENCE = (
    "The following hook(s)/validation failed: [{names}]. To troubleshoot Early Validation errors, "
    "use the DescribeEvents API for detailed failure information."
)


def _log_group(client, name: str):
    found = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(g["logGroupName"] == name for g in found)


def _bucket(client, name: str):
    return any(b["Name"] == name for b in client.list_buckets()["Buckets"])


def _repository(client, name: str):
    pages = client.get_paginator("describe_repositories").paginate()
    return any(r["repositoryName"] == name for page in pages for r in page["repositories"])


# type -> (service, name property, whether it is there)
NAMED = {
    "AWS::Logs::LogGroup": ("logs", "LogGroupName", _log_group),
    "AWS::S3::Bucket": ("s3", "BucketName", _bucket),
    "AWS::ECR::Repository": ("ecr", "RepositoryName", _repository),
}


def existing(engine, stack, source, preview) -> dict:
    """Logical id -> name, of what the set would make and is there already."""
    found = {}
    for name, action in preview.actions.items():
        declaration = source.template.resources[name]
        if action != ADD or declaration["Type"] not in NAMED:
            continue
        service, key, is_there = NAMED[declaration["Type"]]
        wanted = declaration.get("Properties", {}).get(key)
        client = engine.client(service, stack.region, stack.account)
        if isinstance(wanted, str) and is_there(client, wanted):
            found[name] = wanted
    return found


def event(stack, logical_id: str, type_: str, name: str, reason: str, path: str = "") -> dict:
    moment = now()
    return {
        "EventId": str(uuid.uuid4()),
        "StackId": stack.id,
        "OperationId": str(uuid.uuid4()),
        "OperationType": "CREATE_CHANGESET",
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": "",
        "ResourceType": type_,
        "Timestamp": moment,
        "ValidationFailureMode": "FAIL",
        "ValidationName": name,
        "ValidationStatus": "FAILED",
        "ValidationStatusReason": reason,
        "ValidationPath": path or f"/Resources/{logical_id}",
    }


def owner(engine, stack, type_: str, physical: str):
    """The stack that has it, if one has."""
    for other in engine.store.of(stack.account, stack.region):
        for resource in other.resources.values():
            if resource.exists and (resource.type, resource.physical_id) == (type_, physical):
                return other
    return None


def check_import(engine, stack, source, found: dict) -> None:
    """ImportExistingResources takes what no stack has, and only what a policy keeps."""
    loose = []
    for name, physical in found.items():
        declaration = source.template.resources[name]
        _, key, _ = NAMED[declaration["Type"]]
        has = owner(engine, stack, declaration["Type"], physical)
        if has is not None:
            raise ResourceError(
                f"Resource {name} with identifier {physical} is already managed by stack {has.id}"
            )
        if declaration.get("DeletionPolicy") not in ("Retain", "RetainExceptOnCreate"):
            loose.append(f"{name} ({{{key}={physical}}})")
    if loose:
        raise ResourceError(
            "CloudFormation is attempting to import some resources because they already exist in "
            "your account. The resources must have the DeletionPolicy attribute set to 'Retain' "
            "or 'RetainExceptOnCreate' in the template for successful import. The affected "
            f"resources are {', '.join(sorted(loose))}"
        )


def validate(engine, stack, change_set, preview) -> None:
    """Fails the set (CfnError with AWS's sentence) when a validation finds something."""
    source, names = change_set.source, set()
    found = existing(engine, stack, source, preview)
    if change_set.import_existing:
        check_import(engine, stack, source, found)
        change_set.imports = found
        found = {}
    for logical_id, physical in found.items():
        type_ = source.template.resources[logical_id]["Type"]
        names.add(EXISTENCE)
        change_set.failures.append(
            event(
                stack,
                logical_id,
                type_,
                "NAME_CONFLICT_VALIDATION",
                f"Resource of type '{type_}' with identifier '{physical}' already exists.",
            )
        )
    rule = engine.context.behaviour.change_set(stack.name)
    for made in rule.get("events", []):
        made = dict(made)
        logical_id = made.pop("LogicalResourceId", "")
        type_ = source.template.resources.get(logical_id, {}).get("Type", "")
        names.add(made.pop("Hook", "AWS::EarlyValidation::PropertyValidation"))
        change_set.failures.append({**event(stack, logical_id, type_, "", ""), **made})
    if rule.get("reason"):
        raise CfnError("Scripted", rule["reason"])
    if names:
        raise CfnError("EarlyValidation", SENTENCE.format(names=", ".join(sorted(names))))
