"""What the engine keeps: stacks, their resources, events and change sets. All under `Store.lock`.

A Resource is one as it is, or last was, in the account; a Source is what a stack was made from; an
Event is never changed once it is there. Deleted stacks stay in the Store, since AWS shows them by
id. Plain data: decisions are made in lifecycle.py and deploy.py.
"""

import datetime
import threading
import uuid
from dataclasses import dataclass, field

from . import wire


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Resource:
    """One resource of a stack as it is (or last was) in the account."""

    logical_id: str
    type: str
    status: str = ""
    reason: str | None = None
    timestamp: datetime.datetime = field(default_factory=now)
    physical_id: str | None = None
    ref: str | None = None
    properties: dict = field(default_factory=dict)  # resolved, dynamic references still in place
    attributes: dict = field(default_factory=dict)  # GetAtt values, by dotted name
    tags: list = field(default_factory=list)  # the stack's tags it was given
    metadata: dict | None = None
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    depends: frozenset = frozenset()
    stuck: str = ""  # why it cannot be deleted, said over the control endpoint

    @property
    def exists(self) -> bool:
        return self.physical_id is not None and self.status not in (
            "DELETE_COMPLETE",
            "DELETE_SKIPPED",
        )


@dataclass
class Event:
    id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str | None
    token: str | None
    timestamp: datetime.datetime
    properties: str | None


@dataclass
class ChangeSet:
    id: str
    name: str
    type: str
    description: str | None
    source: "Source"
    token: str | None
    on_failure: str | None
    include_nested: bool
    created: datetime.datetime = field(default_factory=now)
    status: str = "CREATE_PENDING"
    reason: str | None = None
    execution_status: str = "UNAVAILABLE"
    changes: list = field(default_factory=list)
    import_existing: bool = False
    imports: dict = field(default_factory=dict)  # logical id -> name of what is there already
    failures: list = field(default_factory=list)  # events of DescribeEvents


@dataclass
class Source:
    """What a stack is made from: template, parameters, tags, capabilities."""

    body: str
    template: "object"  # template.Template
    parameters: list  # parameters.Value
    tags: list  # [{Key, Value}]
    capabilities: list
    notification_arns: list
    role_arn: str | None


@dataclass
class Stack:
    id: str
    name: str
    account: str
    region: str
    status: str
    source: Source | None
    created: datetime.datetime = field(default_factory=now)
    updated: datetime.datetime | None = None
    deleted: datetime.datetime | None = None
    reason: str | None = None
    on_failure: str = "ROLLBACK"
    timeout_minutes: int | None = None
    termination_protection: bool = False
    outputs: list = field(
        default_factory=list
    )  # [{OutputKey, OutputValue, Description, ExportName}]
    resources: dict = field(default_factory=dict)  # logical id -> Resource
    events: list = field(default_factory=list)  # oldest first
    change_sets: dict = field(default_factory=dict)  # name -> ChangeSet
    change_set_id: str | None = None
    importing: dict = field(default_factory=dict)  # logical id -> name, of the operation that runs
    tokens: dict = field(default_factory=dict)  # ClientRequestToken -> action
    operation: object = None  # the running deploy.Operation
    rollback_source: object = None  # what an update rolls back to, while it can
    deletion_mode: str = "STANDARD"
    imports: set = field(default_factory=set)  # export names its resources and outputs use
    drifts: list = field(default_factory=list)  # of the last detection
    detections: dict = field(default_factory=dict)  # id -> how it ended

    def add_event(
        self,
        logical_id: str,
        type_: str,
        physical_id: str | None,
        status: str,
        reason: str | None = None,
        token: str | None = None,
        properties: str | None = None,
    ) -> None:
        moment = now()
        if type_ == "AWS::CloudFormation::Stack" and physical_id == self.id:
            event_id = str(uuid.uuid4())
        else:
            event_id = f"{logical_id}-{status}-{wire.format_time(moment)}"
            known = {e.id for e in self.events[-20:]}
            if event_id in known:
                event_id += f"-{len(self.events)}"
        self.events.append(
            Event(
                event_id,
                logical_id,
                physical_id or "",
                type_,
                status,
                reason,
                token,
                moment,
                properties,
            )
        )

    def set_status(self, status: str, reason: str | None = None, token: str | None = None) -> None:
        self.status = status
        self.reason = reason
        self.add_event(self.name, "AWS::CloudFormation::Stack", self.id, status, reason, token)


class Store:
    """All stacks of all accounts and regions, the deleted ones too."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.stacks: dict = {}  # stack id -> Stack

    def add(self, stack: Stack) -> None:
        self.stacks[stack.id] = stack

    def of(self, account: str, region: str) -> list:
        return [s for s in self.stacks.values() if s.account == account and s.region == region]

    def find(self, account: str, region: str, name_or_id: str) -> Stack | None:
        """By id a deleted stack too, by name only a living one."""
        if name_or_id.startswith("arn:"):
            stack = self.stacks.get(name_or_id)
            return stack if stack and stack.account == account and stack.region == region else None
        for stack in self.of(account, region):
            if stack.name == name_or_id and stack.status != "DELETE_COMPLETE":
                return stack
        return None

    def exports(self, account: str, region: str) -> dict:
        """export name -> (stack, value)"""
        found = {}
        for stack in self.of(account, region):
            if stack.status == "DELETE_COMPLETE":
                continue
            for output in stack.outputs:
                if output.get("ExportName"):
                    found[output["ExportName"]] = (stack, output["OutputValue"])
        return found
