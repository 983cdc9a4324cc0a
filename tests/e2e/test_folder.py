"""Which deployment, which project, which state: what a command means that names none.

Each test carries the row that it holds (trust 13 to 16, 38).
"""

import pathlib
import sqlite3

import kit


def test_trust_38_every_command_says_what_was_set_aside(
    sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    with kit.place_at(tmp_path / "p", sandbox) as place:
        assert "damaged" not in place.run("ls").ok().err
        place.stop()
        (place.state / "state.db").write_bytes(b"no database" * 1000)
        place.start()
        for life in range(2):
            aside = next(place.state.glob("state.db.corrupt-*"))
            for words in (["ls"], ["ls", "--json"], ["whoami"], ["daemon", "status"], ["version"]):
                ran = place.run(*words).ok()
                assert ran.err.count(str(aside)) == 1, ran
                assert "damaged" not in ran.out
            if life == 0:
                place.stop()
                place.start()
        aside.unlink()
        assert "damaged" not in place.run("ls").ok().err


def test_trust_38_a_state_that_cannot_be_opened_is_told_by_the_command(
    sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    with kit.place_at(tmp_path / "p", sandbox, start=False) as place:
        place.state.mkdir()
        database = place.state / "state.db"
        with sqlite3.connect(database) as other:
            other.execute("CREATE TABLE theirs(n)")
        other.close()
        ran = place.run("ls").ok(11)
        assert f"{database} is a database of another program" in ran.err
        assert "Move it away" in ran.err
        database.unlink()
        database.mkdir()
        assert str(database) in place.run("ls").ok(11).err


def name_of(folder: pathlib.Path) -> str:
    return (folder / "compose.yaml").read_text().split()[1]


def test_trust_13_and_14_a_command_means_its_own_folder(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """One project deploys; from everywhere else nothing of it is canceled or shown."""
    name = name_of(tiny)
    shop = kit.copy_project("tiny", tmp_path / "shop", project="shop")
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    sandbox.waits(ecs_steady=60.0)
    up = place.spawn("up", cwd=tiny)
    up.seen("ServiceWorker CREATE_IN_PROGRESS")
    running = place.run("ls", "--json").lines[0]["id"]

    others = sandbox.client("sts").assume_role(
        RoleArn="arn:aws:iam::210987654321:role/elsewhere", RoleSessionName="stranger"
    )["Credentials"]
    stranger = {
        "AWS_ACCESS_KEY_ID": others["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": others["SecretAccessKey"],
        "AWS_SESSION_TOKEN": others["SessionToken"],
    }
    outside = [
        ([], shop, {}, 6),
        (["-p", "shop"], tiny, {}, 6),
        (["--stack", "prod"], tiny, {}, 6),
        (["--region", "eu-west-1"], tiny, {}, 6),
        ([], tiny, {"AWS_REGION": "eu-west-1"}, 6),
        ([], tiny, stranger, 6),
        ([], nowhere, {}, 2),
        (["latest"], shop, {}, 6),
    ]
    for words, cwd, env, code in outside:
        for command in ("cancel", "watch"):
            ran = place.run(command, *words, cwd=cwd, env=env).ok(code)
            assert f"{name}/beta is deploying in {kit.REGION} of account {kit.ACCOUNT}" in ran.err
            assert f"defangctl {command} {running}" in ran.err and ran.out == ""
    assert "nothing of shop/beta is running" in place.run("cancel", cwd=shop).err
    assert place.run("ls", "--json").lines[0]["state"] == "RUNNING"

    gone = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    assert running in place.run("cancel", cwd=tiny, env=gone).ok(3).err
    watchers = [
        place.spawn("watch", cwd=tiny),
        place.spawn("watch", "latest", "-p", name, cwd=shop),
        place.spawn("watch", "--any", cwd=shop),
        place.spawn("watch", running, cwd=nowhere),
        place.spawn("watch", cwd=tiny, env=gone),  # who may not be asked may look
    ]
    for watcher in watchers:
        watcher.seen(f"up {name} · beta")
    canceled = place.run("cancel", cwd=tiny).ok()
    assert f"canceling {running} of {name}/beta" in canceled.err
    assert "CANCELED" in up.result().ok(8).err
    for watcher in watchers:
        watcher.result().ok(8)
    ended = place.run("cancel", running, cwd=shop).ok(5)
    assert f"{running} of {name}/beta has ended" in ended.err
    assert "nothing is running" in place.run("cancel", "--any", cwd=shop).ok(6).err
