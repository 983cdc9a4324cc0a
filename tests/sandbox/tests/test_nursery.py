"""Sandboxes that are forked (nursery.py): apart from each other, and ended like any process."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import nursery
from sandbox_kit import wait_for


@pytest.fixture(scope="module")
def nest() -> Iterator[None]:
    """That of the run, or one of our own."""
    own = nursery.NAME not in os.environ
    if own:
        nursery.begin()
    yield
    if own:
        nursery.end()


def started(folder: pathlib.Path) -> tuple[nursery.Born | subprocess.Popen[bytes], dict[str, Any]]:
    folder.mkdir()
    state = folder / "state.json"
    with (folder / "log").open("wb") as log:
        process = nursery.start(["--fast", "--state-file", str(state)], log, {"HOME": str(folder)})
    wait_for(lambda: state.exists() or process.poll() is not None)
    assert process.poll() is None, (folder / "log").read_text()
    return process, json.loads(state.read_text())


def test_two_have_nothing_in_common(nest: None, tmp_path: pathlib.Path) -> None:
    (one, first), (two, second) = started(tmp_path / "1"), started(tmp_path / "2")
    assert isinstance(one, nursery.Born) and first["pid"] == one.pid != second["pid"] == two.pid
    assert first["url"] != second["url"]
    urllib.request.urlopen(
        urllib.request.Request(
            f"{first['url']}/_sandbox/clock", data=json.dumps({"offset": 7200}).encode()
        )
    ).read()
    dates = [
        urllib.request.urlopen(f"{at['url']}/_sandbox/journal").headers["Date"]
        for at in (first, second)
    ]
    assert dates[0][:22] != dates[1][:22], "the clock of one is not that of the other"
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(0.01)
    one.terminate()
    assert one.wait(120) == one.poll() == 0 and two.poll() is None
    two.kill()
    assert two.wait(120) == -9
    two.kill()  # of one that is gone: nothing
    assert "listening on" in (tmp_path / "1" / "log").read_text()


def test_one_that_cannot_begin_says_so(nest: None, tmp_path: pathlib.Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        process = nursery.start(["--fast", "--port", "none"], log, {"HOME": str(tmp_path)})
    assert process.wait(120) == 2 and "invalid int value" in (tmp_path / "log").read_text()


def test_what_was_begun_ends_with_who_began_it(tmp_path: pathlib.Path) -> None:
    """Also when that is killed: nothing is left."""
    script = (
        "import subprocess, sys; from sandbox import nursery; nursery.begin()\n"
        "born = nursery.start(['--fast', '--state-file', sys.argv[1]], subprocess.DEVNULL, {})\n"
        "print(born.pid, flush=True); born.wait()"
    )
    env = {k: v for k, v in os.environ.items() if k != nursery.NAME}
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "state")],
        env={**env, "PYTHONPATH": str(nursery.TESTS)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists())
