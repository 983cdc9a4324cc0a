#!/usr/bin/env python3
"""Does a real defangd grow? Hundreds of whoami and ps, and clients that hang up in mid call,
against an AWS of our own on loopback that knows no stack: afterwards it has as many files open as
before, no call left, and (without sanitizers) no more memory.

usage: growth.py DEFANGD DEFANGCTL
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DEADLINE_S = 90
WARM_UP, CALLS, HANG_UPS = 20, 100, 10
GROWTH_KIB = 2048
SKIPPED = 77

IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult>"
    "<Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>A</UserId><Account>123456789012</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
ZONES = (
    "<DescribeAvailabilityZonesResponse><availabilityZoneInfo>"
    "<item><zoneName>us-west-2a</zoneName></item><item><zoneName>us-west-2b</zoneName></item>"
    "</availabilityZoneInfo></DescribeAvailabilityZonesResponse>"
)
NO_STACK = (
    "<ErrorResponse><Error><Code>ValidationError</Code>"
    "<Message>Stack with id x does not exist</Message></Error></ErrorResponse>"
)


class Aws(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    slow = threading.Event()
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if self.slow.is_set():
            time.sleep(0.6)
        status, text = 400, NO_STACK
        if "Action=GetCallerIdentity" in body:
            status, text = 200, IDENTITY
        elif "Action=DescribeAvailabilityZones" in body:
            status, text = 200, ZONES
        self.send_response(status)
        self.send_header("content-type", "text/xml")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        # Its client hung up, so the daemon cut the call: as it should.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def is_sanitized(program):
    with open(program, "rb") as f:
        return b"__asan_init" in f.read()


class Daemon:
    def __init__(self, daemon, client, folder, port):
        self.client = client
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "DEFANG_STATE_DIR": os.path.join(folder, "state"),
            "DEFANG_SOCKET": os.path.join(folder, "socket"),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.process = subprocess.Popen([daemon, "--log-level", "error"], env=self.env)
        end = time.monotonic() + DEADLINE_S
        while self.call("daemon", "status").returncode != 0:
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit("growth: the daemon did not come up")
            time.sleep(0.05)

    def start(self, *words):
        return subprocess.Popen(
            [self.client, "--no-spawn", *words],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def call(self, *words):
        p = self.start(*words)
        out, err = p.communicate(timeout=DEADLINE_S)
        return subprocess.CompletedProcess(words, p.returncode, out, err)

    def round(self):
        who = self.call("whoami")
        if who.returncode != 0 or b"123456789012" not in who.stdout:
            raise SystemExit(f"growth: whoami failed: {who.stderr.decode()}")
        ps = self.call("ps", "-p", "shop")
        if ps.returncode != 6:
            raise SystemExit(f"growth: ps exited {ps.returncode}, not 6: {ps.stderr.decode()}")

    def hang_up(self):
        Aws.slow.set()
        p = self.start("ps", "-p", "shop")
        time.sleep(0.15)
        p.kill()
        p.communicate()
        Aws.slow.clear()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=DEADLINE_S)


def settled(pid, wanted):
    """Files of connections that end close a little later."""
    end = time.monotonic() + DEADLINE_S
    while open_files(pid) > wanted and time.monotonic() < end:
        time.sleep(0.1)
    return open_files(pid)


def run(daemon, client, folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    d = Daemon(daemon, client, folder, server.server_port)
    try:
        pid = d.process.pid
        for _ in range(WARM_UP):
            d.round()
        time.sleep(1)
        files, memory = open_files(pid), resident_kib(pid)
        for _ in range(CALLS):
            d.round()
        files_after, memory_after = settled(pid, files), resident_kib(pid)
        print(
            f"{2 * CALLS} calls: {files} files open, then {files_after}; {memory} KiB, then "
            f"{memory_after}"
        )
        assert files_after <= files, "files stay open"
        assert is_sanitized(daemon) or memory_after - memory < GROWTH_KIB, "memory grows"
        for _ in range(HANG_UPS):
            d.hang_up()
        d.round()
        files_after = settled(pid, files)
        print(f"{HANG_UPS} clients killed in mid call: {files_after} files open")
        assert files_after <= files, "a client that hung up leaves files open"
    finally:
        code = d.stop()
        server.shutdown()
    assert code == 0, f"the daemon ended with {code} (a leak, if it is sanitized)"


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    if os.geteuid() != 0:
        print(
            "growth: skipped: the daemon's /proc entries can be read by root only (PR_SET_DUMPABLE)"
        )
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        run(sys.argv[1], sys.argv[2], folder)


if __name__ == "__main__":
    main()
