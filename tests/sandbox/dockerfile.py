"""A Dockerfile as the builder sees it: instructions with their flags, stages, and which files of
the context COPY and ADD need. Nothing is executed. Source: the Dockerfile reference.
"""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
import shlex
from dataclasses import dataclass, field

INSTRUCTIONS = {
    "FROM",
    "RUN",
    "CMD",
    "LABEL",
    "MAINTAINER",
    "EXPOSE",
    "ENV",
    "ADD",
    "COPY",
    "ENTRYPOINT",
    "VOLUME",
    "USER",
    "WORKDIR",
    "ARG",
    "ONBUILD",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "SHELL",
}
MAX_DOCKERFILE = 1 << 20


class DockerfileError(Exception):
    pass


@dataclass
class Instruction:
    name: str
    text: str  # arguments, continuation lines joined, flags removed
    line: int
    flags: dict[str, str] = field(default_factory=dict)
    heredoc: list[str] = field(default_factory=list)
    mounts: list[dict[str, str]] = field(default_factory=list)  # of RUN

    @property
    def shown(self) -> str:
        flags = "".join(f"--{k}={v} " for k, v in self.flags.items())
        return f"{self.name} {flags}{self.text}"


@dataclass
class Stage:
    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)


def parse(text: str) -> tuple[list[Instruction], list[Stage]]:
    """Global ARGs and the stages; DockerfileError with the line for anything a builder refuses."""
    arguments: list[Instruction] = []
    stages: list[Stage] = []
    for instruction in instructions(text):
        if instruction.name == "FROM":
            match = re.fullmatch(r"(\S+)(?:\s+[aA][sS]\s+([A-Za-z][\w.-]*))?", instruction.text)
            if not match:
                raise DockerfileError(
                    f"dockerfile parse error on line {instruction.line}: FROM requires either "
                    "one or three arguments"
                )
            stages.append(Stage(match.group(1), (match.group(2) or str(len(stages))).lower()))
        elif not stages:
            if instruction.name != "ARG":
                raise DockerfileError(
                    f"dockerfile parse error on line {instruction.line}: no build stage in "
                    "current context"
                )
            arguments.append(instruction)
        else:
            stages[-1].instructions.append(instruction)
    if not stages:
        raise DockerfileError("dockerfile parse error: file with no instructions")
    return arguments, stages


def instructions(text: str) -> list[Instruction]:
    lines = text.splitlines()
    escape, found, i = escape_of(lines), [], 0
    while i < len(lines):
        start, line = i, lines[i]
        i += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        joined = line.strip()
        while joined.endswith(escape) and i < len(lines):
            following = lines[i]
            i += 1
            if following.lstrip().startswith("#"):
                continue
            joined = joined[:-1].rstrip() + " " + following.strip()
        instruction = one(joined.rstrip(escape).strip(), start + 1)
        if instruction.name in ("RUN", "COPY", "ADD"):
            for mark in re.findall(r"<<-?[\"']?([A-Za-z_]\w*)[\"']?", instruction.text):
                while i < len(lines) and lines[i].strip() != mark:
                    instruction.heredoc.append(lines[i])
                    i += 1
                if i == len(lines):
                    raise DockerfileError(
                        f"dockerfile parse error on line {start + 1}: unterminated heredoc"
                    )
                i += 1
        found.append(instruction)
    return found


def escape_of(lines: list[str]) -> str:
    for line in lines:
        match = re.fullmatch(r"#\s*([A-Za-z]+)\s*=\s*(\S+)\s*", line)
        if not match:
            return "\\"
        if match.group(1).lower() == "escape":
            return match.group(2)
    return "\\"


def one(text: str, line: int) -> Instruction:
    name, _, rest = text.partition(" ")
    if name.upper() not in INSTRUCTIONS:
        raise DockerfileError(f"dockerfile parse error on line {line}: unknown instruction: {name}")
    instruction = Instruction(name.upper(), rest.strip(), line)
    while match := re.match(r"--([a-z-]+)(?:=(\"[^\"]*\"|\S+))?\s*", instruction.text):
        instruction.flags[match.group(1)] = (match.group(2) or "true").strip('"')
        if match.group(1) == "mount":
            fields = (match.group(2) or "").strip('"').split(",")
            instruction.mounts.append({k: v for k, _, v in (f.partition("=") for f in fields)})
        instruction.text = instruction.text[match.end() :]
    if not instruction.text and name.upper() != "FROM":
        raise DockerfileError(
            f"dockerfile parse error on line {line}: {name.upper()} requires at least one argument"
        )
    return instruction


def expand(text: str, variables: dict[str, str]) -> str:
    """$V, ${V}, ${V:-d}, ${V:+r} as Dockerfiles know them."""

    def value(match: re.Match[str]) -> str:
        if match.group(1):
            return variables.get(match.group(1), "")
        name, mode, word = match.group(2), match.group(3), match.group(4) or ""
        known = variables.get(name, "")
        if mode == ":-":
            return known or word
        if mode == ":+":
            return word if known else ""
        return known

    return re.sub(r"\$(?:(\w+)|\{(\w+)(?:(:[-+])([^}]*))?\})", value, text)


def words(text: str) -> list[str]:
    """COPY's and ADD's arguments in either form."""
    if text.startswith("["):
        try:
            value = json.loads(text)
            return [str(v) for v in value]
        except ValueError:
            pass
    try:
        return shlex.split(text)
    except ValueError as broken:
        raise DockerfileError(f"cannot split {text!r}: {broken}") from broken


def sources_missing(sources: list[str], files: set[str]) -> list[str]:
    """Which COPY sources match nothing in the context."""
    missing = []
    for source in sources:
        if re.match(r"(https?|git)://|git@", source) or source.startswith("<<"):
            continue
        clean = posixpath.normpath("/" + source).lstrip("/")
        if clean in ("", "."):
            continue
        if not any(f == clean or f.startswith(clean + "/") or glob(f, clean) for f in files):
            missing.append(clean)
    return missing


def glob(name: str, pattern: str) -> bool:
    if not re.search(r"[*?\[]", pattern):
        return False
    depth = pattern.count("/") + 1
    return (
        fnmatch.fnmatchcase("/".join(name.split("/")[:depth]), pattern)
        and len(name.split("/")) >= depth
    )


def failing_exit(run: str) -> int | None:
    """The exit code of a RUN that surely fails (`false`, `exit N`, alone or after others); None for
    any other.
    """
    script = run
    if script.startswith("["):
        try:
            parts = json.loads(script)
            script = parts[2] if len(parts) == 3 and parts[1] == "-c" else " ".join(parts)
        except ValueError:
            return None
    for piece in re.split(r"&&|;|\n", script):
        piece = piece.strip()
        if piece in ("false", "/bin/false"):
            return 1
        match = re.fullmatch(r"exit\s+(\d{1,3})", piece)
        if match:
            return int(match.group(1)) or None
    return None
