"""What is built and how, from the command line: Dockerfiles to start from, the builder's switches,
images built without a deployment. The rows are those of compose.md.
"""

from __future__ import annotations

import json
import pathlib
import stat

import kit

FLASK = "from flask import Flask\n\napp = Flask(__name__)\n"


def python_project(folder: pathlib.Path, name: str) -> pathlib.Path:
    folder.mkdir()
    (folder / "compose.yaml").write_text(
        f'name: {name}\nservices:\n  web:\n    build: .\n    ports: ["80:8000"]\n'
        "    healthcheck: {disable: true}\n"
    )
    (folder / "app.py").write_text(FLASK)
    (folder / "requirements.txt").write_text("flask\n")
    return folder


def test_compose_49_init_writes_a_dockerfile(place: kit.Place, tmp_path: pathlib.Path) -> None:
    folder = python_project(tmp_path / "init", "initproject")
    shown = place.run("init", cwd=folder).ok()
    assert "FROM python:3" in shown.out and "nothing was written" in shown.err
    assert not (folder / "Dockerfile").exists()
    lines = place.run("init", "web", "--json", cwd=folder).ok().lines
    assert [pathlib.Path(f["path"]).name for f in lines] == ["Dockerfile", ".dockerignore"]
    assert lines[0]["kind"] == "Flask" and "EXPOSE 8000" in lines[0]["text"]

    place.run("init", "--yes", cwd=folder).ok()
    written = folder / "Dockerfile"
    assert written.read_text() == lines[0]["text"]
    assert stat.S_IMODE(written.stat().st_mode) & 0o711 == 0o600
    # nothing is written over
    written.write_text("FROM mine\n")
    again = place.run("init", "--yes", "web", cwd=folder).ok()
    assert written.read_text() == "FROM mine\n" and "service web has a Dockerfile" in again.err

    # a folder with nothing but a program
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "index.html").write_text("hello")
    place.run("init", "--yes", cwd=bare).ok()
    assert {p.name for p in bare.iterdir()} == {
        "Dockerfile",
        ".dockerignore",
        "compose.yaml",
        "index.html",
    }
    config = place.run("compose", "config", "--format", "json", cwd=bare).ok().out
    assert json.loads(config)["services"]["app"]["ports"][0]["target"] == 8080

    empty = tmp_path / "empty"
    empty.mkdir()
    ran = place.run("init", cwd=empty).ok(6)
    assert "package.json" in ran.err and "no Dockerfile can be made" in ran.err


def test_compose_84_a_service_without_a_dockerfile_is_built(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    folder = python_project(tmp_path / "bare", kit.project_name("b", "bare"))
    mark = sandbox.mark()
    ran = place.run("up", cwd=folder).ok()
    assert "one for Flask is used" in ran.err and "`defangctl init web`" in ran.err
    built = [e for e in sandbox.journal(mark, "ecs", "RunTask") if "kaniko" in str(e["params"])]
    assert len(built) == 1
    log = "".join(
        line["text"]
        for line in place.run("logs", "--type", "BUILD", "--json", cwd=folder).ok().lines
    )
    # compose 47: the builder's switches
    assert "FF_KANIKO_COPY_AS_ROOT" in log and "FF_KANIKO_EXPAND_HEREDOC" in log
    # the written file is the used one: the same content, nothing is built again
    mark = sandbox.mark()
    place.run("up", cwd=folder).ok()
    assert sandbox.journal(mark, "ecs", "RunTask") == []
    place.run("down", cwd=folder).ok()


def test_build_without_a_deployment(
    place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path
) -> None:
    project = (slim / "compose.yaml").read_text().split()[1]

    def commands(since: int) -> list[list[str]]:
        return [
            e["params"]["overrides"]["containerOverrides"][0]["command"]
            for e in sandbox.journal(since, "ecs", "RunTask")
        ]

    assert "no service" in place.run("build", "nosuch", cwd=slim).ok(2).err
    mark = sandbox.mark()
    ran = place.run("build", "web", "--push", cwd=slim).ok()
    assert "Built: 1 image" in ran.err and len(commands(mark)) == 1, ran
    # the place to build, and nothing that serves or stores
    types = {
        r["ResourceType"]
        for r in sandbox.client("cloudformation").describe_stack_resources(
            StackName=f"Defang-{project}-beta"
        )["StackResources"]
    }
    assert "AWS::ECR::Repository" in types
    assert not types & {"AWS::ECS::Service", "AWS::ElasticLoadBalancingV2::LoadBalancer"}

    mark = sandbox.mark()
    assert "all are there" in place.run("build", cwd=slim).ok().err
    assert commands(mark) == []
    place.run("build", "--no-cache", "--pull", cwd=slim).ok()
    assert ["--cache=false" in c for c in commands(mark)] == [True]
    # what was built is what is deployed
    mark = sandbox.mark()
    place.run("up", cwd=slim).ok()
    assert not [c for c in commands(mark) if any("--context" in word for word in c)]
    place.run("down", cwd=slim).ok()
