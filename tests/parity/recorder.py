"""A recording endpoint on loopback that stands for every AWS host at once.

Reached as an HTTPS proxy (CONNECT, then TLS with a certificate made on the spot under a CA of our
own), so that a program's own choice of host is seen; and directly, as container and instance
metadata service. One recorder serves one run of one program: its journal is that run's story. What
it hands out tells who asked: role A assumed by key SRC gets the key R-A-BY-SRC.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import pathlib
import re
import ssl
import tempfile
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ACCOUNT = "123456789012"
LATER = "%Y-%m-%dT%H:%M:%SZ"


class Authority:
    """A CA for one run of the suite."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.lock, self.contexts = folder, threading.Lock(), {}
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "defang parity CA")])
        self.certificate = self._sign(self.name, self.key.public_key(), None)
        self.bundle = folder / "ca.pem"
        self.bundle.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject: x509.Name, public: Any, host: str | None) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
        )
        builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
            now + datetime.timedelta(days=2)
        )
        builder = builder.add_extension(
            x509.BasicConstraints(ca=host is None, path_length=None), critical=True
        )
        if host:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
            )
        return builder.sign(self.key, hashes.SHA256())

    def context(self, host: str) -> ssl.SSLContext:
        with self.lock:
            if host not in self.contexts:
                key = ec.generate_private_key(ec.SECP256R1())
                leaf = self._sign(
                    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:60])]),
                    key.public_key(),
                    host,
                )
                pem = leaf.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
                with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".pem") as file:
                    file.write(pem)
                    file.flush()
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(file.name)
                self.contexts[host] = context
            return self.contexts[host]


def until(seconds: float) -> str:
    return time.strftime(LATER, time.gmtime(time.time() + seconds))


def signature(authorization: str) -> tuple[str, str]:
    match = re.search(r"Credential=([^/]*)/\d+/([^/]*)/", authorization)
    return (match[1], match[2]) if match else ("", "")


class Recorder:
    def __init__(self, authority: Authority) -> None:
        self.authority, self.calls, self.identity = authority, [], {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, self))
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    # -- what each path answers: (status, content type, body)

    def answer(
        self, method: str, host: str, path: str, query: dict[str, str], headers: Any, body: bytes
    ) -> tuple[int, str, str]:
        if path.startswith("/container"):
            return self.container(host, path, headers)
        if "/latest/" in path:
            return self.metadata(method, path, headers)
        if path == "/federation/credentials":
            return self.role_credentials(host, query, headers)
        if path == "/token":
            return self.refresh(host, json.loads(body))
        return self.sts(host, dict(urllib.parse.parse_qsl(body.decode())), headers)

    def sts(self, host: str, form: dict[str, str], headers: Any) -> tuple[int, str, str]:
        key, region = signature(headers.get("Authorization", ""))
        token = headers.get("X-Amz-Security-Token", "")
        action = form.get("Action", "?")
        call = {"action": action, "host": host, "key": key, "region": region, "token": token}
        if action == "GetCallerIdentity":
            self.identity = call
            inner = (
                f"<Arn>arn:aws:iam::{ACCOUNT}:user/{key}</Arn><UserId>ID{key}</UserId><Account>"
                f"{ACCOUNT}</Account>"
            )
        else:
            names = (
                "RoleArn",
                "RoleSessionName",
                "ExternalId",
                "DurationSeconds",
                "SerialNumber",
                "TokenCode",
            )
            call["parameters"] = {
                n: re.sub(r"^botocore-session-\d+$", "botocore-session-*", form[n])
                for n in names
                if n in form
            }
            self.calls.append(call)
            role, by = form["RoleArn"].rpartition("/")[2], key or "WEB"
            inner = (
                f"<Credentials><AccessKeyId>R-{role}-BY-{by}</AccessKeyId><SecretAccessKey>"
                f"PLANTED-role</SecretAccessKey><SessionToken>PLANTED-tok-{role}</SessionToken>"
                f"<Expiration>{until(3600)}</Expiration></Credentials><AssumedRoleUser><Arn>arn:"
                f"aws:sts::1:assumed-role/{role}/s</Arn><AssumedRoleId>I:s</AssumedRoleId></"
                "AssumedRoleUser>"
            )
        return (
            200,
            "text/xml",
            (
                f"<{action}Response "
                f'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{inner}</'
                f"{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></"
                f"{action}Response>"
            ),
        )

    def role_credentials(
        self, host: str, query: dict[str, str], headers: Any
    ) -> tuple[int, str, str]:
        token = headers.get("x-amz-sso_bearer_token", "")
        self.calls.append(
            {
                "action": "GetRoleCredentials",
                "host": host,
                "token": token,
                "parameters": dict(sorted(query.items())),
            }
        )
        if token == "REVOKED":
            return (
                401,
                "application/json",
                '{"__type":"UnauthorizedException","message":"Session token not found or invalid"}',
            )
        return (
            200,
            "application/json",
            json.dumps(
                {
                    "roleCredentials": {
                        "accessKeyId": f"SSO-{query['role_name']}-{token}",
                        "secretAccessKey": "PLANTED-sso",
                        "sessionToken": "PLANTED-ssotok",
                        "expiration": int((time.time() + 3600) * 1000),
                    }
                }
            ),
        )

    def refresh(self, host: str, body: dict[str, str]) -> tuple[int, str, str]:
        self.calls.append(
            {
                "action": "CreateToken",
                "host": host,
                "parameters": {k: body.get(k) for k in ("grantType", "clientId", "refreshToken")},
            }
        )
        if body.get("refreshToken") == "USED":
            return (
                400,
                "application/json",
                '{"error":"invalid_grant","error_description":"Invalid refresh token provided"}',
            )
        return (
            200,
            "application/json",
            json.dumps(
                {
                    "accessToken": "refreshedtok",
                    "tokenType": "Bearer",
                    "expiresIn": 28800,
                    "refreshToken": "NEWREFRESH",
                }
            ),
        )

    def container(self, host: str, path: str, headers: Any) -> tuple[int, str, str]:
        token = headers.get("Authorization", "")
        self.calls.append({"action": "container", "path": path, "token": token})
        if path.endswith("/denied"):
            return 403, "application/json", '{"code":"AccessDenied","message":"no"}'
        return (
            200,
            "application/json",
            json.dumps(
                {
                    "AccessKeyId": f"CONTAINER-{token}",
                    "SecretAccessKey": "PLANTED-container",
                    "Token": "PLANTED-ctok",
                    "Expiration": until(3600),
                }
            ),
        )

    def metadata(self, method: str, path: str, headers: Any) -> tuple[int, str, str]:
        """The first part of the path says what kind of machine it is: /x-v1/latest/… knows no
        tokens.
        """
        kind, _, rest = path.partition("/latest/")
        base = "meta-data/iam/security-credentials/"
        token = headers.get("x-aws-ec2-metadata-token", "")
        if method == "PUT":
            return (403, "text/plain", "") if kind == "/x-v1" else (200, "text/plain", "IMDSTOKEN")
        if (
            rest == "meta-data/placement/availability-zone/"
            or rest == "meta-data/placement/availability-zone"
        ):
            return 200, "text/plain", "ap-south-2a"
        if kind == "/x-norole":
            return 404, "text/plain", ""
        if rest == base:
            return 200, "text/plain", "instance-role"
        ends = until(-600) if kind == "/x-old" else until(7200)
        if rest == base + "instance-role":
            return (
                200,
                "application/json",
                json.dumps(
                    {
                        "Code": "Success",
                        "Type": "AWS-HMAC",
                        "AccessKeyId": "IMDS-V2" if token else "IMDS-V1",
                        "SecretAccessKey": "PLANTED-imds",
                        "Token": "PLANTED-imdstok",
                        "Expiration": ends,
                        "LastUpdated": until(-60),
                    }
                ),
            )
        return 404, "text/plain", ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tls_host = ""

    def __init__(self, recorder: Recorder, *rest: Any) -> None:
        self.recorder = recorder
        super().__init__(*rest)

    def log_message(self, *_: Any) -> None:
        pass

    def do_CONNECT(self) -> None:
        host = self.path.rpartition(":")[0]
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.wfile.flush()
        try:
            self.connection = self.recorder.authority.context(host).wrap_socket(
                self.connection, server_side=True
            )
        except (ssl.SSLError, OSError):
            self.close_connection = True
            return
        self.rfile, self.wfile = (
            self.connection.makefile("rb", -1),
            self.connection.makefile("wb", 0),
        )
        self.tls_host, self.close_connection = host, False

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urllib.parse.urlsplit(self.path)
        host = self.tls_host or (
            "direct"
            if self.headers.get("Host", "").startswith(("127.", "localhost"))
            else self.headers.get("Host", "")
        )
        status, kind, text = self.recorder.answer(
            self.command,
            host,
            parts.path,
            dict(urllib.parse.parse_qsl(parts.query)),
            self.headers,
            body,
        )
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_HEAD = serve


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
