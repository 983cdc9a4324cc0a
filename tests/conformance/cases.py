"""Cases: many small projects in one text file a chapter.

    === name of the case            one behaviour; the lines below, up to the next ===, are
                                    compose.yaml
    #: profiles a b                 options of the call: profiles, files, env_files, env A=1 B=2,
                                    name, bare,
    #: differs KEY                  or a row of the table of wanted differences (wanted.py)
    #: cannot                       a line that is read as comment by YAML; both sides must refuse
                                    the file
    @web                            stands for a service "web" with an image; what follows is
                                    indented below it
    --- other.yaml                  another file of the same project

The words of `env` are separated by blanks; `%20` is a blank in one.
"""

from __future__ import annotations

import pathlib
import urllib.parse
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).parent
WEB = "services:\n  web:\n    image: nginx\n"


@dataclass
class Case:
    name: str
    files: dict[str, str] = field(default_factory=dict)
    call: dict = field(default_factory=dict)
    differs: str = ""
    cannot: bool | None = False  # None: whatever the reference says

    def option(self, words: list[str]) -> None:
        match words:
            case ["differs", key]:
                self.differs = key
            case ["cannot"]:
                self.cannot = True
            case ["bare"]:
                self.call["bare"] = True
            case ["name", name]:
                self.call["name"] = urllib.parse.unquote(name)
            case ["env", *pairs]:
                self.call.setdefault("env", {}).update(
                    (pair.partition("=")[0], urllib.parse.unquote(pair.partition("=")[2]))
                    for pair in pairs
                )
            case [("profiles" | "files" | "env_files") as key, *values]:
                self.call[key] = values
            case _:
                raise ValueError(f"{self.name}: unknown option {' '.join(words)}")


def parse(chapter: pathlib.Path) -> list[Case]:
    cases: list[Case] = []
    file, depth = "", 0
    for line in chapter.read_text(encoding="utf-8").split("\n"):
        if line.startswith("=== "):
            cases.append(Case(f"{chapter.stem}: {line[4:].strip()}"))
            file, depth = "compose.yaml", 0
        elif not cases:
            continue  # what a chapter says about itself
        elif line.startswith("#: "):
            cases[-1].option(line[3:].split())
        elif line.startswith("--- ") and line[4:].strip():
            file, depth = line[4:].strip(), 0
            cases[-1].files[file] = ""
        elif line == "@web":
            cases[-1].files[file] = cases[-1].files.get(file, "") + WEB
            depth = 4
        else:
            if depth and line and not line[0].isspace() and line.rstrip().endswith("\\"):
                line, depth = line.rstrip()[:-1], 0  # "volumes: \": back at the top level
            text = " " * depth + line if line and depth else line
            cases[-1].files[file] = cases[-1].files.get(file, "") + text + "\n"
    names = [case.name for case in cases]
    doubles = {name for name in names if names.count(name) > 1}
    if doubles:
        raise ValueError(f"named twice: {sorted(doubles)}")
    return cases


def load_all() -> list[Case]:
    return [case for chapter in sorted((HERE / "cases").glob("*.txt")) for case in parse(chapter)]
