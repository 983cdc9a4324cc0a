"""Looks at the pages that people read: form, links, and whether what they name is there.

    pages.py ROOT

Form: README.md has at most 150 lines; no line of a page has more than 120 columns, unless it is a
row of a table.
Links: each link to a file or a heading of this repository leads somewhere; so does a quoted path.
Names: each command, option and variable that a page quotes is one of the program's (man_check.py
reads them).
Tables: docs/SETTINGS.md has the settings and the members of x-defang-aws, docs/COMPOSE.md the
extension keys, as the tables in src/plan have them (tests/tools/compose_keys.py writes the others).
The tables are looked for by their names, wherever they stand; one that is not found stops it.
Rooms: docs/ARCHITECTURE.md has a row for each.
Promises: a test that docs/RELIABILITY.md names is there, in the file that it names.
"""

from __future__ import annotations

import functools
import pathlib
import re
import sys
import urllib.parse
from collections.abc import Iterator

import man_check

README_LINES, COLUMNS = 150, 120
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
COMMAND = re.compile(r"(?:`|^|&& )defangctl((?: [^\s`|#]+)+)", re.MULTILINE)
PATH = re.compile(r"`((?:src|daemon|client|tests|scripts|docs|examples)/[\w./-]+)`")
PROMISE = re.compile(
    r"`(?:((?:e2e|parity|plan|unit|sandbox)/[\w/]+\.\w+)::)?((?:test_)?(?:trust|access)_\w+)"
)
EXTENSION = re.compile(r"\bx-(?:defang|aws)-[a-z][a-z0-9_-]*[a-z0-9]")
# Read by tests and scripts only.
OTHER_VARIABLES = {"DEFANG_SHARED", "DEFANG_BUILD"}
# A header of EC2's metadata service, which is no key of a Compose file.
NO_KEYS = re.compile(r"x-aws-ec2-metadata")


def page_names(root: pathlib.Path) -> list[str]:
    found = [*root.glob("*.md"), *(root / "docs").glob("*.md")]
    return sorted(str(path.relative_to(root)) for path in found)


def check_form(name: str, text: str) -> Iterator[str]:
    lines = text.splitlines()
    if name == "README.md" and len(lines) > README_LINES:
        yield f"{len(lines)} lines, the bound is {README_LINES}: a page in docs/ has more room"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and not (line.startswith("|") and name != "README.md"):
            yield f"line {number} has {len(line)} columns, the bound is {COLUMNS}"


def anchors(text: str) -> set[str]:
    """What a heading is called in a link: lower case, hyphens for spaces, no other punctuation."""
    found: set[str] = set()
    for title in HEADING.findall(FENCE.sub("", text)):
        base = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        name, count = base, 0
        while name in found:
            count += 1
            name = f"{base}-{count}"
        found.add(name)
    return found


def check_links(root: pathlib.Path, name: str, text: str) -> Iterator[str]:
    for link in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = urllib.parse.unquote(link).partition("#")
        target = (root / name).parent / path if path else root / name
        if not target.exists():
            yield f"the link {link} leads nowhere"
        elif anchor and anchor not in anchors(target.read_text() if path else text):
            yield f"the link {link}: {target.name} has no such heading"


def check_paths(root: pathlib.Path, text: str) -> Iterator[str]:
    for path in sorted(set(PATH.findall(FENCE.sub("", text)))):
        if not (root / path).exists():
            yield f"there is no {path}"


def rooms(root: pathlib.Path) -> set[str]:
    """The folders below a layer that hold sources."""
    folders = [f for layer in ("src/*", "daemon", "client") for f in root.glob(f"{layer}/*/")]
    return {
        str(f.relative_to(root)) for f in folders if any(f.glob("*.[ch]")) or any(f.glob("*.sh"))
    }


def check_rooms(found: set[str], text: str) -> Iterator[str]:
    """docs/ARCHITECTURE.md has a row for each room, and none that is not there."""
    page = set(re.findall(r"^\| `((?:src/\w+|daemon|client)/\w+)` \|", text, re.MULTILINE))
    yield from differ("rooms", found, page)


def check_commands(facts: man_check.Facts, text: str) -> Iterator[str]:
    commands = {c.words: c for c in facts.commands}
    letters = {o.letter: o.name for o in facts.options.values() if o.letter}
    for quoted in COMMAND.findall(text):
        words = [w.rstrip(".,;:") for w in quoted.split()]
        if words[0].startswith("-") or not re.fullmatch(r"[a-z]+", words[0]):
            continue  # an option alone, or a placeholder
        if words[0] == "compose" and words[1:2] and words[1] in commands:
            words = words[1:]
        command = commands.get(" ".join(words[:2])) or commands.get(words[0])
        if not command:
            yield f"there is no command `defangctl{quoted}`"
            continue
        allowed = facts.common | set(command.options)
        for word in words[1:]:
            option = word.partition("=")[0]
            option = letters.get(option, option)
            if option.startswith("-") and len(option) > 1 and option not in allowed:
                yield f"`defangctl {command.words}` has no option {word}"


def check_variables(facts: man_check.Facts, text: str) -> Iterator[str]:
    there = set(re.findall(r"\bDEFANG_[A-Z_]*[A-Z]\b", text))
    for name in sorted(there - facts.variables - OTHER_VARIABLES - man_check.NOT_FOR_USERS):
        yield f"the program does not read {name}"


@functools.cache
def sources(root: pathlib.Path) -> list[str]:
    """The C files of what reads Compose files: plan with its rooms, compose, daemon."""
    folders = ("src/plan", "src/compose", "daemon")
    return [path.read_text() for folder in folders for path in sorted((root / folder).rglob("*.c"))]


def source_with(root: pathlib.Path, mark: str) -> str:
    """The text of the only C file that has the mark."""
    found = [text for text in sources(root) if mark in re.sub(r"\s+", " ", text)]
    if len(found) != 1:
        raise SystemExit(f'pages: {len(found)} files have "{mark}"; teach this check the new shape')
    return found[0]


def cells(text: str, title: str) -> list[list[str]]:
    """The rows of the tables under a heading."""
    part = re.split(r"^#{1,6} ", text.partition(f"# {title}\n")[2], flags=re.MULTILINE)[0]
    rows = [line for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def differ(what: str, code: set[str], page: set[str]) -> Iterator[str]:
    if len(code) < 3:
        raise SystemExit(f"pages: found {len(code)} of {what}; teach this check the new shape")
    for name in sorted(code - page):
        yield f"{what}: {name} is missing"
    for name in sorted(page - code):
        yield f"{what}: the program has no {name}"


def check_settings(root: pathlib.Path, text: str) -> Iterator[str]:
    rows = man_check.table(source_with(root, '"nat-gateway-strategy"'), "ROWS")
    found = re.findall(r'\{"([a-z0-9-]+)", (NULL|"[^"]+"), "(DEFANG_[A-Z_]+)"', rows)
    page = cells(text, "Settings")
    yield from differ("settings", {row[0] for row in found}, {quoted(row[0])[0] for row in page})
    pairs = {quoted(row[0])[0]: quoted(row[1])[0] for row in page}
    for key, alias, variable in found:
        if pairs.get(key, variable) != variable:
            yield f"settings: {key} has the variable {variable}"
        if alias != "NULL" and f"`{alias.strip(chr(34))}`" not in text:
            yield f"settings: the longer name {alias.strip(chr(34))} of {key} is missing"
    adopted = source_with(root, "struct member MEMBERS[]")
    known = re.search(r"\bknown\[\] = \{([^}]*)\}", adopted[adopted.index("take_member") :])
    members = set(re.findall(r'"([A-Za-z]+)"', known[1] if known else ""))
    brought = {m for row in cells(text, "What you bring yourself") for m in quoted(row[0])}
    yield from differ("x-defang-aws", members, brought)


def check_compose(root: pathlib.Path, both: str) -> Iterator[str]:
    source = "\n".join(sources(root))
    keys = {k for literal in re.findall(r'"(x-[^"]*)"', source) for k in EXTENSION.findall(literal)}
    keys = {key for key in keys if not NO_KEYS.match(key)}
    yield from differ("extension keys", keys, set(EXTENSION.findall(both)))


def check_promises(root: pathlib.Path, text: str) -> Iterator[str]:
    """`file::name`, a name alone, or its beginning ("name_*", "name_…")."""
    written = ""
    for path in sorted((root / "tests").rglob("test_*.[cp]*")):
        written += path.read_text(errors="replace")
    for file, name in PROMISE.findall(text):
        path = root / "tests" / file
        if file and not path.is_file():
            yield f"there is no tests/{file}"
        elif not re.search(rf"\b{name}", path.read_text() if file else written):
            yield f"there is no test {name}" + (f" in tests/{file}" if file else "")


def run(root: pathlib.Path) -> tuple[int, list[str]]:
    facts = man_check.read_facts(root)
    facts.variables.add("DEFANG_VERSION")  # what the build is called; no page speaks of it
    findings = []
    texts = {name: (root / name).read_text() for name in page_names(root)}
    for name, text in texts.items():
        problems = [
            *check_form(name, text),
            *check_links(root, name, text),
            *check_paths(root, text),
            *check_commands(facts, text),
            *check_variables(facts, text),
        ]
        findings += [f"{name}: {problem}" for problem in problems]
    architecture = texts["docs/ARCHITECTURE.md"]
    findings += [f"docs/ARCHITECTURE.md: {p}" for p in check_rooms(rooms(root), architecture)]
    settings, compose = texts["docs/SETTINGS.md"], texts["docs/COMPOSE.md"]
    findings += [f"docs/SETTINGS.md: {p}" for p in check_settings(root, settings)]
    findings += [f"docs/COMPOSE.md: {p}" for p in check_compose(root, settings + compose)]
    promises = texts["docs/RELIABILITY.md"]
    findings += [f"docs/RELIABILITY.md: {p}" for p in check_promises(root, promises)]
    return len(texts), findings


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if len(arguments) == 2 else 2
    count, findings = run(pathlib.Path(arguments[1]).resolve())
    print("\n".join([*findings, f"{count} pages, {len(findings)} findings"]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
