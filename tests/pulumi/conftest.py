import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

# Begun first, one by each worker, so that none of them is what all wait for at the end; a worker
# takes a second test at once, which had better be short.
LONGEST = (
    "test_applied_changed_destroyed",
    "test_shop_killed_attached_canceled_destroyed",
    "test_life_of_a_project",
    "test_the_lock_of_a_killed_run",
)
FILES = ("test_engine", "test_cd")


def pytest_configure(config: pytest.Config) -> None:
    """Where workers run, each with sandboxes of its own: they share what takes long to load."""
    from sandbox import nursery

    if not hasattr(config, "workerinput") and config.getoption("numprocesses", None):
        nursery.begin()


def pytest_unconfigure() -> None:
    from sandbox import nursery

    nursery.end()


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list) -> None:
    """What looks at one plan is done by one worker, which makes that plan once."""
    for item in items:
        given = getattr(item, "callspec", None)
        plan = given and (given.params.get("plan") or given.params.get("name"))
        if isinstance(plan, str):
            item.add_marker(pytest.mark.xdist_group(f"plan {plan}"))
    first = [i for name in LONGEST for i in items if i.name.startswith(name)]
    rest = [i for i in items if i not in first]
    long = [i for i in rest if i.path.stem in FILES]
    short = [i for i in rest if i.path.stem not in FILES]
    items[:] = first + short[: len(LONGEST)] + long + short[len(LONGEST) :]
