"""A stack put into a state, as if something had happened to it that no call of ours brings about.

A roll back that failed leaves the resources of `failed` in UPDATE_FAILED and refuses each further
try with `words`, until they are skipped (ContinueUpdateRollback). A delete that failed leaves them
in DELETE_FAILED and refuses likewise, until they are retained (RetainResources). Statuses of a
running operation have none behind them: they stay until they are put away.
"""

from __future__ import annotations

from dataclasses import replace

from .deploy import Operation
from .lifecycle import Before

STATUSES = {
    *(
        f"{verb}_{end}"
        for verb in ("CREATE", "UPDATE", "DELETE", "ROLLBACK", "UPDATE_ROLLBACK", "IMPORT_ROLLBACK")
        for end in ("IN_PROGRESS", "COMPLETE", "FAILED")
    ),
    "IMPORT_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "REVIEW_IN_PROGRESS",
}


def put(
    engine, name: str, status: str, reason: str = "", failed: tuple = (), words: str = "it is stuck"
) -> dict:
    stack = next(
        (s for s in engine.store.stacks.values() if s.name == name and s.deleted is None), None
    )
    if stack is None or status not in STATUSES:
        raise ValueError(f"no stack {name}, or no status {status}")
    if stack.operation:
        raise ValueError(f"stack {name} is {stack.status}")
    with engine.store.lock:
        operation = Operation(engine, stack, None)
        operation.before = Before(stack)
        ends = "DELETE" if status.startswith("DELETE") or status == "ROLLBACK_FAILED" else "UPDATE"
        for resource in stack.resources.values():
            resource.stuck = words if ends == "DELETE" and resource.logical_id in failed else ""
        for logical_id in failed:
            resource = stack.resources[logical_id]
            operation.event(resource, f"{ends}_FAILED", words)
            operation.undo[logical_id] = ("stuck", replace(resource, reason=words))
            operation.not_rolled_back.add(logical_id)
        stack.rollback_source = operation
        stack.set_status(status, reason or None)
    return {"status": stack.status}
