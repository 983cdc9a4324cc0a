"""One running stack operation: it creates, updates, replaces and deletes the resources of one
stack.

`apply` goes through a template in dependency order, independent resources in parallel (graph.py).
For each it resolves the properties, checks them against AWS's schema, reads dynamic references and
calls the handler of the type; each step is an event. What was done is kept in `undo`, which a
rollback (lifecycle.py) reads. The order of an update is CloudFormation's: new resources and
replacements first, what is no longer wanted only in the clean-up after success.

What must hold: the physical id is recorded before a resource is ready, so that a failed one can be
deleted; a failure stops new work and lets the running end; a cancel ends every wait.
"""

import json
import threading
import time
import traceback
from dataclasses import replace

from . import diff, dynamic, graph, schemas, validate
from .errors import CfnError, NotFound, ResourceCancelled, ResourceError
from .handlers.base import HANDLERS, Call
from .model import Resource, now
from .template import deletion_policy

IN_USE = {
    "DependencyViolation",
    "ResourceInUse",
    "ResourceInUseException",
    "InvalidIPAddress.InUse",
}


class Operation:
    """Provisions resources of one stack.

    Runs in its own thread; `cancel` ends it early with a rollback.
    """

    def __init__(self, engine, stack, token):
        self.engine = engine
        self.stack = stack
        self.token = token
        self.prefix = "CREATE"
        self.cancelled = threading.Event()
        self.cancel_reason = None
        self.keep_failed = False  # DisableRollback: then nothing can be replaced
        self.superseded = False  # a DeleteStack took over: end without a word
        self.thread = None
        # logical id -> (created|updated|replaced|untouched|stuck, the Resource before)
        self.undo: dict = {}
        self.rolled_back: set = set()  # of undo: done, by this roll back or one before it
        self.not_rolled_back: set = set()  # failed in the last roll back, by themselves
        # logical id -> (the Resource wanted, changed names, tags too), of the updated
        self.changes: dict = {}
        self.no_echo: list = []

    # -- events --------------------------------------------------------------------
    def stack_status(self, status: str, reason=None) -> None:
        with self.engine.store.lock:
            self.stack.set_status(status, reason, self.token)

    def event(self, resource: Resource, status: str, reason=None, properties=None) -> None:
        text = None
        if properties is not None:
            text = json.dumps(properties, separators=(",", ":"))
            for hidden in self.no_echo:
                text = text.replace(json.dumps(hidden)[1:-1], "****")
        with self.engine.store.lock:
            resource.status, resource.reason, resource.timestamp = status, reason, now()
            self.stack.add_event(
                resource.logical_id,
                resource.type,
                resource.physical_id,
                status,
                reason,
                self.token,
                text,
            )

    def cancel(self, reason: str) -> None:
        self.cancel_reason = reason
        self.cancelled.set()

    # -- provisioning ----------------------------------------------------------------
    def apply(self, source, scope) -> list:
        """Creates, updates and replaces what `source` asks for. Answers the failures."""
        template = source.template
        active = [n for n, d in template.resources.items() if scope.active(d)]
        deps = {n: template.dependencies_of(n, active) for n in active}
        self.no_echo = [v.value for v in source.parameters if v.no_echo and v.value]

        def work(name: str) -> None:
            self._one(name, template.resources[name], source, scope, deps[name])

        return graph.run(deps, work, self.cancelled)

    def _one(self, name: str, declaration: dict, source, scope, depends: frozenset) -> None:
        current = self.stack.resources.get(name)
        wanted = Resource(
            name,
            declaration["Type"],
            metadata=declaration.get("Metadata"),
            tags=source.tags,
            deletion_policy=deletion_policy(declaration),
            update_replace_policy=declaration.get("UpdateReplacePolicy", "Delete"),
            depends=depends,
        )
        exists = current is not None and current.exists
        try:
            wanted.properties = scope.resolve(declaration.get("Properties", {}))
        except CfnError as error:
            target = current if exists else self._register(wanted)
            self.undo[name] = ("untouched", replace(current)) if exists else ("created", None)
            self.event(target, ("UPDATE" if exists else "CREATE") + "_FAILED", error.message)
            raise ResourceError(error.message) from error
        if not exists:
            self.undo[name] = ("created", None)
            there = self.stack.importing.get(name)
            if there:
                self._import(self._register(wanted), there)
            else:
                self._create(self._register(wanted))
            return
        changed = diff.paths(current.properties, wanted.properties)
        retag = current.tags != source.tags and schemas.tag_property(
            self.stack.region, current.type
        )
        if not changed and not retag:
            with self.engine.store.lock:
                current.metadata, current.depends = wanted.metadata, depends
                current.deletion_policy = wanted.deletion_policy
                current.update_replace_policy = wanted.update_replace_policy
                current.tags = source.tags
            return
        if self._must_replace(current, wanted, changed):
            if self.keep_failed:
                text = "Replacement type updates not supported on stack with disable-rollback."
                self.undo[name] = ("untouched", replace(current))
                self.event(current, "UPDATE_FAILED", text)
                raise ResourceError(text)
            self._replace(current, wanted)
        else:
            self._update(current, wanted, changed, bool(retag))

    def _register(self, resource: Resource) -> Resource:
        with self.engine.store.lock:
            self.stack.resources[resource.logical_id] = resource
        return resource

    def _must_replace(self, current: Resource, wanted: Resource, changed: list) -> bool:
        region = self.stack.region
        kind = diff.recreation(region, current.type, changed)
        if kind == diff.ALWAYS:
            return True
        handler = HANDLERS[current.type]
        return any(
            handler.replaces(current.properties, wanted.properties, path)
            for path in diff.conditional_paths(region, current.type, changed)
        )

    def _call(self, resource: Resource, started=None, cancelled=None) -> Call:
        call = Call(
            self.engine,
            self.stack,
            resource.logical_id,
            resource.type,
            cancelled or self.cancelled,
            started or (lambda physical_id: None),
            lambda text: self.event(resource, resource.status, text),
        )
        call.stack_tags = resource.tags
        return call

    def _checked(self, resource: Resource) -> dict:
        """The properties ready for the service: validated, dynamic references read."""
        region = self.stack.region
        found = validate.problems(region, resource.type, resource.properties)
        if found:
            raise ResourceError(validate.message(resource.logical_id, found))
        props = dynamic.resolve(
            resource.properties,
            resource.type,
            lambda service: self.engine.client(service, region, self.stack.account),
        )
        return props

    def _import(self, resource: Resource, physical_id: str) -> None:
        """Takes what is there already as it is."""
        handler = HANDLERS[resource.type]
        self.event(resource, "IMPORT_IN_PROGRESS", "Resource import started.")
        call = self._call(resource)
        with self._failing(resource, "IMPORT_FAILED"):
            props = self._checked(resource)
            call.step()
            resource.physical_id = physical_id
            resource.ref = handler.ref(physical_id, props)
            resource.attributes = handler.attributes(call, physical_id, props)
        self.event(resource, "IMPORT_COMPLETE", "Resource import completed.")

    def _create(self, resource: Resource, status: str = "CREATE") -> None:
        """Creates the physical resource; `status` is UPDATE when it replaces another."""

        def started(physical_id: str) -> None:
            resource.physical_id = physical_id
            self.event(
                resource,
                f"{status}_IN_PROGRESS",
                "Resource creation Initiated",
                resource.properties,
            )

        handler = HANDLERS[resource.type]
        if status == "CREATE":
            self.event(resource, "CREATE_IN_PROGRESS", None, resource.properties)
        call = self._call(resource, started)
        with self._failing(resource, f"{status}_FAILED"):
            props = self._checked(resource)
            call.step()
            call.started(handler.create(call, props))
            resource.ref = handler.ref(resource.physical_id, props)
            resource.attributes = handler.attributes(call, resource.physical_id, props)
        self.event(resource, f"{status}_COMPLETE", None, resource.properties)

    def _failing(self, resource: Resource, status: str):
        return _Failing(self, resource, status)

    def _replace(self, current: Resource, wanted: Resource) -> None:
        handler = HANDLERS[current.type]
        name = handler.name_property
        self.event(
            current,
            "UPDATE_IN_PROGRESS",
            "Requested update requires the creation of a new physical resource; "
            "hence creating one.",
            wanted.properties,
        )
        if (
            name
            and name in wanted.properties
            and wanted.properties[name] == current.properties.get(name)
        ):
            text = (
                "CloudFormation cannot update a stack when a custom-named resource requires "
                f"replacing. Rename {current.physical_id} and update the stack again."
            )
            self.undo[current.logical_id] = ("untouched", replace(current))
            self.event(current, "UPDATE_FAILED", text)
            raise ResourceError(text)
        self.undo[current.logical_id] = ("replaced", current)
        self._register(wanted)
        self._create(wanted, "UPDATE")

    def _update(self, current: Resource, wanted: Resource, changed: list, retag: bool) -> None:
        before = replace(current)
        names = {p[0] for p in changed}
        self.undo[current.logical_id] = ("updated", before)
        self.changes[current.logical_id] = (wanted, names, retag)
        self.event(current, "UPDATE_IN_PROGRESS", None, wanted.properties)
        with self._failing(current, "UPDATE_FAILED"):
            self._change(current, before, wanted, names, retag)
        self.event(current, "UPDATE_COMPLETE", None, wanted.properties)

    def change_back(self, current: Resource, before: Resource) -> None:
        """Undoes an update, also one that failed half-way: everything it could have touched goes
        back.
        """
        wanted, names, retag = self.changes[current.logical_id]
        self.event(current, "UPDATE_IN_PROGRESS")
        with self._failing(current, "UPDATE_FAILED"):
            self._change(current, wanted, before, names, retag, cancelled=threading.Event())
        self.event(current, "UPDATE_COMPLETE")

    def _change(
        self,
        current: Resource,
        old: Resource,
        wanted: Resource,
        names: set,
        retag: bool,
        cancelled=None,
    ) -> None:
        """Brings the physical resource of `current` from `old` to `wanted`, and its
        record with it.
        """
        handler = HANDLERS[current.type]
        tag_property = schemas.tag_property(self.stack.region, current.type)
        names = set(names)
        if retag or (tag_property and tag_property in names):
            names.discard(tag_property)
            names.add("Tags")
        stuck = sorted(names - set(handler.updatable))
        if stuck:
            raise ResourceError(
                f"the sandbox cannot change {', '.join(stuck)} of {current.type} in place"
            )
        call = self._call(wanted, cancelled=cancelled)
        call.old_stack_tags = old.tags
        props = self._checked(wanted)
        call.step()
        handler.update(call, current.physical_id, old.properties, props, names)
        with self.engine.store.lock:
            current.properties, current.tags, current.metadata = (
                wanted.properties,
                wanted.tags,
                wanted.metadata,
            )
            current.deletion_policy, current.depends = wanted.deletion_policy, wanted.depends
            current.update_replace_policy = wanted.update_replace_policy
        current.ref = handler.ref(current.physical_id, props)
        current.attributes = handler.attributes(call, current.physical_id, props)

    # -- deleting ----------------------------------------------------------------------
    def remove(self, resource: Resource, policy: str) -> None:
        """Deletes one physical resource unless `policy` keeps it."""
        if policy == "Retain":
            self.event(resource, "DELETE_SKIPPED")
            return
        if resource.physical_id is None:
            self.event(resource, "DELETE_COMPLETE")
            return
        handler = HANDLERS[resource.type]
        self.event(resource, "DELETE_IN_PROGRESS")
        if resource.stuck:
            self.event(resource, "DELETE_FAILED", resource.stuck)
            raise ResourceError(resource.stuck)
        call = self._call(resource, cancelled=threading.Event())
        with self._failing(resource, "DELETE_FAILED"):
            try:
                call.step()
                if policy == "Snapshot":
                    handler.snapshot(call, resource.physical_id, resource.properties)
                self._delete(handler, call, resource)
            except NotFound:
                pass
        self.event(resource, "DELETE_COMPLETE")

    def _delete(self, handler, call: Call, resource: Resource) -> None:
        """What another part of the account still holds is tried again for a while, as AWS's
        handlers do.
        """
        deadline = time.monotonic() + (3.0 if call.fast else 20.0)
        while True:
            try:
                handler.delete(call, resource.physical_id, resource.properties)
                return
            except ResourceError as error:
                if getattr(error, "code", "") not in IN_USE or time.monotonic() > deadline:
                    raise
            if self.engine.context.stop.wait(0.2):
                return

    def remove_all(self, resources: list, policy_of) -> list:
        """Deletes in reverse dependency order, as far as it goes.

        Answers the failures as [(resource, error)].
        """
        items = dict(enumerate(resources))
        deps = {
            i: {j for j, other in items.items() if j != i and items[i].logical_id in other.depends}
            for i in items
        }
        failed: list = []

        def work(index: int) -> None:
            blocked = {i for i, _ in failed} & deps[index]
            if blocked:
                failed.append((index, None))
                return
            try:
                self.remove(items[index], policy_of(items[index]))
            except ResourceError as error:
                failed.append((index, error))

        graph.run(deps, work, threading.Event())
        return [(items[i], e) for i, e in failed if e is not None]


class _Failing:
    """Turns any failure inside into the resource's failed event and a ResourceError."""

    def __init__(self, operation: Operation, resource: Resource, status: str):
        self.operation, self.resource, self.status = operation, resource, status

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        if error is None:
            return False
        if not isinstance(error, Exception):
            return False
        if isinstance(error, ResourceCancelled):
            text = (
                "Resource update cancelled"
                if self.status.startswith("UPDATE")
                else "Resource creation cancelled"
            )
        elif isinstance(error, (ResourceError, CfnError)):
            text = str(error)
        else:
            traceback.print_exc()
            text = f"Internal Failure: {kind.__name__}: {error}"
        self.operation.event(self.resource, self.status, text)
        if isinstance(error, ResourceError):
            return False
        raise ResourceError(text) from error
