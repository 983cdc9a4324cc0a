"""The completions are what the client's tables say, and bash completes with them as it should."""

import re
import shutil
import subprocess
import unittest

import completions

BASH = completions.FOLDER / "defangctl.bash"

# (what is typed, all that is offered or some of it)
CASES = [
    (["u"], ["up"]),
    (["cd", "te"], ["template", "teardown"]),
    (["daemon", ""], ["status", "stop", "forget", "path"]),
    (["up", "--det"], ["--detach"]),
    (["up", "--from"], []),
    (["watch", "--fr"], ["--from"]),
    (["up", "--mode", "b"], ["balanced"]),
    (["up", "--mode", "=", ""], ["affordable", "balanced", "high_availability"]),
    (["up", "-m", "=", "h"], ["high_availability"]),
    (["up", "-m", "=", "balanced", "--det"], ["--detach"]),
    (["-p", "name", "down", "--vol"], ["--volumes"]),
    (["--region", "down", "u"], ["up"]),
    (["--region", ""], []),
    (["cd", "destroy", "--no-sp"], ["--no-spawn"]),
    (["config", "set", "--rand"], ["--random"]),
]


class Completions(unittest.TestCase):
    def complete(self, words):
        script = (
            'compopt() { :; }; . "$1"; shift; COMP_WORDS=(defangctl "$@"); COMP_CWORD=$#; '
            '_defangctl; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "-euc", script, "bash", str(BASH), *words],
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_the_files_are_what_the_tables_say(self):
        for path, text in completions.texts().items():
            self.assertEqual(path.read_text(), text, "run tests/tools/completions.py")

    def test_every_command_and_option(self):
        commands, table, common = completions.read()
        main = (completions.ROOT / "client" / "main.c").read_text()
        options = (completions.ROOT / "client" / "options.c").read_text()
        self.assertEqual(len(commands), len(re.findall(r"\bcmd_\w+\}", main)))
        self.assertEqual(len(table), len(re.findall(r"\bAT\(\w+\)\}", options)))
        for command in commands:
            self.assertLessEqual(set(command.options), set(table))
        self.assertLessEqual(set(common), set(table))

    def test_choices_stand_in_the_help(self):
        _, table, _ = completions.read()
        for name, values in completions.CHOICES.items():
            for value in values:
                self.assertIn(value, table[name].help)

    def test_bash(self):
        for words, wanted in CASES:
            with self.subTest(words=words):
                self.assertEqual(self.complete(words), wanted)

    def test_bash_files(self):
        self.assertIn(str(BASH), self.complete(["-f", str(BASH)[:-2]]))
        self.assertIn(str(BASH.parent), self.complete(["eject", str(BASH.parent)[:-2]]))

    def test_zsh_reads_it(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed: scripts/setup")
        done = subprocess.run(
            ["zsh", "-n", str(completions.FOLDER / "defangctl.zsh")], capture_output=True, text=True
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
