"""One daemon and one service for all tests of access: nothing planted may be in its log."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from .access_kit import IDENTITY, Shell, Stub
from .runs import OurDaemon


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OurDaemon]:
    with OurDaemon(tmp_path_factory.mktemp("access")) as running:
        yield running
    log = running.log.read_text(errors="replace")
    assert running.code == 0, log[-6000:]
    assert "PLANTED" not in log


@pytest.fixture(scope="session")
def sts() -> Iterator[Stub]:
    stub = Stub()
    yield stub
    stub.shutdown()


@pytest.fixture
def shell(daemon: OurDaemon, sts: Stub, tmp_path: pathlib.Path) -> Shell:
    sts.answer(200, IDENTITY)
    return Shell(daemon, tmp_path, {"AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{sts.port}"})
