"""Builds whose image is shared, named, or made of more than one folder."""

from __future__ import annotations

import hashlib
import pathlib
from typing import Any

import kit

COMPOSE = """\
name: {name}
x-small: &small {{resources: {{reservations: {{memory: 512M}}}}}}
services:
  web:
    image: acme-local
    build: &build
      context: .
      labels: {{team: blue}}
    deploy: *small
  worker:
    build: *build
    command: [work]
    deploy: *small
  tool:
    build:
      context: ./tool
      dockerfile_inline: |
        FROM busybox:1.36
        COPY . /tool
        COPY --from=shared settings.ini /etc/
        COPY --from=web /app /app
      additional_contexts:
        shared: ./shared
        web: service:web
    deploy: *small
  outside:
    build:
      context: ./tool
      dockerfile: ../other.Dockerfile
      network: host
    deploy: *small
"""


def project(folder: pathlib.Path, name: str) -> pathlib.Path:
    for path, text in {
        "compose.yaml": COMPOSE.format(name=name),
        "Dockerfile": "FROM busybox:1.36\nCOPY app /app\n",
        "app": "app",
        "other.Dockerfile": "FROM busybox:1.36\nCOPY run.sh /\n",
        "tool/run.sh": "#!/bin/sh\n",
        "shared/settings.ini": "[a]\n",
    }.items():
        full = folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
    return folder


def kaniko_commands(sandbox: kit.Sandbox, since: int) -> list[list[str]]:
    def command(event: dict[str, Any]) -> list[str]:
        overrides = event["params"].get("overrides", {})
        return next(iter(overrides.get("containerOverrides", [])), {}).get("command", [])

    commands = [command(e) for e in sandbox.journal(since, "ecs", "RunTask")]
    return [c for c in commands if any("--destination" in a for a in c)]


def test_equal_builds_share_one_image_and_others_are_made_of_it(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    name = kit.project_name("b", "shared builds")
    folder = project(tmp_path / "project", name)
    before = sandbox.mark()

    planned = place.run("plan", cwd=folder).ok()
    assert "image of web would be built" in planned.out
    assert "image of worker" not in planned.out, "it is that of web"
    assert "nothing is pushed to acme-local" in planned.out + planned.err
    assert "build.network is ignored" in planned.out + planned.err

    ran = place.run("up", "--json", cwd=folder).ok()
    result = kit.result_of(ran.lines)
    assert (result["images_built"], result["uploads"]) == (3, 3), "web and worker are one"
    rows = {e["row"]["id"]: e["row"] for e in ran.lines if e["kind"] == "EVENT_ROW"}
    assert rows["image/worker"]["what"] == "image: the same as that of web"
    assert {r["state"] for i, r in rows.items() if i.startswith("image/")} == {"ROW_DONE"}

    commands = kaniko_commands(sandbox, before)
    web, tool, outside = (
        next(c for c in commands if any(f":{s}-image-" in a for a in c if "--destination" in a))
        for s in ("web", "tool", "outside")
    )
    assert "--label=team=blue" in web
    assert "--context-sub-path=context" in tool and "--dockerfile=../defang.Dockerfile" in tool
    assert any(a.startswith("--build-arg=DEFANG_CONTEXT_1=") and ":web-image-" in a for a in tool)
    assert "--dockerfile=../defang.Dockerfile" in outside
    assert commands.index(web) < commands.index(tool), "what it is made of is built before"

    # Both run the same digest, which has a tag of each.
    ecs, ecr = sandbox.client("ecs"), sandbox.client("ecr")
    images = {}
    for family in ecs.list_task_definition_families(status="ACTIVE")["families"]:
        if name in family and "kaniko" not in family:
            task = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
            images[family] = {c["image"] for c in task["containerDefinitions"] if "/" in c["image"]}
    shared = [i for i in images.values() if list(images.values()).count(i) == 2]
    assert len(shared) == 2, images
    tags = {
        tag
        for detail in ecr.describe_images(repositoryName=f"{name}/kaniko-build")["imageDetails"]
        if any(detail["imageDigest"] in i for i in shared[0])
        for tag in detail["imageTags"]
    }
    assert any(t.startswith("web-image-") for t in tags), tags
    assert any(t.startswith("worker-image-") for t in tags), tags

    # Nothing is built again when one of them is gone, nor where a mode stays; a mode is content.
    kit.edit(folder, "  worker:\n    build: *build\n", "  worker2:\n    build: *build\n")
    assert "image of" not in place.run("plan", cwd=folder).ok().out
    (folder / "app").chmod(0o600)
    assert "image of web would be built" in place.run("plan", cwd=folder).ok().out
    place.run("down", "--yes", cwd=folder).ok()


SECRETS = """\
name: {name}
services:
  web:
    build:
      context: .
      secrets: [npm, {{source: rc, target: netrc}}]
    deploy: {{resources: {{reservations: {{memory: 512M}}}}}}
secrets:
  npm: {{environment: NPM_TOKEN}}
  rc: {{file: ./netrc}}
"""


def test_compose_43_secrets_of_a_build_reach_its_run_and_nothing_else(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    name = kit.project_name("b", "secrets")
    folder = tmp_path / "project"
    folder.mkdir()
    kept, given = "machine example.com password hunter2-kept\n", "npm_hunter2-given"
    for path, text in {
        "compose.yaml": SECRETS.format(name=name),
        "netrc": kept,
        ".dockerignore": "netrc\n",
        "Dockerfile": "FROM busybox:1.36\n"
        "RUN --mount=type=secret,id=npm,env=NPM_TOKEN,required \\\n"
        "    --mount=type=secret,id=netrc,target=/root/.netrc true\n",
    }.items():
        (folder / path).write_text(text)

    missing = place.run("build", cwd=folder).ok(5)
    assert "missing config: NPM_TOKEN" in missing.err
    place.run("config", "set", f"NPM_TOKEN={given}", cwd=folder).ok()
    mark = sandbox.mark()
    place.run("build", cwd=folder).ok()
    (command,) = kaniko_commands(sandbox, mark)
    assert any(a.startswith("--secret=id=npm,env=BUILD_SECRET_NPM") for a in command)

    lines = place.run("logs", "--type", "BUILD", "--json", cwd=folder).ok().lines
    log = "".join(line["text"] for line in lines)
    for secret, text in {"npm": given, "netrc": kept}.items():
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert f"secret {secret} sha256:{digest}" in log, log
    for event in sandbox.journal(mark, "ecs"):
        assert "hunter2" not in str(event)
    assert "hunter2" not in str(lines)

    # A secret's value is no content of the image; a build that draws on others is one.
    mark = sandbox.mark()
    place.run("config", "set", "NPM_TOKEN=another", cwd=folder).ok()
    place.run("up", cwd=folder).ok()
    assert kaniko_commands(sandbox, mark) == []
    kit.edit(folder, "secrets: [npm, ", "secrets: [npm, extra, ")
    kit.edit(folder, "  rc: ", "  extra: {file: ./netrc}\n  rc: ")
    refused = place.run("build", cwd=folder).ok(5)
    assert "other secrets or log-ins" in refused.err and "`defangctl up`" in refused.err
    place.run("up", cwd=folder).ok()
    (command,) = kaniko_commands(sandbox, mark)
    assert any(a.startswith("--secret=id=extra,env=") for a in command)
    place.run("down", "--yes", cwd=folder).ok()
