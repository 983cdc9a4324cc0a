"""What every resource handler works with: `Call`, one operation on one resource, and `Handler`, one
type.

A handler creates, updates and deletes by the services' own APIs, through `invoke` or `call` (which
converts property names along the API's input shape): a service error becomes the sentence that
CloudFormation shows. `started` records the physical id as soon as there is one; `wait` polls until
something is ready and ends when the operation is canceled. Names, ARNs and tags are made here too.

What must hold: a property that is passed to nobody is an error, never dropped; what the caller of
the stack's operation may not do is not done for him (permissions.py); delete takes what is gone for
done.
"""

import time
import uuid
from types import SimpleNamespace

from botocore.exceptions import BotoCoreError, ClientError

from ... import permissions
from ...errors import AwsError
from .. import names, schemas
from ..convert import convert
from ..errors import NotFound, ResourceCancelled, ResourceError

ALREADY = ("AlreadyExists", "Duplicate", "EntityAlreadyExists", "InUse")


class Call:
    """One create, update or delete of one resource. Service calls go through `invoke`."""

    def __init__(self, engine, stack, logical_id: str, type_: str, cancelled, started, noted=None):
        self.engine = engine
        self.stack = stack
        self.logical_id = logical_id
        self.type = type_
        self.account = stack.account
        self.region = stack.region
        self.fast = engine.context.fast
        self.stack_tags: list = []
        self.old_stack_tags: list = []  # before an update
        self._cancelled = cancelled  # threading.Event
        self._started = started  # (physical id) -> None
        self._noted = noted or (lambda text: None)
        self.request_token = str(uuid.uuid4())
        self.physical_id = None

    # -- progress ------------------------------------------------------------------
    def started(self, physical_id: str) -> str:
        """The physical resource exists from here on, whatever happens next."""
        if self.physical_id is None:
            self.physical_id = physical_id
            self._started(physical_id)
        return physical_id

    def note(self, text: str) -> None:
        """An event in between: still in progress, and this is what about."""
        self._noted(text)

    def step(self) -> None:
        """A moment's pause, so that progress can be seen."""
        self._cancelled.wait(self.engine.context.seconds("cfn-step"))

    def wait(self, what: str, ready, timeout: float = 600.0, *, to_the_end: bool = False) -> None:
        """Polls `ready()` until it is true; it may raise.

        A cancelled operation raises ResourceCancelled, unless what is made has no name before its
        end (`to_the_end`).
        """
        deadline = time.monotonic() + timeout
        while not ready():
            if self._cancelled.is_set() and not to_the_end:
                raise ResourceCancelled("Resource creation cancelled")
            if self.engine.context.stop.is_set():
                raise ResourceCancelled("the sandbox is stopping")
            if time.monotonic() > deadline:
                raise ResourceError(
                    self.handler_message(f"Exceeded attempts to wait for {what}", "NotStabilized")
                )
            pause = self.engine.context.stop if to_the_end else self._cancelled
            pause.wait(0.1 if self.fast else 0.5)

    # -- service calls -------------------------------------------------------------
    def invoke(self, service: str, operation: str, /, **params) -> dict:
        """One API call by its API name; a service error becomes the text CloudFormation shows."""
        client = self.engine.client(service, self.region, self.account)
        self._check_permission(service, operation, params)
        try:
            return getattr(client, self.engine.method(client, operation))(**params)
        except ClientError as error:
            raise self._service_error(service, client, error) from error
        except BotoCoreError as error:
            raise ResourceError(self.handler_message(str(error), "InvalidRequest")) from error

    def _check_permission(self, service: str, operation: str, params: dict) -> None:
        """What the caller of the stack's operation may not do, CloudFormation may
        not do for him.
        """
        who = self.engine.principals.get(self.stack.name)
        if not who:
            return
        made = SimpleNamespace(
            service=service,
            operation=operation,
            params=params,
            region=self.region,
            account=self.account,
            arn=who,
            role_arn="",
            protocol="query",
        )
        try:
            permissions.check_as(made, who)
        except AwsError as refused:
            raise ResourceError(
                self.handler_message(f"{refused.message} (Status Code: 403)", "AccessDenied")
            ) from refused

    def call(
        self, service: str, operation: str, properties: dict, renames: dict = None, /, **extra
    ) -> dict:
        """`invoke` with CloudFormation properties converted along the API's own input shape."""
        params = convert(service, operation, properties, renames or {})
        params.update({k: v for k, v in extra.items() if v is not None})
        return self.invoke(service, operation, **params)

    def handler_message(self, text: str, code: str) -> str:
        return (
            f'Resource handler returned message: "{text}" '
            f"(RequestToken: {self.request_token}, HandlerErrorCode: {code})"
        )

    def _service_error(self, service: str, client, error: ClientError) -> ResourceError:
        code = error.response["Error"].get("Code", "Unknown")
        text = error.response["Error"].get("Message", "")
        meta = error.response.get("ResponseMetadata", {})
        status = meta.get("HTTPStatusCode", 0)
        detail = (
            f"{text} (Service: {client.meta.service_model.service_id.replace(' ', '')}, Status "
            f"Code: {status}, Request ID: {meta.get('RequestId', '')})"
        )
        if "NotFound" in code or code in (
            "NoSuchEntity",
            "NoSuchBucket",
            "NoSuchHostedZone",
            "ParameterNotFound",
            "ResourceNotFoundException",
            "ClusterNotFoundException",
            "404",
            "NoSuchBucketPolicy",
            "NoSuchKey",
        ):
            failure = NotFound(self.handler_message(detail, "NotFound"))
        elif any(mark in code for mark in ALREADY):
            failure = ResourceError(self.handler_message(detail, "AlreadyExists"))
        elif code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
            failure = ResourceError(self.handler_message(detail, "AccessDenied"))
        elif code.startswith("Throttling") or code in (
            "RequestLimitExceeded",
            "TooManyRequestsException",
        ):
            failure = ResourceError(self.handler_message(detail, "Throttling"))
        elif "Limit" in code or "Quota" in code:
            failure = ResourceError(self.handler_message(detail, "ServiceLimitExceeded"))
        elif status >= 500:
            failure = ResourceError(self.handler_message(detail, "ServiceInternalError"))
        else:
            failure = ResourceError(self.handler_message(detail, "InvalidRequest"))
        failure.code = code
        return failure

    # -- names and tags --------------------------------------------------------------
    def name(self, limit: int = 255, lower: bool = False) -> str:
        return names.physical_name(self.stack.name, self.logical_id, limit, lower)

    def arn(self, service: str, resource: str, region: bool = True) -> str:
        return f"arn:aws:{service}:{self.region if region else ''}:{self.account}:{resource}"

    def tags(self, properties: dict, before: bool = False) -> list:
        """[{Key, Value}] of the resource, then of the stack, then CloudFormation's own."""
        name = schemas.tag_property(self.region, self.type)
        own = properties.get(name) if name else None
        merged = {}
        if schemas.system_tags(self.region, self.type):
            merged = {
                "aws:cloudformation:stack-name": self.stack.name,
                "aws:cloudformation:stack-id": self.stack.id,
                "aws:cloudformation:logical-id": self.logical_id,
            }
        for tag in (self.old_stack_tags if before else self.stack_tags) if name else []:
            merged[tag["Key"]] = tag["Value"]
        if isinstance(own, dict):
            merged.update({k: str(v) for k, v in own.items()})
        else:
            merged.update({t["Key"]: str(t["Value"]) for t in own or []})
        return [{"Key": k, "Value": v} for k, v in merged.items()]

    def tags_gone(self, old: dict, new: dict) -> list:
        """The tag keys that an update takes away."""
        kept = {t["Key"] for t in self.tags(new)}
        return [t["Key"] for t in self.tags(old, before=True) if t["Key"] not in kept]

    def tag_map(self, properties: dict) -> dict:
        return {t["Key"]: t["Value"] for t in self.tags(properties)}


def without(properties: dict, *names_: str) -> dict:
    return {k: v for k, v in properties.items() if k not in names_}


def only(properties: dict, *names_: str) -> dict:
    return {k: v for k, v in properties.items() if k in names_}


class Handler:
    """One resource type. `create` answers the physical id; `attributes` gives every GetAtt value
    (dotted names).

    `updatable`: the properties that `update` can change in place. `name_property`: given explicitly
    and unchanged when a replacement is needed, CloudFormation refuses the update.
    """

    type = ""
    name_property = None
    updatable: tuple = ()

    def create(self, call: Call, props: dict) -> str:
        raise NotImplementedError

    def update(self, call: Call, physical_id: str, old: dict, new: dict, changed: set) -> None:
        raise NotImplementedError

    def delete(self, call: Call, physical_id: str, props: dict) -> None:
        raise NotImplementedError

    def attributes(self, call: Call, physical_id: str, props: dict) -> dict:
        return {}

    def ref(self, physical_id: str, props: dict) -> str:
        return physical_id

    def snapshot(self, call: Call, physical_id: str, props: dict) -> None:
        """Taken before the delete where DeletionPolicy is Snapshot."""
        raise ResourceError(f"{self.type} takes no snapshot in this sandbox")

    def replaces(self, old: dict, new: dict, path: tuple) -> bool:
        """Whether this change of a conditionally create-only property needs a new resource."""
        return False


HANDLERS: dict = {}


def register(cls):
    """Class decorator: an instance handles its type from now on."""
    if not cls.type or cls.type in HANDLERS:
        raise ValueError(f"handler {cls.__name__}: type {cls.type!r}")
    HANDLERS[cls.type] = cls()
    return cls
