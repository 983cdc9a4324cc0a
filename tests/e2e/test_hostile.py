"""What is in the place of a file: pipes, sockets, devices, folders, links in a circle, bytes that
are no text. Nothing hangs and nothing crashes; what is needed is named, with the reason.
"""

from __future__ import annotations

import os
import pathlib
import socket
from collections.abc import Callable

import pytest

import kit

HEAD = "name: p\nservices:\n  web:\n    image: nginx\n"
BUILD = "name: p\nservices:\n  web:\n    build: .\n"
PLACES = {
    "compose.yaml": "",
    ".env": HEAD,
    "x.env": HEAD + "    env_file: x.env\n",
    "s": HEAD + "    secrets: [a]\nsecrets:\n  a:\n    file: ./s\n",
    "c": HEAD + "    configs: [{source: a, target: /etc/x/a}]\nconfigs:\n  a:\n    file: ./c\n",
    "Dockerfile": BUILD,
    ".dockerignore": BUILD,
    "v": HEAD + "    volumes: [./v:/v]\n",
    "o.yaml": HEAD + "    extends: {file: o.yaml, service: x}\n",
    "i.yaml": HEAD + "include: [i.yaml]\n",
    "folder": "name: p\nservices:\n  web:\n    build: {context: ./folder}\n",
}


def sock(path: pathlib.Path) -> None:
    here = pathlib.Path.cwd()
    os.chdir(path.parent)  # an address holds 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


KINDS: dict[str, Callable[[pathlib.Path], None]] = {
    "fifo": os.mkfifo,
    "socket": sock,
    "folder": pathlib.Path.mkdir,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "circle": lambda path: path.symlink_to(path.name),
    "outward": lambda path: path.symlink_to("/proc/kmsg"),
    "bytes": lambda path: path.write_bytes(b"a\xff\xfe=\x80\n\0"),
}
# what may be there, or be left out with a note
HARMLESS = {"v", ".dockerignore", ".env", "s", "c", "folder"}


@pytest.fixture(scope="module")
def alone(sandbox: kit.Sandbox, tmp_path_factory: pytest.TempPathFactory) -> kit.Place:
    with kit.place_at(tmp_path_factory.mktemp("hostile") / "p", sandbox) as place:
        yield place


@pytest.mark.parametrize("kind", KINDS)
def test_survive_hostile_files(alone: kit.Place, tmp_path: pathlib.Path, kind: str) -> None:
    for name, text in PLACES.items():
        folder = tmp_path / name.strip(".")
        folder.mkdir()
        if name != "compose.yaml":
            (folder / "compose.yaml").write_text(text)
        if name == ".dockerignore":
            (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
        KINDS[kind](folder / name)
        ran = alone.run("compose", "lint", cwd=folder, timeout=60)
        assert ran.code in (0, 1, 2, 5), (name, ran)
        said = ran.out + ran.err
        assert name in HARMLESS or ran.code != 0, (name, ran)
        assert "\x00" not in said and "\udcff" not in said, (name, ran)
    alone.run("daemon", "status", "--no-spawn").ok()


def test_survive_hostile_trees(alone: kit.Place, tmp_path: pathlib.Path) -> None:
    """A context of 5,000 levels, and one with names that are no text."""
    (tmp_path / "compose.yaml").write_text(BUILD)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / "a\nb").write_text("x")
    with open(os.fsencode(tmp_path) + b"/\xff\xfe", "w") as odd:
        odd.write("x")
    alone.run("compose", "lint", cwd=tmp_path, timeout=60).ok()

    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(5000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        ran = alone.run("compose", "lint", cwd=tmp_path, timeout=60)
        assert ran.code in (0, 2, 5), ran
        alone.run("daemon", "status", "--no-spawn").ok()
    finally:
        kit.subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)
