"""Change sets: create, describe, execute, delete, list.

CreateChangeSet checks the template and answers at once; what the set would do is worked out in a
thread afterwards (changes.Preview), so that a caller has to wait for CREATE_COMPLETE as in AWS. A
set that would change nothing is FAILED, with AWS's sentence for it, and so is one that an early
validation refuses (early.py). A set of type CREATE makes a stack in REVIEW_IN_PROGRESS, which has
no resources and is found again by the set that made it.

What must hold: the same ClientToken finds the same set; a set is executed once, and then all others
of the stack are OBSOLETE.
"""

import threading
import uuid

from . import changes, early, lifecycle
from .actions_read import find_change_set
from .actions_stacks import (
    begin_update,
    check_evaluates,
    check_types_kept,
    check_updatable,
    find,
    refuse_unsupported,
)
from .errors import CfnError, ResourceError, validation_error
from .model import ChangeSet, Stack

NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)


def create_change_set(request) -> dict:
    params = request.params
    refuse_unsupported(params)
    for name in ("ResourcesToImport", "DeploymentMode"):
        if params.get(name):
            raise validation_error(f"{name} is not supported by this sandbox")
    kind = params.get("ChangeSetType", "UPDATE")
    if kind not in ("CREATE", "UPDATE"):
        raise validation_error(f"ChangeSetType {kind} is not supported by this sandbox")
    with request.store.lock:
        stack = request.store.find(request.account, request.region, params["StackName"])
        known = _same_request(stack, params)
        if known:
            return {"Id": known.id, "StackId": stack.id}
        stack = _target(request, stack, kind)
    change_set = _new(request, stack, kind)
    with request.store.lock:
        if change_set.name in stack.change_sets:
            raise CfnError("AlreadyExistsException", f"ChangeSet {change_set.name} already exists")
        if stack.id not in request.store.stacks:
            request.store.add(stack)
            stack.set_status("REVIEW_IN_PROGRESS", "User Initiated", params.get("ClientToken"))
        stack.change_sets[change_set.name] = change_set
    threading.Thread(target=_compute, args=(request.engine, stack, change_set), daemon=True).start()
    return {"Id": change_set.id, "StackId": stack.id}


def _same_request(stack, params: dict):
    """The change set that the same ClientToken made before."""
    token = params.get("ClientToken")
    if stack is None or not token:
        return None
    found = stack.change_sets.get(params["ChangeSetName"])
    return found if found is not None and found.token == token else None


def _target(request, stack, kind: str) -> Stack:
    name = request.params["StackName"]
    if kind == "CREATE":
        if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise validation_error(
                f"Stack [{stack.name}] already exists and cannot be created again with the "
                f"changeSet [{request.params['ChangeSetName']}]."
            )
        if stack is None:
            if name.startswith("arn:"):
                raise validation_error(f"Stack [{name}] does not exist")
            stack = Stack(
                request.engine.new_stack_id(name, request.account, request.region),
                name,
                request.account,
                request.region,
                "REVIEW_IN_PROGRESS",
                None,
            )
        return stack
    if stack is None or stack.status == "DELETE_COMPLETE":
        raise validation_error(f"Stack [{name}] does not exist")
    if stack.status == "REVIEW_IN_PROGRESS":
        raise validation_error(
            f"Stack [{stack.name}] is in REVIEW_IN_PROGRESS: give ChangeSetType CREATE"
        )
    check_updatable(stack)
    return stack


def _new(request, stack: Stack, kind: str) -> ChangeSet:
    params = request.params
    source = request.engine.source(params, request.account, request.region, stack.source)
    if kind == "UPDATE":
        check_types_kept(stack, source)
    check_evaluates(request.engine, stack, source)
    id_ = (
        f"arn:aws:cloudformation:{stack.region}:{stack.account}:changeSet/"
        f"{params['ChangeSetName']}/{uuid.uuid4()}"
    )
    return ChangeSet(
        id_,
        params["ChangeSetName"],
        kind,
        params.get("Description"),
        source,
        params.get("ClientToken"),
        params.get("OnStackFailure"),
        params.get("IncludeNestedStacks", False),
        import_existing=params.get("ImportExistingResources", False),
    )


def _compute(engine, stack: Stack, change_set: ChangeSet) -> None:
    """What the change set would do, worked out after the call was answered, as AWS does."""
    with engine.store.lock:
        change_set.status = "CREATE_IN_PROGRESS"
    try:
        preview = changes.Preview(engine, stack, change_set.source)
        found, reason = preview.changes, NO_CHANGES if preview.empty else None
        if reason is None:
            early.validate(engine, stack, change_set, preview)
        for change in found:
            if change["LogicalResourceId"] in change_set.imports:
                change["Action"] = "Import"
    except (CfnError, ResourceError) as error:
        found, reason = [], str(error)
    except Exception as error:
        found, reason = [], f"Internal Failure: {type(error).__name__}: {error}"
    with engine.store.lock:
        if reason is not None:
            change_set.status, change_set.reason = "FAILED", reason
            return
        change_set.changes = found
        change_set.status, change_set.execution_status = "CREATE_COMPLETE", "AVAILABLE"


def describe_change_set(request) -> dict:
    with request.store.lock:
        stack, change_set = find_change_set(request)
        source = change_set.source
        start = _offset(request.params.get("NextToken"), change_set.id)
        page = change_set.changes[start : start + 100]
        more = f"{change_set.id}#{start + 100}" if start + 100 < len(change_set.changes) else None
        return {
            "ChangeSetName": change_set.name,
            "ChangeSetId": change_set.id,
            "StackId": stack.id,
            "StackName": stack.name,
            "Description": change_set.description,
            "Parameters": [v.shown() for v in source.parameters],
            "CreationTime": change_set.created,
            "ExecutionStatus": change_set.execution_status,
            "Status": change_set.status,
            "StatusReason": change_set.reason,
            "NotificationARNs": source.notification_arns,
            "RollbackConfiguration": {},
            "Capabilities": source.capabilities,
            "Tags": source.tags,
            "Changes": [changes.as_api(c) for c in page],
            "NextToken": more,
            "IncludeNestedStacks": change_set.include_nested,
            "OnStackFailure": change_set.on_failure,
            "ImportExistingResources": change_set.import_existing,
        }


def _offset(token, id_: str) -> int:
    if not token:
        return 0
    own, _, number = token.rpartition("#")
    if own != id_ or not number.isdigit():
        raise validation_error("The NextToken is not valid for this change set")
    return int(number)


def execute_change_set(request) -> dict:
    params = request.params
    token = params.get("ClientRequestToken")
    with request.store.lock:
        stack, change_set = find_change_set(request)
        if (
            token
            and stack.tokens.get(token) == "ExecuteChangeSet"
            and change_set.execution_status.startswith("EXECUTE_")
        ):
            return {}
        if change_set.status != "CREATE_COMPLETE" or change_set.execution_status != "AVAILABLE":
            raise CfnError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.id}] cannot be executed in its current status "
                f"of [{change_set.status}] and execution status of "
                f"[{change_set.execution_status}]",
            )
        if params.get("DisableRollback") and change_set.on_failure:
            raise validation_error(
                "You can specify either DisableRollback or OnStackFailure, but not both."
            )
        change_set.execution_status = "EXECUTE_IN_PROGRESS"
        stack.change_set_id = change_set.id
        for other in stack.change_sets.values():
            if other is not change_set and other.execution_status == "AVAILABLE":
                other.execution_status = "OBSOLETE"
        if change_set.type == "CREATE":
            _begin_create(
                request.engine, stack, change_set, token, params.get("DisableRollback", False)
            )
        else:
            stack.importing = change_set.imports
            keep = params.get("DisableRollback", False) or change_set.on_failure == "DO_NOTHING"
            try:
                begin_update(
                    request.engine, stack, change_set.source, token, "ExecuteChangeSet", keep
                )
            except CfnError:
                change_set.execution_status = "AVAILABLE"
                raise
    return {}


def _begin_create(
    engine, stack: Stack, change_set: ChangeSet, token, disable_rollback: bool
) -> None:
    stack.source = change_set.source
    stack.importing = change_set.imports
    stack.on_failure = "DO_NOTHING" if disable_rollback else change_set.on_failure or "ROLLBACK"
    if token:
        stack.tokens[token] = "ExecuteChangeSet"
    stack.set_status("CREATE_IN_PROGRESS", "User Initiated", token)
    lifecycle.start(engine, stack, token, lifecycle.create)


def delete_change_set(request) -> dict:
    with request.store.lock:
        try:
            stack, change_set = find_change_set(request)
        except CfnError as error:
            if error.code == "ChangeSetNotFound":
                return {}
            raise
        if change_set.execution_status == "EXECUTE_IN_PROGRESS":
            raise CfnError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.id}] cannot be deleted while it is executed",
            )
        del stack.change_sets[change_set.name]
    return {}


def list_change_sets(request) -> dict:
    with request.store.lock:
        stack = find(request, request.params["StackName"])
        return {
            "Summaries": [
                {
                    "StackId": stack.id,
                    "StackName": stack.name,
                    "ChangeSetId": c.id,
                    "ChangeSetName": c.name,
                    "ExecutionStatus": c.execution_status,
                    "Status": c.status,
                    "StatusReason": c.reason,
                    "CreationTime": c.created,
                    "Description": c.description,
                    "IncludeNestedStacks": c.include_nested,
                }
                for c in sorted(stack.change_sets.values(), key=lambda c: c.created)
            ]
        }


ACTIONS = {
    "CreateChangeSet": create_change_set,
    "DescribeChangeSet": describe_change_set,
    "ExecuteChangeSet": execute_change_set,
    "DeleteChangeSet": delete_change_set,
    "ListChangeSets": list_change_sets,
}
