"""What is inside a task: sidecars in order, configs and secrets as files, and a volume that
outlives the project.
"""

from __future__ import annotations

import pathlib

import kit


def file_systems(sandbox: kit.Sandbox) -> list[str]:
    return [
        f["FileSystemId"]
        for f in sandbox.client("efs").describe_file_systems()["FileSystems"]
        if {"Key": "defang:volume", "Value": "Defang-tasks-beta/data"} in f["Tags"]
    ]


def parameters(sandbox: kit.Sandbox) -> list[str]:
    found = sandbox.client("ssm").describe_parameters(
        ParameterFilters=[
            {"Key": "Name", "Option": "BeginsWith", "Values": ["/Defang/tasks/beta-derived/"]}
        ]
    )
    return [p["Name"] for p in found["Parameters"]]


def test_task(place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path) -> None:
    folder = kit.copy_project(
        "tasks",
        tmp_path / "tasks",
        replace={
            "secrets: [cert, TOKEN]": "secrets: [cert, TOKEN, LICENCE, KEY]",
            'volumes: ["data:/data"]': 'volumes: ["data:/data", "./long.txt:/opt/site/long.txt"]',
            "TOKEN: {external: true}": (
                'TOKEN: {external: true}, LICENCE: {external: true, name: "${LICENCE_ARN}:text::"}'
                ", KEY: {external: true, name: /team/key}"
            ),
        },
    )
    (folder / "long.txt").write_text("a line of a file that no parameter holds\n" * 1000)
    licence = sandbox.client("secretsmanager").create_secret(
        Name="team/licence", SecretString='{"text": "free"}'
    )
    sandbox.client("ssm").put_parameter(Name="/team/key", Value="k3y", Type="SecureString")
    (folder / ".env").write_text(f"LICENCE_ARN={licence['ARN']}\n")
    assert "missing config: SITE, TOKEN\n" in place.run("up", cwd=folder).ok(5).err
    place.run("config", "set", "SITE=shop.example", "TOKEN=t0ken", cwd=folder).ok()
    place.run("up", cwd=folder).ok()
    services = {
        s["name"]: s for s in place.run("ps", "--json", cwd=folder).ok().lines[0]["services"]
    }
    assert {n: (s["kind"], s["state"]) for n, s in services.items()} == {
        "prepare": ("sidecar", "COMPLETED"),
        "stats": ("sidecar", "RUNNING"),
        "web": ("service", "RUNNING"),
    }
    text = place.run("logs", "web", cwd=folder).ok().out
    assert "6 files: 0/KEY, 0/LICENCE, 0/TOKEN, 0/cert, 1/site.conf, 2/long.txt" in text
    assert "internal/stats:1" in place.run("logs", "stats", cwd=folder).ok().out
    made = file_systems(sandbox)
    assert len(made) == 1
    before = parameters(sandbox)
    (folder / "cert.pem").write_text("another one\n")
    place.run("up", cwd=folder).ok()
    after = parameters(sandbox)
    assert len(before) == len(after) and [p for p in after if "secret-cert" in p] != [
        p for p in before if "secret-cert" in p
    ]
    assert (
        made[0]
        in place.run("down", cwd=folder).ok().out
        + place.run("ls", cwd=folder).ok().out
        + place.run("watch", "latest", cwd=folder).ok().err
    )
    assert (
        file_systems(sandbox) == made
        and [p for p in parameters(sandbox) if not p.endswith("/file-key")] == []
    )  # the key stays: the history is sealed with it
    place.run("up", cwd=folder).ok()
    assert file_systems(sandbox) == made
    assert "Nothing changed" in place.run("up", cwd=folder).ok().err
    place.run("down", "-v", "--yes-lose-data", cwd=folder).ok()
    assert file_systems(sandbox) == []
    place.run("config", "rm", "SITE", "TOKEN", cwd=folder).ok()


def test_culprit_is_named(place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path) -> None:
    """The sidecar that ends takes the task down, and is what people read of."""
    sandbox.waits(
        ecs_pending=1.5
    )  # a service that fails within a blink is gone before anybody can look
    folder = kit.copy_project(
        "tasks",
        tmp_path / "tasks",
        project="culprit",
        replace={
            "image: internal/stats:1": (
                'image: internal/stats:1\n    command: [sh, -c, "echo no stats today; exit 3"]'
            )
        },
    )
    place.run("config", "set", "SITE=shop.example", "TOKEN=t0ken", cwd=folder).ok()
    failed = place.run("up", cwd=folder).ok(10)
    assert "service stats failed: exit code 3" in failed.err
    assert "no stats today" in failed.out + failed.err
    place.run("down", "--volumes", "--yes-lose-data", cwd=folder).ok()
    place.run("config", "rm", "SITE", "TOKEN", cwd=folder).ok()


MODELS = """name: models
models: {llm: {model: amazon.nova-lite-v1:0}}
services:
  app:
    image: internal/app:1
    models: [llm]
    deploy: {resources: {reservations: {memory: 1G}}}
"""


def test_models(place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path) -> None:
    """A model's gateway is there after the project was frozen and read again; the file is shown as
    it is.
    """
    (tmp_path / "compose.yaml").write_text(MODELS)
    assert "litellm" not in place.run("compose", "config", cwd=tmp_path).ok().out
    place.run("up", cwd=tmp_path).ok()
    assert {
        s["name"]: s["state"]
        for s in place.run("ps", "--json", cwd=tmp_path).ok().lines[0]["services"]
    } == {"app": "RUNNING", "llm": "RUNNING"}
    ecs = sandbox.client("ecs")
    cluster = next(arn for arn in ecs.list_clusters()["clusterArns"] if "models" in arn)
    environment = {}
    for service in ecs.describe_services(
        cluster=cluster, services=ecs.list_services(cluster=cluster)["serviceArns"]
    )["services"]:
        container = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])[
            "taskDefinition"
        ]["containerDefinitions"][0]
        environment |= {
            e["name"]: e["value"]
            for e in container["environment"]
            if not e["name"].startswith("DEFANG_")
        }
    assert environment == {
        "LLM_MODEL": "amazon.nova-lite-v1:0",
        "LLM_URL": "http://llm:4000/v1/",
        "OPENAI_API_KEY": "none",
    }
    assert "Nothing changed" in place.run("up", cwd=tmp_path).ok().err
    place.run("down", cwd=tmp_path).ok()
