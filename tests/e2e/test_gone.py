"""What somebody deleted from outside is found and made anew: log groups by every `up`, the rest by
`up --refresh`, and what held data only when it was said that an empty one is wanted.

Services have a test in test_endstates.py.
"""

from __future__ import annotations

import pathlib
from typing import Any

import kit

COMPOSE = """name: gone
services:
  web:
    image: busybox:1.36
    command: ["/bin/busybox", "httpd", "-f"]
    ports: ["80:80"]
    environment: {DATABASE_URL: "postgres://kept:${DB_PASSWORD}@db:5432/kept"}
  db:
    image: postgres:16
    x-defang-postgres: true
    environment: {POSTGRES_USER: kept, POSTGRES_DB: kept, POSTGRES_PASSWORD: "${DB_PASSWORD}"}
    ports: [{mode: host, target: 5432}]
"""


def physical(sandbox: kit.Sandbox, stack: str, kind: str) -> dict[str, str]:
    """Logical id → physical id of the stack's resources of a type."""
    client = sandbox.client("cloudformation")
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        r["LogicalResourceId"]: r["PhysicalResourceId"]
        for page in pages
        for r in page["StackResourceSummaries"]
        if r["ResourceType"] == kind and r["ResourceStatus"] != "DELETE_COMPLETE"
    }


def groups(sandbox: kit.Sandbox, name: str) -> list[dict[str, Any]]:
    found = sandbox.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return [g for g in found if g["logGroupName"] == name]


def test_trust_33_a_log_group_that_was_deleted_by_hand_is_there_again(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    place.run("up", cwd=tiny).ok()
    project = (tiny / "compose.yaml").read_text().split()[1]
    name = f"/Defang/{project}/beta/logs"
    [before] = groups(sandbox, name)
    sandbox.client("logs").delete_log_group(logGroupName=name)
    planned = place.run("plan", cwd=tiny).ok()
    assert f"log group {name} was deleted from outside" in planned.out, planned
    compared = place.run("cd", "refresh", cwd=tiny).ok()
    assert "LogGroupLogs" in compared.err and "`defangctl up` makes it anew" in compared.err

    up = place.run("up", cwd=tiny).ok()
    assert f"log group {name} was deleted from outside" in up.err, up
    assert "nothing to change" not in up.err, up
    [after] = groups(sandbox, name)
    assert after["retentionInDays"] == before["retentionInDays"]
    assert "nothing to change" in place.run("up", cwd=tiny).ok().err
    # It is as good as the first: the next stack knows it for ours.
    place.run("down", cwd=tiny).ok()
    place.run("up", cwd=tiny).ok()
    place.run("down", "--volumes", cwd=tiny).ok()
    assert groups(sandbox, name) == []


def test_trust_33_up_refresh_makes_anew_what_was_deleted_by_hand(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    (folder / "compose.yaml").write_text(COMPOSE)
    place.run("config", "set", "DB_PASSWORD", "--random", cwd=folder).ok()
    place.run("up", cwd=folder).ok()
    stack = "Defang-gone-beta"
    kinds = [
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::RDS::DBInstance",
    ]
    before = {kind: physical(sandbox, stack, kind) for kind in kinds}
    assert "nothing to change" in place.run("up", "--refresh", cwd=folder).ok().err

    elb = sandbox.client("elbv2")
    for arn in before[kinds[0]].values():
        elb.delete_listener(ListenerArn=arn)
    for arn in before[kinds[1]].values():
        elb.delete_target_group(TargetGroupArn=arn)
    compared = place.run("cd", "refresh", cwd=folder).ok()
    assert "`defangctl up --refresh` makes it anew" in compared.err, compared
    up = place.run("up", "--refresh", cwd=folder).ok()
    assert "TargetGroup) was deleted from outside: it is made anew" in up.err, up
    after = {kind: physical(sandbox, stack, kind) for kind in kinds}
    for kind in kinds[:2]:
        assert after[kind].keys() == before[kind].keys()
        assert not set(after[kind].values()) & set(before[kind].values())
    assert len(elb.describe_target_groups()["TargetGroups"]) >= len(after[kinds[1]])
    assert after[kinds[2]] == before[kinds[2]] and after[kinds[3]] == before[kinds[3]]
    assert "nothing to change" in place.run("up", cwd=folder).ok().err

    # What held data: nothing is touched before somebody wants an empty one.
    [database] = before[kinds[3]].values()
    rds = sandbox.client("rds")
    rds.delete_db_instance(DBInstanceIdentifier=database, SkipFinalSnapshot=True)
    kit.wait_for(lambda: rds.describe_db_instances()["DBInstances"] == [])
    mark = sandbox.mark()
    refused = place.run("up", "--refresh", cwd=folder).ok(5)
    assert "deleted from outside; a new one begins empty" in refused.err, refused
    assert "`up --refresh`: --allow-loss db" in refused.err, refused
    assert set(sandbox.changes(mark)) <= {"cloudformation:DetectStackDrift", "s3:PutObject"}
    allowed = place.run("up", "--refresh", "--allow-loss", "db", cwd=folder).ok()
    assert "not needed" not in allowed.err, allowed
    [made] = rds.describe_db_instances()["DBInstances"]
    assert made["DBInstanceIdentifier"] != database
    assert "nothing to change" in place.run("up", cwd=folder).ok().err

    # What carries the tags and no stack holds is said by `down`, with the way to remove it.
    rds.create_db_snapshot(
        DBInstanceIdentifier=made["DBInstanceIdentifier"],
        DBSnapshotIdentifier="left-by-a-fault",
        Tags=[t for t in made["TagList"] if not t["Key"].startswith("aws:")],
    )
    down = place.run("down", "--no-snapshot", "--yes-lose-data", cwd=folder).ok()
    command = "aws rds delete-db-snapshot --db-snapshot-identifier left-by-a-fault"
    assert command in down.err, down
    assert "load balancer" not in down.err and "elastic address" not in down.err, down
    rds.delete_db_snapshot(DBSnapshotIdentifier="left-by-a-fault")
    assert "left-by-a-fault" not in place.run("down", cwd=folder).ok().err
