"""What holds data is not lost by accident."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import kit


def databases(sandbox: kit.Sandbox, project: str) -> list[dict[str, Any]]:
    found = sandbox.client("rds").describe_db_instances()["DBInstances"]
    return [d for d in found if project in d["DBInstanceIdentifier"]]


def snapshots(sandbox: kit.Sandbox) -> list[str]:
    """Of the project `kept`: others of this sandbox leave theirs."""
    found = sandbox.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    return [s["DBSnapshotIdentifier"] for s in found if "kept" in s["DBSnapshotIdentifier"]]


def named(sandbox: kit.Sandbox, prefix: str) -> list[str]:
    """Named after project, stack, service and moment."""
    return [s for s in snapshots(sandbox) if re.fullmatch(prefix + r"-\d{8}-\d{6}", s)]


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

    # Another database's name makes another database: the protected one goes and leaves a snapshot.
    [first] = databases(sandbox, "kept")
    kit.edit(folder, "POSTGRES_DB: kept", "POSTGRES_DB: other")
    up = place.run("up", "--mode", "high_availability", "--allow-loss", "db", cwd=folder).ok()
    [second] = databases(sandbox, "kept")
    assert second["DBInstanceIdentifier"] != first["DBInstanceIdentifier"]
    assert second["DeletionProtection"]
    [snapshot] = snapshots(sandbox)
    assert named(sandbox, "kept-beta-db") == [snapshot] and snapshot in up.err, up

    # One that an earlier fault left, which no stack names, does not keep the project from going.
    rds = sandbox.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="left-behind",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="kept",
        MasterUserPassword="third-s3cret",
        DeletionProtection=True,
        DBSubnetGroupName=second["DBSubnetGroup"]["DBSubnetGroupName"],
        Tags=rds.list_tags_for_resource(ResourceName=second["DBInstanceArn"])["TagList"],
    )
    place.run("down", cwd=folder).ok(5)
    down = place.run("down", "--force", cwd=folder).ok()
    assert rds.describe_db_instances()["DBInstances"] == [], down
    left = named(sandbox, "kept-beta-db")
    assert len(left) == 3 and all(s in down.err for s in left), down
    for name in left:
        rds.delete_db_snapshot(DBSnapshotIdentifier=name)
    place.run("config", "rm", "DB_PASSWORD", cwd=folder).ok()


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
    down = place.run("down", "--force", cwd=folder).ok()
    assert mine() == []
    kept = named(sandbox, "kept-beta-db")
    assert len(kept) == 1 and kept[0] in down.err and "USD a month" in down.err, down

    kit.edit(folder, "x-defang-postgres: true", "x-defang-postgres: {from-snapshot: latest}")
    mark = sandbox.mark()
    place.run("up", cwd=folder).ok()
    restored = [
        e["params"]["DBSnapshotIdentifier"]
        for e in by_cloudformation(sandbox, mark)
        if e["operation"] == "RestoreDBInstanceFromDBSnapshot"
    ]
    assert restored == kept
    again = place.run("up", cwd=folder).ok()
    assert "nothing to change" in again.err, again
    refused = place.run("down", "--no-snapshot", "--yes", cwd=folder).ok(5)
    assert "db" in refused.err
    gone = place.run("down", "--no-snapshot", "--yes-lose-data", cwd=folder).ok()
    assert named(sandbox, "kept-beta-db") == kept and "kept: snapshot" not in gone.err, gone
    sandbox.client("rds").delete_db_snapshot(DBSnapshotIdentifier=kept[0])
    place.run("config", "rm", "DB_PASSWORD", cwd=folder).ok()
