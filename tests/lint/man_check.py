#!/usr/bin/env python3
"""Compares what defangctl knows with what its documents say, both ways.

    man_check.py ROOT

The tables `targets[]` (client/options.c), `commands[]` and `common[]` (client/main.c) and the
exit codes (src/base/error.h) are the source. The man page docs/defangctl.1 and the pages
docs/COMMANDS.md and docs/EXIT_CODES.md must name every command with its arguments, its own
options in its own section or row, every common option, and every exit code; and nothing that the
program does not have. Every variable DEFANG_* that the code reads must stand in the man page, and
in docs/ENVIRONMENT.md or docs/SETTINGS.md. pages.py looks at the rest of the documents.
"""

from __future__ import annotations

import pathlib
import re
import sys
from dataclasses import dataclass

STRING = r'"((?:[^"\\]|\\.)*)"'

# No variable at all, and those of builds for tests.
NOT_FOR_USERS = {"DEFANG_VERSION", "DEFANG_FAULT", "DEFANG_FAULT_RECORD"}


@dataclass
class Option:
    name: str
    letter: str | None
    argument: str | None


@dataclass
class Command:
    words: str
    arguments: str
    options: list[str]


@dataclass
class Facts:
    options: dict[str, Option]
    commands: list[Command]
    common: set[str]
    exits: set[int]
    variables: set[str]


def table(text: str, name: str) -> str:
    """The rows of a C table on one line, however they are folded: literals side by side are one."""
    found = re.search(re.escape(name) + r"\[\] = \{(.*?)\};", text, re.S)
    if not found:
        raise SystemExit(
            f"man_check: there is no table {name}[] any more; teach this check the new shape"
        )
    return re.sub(r"\s+", " ", re.sub(r'"\s*\n\s*"', "", found.group(1)))


def read_facts(root: pathlib.Path) -> Facts:
    options_c, main_c = ((root / "client" / f).read_text() for f in ("options.c", "main.c"))
    targets, commands_table = table(options_c, "targets"), table(main_c, "commands")
    options = {}
    for name, letter, argument in re.findall(
        r'\{\s*\{\s*"(--[a-z-]+)", (NULL|"-[A-Za-z]"), (NULL|"[^"]*")', targets
    ):
        options[name] = Option(
            name,
            None if letter == "NULL" else letter.strip('"'),
            None if argument == "NULL" else argument.strip('"'),
        )
    commands = [
        Command(words, arguments, own.split())
        for words, arguments, own in re.findall(
            rf"\{{\s*{STRING}, {STRING}, {STRING.replace('(', '(?:', 1)}, {STRING}, cmd_",
            commands_table,
        )
    ]
    common = set(re.findall(r'"(--[a-z-]+)"', table(main_c, "common")))
    exits = {0} | {
        int(n)
        for n in re.findall(
            r"\bERR_(?!NONE)[A-Z_]+ = (\d+)", (root / "src/base/error.h").read_text()
        )
    }
    variables = set()
    for folder in ("src", "daemon", "client"):
        for path in (root / folder).rglob("*.c"):
            variables |= set(re.findall(r'"(DEFANG_[A-Z_]+)"', path.read_text()))
    rows = (len(re.findall(r"\{\s*\{", targets)), len(re.findall(r"\bcmd_", commands_table)))
    if rows != (len(options), len(commands)) or not common or len(exits) < 5 or not variables:
        raise SystemExit(
            f"man_check: read {len(options)} options and {len(commands)} commands of {rows}; "
            "teach this check the new shape"
        )
    return Facts(options, commands, common, exits, variables - NOT_FOR_USERS)


def plain(mdoc: str) -> str:
    """An mdoc line as words: "config set Ar NAME Ns Op = Ns Ar VALUE Ar ..." → "config set
    NAME[=VALUE]…".
    """
    out, glue, inside = "", False, False
    for word in mdoc.split():
        if word in ("Ar", "Cm", "Li", "Fl"):
            continue
        if word == "Ns":
            glue = True
            continue
        if word == "Op":
            out += "" if glue or not out else " "
            out, glue, inside = out + "[", True, True
            continue
        word = word.replace("...", "…")
        if inside and word == "…" and not out.endswith("]") and "=" in out:
            out, inside = out + "]", False
            glue = True
        tight = glue or not out or word == "…"
        out, glue = out + ("" if tight else " ") + word, False
    if inside:
        out += "]"
    return out.replace(" | ", "|")


def man_sections(text: str) -> dict[str, str]:
    """Title of each .Ss as words → its text."""
    sections = {}
    for part in re.split(r"^\.S[sh] ", text, flags=re.M)[1:]:
        title, _, body = part.partition("\n")
        sections[plain(title)] = body
    return sections


def man_options(body: str) -> dict[str, str]:
    """Options that an .It of the text defines: long name → rest of the line."""
    found = {}
    for line in re.findall(r"^\.It (Fl .*)$", body, re.M):
        name = re.search(r"Fl -([a-z-]+)", line)
        if name:
            found["--" + name.group(1)] = line
    return found


def check_man_option(option: Option, line: str) -> str | None:
    letter = re.search(r"Fl ([A-Za-z]) ,", line)
    argument = re.search(r"Ar (\S+)$", line)
    if (letter and "-" + letter.group(1)) != option.letter:
        return f"has the letter {option.letter}"
    if (argument and argument.group(1)) != option.argument:
        return f"takes {option.argument or 'no argument'}"
    return None


def check_man(facts: Facts, text: str) -> list[str]:
    problems = []
    sections = man_sections(text)
    wanted = {f"{c.words} {c.arguments}".strip(): c for c in facts.commands}
    ordinary = {
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "Options of every command",
        "COMMANDS",
        "CONSENT",
        "ENVIRONMENT",
        "FILES",
        "EXIT STATUS",
        "EXAMPLES",
        "SEE ALSO",
    }
    problems += [f'no section ".Ss {title}"' for title in wanted if title not in sections]
    problems += [
        f'section "{title}" is no command of defangctl'
        for title in sections
        if title not in wanted and title not in ordinary
    ]
    checks = [
        (
            "Options of every command",
            sorted(facts.common),
            sections.get("Options of every command", ""),
            set(),
        )
    ]
    checks += [
        (title, c.options, sections[title], facts.common)
        for title, c in wanted.items()
        if title in sections
    ]
    for title, names, body, also in checks:
        there = man_options(body)
        problems += [f"{title}: {name} is missing" for name in names if name not in there]
        problems += [
            f"{title}: has no option {name}"
            for name in there
            if name not in names and name not in also
        ]
        for name, line in there.items():
            wrong = check_man_option(facts.options[name], line) if name in facts.options else None
            if wrong:
                problems.append(f"{title}: {name} {wrong}")
    exits = {int(n) for n in re.findall(r"^\.It (\d+)$", sections.get("EXIT STATUS", ""), re.M)}
    problems += [
        f"exit status {n} is {'missing' if n in facts.exits else 'unknown'}"
        for n in sorted(exits ^ facts.exits)
    ]
    return problems


def check_commands(facts: Facts, text: str) -> list[str]:
    """docs/COMMANDS.md: a row for each command, and a table of the options that all have."""
    problems = []
    own, _, common = text.partition("\n## Options of every command\n")
    rows = {
        first.replace("\\|", "|"): rest
        for first, rest in re.findall(r"^\| `([^`]+)` \|(.*)$", own, re.M)
    }
    wanted = {f"{c.words} {c.arguments}".strip(): c for c in facts.commands}
    problems += [
        f"no row `{title}` in the table of commands" for title in wanted if title not in rows
    ]
    problems += [
        f"the row `{title}` is no command of defangctl" for title in rows if title not in wanted
    ]
    every = " ".join(re.findall(r"^\| `-.*$", common, re.M))
    checks = [("Options of every command", sorted(facts.common), every)]
    checks += [(title, c.options, rows[title]) for title, c in wanted.items() if title in rows]
    for title, names, body in checks:
        there = set(re.findall(r"(--[a-z][a-z-]*)", body))
        problems += [f"{title}: {name} is missing" for name in names if name not in there]
        problems += [
            f"{title}: has no option {name}" for name in sorted(there - set(names) - facts.common)
        ]
    return problems


def check_exits(facts: Facts, text: str) -> list[str]:
    exits = {int(n) for n in re.findall(r"^\| (\d+) \|", text, re.M)}
    return [
        f"exit code {n} is {'missing' if n in facts.exits else 'unknown'}"
        for n in sorted(exits ^ facts.exits)
    ]


def check_variables(facts: Facts, text: str) -> list[str]:
    there = set(re.findall(r"DEFANG_[A-Z_]*[A-Z]", text))
    problems = [f"the variable {name} is missing" for name in sorted(facts.variables - there)]
    known = facts.variables | {"DEFANG_SHARED"} | NOT_FOR_USERS
    return problems + [f"the program does not read {name}" for name in sorted(there - known)]


# Documents that are read as one, and what is asked of them.
DOCUMENTS = {
    ("docs/defangctl.1",): (check_man, check_variables),
    ("docs/COMMANDS.md",): (check_commands,),
    ("docs/EXIT_CODES.md",): (check_exits,),
    ("docs/ENVIRONMENT.md", "docs/SETTINGS.md"): (check_variables,),
}


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if len(arguments) == 2 else 2
    root = pathlib.Path(arguments[1])
    facts = read_facts(root)
    count = 0
    for names, checks in DOCUMENTS.items():
        text = "\n".join((root / name).read_text() for name in names)
        for check in checks:
            for problem in check(facts, text):
                print(f"{', '.join(names)}: {problem}")
                count += 1
    print(
        f"{len(facts.commands)} commands, {len(facts.options)} options, {len(facts.exits)} exit "
        f"codes, {len(facts.variables)} variables: {count} problems"
    )
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
