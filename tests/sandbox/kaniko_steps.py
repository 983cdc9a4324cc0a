"""What the stand-in for Kaniko does with a Dockerfile: stage by stage, instruction by instruction.

Arguments and environment are expanded, COPY and ADD must find their sources in the context, and
each step is told in the log as Kaniko tells it. RUN lines are not executed: dockerfile.failing_exit
says which of them would fail. The result is the list of steps that make a layer, from which
kaniko.py derives the digest.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from . import dockerfile
from .ecs_registries import docker_login, full_reference, is_private
from .kaniko_flags import BuildFailed

if TYPE_CHECKING:
    from .kaniko import Build


class Steps:
    """Walks the Dockerfile of one build; `made` gives the texts of the steps that make layers."""

    def __init__(self, build: Build) -> None:
        self.flags, self.files = build.flags, build.files
        self.environment = build.container.environment
        self.info, self.pause, self.inside = build.info, build.pause, build.inside
        self.features, self.secrets = build.features, build.secrets

    def made(self) -> list[str]:
        name = self.inside(self.flags.get("dockerfile", "Dockerfile"))
        text = self.files.get(name)
        if text is None:
            raise BuildFailed(
                "Error: error resolving dockerfile path: please provide a valid path to a "
                "Dockerfile within the build context with --dockerfile"
            )
        try:
            arguments, stages = dockerfile.parse(text.decode("utf-8", "replace"))
        except dockerfile.DockerfileError as bad:
            raise BuildFailed(f"Error: error building image: parsing dockerfile: {bad}") from bad
        given = dict(a.partition("=")[::2] for a in self.flags.get("build-arg", []))
        variables = {}
        for argument in arguments:
            key, equal, value = argument.text.partition("=")
            variables[key.strip()] = given.get(
                key.strip(), dockerfile.expand(value.strip("\"' "), variables) if equal else ""
            )
        wanted = self.wanted_stages(stages)
        made: list[str] = []
        for index in wanted:
            made = self.stage(stages, index, variables, given)
        return made

    def wanted_stages(self, stages: list[dockerfile.Stage]) -> list[int]:
        target = self.flags.get("target")
        if not target:
            return list(range(len(stages)))
        for index, stage in enumerate(stages):
            if target.lower() == stage.name or target == str(index):
                return list(range(index + 1))
        raise BuildFailed(f"Error: finding stage: {target} is not a valid target build stage")

    def stage(
        self,
        stages: list[dockerfile.Stage],
        index: int,
        outer: dict[str, str],
        given: dict[str, str],
    ) -> list[str]:
        stage = stages[index]
        base = dockerfile.expand(stage.base, outer)
        if not base:
            raise BuildFailed(
                f"Error: failed to parse stage name {stage.base!r}: could not parse reference: "
            )
        self.info(f"Building stage '{base}' [idx: '{index}', base-idx: '-1']")
        names = {s.name for s in stages[:index]} | {str(i) for i in range(index)}
        if base.lower() in names:
            self.info(f"Base image from previous stage {base} found, using saved tar")
        elif base != "scratch":
            self.info(f"Retrieving image manifest {base}")
            self.info(f"Retrieving image {base} from registry {registry_of(base)}")
            self.log_in(base)
            self.pause()
        self.info(f"Built cross stage deps: map[{'' if len(stages) == 1 else index}]")
        self.info(
            f"Executing {len(stage.instructions)} build triggers"
            if any(i.name == "ONBUILD" for i in stage.instructions)
            else "Unpacking rootfs as cmd requires it"
        )
        variables, layers = dict(outer), [f"FROM {base}"]
        for instruction in stage.instructions:
            self.info(instruction.shown)
            self.pause()
            if instruction.name in ("ENV", "ARG"):
                self.assign(instruction, variables, given)
            elif instruction.name in ("COPY", "ADD"):
                self.copy(instruction, variables, names)
            elif instruction.name == "RUN":
                self.run_line(instruction, variables)
            if instruction.name in ("RUN", "COPY", "ADD", "WORKDIR"):
                self.info("Taking snapshot of files...")
                layers.append("\n".join([instruction.shown, *self.heredoc(instruction, variables)]))
        return layers

    def log_in(self, base: str) -> None:
        """github.com/osscontainertools/kaniko docs/registries.md: DOCKER_AUTH_CONFIG."""
        reference = full_reference(base)
        if is_private(reference) and not docker_login(
            self.environment.get("DOCKER_AUTH_CONFIG", ""), reference
        ):
            host, path = reference.split("/", 1)
            raise BuildFailed(
                f"error building image: GET https://{host}/v2/{path.split(':')[0]}/manifests/"
                f"{path.split(':')[-1]}: UNAUTHORIZED: authentication required"
            )

    def heredoc(self, instruction: dockerfile.Instruction, variables: dict[str, str]) -> list[str]:
        """The text that COPY writes: with its variables, as BuildKit has it, where asked for."""
        quoted = re.search(r"<<-?[\"']", instruction.text)
        if instruction.name == "RUN" or quoted or "EXPAND_HEREDOC" not in self.features:
            return instruction.heredoc
        return [dockerfile.expand(line, variables) for line in instruction.heredoc]

    @staticmethod
    def assign(
        instruction: dockerfile.Instruction, variables: dict[str, str], given: dict[str, str]
    ) -> None:
        if instruction.name == "ENV" and "=" not in instruction.text.split(" ")[0]:
            key, _, value = instruction.text.partition(" ")
            variables[key] = dockerfile.expand(value.strip(), variables)
            return
        for word in dockerfile.words(instruction.text):
            key, equal, value = word.partition("=")
            if instruction.name == "ARG":
                variables[key] = given.get(
                    key, dockerfile.expand(value, variables) if equal else variables.get(key, "")
                )
            else:
                variables[key] = dockerfile.expand(value, variables)

    def copy(
        self, instruction: dockerfile.Instruction, variables: dict[str, str], stages: set[str]
    ) -> None:
        try:
            words = [dockerfile.expand(w, variables) for w in dockerfile.words(instruction.text)]
        except dockerfile.DockerfileError as bad:
            raise BuildFailed(f"error building stage: {bad}") from bad
        if len(words) < 2:
            raise BuildFailed(
                f"error building stage: {instruction.name} requires at least two arguments, but "
                f"only {len(words)} were provided. Destination could not be determined"
            )
        source = instruction.flags.get("from")
        if source is not None:
            source = dockerfile.expand(source, variables)
            if (
                source.lower() not in stages
                and not re.search(r"[/:.]", source)
                and source.isdigit()
            ):
                raise BuildFailed(f"Error: failed to get stage {source}: invalid stage index")
            return
        missing = dockerfile.sources_missing(
            [self.inside(w) for w in words[:-1] if not w.startswith(("http://", "https://", "<<"))],
            set(self.files),
        )
        if missing:
            path = f"/kaniko/buildcontext/{missing[0]}"
            raise BuildFailed(
                "error building stage: failed to get files used from context: failed to get "
                f"fileinfo for {path}: lstat {path}: no such file or directory"
            )

    def mount(self, mount: dict[str, str]) -> None:
        """v1.28.3, pkg/commands/run.go. What was mounted is told by its digest: from outside nobody
        sees it otherwise."""
        kind = mount.get("type", "bind")
        source = mount.get("from", "")
        if kind == "secret":
            name = mount.get("id") or mount.get("target", "").rsplit("/", 1)[-1]
            if name in self.secrets:
                digest = hashlib.sha256(self.secrets[name].encode()).hexdigest()
                self.info(f"secret {name} sha256:{digest}")
            elif mount.get("required", "false") in ("", "true"):
                raise BuildFailed(f"error building stage: secret not defined: {name}")
            else:
                self.info(f'skip mounting "{name}" as it is not available')
        elif kind == "bind" and source not in ("", "context"):
            self.info(f"Kaniko does not support cross-stage bind mounts (from={source}) - skipping")
        elif kind == "bind":
            path = self.inside(mount.get("source", mount.get("src", ".")))
            if dockerfile.sources_missing([path], set(self.files)):
                raise BuildFailed(
                    f"error building stage: copying bind source /kaniko/buildcontext/{path}: "
                    "lstat: no such file or directory"
                )

    def run_line(self, instruction: dockerfile.Instruction, variables: dict[str, str]) -> None:
        script = "\n".join(instruction.heredoc) if instruction.heredoc else instruction.text
        for mount in instruction.mounts:
            self.mount(mount)
        self.info("Cmd: /bin/sh")
        self.info(f"Args: [-c {instruction.text}]")
        code = dockerfile.failing_exit(script)
        if code:
            raise BuildFailed(
                "error building stage: failed to execute command: waiting for process to exit: "
                f"exit status {code}",
                1,
            )


def registry_of(image: str) -> str:
    first = image.split("/")[0]
    return first if "/" in image and re.search(r"[.:]", first) else "index.docker.io"
