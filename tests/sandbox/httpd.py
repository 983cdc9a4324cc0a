"""A small threaded HTTP/1.1 server: keep-alive, chunked request bodies, one 100 Continue, and
answers that can be cut short or reset on purpose. It speaks to one function:

    serve(Request) -> Response
"""

from __future__ import annotations

import contextlib
import email.message
import http.server
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_BODY = 6 * 1024 * 1024 * 1024
IDLE_SECONDS = 120


@dataclass
class Request:
    method: str
    target: str  # as sent: path and query
    headers: email.message.Message
    body: bytes
    peer: tuple[str, int]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)


@dataclass
class Response:
    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    cut: str = ""  # "reset": no answer, RST; "truncate": half the body, then close

    def header(self, name: str) -> str:
        return next((v for k, v in self.headers if k.lower() == name.lower()), "")


class BadRequest(Exception):
    pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: Server

    def handle_expect_100(self) -> bool:
        self.send_response_only(http.HTTPStatus.CONTINUE)
        self.end_headers()
        self.wfile.flush()
        return True

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        text = self.headers.get("Content-Length", "0")
        if not text.isdigit() or int(text) > MAX_BODY:
            raise BadRequest("Content-Length")
        wanted = int(text)
        body = self.rfile.read(wanted) if wanted else b""
        if len(body) != wanted:
            raise ConnectionError("request body ended early")
        return body

    def _read_chunks(self) -> bytes:
        parts = []
        while True:
            line = self.rfile.readline(1024).strip()
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError as broken:
                raise BadRequest("chunk size") from broken
            if size == 0:
                while self.rfile.readline(8192).strip():
                    pass
                return b"".join(parts)
            parts.append(self.rfile.read(size))
            self.rfile.readline(8)

    def _serve(self) -> None:
        try:
            request = Request(
                self.command, self.path, self.headers, self._read_body(), self.client_address
            )
        except BadRequest as bad:
            self.close_connection = True
            self._answer(Response(400, f"bad request: {bad}\n".encode()))
            return
        self._answer(self.server.serve(request))

    def _answer(self, response: Response) -> None:
        if response.cut == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        # moto puts "date" and "server" into some answers itself
        self.send_response_only(response.status)
        self.send_header("Date", self.server.date())
        self.send_header("Server", "AmazonSandbox")
        bodyless = response.status in (204, 304) or response.status < 200
        length = ""
        for name, value in response.headers:
            if name.lower() == "content-length":
                length = value
            elif name.lower() not in ("date", "server", "connection", "transfer-encoding"):
                self.send_header(name, value)
        if not bodyless:
            self.send_header(
                "Content-Length",
                length if self.command == "HEAD" and length else str(len(response.body)),
            )
        if response.cut == "truncate" or self.close_connection:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and not bodyless:
            self.wfile.write(
                response.body[: len(response.body) // 2]
                if response.cut == "truncate"
                else response.body
            )
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = _serve

    def handle(self) -> None:
        # The peer left, or we cut the connection ourselves.
        with contextlib.suppress(ConnectionError, TimeoutError, ValueError, OSError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *_: object) -> None:
        pass


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self,
        address: tuple[str, int],
        serve: Callable[[Request], Response],
        date: Callable[[], str],
    ) -> None:
        self.serve = serve
        self.date = date
        super().__init__(address, Handler)

    def start(self) -> threading.Thread:
        thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="httpd", daemon=True
        )
        thread.start()
        return thread

    def handle_error(self, *_: object) -> None:
        pass
