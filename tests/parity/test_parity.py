"""Each scenario once with the real AWS CLI v2 and once with `defangctl whoami`: identity, region,
host, calls on the way, outcome, and the caches left behind.

A difference is a bug, or stands in DIFFERENCES.md with its reason. Where the installed CLI (2.9.19)
is older than a rule, the expectation decides (`older`).
"""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import re
from collections.abc import Iterator

import pytest

from .recorder import Authority
from .runs import AWS, ROOT, AwsCli, OurDaemon, Outcome, run_aws, run_ours
from .scenario import Scenario
from .scenarios import SCENARIOS as PLAIN
from .scenarios_odd import ODD

SCENARIOS = [*PLAIN, *ODD]
ALL = {s.id: s for s in SCENARIOS}
# "- `ID` what: reason"
ACCEPTED = dict(
    re.findall(
        r"^- `(\w+)` (.+)$", (pathlib.Path(__file__).parent / "DIFFERENCES.md").read_text(), re.M
    )
)


class Results:
    def __init__(self) -> None:
        self.aws: dict[str, Outcome] = {}
        self.ours: dict[str, Outcome] = {}
        self.log = ""


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    folder, found = tmp_path_factory.mktemp("parity"), Results()
    authority = Authority(folder)
    if os.access(AWS, os.X_OK):
        with AwsCli(2) as cli, concurrent.futures.ThreadPoolExecutor(2) as pool:
            asked = {
                s.id: pool.submit(run_aws, s, authority, cli) for s in SCENARIOS if not s.older
            }
            found.aws = {name: future.result() for name, future in asked.items()}
    with OurDaemon(folder) as daemon:
        found.ours = {s.id: run_ours(s, authority, daemon) for s in SCENARIOS}
    found.log = daemon.log.read_text(errors="replace")
    assert daemon.code == 0, found.log[-6000:]
    yield found


def expectation_missed(s: Scenario, o: Outcome) -> str:
    if s.error and (o.ok or not any(part in o.err for part in s.error.split("|"))):
        return f"wanted an error with {s.error!r}, got {o.err!r}"
    if s.key and not o.ok:
        return f"wanted key {s.key}, got {o.err!r}"
    for name in ("key", "region", "host"):
        if getattr(s, name) and o.identity.get(name) != getattr(s, name):
            return f"wanted {name} {getattr(s, name)}, got {o.identity}"
    return ""


def differences(a: Outcome, b: Outcome) -> list[str]:
    """Of the AWS CLI (a) and ours (b)."""
    found = []
    if a.ok != b.ok:
        found.append(
            f"outcome: {'ok' if a.ok else a.err.strip()} / {'ok' if b.ok else b.err.strip()}"
        )
    elif a.ok and a.identity != b.identity:
        found.append(f"identity: {a.identity} / {b.identity}")
    if a.ok and b.ok and a.arn != b.arn:
        found.append(f"arn: {a.arn} / {b.arn}")
    if a.ok and b.ok and a.calls != b.calls:
        found.append(f"calls: {a.calls} / {b.calls}")
    if a.ok and b.ok and a.files != b.files:
        found.append(f"caches: {a.files} / {b.files}")
    return found


@pytest.mark.parametrize("name", ALL)
def test_scenario(results: Results, name: str) -> None:
    s, ours = ALL[name], results.ours[name]
    assert "Sanitizer" not in ours.err and "runtime error" not in ours.err, ours.err
    if not ours.ok:
        assert ours.code in (2, 3, 4), f"exit code {ours.code}: {ours.err}"
    found = [] if s.older else differences(results.aws[name], ours) if results.aws else []
    missed = expectation_missed(s, ours)
    if missed:
        found.append(f"expectation: {missed}")
    if name in ACCEPTED:
        assert found, f"{name} stands in DIFFERENCES.md, but there is none any more"
        return
    assert not found, f"{s.what}\n" + "\n".join(found)


def test_the_cli_agrees_with_the_page(results: Results) -> None:
    """The expectations themselves, measured against the installed CLI."""
    if not results.aws:
        pytest.skip(f"{AWS} is not installed: scripts/setup")
    wrong = {
        name: expectation_missed(ALL[name], o)
        for name, o in results.aws.items()
        if name not in ACCEPTED and expectation_missed(ALL[name], o)
    }
    assert not wrong, wrong


def test_no_secret_is_shown(results: Results) -> None:
    """Every planted secret has PLANTED in it; tokens of SSO and MFA are looked for by name.

    The daemon logged at debug.
    """
    assert len(results.log.splitlines()) > len(SCENARIOS) / 4
    for secret in ("PLANTED", "refreshedtok-", "IMDSTOKEN", "tok0", "filetoken"):
        assert secret not in results.log
        assert not [
            name
            for name, o in results.ours.items()
            if secret in o.out + o.err and secret != "filetoken"
        ]


def test_the_measured_scenarios_are_all_here() -> None:
    page = (
        pathlib.Path(os.environ.get("DEFANG_SHARED") or ROOT.parent / "shared")
        / "reference/aws-access.md"
    )
    if not page.exists():
        pytest.skip(f"{page} is not there")
    measured = re.findall(r"^\| ([A-Z]\d\d\w?) \|", page.read_text(), re.M)
    assert len(measured) == 64 and not set(measured) - set(ALL)


def test_enough_scenarios() -> None:
    assert len(SCENARIOS) >= 60 and len(ALL) == len(SCENARIOS)
    assert set(ACCEPTED) <= set(ALL)
