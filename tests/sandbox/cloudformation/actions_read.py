"""What can be asked about stacks and templates: the Describe, List and Get calls, and validation.

A deleted stack is found by its id and not by its name. Answers come in pages of 100; the token of
events names the last event shown, since new events come in front and must not shift the pages.
Nothing here changes anything.
"""

import base64
import json

from . import capabilities, parameters
from .errors import CfnError, validation_error
from .model import Stack
from .template import Template

PAGE = 100


def _find(request, name: str, form: str) -> Stack:
    stack = request.store.find(request.account, request.region, name)
    if stack is None:
        raise validation_error(form.format(name=name))
    return stack


def _page(request, items: list, size: int = PAGE) -> tuple:
    """(items of this page, NextToken or None); the token is an offset."""
    token = request.params.get("NextToken")
    start = 0
    if token:
        try:
            start = int(base64.urlsafe_b64decode(token.encode()).decode())
        except ValueError:
            raise validation_error("The NextToken is not valid") from None
    more = start + size < len(items)
    return items[start : start + size], base64.urlsafe_b64encode(
        str(start + size).encode()
    ).decode() if more else None


def _describe(stack: Stack) -> dict:
    source = stack.source
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set_id,
        "Description": source.template.description if source else None,
        "Parameters": [v.shown() for v in source.parameters] if source else [],
        "CreationTime": stack.created,
        "DeletionTime": stack.deleted,
        "LastUpdatedTime": stack.updated,
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.on_failure == "DO_NOTHING",
        "NotificationARNs": source.notification_arns if source else [],
        "TimeoutInMinutes": stack.timeout_minutes,
        "Capabilities": source.capabilities if source else [],
        "Outputs": stack.outputs,
        "RoleARN": source.role_arn if source else None,
        "Tags": source.tags if source else [],
        "EnableTerminationProtection": stack.termination_protection,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def describe_stacks(request) -> dict:
    name = request.params.get("StackName")
    with request.store.lock:
        if name:
            return {
                "Stacks": [_describe(_find(request, name, "Stack with id {name} does not exist"))]
            }
        living = [
            s
            for s in request.store.of(request.account, request.region)
            if s.status != "DELETE_COMPLETE"
        ]
        living.sort(key=lambda s: s.created, reverse=True)
        page, token = _page(request, living)
        return {"Stacks": [_describe(s) for s in page], "NextToken": token}


def list_stacks(request) -> dict:
    wanted = set(request.params.get("StackStatusFilter", []))
    with request.store.lock:
        stacks = [
            s
            for s in request.store.of(request.account, request.region)
            if not wanted or s.status in wanted
        ]
        stacks.sort(key=lambda s: s.created, reverse=True)
        page, token = _page(request, stacks)
        return {
            "StackSummaries": [
                {
                    "StackId": s.id,
                    "StackName": s.name,
                    "TemplateDescription": s.source.template.description if s.source else None,
                    "CreationTime": s.created,
                    "LastUpdatedTime": s.updated,
                    "DeletionTime": s.deleted,
                    "StackStatus": s.status,
                    "StackStatusReason": s.reason,
                    "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
                }
                for s in page
            ],
            "NextToken": token,
        }


def describe_stack_events(request) -> dict:
    name = request.params.get("StackName")
    if not name:
        raise validation_error("Stack name must be specified")
    with request.store.lock:
        stack = _find(request, name, "Stack [{name}] does not exist")
        events = list(reversed(stack.events))
        start = 0
        if request.params.get("NextToken"):
            # The token names the last event shown: later events must not shift the pages.
            ids = [e.id for e in events]
            try:
                start = (
                    ids.index(
                        base64.urlsafe_b64decode(request.params["NextToken"].encode()).decode()
                    )
                    + 1
                )
            except ValueError:
                raise validation_error("The NextToken is not valid") from None
        page = events[start : start + PAGE]
        more = start + PAGE < len(events)
        return {
            "StackEvents": [
                {
                    "StackId": stack.id,
                    "EventId": e.id,
                    "StackName": stack.name,
                    "LogicalResourceId": e.logical_id,
                    "PhysicalResourceId": e.physical_id,
                    "ResourceType": e.type,
                    "Timestamp": e.timestamp,
                    "ResourceStatus": e.status,
                    "ResourceStatusReason": e.reason,
                    "ResourceProperties": e.properties,
                    "ClientRequestToken": e.token,
                }
                for e in page
            ],
            "NextToken": base64.urlsafe_b64encode(page[-1].id.encode()).decode() if more else None,
        }


def describe_events(request) -> dict:
    """By a change set's ARN: what its validations found. By a stack: its events."""
    params = request.params
    name, stack_name = params.get("ChangeSetName"), params.get("StackName")
    if not (stack_name or params.get("OperationId") or (name or "").startswith("arn:")):
        raise validation_error("One of ChangeSetName, OperationId or StackName must be specified")
    if params.get("OperationId"):
        raise validation_error("OperationId is not supported by this sandbox")
    failed_only = params.get("Filters", {}).get("FailedEvents", False)
    with request.store.lock:
        if name:
            _, change_set = find_change_set(request)
            events = list(change_set.failures)
        else:
            stack = _find(request, stack_name, "Stack [{name}] does not exist")
            events = [
                {
                    "EventId": e.id,
                    "StackId": stack.id,
                    "EventType": "STACK_EVENT",
                    "LogicalResourceId": e.logical_id,
                    "PhysicalResourceId": e.physical_id,
                    "ResourceType": e.type,
                    "Timestamp": e.timestamp,
                    "ResourceStatus": e.status,
                    "ResourceStatusReason": e.reason,
                    "ClientRequestToken": e.token,
                }
                for e in reversed(stack.events)
                if not failed_only or e.status.endswith("_FAILED")
            ]
        page, token = _page(request, events)
        return {"OperationEvents": page, "NextToken": token}


def _listed(stack: Stack) -> list:
    return [r for r in stack.resources.values() if r.status]


def _resource(stack: Stack, resource) -> dict:
    return {
        "StackName": stack.name,
        "StackId": stack.id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "Timestamp": resource.timestamp,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def describe_stack_resources(request) -> dict:
    name, physical = request.params.get("StackName"), request.params.get("PhysicalResourceId")
    logical = request.params.get("LogicalResourceId")
    if bool(name) == bool(physical):
        raise validation_error(
            "You must specify either StackName or PhysicalResourceId, but not both"
        )
    with request.store.lock:
        if name:
            stack = _find(request, name, "Stack with id {name} does not exist")
        else:
            owners = [
                s
                for s in request.store.of(request.account, request.region)
                if any(r.physical_id == physical and r.exists for r in s.resources.values())
            ]
            if not owners:
                raise validation_error(f"Stack for {physical} does not exist")
            stack = owners[0]
        found = [_resource(stack, r) for r in _listed(stack) if logical in (None, r.logical_id)]
        if logical and not found:
            raise validation_error(f"Resource {logical} does not exist for stack {stack.name}")
        return {"StackResources": found[:PAGE]}


def describe_stack_resource(request) -> dict:
    params = request.params
    with request.store.lock:
        stack = _find(request, params["StackName"], "Stack '{name}' does not exist")
        resource = stack.resources.get(params["LogicalResourceId"])
        if resource is None or not resource.status:
            raise validation_error(
                f"Resource {params['LogicalResourceId']} does not exist for stack {stack.name}"
            )
        detail = _resource(stack, resource)
        detail["LastUpdatedTimestamp"] = detail.pop("Timestamp")
        if resource.metadata is not None:
            detail["Metadata"] = json.dumps(resource.metadata)
        return {"StackResourceDetail": detail}


def list_stack_resources(request) -> dict:
    with request.store.lock:
        stack = _find(request, request.params["StackName"], "Stack with id {name} does not exist")
        page, token = _page(request, _listed(stack))
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": r.logical_id,
                    "PhysicalResourceId": r.physical_id,
                    "ResourceType": r.type,
                    "LastUpdatedTimestamp": r.timestamp,
                    "ResourceStatus": r.status,
                    "ResourceStatusReason": r.reason,
                    "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
                }
                for r in page
            ],
            "NextToken": token,
        }


def find_change_set(request) -> tuple:
    """(stack, change set) by the set's name with StackName, or by its ARN."""
    name = request.params["ChangeSetName"]
    if name.startswith("arn:"):
        for stack in request.store.of(request.account, request.region):
            for change_set in stack.change_sets.values():
                if change_set.id == name:
                    return stack, change_set
        raise CfnError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
    if "StackName" not in request.params:
        raise validation_error(
            "StackName must be specified if ChangeSetName is not specified as an ARN."
        )
    stack = _find(request, request.params["StackName"], "Stack [{name}] does not exist")
    if name not in stack.change_sets:
        raise CfnError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
    return stack, stack.change_sets[name]


def get_template(request) -> dict:
    name, change_set = request.params.get("StackName"), request.params.get("ChangeSetName")
    with request.store.lock:
        if change_set:
            source = find_change_set(request)[1].source
        elif name:
            source = _find(request, name, "Stack with id {name} does not exist").source
        else:
            raise validation_error("StackName or ChangeSetName must be specified")
        if source is None:
            raise validation_error(f"Stack {name} has no template yet")
        return {"TemplateBody": source.body, "StagesAvailable": ["Original", "Processed"]}


def summary(request, validate_only: bool = False) -> dict:
    """GetTemplateSummary, and ValidateTemplate, which shows a part of it."""
    params = request.params
    if params.get("StackName"):
        with request.store.lock:
            source = _find(
                request, params["StackName"], "Stack with id {name} does not exist"
            ).source
            if source is None:
                raise validation_error(f"Stack {params['StackName']} has no template yet")
            body = source.body
    else:
        body = request.engine.template_body(params, request.account, request.region)
    if body is None:
        raise validation_error("Either Template URL or Template Body must be specified.")
    template = Template(body, request.region)
    parameters.check_declarations(template)
    capability, types = capabilities.needed(template)
    declared = []
    for name, declaration in template.parameters.items():
        item = {
            "ParameterKey": name,
            "NoEcho": str(declaration.get("NoEcho", "false")).lower() == "true",
            "Description": declaration.get("Description"),
        }
        if "Default" in declaration:
            item["DefaultValue"] = str(declaration["Default"])
        if not validate_only:
            item["ParameterType"] = declaration["Type"]
            allowed = [str(v) for v in declaration.get("AllowedValues", [])]
            item["ParameterConstraints"] = {"AllowedValues": allowed} if allowed else {}
        declared.append(item)
    result = {
        "Parameters": declared,
        "Description": template.description,
        "Capabilities": [capability] if capability else [],
        "CapabilitiesReason": (
            f"The following resource(s) require capabilities: [{', '.join(types)}]"
        )
        if capability
        else None,
        "DeclaredTransforms": template.transforms,
    }
    if not validate_only:
        result["ResourceTypes"] = sorted({d["Type"] for d in template.resources.values()})
        result["Version"] = template.tree.get("AWSTemplateFormatVersion")
        result["ResourceIdentifierSummaries"] = []
    return result


def list_exports(request) -> dict:
    with request.store.lock:
        found = [
            {"ExportingStackId": s.id, "Name": n, "Value": v}
            for n, (s, v) in sorted(request.store.exports(request.account, request.region).items())
        ]
        page, token = _page(request, found)
        return {"Exports": page, "NextToken": token}


def list_imports(request) -> dict:
    name = request.params["ExportName"]
    with request.store.lock:
        exports = request.store.exports(request.account, request.region)
        users = request.engine.importers(exports[name][0], name) if name in exports else []
        if not users:
            raise validation_error(f"Export '{name}' is not imported by any stack.")
        page, token = _page(request, sorted(s.name for s in users))
        return {"Imports": page, "NextToken": token}


ACTIONS = {
    "DescribeStacks": describe_stacks,
    "ListStacks": list_stacks,
    "DescribeStackEvents": describe_stack_events,
    "DescribeEvents": describe_events,
    "DescribeStackResources": describe_stack_resources,
    "DescribeStackResource": describe_stack_resource,
    "ListStackResources": list_stack_resources,
    "GetTemplate": get_template,
    "GetTemplateSummary": summary,
    "ListExports": list_exports,
    "ListImports": list_imports,
}
