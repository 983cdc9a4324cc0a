"""The door of the CloudFormation engine: one API call in, one XML reply out.

The table ACTIONS is put together of those of the actions_… files. A Request carries the caller's
account and region and the parsed parameters; errors become CloudFormation's error document. The
caller (server.py, or the tests' transport) has done authentication.
"""

import traceback

from . import actions_changesets, actions_drift, actions_read, actions_stacks, wire
from .engine import Engine
from .errors import CfnError

ACTIONS = {
    **actions_stacks.ACTIONS,
    **actions_changesets.ACTIONS,
    **actions_read.ACTIONS,
    **actions_drift.ACTIONS,
}


class Request:
    """One call: who asks, where, and the parsed parameters."""

    def __init__(self, engine: Engine, params: dict, account: str, region: str):
        self.engine = engine
        self.store = engine.store
        self.params = params
        self.account = account
        self.region = region


class CloudFormation:
    def __init__(self, registry):
        self.engine = Engine(registry)

    def handle(
        self,
        action: str,
        params: dict,
        *,
        account: str,
        region: str,
        access_key: str,
        request_id: str,
        principal: str = "",
    ) -> tuple:
        """(HTTP status, XML body)"""
        try:
            if action not in ACTIONS:
                known = action in wire.operation_names()
                raise CfnError(
                    "InvalidAction",
                    f"The action {action} is not implemented by this sandbox."
                    if known
                    else f"The action {action} is not valid for this web service.",
                )
            request = Request(self.engine, wire.parse_input(action, params), account, region)
            if not action.startswith(("Describe", "List", "Get", "Validate")):
                self.engine.principals[self.stack_name(request)] = principal
            result = ACTIONS[action](request)
            return 200, wire.render(action, result or {}, request_id)
        except CfnError as error:
            return error.status, wire.render_error(error, request_id)
        except Exception as error:
            traceback.print_exc()
            failure = CfnError("InternalFailure", f"{type(error).__name__}: {error}", 500)
            return failure.status, wire.render_error(failure, request_id)

    def stack_name(self, request: Request) -> str:
        """Of the stack that a call is about; a change set's ARN alone names it too."""
        name = request.params.get("StackName", "")
        if not name:
            wanted = request.params.get("ChangeSetName")
            name = next(
                (
                    s.name
                    for s in list(self.engine.store.stacks.values())
                    for c in s.change_sets.values()
                    if c.id == wanted
                ),
                "",
            )
        return name.split("/")[1] if name.startswith("arn:") else name

    def stop(self) -> None:
        """Ends the running operations; they leave their stacks as they are."""
        for stack in list(self.engine.store.stacks.values()):
            if stack.operation:
                stack.operation.cancel("the sandbox is stopping. ")
