"""One run of the stand-in for `pulumi` over one program, and the stack that stands behind it.

A Run reads the program (Pulumi.yaml) and the graph beside it, checks that the program holds the
whole graph and names nothing that is not there, runs its Commands (image builds) and has the
sandbox's CloudFormation make the graph. Stack events become the engine events that Pulumi prints.

What must hold: an image is built before the resources that name it, the state is written to the
backend before and after each change, and a cancel (cli.stopped) is passed on and told.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import time
from typing import Any

from sandbox.pulumi import cli
from sandbox.pulumi.cli import Backend, Failed
from sandbox.pulumi.events import Events
from sandbox.pulumi.graph import REFERENCE, as_list, references, walk

OPERATIONS = {"CREATE": "create", "UPDATE": "update", "DELETE": "delete"}


class Run:
    def __init__(self, backend: Backend) -> None:
        self.backend, self.cloud = backend, backend.session.client("cloudformation")
        self.name = f"pulumi-{backend.project}-{backend.stack}".replace("_", "-")
        self.program = cli.program()
        graph = pathlib.Path("graph.json")
        self.graph = json.loads(graph.read_text()) if graph.exists() else {}
        self.declared: dict[str, Any] = self.program.get("resources", {})
        self.events = Events(backend, {n: r["type"] for n, r in self.declared.items()})
        self.old = {r["urn"].rsplit("::", 1)[-1]: r for r in backend.resources()}
        self.stdout: dict[str, str] = {}
        self.physical: dict[str, str] = {}
        self.begun = time.time()
        self.stack_id: str | None = None
        self.seen: set[str] = {e["EventId"] for e in self.events_of()} if self.exists() else set()

    # -- the program

    def check(self) -> None:
        names = (
            set(self.declared)
            | set(self.program.get("config", {}) or {})
            | {"pulumi"}
            | set(self.program.get("variables", {}) or {})
        )
        for name in self.graph.get("Resources", {}):
            if name not in self.declared and not any(
                d.startswith(name + "_") for d in self.declared
            ):
                raise Failed(f"error: the program lacks {name} of the graph")
        for where, value in walk(
            {"resources": self.declared, "outputs": self.program.get("outputs", {})}
        ):
            for match in REFERENCE.finditer(value):
                if match.group(1) not in names:
                    raise Failed(
                        f"error: resource or variable named '{match.group(1)}' could not be "
                        f"found, in {where}"
                    )

    def images(self) -> list[str]:
        return [n for n, r in self.declared.items() if r["type"] == "command:local:Command"]

    def image_uses(self, images: list[str]) -> set[str]:
        """Resources that need one of the images, and all that need those."""
        waiting = {
            n
            for n in self.graph["Resources"]
            if any(f"${{{i}.stdout}}" in json.dumps(self.declared.get(n, {})) for i in images)
        }
        while True:
            more = {
                n
                for n, r in self.graph["Resources"].items()
                if n not in waiting
                and (
                    set(as_list(r.get("DependsOn"))) & waiting
                    or references(r.get("Properties")) & waiting
                )
            }
            if not more:
                return waiting
            waiting |= more

    def fill(self, text: str) -> str:
        def one(match: re.Match[str]) -> str:
            name, attribute = match.group(1), match.group(2) or "id"
            if name in self.stdout and attribute == "stdout":
                return self.stdout[name]
            if attribute == "family":
                return str(self.graph["Resources"][name]["Properties"]["Family"])
            if attribute in ("id", "name") and name in self.physical:
                return self.physical[name]
            raise Failed(f"error: {match.group(0)} has no value yet")

        return REFERENCE.sub(one, text).replace("$${", "${")

    def build(self, name: str) -> None:
        """command:local:Command: runs when it is new or a trigger of it changed."""
        properties, before = self.declared[name]["properties"], self.old.get(name)
        trigger = json.dumps(properties.get("triggers"))
        if before and before["inputs"].get("triggers") == trigger:
            self.stdout[name] = before["outputs"]["stdout"]
            return
        operation = "create-replacement" if before else "create"
        self.events.resource("resourcePreEvent", name, operation)
        environment = {
            **os.environ,
            **{k: self.fill(v) for k, v in properties["environment"].items()},
        }
        process = subprocess.Popen(
            ["/bin/sh", "-c", properties["create"]],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr and process.stdout
        for line in process.stderr:
            self.events.say(line.rstrip("\n"), "info#err", name)
            if cli.stopped:
                process.terminate()
        output = process.stdout.read()
        if process.wait() != 0 or cli.stopped:
            self.events.error(
                f'exit status {process.returncode}: running "{properties["create"]}"', name
            )
            self.events.resource("resOpFailedEvent", name, operation, status=0, steps=1)
            raise Failed("error: update failed", 8 if cli.stopped else 4)
        self.stdout[name] = output.strip()
        self.old[name] = self.state(name, "command", trigger)
        self.events.resource("resOutputsEvent", name, operation)

    # -- the stack behind it

    def state(self, name: str, identity: str, trigger: str = "") -> dict[str, Any]:
        outputs = {"stdout": self.stdout[name]} if name in self.stdout else {}
        template = self.graph.get("Resources", {}).get(name, {})
        if template.get("Type") == "AWS::RDS::DBInstance":
            outputs["identifier"] = identity
        inputs = {"triggers": trigger} if trigger else {}
        if name in ("aws", "command"):
            inputs["version"] = self.declared[name]["options"]["version"]
        return {
            "urn": self.events.urn(name),
            "custom": True,
            "id": identity,
            "type": self.events.types.get(name, ""),
            "inputs": inputs,
            "outputs": outputs,
        }

    def save(self, pending: list[dict[str, Any]] | None = None) -> None:
        resources = [self.state(n, n) for n in ("aws", "command") if n in self.declared]
        resources += [r for n, r in self.old.items() if "stdout" in r["outputs"]]
        resources += [self.state(n, i) for n, i in self.physical.items()]
        self.backend.write(resources, pending)

    def exists(self) -> str | None:
        try:
            stack = self.cloud.describe_stacks(StackName=self.name)["Stacks"][0]
        except self.cloud.exceptions.ClientError:
            return None
        self.stack_id = stack["StackId"]
        return str(stack["StackStatus"])

    def events_of(self) -> list[dict[str, Any]]:
        if self.stack_id is None:
            return []
        pages = self.cloud.get_paginator("describe_stack_events").paginate(
            StackName=self.stack_id
        )  # a deleted one is known by its id only
        return [e for page in pages for e in page["StackEvents"]]

    def left(self, template: dict[str, Any]) -> dict[str, Any]:
        """Pulumi leaves what its program says (retainOnDelete), not what the template says."""
        resources = {}
        for name, resource in template["Resources"].items():
            options = self.declared.get(name, {}).get("options", {})
            retained = str(resource.get("DeletionPolicy", "")).startswith("Retain")
            if retained and not options.get("retainOnDelete"):
                resource = {**resource, "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
            resources[name] = resource
        return {**template, "Resources": resources}

    def apply(self, template: dict[str, Any]) -> None:
        body, status = json.dumps(self.left(template)), self.exists()
        arguments = {
            "StackName": self.name,
            "TemplateBody": body,
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        if status and not status.endswith("_COMPLETE"):
            self.cloud.delete_stack(StackName=self.name)
            self.follow()
            status = None
        try:
            if status:
                self.cloud.update_stack(**arguments)
            else:
                self.cloud.create_stack(**arguments, OnFailure="DO_NOTHING")
        except self.cloud.exceptions.ClientError as refused:
            if "No updates are to be performed" not in str(refused):
                raise Failed(f"error: {refused}") from refused
        self.follow()

    def follow(self) -> None:
        while True:
            status = self.exists()
            events = self.events_of()
            for event in reversed(events):
                if event["EventId"] not in self.seen and event["LogicalResourceId"] != self.name:
                    self.tell(event)
                self.seen.add(event["EventId"])
            if cli.stopped and status in ("UPDATE_IN_PROGRESS",):
                self.cloud.cancel_update_stack(StackName=self.name)
            if cli.stopped and not self.events.failed:
                self.events.error("update canceled")
            if (
                status is None
                or not status.endswith("_IN_PROGRESS")
                or (cli.stopped and status == "CREATE_IN_PROGRESS")
            ):
                break
            time.sleep(0.05)
        if status:
            self.physical = {
                r["LogicalResourceId"]: r["PhysicalResourceId"]
                for page in self.cloud.get_paginator("list_stack_resources").paginate(
                    StackName=self.name
                )
                for r in page["StackResourceSummaries"]
                if r.get("PhysicalResourceId") and r["ResourceStatus"] != "DELETE_COMPLETE"
            }
        if self.events.failed:
            self.save()
            raise Failed("error: update failed", 8 if cli.stopped else 4)

    def tell(self, event: dict[str, Any]) -> None:
        verb, _, state = event["ResourceStatus"].partition("_")
        name, operation = event["LogicalResourceId"], OPERATIONS.get(verb)
        if operation is None:
            return
        if (
            state == "IN_PROGRESS"
            and not event.get("PhysicalResourceId")
            or state == "IN_PROGRESS"
            and verb != "CREATE"
        ):
            self.events.resource("resourcePreEvent", name, operation)
        elif state == "COMPLETE":
            self.events.resource("resOutputsEvent", name, operation)
        elif state == "FAILED":
            self.events.error(
                f"{operation}ing {event['ResourceType']}: "
                f"{event.get('ResourceStatusReason', 'failed')}",
                name,
            )
            self.events.resource("resOpFailedEvent", name, operation, status=0, steps=1)
