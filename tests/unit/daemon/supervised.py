#!/usr/bin/env python3
"""Runs a real defangd the way systemd would: a passed socket, NOTIFY_SOCKET, WATCHDOG_USEC; and
without systemd: kill, restart, a second daemon.

usage: supervised.py DEFANGD

It speaks to the daemon in bytes put together here (frames, protobuf fields), not by our client's
code. What must hold: READY after the start, WATCHDOG while it lives, STOPPING before it ends; a
socket that a killed daemon left is replaced; a client that never reads does not hold up the end.
"""

import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

DEADLINE_S = 90


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def frame(call, number, body):
    message = (field(1, call) if call else b"") + field(number, body)
    return struct.pack(">I", len(message)) + message


HELLO = frame(0, 2, field(1, 1) + field(2, 1) + field(3, b"supervised.py"))
STATUS = frame(1, 3, field(1, b"daemon-status"))


def receive(connection):
    def exactly(n):
        data = b""
        while len(data) < n:
            part = connection.recv(n - len(data))
            if not part:
                raise EOFError("the daemon closed the connection")
            data += part
        return data

    return exactly(struct.unpack(">I", exactly(4))[0])


def ask(path):
    """Hello and one call; returns the status reply's bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(DEADLINE_S)
        connection.connect(path)
        connection.sendall(HELLO + STATUS)
        assert b"defangd" in receive(connection)
        reply = receive(connection)
        assert reply[:2] == b"\x08\x01" and reply[2] == 4 << 3 | 2, reply
        return reply


class Place:
    """A state folder, a socket path and an environment of their own."""

    def __init__(self, defangd, folder):
        self.defangd = defangd
        self.children = []
        self.state = os.path.join(folder, "state")
        self.socket = os.path.join(folder, "run", "defangd.sock")
        os.mkdir(os.path.dirname(self.socket), 0o700)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "DEFANG_STATE_DIR": self.state,
            "DEFANG_SOCKET": self.socket,
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def start(self):
        child = subprocess.Popen([self.defangd], env=self.env, stderr=subprocess.PIPE)
        self.children.append(child)
        until = time.monotonic() + DEADLINE_S
        while True:
            try:
                ask(self.socket)
                return child
            except (FileNotFoundError, ConnectionRefusedError):
                assert child.poll() is None, child.stderr.read().decode()
                assert time.monotonic() < until, "defangd did not listen"
                time.sleep(0.01)


def end(child, how=signal.SIGTERM):
    child.send_signal(how)
    _, said = child.communicate(timeout=DEADLINE_S)
    assert how == signal.SIGKILL or child.returncode == 0, (child.returncode, said.decode())


def test_supervised(place):
    """READY after start, WATCHDOG while it lives, STOPPING before it ends; the passed socket is
    served and left in place.
    """
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.settimeout(DEADLINE_S)
    notify = os.path.join(os.path.dirname(place.socket), "notify")
    manager.bind(notify)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place.socket)
    listener.listen(16)
    env = dict(place.env, NOTIFY_SOCKET=notify, LISTEN_FDS="1", WATCHDOG_USEC="200000")

    def hand_over():
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)

    # The shell becomes defangd, so its pid is the one that LISTEN_PID must name.
    child = subprocess.Popen(
        ["/bin/sh", "-c", 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$0"', place.defangd],
        env=env,
        close_fds=False,
        preexec_fn=hand_over,
        stderr=subprocess.PIPE,
    )
    place.children.append(child)
    listener.close()
    said = [manager.recv(512)]
    while said[-1] != b"READY=1":
        said.append(manager.recv(512))
    assert b"\x0a" in ask(place.socket)
    alive = sum(manager.recv(512) == b"WATCHDOG=1" for _ in range(5))
    assert alive >= 3, "no watchdog"
    end(child)
    manager.settimeout(0.5)
    last = []
    try:
        while True:
            last.append(manager.recv(512))
    except TimeoutError:
        pass
    assert b"STOPPING=1" in last, last
    assert stat.S_ISSOCK(os.lstat(place.socket).st_mode)
    manager.close()
    os.unlink(place.socket)


def test_restarts(place):
    """Ended, it removes its socket; killed, it leaves one that the next replaces.

    One daemon holds a state folder.
    """
    child = place.start()
    assert stat.S_IMODE(os.lstat(place.socket).st_mode) == 0o600
    assert stat.S_IMODE(os.lstat(place.state).st_mode) == 0o700
    second = subprocess.run(
        [place.defangd],
        env=dict(place.env, DEFANG_SOCKET=place.socket + "2"),
        stderr=subprocess.PIPE,
        timeout=DEADLINE_S,
    )
    assert second.returncode == 5 and b"another defangd (pid %d)" % child.pid in second.stderr, (
        second
    )
    other = subprocess.run(
        [place.defangd],
        env=dict(place.env, DEFANG_STATE_DIR=place.state + "2"),
        stderr=subprocess.PIPE,
        timeout=DEADLINE_S,
    )
    assert other.returncode == 5 and b"another daemon serves" in other.stderr, other
    end(child, signal.SIGKILL)
    assert os.path.exists(place.socket)
    child = place.start()
    end(child)
    assert not os.path.exists(place.socket)


def test_ends_in_time(place):
    """A client that never reads and one that never says hello do not hold up the end."""
    child = place.start()
    silent, stuck = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    silent.connect(place.socket)
    stuck.connect(place.socket)
    stuck.sendall(HELLO + b"".join(frame(i, 3, field(1, b"daemon-status")) for i in range(1, 500)))
    before = time.monotonic()
    end(child)
    assert time.monotonic() - before < 5
    silent.close()
    stuck.close()


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if len(sys.argv) == 2 else 2
    tests = [test_supervised, test_restarts, test_ends_in_time]
    for test in tests:
        with tempfile.TemporaryDirectory(prefix="defangd-") as folder:
            place = Place(os.path.abspath(sys.argv[1]), folder)
            try:
                test(place)
            finally:
                for child in place.children:
                    child.kill()
                    child.wait()
            print("ok", test.__name__)
    print(f"{len(tests)} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
