"""Names of images beside the reference (github.com/distribution/reference, ParseDockerRef): what it
takes must come to the same registry, path, tag and digest here, and what it refuses be refused.

The names are SEEDS and what small changes make of them. The reference's answers are recorded in
references.json; conformance.py --live asks it, --record writes them down.
"""

from __future__ import annotations

import json
import pathlib
import random
import subprocess

PATH = pathlib.Path(__file__).parent / "references.json"
HEX = "0123456789abcdef" * 4
COUNT = 2000

SEEDS = [
    "nginx",
    "Nginx:latest",
    "nginx:",
    "nginx:1.27-alpine",
    "nginx:V1_2.3-rc.1",
    "nginx:-x",
    "nginx:.x",
    "nginx:_x",
    "nginx:" + "a" * 128,
    "nginx:" + "a" * 129,
    "la test",
    " nginx",
    "nginx ",
    "https://example.com/x",
    "docker://nginx",
    "docker.io/nginx",
    "docker.io/library/nginx",
    "index.docker.io/nginx",
    "index.docker.io/library/nginx:1",
    "registry-1.docker.io/library/nginx",
    "library/nginx",
    "bitnami/redis:7",
    "ghcr.io/acme/app:main",
    "ghcr.io/Acme/app",
    "GHCR.IO/acme/app",
    "Acme/app",
    "ACME/app:1",
    "localhost/x",
    "localhost:5000/x",
    "localhost:5000/x:1",
    "localhost:5000",
    "LOCALHOST/x",
    "example.com",
    "example.com:443",
    "example.com/x",
    "example.com:/x",
    "example.com:99999/x",
    "example.com:80a/x",
    "example..com/x",
    "-example.com/x",
    "example-.com/x",
    "exa_mple.com/x",
    ".com/x",
    "com./x",
    "[::1]:5000/x",
    "[2001:db8::1]/x:1",
    "[::g]/x",
    "[fe80::1%eth0]:1/x",
    "127.0.0.1:5000/team/x:1",
    "123456789012.dkr.ecr.us-west-2.amazonaws.com/app:1",
    "public.ecr.aws/docker/library/nginx:1",
    "a/b/c/d/e/f",
    "a//b",
    "/a",
    "a/",
    "a",
    "",
    "a.b",
    "a.b/c",
    "a..b",
    "a-b",
    "a--b",
    "a---b",
    "a_b",
    "a__b",
    "a___b",
    "a._b",
    "a-_b",
    "-a",
    "a-",
    "_a",
    "a_",
    ".a",
    "a.",
    "x/-a",
    "x/a-",
    HEX,
    HEX + ":1",
    "x/" + HEX,
    "docker.io/" + HEX,
    HEX[:63],
    "nginx@sha256:" + HEX,
    "nginx:1@sha256:" + HEX,
    "nginx@sha256:" + HEX[:12],
    "nginx@sha256:" + HEX.upper(),
    "nginx@sha256:" + HEX + "0",
    "nginx@sha384:" + HEX + HEX[:32],
    "nginx@sha512:" + HEX + HEX,
    "nginx@sha512:" + HEX,
    "nginx@md5:" + HEX[:32],
    "nginx@" + HEX,
    "nginx@",
    "nginx:@sha256:" + HEX,
    "nginx@sha256:",
    "nginx@sha256+b64:" + HEX,
    "nginx@SHA256:" + HEX,
    "ghcr.io/x/y@sha256:" + HEX,
    "ghcr.io/x/y:tag@sha256:" + HEX,
    "a@b@sha256:" + HEX,
    "nginx:1:2",
    "nginx/x:1:2",
    "nginx#1",
    "nginx?x=1",
    "nginx\t",
    "nginx\n",
    "n\u00e4me/x",
    "\u0130mage",
    "b" * 255,
    "b" * 256,
    "b" * 247,
    "b" * 238,
    "b" * 239,
    "b" * 240,
    "x/" + "b" * 245,
    "example.com/" + "b" * 243,
    "example.com/" + "b" * 244,
    "example.com/" + "b" * 255,
    "example.com/" + "b" * 256,
    "${IMAGE}",
    "$IMAGE",
    "nginx:${TAG}",
    "user@host/x",
    "host:port/x",
    "a:b/c:d",
    "a:1/c:d",
    "UPPER.example.com/x:Y",
    "0",
    "0/0:0",
    "scratch",
    "docker.io/scratch",
    "docker.io",
    "docker.io/",
    "docker.io:443/x",
]
ALPHABET = "aB0._-/:@[] "


def names() -> list[str]:
    chance = random.Random(62)
    found = dict.fromkeys(SEEDS)
    while len(found) < COUNT:
        text = list(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 2)):
            spot = chance.randint(0, len(text))
            kind = chance.random()
            if kind < 0.5:
                text.insert(spot, chance.choice(ALPHABET))
            elif text and kind < 0.8:
                text.pop(min(spot, len(text) - 1))
            elif text:
                text[min(spot, len(text) - 1)] = chance.choice(ALPHABET)
        found["".join(text)] = None
    return list(found)


def ask(program: str, texts: list[str]) -> list[dict]:
    done = subprocess.run(
        [program, "--references"],
        input="".join(json.dumps(text) + "\n" for text in texts),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def wanted(other: dict) -> bool:
    """What the reference takes and we refuse: a first part in large letters alone ("Acme/app" would
    be asked of a host called Acme), and one with a dot and an underscore, for which it finds no
    registry at all."""
    first = other.get("registry", "")
    return not first or (first != first.lower() and not set(first) & set(".:"))


def run(tool: str, oracle: str, record: bool) -> int:
    """The number of names that come to something else here."""
    texts = names()
    if oracle:
        theirs = [{**a, "error": "yes"} if "error" in a else a for a in ask(oracle, texts)]
    else:
        book = json.loads(PATH.read_text())
        theirs = [book.get(text, {"error": "it is not recorded: --record"}) for text in texts]
    if record:
        book = dict(zip(texts, theirs, strict=True))
        PATH.write_text(json.dumps(book, indent=0, sort_keys=True) + "\n")
    failures = 0
    for text, ours, other in zip(texts, ask(tool, texts), theirs, strict=True):
        if ours == other or ("error" in ours and (other.get("error") == "yes" or wanted(other))):
            continue
        failures += 1
        print(f"FAIL {text!r}: here {ours}, by the reference {other}")
    print(f"conformance references: {len(texts) - failures} passed, {failures} failed")
    return failures
