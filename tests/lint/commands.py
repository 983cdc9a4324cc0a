"""Every program that a script or a test calls stands in scripts/packages.txt, for scripts/setup.

Looked at: shell scripts (shell_words.py); in Python subprocess.*([…]), shutil.which(…) and
os.exec*(…) with a name that is written out; find_program('…') of meson. What a test makes up at run
time is not seen. A program that is part of every Debian stands in the table too, with the set
`base`, so that nothing is taken for granted by accident; a function that a script makes, and a
script of this repository, is no program.
"""

import ast
import re

import shell_words

TABLE = "scripts/packages.txt"
SETS = ("build", "demo", "test", "base", "optional")
SUBPROCESS = {"run", "Popen", "call", "check_call", "check_output"}
OWN = re.compile(
    r"^(?:\.{0,2}/)?(?:scripts|build|tests|systemd)/|^defangd$|^defangctl$|\.(?:sh|py)$"
)
PROGRAM = re.compile(r"^(?:/usr)?/s?bin/([\w.+-]+)$")


def read_table(text):
    """({program or path: package}, [(line, what is wrong)])."""
    known, wrong = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 3 or words[0] not in SETS:
            wrong.append(
                (number, f"not 'SET  LOOKED-FOR  PACKAGE' with a set of {', '.join(SETS)}")
            )
            continue
        for name in words[1].split(","):
            if name in known:
                wrong.append((number, f"{name} is listed twice"))
            known[name] = words[2]
    return known, wrong


def literal(node):
    """The name that a list, or a text, begins with; "" where it is made at run time."""
    while isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, (ast.List, ast.Tuple)):
        node = node.elts[0] if node.elts else None
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def python_calls(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and PROGRAM.match(literal(node.value)):
            yield node.lineno, literal(node.value)
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func
        if not isinstance(called, ast.Attribute) or not isinstance(called.value, ast.Name):
            continue
        module, name = called.value.id, called.attr
        if (
            (module == "subprocess" and name in SUBPROCESS)
            or (module == "shutil" and name == "which")
            or (module == "os" and name.startswith("exec"))
        ):
            yield node.lineno, literal(node.args[0])


def meson_calls(text):
    for number, line in enumerate(text.splitlines(), 1):
        for name in re.findall(r"find_program\(\s*'([^']+)'", line):
            yield number, name


def calls(source):
    if source.is_shell:
        return shell_words.calls(source.text)
    if source.is_python and source.is_test:
        try:
            return list(python_calls(source.text))
        except SyntaxError as wrong:
            return [(wrong.lineno or 1, f"(not read: {wrong.msg})")]
    if source.path.endswith("meson.build"):
        return list(meson_calls(source.text))
    return []


def unlisted(root, sources):
    table = root / TABLE
    if not table.is_file():
        return
    known, wrong = read_table(table.read_text(encoding="utf-8"))
    for number, message in wrong:
        yield TABLE, number, message
    scripts = [s for s in sources if s.is_shell]
    functions = set().union(
        *(shell_words.read(s.text)[1] for s in scripts)
    )  # a script may source another
    for source in sources:
        for number, name in calls(source):
            path = PROGRAM.match(name)
            if (
                not name
                or name in known
                or name in functions
                or OWN.search(name)
                or (path and path[1] in known)
            ):
                continue
            yield source.path, number, f"{name} is called and stands in no line of {TABLE}"
