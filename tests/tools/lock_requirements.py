#!/usr/bin/env python3
"""Writes tests/requirements.lock: all that tests/requirements.txt pulls in, pinned, with hashes.

For each Python from 3.11 on, with the hashes of all files of a release.

usage: lock_requirements.py [--upgrade]     --upgrade: the newest of what is not pinned; without it
                                            what is locked stays

The resolver (uv, pinned here) is installed into a folder that is thrown away.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

RESOLVER = "uv==0.13.9"
TESTS = pathlib.Path(__file__).resolve().parents[1]
SOURCE, LOCK = TESTS / "requirements.txt", TESTS / "requirements.lock"
HEAD = """\
# Written by tests/tools/lock_requirements.py from tests/requirements.txt, do not edit.
# What scripts/setup installs into build/venv.
"""


def main() -> int:
    if sys.argv[1:] not in ([], ["--upgrade"]):
        print(__doc__)
        return 0 if sys.argv[1:] == ["--help"] else 2
    with tempfile.TemporaryDirectory() as folder:
        python = os.path.join(folder, "venv", "bin", "python3")
        subprocess.run([sys.executable, "-m", "venv", os.path.join(folder, "venv")], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", RESOLVER], check=True)
        out = pathlib.Path(folder) / "lock"
        if LOCK.exists() and "--upgrade" not in sys.argv:
            out.write_bytes(LOCK.read_bytes())  # what it holds is kept where it still fits
        # Without the addresses of anything: where packages come from is the machine's own setting.
        options = "--universal --python-version 3.11 --generate-hashes --no-header --no-annotate"
        places = "--no-emit-index-url --no-emit-find-links --only-binary :all: --quiet"
        subprocess.run(
            [
                *(python, "-m", "uv", "pip", "compile"),
                *(*options.split(), *places.split(), "--output-file", str(out), str(SOURCE)),
                *(["--upgrade"] if "--upgrade" in sys.argv else []),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        LOCK.write_text(HEAD + out.read_text())
    print(f"{LOCK}: {sum('==' in line for line in LOCK.read_text().splitlines())} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
