"""Programs of the caller (credential_process) that ask a person something, with the real programs.

Where the shell has a terminal the program is run there, as the AWS CLI runs it: it may ask on
/dev/tty, read standard input, and take as long as a person does. Without a terminal the daemon runs
it, and its failure says how to bring the keys.
"""

from __future__ import annotations

import json
import pathlib
import stat
import subprocess

import kit
from test_watch import Terminal

NO_KEYS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}

ASKS = """#!/bin/sh
exec 3<>/dev/tty || exit 9
printf 'Code for %s in %s: ' "$VAULT_WHO" "$PWD" >&3
read -r code <&3
echo "checking $code" >&2
[ "$code" = 4711 ] || exit 3
cat "$HOME/keys.json"
"""


def process_file(place: kit.Place, text: str = ASKS, profile: str = "default") -> pathlib.Path:
    """A profile whose keys come from a program; the program."""
    program = place.home / "asks"
    program.write_text(text)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (place.home / ".aws").mkdir(exist_ok=True)
    section = profile if profile == "default" else f"profile {profile}"
    (place.home / ".aws" / "config").write_text(
        f"[{section}]\nregion = {kit.REGION}\ncredential_process = {program}\n"
    )
    (place.home / "keys.json").write_text(
        json.dumps({"Version": 1, "AccessKeyId": kit.KEY, "SecretAccessKey": kit.SECRET})
    )
    return program


def test_access_1_the_process_asks_on_the_terminal(place: kit.Place) -> None:
    process_file(place)
    folder = place.home / "in here"
    folder.mkdir()
    terminal = Terminal(place, "whoami", cwd=folder, env={**NO_KEYS, "VAULT_WHO": "me"})
    terminal.seen(f"Code for me in {folder}: ")
    terminal.type(b"4711\n")
    assert terminal.end() == 0, terminal.text
    assert "checking 4711" in terminal.text and kit.ACCOUNT in terminal.text

    # One that reads standard input, and refuses.
    process_file(place, ASKS.replace("read -r code <&3", "read -r code"))
    terminal = Terminal(place, "whoami", "--region", "us-east-1", env=NO_KEYS)
    terminal.seen("Code for")
    terminal.type(b"1\n")
    assert terminal.end() == 3, terminal.text
    assert "it ended with exit code 3" in terminal.text

    terminal = Terminal(place, "whoami", "--region", "us-east-1", env=NO_KEYS)
    terminal.seen("Code for")
    terminal.type(b"\x03")
    assert terminal.end() == 130, terminal.text


def test_access_1_without_a_terminal_the_hint_works(place: kit.Place) -> None:
    process_file(place, profile="corp")
    ran = place.run("whoami", env={**NO_KEYS, "AWS_PROFILE": "corp"}).ok(3)
    assert "/dev/tty" in ran.err, ran
    assert 'eval "$(aws configure export-credentials --format env)"' in ran.err, ran
    ran = place.run("whoami", "--profile", "corp", env=NO_KEYS).ok(3)
    command = ran.err.split("leave out --profile after: ")[1].splitlines()[0]
    assert "--profile corp" in command, ran

    # What stands there is pasted, with an AWS CLI that could ask.
    aws = place.home / "bin"
    aws.mkdir()
    (aws / "aws").write_text(
        '#!/bin/sh\n[ "$*" = "configure export-credentials --profile corp --format env" ] || exit 1'
        f"\necho export AWS_ACCESS_KEY_ID={kit.KEY}"
        f"\necho export AWS_SECRET_ACCESS_KEY={kit.SECRET}\n"
    )
    (aws / "aws").chmod(0o755)
    env = place.env(NO_KEYS)
    done = subprocess.run(
        ["bash", "-c", f"{command}\nexec {kit.DEFANGCTL} whoami"],
        env={**env, "PATH": f"{aws}:{env['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0 and kit.ACCOUNT in done.stdout, done
