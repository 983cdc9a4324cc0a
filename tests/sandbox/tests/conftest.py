import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


def pytest_configure(config: pytest.Config) -> None:
    """Where workers run, each with sandboxes of its own: they share what takes long to load."""
    from sandbox import nursery

    if not hasattr(config, "workerinput") and config.getoption("numprocesses", None):
        nursery.begin()


def pytest_unconfigure() -> None:
    from sandbox import nursery

    nursery.end()


@pytest.fixture(scope="session")
def kit(tmp_path_factory):
    from sandbox_kit import Kit

    started = Kit(tmp_path_factory.mktemp("sandbox"))
    yield started
    assert started.end() == 0


@pytest.fixture(scope="session")
def ground(kit):
    from sandbox_kit import Ground

    return Ground(kit)


@pytest.fixture(autouse=True)
def quiet(request):
    """Faults, behaviour and clock of one test do not reach the next."""
    yield
    if "kit" in request.fixturenames:
        kit = request.getfixturevalue("kit")
        kit.control("DELETE", "faults")
        kit.control("DELETE", "behaviour")
        kit.control("POST", "clock", {"offset": 0})
