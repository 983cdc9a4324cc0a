"""History and rollback: what was deployed is numbered in the account, and can be deployed again
from any machine.

The cases are those that people of other tools report (operate.md section 13): the image is gone,
config was changed or removed, the release before is itself a failure, a rollback of a rollback, a
machine that never saw the project.
"""

from __future__ import annotations

import json
import pathlib

import kit


def compose(folder: pathlib.Path, name: str, word: str, more: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(f"print({word!r})\n")
    (folder / "Dockerfile").write_text("FROM python:3.12-slim\nCOPY app.py .\nCMD python app.py\n")
    (folder / "secret.txt").write_text(f"secret-of-{word}")
    (folder / "compose.yaml").write_text(
        f"name: {name}\n"
        "services:\n"
        "  web:\n"
        "    build: .\n"
        f"    environment: {{WORD: {word}, URL: 'redis://u:hidden-{word}@c/0', API_KEY: {more}}}\n"
        "    secrets: [note]\n"
        "secrets: {note: {file: ./secret.txt}}\n"
    )


def releases(place: kit.Place, name: str) -> list[dict]:
    return place.run("history", "-p", name, "--json").ok().lines


def test_rollback_from_anywhere(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    name = kit.project_name("r", "rollback")
    folder = tmp_path / "src"
    compose(folder, name, "one")
    place.run("config", "set", "API_KEY=first", cwd=folder).ok()
    none = place.run("history", cwd=folder).ok()
    assert "nothing was deployed yet" in none.err
    assert place.run("rollback", cwd=folder).ok(6)

    place.run("up", cwd=folder).ok()
    compose(folder, name, "two")
    place.run("up", cwd=folder).ok()
    place.run("up", cwd=folder).ok()  # changes nothing: leaves no release
    listed = releases(place, name)
    assert [r["number"] for r in listed] == [2, 1] and listed[0]["runs"], listed
    assert all(r["state"] == "SUCCEEDED" and r["who"] for r in listed)

    # another folder, another state: the account has all that is needed
    other = kit.Place(tmp_path / "other", sandbox)
    other.start()
    try:
        shown = other.run("history", "-p", name).ok()
        assert "2 (runs)" in shown.out and "1 " in shown.out
        differences = other.run("history", "diff", "1", "2", "-p", name, "--json").ok().lines
        kinds = {(d["what"], d["name"]) for d in differences}
        assert ("image of service", "web") in kinds and ("variable of web", "WORD") in kinds
        url = [d for d in differences if d["name"] == "URL"]
        assert "another" in url[0]["after"] and "hidden-" not in str(differences)
        record = json.loads(other.run("history", "show", "1", "-p", name).ok().out)
        assert record["number"] == 1 and "sealed" not in record and "secret-of" not in str(record)

        mark = sandbox.mark()
        planned = other.run("rollback", "-p", name, "--plan").ok()
        assert "WebTask" in planned.out or "Web" in planned.out, planned.out
        assert not sandbox.journal(mark, "cloudformation", "CreateChangeSet")
        went = other.run("rollback", "-p", name).ok()
        assert "data does not go back" in went.err
        started = sandbox.journal(mark, "ecs", "RunTask")
        assert not started, "a rollback builds nothing"
        secrets = [
            e["params"]["Value"]
            for e in sandbox.journal(mark, "ssm", "PutParameter")
            if "secret-of" in str(e["params"].get("Value"))
        ]
        assert secrets == ["secret-of-one"] or secrets == []
        listed = releases(other, name)
        assert listed[0]["kind"] == "rollback" and listed[0]["rollback_of"] == 1
    finally:
        other.end()

    # a rollback of a rollback is the way forward again
    place.run("config", "set", "API_KEY=second", cwd=folder).ok()
    forward = place.run("rollback", cwd=folder).ok()
    assert "config API_KEY was set anew since release 2" in forward.err
    assert releases(place, name)[0]["rollback_of"] == 2
    # config that is gone
    place.run("config", "rm", "API_KEY", cwd=folder).ok()
    assert "API_KEY" in place.run("rollback", "1", cwd=folder).ok(5).err
    assert "there is no release 99" in place.run("rollback", "99", cwd=folder).ok(6).err
    place.run("down", cwd=folder).ok()


def test_rollback_after_failures(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    """What failed and was taken back runs nowhere: the last good one before what runs is meant."""
    name = kit.project_name("r", "failures")
    folder = tmp_path / "src"
    compose(folder, name, "one")
    place.run("config", "set", "API_KEY=first", cwd=folder).ok()
    place.run("up", cwd=folder).ok()
    compose(folder, name, "two")
    # somebody else wrote the index meanwhile; then the answer to ours is lost
    index = {"service": "s3", "operation": "PutObject", "params_contains": "index.json", "times": 1}
    refused = {"code": "PreconditionFailed", "status": 412, "message": "no"}
    sandbox.fault({"error": refused}, **index)
    sandbox.fault({"reset": True, "after_effect": True}, **index, after=1)
    place.run("up", cwd=folder).ok()
    assert [rule["acted"] for rule in sandbox.control("GET", "faults")] == [1, 1]
    assert [r["number"] for r in releases(place, name)] == [2, 1]
    compose(folder, name, "three", ', SANDBOX_FAIL: "exit:3"')
    place.run("up", cwd=folder).ok(10)
    listed = releases(place, name)
    assert [r["number"] for r in listed] == [3, 2, 1] and listed[1]["runs"]
    assert "it is no place to go back to" in place.run("rollback", "3", cwd=folder).ok(5).err
    place.run("rollback", cwd=folder).ok()
    assert releases(place, name)[0]["rollback_of"] == 1
    place.run("down", cwd=folder).ok()


def test_rollback_with_pulumi(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    name = kit.project_name("r", "pulumi")
    folder = tmp_path / "src"
    place.environment["DEFANG_ENGINE"] = "pulumi"
    place.run("config", "set", "-p", name, "API_KEY=first").ok()
    for word in ("one", "two"):
        compose(folder, name, word)
        place.run("up", cwd=folder).ok()
    mark = sandbox.mark()
    place.run("rollback", "-p", name).ok()
    images = [
        c["image"]
        for e in sandbox.journal(mark, "ecs", "RegisterTaskDefinition")
        for c in e["params"]["containerDefinitions"]
        if c["name"].startswith("web_")
    ]
    listed = releases(place, name)
    assert listed[0]["rollback_of"] == 1 and listed[0]["runs"]
    first = json.loads(place.run("history", "show", "1", "-p", name).ok().out)["services"]
    assert not images or images[-1].split("@")[0].split(":")[0] in first[0]["image"]
    changed = place.run("history", "diff", "1", "3", "-p", name, "--json").ok().lines
    assert not [d for d in changed if d["what"] == "image of service"], changed
    place.run("down", "-p", name).ok()
