"""The pulumi engine from end to end: real programs, the CD task's script run by the sandbox's ECS,
`pulumi` the real one or the stand-in (tests/sandbox/pulumi).

Projects are deployed, changed, canceled, killed in the middle and destroyed. What must hold: one CD
task for one step, whatever happens to the daemon; events are those of the other engine, by
CloudFormation's names and without gaps; a cancel is graceful; a lock left by a task that is dead is
broken, no other; a project deployed with the other engine is refused.
"""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator

import pytest

import kit

ENGINE = ("--engine", "pulumi")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Sandbox]:
    started = kit.Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield started
    assert started.end() == 0


@pytest.fixture
def place(sandbox: kit.Sandbox, tmp_path: pathlib.Path) -> Iterator[kit.Place]:
    with kit.place_at(tmp_path / "p", sandbox) as started:
        yield started
    sandbox.calm()


@pytest.fixture
def slim(place: kit.Place, tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> pathlib.Path:
    return kit.copy_project(
        "slim", tmp_path / "slim", project=kit.project_name("u", request.node.name)
    )


@pytest.fixture
def tiny(place: kit.Place, tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> pathlib.Path:
    return kit.copy_project(
        "tiny", tmp_path / "tiny", project=kit.project_name("v", request.node.name)
    )


def project_of(folder: pathlib.Path) -> str:
    return (folder / "compose.yaml").read_text().split()[1]


def cd_runs(sandbox: kit.Sandbox, since: int) -> list[dict[str, str]]:
    """The environment of each CD task that was asked for, one for each token."""
    found = {}
    for entry in sandbox.journal(since, "ecs", "RunTask"):
        override = entry["params"].get("overrides", {}).get("containerOverrides", [{}])[0]
        if override.get("name") == "main":
            found[entry["params"]["clientToken"]] = {
                e["name"]: e["value"] for e in override["environment"]
            }
            assert len(json.dumps(entry["params"]["overrides"])) < 8192
    return list(found.values())


def bucket_of(sandbox: kit.Sandbox) -> str:
    stack = sandbox.client("cloudformation").describe_stacks(StackName="defang-cd")["Stacks"][0]
    return str(next(o["OutputValue"] for o in stack["Outputs"] if o["OutputKey"] == "bucketName"))


def keys_of(sandbox: kit.Sandbox, prefix: str) -> list[str]:
    listed = sandbox.client("s3").list_objects_v2(Bucket=bucket_of(sandbox), Prefix=prefix)
    return [o["Key"] for o in listed.get("Contents", [])]


def test_life_of_a_project(place: kit.Place, sandbox: kit.Sandbox, slim: pathlib.Path) -> None:
    project, mark = project_of(slim), sandbox.mark()
    ran = place.run("up", *ENGINE, cwd=slim).ok()
    assert "1 images built" in ran.err or "1 image built" in ran.err, ran.err
    runs = cd_runs(sandbox, mark)
    assert [r["CD_VERB"] for r in runs] == ["up"]
    # what it leaves: state, outputs, the graph; no lock, no owner; the mirror of the plugins
    place_in_s3 = f"projects/{project}/beta/"
    left = {k.removeprefix(place_in_s3) for k in keys_of(sandbox, place_in_s3)}
    assert {"deployed.json", "outputs.json", "run.json", "salt"} <= left and "owner" not in left
    assert keys_of(sandbox, f".pulumi/stacks/{project}/") == [f".pulumi/stacks/{project}/beta.json"]
    assert not keys_of(sandbox, f".pulumi/locks/organization/{project}/")
    assert {re.sub(r"-v.*", "", k) for k in keys_of(sandbox, "plugins/")} == {
        "plugins/pulumi-resource-aws",
        "plugins/pulumi-resource-command",
    }
    # the passphrase is a secret of its own, and nowhere else
    name = f"/Defang/{project}/beta-pulumi/passphrase"
    secret = sandbox.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert secret["Type"] == "SecureString" and len(secret["Value"]) == 43
    assert secret["Value"] not in ran.err + place.log_text() + json.dumps(runs)
    for path in place.state.iterdir():
        assert path.is_dir() or secret["Value"].encode() not in path.read_bytes()
    # events are the other engine's: resources by CloudFormation's names, the image's row, sequence
    # without gaps
    events = place.events("latest")
    kit.check_sequence(events)
    resources = [e["resource"] for e in events if e["kind"] == "EVENT_RESOURCE"]
    assert {"ServiceWeb", "Cluster", "Vpc"} <= {
        r["logical_id"] for r in resources if r["status"] == "CREATE_COMPLETE"
    }
    services = {s["name"]: s for s in place.run("ps", "--json", cwd=slim).ok().lines[0]["services"]}
    assert (
        services["web"]["running"] == 1
        and services["web"]["health"] == "healthy"
        and services["worker"]["state"] == "RUNNING"
    )
    # nothing changed: no task; another machine finds the engine in AWS
    mark = sandbox.mark()
    assert "Nothing changed" in place.run("up", cwd=slim).ok().err
    assert (
        "Nothing would change"
        in place.run("plan", cwd=slim).ok().err + place.run("plan", cwd=slim).out
    )
    assert not cd_runs(sandbox, mark)
    refused = place.run("up", "--engine", "cloudformation", cwd=slim).ok(5)
    assert "deployed with engine pulumi" in refused.err and "--stack" in refused.err
    # a change: one run, from the mirrored plugins, and no build
    kit.edit(slim, "GREETING: hello", "GREETING: good evening")
    mark = sandbox.mark()
    ran = place.run("up", cwd=slim).ok()
    assert len(cd_runs(sandbox, mark)) == 1 and "from the bucket" in ran.err
    assert not [e for e in sandbox.journal(mark, "ecs", "RunTask") if "kaniko" in str(e["params"])]
    # teardown
    place.run("down", cwd=slim).ok()
    assert keys_of(sandbox, f".pulumi/stacks/{project}/") == []
    assert {k.removeprefix(place_in_s3).split("/")[0] for k in keys_of(sandbox, place_in_s3)} == {
        "logs"
    }
    ssm = sandbox.client("ssm")
    missing = pytest.raises(ssm.exceptions.ParameterNotFound, ssm.get_parameter, Name=name)
    assert "ParameterNotFound" in str(missing.value)
    assert "is not deployed" in place.run("ps", cwd=slim).ok(6).err


def test_other_machine_and_other_engine(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """What AWS holds decides where this machine does not remember."""
    place.run("up", *ENGINE, cwd=tiny).ok()
    with kit.place_at(tmp_path / "other", sandbox) as other:
        assert (
            "deployed with engine pulumi"
            in other.run("up", "--engine", "cloudformation", cwd=tiny).ok(5).err
        )
        assert (
            other.run("ps", "--json", cwd=tiny).ok().lines[0]["services"][0]["state"] == "RUNNING"
        )
        # trust 15 and 16: its template says where it came from, and under which name it runs
        name = project_of(tiny)
        twin = kit.copy_project(
            "tiny", tmp_path / "twin", project=name, replace={"  worker:": "  other:"}
        )
        refused = other.run("up", cwd=twin).ok(5).err
        assert "tiny" in refused and "defangctl up --adopt" in refused, refused
        kit.edit(tiny, f"name: {name}\n", f"name: {name}x\n")
        assert f"`defangctl down -p {name}`" in other.run("down", cwd=tiny).ok(6).err
        kit.edit(tiny, f"name: {name}x\n", f"name: {name}\n")
        other.run("down", cwd=tiny).ok()
    place.run("up", "--engine", "pulumi", cwd=tiny).ok()
    place.run("down", cwd=tiny).ok()
    place.run("up", cwd=tiny).ok()
    assert "engine cloudformation" in place.run("up", *ENGINE, cwd=tiny).ok(5).err
    place.run("down", cwd=tiny).ok()


def test_shop_killed_attached_canceled_destroyed(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    """The task goes on in the cloud and is attached again: one task, every event once.

    A cancel ends the next run gracefully, the one after it goes on.
    """
    shop = kit.copy_project("shop", tmp_path / "shop")
    for name in ("DATABASE_PASSWORD", "STRIPE_KEY"):
        place.run("config", "set", name, cwd=shop, text="e2e-Planted-77x\n").ok()
    mark = sandbox.mark()
    up = place.spawn("up", *ENGINE, cwd=shop)
    up.seen("image: building")
    place.kill()
    place.start()
    assert "Deployed:" in up.result().ok().err
    events = place.events("latest")
    kit.check_sequence(events)
    assert kit.final_state(events) == "SUCCEEDED"
    assert len(cd_runs(sandbox, mark)) == 1
    assert (
        len(
            {
                e["params"]["clientToken"]
                for e in sandbox.journal(mark, "ecs", "RunTask")
                if "kaniko" in str(e["params"])
            }
        )
        == 2
    )
    told = [
        (e["resource"]["logical_id"], e["resource"]["status"])
        for e in events
        if e["kind"] == "EVENT_RESOURCE" and (e.get("row") or {}).get("id") != "account"
    ]
    assert len(told) == len(set(told))
    assert "e2e-Planted-77x" not in json.dumps(events) + place.log_text()
    kit.edit(shop, "replicas: 2", "replicas: 1")
    sandbox.waits(ecs_steady=20.0)
    up = place.spawn("up", cwd=shop)
    up.seen("pulumi up: running")
    place.run("cancel", "latest", cwd=shop).ok()
    up.result().ok(8)
    sandbox.calm()
    place.run("up", cwd=shop).ok()
    services = {s["name"]: s for s in place.run("ps", "--json", cwd=shop).ok().lines[0]["services"]}
    assert services["web"]["running"] == 1 and services["db"]["state"] == "RUNNING"
    place.run("down", "--yes-lose-data", cwd=shop).ok()


def test_cancel_and_go_on(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    sandbox.waits(ecs_steady=20.0)
    up = place.spawn("up", *ENGINE, cwd=tiny)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    place.run("cancel", "latest", cwd=tiny).ok()
    up.result().ok(8)
    project = project_of(tiny)
    assert "owner" not in "".join(keys_of(sandbox, f"projects/{project}/")) and not keys_of(
        sandbox, f".pulumi/locks/organization/{project}/"
    )
    sandbox.calm()
    place.run("up", cwd=tiny).ok()
    place.run("down", cwd=tiny).ok()


def test_task_killed(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    """Out of memory: the reason is told, and the next run takes the lock away, looks at what was
    left, and goes on.
    """
    sandbox.waits(ecs_steady=20.0)
    sandbox.services(**{"^main$": {"exit": 137, "when": "::ServiceWorker", "times": 1}})
    ran = place.run("up", *ENGINE, cwd=tiny).ok(4)
    assert "exit code 137" in ran.err and "there is no roll back with Pulumi" in ran.err
    project = project_of(tiny)
    assert [k for k in keys_of(sandbox, f"projects/{project}/") if k.endswith("/owner")]
    sandbox.calm()
    mark = sandbox.mark()
    ran = place.run("up", cwd=tiny).ok()
    assert (
        cd_runs(sandbox, mark)[0]["CD_UNCLEAN"] == "1"
        and "an earlier run of Pulumi was killed" in ran.err
    )
    assert not [k for k in keys_of(sandbox, f"projects/{project}/") if k.endswith("/owner")]
    place.run("down", cwd=tiny).ok()


def test_resource_that_fails(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    sandbox.fault(
        {"error": {"code": "InvalidParameterException", "status": 400, "message": "no such thing"}},
        service="ecs",
        operation="CreateService",
        internal=True,
        times=1,
    )
    ran = place.run("up", *ENGINE, cwd=tiny).ok(4)
    assert "ServiceWorker" in ran.err and "no such thing" in ran.err
    assert kit.final_state(place.events("latest")) == "FAILED"
    place.run("up", cwd=tiny).ok()
    place.run("down", cwd=tiny).ok()


def test_plugins_that_cannot_be_downloaded(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    for key in keys_of(sandbox, "plugins/") if sandbox.mark() and stack_exists(sandbox) else []:
        sandbox.client("s3").delete_object(Bucket=bucket_of(sandbox), Key=key)
    sandbox.services(**{"^main$": {"pulumi": ["no-plugins"]}})
    ran = place.run("up", *ENGINE, cwd=tiny).ok(4)
    assert "plugin aws" in ran.err and "could not be downloaded" in ran.err and "s3://" in ran.err


def stack_exists(sandbox: kit.Sandbox) -> bool:
    return any(
        s["StackName"] == "defang-cd"
        for s in sandbox.client("cloudformation").describe_stacks()["Stacks"]
    )


def test_credentials_that_expire(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    sandbox.waits(ecs_steady=2.0)
    up = place.spawn("up", *ENGINE, cwd=tiny)
    up.seen("pulumi up: running")
    sandbox.fault({"expire_token": True}, service="ecs", operation="DescribeTasks", times=1)
    up.seen("waiting for credentials")
    place.run("whoami").ok()
    up.result().ok()
    place.run("down", cwd=tiny).ok()
