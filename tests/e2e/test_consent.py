"""Nothing that holds data goes silently: what would be lost is named before anything is touched, is
asked about on a terminal, and goes through with the very command that the refusal prints.

One deployment goes through all of it (rows 20, 23, 25 and 37 of shared/cases/trust.md).
"""

from __future__ import annotations

import pathlib
import re
import shlex
from collections.abc import Iterator

import pytest

import kit
from test_watch import Terminal

COMPOSE = """name: consent
services:
  api:
    image: busybox:1.36
    command: ["/bin/busybox", "httpd", "-f"]
    environment: {CACHE: "redis://cache:6379"}
  cache:
    image: redis:7
    ports: [{mode: host, target: 6379}]
  db:
    image: postgres:16
    x-defang-postgres: true
    environment:
      POSTGRES_PASSWORD: ${CONSENT_PASSWORD}
      POSTGRES_DB: shop
"""


class World:
    def __init__(self, place: kit.Place, folder: pathlib.Path) -> None:
        self.place, self.folder = place, folder

    def write(self, text: str) -> None:
        (self.folder / "compose.yaml").write_text(text)

    def run(self, *arguments: str) -> kit.Ran:
        return self.place.run(*arguments, cwd=self.folder)

    def pasted(self, refused: kit.Ran) -> kit.Ran:
        """What the refusal says, in a shell."""
        command = re.search(r"If it is meant: `(defangctl [^`]*)`", refused.err)
        assert command, refused
        return self.run(*shlex.split(command[1])[1:])

    def databases(self) -> list[dict]:
        listed = self.place.sandbox.client("rds").describe_db_instances()["DBInstances"]
        return [d for d in listed if "consent" in d["DBInstanceIdentifier"].lower()]


@pytest.fixture(scope="module")
def world(account: kit.Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    base = tmp_path_factory.mktemp("consent")
    with kit.place_at(base / "p", account) as place:
        folder = base / "consent"
        folder.mkdir()
        made = World(place, folder)
        made.write(COMPOSE)
        yield made


def test_trust_37_plan_says_all_that_up_would_refuse(world: World) -> None:
    # A mistake in the files is none of what may be allowed: it is said at once, as by `up`.
    world.write(COMPOSE + "  web:\n    build: ./nowhere\n")
    assert "nowhere" in world.run("plan").ok(2).err
    world.write(COMPOSE)
    said = world.run("plan").ok()
    assert "`up` would refuse this" in said.out
    assert "missing config: CONSENT_PASSWORD" in said.out and "config set" in said.out
    assert world.run("plan", "--exit-code").ok(5).out
    refusals = world.run("plan", "--json", "--exit-code").ok(5).lines[0]["refusals"]
    assert len(refusals) == 1
    world.run("config", "set", "CONSENT_PASSWORD", "--random").ok()
    assert "would refuse" not in world.run("plan", "--exit-code").ok().out
    world.run("up").ok()
    world.write(COMPOSE.replace("postgres:16", "postgres:17"))
    said = world.run("plan", "--exit-code").ok(5)
    assert "takes the database down for minutes" in said.out and "allow-downtime" in said.out


def test_trust_20_a_replaced_store_is_refused_until_named(
    world: World, account: kit.Sandbox
) -> None:
    before = world.databases()
    assert len(before) == 1
    world.write(COMPOSE.replace("POSTGRES_DB: shop", "POSTGRES_DB: other"))
    plan = world.run("plan").ok()
    assert "loses: a new one begins empty" in plan.out and "would refuse" in plan.out
    mark = account.mark()
    refused = world.run("up", "--detach", "--yes").ok(5)
    assert "would lose data: the Postgres database of service db" in refused.err
    assert "compose.yaml:15:20" in refused.err and "POSTGRES_DB: shop → other" in refused.err
    assert "GiB" in refused.err and "made 20" in refused.err
    assert "leave POSTGRES_DB as it was (shop)" in refused.err
    assert account.changes(mark) == []
    (loss,) = world.run("up", "--json").ok(5).lines[0]["error"]["losses"]
    assert (loss["name"], loss["kind"], loss["line"]) == ("db", "loses", 15)
    other = world.run("up", "--allow-loss", "cache").ok(5)
    assert "cache is not needed" in other.err and "would be lost or moved: db" in other.err
    mistyped = world.run("up", "--allow-loss", "dbb").ok(5)
    assert "dbb allows nothing" in mistyped.err and "did you mean db?" in mistyped.err
    # The same loss, of which nothing is kept.
    assert "kept in a last snapshot" in refused.err
    for verb in (["up"], ["plan", "--exit-code"]):
        without = world.run(*verb, "--no-snapshot").ok(5)
        assert "WHAT THE OLD ONE HELD IS LOST" in without.out + without.err, without
        assert "last snapshot" not in without.out + without.err, without
    assert account.changes(mark) == []
    world.pasted(world.run("up").ok(5)).ok()
    again = world.run("up", "--allow-loss", "db").ok()
    assert "db is not needed" in again.err and "nothing to change" in again.err
    after = world.databases()
    assert [d["DBName"] for d in after] == ["other"]
    assert after[0]["DBInstanceIdentifier"] != before[0]["DBInstanceIdentifier"]


def test_trust_20_the_file_may_say_so(world: World) -> None:
    world.write(COMPOSE.replace("name: consent", "name: consent\nx-defang-allow-loss: [db]"))
    assert "would refuse" not in world.run("plan", "--exit-code").ok().out
    world.run("up").ok()
    assert [d["DBName"] for d in world.databases()] == ["shop"]
    world.write(COMPOSE)


def test_trust_25_a_container_becomes_a_store_and_a_container_again(
    world: World, account: kit.Sandbox
) -> None:
    def names() -> dict[str, bool]:
        """Cloud Map services of the project, and whether tasks register there."""
        listed = account.client("servicediscovery").list_services()["Services"]
        return {s["Name"]: "HealthCheckCustomConfig" in s for s in listed}

    assert names()["cache"]
    world.write(COMPOSE.replace("image: redis:7", "image: redis:7\n    x-defang-redis: true"))
    went = world.run("up").ok()
    assert "what runs of cache is taken away first" in went.err + went.out
    assert not names()["cache"]
    assert "Nothing changed" in world.run("up").ok().err

    world.write(COMPOSE)
    refused = world.run("up").ok(5)
    assert "the Redis store of service cache" in refused.err
    world.pasted(refused).ok()
    assert names()["cache"]


def test_trust_20_a_terminal_is_asked(world: World, account: kit.Sandbox) -> None:
    world.write(COMPOSE[: COMPOSE.index("  db:")])
    mark = account.mark()
    asked = Terminal(world.place, "up", cwd=world.folder)
    asked.seen("[y/N]")
    assert "the Postgres database of service db" in asked.text
    asked.type(b"n\n")
    assert asked.end() == 5 and account.changes(mark) == []
    world.write(COMPOSE)


def test_trust_23_down_names_what_goes(world: World, account: kit.Sandbox) -> None:
    mark = account.mark()
    refused = world.run("down").ok(5)
    assert "the Postgres database of service db" in refused.err
    assert "GiB" in refused.err
    assert account.changes(mark) == [] and len(world.databases()) == 1
    asked = Terminal(world.place, "down", cwd=world.folder)
    asked.seen("[y/N]")
    assert "the Postgres database of service db" in asked.text
    asked.type(b"\n")
    assert asked.end() == 5 and account.changes(mark) == []
    world.pasted(refused).ok()
    assert world.databases() == []
    world.run("down").ok()  # nothing is there: nothing is asked
    world.run("config", "rm", "CONSENT_PASSWORD").ok()
