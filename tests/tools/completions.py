#!/usr/bin/env python3
"""Writes packaging/completions: what bash and zsh complete after `defangctl`.

usage: completions.py [--check]     --check: writes nothing, fails when a file is stale

The client's own tables are the source: commands[] and common[] of client/main.c, targets[] of
client/options.c. Both files find out which command is meant (the words that are no option and no
option's value) and then offer its words or its options. Nothing is asked of the daemon: a key
pressed for completion starts nothing.
"""

import pathlib
import re
import sys
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "packaging" / "completions"
HEAD = (
    "# Written by tests/tools/completions.py from client/main.c and client/options.c, do not edit."
)

# Values that an option knows; each stands in the option's own help, which the test checks.
CHOICES = {
    "--mode": ["affordable", "balanced", "high_availability"],
    "--engine": ["cloudformation", "pulumi"],
    "--color": ["never", "always", "auto"],
    "--format": ["yaml", "json", "text", "sarif"],
    "--type": ["RUN", "BUILD", "ECS", "ALL"],
}
FILES = {"FILE"}
FOLDERS = {"DIR"}


@dataclass
class Option:
    name: str
    letter: str
    argument: str
    help: str

    @property
    def spellings(self) -> list[str]:
        return [self.name, self.letter] if self.letter else [self.name]


@dataclass
class Command:
    words: str
    arguments: str
    help: str
    options: list[str]


def rows(text: str, name: str) -> list[list[str]]:
    """The texts of each row of a C table; NULL is an empty one."""
    body = re.search(rf"\b{name}\[\] = \{{(.*?)\}};", text, re.DOTALL)
    assert body, f"there is no table {name}[] any more"
    flat = re.sub(r'"\s*\n\s*"', "", body[1])
    found = []
    for row in re.findall(r'\{+("(?:[^"\\]|\\.)*".*?)\}', flat, re.DOTALL):
        cells = re.findall(r'"((?:[^"\\]|\\.)*)"|\b(NULL)\b', row)
        found.append([cell.replace('\\"', '"') for cell, _ in cells])
    return found


def read() -> tuple[list[Command], dict[str, Option], list[str]]:
    """Commands, options by name, and the names of those that every command takes."""
    main, options = ((ROOT / "client" / f).read_text() for f in ("main.c", "options.c"))
    commands = [Command(*row[:3], row[3].split()) for row in rows(main, "commands")]
    table = {row[0]: Option(*row[:4]) for row in rows(options, "targets")}
    common = re.search(r"common\[\] = \{(.*?)NULL\}", main, re.DOTALL)
    assert common and len(commands) > 20 and len(table) > 30
    return commands, table, re.findall(r'"(--[a-z-]+)"', common[1])


def bash(commands: list[Command], table: dict[str, Option], common: list[str]) -> str:
    valued = [s for o in table.values() if o.argument for s in o.spellings]
    lines = [
        *(HEAD, "# shellcheck shell=bash", ""),
        "# What compgen finds for the word at the cursor: -f files, -d folders, -W words",
        "_defangctl_offer() {",
        '    [ "$1" = -W ] || compopt -o filenames',
        '    mapfile -t COMPREPLY < <(compgen "$@" -- "$current")',
        "}",
        *("", "_defangctl() {"),
        "    local current previous word skip='' command='' words='' options=''",
        '    current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"',
        "    # readline makes words of its own at '='",
        "    if [ \"$current\" = = ]; then current=''; fi",
        '    if [ "$previous" = = ]; then previous="${COMP_WORDS[COMP_CWORD - 2]}"; fi',
        "",
        '    case "$previous" in',
    ]
    for name, values in CHOICES.items():
        spelled = "|".join(table[name].spellings)
        lines.append(f"        {spelled}) _defangctl_offer -W '{' '.join(values)}'; return ;;")
    for wanted, flag in ((FILES, "-f"), (FOLDERS, "-d")):
        spelled = "|".join(s for o in table.values() if o.argument in wanted for s in o.spellings)
        lines.append(f"        {spelled}) _defangctl_offer {flag}; return ;;")
    rest = [
        s
        for o in table.values()
        if o.argument and o.name not in CHOICES and o.argument not in FILES | FOLDERS
        for s in o.spellings
    ]
    lines += [
        f"        {'|'.join(rest)}) return ;;",
        "    esac",
        "",
        "    # what the command is: the words that are no option and no option's value",
        '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        '        [ "$word" != = ] || continue',
        "        if [ -n \"$skip\" ]; then skip=''; continue; fi",
        '        case "$word" in',
        f"            {'|'.join(valued)}) skip=1 ;;",
        "            -*) ;;",
        '            *) command="${command:+$command }$word" ;;',
        "        esac",
        "    done",
        "",
        f"    options='{' '.join(common)}'",
        '    case "$command" in',
    ]
    groups: dict[str, list[str]] = {}
    for command in commands:
        first, _, second = command.words.partition(" ")
        groups.setdefault(first, []).extend([second] if second else [])
    lines.append(f"        '') words='{' '.join(groups)}' ;;")
    for first, seconds in groups.items():
        if seconds:
            lines.append(f"        {first}) words='{' '.join(seconds)}' ;;")
    for command in commands:
        spelled = f"'{command.words}'|'{command.words} '*"
        own = f' options="$options {" ".join(command.options)}"' if command.options else ""
        if command.arguments == "DIR":
            own += "; [[ $current == -* ]] || { _defangctl_offer -d; return; }"
        lines.append(f"        {spelled}){own} ;;")
    lines += [
        "    esac",
        '    case "$current" in -*) words="$options" ;; esac',
        '    _defangctl_offer -W "$words"',
        "}",
        "complete -F _defangctl defangctl",
    ]
    return "\n".join(lines) + "\n"


def zsh_option(option: Option, many: bool = True) -> str:
    text = re.sub(r"([\[\]:'\\])", r"\\\1", option.help.replace("'", "’"))
    value = ""
    if option.argument:
        if option.name in CHOICES:
            action = f"({' '.join(CHOICES[option.name])})"
        else:
            action = {"FILE": "_files", "DIR": "_directories"}.get(option.argument, " ")
        value = f":{option.argument}:{action}"
    equal = "=" if option.argument else ""
    if option.letter:
        return f"'*'{{{option.letter},{option.name}{equal}}}'[{text}]{value}'"
    return f"'*{option.name}{equal}[{text}]{value}'"


def zsh(commands: list[Command], table: dict[str, Option], common: list[str]) -> str:
    valued = "|".join(s for o in table.values() if o.argument for s in o.spellings)
    groups: dict[str, list[Command]] = {}
    for command in commands:
        groups.setdefault(command.words.split()[0], []).append(command)

    def described(word: str, text: str) -> str:
        return f"'{word}:{text.replace(chr(39), '’').replace(':', chr(92) + ':')}'"

    lines = [
        *("#compdef defangctl", HEAD, "", "_defangctl() {"),
        "    local word skip='' command=''",
        "    local -a common own names",
        "    common=(",
        *(f"        {zsh_option(table[name])}" for name in common),
        "    )",
        "    # what the command is: the words that are no option and no option's value",
        '    for word in "${(@)words[2,CURRENT-1]}"; do',
        "        if [[ -n $skip ]]; then skip=''; continue; fi",
        "        case $word in",
        f"            {valued}) skip=1 ;;",
        "            -*) ;;",
        '            *) command="${command:+$command }$word" ;;',
        "        esac",
        "    done",
        "    case $command in",
        "        '') names=(",
    ]
    for first, group in groups.items():
        one = (
            group[0].help
            if group[0].words == first
            else ", ".join(c.words.split()[1] for c in group)
        )
        lines.append(f"            {described(first, one)}")
    lines.append("        ) ;;")
    for first, group in groups.items():
        if group[0].words != first:
            lines.append(f"        {first}) names=(")
            lines += [f"            {described(c.words.split()[1], c.help)}" for c in group]
            lines.append("        ) ;;")
    for command in commands:
        own = [zsh_option(table[name]) for name in command.options]
        lines.append(f"        '{command.words}'|'{command.words} '*) own=(")
        lines += [f"            {text}" for text in own]
        if command.arguments == "DIR":
            lines.append("            '*:DIR:_directories'")
        else:  # the command's own words are arguments to _arguments too
            lines.append(f"            '*:{command.words.split()[-1]}: '")
        lines.append("        ) ;;")
    lines += [
        "    esac",
        "    if (( $#names )) && [[ $PREFIX != -* && -z $skip ]]; then",
        "        _describe 'command' names",
        "    else",
        "        _arguments -S $common $own",
        "    fi",
        "}",
        "",
        '_defangctl "$@"',
    ]
    return "\n".join(lines) + "\n"


def texts() -> dict[pathlib.Path, str]:
    facts = read()
    return {FOLDER / "defangctl.bash": bash(*facts), FOLDER / "defangctl.zsh": zsh(*facts)}


def main() -> int:
    if sys.argv[1:] not in ([], ["--check"]):
        print(__doc__)
        return 0 if sys.argv[1:] == ["--help"] else 2
    stale = 0
    for path, text in texts().items():
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.relative_to(ROOT)} is stale: python3 tests/tools/completions.py")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
