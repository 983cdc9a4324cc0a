"""The course of whole stack operations: their statuses, failures, rollbacks and clean-up.

`start` runs one in a thread of its own. Create: apply, outputs, CREATE_COMPLETE; a failure leads to
ROLLBACK_…, DELETE_… or stays, as the caller chose. Update: apply, outputs, clean-up; a failure
takes changed resources back to their old properties and replaced ones to their old physical selves.
Delete: everything that no policy keeps, in reverse order.

What must hold: a stack always ends in a status that AWS knows, also when the sandbox itself fails
(_guard); deletion policies decide what stays, also when a creation that failed is taken back.
"""

import threading
from dataclasses import replace

from . import graph
from .deploy import Operation
from .errors import CfnError, ResourceCancelled, ResourceError
from .model import now


def start(engine, stack, token, run) -> Operation:
    """Runs `run(operation)` in a thread of its own; `stack.operation` is it until it ends."""
    operation = Operation(engine, stack, token)
    stack.operation = operation
    thread = threading.Thread(
        target=_guard, args=(operation, run), name=f"cfn-{stack.name}", daemon=True
    )
    operation.thread = thread
    thread.start()
    return operation


def _guard(operation: Operation, run) -> None:
    stack = operation.stack
    try:
        run(operation)
    finally:
        with operation.engine.store.lock:
            if stack.operation is operation:
                stack.operation = None
            for change_set in stack.change_sets.values():
                if change_set.execution_status == "EXECUTE_IN_PROGRESS":
                    done = stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
                    change_set.execution_status = "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"


def _failed_text(failures: list, verb: str) -> str:
    names = [name for name, error in failures if not isinstance(error, ResourceCancelled)]
    names += [name for name, error in failures if name not in names]
    return f"The following resource(s) failed to {verb}: [{', '.join(names)}]. "


# -- create ------------------------------------------------------------------------------
def create(operation: Operation) -> None:
    stack, engine = operation.stack, operation.engine
    timer = None
    if stack.timeout_minutes:
        timer = threading.Timer(
            stack.timeout_minutes * 60,
            operation.cancel,
            ["Stack creation time exceeded the specified timeout. "],
        )
        timer.daemon = True
        timer.start()
    scope = engine.live_scope(stack, stack.source)
    failures = operation.apply(stack.source, scope)
    if timer:
        timer.cancel()
    if operation.superseded:
        return
    reason = operation.cancel_reason or (_failed_text(failures, "create") if failures else None)
    if reason is None:
        reason = _finish_outputs(operation, scope)
        if reason is None:
            operation.stack_status("CREATE_COMPLETE")
            return
    if stack.on_failure == "DO_NOTHING":
        operation.stack_status("CREATE_FAILED", reason)
        return
    delete_it = stack.on_failure == "DELETE"
    operation.stack_status(
        "DELETE_IN_PROGRESS" if delete_it else "ROLLBACK_IN_PROGRESS",
        reason + ("Delete" if delete_it else "Rollback") + " requested by user.",
    )
    failed = operation.remove_all(
        list(stack.resources.values()), lambda r: _after_failure(r.deletion_policy)
    )
    if failed:
        text = (
            "The following resource(s) failed to delete: ["
            + ", ".join(r.logical_id for r, _ in failed)
            + "]. "
        )
        operation.stack_status("DELETE_FAILED" if delete_it else "ROLLBACK_FAILED", text)
        return
    if delete_it:
        _end_deleted(operation)
    else:
        operation.stack_status("ROLLBACK_COMPLETE")


def _after_failure(policy: str) -> str:
    """What a failed creation leaves: Retain keeps it, and Snapshot takes one, also of a store that
    holds nothing; of one that is still being created it cannot.
    """
    return "Delete" if policy == "RetainExceptOnCreate" else policy


def _finish_outputs(operation: Operation, scope):
    """Sets the outputs; answers the reason when they cannot be."""
    stack, engine = operation.stack, operation.engine
    try:
        outputs = engine.outputs(stack, stack.source, scope)
    except (CfnError, ResourceError) as error:
        return f"{error} "
    with engine.store.lock:
        stack.outputs = outputs
    return None


def _end_deleted(operation: Operation) -> None:
    with operation.engine.store.lock:
        operation.stack.deleted = now()
        operation.stack.outputs = []
        operation.stack.imports = set()
        operation.stack_status("DELETE_COMPLETE")


# -- update ------------------------------------------------------------------------------
class Before:
    """The state an update goes back to."""

    def __init__(self, stack):
        self.source = stack.source
        self.outputs = stack.outputs
        self.imports = set(stack.imports)
        self.resources = {n: replace(r) for n, r in stack.resources.items()}


def update(operation: Operation, source, disable_rollback: bool = False) -> None:
    stack, engine = operation.stack, operation.engine
    operation.prefix = "UPDATE"
    operation.keep_failed = disable_rollback
    operation.before = Before(stack)
    with engine.store.lock:
        stack.source = source
        stack.imports = set()
    scope = engine.live_scope(stack, source)
    failures = operation.apply(source, scope)
    reason = operation.cancel_reason
    if reason is None and failures:
        made = [f for f in failures if operation.undo.get(f[0], ("",))[0] == "created"]
        changed = [f for f in failures if f not in made]
        reason = (_failed_text(made, "create") if made else "") + (
            _failed_text(changed, "update") if changed else ""
        )
    if reason is None:
        reason = _finish_outputs(operation, scope)
    if reason is not None:
        if disable_rollback:
            stack.rollback_source = operation
            operation.stack_status("UPDATE_FAILED", reason)
            return
        roll_back(operation, reason)
        return
    operation.stack_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    wanted = {n for n, d in source.template.resources.items() if scope.active(d)}
    gone = [r for n, r in stack.resources.items() if n not in wanted and r.exists]
    old = [r for kind, r in operation.undo.values() if kind == "replaced"]
    replaced = {id(r) for r in old}
    failed = operation.remove_all(
        gone + old,
        lambda r: r.update_replace_policy if id(r) in replaced else _kept(r.deletion_policy),
    )
    operation.stack_status(
        "UPDATE_COMPLETE",
        "Update successful. One or more resources could not be deleted." if failed else None,
    )


def _kept(policy: str) -> str:
    return "Retain" if policy == "RetainExceptOnCreate" else policy


def roll_back(operation: Operation, reason, skip=(), announced: bool = False) -> None:
    """Takes an update back: changed resources to their old properties, replaced ones to their old
    physical ones.
    """
    stack, engine, before = operation.stack, operation.engine, operation.before
    if not announced:
        operation.stack_status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
    with engine.store.lock:
        stack.source, stack.outputs, stack.imports = before.source, before.outputs, before.imports
    garbage: list = []
    todo = {}
    for name, (kind, old) in operation.undo.items():
        if kind == "created":
            garbage.append(stack.resources[name])
        elif name not in operation.rolled_back:
            todo[name] = old.depends

    def work(name: str) -> None:
        back(name)
        operation.rolled_back.add(name)

    def back(name: str) -> None:
        kind, old = operation.undo[name]
        current = stack.resources[name]
        if name in skip:
            with engine.store.lock:
                stack.resources[name] = replace(old, status="UPDATE_COMPLETE")
            operation.event(stack.resources[name], "UPDATE_COMPLETE", "Resource skipped by user")
            return
        if kind == "replaced":
            with engine.store.lock:
                if current is not old and current.physical_id is not None:
                    garbage.append(current)
                stack.resources[name] = old
            operation.event(old, "UPDATE_COMPLETE")
            return
        if kind == "untouched":
            operation.event(current, "UPDATE_COMPLETE")
            return
        if kind == "stuck":
            operation.event(current, "UPDATE_IN_PROGRESS")
            operation.event(current, "UPDATE_FAILED", old.reason)
            raise ResourceError(old.reason)
        operation.change_back(current, old)

    failures = graph.run(todo, work, threading.Event())
    operation.not_rolled_back = {n for n, e in failures if not isinstance(e, ResourceCancelled)}
    if failures:
        stack.rollback_source = operation
        operation.stack_status("UPDATE_ROLLBACK_FAILED", _failed_text(failures, "update"))
        return
    stack.rollback_source = None
    operation.stack_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    failed = operation.remove_all(garbage, lambda r: _after_failure(r.deletion_policy))
    operation.stack_status(
        "UPDATE_ROLLBACK_COMPLETE",
        "One or more resources could not be deleted." if failed else None,
    )


# -- delete ------------------------------------------------------------------------------
def delete(operation: Operation, retain: list, running) -> None:
    """`running` is the creation that this deletion ended; its resources are waited for."""
    stack, engine = operation.stack, operation.engine
    if running:
        running.thread.join()
    with engine.store.lock:
        for output in stack.outputs:
            name = output.get("ExportName")
            users = engine.importers(stack, name) if name else []
            if users:
                operation.stack_status(
                    "DELETE_FAILED",
                    f"Export {name} cannot be deleted as it is in use by "
                    f"{' and '.join(s.name for s in users)}",
                )
                return
    living = [r for r in stack.resources.values() if r.exists]
    extra = [r for r in stack.resources.values() if not r.exists and r.status.endswith("_FAILED")]
    for resource in extra:
        operation.event(resource, "DELETE_COMPLETE")
    failed = operation.remove_all(
        living, lambda r: "Retain" if r.logical_id in retain else _kept(r.deletion_policy)
    )
    if failed and stack.deletion_mode == "FORCE_DELETE_STACK":
        for resource, _ in failed:
            operation.event(resource, "DELETE_SKIPPED")
        failed = []
    if failed:
        operation.stack_status(
            "DELETE_FAILED",
            "The following resource(s) failed to delete: ["
            + ", ".join(r.logical_id for r, _ in failed)
            + "]. ",
        )
        return
    _end_deleted(operation)
