"""What a person types, and what is said of it: secrets at a prompt, help and its spellings, a pipe
that somebody closes. The rows are those of terminal.md.
"""

from __future__ import annotations

import subprocess
import termios

import kit
from test_watch import Terminal


def test_terminal_12_a_secret_is_typed(place: kit.Place, sandbox: kit.Sandbox) -> None:
    """Longer than the kernel's own line, corrected on the way; and left by Ctrl-C."""
    value = "k" * 6000
    terminal = Terminal(place, "config", "set", "LONG", "-p", "typed")
    terminal.seen("LONG: ")
    terminal.type(b"wrong\x15x\xc3\xa9\x7f\x7f" + value.encode() + b"\n")
    assert terminal.end() == 0, terminal.text
    assert "k" * 20 not in terminal.text
    names = [e["params"]["Name"] for e in sandbox.journal(0, "ssm", "PutParameter")]
    name = next(n for n in names if n.endswith("/typed/beta/LONG"))
    stored = sandbox.client("ssm").get_parameter(Name=name, WithDecryption=True)
    assert stored["Parameter"]["Value"] == value

    terminal = Terminal(place, "config", "set", "OTHER", "-p", "typed")
    terminal.seen("OTHER: ")
    terminal.type(b"half\x03")
    kit.wait_for(lambda: terminal.process.poll() is not None)
    assert termios.tcgetattr(terminal.master)[3] & termios.ECHO
    assert terminal.end() == 130, terminal.text
    assert "OTHER" not in place.run("config", "ls", "-p", "typed").ok().out


def test_terminal_5_a_closed_pipe_ends_it(place: kit.Place) -> None:
    """Also where who started it ignores SIGPIPE, as Python does."""
    for command in ("help", "compose config -f -"):
        done = subprocess.run(
            ["bash", "-c", f"{kit.DEFANGCTL} {command} | true; echo ${{PIPESTATUS[0]}}"],
            input="services: {a: {image: b}}\n",
            env=place.env(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout.strip() in ("0", "141") and not done.stderr, done


def test_terminal_6_families_and_help(place: kit.Place) -> None:
    for word in ("config", "cd", "daemon", "compose", "registry"):
        ran = place.run(word).ok(2)
        assert f"{word} " in ran.out and "there is no command" not in ran.err
        place.run(word, "--help").ok()
    assert place.run("help", "up").ok().out == place.run("up", "--help").ok().out
    assert place.run("help", "cd", "ls").ok().out.startswith("usage: defangctl cd ls")
    assert "there is no command" in place.run("help", "nosuch").ok(2).err
    wide = [line for line in place.run("help").ok().out.splitlines() if len(line) > 100]
    assert not wide, wide
