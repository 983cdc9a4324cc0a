"""A service that refuses, and a caller's shell that asks whoami: what the tests of access share."""

from __future__ import annotations

import dataclasses
import email.utils
import http.server
import pathlib
import ssl
import threading
import time
from typing import Any

from .runs import OurDaemon

IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    "<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>A</UserId>"
    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE77", "AWS_SECRET_ACCESS_KEY": "PLANTED-env"}


class Stub(http.server.ThreadingHTTPServer):
    """STS, or a container's endpoint: what it answers to is kept, what it answers is set."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), StubHandler)
        self.port, self.seen = self.server_address[1], list[tuple[str, str]]()
        self.answer(200, IDENTITY)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def answer(self, status: int, body: str, skew_s: int = 0) -> None:
        self.status, self.body, self.skew_s = status, body, skew_s
        self.seen.clear()

    def refuse(self, code: str, message: str, status: int = 403, skew_s: int = 0) -> None:
        self.answer(
            status,
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}"
            "</Message></Error><RequestId>r-1</RequestId></ErrorResponse>",
            skew_s,
        )

    def handle_error(self, *_: object) -> None:
        """A client that does not trust us hangs up."""


class StubHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def log_message(self, *_: Any) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        return email.utils.formatdate(time.time() + self.server.skew_s, usegmt=True)

    def serve(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.path, self.headers["Host"]))
        data = self.server.body.encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = serve


@dataclasses.dataclass
class Shell:
    """A caller's world, and what whoami says in it."""

    daemon: OurDaemon
    home: pathlib.Path
    env: dict[str, str] = dataclasses.field(default_factory=dict)

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def whoami(self, *arguments: str) -> tuple[int, str]:
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "AWS_REGION": "us-west-2",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            **self.env,
        }
        done = self.daemon.run(["whoami", *arguments], self.home, env)
        said = done.stdout + done.stderr
        assert "PLANTED" not in said and "Sanitizer" not in said, said
        assert "\r" not in said and "\x1b" not in said, repr(said)
        return done.returncode, said

    def fails(self, code: int, *words: str, without: str = "") -> None:
        status, said = self.whoami()
        assert status == code, said
        for word in words:
            assert word in said, f"{word!r} is not in:\n{said}"
        assert not without or without not in said, said
