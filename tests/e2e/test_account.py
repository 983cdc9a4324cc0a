"""The first deployment in an account that never used ECS, RDS or ElastiCache."""

import json
import pathlib

import kit

PROJECT = {
    "name": "first",
    "services": {
        "worker": {
            "image": "busybox:1.36",
            "command": ["sleep", "1000"],
            "depends_on": ["db", "cache"],
            "deploy": {"resources": {"reservations": {"memory": "256M"}}},
        },
        "db": {
            "image": "postgres:16",
            "x-defang-postgres": True,
            "environment": {"POSTGRES_PASSWORD": "${PG}"},
        },
        "cache": {"image": "redis:7", "x-defang-redis": True},
    },
}


def test_first_use_of_an_account(tmp_path: pathlib.Path) -> None:
    """Its services have no roles yet; and a prefix that is empty is no tag."""
    sandbox = kit.Sandbox(tmp_path / "sandbox")
    try:
        sandbox.control("POST", "behaviour", {"virgin": True})
        folder = tmp_path / "first"
        folder.mkdir()
        (folder / "compose.yaml").write_text(json.dumps(PROJECT))
        with kit.place_at(tmp_path / "p", sandbox) as place:
            none = {"DEFANG_PREFIX": ""}
            place.run("config", "set", "PG", cwd=folder, env=none, text="has a space in it\n").ok()
            refused = place.run("up", cwd=folder, env=none).ok(5)
            assert "config PG is the password of database db" in refused.err
            place.run("config", "set", "PG", "--random", cwd=folder, env=none).ok()
            place.run("up", cwd=folder, env=none).ok()
            place.run("down", "--yes-lose-data", cwd=folder, env=none).ok()
        made = {
            e["params"]["AWSServiceName"]
            for e in sandbox.journal(0, "iam", "CreateServiceLinkedRole")
        }
        assert made == {"ecs.amazonaws.com", "rds.amazonaws.com", "elasticache.amazonaws.com"}
        assert not [
            e
            for e in sandbox.journal(0, "cloudformation", "DeleteStack")
            if e["params"]["StackName"] == "defang-cd"
        ]
    finally:
        assert sandbox.end() == 0
