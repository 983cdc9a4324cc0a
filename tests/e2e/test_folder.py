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
