"""Deployments that fail: the reason, the last lines, the exit code, and what is left.

Builds and services fail as the sandbox is told to (/_sandbox/behaviour), calls as its faults say.
What must hold: the text ends with the reason and the last lines of the log, not with a status; what
ran before runs on; a mended project goes on from there without building anything twice; a fault
that AWS recovers from does not fail a deployment, and an answer that was lost does not make
anything twice.
"""

from __future__ import annotations

import pathlib
import re

import kit


def kaniko_runs(sandbox: kit.Sandbox, since: int) -> int:
    return len(
        {
            e["params"]["clientToken"]
            for e in sandbox.journal(since, "ecs", "RunTask")
            if "kaniko" in str(e["params"])
        }
    )


def test_build_that_fails(place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path) -> None:
    dockerfile = slim / "web/Dockerfile"
    dockerfile.write_text(
        dockerfile.read_text().replace("COPY page.html .", "COPY page.html .\nRUN exit 7")
    )
    mark = sandbox.mark()
    ran = place.run("up", cwd=slim).ok(4)
    assert kaniko_runs(sandbox, mark) == 1  # compose 44: it would fail again
    line = dockerfile.read_text().splitlines().index("RUN exit 7") + 1
    assert f"web/Dockerfile:{line}" in ran.err and "`RUN exit 7`: exit status 7" in ran.err, ran
    # trust 34: the foundation stays, and what it costs is said
    assert re.search(r"\d+ resources of \w+ stay, and cost about USD \d+\.\d\d a month: ", ran.err)
    assert "load balancer" in ran.err
    tail = ran.err[ran.err.index("Last lines of web") :]
    assert (
        "RUN exit 7" in tail
        and "FAILED" in tail
        and "image of service web could not be built" in tail
    )
    events = place.events("latest")
    kit.check_sequence(events)
    result = kit.result_of(events)
    assert (
        result["failed_service"] == "web"
        and result["error_kind"] == 4
        and 0 < len(result["last_logs"]) <= 40
    )
    # mended, it goes on from there
    dockerfile.write_text(dockerfile.read_text().replace("RUN exit 7", "RUN true"))
    place.run("up", cwd=slim).ok()
    # what each build printed is kept, until the project goes
    s3, stack = (
        sandbox.client("s3"),
        f"Defang-{(slim / 'compose.yaml').read_text().split()[1]}-beta",
    )
    found = sandbox.client("cloudformation").describe_stack_resources(
        StackName=stack, LogicalResourceId="BuildBucket"
    )["StackResources"]
    bucket = found[0]["PhysicalResourceId"]
    logs = [
        s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read().decode()
        for o in s3.list_objects_v2(Bucket=bucket, Prefix="logs/")["Contents"]
    ]
    assert len(logs) == 2 and sum("exit status 7" in text for text in logs) == 1
    place.run("down", cwd=slim).ok()
    assert bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]


def test_build_that_a_registry_fails_once(
    place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path
) -> None:
    project = (slim / "compose.yaml").read_text().split()[1]
    sandbox.builds(
        **{
            f"{project}/": {
                "fail_times": 1,
                "log": ["npm ERR! network timeout"],
                "error": "error pushing image: failed to push to destination: 503 Service "
                "Unavailable",
            }
        }
    )
    mark = sandbox.mark()
    ran = place.run("up", "--json", cwd=slim).ok()
    assert kaniko_runs(sandbox, mark) == 2
    assert any("network timeout" in e["log"]["text"] for e in ran.lines if e["kind"] == "EVENT_LOG")
    # a service that never gets healthy takes back only itself: what ran goes on to run
    kit.edit(slim, "GREETING: hello", "GREETING: hello\n      SANDBOX_FAIL: unhealthy")
    ran = place.run("up", cwd=slim).ok(10)
    assert "service web" in ran.err and "health check" in ran.err, ran
    assert "ROLLED_BACK" in ran.err
    services = {s["name"]: s for s in place.run("ps", "--json", cwd=slim).ok().lines[0]["services"]}
    assert services["web"]["running"] == 1 and services["web"]["health"] == "healthy"
    place.run("down", cwd=slim).ok()


def test_service_that_exits(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    project = (tiny / "compose.yaml").read_text().split()[1]
    sandbox.services(
        **{f"{project}_worker": {"exit": 3, "log": ["cannot open /data: no such directory"]}}
    )
    sandbox.waits(
        ecs_pending=1.5
    )  # a service that fails within a blink is gone before anybody can look
    ran = place.run("up", cwd=tiny).ok(10)
    assert "Last lines of worker" in ran.err and "cannot open /data: no such directory" in ran.err
    assert "service worker failed: exit code 3" in ran.err and "defangctl logs worker" in ran.err
    result = kit.result_of(place.events("latest"))
    assert result["failed_service"] == "worker"
    assert kit.final_state(place.events("latest")) == "ROLLED_BACK"
    sandbox.calm()
    place.run("up", cwd=tiny).ok()
    place.run("down", cwd=tiny).ok()


def test_faults_on_the_way_do_not_matter(
    place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path
) -> None:
    sandbox.fault({"throttle": True}, service="cloudformation", times=2)
    sandbox.fault({"html500": True}, service="ecs", times=2)
    sandbox.fault({"reset": True}, service="s3", times=2)
    sandbox.fault({"status": 503}, service="ecr", times=2)
    sandbox.fault({"throttle": True}, service="ssm", times=2)
    sandbox.fault({"reset": True}, service="sts", times=1)
    mark = sandbox.mark()
    ran = place.run("up", "--json", cwd=slim).ok()
    kit.check_sequence(ran.lines)
    assert kaniko_runs(sandbox, mark) == 1
    statuses = {e.get("status") for e in sandbox.journal(mark)}
    assert {500, 503} <= statuses or any(e.get("error") for e in sandbox.journal(mark))
    place.run("down", cwd=slim).ok()


def test_answer_lost_after_the_effect(
    place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path
) -> None:
    """The call was carried out but its answer never came: the token finds it again, nothing is done
    twice.
    """
    sandbox.fault(
        {"reset": True, "after_effect": True}, service="ecs", operation="RunTask", times=1
    )
    sandbox.fault(
        {"reset": True, "after_effect": True},
        service="cloudformation",
        operation="ExecuteChangeSet",
        times=1,
    )
    place.run("up", cwd=slim).ok()
    tasks = [
        t
        for c in sandbox.client("ecs").list_clusters()["clusterArns"]
        if (slim / "compose.yaml").read_text().split()[1] in c
        for t in sandbox.client("ecs").list_tasks(cluster=c, desiredStatus="STOPPED")["taskArns"]
    ]
    assert len(tasks) == 1, tasks  # one build
    place.run("down", cwd=slim).ok()
