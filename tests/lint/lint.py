#!/usr/bin/env python3
"""The rules of the house that a compiler does not check (docs/ARCHITECTURE.md: levels,
conventions).

Usage: lint.py [ROOT]. Prints each finding as path:line: message, then how many files and checks
ran; exits 1 when there was a finding.
"""

import re
import subprocess
import sys
from pathlib import Path

import c_text
import calls
import commands
import layers

MAX_LINES = 500

BANNED_CALLS = [
    "sprintf",
    "vsprintf",
    "strcpy",
    "stpcpy",
    "strcat",
    "gets",
    "system",
    "popen",
    "tmpnam",
    "tempnam",
    "mktemp",
    "atoi",
    "atol",
    "atoll",
    "strtok",
    "alloca",
]
ENVIRONMENT = re.compile(r"\b(?:secure_)?getenv\s*\(|\b(?:__)?environ\b")
MAIN_FILES = {"client/main.c", "daemon/main.c"}  # the only ones that may read their own environment
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
OUTSIDE = re.compile(r"(?<![\w.])/(?:wo" r"rk/(?:main|shared)|tmp/te" r"am)\b")
OUTSIDE_PRODUCT = re.compile(
    r"(?<![\w.])/(?:home|root|Users)/\w"
)  # as example data in tests they are fine
REGISTRIES = re.compile(
    r"\b(?:[\w-]+\.)*(?:py"
    r"pi\.org|python"
    r"hosted\.org|npm"
    r"js\.(?:org|com)|npm"
    r"js\.org|proxy\.go"
    r"lang\.org|deb\.deb"
    r"ian\.org)\b"
)
TEXT_SUFFIXES = {
    ".c",
    ".h",
    ".py",
    ".sh",
    ".build",
    ".md",
    ".proto",
    ".yaml",
    ".yml",
    ".txt",
    ".in",
    ".service",
    ".socket",
    ".json",
}


class Source:
    """One file, read once: raw text, and for C the text with comments and strings blanked out
    (lines kept).
    """

    def __init__(self, root, path):
        self.path = path
        self.suffix = Path(path).suffix
        self.text = (root / path).read_text(encoding="utf-8", errors="replace")
        self.lines = self.text.splitlines()
        head = "\n".join(self.lines[:3])
        self.generated = (
            bool(re.search(r"\b(?:generated|written) by\b.*", head, re.IGNORECASE))
            and "do not edit" in head.lower()
        )
        self.is_c = self.suffix in (".c", ".h")
        self.code = c_text.blank(self.text) if self.is_c else self.text
        self.is_python = self.suffix == ".py" or bool(
            self.lines and "python" in self.lines[0] and self.lines[0].startswith("#!")
        )
        self.is_shell = self.suffix == ".sh" or bool(
            self.lines and re.match(r"#!.*\b(ba)?sh\b", self.lines[0])
        )
        self.is_test = path.startswith("tests/")

    def matches(self, pattern, text=None):
        for number, line in enumerate((self.text if text is None else text).splitlines(), 1):
            found = pattern.search(line)
            if found:
                yield number, found


def check_size(source):
    if (
        (source.is_c or source.is_python or source.is_shell)
        and not source.generated
        and len(source.lines) > MAX_LINES
    ):
        yield (
            MAX_LINES + 1,
            f"{len(source.lines)} lines, the bound is {MAX_LINES}: split it by concern",
        )


def check_header_comment(source):
    if source.suffix == ".h" and not source.text.startswith("/*"):
        yield 1, "a header begins with a comment: purpose, ownership, units, errors"


def check_pragma_once(source):
    if source.suffix == ".h" and not re.search(r"^#pragma once$", source.text, re.MULTILINE):
        yield 1, "a header has #pragma once"


BANNED = re.compile(r"(?<![\w.>])(" + "|".join(BANNED_CALLS) + r")\s*\(")


def check_banned_calls(source):
    if source.is_c:
        for number, found in source.matches(BANNED, source.code):
            yield number, f"{found[1]}() is banned: see base/str.h, base/file.h, loop/child.h"


def check_environment(source):
    if source.is_c and not source.is_test and source.path not in MAIN_FILES:
        for number, found in source.matches(ENVIRONMENT, source.code):
            yield (
                number,
                (
                    f"{found[0].strip(' (')}: only main reads the environment of the process, "
                    "others get a struct env"
                ),
            )


def check_typedef_struct(source):
    if source.is_c:
        for number, _ in source.matches(
            re.compile(r"\btypedef\s+(?:struct|union|enum)\b"), source.code
        ):
            yield number, "no typedef for structs, unions and enums"


def check_unfinished(source):
    for number, found in source.matches(UNFINISHED):
        yield number, f"{found[0]}: finish it, or open an issue"


def check_outside_paths(source):
    for pattern in [OUTSIDE] if source.is_test else [OUTSIDE, OUTSIDE_PRODUCT]:
        for number, found in source.matches(pattern):
            yield number, f"a path outside of the repository: {found[0]}…"


def check_registries(source):
    for number, found in source.matches(REGISTRIES):
        yield number, f"a registry's host is named ({found[0]}): its client knows it"


def check_layers(source):
    if source.is_c:
        for number, found in source.matches(layers.INCLUDE):
            message = layers.judge(source.path, found)
            if message:
                yield number, message


def check_shell_strict(source):
    if not source.is_shell:
        return
    if source.text.startswith("#!/bin/sh\n"):  # runs where there is no bash: POSIX has no pipefail
        if "\nset -eu\n" not in source.text:
            yield 1, "a POSIX shell script says set -eu"
    elif "set -euo pipefail" not in source.text:
        yield 1, "a shell script says set -euo pipefail"


CHECKS = [
    check_size,
    check_header_comment,
    check_pragma_once,
    check_banned_calls,
    check_environment,
    check_typedef_struct,
    check_unfinished,
    check_outside_paths,
    check_registries,
    check_layers,
    check_shell_strict,
]


def is_build(folder):
    """A meson build folder, whatever it is called."""
    return (folder / "meson-private").is_dir() or folder.name == "build"


def list_files(root):
    """What git knows or would add; all but build folders where there is no git (a release archive).

    An archive that is unpacked within another repository is not asked about there: that one may
    ignore the folder, and would say that there is nothing.
    """
    git = None
    if (root / ".git").exists():
        git = subprocess.run(
            ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            text=True,
            check=False,
        )
    if git and git.returncode == 0:
        names = git.stdout.splitlines()
    else:
        tops = [p for p in root.iterdir() if not (p.is_dir() and is_build(p))]
        paths = [p for top in tops for p in ([top] if top.is_file() else top.rglob("*"))]
        names = [str(p.relative_to(root)) for p in paths if p.is_file()]
    for name in sorted(set(names)):
        path = root / name
        if (
            path.is_file()
            and not path.is_symlink()
            and (path.suffix in TEXT_SUFFIXES or is_script(path))
        ):
            yield name


def is_script(path):
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def unlisted_sources(root, sources):
    """A C file that no meson.build of its folder (or of one above) names is neither built nor
    tested.
    """
    for source in sources:
        if source.suffix != ".c":
            continue
        stem = re.escape(Path(source.path).stem)
        folders = [root / p for p in Path(source.path).parents]
        texts = [(f / "meson.build").read_text() for f in folders if (f / "meson.build").is_file()]
        short = stem.removeprefix("test_").removeprefix("fuzz_").removeprefix("bench_")
        if not any(re.search(rf"['/](?:{stem}(?:\.c)?|{short})'", text) for text in texts):
            yield source.path, 1, "no meson.build names this file"


def run(root):
    sources = [Source(root, name) for name in list_files(root)]
    findings = [
        (s.path, number, message)
        for s in sources
        for check in CHECKS
        for number, message in check(s)
    ]
    findings += calls.check(sources)
    findings += unlisted_sources(root, sources)
    findings += commands.unlisted(root, sources)
    return sources, sorted(findings)


def main():
    if len(sys.argv) > 2 or sys.argv[1:2] == ["--help"]:
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    sources, findings = run(root)
    for path, number, message in findings:
        print(f"{path}:{number}: {message}")
    checks = len(CHECKS) + 2
    print(f"lint: {len(sources)} files, {checks} checks each, {len(findings)} findings")
    if not any(s.is_c for s in sources):
        print("lint: no C file was found: wrong root?")
        return 1
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
