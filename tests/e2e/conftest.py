"""Fixtures of the end-to-end tests: one sandbox for a worker, a place (home, state folder, daemon)
for each test.

Most tests want an account in which the CD stack is made (`place`, `tiny`, `slim`); what one test
scripts into the sandbox does not reach the next (`quiet`). Without the built programs nothing runs.
"""

import pathlib
import sys
from collections.abc import Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import kit


def pytest_configure(config: pytest.Config) -> None:
    """Where workers run, each with sandboxes of its own: they share what takes long to load."""
    from sandbox import nursery

    if not hasattr(config, "workerinput") and config.getoption("numprocesses", None):
        nursery.begin()


def pytest_unconfigure() -> None:
    from sandbox import nursery

    nursery.end()


def pytest_sessionstart(session: pytest.Session) -> None:
    for program in (kit.DEFANGCTL, kit.DEFANGD):
        if not program.exists():
            pytest.exit(
                f"{program} is not there: run scripts/test e2e, or set DEFANG_BUILD to a build "
                "folder",
                returncode=2,
            )


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Sandbox]:
    started = kit.Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield started
    assert started.end() == 0


@pytest.fixture(scope="session")
def account(sandbox: kit.Sandbox, tmp_path_factory: pytest.TempPathFactory) -> kit.Sandbox:
    """The sandbox with the CD stack in place, so that only the tests about it wait for it."""
    with kit.place_at(tmp_path_factory.mktemp("bootstrap") / "p", sandbox) as place:
        place.run("cd", "bootstrap").ok()
    return sandbox


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    """Faults, behaviour, clock and waits of one test do not reach the next."""
    yield
    if "sandbox" in request.fixturenames:
        request.getfixturevalue("sandbox").calm()


@pytest.fixture
def place(account: kit.Sandbox, tmp_path: pathlib.Path) -> Iterator[kit.Place]:
    with kit.place_at(tmp_path / "p", account) as started:
        yield started


@pytest.fixture
def tiny(place: kit.Place, tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> pathlib.Path:
    """A project of one service without a port or a build, under a name of the test's own."""
    return kit.copy_project(
        "tiny", tmp_path / "tiny", project=kit.project_name("t", request.node.name)
    )


@pytest.fixture
def slim(place: kit.Place, tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> pathlib.Path:
    """A built service behind the load balancer and one from an image."""
    return kit.copy_project(
        "slim", tmp_path / "slim", project=kit.project_name("s", request.node.name)
    )
