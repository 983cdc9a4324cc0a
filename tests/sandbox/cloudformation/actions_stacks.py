"""CreateStack, UpdateStack, DeleteStack and what steers them: cancel, continue a rollback,
termination protection.

A call checks everything that can be known before anything is made (parameters, capabilities, types,
conditions, references to what a condition leaves out), then starts an operation in a thread of its
own (lifecycle.py) and answers. Names, statuses and sentences of refusals are CloudFormation's.

What must hold: one operation at a time for a stack; a ClientRequestToken that was seen before is
the same request; an update that changes nothing is refused; options that the sandbox does not model
(UNSUPPORTED) are refused instead of ignored.
"""

from . import actions_read, changes, lifecycle
from .errors import CfnError, ResourceError, validation_error
from .intrinsics import Unknown
from .model import Stack, now

UPDATABLE = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_FAILED",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}
UNSUPPORTED = (
    "StackPolicyBody",
    "StackPolicyURL",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "ResourceTypes",
    "RollbackConfiguration",
)
PLACEHOLDER = Unknown({("Placeholder", "", True)})


def refuse_unsupported(params: dict) -> None:
    """What the sandbox does not model is refused; an empty RollbackConfiguration says nothing and
    passes.
    """
    for name in UNSUPPORTED:
        if params.get(name):
            raise validation_error(f"{name} is not supported by this sandbox")


def find(request, name: str) -> Stack:
    stack = request.store.find(request.account, request.region, name)
    if stack is None:
        raise validation_error(f"Stack [{name}] does not exist")
    return stack


def _token_known(stack: Stack, token, action: str) -> bool:
    """Whether this very request was made before."""
    if not token or token not in stack.tokens:
        return False
    if stack.tokens[token] != action:
        raise CfnError(
            "TokenAlreadyExistsException",
            f"Token {token} was already used by {stack.tokens[token]}",
        )
    return True


def check_types_kept(stack: Stack, source) -> None:
    changed = [
        n
        for n, r in stack.resources.items()
        if r.exists
        and n in source.template.resources
        and source.template.resources[n]["Type"] != r.type
    ]
    if changed:
        raise validation_error(
            "Update of resource type is not permitted. The new template modifies resource type of "
            f"the following resources: [{', '.join(sorted(changed))}]"
        )


def create_stack(request) -> dict:
    params = request.params
    refuse_unsupported(params)
    name, token = params["StackName"], params.get("ClientRequestToken")
    if "OnFailure" in params and "DisableRollback" in params:
        raise validation_error("You can specify either DisableRollback or OnFailure, but not both.")
    with request.store.lock:
        existing = request.store.find(request.account, request.region, name)
        if existing and existing.status != "REVIEW_IN_PROGRESS":
            if _token_known(existing, token, "CreateStack"):
                return {"StackId": existing.id}
            raise CfnError("AlreadyExistsException", f"Stack [{name}] already exists")
        if existing:
            raise CfnError("AlreadyExistsException", f"Stack [{name}] already exists")
    source = request.engine.source(params, request.account, request.region)
    stack = Stack(
        request.engine.new_stack_id(name, request.account, request.region),
        name,
        request.account,
        request.region,
        "CREATE_IN_PROGRESS",
        source,
    )
    check_evaluates(request.engine, stack, source)
    with request.store.lock:
        if request.store.find(request.account, request.region, name):
            raise CfnError("AlreadyExistsException", f"Stack [{name}] already exists")
        stack.on_failure = params.get(
            "OnFailure", "DO_NOTHING" if params.get("DisableRollback") else "ROLLBACK"
        )
        stack.timeout_minutes = params.get("TimeoutInMinutes")
        stack.termination_protection = params.get("EnableTerminationProtection", False)
        if token:
            stack.tokens[token] = "CreateStack"
        request.store.add(stack)
        stack.set_status("CREATE_IN_PROGRESS", "User Initiated", token)
        lifecycle.start(request.engine, stack, token, lifecycle.create)
    return {"StackId": stack.id}


def check_evaluates(engine, stack, source) -> None:
    """Conditions, and references to what a condition leaves out, fail before anything is made."""
    scope = engine.scope(stack, source, None, None)
    template = source.template
    active = {n for n, d in template.resources.items() if scope.active(d)}
    if not active:
        raise validation_error(
            "Template format error: At least one Resources member must be defined."
        )
    for section, declarations in (
        ("Resources", {n: template.resources[n].get("Properties", {}) for n in active}),
        (
            "Outputs",
            {
                n: [d["Value"], d.get("Export")]
                for n, d in template.outputs.items()
                if scope.active(d)
            },
        ),
    ):
        for body in declarations.values():
            missing = sorted(_used(scope, body, template) - active)
            if missing:
                raise validation_error(
                    "Template format error: Unresolved resource dependencies "
                    f"[{', '.join(missing)}] in the {section} block of the template"
                )


def _used(scope, body, template) -> set:
    """The resources that `body` refers to once its conditions are decided."""
    used: set = set()
    scope.ref_resource = lambda name: used.add(name) or PLACEHOLDER
    scope.getatt_resource = lambda name, attribute: used.add(name) or PLACEHOLDER
    scope.import_value = lambda name: PLACEHOLDER
    scope.zones = lambda region: PLACEHOLDER
    scope.resolve(body)
    return used & set(template.resources)


def update_stack(request) -> dict:
    params = request.params
    refuse_unsupported(params)
    token = params.get("ClientRequestToken")
    with request.store.lock:
        stack = find(request, params["StackName"])
        if _token_known(stack, token, "UpdateStack"):
            return {"StackId": stack.id}
        check_updatable(stack)
        previous = stack.source
    source = request.engine.source(params, request.account, request.region, previous)
    check_types_kept(stack, source)
    check_evaluates(request.engine, stack, source)
    try:
        empty = changes.Preview(request.engine, stack, source).empty
    except ResourceError:
        empty = False
    if empty:
        raise validation_error("No updates are to be performed.")
    begin_update(
        request.engine, stack, source, token, "UpdateStack", params.get("DisableRollback", False)
    )
    return {"StackId": stack.id}


def check_updatable(stack: Stack) -> None:
    if stack.status == "REVIEW_IN_PROGRESS" or stack.status not in UPDATABLE or stack.operation:
        raise validation_error(
            f"Stack:{stack.id} is in {stack.status} state and can not be updated."
        )


def begin_update(engine, stack: Stack, source, token, action: str, disable_rollback: bool) -> None:
    with engine.store.lock:
        check_updatable(stack)
        if token:
            stack.tokens[token] = action
        stack.updated = now()
        stack.set_status("UPDATE_IN_PROGRESS", "User Initiated", token)
        lifecycle.start(
            engine, stack, token, lambda op: lifecycle.update(op, source, disable_rollback)
        )


def delete_stack(request) -> dict:
    params = request.params
    token, retain = params.get("ClientRequestToken"), params.get("RetainResources", [])
    with request.store.lock:
        stack = request.store.find(request.account, request.region, params["StackName"])
        if (
            stack is None
            or stack.status == "DELETE_COMPLETE"
            or _token_known(stack, token, "DeleteStack")
        ):
            return {}
        if stack.status == "DELETE_IN_PROGRESS":
            return {}
        if stack.termination_protection:
            raise validation_error(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        moving = stack.status.startswith(("UPDATE", "IMPORT")) and stack.status.endswith(
            "_IN_PROGRESS"
        )
        if moving or (
            stack.operation and not stack.status.startswith(("CREATE", "ROLLBACK_COMPLETE"))
        ):
            raise validation_error(
                f"Stack [{stack.id}] cannot be deleted while in status {stack.status}"
            )
        if retain and stack.status != "DELETE_FAILED":
            raise validation_error(
                f"Invalid operation on stack [{stack.id}]. RetainResources can only be given for a "
                "stack in the DELETE_FAILED state."
            )
        unknown = [n for n in retain if n not in stack.resources]
        if unknown:
            raise validation_error(
                f"The specified resources to retain [{', '.join(unknown)}] do not exist in the "
                "stack"
            )
        stack.deletion_mode = params.get("DeletionMode", "STANDARD")
        if stack.deletion_mode == "FORCE_DELETE_STACK" and stack.status != "DELETE_FAILED":
            raise validation_error(
                "FORCE_DELETE_STACK can only be used on a stack in the DELETE_FAILED state."
            )
        if token:
            stack.tokens[token] = "DeleteStack"
        running = stack.operation
        stack.set_status("DELETE_IN_PROGRESS", "User Initiated", token)
        if running:
            running.superseded = True
            running.cancel("")
        lifecycle.start(
            request.engine, stack, token, lambda op: lifecycle.delete(op, retain, running)
        )
    return {}


def cancel_update_stack(request) -> dict:
    with request.store.lock:
        stack = find(request, request.params["StackName"])
        token = request.params.get("ClientRequestToken")
        if _token_known(stack, token, "CancelUpdateStack"):
            return {}
        if stack.status != "UPDATE_IN_PROGRESS" or stack.operation is None:
            raise validation_error("CancelUpdateStack cannot be called from current stack status")
        if token:
            stack.tokens[token] = "CancelUpdateStack"
        stack.operation.cancel("User Initiated")
    return {}


def continue_update_rollback(request) -> dict:
    with request.store.lock:
        stack = find(request, request.params["StackName"])
        token = request.params.get("ClientRequestToken")
        if _token_known(stack, token, "ContinueUpdateRollback"):
            return {}
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise validation_error(
                f"Stack:{stack.id} is in {stack.status} state and can not continue update rollback."
            )
        # Only what failed in the roll back itself, not what failed before it or was canceled.
        skip = request.params.get("ResourcesToSkip", [])
        wrong = [n for n in skip if n not in stack.rollback_source.not_rolled_back]
        if wrong:
            raise validation_error(
                f"Resources [{', '.join(wrong)}] are not in the UPDATE_FAILED state because of a "
                "failed rollback"
            )
        if token:
            stack.tokens[token] = "ContinueUpdateRollback"
        before = stack.rollback_source
        before.token = token
        stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated", token)

        def resume(operation) -> None:
            lifecycle.roll_back(before, "User Initiated", skip, announced=True)

        lifecycle.start(request.engine, stack, token, resume)
    return {}


def rollback_stack(request) -> dict:
    """An update that was left failed on purpose is taken back."""
    with request.store.lock:
        stack = find(request, request.params["StackName"])
        token = request.params.get("ClientRequestToken")
        if _token_known(stack, token, "RollbackStack"):
            return {"StackId": stack.id}
        if stack.status != "UPDATE_FAILED":
            raise validation_error(
                f"Stack:{stack.id} is in {stack.status} state and can not be rolled back."
            )
        if token:
            stack.tokens[token] = "RollbackStack"
        before = stack.rollback_source
        before.token = token
        lifecycle.start(
            request.engine,
            stack,
            token,
            lambda operation: lifecycle.roll_back(before, "User Initiated"),
        )
    return {"StackId": stack.id}


def update_termination_protection(request) -> dict:
    with request.store.lock:
        stack = find(request, request.params["StackName"])
        stack.termination_protection = request.params["EnableTerminationProtection"]
        return {"StackId": stack.id}


def validate_template(request) -> dict:
    return actions_read.summary(request, validate_only=True)


ACTIONS = {
    "CreateStack": create_stack,
    "UpdateStack": update_stack,
    "DeleteStack": delete_stack,
    "CancelUpdateStack": cancel_update_stack,
    "ContinueUpdateRollback": continue_update_rollback,
    "RollbackStack": rollback_stack,
    "UpdateTerminationProtection": update_termination_protection,
    "ValidateTemplate": validate_template,
}
