"""Dockerfiles beside the reference (github.com/moby/buildkit, frontend/dockerfile): what it reads
must be read here, to the same stages, instructions, lines, flags, words and heredocs; what it
refuses must be refused. The same for variables in texts.

The Dockerfiles are those of dockerfiles/ and what small changes make of them. The reference's
answers are recorded in dockerfiles.json, as digests; conformance.py --live asks it (with Go:
dockerfile_oracle/), --record writes them down.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import random
import subprocess

HERE = pathlib.Path(__file__).parent
PATH = HERE / "dockerfiles.json"
COUNT = 1500
TEXTS = 1500
REFUSED = "refused"
PANICKED = "panicked"  # the reference: nothing is compared then
PIECES = [
    "\\",
    "\\\n",
    "\n",
    "\r\n",
    " ",
    "\t",
    '"',
    "'",
    "$",
    "${X:-y}",
    "${",
    "<<",
    "<<EOF",
    "<<-EOF\n",
    "EOF\n",
    "#",
    "# c\n",
    "=",
    "--",
    "--x=y ",
    "[",
    "]",
    ",",
    "FROM a\n",
    "FROM a AS B\n",
    "ARG X\n",
    "RUN ",
    "COPY a b\n",
    "ENV A=b C\n",
    "ONBUILD ",
    "ONBUILD ENV ",
    "HEALTHCHECK CMD ",
    "NONE",
    "`",
    "# escape=`\n",
    "\u00a0",
    "\u00e9",
    "\x0b",
]
VALUES = {"X": "value", "P": "/usr/local/lib:/usr/lib", "F": "a.tar.gz", "E": "", "S": "a b"}
SHAPES = [
    "$X",
    "${X}",
    "a${X}b",
    "$XY",
    "${X:-d}",
    "${N:-d}",
    "${N-d}",
    "${E:-d}",
    "${E-d}",
    "${X:+a}",
    "${E:+a}",
    "${E+a}",
    "${N:?gone}",
    "${N?}",
    "${E:?}",
    "${P#/usr}",
    "${P#*/}",
    "${P##*/}",
    "${P%/*}",
    "${P%%/*}",
    "${F%.gz}",
    "${F%%.*}",
    "${P/usr/opt}",
    "${P//usr/opt}",
    "${P/l?b/x}",
    "${P//\\//:}",
    "${F/*./x}",
    "${N:-${X:-d}}",
    "'$X'",
    '"$X"',
    '"a \\"$X\\" b"',
    "\\$X",
    "a\\ b",
    "${X",
    "${}",
    "${:X}",
    "${X:}",
    "${X:=a}",
    "${X^^}",
    "$",
    "$$",
    "$1",
    "${1}",
    "$@",
    '"unended',
    "'unended",
    "${S}",
    "${X:-'a b'}",
    '${X#"va"}',
    "${X%'e'}",
    "${P%/l\\*}",
    "<<EOF $X",
]
SMALL = "$${}:-+#%/*?\\\"' XNEPab"


def change(text: str, chance: random.Random, pieces: list[str] | str) -> str:
    spot = chance.randint(0, len(text))
    kind = chance.random()
    if kind < 0.6:
        return text[:spot] + chance.choice(pieces) + text[spot:]
    if kind < 0.8:
        return text[:spot] + text[spot + chance.randint(1, 6) :]
    other = chance.randint(0, len(text))
    return text[:spot] + text[other:]


def questions(seed: int = 0) -> list[str | dict]:
    """The Dockerfiles, and texts with variables."""
    chance = random.Random(70 + seed)
    seeds = [path.read_bytes().decode("utf-8") for path in sorted((HERE / "dockerfiles").iterdir())]
    found: dict[str, None] = dict.fromkeys(seeds)
    while len(found) < COUNT:
        text = chance.choice(seeds)
        for _ in range(chance.randint(1, 3)):
            text = change(text, chance, PIECES)
        found[text.replace("\0", "")] = None
    texts: dict[str, None] = dict.fromkeys(SHAPES)
    while len(texts) < TEXTS:
        text = chance.choice(SHAPES)
        for _ in range(chance.randint(1, 3)):
            text = change(text, chance, SMALL)
        texts[text] = None
    return [*found, *({"text": text, "env": VALUES} for text in texts)]


def ask(program: str, asked: list) -> list[dict]:
    done = subprocess.run(
        [program],
        input="".join(json.dumps(item) + "\n" for item in asked),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def as_go(answer: dict) -> dict:
    """The reference reads flags byte by byte, and so makes two letters of an é; we do not."""
    for one in answer.get("instructions", ()):
        one["flags"] = [flag.encode().decode("latin-1") for flag in one["flags"]]
    return answer


def short(answer: dict) -> str:
    if str(answer.get("error")).startswith("panic"):
        return PANICKED
    return REFUSED if answer.get("error") else digest(answer)


def run(tool: str, oracle: str, record: bool, seed: int = 0) -> int:
    """The number of questions that come to something else here."""
    asked = questions(seed)
    theirs = ask(oracle, asked) if oracle else None
    book = json.loads(PATH.read_text()) if theirs is None else {}
    failures = 0
    for item, ours, other in zip(
        asked, ask(tool, asked), theirs or [None] * len(asked), strict=True
    ):
        known = short(other) if other else book.get(digest(item), "not recorded: --record")
        book[digest(item)] = known
        if known in (short(as_go(ours)), PANICKED):
            continue
        failures += 1
        print(f"FAIL {item!r}\n  here {ours}\n  by the reference {other or known}")
    if record:
        PATH.write_text(json.dumps(book, indent=0, sort_keys=True) + "\n")
    print(f"conformance dockerfiles: {len(asked) - failures} passed, {failures} failed")
    return failures
