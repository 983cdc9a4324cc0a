"""What a script calls is read as the shell reads it; what stands in no list is found."""

import tempfile
import unittest
from pathlib import Path

import commands
import lint
import shell_words

SHELL = [
    ("curl -s x | jq .a", ["curl", "jq"]),
    ("if ! grep -q x y; then sed 1d z; fi", ["grep", "sed"]),
    ("x=1 y=2 make all", ["make"]),
    ("echo \"$(date)\" 'not this | one' # nor | that", ["date"]),
    ("a() { tar x; }\na", ["tar"]),
    ('"$tool" x; [ -e /a ] && rm /b || ls', ["rm", "ls"]),
    ("case $x in a|b) cut -f1 ;; *) wc ;; esac; sort", ["cut", "wc", "sort"]),
    ("case $x in a) cut ;;\n b) wc\nesac\nsort", ["cut", "wc", "sort"]),
    ("cat <<E\nnever this\nE\ntac", ["cat", "tac"]),
    ("cat <<-'E' >x\n\tnever $(this)\n\tE\ntac", ["cat", "tac"]),
    ("[[ $a =~ (x|y) && b < c ]] || nl", ["nl"]),
    ("n=$((1 + $(wc -l <f))) ; ((n > 2)) && od", ["wc", "od"]),
    ("list=(one two $(ls))\nfor i in one two; do seq $i; done", ["ls", "seq"]),
    ("exec setsid -w nproc", ["setsid", "nproc"]),
    ("env A=1 timeout -k 5 10s curl x", ["env", "timeout", "curl"]),
    ('setsid "$python" -m thing', ["setsid"]),
    ("paste <(sort a) >(uniq) 2>&1 >file", ["paste", "sort", "uniq"]),
    ("a=`hostname -f` ; \\\n tr a b", ["hostname", "tr"]),
    ('say "${x:-$(id -u)}" "a ; b"', ["say", "id"]),
    ("while read -r x; do comm; done <<<word", ["comm"]),
]

PYTHON = [
    ("import subprocess\nsubprocess.run(['jq', '.'])\n", ["jq"]),
    ("import subprocess\nsubprocess.Popen(['sh', '-c'] + more)\n", ["sh"]),
    ("import shutil\nshutil.which('npm')\n", ["npm"]),
    ("AWS = '/usr/bin/aws'\n", ["/usr/bin/aws"]),
    ("import subprocess\nsubprocess.run([tool, 'jq'])\n", []),
]

TABLE = "base  cat,sh  coreutils\ntest  curl  curl\ntest  /usr/bin/aws  awscli\n"
SCRIPT = "#!/usr/bin/env bash\nset -euo pipefail\n"

# (path, text, part of the finding; None = none)
CASES = [
    ("scripts/run", SCRIPT + "curl x | cat\n", None),
    ("scripts/run", SCRIPT + "curl x | jq .\n", "jq is called"),
    ("scripts/run", SCRIPT + "helper() { cat; }\nhelper\n", None),
    ("scripts/run", SCRIPT + "scripts/other; tests/lint/lint.py\n", None),
    ("tests/x.py", "import subprocess\nsubprocess.run(['jq'])\n", "jq is called"),
    ("tests/x.py", "import subprocess\nsubprocess.run(['/bin/sh'])\n", None),
    ("tests/x.py", "AWS = '/usr/bin/aws'\n", None),
    ("tests/x.py", "def (\n", "not read"),
    ("tests/meson.build", "find_program('mandoc')\n", "mandoc is called"),
    ("scripts/packages.txt", TABLE + "test  curl  other\n", "listed twice"),
    ("scripts/packages.txt", TABLE + "tests  jq  jq\n", "not 'SET"),
]


class Commands(unittest.TestCase):
    def test_shell(self):
        for text, expected in SHELL:
            with self.subTest(text=text):
                self.assertEqual([word for _, word in shell_words.calls(text)], expected)

    def test_python(self):
        for text, expected in PYTHON:
            with self.subTest(text=text):
                found = [word for _, word in commands.python_calls(text) if word]
                self.assertEqual(found, expected)

    def test_cases(self):
        for path, text, part in CASES:
            with self.subTest(path=path, text=text), tempfile.TemporaryDirectory() as folder:
                root = Path(folder)
                for name, content in {"scripts/packages.txt": TABLE, path: text}.items():
                    (root / name).parent.mkdir(parents=True, exist_ok=True)
                    (root / name).write_text(content)
                found = list(commands.unlisted(root, [lint.Source(root, path)]))
                self.assertEqual(len(found), 0 if part is None else 1, found)
                if part:
                    self.assertIn(part, found[0][2])

    def test_lines(self):
        self.assertEqual(shell_words.calls("ls\n\ncat <<E\nx\nE\ntac\n")[-1], (6, "tac"))

    def test_the_real_table(self):
        root = Path(__file__).parents[2]
        known, wrong = commands.read_table((root / commands.TABLE).read_text())
        self.assertEqual(wrong, [])
        self.assertIn("curl", known)


if __name__ == "__main__":
    unittest.main()
