"""What the end-to-end tests share: a started sandbox, a daemon with a state folder of its own, and
the real programs.

Nothing of the caller's AWS_*, DEFANG_*, XDG_* or COMPOSE_* variables, home or running daemon
reaches a test.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from sandbox import models, nursery

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECTS = pathlib.Path(__file__).resolve().parent / "projects"
BUILD = pathlib.Path(os.environ.get("DEFANG_BUILD") or ROOT / "build/test-gcc").resolve()
DEFANGCTL, DEFANGD = BUILD / "client/defangctl", BUILD / "daemon/defangd"
REGION, ACCOUNT = "us-west-2", "123456789012"
KEY, SECRET = "AKIASANDBOXADMIN0001", "sandbox-secret-key-not-a-real-one-0001"
TERMINAL = {"SUCCEEDED", "FAILED", "ROLLED_BACK", "CANCELED"}
READS = ("Describe", "Get", "List", "Head", "BatchGet", "Filter", "Lookup", "Validate", "Estimate")


def wait_for(
    what: Callable[[], Any], seconds: float = 300.0, step: float = 0.05, why: str = ""
) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(step)
    raise AssertionError(f"nothing after {seconds} s{': ' if why else ''}{why}")


def clean_environment(home: pathlib.Path) -> dict[str, str]:
    kept = {
        name: os.environ[name]
        for name in ("PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
        if name in os.environ
    }
    return {**kept, "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC"}


class Sandbox:
    """One process that stands for AWS."""

    def __init__(self, folder: pathlib.Path, *, fast: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        state = folder / "sandbox.json"
        self._waits: set[str] = set()
        self.log = open(folder / "sandbox.log", "wb")  # noqa: SIM115 - as long as the sandbox lives
        self.process = nursery.start(
            ["--state-file", str(state), *(["--fast"] if fast else [])],
            self.log,
            clean_environment(folder),
        )
        self._clients: dict[tuple[str, str], Any] = {}
        wait_for(lambda: state.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, (folder / "sandbox.log").read_text()
        self.url = json.loads(state.read_text())["url"]

    def client(self, service: str, region: str = REGION) -> Any:
        """One for all who ask: making one costs more than what most tests ask it."""
        made = self._clients.get((service, region))
        if made is None:
            made = self._clients[service, region] = models.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=KEY,
                aws_secret_access_key=SECRET,
                aws_session_token=None,
                config=Config(
                    retries={"max_attempts": 2},
                    s3={"addressing_style": "path"},
                    inject_host_prefix=False,
                    proxies={},
                ),
            )
        return made

    def control(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            request, timeout=60
        ) as answer:
            return json.loads(answer.read())

    def mark(self) -> int:
        return int(self.control("GET", "journal?limit=1")["last"])

    def journal(
        self, since: int = 0, service: str = "", operation: str = ""
    ) -> list[dict[str, Any]]:
        return self.control(
            "GET", f"journal?since={since}&service={service}&operation={operation}"
        )["entries"]

    def operations(self, since: int = 0, service: str = "") -> list[str]:
        return [e["operation"] for e in self.journal(since, service)]

    def parameters(self) -> list[str]:
        """Names of all in Parameter Store: other tests of the sandbox have left theirs."""
        pages = self.client("ssm").get_paginator("describe_parameters").paginate()
        return [p["Name"] for page in pages for p in page["Parameters"]]

    def changes(self, since: int) -> list[str]:
        """Calls of the product that were not just reading."""
        return [
            f"{e['service']}:{e['operation']}"
            for e in self.journal(since)
            if not e["operation"].startswith(READS) and e["service"] != "sts"
        ]

    def fault(self, do: dict[str, Any], **match: Any) -> None:
        self.control(
            "POST",
            "faults",
            {
                "match": {
                    k.replace("_", "-") if k == "params_contains" else k: v
                    for k, v in match.items()
                },
                "do": do,
            },
        )

    def builds(self, **rules: Any) -> None:
        self.control("POST", "behaviour", {"builds": rules})

    def services(self, **rules: Any) -> None:
        self.control("POST", "behaviour", {"services": rules})

    def change_sets(self, **rules: Any) -> None:
        self.control("POST", "behaviour", {"change-sets": rules})

    def expire_images(self, days: float) -> dict[str, list[str]]:
        return dict(self.control("POST", "ecr-expire", {"days": days}))

    def waits(self, **seconds: float) -> None:
        named = {k.replace("_", "-"): v for k, v in seconds.items()}
        self._waits.update(named)
        self.control("POST", "waits", named)

    def calm(self) -> None:
        self.control("DELETE", "faults")
        self.control("DELETE", "behaviour")
        self.control("POST", "clock", {"offset": 0})
        self.control("POST", "waits", dict.fromkeys(self._waits))
        self._waits.clear()

    def end(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.log.close()


@dataclass
class Ran:
    """A finished defangctl."""

    arguments: list[str]
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def ok(self, code: int = 0) -> Ran:
        assert self.code == code, f"{self}\nwanted exit code {code}"
        return self

    def __str__(self) -> str:
        return (
            f"defangctl {' '.join(self.arguments)}\nexit code {self.code}\n--- stdout\n"
            f"{self.out}\n--- stderr\n{self.err}"
        )


class Place:
    """A shell's world: home, state folder, socket, environment; and the daemon in it."""

    def __init__(self, folder: pathlib.Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.state = folder / "state"
        # socket addresses hold 107 bytes; pytest's folders may be longer
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix="dfg", dir="/tmp"))
        self.environment = {
            **clean_environment(self.home),
            "DEFANG_STATE_DIR": str(self.state),
            "DEFANG_SOCKET": str(self.runtime / "s"),
            "AWS_ENDPOINT_URL": sandbox.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.daemon: subprocess.Popen[bytes] | None = None
        self.started: list[subprocess.Popen[str]] = []
        self.inside: list[str] = []  # a program that runs the client in another namespace

    @property
    def daemon_log(self) -> pathlib.Path:
        return self.folder / "defangd.log"

    def start(self) -> None:
        assert self.daemon is None or self.daemon.poll() is not None
        # The daemon's own environment has no AWS variable: callers bring them.
        environment = {k: v for k, v in self.environment.items() if not k.startswith("AWS_")}
        with open(self.daemon_log, "ab") as log:
            self.daemon = subprocess.Popen(
                [str(DEFANGD), "--log-level", "info"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd="/",
            )
        wait_for(
            lambda: (
                self.run("daemon", "status", "--no-spawn").code == 0
                or self.daemon.poll() is not None
            ),
            why="the daemon does not answer",
        )
        assert self.daemon.poll() is None, self.daemon_log.read_text()[-4000:]

    def stop(self) -> int:
        assert self.daemon
        self.daemon.send_signal(signal.SIGTERM)
        code = self.daemon.wait(timeout=60)
        self.daemon = None
        return code

    def kill(self) -> None:
        assert self.daemon
        self.daemon.kill()
        self.daemon.wait(timeout=60)
        self.daemon = None

    def env(self, more: dict[str, str | None] | None = None) -> dict[str, str]:
        merged: dict[str, str | None] = {**self.environment, **(more or {})}
        return {k: v for k, v in merged.items() if v is not None}

    def run(
        self,
        *arguments: str,
        cwd: pathlib.Path | None = None,
        env: dict[str, str | None] | None = None,
        text: str = "",
        timeout: float = 400,
    ) -> Ran:
        done = subprocess.run(
            [*self.inside, str(DEFANGCTL), *arguments],
            cwd=cwd or self.home,
            env=self.env(env),
            input=text,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            start_new_session=True,  # no terminal, also where the tests are run on one
        )
        return Ran(list(arguments), done.returncode, done.stdout, done.stderr)

    def spawn(
        self,
        *arguments: str,
        cwd: pathlib.Path | None = None,
        env: dict[str, str | None] | None = None,
        starts_daemon: bool = False,
    ) -> Following:
        """Without `starts_daemon` one that is killed comes back by the test's start() alone."""
        more = [] if starts_daemon else ["--no-spawn"]
        following = Following(self, [*arguments, *more], cwd or self.home, self.env(env))
        self.started.append(following.process)
        return following

    def events(self, deployment: str) -> list[dict[str, Any]]:
        """Of the deployment with that id, or of the latest of all."""
        which = ["--any"] if deployment == "latest" else [deployment]
        return self.run("watch", *which, "--json").lines

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.daemon and self.daemon.poll() is None:
            code = self.stop()
            assert code == 0, f"defangd ended with {code}: {self.daemon_log.read_text()[-6000:]}"
        if (self.runtime / "s").exists():
            self.run("daemon", "stop", timeout=120)  # one that a command started by itself
        shutil.rmtree(self.runtime, ignore_errors=True)
        assert (
            "AddressSanitizer" not in self.log_text() and "runtime error:" not in self.log_text()
        ), self.log_text()[-8000:]

    def log_text(self) -> str:
        return "".join(
            path.read_text(errors="replace")
            for path in (self.daemon_log, self.state / "defangd.log")
            if path.exists()
        )


class Following:
    """A defangctl that runs beside the test; its output goes to files, so that it never waits for a
    reader.
    """

    def __init__(
        self, place: Place, arguments: list[str], cwd: pathlib.Path, env: dict[str, str]
    ) -> None:
        self.arguments = arguments
        number = len(place.started)
        self.out_path, self.err_path = (
            place.folder / f"run-{number}.out",
            place.folder / f"run-{number}.err",
        )
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                [*place.inside, str(DEFANGCTL), *arguments],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                text=True,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        return self.out_path.read_text(errors="replace")

    @property
    def err(self) -> str:
        return self.err_path.read_text(errors="replace")

    def seen(self, text: str, seconds: float = 300) -> None:
        def look() -> bool:
            if text in self.out or text in self.err:
                return True
            assert self.process.poll() is None, f"ended without {text!r}: {self.result()}"
            return False

        wait_for(look, seconds, why=f"{text!r} in\n{self.out}\n{self.err}")

    def result(self, timeout: float = 400) -> Ran:
        code = self.process.wait(timeout=timeout)
        return Ran(self.arguments, code, self.out, self.err)


def check_sequence(events: list[dict[str, Any]]) -> None:
    """Numbered from 1 without gaps or repeats, and the last word is a terminal state."""
    numbers = [e["sequence"] for e in events]
    assert numbers == list(range(1, len(numbers) + 1)), numbers
    assert events[-1]["kind"] == "EVENT_STATE" and events[-1]["state"] in TERMINAL, events[-1]
    assert [e["kind"] for e in events].count("EVENT_RESULT") == 1


def result_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    return next(e["result"] for e in events if e["kind"] == "EVENT_RESULT")


def final_state(events: list[dict[str, Any]]) -> str:
    return [e["state"] for e in events if e["kind"] == "EVENT_STATE"][-1]


def copy_project(
    name: str,
    to: pathlib.Path,
    *,
    project: str | None = None,
    replace: dict[str, str] | None = None,
) -> pathlib.Path:
    """A project of tests/e2e/projects (or examples/shop) in a folder of its own, perhaps under
    another name.
    """
    source = PROJECTS / name if (PROJECTS / name).is_dir() else ROOT / "examples" / name
    shutil.copytree(source, to)
    path = to / "compose.yaml"
    text = path.read_text()
    if project:
        text = text.replace(f"name: {name}\n", f"name: {project}\n", 1)
        assert f"name: {project}\n" in text
    for old, new in (replace or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)
    return to


def project_name(prefix: str, test: str) -> str:
    """Short, and one for each test: the sandbox is shared."""
    return prefix + hashlib.sha256(test.encode()).hexdigest()[:6]


def edit(folder: pathlib.Path, old: str, new: str, name: str = "compose.yaml") -> None:
    path = folder / name
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new))


@contextlib.contextmanager
def place_at(folder: pathlib.Path, sandbox: Sandbox, *, start: bool = True) -> Iterator[Place]:
    place = Place(folder, sandbox)
    try:
        if start:
            place.start()
        yield place
    finally:
        place.end()
