"""What holds data is not lost by accident."""

from __future__ import annotations

import pathlib

import kit


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
