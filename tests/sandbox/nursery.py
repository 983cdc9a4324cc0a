"""A process that has moto, the sandbox and the service models loaded, and forks a sandbox for
each that asks: loading takes seconds of processor time, which each worker would pay anew.

    nursery.begin()              in the process that starts the workers; SANDBOX_NURSERY names it
    nursery.start(arguments, …)  a sandbox, as subprocess.Popen would have started it
    nursery.end()

A sandbox of the nursery is what `python3 -m sandbox ARGUMENTS` would be: no state is made before
the fork, none is shared after it, and moto's random numbers begin anew. start() itself makes a
plain process where there is no nursery, so that one test by hand needs none.

The nursery ends with all that it started when its standard input does, which is when whoever began
it ends, however it ends. It must have no threads: only then a fork is a whole process.
"""

from __future__ import annotations

import array
import contextlib
import gc
import json
import os
import pathlib
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import IO

TESTS = pathlib.Path(__file__).resolve().parents[1]
NAME = "SANDBOX_NURSERY"
MAX_REQUEST = 64 * 1024
_begun: list[tuple[subprocess.Popen[bytes], str]] = []


# ---- those who ask ----


class Born:
    """A forked sandbox, by the part of subprocess.Popen that the tests use."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.connection, self.pid = connection, pid
        self.returncode: int | None = None

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self.connection.settimeout(timeout)
            with contextlib.suppress(BlockingIOError, TimeoutError):
                said = self.connection.recv(32)
                self.connection.close()
                # no word: the nursery itself is gone, and with it all that it started
                self.returncode = int(said) if said else -signal.SIGKILL
        return self.returncode

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(["sandbox"], timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    arguments: list[str], output: IO[bytes] | int, env: dict[str, str]
) -> Born | subprocess.Popen[bytes]:
    """`output` gets what it prints; `env` is its whole environment."""
    address = os.environ.get(NAME, "")
    if not address or "--fast" not in arguments:  # what moto reads at import is for --fast
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**env, "PYTHONPATH": str(TESTS)},
        )
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(address)
    request = json.dumps({"arguments": arguments, "env": env, "cwd": os.getcwd()}).encode()
    handed = output if isinstance(output, int) else output.fileno()
    if handed == subprocess.DEVNULL:
        with open(os.devnull, "wb") as nothing:
            socket.send_fds(connection, [request], [nothing.fileno()])
    else:
        socket.send_fds(connection, [request], [handed])
    said = connection.recv(32)
    if not said:
        raise OSError("the nursery of the sandboxes ended; what it said stands above")
    return Born(connection, int(said))


def begin() -> None:
    """One for this process and all that it starts from now on; nothing if there is one."""
    if os.environ.get(NAME):
        return
    folder = tempfile.mkdtemp(prefix="dfn", dir="/tmp")
    address = f"{folder}/s"
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(address)
    listening.listen(64)  # from here on who connects waits until all is loaded
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.nursery", str(listening.fileno())],
        stdin=subprocess.PIPE,
        pass_fds=[listening.fileno()],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    listening.close()
    os.environ[NAME] = address
    _begun.append((process, folder))


def end() -> None:
    """Of the process that began it; elsewhere nothing."""
    while _begun:
        process, folder = _begun.pop()
        os.environ.pop(NAME, None)
        assert process.stdin
        process.stdin.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


# ---- the nursery ----


def load() -> None:
    """All that a sandbox loads sooner or later and that is no state of its own."""
    from moto.backends import get_backend
    from moto.moto_server import werkzeug_app  # noqa: F401

    from . import __main__, control, parts, server, wire  # noqa: F401
    from .cloudformation import app, schemas  # noqa: F401

    parts.imports()
    for services in wire.SIGNING.values():
        for service in services:
            model = wire.model_of(service)
            if model.metadata["protocol"].startswith("rest"):
                wire.routes_of(service)
            with contextlib.suppress(ImportError, KeyError, ValueError):
                get_backend(service)  # the module: its models are made when first asked for
    gc.collect()
    gc.freeze()  # what is here for good is not to be copied by each child's collector


def child(request: dict, output: int, unwanted: list[int]) -> None:
    """Becomes a sandbox; does not return."""
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in unwanted:
            os.close(number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        sys.argv = ["sandbox", *request["arguments"]]
        from moto.moto_api._internal import mock_random

        mock_random.seed()
        from .__main__ import main

        code = main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def received(connection: socket.socket) -> tuple[dict, int] | None:
    try:
        message, ancillary, _, _ = connection.recvmsg(MAX_REQUEST, socket.CMSG_SPACE(4))
    except OSError:
        return None
    handed = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            handed.frombytes(data[:4])
    return (json.loads(message), handed[0]) if message and handed else None


class Nursery:
    def __init__(self, listening: socket.socket) -> None:
        self.listening = listening
        self.children: dict[int, socket.socket] = {}
        self.woken, waking = socket.socketpair()
        for end_of_pair in (self.woken, waking):
            end_of_pair.setblocking(False)
        self.waking = waking
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)

    def born(self) -> None:
        connection, _ = self.listening.accept()
        asked = received(connection)
        if asked is None:
            connection.close()
            return
        pid = os.fork()
        if pid == 0:
            mine = [self.listening, self.woken, self.waking, connection, *self.children.values()]
            child(*asked, [one.fileno() for one in mine])
        os.close(asked[1])
        self.children[pid] = connection
        self.tell(connection, pid)

    def tell(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):  # who asked may be gone
            connection.send(str(number).encode())

    def buried(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.woken.recv(4096)
        for pid in list(self.children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                connection = self.children.pop(pid)
                self.tell(connection, os.waitstatus_to_exitcode(status))
                connection.close()

    def run(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self.listening, selectors.EVENT_READ, self.born)
        selector.register(self.woken, selectors.EVENT_READ, self.buried)
        selector.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.data is None:
                    return  # standard input: nobody holds the other end any more
                key.data()

    def close(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            patience = time.monotonic() + 5
            while self.children and time.monotonic() < patience:
                self.buried()
                time.sleep(0.02)


def main() -> None:
    from .__main__ import prepare_environment

    prepare_environment(fast=True)
    load()
    nursery = Nursery(socket.socket(fileno=int(sys.argv[1])))
    try:
        nursery.run()
    finally:
        nursery.close()


if __name__ == "__main__":
    main()
