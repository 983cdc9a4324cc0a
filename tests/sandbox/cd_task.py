"""Tasks whose image is Pulumi's: the container's command is really run, as a process with the
container's environment and the task role's credentials. `pulumi` is the real one when it is on the
path, else the stand-in of pulumi/.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from typing import Any

from .httpd import Request, Response
from .workload import Container, workload

ROOM: dict[str, Container] = {}  # by a token in the path: whose credentials and metadata these are
STOP_TIMEOUT = 30.0


def is_pulumi(image: str) -> bool:
    return image.split("@")[0].rsplit("/", 1)[-1].split(":")[0] in ("pulumi-base", "pulumi")


def serve(sandbox: Any, request: Request) -> Response | None:
    """/task/<token>/credentials and /task/<token>/metadata/task: what a container of ECS finds at
    169.254.170.2.
    """
    if not request.path.startswith("/task/"):
        return None
    _, _, token, what, *_ = request.path.split("/")
    container = ROOM.get(token)
    if container is None:
        return Response(404)
    if what == "metadata":
        return reply(
            {
                "TaskARN": container.task["taskArn"],
                "Cluster": container.task["clusterArn"],
                "Family": container.task["_definition"]["family"],
            }
        )
    if request.header("Authorization") != token:
        return Response(403)
    key = sandbox.context.keys.issue_role(container.task_role, container.task["_id"], 3600)
    return reply(
        {
            "AccessKeyId": key.access_key,
            "SecretAccessKey": key.secret,
            "Token": key.token,
            "Expiration": "2099-01-01T00:00:00Z",
            "RoleArn": container.task_role,
        }
    )


def reply(value: Any) -> Response:
    return Response(200, json.dumps(value).encode(), [("Content-Type", "application/json")])


def environment_of(container: Container, token: str, home: pathlib.Path) -> dict[str, str]:
    url = container.context.url
    path = f"{home / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        "PATH": path,
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "LC_ALL": "C.UTF-8",
        "AWS_ENDPOINT_URL": url,
        "NO_PROXY": "127.0.0.1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/task/{token}/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
        "ECS_CONTAINER_METADATA_URI_V4": f"{url}/task/{token}/metadata",
        "CD_PAUSE": "0",
        "IMAGE_PAUSE": "0.1",
        "SANDBOX_PULUMI_RULES": str(home / "rules"),
        **container.environment,
    }


def furnish(home: pathlib.Path, rule: dict[str, Any]) -> None:
    (home / "bin").mkdir()
    (home / "tmp").mkdir()
    (home / "rules").write_text(" ".join(rule.get("pulumi", [])))
    if shutil.which("pulumi"):
        return
    tests = pathlib.Path(__file__).resolve().parents[1]
    wrapper = home / "bin" / "pulumi"
    wrapper.write_text(
        f'#!/bin/sh\nPYTHONPATH="{tests}" PYTHONDONTWRITEBYTECODE=1 exec "{sys.executable}" -m '
        'sandbox.pulumi.cli "$@"\n'
    )
    wrapper.chmod(0o755)


def wait(container: Container, process: subprocess.Popen[str]) -> int:
    while process.poll() is None:
        if container.sleep(0.05):
            process.send_signal(signal.SIGTERM)
            try:
                return process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def read(
    container: Container, process: subprocess.Popen[str], when: str | None, due: threading.Event
) -> None:
    for line in process.stdout or ():
        container.log(line.rstrip("\n"))
        if when and when in line:
            due.set()


@workload(lambda container: is_pulumi(container.image))
def cd_task(container: Container) -> int:
    rule = container.context.behaviour.service(container.names(), container.environment)
    token, home = secrets.token_urlsafe(24), pathlib.Path(tempfile.mkdtemp(prefix="cd-task-"))
    ROOM[token] = container
    try:
        furnish(home, rule)
        arguments = [*container.definition.get("entryPoint", []), *container.command]
        process = subprocess.Popen(
            arguments,
            env=environment_of(container, token, home),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        due = threading.Event()
        reader = threading.Thread(
            target=read, args=(container, process, rule.get("when"), due), daemon=True
        )
        reader.start()
        if "exit" in rule:  # killed from outside: out of memory, Spot
            while not due.wait(0.02) and process.poll() is None and not container.stopping.is_set():
                pass
            container.sleep(float(rule.get("after", 0)))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return int(rule["exit"])
        code = wait(container, process)
        reader.join(5)
        return code if code >= 0 else 128 - code
    finally:
        ROOM.pop(token, None)
        shutil.rmtree(home, ignore_errors=True)
