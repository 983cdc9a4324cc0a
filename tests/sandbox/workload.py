"""What a container does. Images are not executed: a container here writes believable lines to its
log stream, listens (in name), becomes healthy, and ends as its command, its environment or
/_sandbox/behaviour say.

Images that matter to the product do their real work in files of their own (kaniko.py, ...); they
register with @workload.
"""

from __future__ import annotations

import re
import shlex
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from . import eventbridge

SIGTERM_EXIT = 143
WORKLOADS: list[tuple[Callable[[Container], bool], Callable[[Container], int]]] = []


def workload(
    matches: Callable[[Container], bool],
) -> Callable[[Callable[[Container], int]], Callable[[Container], int]]:
    def register(function: Callable[[Container], int]) -> Callable[[Container], int]:
        WORKLOADS.append((matches, function))
        return function

    return register


class Container:
    """One running container: its thread, its log stream, its end."""

    def __init__(
        self,
        sandbox: Any,
        task: dict[str, Any],
        definition: dict[str, Any],
        record: dict[str, Any],
        secrets: dict[str, str],
    ) -> None:
        self.sandbox, self.context = sandbox, sandbox.context
        self.task, self.definition, self.record = task, definition, record
        override = next(
            (o for o in task["overrides"]["containerOverrides"] if o["name"] == definition["name"]),
            {},
        )
        self.name = definition["name"]
        self.image = definition["image"]
        self.command: list[str] = override.get("command", definition.get("command", []))
        if not self.command and len(definition.get("entryPoint", [])) > 0:
            self.command = definition["entryPoint"]  # an entry point that takes the command's place
        self.environment = {
            e["name"]: e.get("value", "")
            for e in definition.get("environment", []) + override.get("environment", [])
        }
        self.secret_names = set(secrets)
        self.environment.update(secrets)
        self.stopping = threading.Event()
        self.ended = threading.Event()
        self.exit_code: int | None = None
        self.listening = False
        self.unhealthy = False
        self.ready_at: float | None = None
        self.healthy = True
        self._pending_lines: list[tuple[int, str]] = []

    @property
    def account(self) -> str:
        return str(self.task["_account"])

    @property
    def region(self) -> str:
        return str(self.task["_region"])

    @property
    def task_role(self) -> str | None:
        return self.task["overrides"].get("taskRoleArn") or self.task["_definition"].get(
            "taskRoleArn"
        )

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"container {self.name}", daemon=True).start()

    def _run(self) -> None:
        try:
            function = next((f for matches, f in WORKLOADS if matches(self)), service)
            self.exit_code = function(self)
        except Exception:
            traceback.print_exc()
            self.log("sandbox: the workload itself failed; see the sandbox's stderr")
            self.exit_code = 70
        self.ended.set()

    def log(self, line: str) -> None:
        configuration = self.definition.get("logConfiguration", {})
        if configuration.get("logDriver") != "awslogs":
            return
        options = configuration["options"]
        stream = f"{options['awslogs-stream-prefix']}/{self.name}/{self.task['_id']}"
        eventbridge.write(
            self.account,
            options.get("awslogs-region", self.region),
            options["awslogs-group"],
            stream,
            line or " ",
            int(self.context.now() * 1000),
        )

    def sleep(self, seconds: float) -> bool:
        """Wait; True when the container is to end."""
        return self.stopping.wait(seconds) or self.context.stop.is_set()

    def ready(self) -> None:
        self.listening = True
        self.ready_at = time.monotonic()

    def names(self) -> list[str]:
        group = self.task.get("group", "")
        return [group.removeprefix("service:"), self.task["_definition"]["family"], self.name]


def service(container: Container) -> int:
    """A long-running program, or a one-shot one if its command says so."""
    rule = container.context.behaviour.service(container.names(), container.environment)
    script = script_of(container.command)
    if script is not None and not rule:
        return run_script(container, script)
    container.log(f"{container.name}: starting {container.image}")
    names = sorted(container.environment)
    container.log(f"{container.name}: environment: {', '.join(names) if names else '(none)'}")
    if container.sleep(
        float(rule.get("start_seconds", container.context.seconds("container-start")))
    ):
        return SIGTERM_EXIT
    for line in rule.get("log", []):
        container.log(line)
    container.unhealthy = bool(rule.get("unhealthy"))
    container.healthy = rule.get("health", True)
    if "exit" in rule and not rule.get("after"):
        container.log(f"{container.name}: exiting with code {rule['exit']}")
        return int(rule["exit"])
    if runs_once(container.task) and "exit" not in rule:
        container.log(f"{container.name}: done")
        return 0
    for mapping in container.definition.get("portMappings", []):
        container.log(f"{container.name}: listening on {mapping['containerPort']}")
    container.ready()
    begun, beats = time.monotonic(), 0
    while True:
        wait = container.context.seconds("container-heartbeat")
        if "exit" in rule:
            wait = min(wait, max(0.0, begun + float(rule["after"]) - time.monotonic()))
        if container.sleep(wait):
            container.log(f"{container.name}: received SIGTERM, shutting down")
            return SIGTERM_EXIT
        if "exit" in rule and time.monotonic() - begun >= float(rule["after"]):
            container.log(f"{container.name}: exiting with code {rule['exit']}")
            return int(rule["exit"])
        beats += 1
        container.log(f"{container.name}: alive, {beats} heartbeats")


def runs_once(task: dict[str, Any]) -> bool:
    """A task of a service of ours that no ECS service keeps: a program that ends."""
    return not str(task.get("group", "")).startswith("service:") and any(
        t.get("key") == "defang:service" for t in task.get("tags", [])
    )


PIECE = re.compile(r"(echo|exit|sleep|true|false)\b")


def script_of(command: list[str]) -> list[list[str]] | None:
    """The commands of a one-shot `true`, `false`, `sleep N`, `echo …` or `sh -c "a && b; exit 3"`;
    None for any other program.
    """
    if not command:
        return None
    if (
        command[0] in ("sh", "/bin/sh", "bash", "/bin/bash")
        and len(command) == 3
        and command[1] in ("-c", "-ec")
    ):
        pieces = [p.strip() for p in re.split(r";|&&|\n", command[2]) if p.strip()]
        if pieces and all(PIECE.match(p) for p in pieces):
            try:
                return [shlex.split(p) for p in pieces]
            except ValueError:
                return None
        return None
    return [command] if command[0] in ("true", "false", "echo", "/bin/true", "/bin/false") else None


def run_script(container: Container, script: list[list[str]]) -> int:
    code = 0
    for words in script:
        name = words[0].rsplit("/", 1)[-1]
        if name == "exit":
            return int(words[1]) if len(words) > 1 else code
        if name == "echo":
            container.log(" ".join(words[1:]))
        elif name == "sleep" and container.sleep(min(float(words[1]), 30.0)):
            return SIGTERM_EXIT
        code = 1 if name == "false" else 0
        if code:
            return code
    return code
