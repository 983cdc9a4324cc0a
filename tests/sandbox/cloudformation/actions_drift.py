"""Drift detection: does what is there still look as the template says?

As with AWS, types that nothing here can read are NOT_CHECKED, and DescribeStackResourceDrifts
leaves those out. Detection ends at once; its results stay with the stack until the next one.
"""

import json
import uuid

from . import drift_readers
from .actions_read import _find, _page
from .errors import validation_error
from .model import now

# User guide, "Detect unmanaged configuration changes": only a stack that is whole.
COMPARABLE = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}


def _compare(engine, stack, resource) -> dict:
    found = drift_readers.read(engine, stack, resource)
    entry = {
        "StackId": stack.id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "Timestamp": now(),
        "PropertyDifferences": [],
    }
    if found is None:
        return {**entry, "StackResourceDriftStatus": "DELETED"}
    wanted = {k: resource.properties.get(k) for k in found}
    for name, value in found.items():
        if wanted[name] is not None and str(wanted[name]) != str(value):
            entry["PropertyDifferences"].append(
                {
                    "PropertyPath": f"/{name}",
                    "ExpectedValue": str(wanted[name]),
                    "ActualValue": "null" if value is None else str(value),
                    "DifferenceType": "REMOVE" if value is None else "NOT_EQUAL",
                }
            )
    return {
        **entry,
        "ExpectedProperties": json.dumps(wanted),
        "ActualProperties": json.dumps(found),
        "StackResourceDriftStatus": "MODIFIED" if entry["PropertyDifferences"] else "IN_SYNC",
    }


def detect_stack_drift(request) -> dict:
    with request.store.lock:
        stack = _find(request, request.params["StackName"], "Stack with id {name} does not exist")
        if stack.status not in COMPARABLE:
            raise validation_error(
                f"Drift detection cannot be performed on stack {stack.name} while it is in "
                f"{stack.status} state"
            )
        resources = [
            r for r in stack.resources.values() if r.exists and r.type in drift_readers.READERS
        ]
    drifts = [_compare(request.engine, stack, r) for r in resources]
    detection = {
        "StackId": stack.id,
        "StackDriftDetectionId": str(uuid.uuid4()),
        "DetectionStatus": "DETECTION_COMPLETE",
        "Timestamp": now(),
        "StackDriftStatus": "DRIFTED"
        if any(d["StackResourceDriftStatus"] != "IN_SYNC" for d in drifts)
        else "IN_SYNC",
        "DriftedStackResourceCount": sum(
            d["StackResourceDriftStatus"] != "IN_SYNC" for d in drifts
        ),
    }
    with request.store.lock:
        stack.drifts = drifts
        stack.detections[detection["StackDriftDetectionId"]] = detection
    return {"StackDriftDetectionId": detection["StackDriftDetectionId"]}


def describe_stack_drift_detection_status(request) -> dict:
    wanted = request.params["StackDriftDetectionId"]
    with request.store.lock:
        for stack in request.store.of(request.account, request.region):
            if wanted in stack.detections:
                return stack.detections[wanted]
    raise validation_error(f"Drift detection {wanted} does not exist")


def describe_stack_resource_drifts(request) -> dict:
    filters = set(request.params.get("StackResourceDriftStatusFilters", []))
    with request.store.lock:
        stack = _find(request, request.params["StackName"], "Stack with id {name} does not exist")
        drifts = [
            d for d in stack.drifts if not filters or d["StackResourceDriftStatus"] in filters
        ]
        page, token = _page(request, drifts, int(request.params.get("MaxResults", 100)))
        return {"StackResourceDrifts": page, "NextToken": token}


ACTIONS = {
    "DetectStackDrift": detect_stack_drift,
    "DescribeStackDriftDetectionStatus": describe_stack_drift_detection_status,
    "DescribeStackResourceDrifts": describe_stack_resource_drifts,
}
