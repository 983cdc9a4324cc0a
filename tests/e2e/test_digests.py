"""compose config --resolve-image-digests against a registry on this machine: tokens, HEAD that is
not served, errors.

The registry is written here (Registry): images of its own for each way that one may answer. What
must hold: an image that has a digest is not asked for, and one that cannot be resolved fails the
command and is named.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import pathlib
import threading
import urllib.parse
from collections.abc import Iterator

import pytest

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
