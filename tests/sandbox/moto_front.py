"""moto as a function: an HTTP request in, an HTTP response out, in this process.

The request is made a WSGI environment for the application of the service that wire.py recognised,
since moto would guess by host and header. moto's models are plain objects, so one request at a time
per service, but for S3, whose bodies may take long. Answers are tidied of what moto puts in for its
own use.
"""

from __future__ import annotations

import functools
import io
import re
import threading
from typing import Any
from urllib.parse import unquote_to_bytes

import moto.core.responses
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from .httpd import Request, Response
from .wire import Call

# asked at each request, and always the same
moto.core.responses.method_names_from_class = functools.cache(  # type: ignore[attr-defined]
    moto.core.responses.method_names_from_class
)
_app = DomainDispatcherApplication(create_backend_app)
_write_locks: dict[str, threading.RLock] = {}
_guard = threading.Lock()

# moto's models are plain Python objects: one writer at a time per service, except where one
# call may take long and its models are safe (S3 bodies).
UNLOCKED = {"s3"}


def lock_of(service: str) -> Any:
    with _guard:
        return _write_locks.setdefault(service, threading.RLock())


def environ_of(request: Request, call: Call, host: str) -> dict[str, Any]:
    path = unquote_to_bytes(request.path).decode("latin-1")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": request.query,
        "RAW_URI": request.target,
        "REQUEST_URI": request.target,
        "SERVER_NAME": host.partition(":")[0],
        "SERVER_PORT": host.rpartition(":")[2] if ":" in host else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.peer[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(request.body)),
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key in ("CONTENT_LENGTH", "TRANSFER_ENCODING", "USER_AGENT"):
            continue
        environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    # A body without a type would be taken for a form and lost
    environ.setdefault("CONTENT_TYPE", "application/octet-stream" if call.service == "s3" else "")
    if call.service == "s3" and environ["CONTENT_TYPE"].startswith(
        "application/x-www-form-urlencoded"
    ):
        environ["CONTENT_TYPE"] = "application/octet-stream"
    environ["HTTP_USER_AGENT"] = f"sandbox region/{call.region}"
    if call.account:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
    return environ


def ask(request: Request, call: Call, signing_name: str) -> Response:
    host = request.header("Host", "127.0.0.1")
    environ = environ_of(request, call, host)
    if call.access_key and not request.header("Authorization"):
        # presigned: moto looks only into the header to find service and region
        date = "20200101"
        environ["HTTP_AUTHORIZATION"] = (
            f"AWS4-HMAC-SHA256 Credential={call.access_key}/{date}/{call.region}/{signing_name}"
            "/aws4_request, SignedHeaders=host, Signature=0"
        )
        if call.service != "s3":
            query = "&".join(p for p in request.query.split("&") if not p.startswith("X-Amz-"))
            environ["QUERY_STRING"] = query
    started: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], _exc: Any = None) -> Any:
        started["status"] = int(status.split(" ", 1)[0])
        started["headers"] = headers
        return lambda data: None

    if call.service in UNLOCKED or not call.service:
        body = collect(_app(environ, start_response))
    else:
        with lock_of(call.service):
            body = collect(_app(environ, start_response))
    return Response(started["status"], body, tidy(started["headers"], body, call))


def collect(chunks: Any) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()


def tidy(headers: list[tuple[str, str]], body: bytes, call: Call) -> list[tuple[str, str]]:
    """moto names some JSON text/html and lets its bookkeeping (status) through."""
    kept = [
        (k, v) for k, v in headers if k.lower() not in ("status", "access-control-allow-origin")
    ]
    if call.service and call.service != "s3" and re.match(rb"\s*[\[{]", body):
        kept = [(k, v) for k, v in kept if k.lower() != "content-type"]
        kept.append(
            (
                "Content-Type",
                "application/x-amz-json-1.1" if call.protocol == "json" else "application/json",
            )
        )
    return kept
