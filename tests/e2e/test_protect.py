"""What holds data is not lost by accident."""

from __future__ import annotations

import pathlib
from typing import Any

import kit


def databases(sandbox: kit.Sandbox, project: str) -> list[dict[str, Any]]:
    found = sandbox.client("rds").describe_db_instances()["DBInstances"]
    return [d for d in found if project in d["DBInstanceIdentifier"]]


def snapshots(sandbox: kit.Sandbox) -> list[str]:
    found = sandbox.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    return [s["DBSnapshotIdentifier"] for s in found]


def by_cloudformation(sandbox: kit.Sandbox, since: int) -> list[dict[str, Any]]:
    """Calls that CloudFormation made, and the product's own."""
    return sandbox.control("GET", f"journal?since={since}&internal=1")["entries"]


def test_trust_22_a_first_deployment_that_fails_leaves_nothing(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    """And the next one goes through; 24 and 21 go on with it."""
    folder = kit.copy_project("kept", tmp_path / "kept")
    place.run("config", "set", "DB_PASSWORD=first-s3cret", cwd=folder).ok()
    sandbox.waits(rds_create=2)
    sandbox.fault(
        {"error": {"code": "AddressLimitExceeded", "status": 400}},
        service="ec2",
        operation="AllocateAddress",
        internal=True,
    )
    failed = place.run("up", "--mode", "high_availability", cwd=folder)
    assert failed.code in (4, 10), failed
    assert databases(sandbox, "kept") == [] and snapshots(sandbox) == []

    sandbox.calm()
    mark = sandbox.mark()
    place.run("up", "--mode", "high_availability", cwd=folder).ok()
    assert databases(sandbox, "kept")[0]["DeletionProtection"]
    order = [f"{e['service']}:{e['operation']}" for e in by_cloudformation(sandbox, mark)]
    assert order.index("ecs:CreateService") < order.index("rds:ModifyDBInstance")
    again = place.run("up", "--mode", "high_availability", cwd=folder).ok()
    assert "nothing to change" in again.err, again

    place.run("config", "rm", "DB_PASSWORD", cwd=folder).ok()
    place.run("config", "set", "DB_PASSWORD=second-s3cret", cwd=folder).ok()
    same = place.run("config", "set", "DB_PASSWORD=second-s3cret", cwd=folder).ok()
    assert "has this value already" in same.err
    mark = sandbox.mark()
    place.run("up", "--mode", "high_availability", cwd=folder).ok()
    given = [e for e in by_cloudformation(sandbox, mark) if e["operation"] == "ModifyDBInstance"]
    assert [e for e in given if "MasterUserPassword" in e["params"]], given


def test_down_of_a_protected_database(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    folder = kit.copy_project("kept", tmp_path / "kept")
    mine = lambda: [
        d
        for d in sandbox.client("rds").describe_db_instances()["DBInstances"]
        if "kept" in d["DBInstanceIdentifier"]
    ]
    place.run("config", "set", "DB_PASSWORD", "--random", cwd=folder).ok()
    place.run("up", "--mode", "high_availability", cwd=folder).ok()
    assert mine()[0]["DeletionProtection"]
    mark = sandbox.mark()
    refused = place.run("down", cwd=folder).ok(5)
    assert "--force" in refused.err and "db" in refused.err.lower()
    assert not [c for c in sandbox.changes(mark) if "Delete" in c or "Modify" in c]
    services = {
        s["name"]: s for s in place.run("ps", "--json", cwd=folder).ok().lines[0]["services"]
    }
    assert services["api"]["running"] == services["api"]["desired"] > 0
    place.run("down", "--force", cwd=folder).ok()
    assert mine() == []
    place.run("config", "rm", "DB_PASSWORD", cwd=folder).ok()
