"""Who calls whom in the product: calls upward, circles between rooms, functions without a caller.

Read from the text, not from objects: names of functions with external linkage are unique in the
program, so that a name in another file means that function. A use is any mention that is no
declaration: a call, an address in a table, a macro of a header. A static function of the same name
hides it in its file.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import c_text
import layers

PRODUCT = ("src", "daemon", "client")

# The line that begins a function, up to its brace; static ones are nobody else's business.
DEFINITION = re.compile(
    r"^(?!static\b|typedef\b|extern\b|#|\s|\}|/|else\b|return\b)"
    r"[A-Za-z_][\w\s*]*?[\s*](\w+)\s*\(([^;{}]*?)\)\s*(?:__attribute__\(\(.*?\)\)\s*)?\n?\{",
    re.MULTILINE,
)
STATIC = re.compile(r"^static\b[^;{}()=]*?\b(\w+)\s*\(", re.MULTILINE)
MENTION = re.compile(r"(?<![\w.>])(?<!struct )(?<!enum )([A-Za-z_]\w*)")
MACRO = re.compile(r"^[ \t]*#[ \t]*define\b(?:.*\\\n)*.*$", re.MULTILINE)
INLINE = re.compile(r"^static inline\b.*?^\}", re.MULTILINE | re.DOTALL)

# Functions that no file of the product calls, and why they stay.
UNCALLED = {
    # Where tests take hold: time, a loop without a daemon, text without a file, state seen.
    "clock_replace": "tests set the clock",
    "loop_use_virtual_time": "tests set the loop's time",
    "loop_run_fiber": "tests run one fiber to its end",
    "yaml_parse": "tests and the conformance tool read one document",
    "aws_profiles_parse": "the published vectors are texts, not files",
    "store_open": "tests open a store with nothing but a folder",
    "store_failed": "tests see whether a commit failed",
    "price_rows": "tests/plan/price_tool.c prints the table",
    "price_regions": "the same",
}


@dataclass
class Program:
    """Each name's file, and for each file the names that it takes from each other file."""

    defined: dict[str, str] = field(default_factory=dict)
    uses: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    mentioned: set[str] = field(default_factory=set)


def mentions(text):
    return {found[1] for found in MENTION.finditer(text)}


def read(sources):
    """`sources`: (path, code without comments and strings) of C files."""
    product = [(p, code) for p, code in sources if p.split("/")[0] in PRODUCT]
    program = Program()
    for path, code in product:
        if path.endswith(".c"):
            for found in DEFINITION.finditer(code):
                if found[1] != "main":  # each program has its own
                    program.defined.setdefault(found[1], path)
    for path, code in product:
        if path.endswith(".h"):
            for part in [*MACRO.findall(code), *INLINE.findall(code)]:
                program.mentioned |= mentions(part)
            continue
        hidden = set(STATIC.findall(code))
        named = mentions(code) - hidden
        for name in named:
            home = program.defined.get(name)
            if home and home != path:
                program.uses.setdefault(path, {}).setdefault(home, set()).add(name)
                program.mentioned.add(name)
        for name, home in program.defined.items():
            if home == path and len(re.findall(rf"(?<![\w.>]){name}\b", code)) > 1:
                program.mentioned.add(name)
    return program


def upward(program):
    for path, homes in sorted(program.uses.items()):
        for home, names in sorted(homes.items()):
            message = layers.judge_step(path, home)
            if message:
                yield path, 1, f"calls {', '.join(sorted(names))}() of {home}: {message}"


def components(edges):
    """Strongly connected parts of more than one file (Tarjan, without recursion)."""
    order, low, stack, inside, found = {}, {}, [], set(), []

    def visit(start):
        work = [(start, iter(sorted(edges.get(start, ()))))]
        order[start] = low[start] = len(order)
        stack.append(start)
        inside.add(start)
        while work:
            node, rest = work[-1]
            for following in rest:
                if following not in order:
                    order[following] = low[following] = len(order)
                    stack.append(following)
                    inside.add(following)
                    work.append((following, iter(sorted(edges.get(following, ())))))
                    break
                if following in inside:
                    low[node] = min(low[node], order[following])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    part = stack[stack.index(node) :]
                    del stack[stack.index(node) :]
                    inside.difference_update(part)
                    if len(part) > 1:
                        found.append(sorted(part))

    for node in sorted(edges):
        if node not in order:
            visit(node)
    return found


def circles(program):
    for part in components(program.uses):
        rooms = {str(Path(p).parent) for p in part}
        if len(rooms) > 1:
            yield part[0], 1, f"a circle of calls crosses rooms: {', '.join(part)}"


def uncalled(program):
    for name, home in sorted(program.defined.items()):
        if name not in program.mentioned and name not in UNCALLED:
            yield home, 1, f"{name}() is called by nobody in the product"
    for name, home in UNCALLED.items():
        if name in program.mentioned and name in program.defined:
            yield (
                program.defined.get(name, home),
                1,
                f"{name}() is called now: take it off calls.UNCALLED",
            )


def check(sources):
    program = read([(s.path, s.code) for s in sources if s.is_c])
    yield from upward(program)
    yield from circles(program)
    yield from uncalled(program)


def blank_tree(root):
    """For a look by hand: python3 -c 'import calls; …'."""
    for folder in PRODUCT:
        for path in sorted((Path(root) / folder).rglob("*.[ch]")):
            yield str(path.relative_to(root)), c_text.blank(path.read_text())
