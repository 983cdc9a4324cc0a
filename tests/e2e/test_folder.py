"""Which deployment, which project, which state: what a command means that names none.

Each test carries the row that it holds (trust 13 to 16, 38).
"""

import pathlib
import sqlite3
import tempfile
from collections.abc import Iterator

import pytest

import kit


@pytest.fixture
def tmp_path() -> Iterator[pathlib.Path]:
    """Outside of every repository: pytest's own folder may lie in a clone of this one, which then
    would be where the projects come from."""
    with tempfile.TemporaryDirectory(prefix="defang-folder-") as folder:
        yield pathlib.Path(folder).resolve()


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


def in_repository(folder: pathlib.Path, remote: str) -> pathlib.Path:
    """As a clone is: its remote's URL is all that is looked at."""
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {remote}\n')
    return folder


def origin_of(sandbox: kit.Sandbox, name: str) -> dict[str, object]:
    template = sandbox.client("cloudformation").get_template(StackName=f"Defang-{name}-beta")
    return template["TemplateBody"]["Metadata"]["Defang"]["origin"]


def test_trust_15_and_16_a_project_knows_where_it_comes_from(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    """Two folders give their projects one name; then one of them renames it."""
    name = kit.project_name("o", "trust_15")
    one = kit.copy_project("tiny", tmp_path / "one", project=name)
    two = kit.copy_project(
        "tiny", tmp_path / "two", project=name, replace={"  worker:": "  other:"}
    )
    place.run("up", cwd=one).ok()
    first = origin_of(sandbox, name)
    assert first["folder"] == str(one) and first["files"] == ["compose.yaml"]

    # the folder gets another name, and so does the project; or another stack is asked for
    moved = one.rename(tmp_path / "moved")
    for words in (["-p", name, "--stack", "prod"], ["--stack", "prod"]):
        hint = f"`defangctl down -p {name} --stack beta` takes it down"
        assert hint in place.run("down", *words, cwd=moved).ok(6).err
    kit.edit(moved, f"name: {name}\n", "")
    assert f"`defangctl down -p {name}`" in place.run("down", cwd=moved).ok(6).err
    (moved / "compose.yaml").write_text(
        f"name: {name}\n" + (moved / "compose.yaml").read_text().lstrip()
    )
    moved.rename(one)

    mark = sandbox.mark()
    ran = place.run("up", cwd=two).ok(5)
    for part in (str(one), str(two), "worker", "--adopt"):
        assert part in ran.err, ran
    planned = place.run("plan", cwd=two).ok()
    assert str(one) in planned.out + planned.err and "worker" in planned.out + planned.err
    ran = place.run("down", cwd=two).ok(5)
    assert str(one) in ran.err and f"defangctl down -p {name}" in ran.err
    assert sandbox.changes(mark) == []
    assert place.run("ps", cwd=one).ok().out.count("worker") == 1

    # a copy with the same services is another origin, but takes nothing away
    kit.edit(two, "  other:", "  worker:")
    assert str(one) in place.run("up", cwd=two).ok().err
    kit.edit(two, "  worker:", "  other:")
    in_repository(two, "https://token:secret@github.com/acme/two.git")
    place.run("up", cwd=two).ok(5)
    assert str(one) in place.run("up", "--adopt", cwd=two).ok().err
    taken = origin_of(sandbox, name)
    assert taken["repository"] == "github.com/acme/two" and "folder" not in taken
    assert "secret" not in str(taken) and "token" not in str(taken)

    # other Compose files of the same folder: refused while something would go; `down` may
    (two / "more.yaml").write_text("services:\n  more:\n    image: busybox:1.36\n")
    place.run("up", "-f", "compose.yaml", "-f", "more.yaml", cwd=two).ok()
    ran = place.run("up", cwd=two).ok(5)
    assert "more.yaml" in ran.err and "service more" in ran.err
    place.run("up", "--adopt", cwd=two).ok()

    # a colleague's clone is the same origin, whatever the URL says about how it was reached
    clone = kit.copy_project(
        "tiny", tmp_path / "clone", project=name, replace={"  worker:": "  third:"}
    )
    in_repository(clone, "git@github.com:acme/two.git")
    ran = place.run("up", cwd=clone).ok()
    assert "deployed from" not in ran.err

    # renamed: the old name runs on, and is named with the way to take it down
    renamed = name + "x"
    kit.edit(clone, f"name: {name}\n", f"name: {renamed}\n")
    for command in ("down", "ps"):
        ran = place.run(command, cwd=clone).ok(6)
        assert f"project {renamed}" in ran.err and "is not deployed" in ran.err
        assert f"`defangctl down -p {name}`" in ran.err and "Done." not in ran.err, ran
    assert f"`defangctl down -p {name}`" in place.run("plan", cwd=clone).ok().err
    assert [d["project"] for d in place.run("ls", "--json").lines if d["project"] == renamed] == []
    place.run("down", "-p", name, cwd=clone).ok()
    ran = place.run("down", "-p", name, cwd=clone).ok()
    assert "Nothing was deployed" in ran.err and "Done." not in ran.err
    with kit.place_at(tmp_path / "q", sandbox) as elsewhere:
        assert "is not deployed" in elsewhere.run("down", "-p", name).ok(6).err
