"""One scenario, one program: a home folder of its own, a recorder of its own, and what came of it.

`run` writes the scenario's files into the home, gives the program the scenario's environment and
nothing else, and collects an Outcome: exit code and texts, what the recorder saw (who signed,
region, host, calls on the way) and what lies in the caches afterwards. The AWS CLI is kept loaded
in servers that fork for each command (cli_server.py), ours is the real client with one daemon for
all scenarios.

What must hold: no scenario sees the caller's AWS_* variables, files or proxies, and two never share
a home.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import tempfile
import time
from typing import Any

from .recorder import Authority, Recorder, until
from .scenario import Scenario

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("DEFANG_BUILD") or ROOT / "build/test-gcc").resolve()
DEFANGCTL, DEFANGD = BUILD / "client/defangctl", BUILD / "daemon/defangd"
AWS = "/usr/bin/aws"
PROC = """#!/bin/sh
echo '{"Version": 1, "AccessKeyId": "PROC", "SecretAccessKey": "PLANTED-proc", "SessionToken": "PLANTED-proctok"}'
"""  # noqa: E501 - a shell script


@dataclasses.dataclass
class Outcome:
    code: int
    out: str
    err: str
    identity: dict[str, str]  # of the last GetCallerIdentity: key, region, host, token
    calls: list[dict[str, Any]]  # before it, in order
    arn: str = ""
    files: dict[str, str] = dataclasses.field(default_factory=dict)  # left in the caches

    @property
    def ok(self) -> bool:
        return self.code == 0


def expand(text: str, home: pathlib.Path, port: int) -> str:
    return (
        text.replace("{PORT}", str(port)).replace("{HOME}", str(home)).replace("{SOON}", until(300))
    )


def ini(text: str, home: pathlib.Path, port: int) -> bytes:
    lines = []
    for i, part in enumerate(text.split(";")):
        line = part[1:] if i and part.startswith(" ") else part
        if match := re.fullmatch(r"keys\((\w+)\)", line):
            lines += [
                f"aws_access_key_id = {match[1]}",
                f"aws_secret_access_key = PLANTED-{match[1]}",
            ]
        else:
            lines.append(re.sub(r"^role_arn = role/", "role_arn = arn:aws:iam::1:role/", line))
    return (expand("\n".join(lines), home, port).replace("{SEMI}", ";") + "\n").encode()


def furnish(s: Scenario, home: pathlib.Path, port: int) -> None:
    files = {name: expand(text, home, port).encode() for name, text in s.files.items()}
    for name, text in ((".aws/credentials", s.cred), (".aws/config", s.conf)):
        if text:
            files[name] = ini(text, home, port)
    for name, data in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if data == b"{FIFO}":
            os.mkfifo(path)
        else:
            path.write_bytes(data)
        path.chmod(0o600)
    (home / "proc").write_text(PROC)
    (home / "proc").chmod(0o755)


def environment(s: Scenario, home: pathlib.Path, recorder: Recorder) -> dict[str, str]:
    env: dict[str, str | None] = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "HTTPS_PROXY": f"http://127.0.0.1:{recorder.port}",
        "AWS_CA_BUNDLE": str(recorder.authority.bundle),
        **s.env,
    }
    return {
        name: expand(value, home, recorder.port) for name, value in env.items() if value is not None
    }


def caches(home: pathlib.Path) -> dict[str, str]:
    """What lies in the caches, without what differs by the second."""
    found = {}
    for path in sorted(home.glob(".aws/*/cache/*.json")):
        try:
            whole = json.loads(path.read_text())
        except ValueError:
            found[str(path.relative_to(home))] = "not JSON"
            continue
        keys = whole.get("Credentials", whole)
        found[str(path.relative_to(home))] = str(keys.get("AccessKeyId") or keys.get("accessToken"))
    return found


class AwsCli:
    """The installed AWS CLI, kept loaded: `width` servers that fork for each command
    (cli_server.py).
    """

    def __init__(self, width: int) -> None:
        self.servers: queue.Queue[subprocess.Popen[str]] = queue.Queue()
        script = pathlib.Path(__file__).parent / "cli_server.py"
        interpreter = re.sub(r"^#!\s*", "", pathlib.Path(AWS).read_text().splitlines()[0]).split()
        self.links: dict[int, pathlib.Path] = {}
        for _ in range(width):
            link = pathlib.Path(tempfile.mkdtemp(prefix="dfp", dir="/tmp")) / "home"
            server = subprocess.Popen(
                [*interpreter, str(script), AWS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
                env={"PATH": "/usr/bin:/bin", "HOME": str(link), "LANG": "C.UTF-8"},
            )
            self.links[server.pid] = link
            self.servers.put(server)

    def __enter__(self) -> AwsCli:
        return self

    def __exit__(self, *_: object) -> None:
        while not self.servers.empty():
            server = self.servers.get()
            server.stdin.close()  # type: ignore[union-attr]
            server.wait(timeout=120)
            shutil.rmtree(self.links[server.pid].parent)

    def run(
        self, arguments: list[str], cwd: pathlib.Path, env: dict[str, str]
    ) -> tuple[int, str, str]:
        server = self.servers.get()
        try:
            out, err, link = cwd / "cli.out", cwd / "cli.err", self.links[server.pid]
            link.unlink(missing_ok=True)
            link.symlink_to(cwd)
            server.stdin.write(
                json.dumps(
                    {
                        "arguments": arguments,
                        "cwd": str(cwd),
                        "env": {**env, "HOME": str(link)},
                        "out": str(out),
                        "err": str(err),
                    }
                )
                + "\n"
            )  # type: ignore[union-attr]
            server.stdin.flush()  # type: ignore[union-attr]
            code = int(server.stdout.readline())  # type: ignore[union-attr]
            return code, out.read_text(), err.read_text()
        finally:
            self.servers.put(server)


Command = collections.abc.Callable[[list[str], pathlib.Path, dict[str, str]], tuple[int, str, str]]


def run(s: Scenario, authority: Authority, command: Command) -> Outcome:
    home = pathlib.Path(tempfile.mkdtemp(prefix=f"parity-{s.id}-", dir=authority.folder))
    recorder = Recorder(authority)
    try:
        furnish(s, home, recorder.port)
        code, out, err = command(list(s.args), home, environment(s, home, recorder))
        outcome = Outcome(code, out, err, recorder.identity, recorder.calls, files=caches(home))
        if code == 0:
            answer = json.loads(out)
            outcome.arn = answer.get("Arn") or answer.get("arn", "")
        return outcome
    finally:
        recorder.end()
        shutil.rmtree(home, ignore_errors=True)


def run_aws(s: Scenario, authority: Authority, cli: AwsCli) -> Outcome:
    return run(
        s,
        authority,
        lambda arguments, cwd, env: cli.run(
            ["sts", "get-caller-identity", "--output", "json", *arguments], cwd, env
        ),
    )


class OurDaemon:
    """defangd, as long as a `with` lasts; it logs at debug into `folder`."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.log, self.code = folder / "defangd.log", -1
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix="dfp", dir="/tmp"))
        self.env = {
            name: os.environ[name]
            for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
            if name in os.environ
        } | {
            "DEFANG_SOCKET": str(self.runtime / "s"),
            "DEFANG_STATE_DIR": str(folder / "state"),
        }
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [DEFANGD, "--log-level", "debug"],
                env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )

    def __enter__(self) -> OurDaemon:
        end = time.monotonic() + 120
        while self.run(["daemon", "status", "--no-spawn"], pathlib.Path("/"), {}).returncode != 0:
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.code = self.process.wait(timeout=120)
        shutil.rmtree(self.runtime, ignore_errors=True)

    def run(
        self, arguments: list[str], cwd: pathlib.Path, env: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(DEFANGCTL), *arguments],
            cwd=cwd,
            env={**env, **self.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            start_new_session=True,
        )


def run_ours(s: Scenario, authority: Authority, daemon: OurDaemon) -> Outcome:
    def command(
        arguments: list[str], cwd: pathlib.Path, env: dict[str, str]
    ) -> tuple[int, str, str]:
        done = daemon.run(["whoami", "--json", *arguments], cwd, env)
        return done.returncode, done.stdout, done.stderr

    return run(s, authority, command)
