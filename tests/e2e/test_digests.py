"""compose config --resolve-image-digests against a registry on this machine: tokens, HEAD that is
not served, errors; and `resolve: digest` of deployments, with registries behind a proxy.

The registry is written here (Registry): images of its own for each way that one may answer. What
must hold: an image that has a digest is not asked for, and one that cannot be resolved fails the
command and is named.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import http.server
import json
import pathlib
import ssl
import threading
import urllib.parse
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import kit

MANIFEST = b'{"schemaVersion":2}'
DIGEST = "sha256:" + hashlib.sha256(MANIFEST).hexdigest()
OTHER = "sha256:" + "ab" * 32


class Registry(http.server.BaseHTTPRequestHandler):
    """team/open:1 is open; team/token:* wants a token; team/headless:1 serves no HEAD;
    team/closed:1 is private; the rest is not there.
    """

    protocol_version = "HTTP/1.1"
    seen: list[str] = []
    moving = OTHER

    def log_message(self, *_: object) -> None:
        """Silent."""

    def answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def challenge(self) -> None:
        here = f"http://{self.headers['Host']}/token"
        self.answer(
            401,
            {
                "WWW-Authenticate": (
                    f'Bearer realm="{here}",service="the registry",scope="repository:x:pull"'
                )
            },
        )

    def do_HEAD(self) -> None:
        self.seen.append(f"{self.command} {self.path}")
        allowed = self.headers.get("Authorization") == "Bearer sesame"
        match self.path.removeprefix("/v2/team/").split("/manifests/"):
            case ["open", "1"]:
                self.answer(200, {"Docker-Content-Digest": OTHER})
            case ["moving", "1"]:
                self.answer(200, {"Docker-Content-Digest": self.moving})
            case ["token", _]:
                self.answer(200, {"Docker-Content-Digest": DIGEST}) if allowed else self.challenge()
            case ["headless", "1"]:
                self.answer(405 if self.command == "HEAD" else 200, body=MANIFEST)
            case ["closed", "1"]:
                self.answer(401) if allowed else self.challenge()
            case _:
                self.answer(404)

    def do_GET(self) -> None:
        if not self.path.startswith("/token"):
            self.do_HEAD()
            return
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        assert asked["service"] == ["the registry"] and asked["scope"][0].startswith(
            "repository:team/"
        )
        self.answer(200, body=json.dumps({"token": "sesame"}).encode())


@pytest.fixture
def registry() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Registry.seen.clear()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_digests(place: kit.Place, tmp_path: pathlib.Path, registry: str) -> None:
    file = tmp_path / "compose.yaml"

    def resolve(image: str, code: int = 0) -> kit.Ran:
        file.write_text(f"services:\n  a: {{image: '{image}'}}\n  b: {{image: '{image}'}}\n")
        return place.run(
            "compose", "config", "--resolve-image-digests", "--images", cwd=tmp_path
        ).ok(code)

    assert resolve(f"{registry}/team/open:1").out.split() == [f"{registry}/team/open:1@{OTHER}"] * 2
    assert Registry.seen == ["HEAD /v2/team/open/manifests/1"], "one question an image"
    assert (
        resolve(f"{registry}/team/token").out.split()[0] == f"{registry}/team/token:latest@{DIGEST}"
    )
    assert (
        resolve(f"{registry}/team/headless:1").out.split()[0]
        == f"{registry}/team/headless:1@{DIGEST}"
    )
    count = len(Registry.seen)
    assert (
        resolve(f"{registry}/team/gone:1@{OTHER}").out.split()[0] == f"{registry}/team/gone@{OTHER}"
        and len(Registry.seen) == count
    )
    for image, code, words in (
        ("gone:1", 6, "has no team/gone:1"),
        ("closed:1", 3, "without a log-in"),
        ("Bad", 2, "no name of an image"),
    ):
        ran = resolve(f"{registry}/team/{image}", code)
        assert words in ran.err and "compose.yaml:2:" in ran.err and "sesame" not in ran.err
    assert "asking the registry 127.0.0.1:1 for x" in resolve("127.0.0.1:1/x", 1).err
    place.run("compose", "config", "--resolve-image-digests", "--no-interpolate", cwd=tmp_path).ok(
        2
    )


class Proxy(http.server.BaseHTTPRequestHandler):
    """Answers CONNECT itself, as ghcr.io with the certificate of the test."""

    context: ssl.SSLContext

    def log_message(self, *_: object) -> None:
        """Silent."""

    def do_CONNECT(self) -> None:
        if self.path != "ghcr.io:443":
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        with contextlib.suppress(OSError):
            inner = self.context.wrap_socket(self.connection, server_side=True)
            Registry(inner, self.client_address, self.server)
        self.close_connection = True


def certificate(path: pathlib.Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ghcr.io")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ghcr.io")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = path.with_suffix(".key")
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, private)
    return context


@pytest.fixture
def ghcr(tmp_path: pathlib.Path) -> Iterator[dict[str, str | None]]:
    """The variables with which ghcr.io is our own registry."""
    Proxy.context = certificate(tmp_path / "ghcr.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {
        "HTTPS_PROXY": f"http://127.0.0.1:{server.server_port}",
        "NO_PROXY": "127.0.0.1,localhost",
        "SSL_CERT_FILE": str(tmp_path / "ghcr.pem"),
    }
    server.shutdown()
    server.server_close()


def test_compose_63_digests_pinned_at_deploy_time(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path, ghcr: dict[str, str | None]
) -> None:
    """`resolve: digest`: the tag's digest is deployed and stays until somebody follows the tag."""
    folder = tmp_path / "pinned"
    folder.mkdir()
    file = folder / "compose.yaml"
    size = "deploy: {resources: {reservations: {memory: 512M}}}"
    text = (
        "name: pinned\nx-defang-settings: {resolve: digest}\nservices:\n"
        f"  a: {{image: 'ghcr.io/team/moving:1', {size}}}\n"
        f"  b: {{image: 'ghcr.io/team/closed:1', {size}}}\n"
    )

    def images() -> list[str]:
        cfn = sandbox.client("cloudformation")
        made = cfn.get_template(StackName="Defang-pinned-beta")["TemplateBody"]["Resources"]
        return [
            made[f"TaskDefinition{s}"]["Properties"]["ContainerDefinitions"][0]["Image"]
            for s in "AB"
        ]

    file.write_text(text)
    Registry.moving = OTHER
    said = place.run("up", cwd=folder, env=ghcr).ok().err
    assert said.count("is deployed by its tag") == 1 and "registry login" in said
    assert images() == [f"ghcr.io/team/moving@{OTHER}", "ghcr.io/team/closed:1"]

    Registry.moving = DIGEST
    assert "Nothing changed" in place.run("up", cwd=folder, env=ghcr).ok().err, "the tag moved"
    file.write_text(text.replace("moving:1',", "moving:1', pull_policy: always,"))
    plan = place.run("plan", cwd=folder, env=ghcr).ok()
    assert "TaskDefinition" in plan.out + plan.err
    place.run("up", cwd=folder, env=ghcr).ok()
    assert images()[0] == f"ghcr.io/team/moving@{DIGEST}"
    place.run("down", "--yes", cwd=folder, env=ghcr).ok()
