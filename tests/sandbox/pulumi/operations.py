"""up, refresh, destroy and their like. Resources are made by the sandbox's CloudFormation in a stack of our own, which the product never looks at."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import time
from typing import Any, Callable

from sandbox.pulumi import cli
from sandbox.pulumi.cli import Backend, Failed

REFERENCE = re.compile(r"(?<!\$)\$\{([A-Za-z0-9_]+)(?:\.([A-Za-z0-9_.\[\]]+))?\}")
VERBS = {"+": "create", "~": "update", "-": "delete"}
OPERATIONS = {"CREATE": "create", "UPDATE": "update", "DELETE": "delete"}


class Events:
    def __init__(self, backend: Backend, types: dict[str, str]) -> None:
        self.backend, self.types, self.sequence, self.changes = backend, types, 0, {}
        self.failed: str | None = None

    def urn(self, name: str) -> str:
        return f"urn:pulumi:{self.backend.stack}::{self.backend.project}::{self.types.get(name, 'aws:unknown:Unknown')}::{name}"

    def emit(self, body: dict[str, Any]) -> None:
        print(json.dumps({"sequence": self.sequence, "timestamp": int(time.time()), **body}, separators=(",", ":")), flush=True)
        self.sequence += 1

    def resource(self, kind: str, name: str, operation: str, **more: Any) -> None:
        metadata = {"op": operation, "urn": self.urn(name), "type": self.types.get(name, "aws:unknown:Unknown"), "old": None, "new": {"inputs": {"padding": "x" * 9000}}}
        self.emit({kind: {"metadata": metadata, **more}})
        if kind == "resOutputsEvent" and operation != "same":
            self.changes[operation] = self.changes.get(operation, 0) + 1

    def say(self, text: str, severity: str, name: str = "") -> None:
        self.emit({"diagnosticEvent": {"urn": self.urn(name) if name else "", "prefix": "", "message": f"<{{%reset%}}>{text}<{{%reset%}}>\n", "color": "never", "severity": severity}})

    def error(self, text: str, name: str = "") -> None:
        self.failed = self.failed or text
        self.say(text, "error", name)

    def summary(self, begun: float) -> None:
        self.emit({"summaryEvent": {"maybeCorrupt": False, "durationSeconds": int(time.time() - begun), "resourceChanges": self.changes, "policyPacks": {}}})


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
        names = set(self.declared) | set(self.program.get("config", {}) or {}) | {"pulumi"} | set(self.program.get("variables", {}) or {})
        for name in self.graph.get("Resources", {}):
            if name not in self.declared and not any(d.startswith(name + "_") for d in self.declared):
                raise Failed(f"error: the program lacks {name} of the graph")
        for where, value in walk({"resources": self.declared, "outputs": self.program.get("outputs", {})}):
            for match in REFERENCE.finditer(value):
                if match.group(1) not in names:
                    raise Failed(f"error: resource or variable named '{match.group(1)}' could not be found, in {where}")

    def images(self) -> list[str]:
        return [n for n, r in self.declared.items() if r["type"] == "command:local:Command"]

    def image_uses(self, images: list[str]) -> set[str]:
        """Resources that need one of the images, and all that need those."""
        waiting = {n for n in self.graph["Resources"] if any(f"${{{i}.stdout}}" in json.dumps(self.declared.get(n, {})) for i in images)}
        while True:
            more = {n for n, r in self.graph["Resources"].items() if n not in waiting and
                    (set(as_list(r.get("DependsOn"))) & waiting or references(r.get("Properties")) & waiting)}
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
        environment = {**os.environ, **{k: self.fill(v) for k, v in properties["environment"].items()}}
        process = subprocess.Popen(["/bin/sh", "-c", properties["create"]], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stderr and process.stdout
        for line in process.stderr:
            self.events.say(line.rstrip("\n"), "info#err", name)
            if cli.stopped:
                process.terminate()
        output = process.stdout.read()
        if process.wait() != 0 or cli.stopped:
            self.events.error(f"exit status {process.returncode}: running \"{properties['create']}\"", name)
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
        return {"urn": self.events.urn(name), "custom": True, "id": identity, "type": self.events.types.get(name, ""), "inputs": inputs, "outputs": outputs}

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
        pages = self.cloud.get_paginator("describe_stack_events").paginate(StackName=self.stack_id)  # a deleted one is known by its id only
        return [e for page in pages for e in page["StackEvents"]]

    def apply(self, template: dict[str, Any]) -> None:
        body, status = json.dumps(template), self.exists()
        arguments = {"StackName": self.name, "TemplateBody": body, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
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
            if status is None or not status.endswith("_IN_PROGRESS") or (cli.stopped and status == "CREATE_IN_PROGRESS"):
                break
            time.sleep(0.05)
        if status:
            self.physical = {r["LogicalResourceId"]: r["PhysicalResourceId"] for page in self.cloud.get_paginator("list_stack_resources").paginate(StackName=self.name)
                             for r in page["StackResourceSummaries"] if r.get("PhysicalResourceId") and r["ResourceStatus"] != "DELETE_COMPLETE"}
        if self.events.failed:
            self.save()
            raise Failed("error: update failed", 8 if cli.stopped else 4)

    def tell(self, event: dict[str, Any]) -> None:
        verb, _, state = event["ResourceStatus"].partition("_")
        name, operation = event["LogicalResourceId"], OPERATIONS.get(verb)
        if operation is None:
            return
        if state == "IN_PROGRESS" and not event.get("PhysicalResourceId") or state == "IN_PROGRESS" and verb != "CREATE":
            self.events.resource("resourcePreEvent", name, operation)
        elif state == "COMPLETE":
            self.events.resource("resOutputsEvent", name, operation)
        elif state == "FAILED":
            self.events.error(f"{operation}ing {event['ResourceType']}: {event.get('ResourceStatusReason', 'failed')}", name)
            self.events.resource("resOpFailedEvent", name, operation, status=0, steps=1)

    # -- verbs

    def up(self) -> None:
        self.check()
        self.events.emit({"preludeEvent": {"config": {}}})
        self.save([{"type": "creating"}])
        images = self.images()
        late = [i for i in images if not (i in self.old and self.old[i]["inputs"].get("triggers") == json.dumps(self.declared[i]["properties"].get("triggers")))]
        if late and self.exists() is None:
            waiting = self.image_uses(late)
            self.apply({**self.graph, "Resources": {n: r for n, r in self.graph["Resources"].items() if n not in waiting},
                        "Outputs": {n: o for n, o in self.graph.get("Outputs", {}).items() if not references(o["Value"]) & waiting}})
        elif self.exists():
            self.follow()
        for name in images:
            self.build(name)
        self.apply(self.with_digests())
        self.save()

    def with_digests(self) -> dict[str, Any]:
        """The graph names images by tag; the program, by what a Command printed."""
        text = json.dumps(self.graph)
        for name in self.images():
            environment = self.declared[name]["properties"]["environment"]
            text = text.replace(f"{environment['IMAGE_REPOSITORY']}:{environment['IMAGE_TAG']}", f"{environment['IMAGE_REPOSITORY']}@{self.stdout[name]}")
        return json.loads(text)

    def preview(self) -> None:
        """Lines as the real one's --diff begins them; images are known by tag only, as before a build."""
        self.check()
        before = {}
        if self.exists():
            body = self.cloud.get_template(StackName=self.name)["TemplateBody"]
            before = (json.loads(body) if isinstance(body, str) else body)["Resources"]
        print(f"Previewing update ({self.backend.stack}):")
        changes = {"+": 0, "~": 0, "-": 0}
        for name in sorted({*before, *self.graph["Resources"]}):
            new, old = (without_digests(r.get(name, {}).get("Properties")) for r in (self.graph["Resources"], before))
            sign = "+" if name not in before else "-" if name not in self.graph["Resources"] else "~" if new != old else ""
            if sign:
                changes[sign] += 1
                print(f"    {sign} {self.events.types.get(name, 'aws:unknown:Unknown')}: ({VERBS[sign]}) {name}")
        print("Resources: " + ", ".join(f"{sign} {count}" for sign, count in changes.items() if count) if any(changes.values()) else "Resources: unchanged", flush=True)

    def destroy(self) -> None:
        self.events.types = {n: r["type"] for n, r in self.old.items()}
        if self.exists():
            self.follow()
            self.cloud.delete_stack(StackName=self.name)
            self.follow()
        self.backend.write([])

    def refresh(self) -> None:
        if self.exists():
            self.follow()
        self.backend.write(list(self.old.values()))


def without_digests(node: Any) -> str:
    return re.sub(r"(dkr\.ecr\.[a-z0-9.:/_-]*?)(@sha256:[0-9a-f]{64}|:[A-Za-z0-9._-]+)(?=\")", r"\1", json.dumps(node, sort_keys=True))


def as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def walk(node: Any, where: str = "") -> Any:
    if isinstance(node, str):
        yield where, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, f"{where}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from walk(value, where)


def references(node: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                found.add(value)
            elif key == "Fn::GetAtt":
                found.add(value[0] if isinstance(value, list) else value.split(".")[0])
            elif key == "Fn::Sub":
                found |= {m.split(".")[0] for m in re.findall(r"\$\{([^!][^}]*)\}", value if isinstance(value, str) else value[0])}
            found |= references(value)
    elif isinstance(node, list):
        for value in node:
            found |= references(value)
    return found


def outputs(backend: Backend) -> dict[str, str]:
    run = Run(backend)
    if run.exists() is None:
        return {}
    stack = run.cloud.describe_stacks(StackName=run.name)["Stacks"][0]
    return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}


def locked(backend: Backend, verb: Callable[[Run], None]) -> int:
    if backend.pending():
        print("warning: Attempting to deploy or update resources with pending operations from previous deployment.", flush=True)
    backend.lock()
    run = Run(backend)
    try:
        verb(run)
        run.events.summary(run.begun)
        return 0
    except Failed as failed:
        if not run.events.failed:
            run.events.error(str(failed))
        run.events.summary(run.begun)
        return failed.code
    finally:
        backend.unlock()


def run(words: list[str], options: dict[str, str], backend: Backend) -> int:
    if words[:2] == ["stack", "select"]:
        cli.stack_select(options, words[2], backend)
    elif words[:2] == ["stack", "output"]:
        print(json.dumps(outputs(backend), indent=2))
    elif words[:2] == ["stack", "rm"]:
        if backend.resources():
            raise Failed(f"error: '{backend.stack}' still has resources; removal rejected.")
        backend.s3.delete_object(Bucket=backend.bucket, Key=backend.key)
    elif words[:2] == ["state", "unprotect"]:
        print("All resources unprotected")
    elif words == ["cancel"]:
        backend.cancel()
    elif words == ["preview"]:
        Run(backend).preview()
    elif words in (["up"], ["destroy"], ["refresh"]):
        if "--yes" not in options:
            raise Failed("error: --yes or --skip-preview must be passed in to proceed when running in non-interactive mode", 2)
        return locked(backend, {"up": Run.up, "destroy": Run.destroy, "refresh": Run.refresh}[words[0]])
    else:
        raise Failed(f"error: unknown command {' '.join(words)!r} for \"pulumi\"")
    return 0
