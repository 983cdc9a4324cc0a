"""Deployments of some services, and of what changes: `up SERVICE…`, `up --watch`."""

from __future__ import annotations

import pathlib
import signal
from typing import Any

import kit

COMPOSE = """\
name: {name}
x-small: &small {{resources: {{reservations: {{memory: 512M}}}}}}
services:
  web:
    build:
      context: ./web
      args: {{MODE: prod}}
    depends_on: [api]
    deploy: *small
    develop:
      watch:
        - {{path: ./web, action: sync, target: /app, ignore: [notes]}}
  api:
    image: nginx:1.27
    environment: {{LEVEL: one}}
    deploy: *small
  worker:
    image: nginx:1.27
    command: [one]
    deploy: *small
  later:
    build: ./later
    deploy: *small
  tool:
    image: nginx:1.27
    profiles: [tools]
    deploy: *small
"""


def project(folder: pathlib.Path, name: str) -> pathlib.Path:
    for path, text in {
        "compose.yaml": COMPOSE.format(name=name),
        "web/Dockerfile": "FROM busybox:1.36\nARG MODE\nCOPY app /app\n",
        "web/app": "one",
        "web/notes": "",
        "later/Dockerfile": "FROM busybox:1.36\n",
    }.items():
        full = folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
    return folder


def definitions(sandbox: kit.Sandbox, name: str) -> dict[str, str]:
    """service -> the task definition that its ECS service runs."""
    ecs = sandbox.client("ecs")
    cluster = next(c for c in ecs.list_clusters()["clusterArns"] if name in c)
    arns = ecs.list_services(cluster=cluster)["serviceArns"]
    found = ecs.describe_services(cluster=cluster, services=arns)["services"] if arns else []
    return {
        next(s for s in ("web", "api", "worker", "later") if s in one["serviceName"]): one[
            "taskDefinition"
        ]
        for one in found
    }


def builds(sandbox: kit.Sandbox, since: int) -> list[list[str]]:
    def command(event: dict[str, Any]) -> list[str]:
        overrides = event["params"].get("overrides", {})
        return next(iter(overrides.get("containerOverrides", [])), {}).get("command", [])

    return [c for c in (command(e) for e in sandbox.journal(since, "ecs", "RunTask")) if c]


def test_compose_12_up_of_some_services_leaves_the_rest_alone(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    name = kit.project_name("b", "partial")
    folder = project(tmp_path / "project", name)

    assert 'no service "nosuch"' in place.run("up", "nosuch", cwd=folder).ok(2).err
    assert "--no-deps" in place.run("up", "--no-deps", cwd=folder).ok(2).err

    # What it depends on comes along; what is not deployed stays out.
    ran = place.run("up", "web", cwd=folder).ok()
    assert "not deployed, and left out: later, worker" in ran.err
    first = definitions(sandbox, name)
    assert sorted(first) == ["api", "web"]

    place.run("up", "worker", cwd=folder).ok()
    second = definitions(sandbox, name)
    assert sorted(second) == ["api", "web", "worker"]
    assert {s: second[s] for s in first} == first

    # Files of others that changed meanwhile: they stay as they are deployed.
    kit.edit(folder, "LEVEL: one", "LEVEL: two")
    kit.edit(folder, "command: [one]", "command: [two]")
    (folder / "web/app").write_text("two")
    mark = sandbox.mark()
    planned = place.run("plan", "worker", cwd=folder).ok()
    # One that is named is there whatever its profiles.
    assert "of tool only" in place.run("plan", "tool", cwd=folder).ok().err
    assert "left as deployed: api, web" in planned.err and "image of web" not in planned.out
    place.run("up", "worker", cwd=folder).ok()
    third = definitions(sandbox, name)
    assert third["worker"] != second["worker"]
    assert (third["api"], third["web"]) == (second["api"], second["web"])
    assert builds(sandbox, mark) == []

    # --no-deps, and an argument of the command line.
    place.run("up", "web", "--no-deps", "--build-arg", "MODE=test", cwd=folder).ok()
    fourth = definitions(sandbox, name)
    assert fourth["web"] != third["web"] and fourth["api"] == third["api"]
    (command,) = builds(sandbox, mark)
    assert "--build-arg=MODE=test" in command and "--build-arg=MODE=prod" not in command

    # All of it, as ever.
    place.run("up", cwd=folder).ok()
    fifth = definitions(sandbox, name)
    assert sorted(fifth) == ["api", "later", "web", "worker"]
    assert fifth["api"] != fourth["api"] and fifth["worker"] == fourth["worker"]
    place.run("down", "--yes", cwd=folder).ok()


def test_compose_12_up_watch_deploys_what_changes(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    name = kit.project_name("b", "watch")
    folder = project(tmp_path / "project", name)

    assert "says what to watch" in place.run("up", "worker", "--watch", cwd=folder).ok(2).err
    watching = place.spawn("up", "web", "--no-deps", "--watch", cwd=folder)

    def waits(times: int) -> bool:
        assert watching.process.poll() is None, watching.result()
        return watching.err.count("watching ") >= times

    kit.wait_for(lambda: waits(1), 300)
    assert "sync is done as rebuild" in watching.err
    before = definitions(sandbox, name)
    mark = sandbox.mark()
    (folder / "web/notes").write_text("ignored")
    (folder / "web/app").write_text("two")
    kit.wait_for(lambda: waits(2), 300)
    assert "app changed: deploying web anew" in watching.err
    assert len(builds(sandbox, mark)) == 1
    assert definitions(sandbox, name)["web"] != before["web"]
    watching.process.send_signal(signal.SIGINT)
    watching.result().ok()
    place.run("down", "--yes", cwd=folder).ok()
