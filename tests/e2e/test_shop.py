"""examples/shop from nothing to gone, in the order in which a person would go: deploy, look, again
without a change, one change, logs, configs, a new build, down.

The tests of this file share one deployment and lean on each other; they run in their order, in one
worker. What is deployed is looked at through the services' own APIs (tests/demo/verify.py); secrets
are planted and looked for wherever they could have leaked.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

import kit
from demo.verify import Shop

PASSWORD, STRIPE = "e2e-Db-Passw0rd-planted-77", "sk_live_e2e_planted_4242"


@dataclass
class World:
    place: kit.Place
    folder: pathlib.Path
    shop: Shop
    before: int
    first: kit.Ran
    ids: list[str] = field(default_factory=list)

    def up(self, *more: str) -> kit.Ran:
        ran = self.place.run("up", "--json", *more, cwd=self.folder)
        if ran.out:
            self.ids.append(ran.lines[0]["deployment"])
        return ran


@pytest.fixture(scope="module")
def world(account: kit.Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("shop")
    project = kit.copy_project("shop", folder / "shop")
    with kit.place_at(folder / "p", account) as place:
        place.run("config", "set", "DATABASE_PASSWORD", cwd=project, text=PASSWORD + "\n").ok()
        place.run(
            "config", "set", "STRIPE_KEY", "--from-env", cwd=project, env={"STRIPE_KEY": STRIPE}
        ).ok()
        before = account.mark()
        first = place.run("up", "--json", cwd=project)
        yield World(
            place,
            project,
            Shop(account.client),
            before,
            first,
            [first.lines[0]["deployment"]] if first.out else [],
        )


def changed_resources(events: list[dict]) -> set[str]:
    return {
        e["resource"]["logical_id"]
        for e in events
        if e["kind"] == "EVENT_RESOURCE" and not e["resource"]["type"].endswith("::Stack")
    }


def test_deploys(world: World, account: kit.Sandbox) -> None:
    world.first.ok()
    events = world.first.lines
    kit.check_sequence(events)
    assert kit.final_state(events) == "SUCCEEDED"
    result = kit.result_of(events)
    assert (
        result["images_built"] == 2 and result["uploads"] == 2 and result["resources_changed"] > 50
    )
    endpoints = {e["service"]: e for e in result["endpoints"]}
    assert set(endpoints) == {"web", "api", "db", "cache"}
    assert endpoints["web"]["is_public"] and endpoints["web"]["url"].startswith("http://")
    assert endpoints["db"]["url"] == "db.shop.internal:5432"
    rows = {e["row"]["id"]: e["row"] for e in events if e["kind"] == "EVENT_ROW"}
    assert {
        "account",
        "network",
        "image/web",
        "image/api",
        "service/web",
        "service/api",
        "service/worker",
        "service/db",
        "service/cache",
    } <= set(rows)
    assert {r["state"] for r in rows.values() if "state" in r} <= {"ROW_DONE", "ROW_SKIPPED"}, rows
    lines = [e["log"] for e in events if e["kind"] == "EVENT_LOG"]
    assert any(
        line["source"] == "build" and "COPY requirements.txt" in line["text"] for line in lines
    )
    runs = [
        e
        for e in account.journal(world.before, "ecs", "RunTask")
        if "kaniko" in json.dumps(e["params"])
    ]
    assert len(runs) == 2 and all(
        e["params"].get("clientToken") or e["params"].get("startedBy") for e in runs
    )


@pytest.mark.parametrize(
    "check",
    [
        name
        for name in vars(Shop)
        if name
        in {
            "stack_is_complete",
            "services_are_steady",
            "targets_are_healthy",
            "load_balancer_is_public",
            "names_resolve",
            "database_is_private",
            "cache_is_private",
            "secrets_are_hidden",
            "images_are_by_digest",
            "bucket_is_safe",
            "logs_are_kept",
        }
    ],
)
def test_is_there(world: World, check: str) -> None:
    getattr(world.shop, check)()


def test_again_without_change(world: World, account: kit.Sandbox) -> None:
    mark = account.mark()
    ran = world.place.run("up", cwd=world.folder).ok()
    assert "Nothing changed" in ran.err
    assert account.changes(mark) == []
    assert not {
        "RunTask",
        "PutObject",
        "CreateMultipartUpload",
        "CreateChangeSet",
        "ExecuteChangeSet",
    } & set(account.operations(mark))
    assert "web" in ran.out and "http://" in ran.out


def test_plan_says_nothing_would_change(world: World, account: kit.Sandbox) -> None:
    mark = account.mark()
    assert "Nothing would change" in world.place.run("plan", cwd=world.folder).ok().out
    assert account.changes(mark) == []


def sent(account: kit.Sandbox, mark: int) -> list[str]:
    """Objects that were put, but for the record of the deployment itself."""
    puts = [e["params"]["Key"] for e in account.journal(mark, "s3", "PutObject")]
    return [key for key in puts if not key.startswith("history/")]


def test_one_environment_changes_one_service(world: World, account: kit.Sandbox) -> None:
    kit.edit(world.folder, "PAUSE_SECONDS: 20", "PAUSE_SECONDS: 30")
    planned = world.place.run("plan", "--json", cwd=world.folder).ok().lines[0]
    assert {c["logical_id"] for c in planned["changes"]} == {
        "TaskDefinitionWorker",
        "ServiceWorker",
    }, planned["changes"]
    mark = account.mark()
    running = {s["serviceName"]: s["taskDefinition"] for s in world.shop.services()}
    ran = world.up().ok()
    assert changed_resources(ran.lines) == {"TaskDefinitionWorker", "ServiceWorker"}
    assert kit.result_of(ran.lines).get("images_built", 0) == 0
    assert not sent(account, mark) and "RunTask" not in account.operations(mark)
    assert account.operations(mark).count("ExecuteChangeSet") == 1
    after = {s["serviceName"]: s["taskDefinition"] for s in world.shop.services()}
    assert (
        {name for name in after if after[name] != running.get(name)}
        == {name for name in after if "worker" in name}
        != set()
    )
    world.shop.services_are_steady()


def test_ps(world: World) -> None:
    text = world.place.run("ps", cwd=world.folder).ok().out
    assert text.splitlines()[0].split()[:3] == ["SERVICE", "STATE", "RUNNING"]
    services = {
        s["name"]: s
        for s in world.place.run("ps", "--json", cwd=world.folder).ok().lines[0]["services"]
    }
    assert set(services) == {"web", "api", "worker", "db", "cache"}
    assert (
        services["web"]["running"] == services["web"]["desired"] == 2
        and services["web"]["health"] == "healthy"
    )
    assert (
        services["web"]["deployment"] == world.ids[0]
        and services["worker"]["deployment"] == world.ids[-1]
    )
    assert world.place.run("compose", "ps", cwd=world.folder).ok().out == text


def test_logs(world: World) -> None:
    ran = world.place.run("logs", "web", cwd=world.folder).ok()
    assert "listening on 8080" in ran.out
    assert "api" not in {line.split()[2] for line in ran.out.splitlines()}
    lines = (
        world.place.run(
            "logs", "--json", "--type", "build", "--since", "1h", "--limit=1000", cwd=world.folder
        )
        .ok()
        .lines
    )
    assert {line["service"] for line in lines} == {"web", "api"}
    assert any("Pushed" in line["text"] for line in lines)
    assert [line["time_ms"] for line in lines] == sorted(line["time_ms"] for line in lines)
    assert len(world.place.run("logs", "--limit", "3", cwd=world.folder).ok().out.splitlines()) == 3


def test_logs_follow(world: World, account: kit.Sandbox) -> None:
    follower = world.place.spawn("logs", "worker", "--follow", "--since", "1h", cwd=world.folder)
    follower.seen("curlimages/curl")
    follower.process.terminate()
    assert follower.result().code in (130, 143)


def test_ls(world: World) -> None:
    rows = world.place.run("ls", "--json").ok().lines
    assert [r["id"] for r in rows][-1] == world.ids[0] and {r["project"] for r in rows} == {"shop"}
    assert all(r["state"] == "SUCCEEDED" for r in rows)
    assert world.place.run("ls", "-n", "1", "--json").ok().lines == rows[:1]
    assert world.ids[0] in world.place.run("ls").ok().out


def test_compose_config(world: World) -> None:
    text = world.place.run("compose", "config", cwd=world.folder).ok().out
    assert text.startswith("name: shop\n") and PASSWORD not in text
    assert world.place.run(
        "compose", "config", "--services", cwd=world.folder
    ).ok().out.split() == ["api", "cache", "db", "web", "worker"]
    assert (
        json.loads(
            world.place.run("compose", "config", "--format", "json", cwd=world.folder).ok().out
        )["name"]
        == "shop"
    )
    again = world.place.run("compose", "config", "-f", "-", cwd=world.folder, text=text).ok().out
    assert again == text


def test_plan_template_is_clean(world: World, account: kit.Sandbox, tmp_path: pathlib.Path) -> None:
    mark = account.mark()
    out = tmp_path / "template.json"
    world.place.run("plan", "--out", str(out), cwd=world.folder).ok()
    assert account.changes(mark) == []
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from cfnlint.runner import main; sys.exit(main())",
            "--non-zero-exit-code",
            "error",
            "--regions",
            kit.REGION,
            "--template",
            str(out),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    template = json.loads(out.read_text())
    assert {"AWS::ECS::Service", "AWS::RDS::DBInstance", "AWS::ElastiCache::ReplicationGroup"} <= {
        r["Type"] for r in template["Resources"].values()
    }


def test_secrets_stay_secret(world: World, account: kit.Sandbox) -> None:
    """Planted values are looked for wherever they could have leaked."""
    found: list[str] = []
    texts = {
        "journal": json.dumps(account.journal()),
        "daemon's log": world.place.log_text(),
        "first up": world.first.out + world.first.err,
    }
    for deployment in world.ids:
        texts[f"events of {deployment}"] = world.place.run("watch", deployment, "--json").ok().out
    for path in [p for p in world.place.folder.rglob("*") if p.is_file()]:
        texts[str(path)] = path.read_bytes().decode("latin-1")
    assert any(name.endswith(".db") for name in texts), sorted(texts)
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            texts[str(process)] = process.read_text(errors="replace")
        except OSError:
            continue
    for where, text in texts.items():
        found += [where for secret in (PASSWORD, STRIPE, kit.SECRET) if secret in text]
    assert found == []


def test_state_is_private(world: World) -> None:
    for path in [world.place.state, *world.place.state.rglob("*")]:
        mode = path.stat().st_mode & 0o777
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path}: {mode:o}"
    assert (world.place.runtime / "s").stat().st_mode & 0o777 == 0o600


def test_build_on_demand(world: World, account: kit.Sandbox) -> None:
    mark = account.mark()
    ran = world.up("--build").ok()
    assert kit.result_of(ran.lines)["images_built"] == 2
    assert len({e["params"]["clientToken"] for e in account.journal(mark, "ecs", "RunTask")}) == 2
    assert not [name for name in changed_resources(ran.lines) if "Worker" in name]


def test_config_change_reaches_its_services(world: World) -> None:
    world.place.run("config", "set", "STRIPE_KEY", cwd=world.folder, text="sk_live_second").ok()
    ran = world.up().ok()
    changed = changed_resources(ran.lines)
    assert "ServiceApi" in changed and not {"ServiceWeb", "ServiceWorker"} & changed, changed


def test_build_flag_builds_again(world: World, account: kit.Sandbox) -> None:
    mark = account.mark()
    ran = world.up("--build").ok()
    assert kit.result_of(ran.lines)["images_built"] == 2
    operations = account.operations(mark)
    puts = sent(account, mark)
    assert operations.count("RunTask") == 2 and all(key.startswith("logs/") for key in puts), (
        puts
    )  # what was built is kept; no context is sent again


def test_down_leaves_the_cd_stack(world: World, account: kit.Sandbox) -> None:
    ran = world.place.run("down", "--yes-lose-data", cwd=world.folder).ok()
    kept = [line for line in ran.err.splitlines() if line.startswith("kept: ")]
    assert (
        "3 log groups under /Defang/shop/beta/" in kept[0]
        and "config under /Defang/shop/beta/" in kept[1]
        and "its history" in kept[2]
        and "stack defang-cd" in kept[3]
        and all("shop-beta-" in line and "brings it back" in line for line in kept[4:])
        and len(kept) == 6  # a database and a cache left their last snapshots
    ), ran
    stacks = [
        s["StackName"]
        for s in account.client("cloudformation").list_stacks()["StackSummaries"]
        if s["StackStatus"] != "DELETE_COMPLETE"
    ]
    assert not [s for s in stacks if "shop" in s] and "defang-cd" in stacks
    assert account.client("rds").describe_db_instances()["DBInstances"] == []
    assert account.client("elasticache").describe_replication_groups()["ReplicationGroups"] == []
    assert not [c for c in account.client("ecs").list_clusters()["clusterArns"] if "shop" in c]
    logs = account.client("logs")
    left = logs.describe_log_groups(logGroupNamePrefix="/Defang/shop/")["logGroups"]
    assert len(left) == 3 and all(g["retentionInDays"] for g in left)
    assert not [
        r
        for r in account.client("ecr").describe_repositories()["repositories"]
        if r["repositoryName"].startswith("shop/")
    ]
    names = [p for p in account.parameters() if "/shop/" in p]
    assert sorted(names) == [
        "/Defang/shop/beta-derived/file-key",
        "/Defang/shop/beta/DATABASE_PASSWORD",
        "/Defang/shop/beta/STRIPE_KEY",
    ]
    assert world.place.run("config", "ls", cwd=world.folder).ok().out.split() == [
        "DATABASE_PASSWORD",
        "STRIPE_KEY",
    ]
    world.place.run("ps", cwd=world.folder).ok(6)


def test_down_again_is_fine(world: World, account: kit.Sandbox) -> None:
    mark = account.mark()
    world.place.run("down", "--yes-lose-data", cwd=world.folder).ok()
    assert not [c for c in account.changes(mark) if "Delete" in c]
