"""The stand-in for the Kaniko executor: run by an ECS task whose image is called kaniko.

It parses the executor's flags (an unknown one ends it), fetches the s3:// context with the task's role,
opens the archive, walks the Dockerfile, checks that COPY finds its sources, logs the steps as Kaniko does,
and pushes a manifest into ECR. RUN lines are not executed, but `false` and `exit N` fail as they would.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
import tarfile
import time
import zlib
from typing import Any

from . import dockerfile, ecr
from .workload import SIGTERM_EXIT, Container, workload

# name -> takes a value; a repeated one collects
VALUES = {
    "context", "context-sub-path", "dockerfile", "destination", "build-arg", "target", "cache-repo", "cache-ttl", "cache-dir", "compression",
    "compression-level", "custom-platform", "customPlatform", "digest-file", "git", "ignore-path", "image-fs-extract-retry", "image-download-retry",
    "image-name-with-digest-file", "image-name-tag-with-digest-file", "insecure-registry", "kaniko-dir", "label", "annotation", "log-format", "oci-layout-path",
    "push-retry", "registry-certificate", "registry-client-cert", "registry-map", "registry-mirror", "secret", "skip-tls-verify-registry", "snapshot-mode",
    "snapshotMode", "tar-path", "tarPath", "verbosity",
}
SWITCHES = {
    "cache", "cache-copy-layers", "cache-run-layers", "cleanup", "compressed-caching", "force", "force-build-metadata", "ignore-var-run", "insecure",
    "insecure-pull", "log-timestamp", "materialize", "no-push", "no-push-cache", "preserve-context", "push-ignore-immutable-tag-errors", "reproducible",
    "single-snapshot", "skip-default-registry-fallback", "skip-push-permission-check", "skip-tls-verify", "skip-tls-verify-pull", "skip-unused-stages",
    "use-new-run", "credential-helpers", "pre-cleanup", "warmup",
}
SHORT = {"c": "context", "f": "dockerfile", "d": "destination", "v": "verbosity"}
MANY = {"destination", "build-arg", "label", "annotation", "registry-mirror", "ignore-path", "insecure-registry", "registry-map", "secret", "git"}
REPOSITORY = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+):([\w][\w.-]{0,127})")
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MAX_UNPACKED = 8 << 30


class BuildFailed(Exception):
    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class Stopped(Exception):
    pass


def flags_of(arguments: list[str]) -> dict[str, Any]:
    flags: dict[str, Any] = {}
    items = list(arguments)
    while items:
        item = items.pop(0)
        if not item.startswith("-") or item == "-":
            raise BuildFailed(f'Error: unknown command "{item}" for "executor"')
        name, equal, value = item.lstrip("-").partition("=")
        if not item.startswith("--"):
            if name not in SHORT:
                raise BuildFailed(f"Error: unknown shorthand flag: '{name[:1]}' in {item}")
            name = SHORT[name]
        if name in SWITCHES:
            if equal and value not in ("true", "false", "1", "0", "t", "f"):
                raise BuildFailed(f'Error: invalid argument "{value}" for "--{name}" flag: strconv.ParseBool: parsing "{value}": invalid syntax')
            flags[name] = value in ("true", "1", "t") if equal else True
        elif name in VALUES:
            if not equal:
                if not items:
                    raise BuildFailed(f"Error: flag needs an argument: --{name}")
                value = items.pop(0)
            if name in MANY:
                flags.setdefault(name, []).append(value)
            else:
                flags[name] = value
        else:
            raise BuildFailed(f"Error: unknown flag: --{name}")
    return flags


def check(flags: dict[str, Any]) -> None:
    if not flags.get("no-push") and not flags.get("destination"):
        raise BuildFailed("Error: you must provide --destination, or use --no-push")
    if not flags.get("context"):
        raise BuildFailed("Error: please provide a path to the docker build context with --context")
    if flags.get("cache-repo") and not flags.get("cache"):
        raise BuildFailed("Error: --cache-repo is set, but --cache is not")
    platform = flags.get("custom-platform") or flags.get("customPlatform")
    if platform and not re.fullmatch(r"linux/(amd64|arm64)(/v\d)?", platform):
        raise BuildFailed(f"Error: platform {platform} is not supported here; linux/amd64 or linux/arm64")
    for name in ("label", "build-arg"):
        for item in flags.get(name, []):
            if name == "label" and "=" not in item:
                raise BuildFailed(f"Error: label {item!r} is not KEY=VALUE")
    ttl = flags.get("cache-ttl", "336h")
    if not re.fullmatch(r"(\d+(\.\d+)?(ns|us|ms|s|m|h))+", ttl):
        raise BuildFailed(f'Error: invalid argument "{ttl}" for "--cache-ttl" flag: time: invalid duration')
    for destination in flags.get("destination", []):
        if not REPOSITORY.fullmatch(destination):
            raise BuildFailed(f"Error: destination {destination} is not repository:tag of an ECR registry")


def is_executor(image: str) -> bool:
    """By the image's own name: a repository of built images may be called after its builder too."""
    return image.split("@")[0].rsplit("/", 1)[-1].split(":")[0] in ("kaniko", "executor")


@workload(lambda container: is_executor(container.image))
def executor(container: Container) -> int:
    build = Build(container)
    try:
        build.run()
        return 0
    except Stopped:
        container.log("signal: terminated")
        return SIGTERM_EXIT
    except BuildFailed as failed:
        container.log(str(failed) if str(failed).startswith("Error: ") else f"error building image: {failed}")
        return failed.code


class Build:
    def __init__(self, container: Container) -> None:
        self.container, self.sandbox = container, container.sandbox
        self.context = container.context
        self.begun = time.monotonic()
        self.files: dict[str, bytes | None] = {}

    def info(self, text: str, level: str = "INFO") -> None:
        self.container.log(f"{level}[{int(time.monotonic() - self.begun):04d}] {text}")

    def pause(self, seconds: float | None = None) -> None:
        if self.container.sleep(self.context.seconds("build-step") if seconds is None else seconds):
            raise Stopped

    def run(self) -> None:
        self.flags = flags_of(self.container.command)
        check(self.flags)
        rule = self.context.behaviour.build([*self.flags.get("destination", []), self.flags["context"], self.label("io.defang.image.name")])
        self.permission()
        self.fetch()
        steps = self.steps()
        if rule["seconds"]:
            self.pause(float(rule["seconds"]))
        for line in rule["log"]:
            self.info(line)
        if rule["fails"]:
            raise BuildFailed(f"error building stage: failed to execute command: waiting for process to exit: exit status {rule['exit']}", int(rule["exit"]))
        self.push(steps)

    def label(self, name: str) -> str:
        return next((v.partition("=")[2] for v in self.flags.get("label", []) if v.startswith(name + "=")), "")

    def client(self, service: str, region: str | None = None) -> Any:
        role = self.container.task_role
        if not role:
            raise BuildFailed("error resolving source context: NoCredentialProviders: no valid providers in chain (the task definition has no task role)")
        return self.context.role_client(service, region or self.container.region, role, self.container.task["_id"])

    def permission(self) -> None:
        """Kaniko asks for push permission before it builds."""
        for destination in self.flags.get("destination", []):
            account, region, repository, _ = self.destination(destination)
            try:
                self.client("ecr", region).get_authorization_token()
            except Exception as refused:
                raise BuildFailed(f"Error: error checking push permissions -- make sure you entered the correct tag name, and that you are authenticated correctly, and try again: "
                                  f"checking push permission for \"{destination}\": {refused}") from refused
            if repository not in ecr.repositories(account, region):
                raise BuildFailed(f"Error: error checking push permissions -- make sure you entered the correct tag name, and that you are authenticated correctly, and try again: "
                                  f"checking push permission for \"{destination}\": POST https://{account}.dkr.ecr.{region}.amazonaws.com/v2/{repository}/blobs/uploads/: "
                                  f"NAME_UNKNOWN: The repository with name '{repository}' does not exist in the registry with id '{account}'")

    @staticmethod
    def destination(text: str) -> tuple[str, str, str, str]:
        match = REPOSITORY.fullmatch(text)
        assert match
        return match.group(1), match.group(2), match.group(3), match.group(4)

    def fetch(self) -> None:
        source = self.flags["context"]
        match = re.fullmatch(r"s3://([^/]+)/(.+)", source)
        if not match:
            raise BuildFailed(f"error resolving source context: unknown build context prefix provided, please use s3://: {source}")
        try:
            data = self.client("s3").get_object(Bucket=match.group(1), Key=match.group(2))["Body"].read()
        except Exception as refused:
            raise BuildFailed(f"error resolving source context: {refused}") from refused
        self.digest = hashlib.sha256(data).hexdigest()
        try:
            self.unpack(data)
        except (OSError, EOFError, zlib.error, tarfile.TarError) as broken:
            raise BuildFailed(f"error resolving source context: unpacking {source}: {broken}") from broken

    def unpack(self, data: bytes) -> None:
        total = 0
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            for member in archive:
                name = posixpath.normpath(member.name)
                if member.name.startswith("/") or name.startswith(".."):
                    raise tarfile.TarError(f"the entry {member.name!r} leads out of the context")
                total += member.size
                if total > MAX_UNPACKED:
                    raise tarfile.TarError("the context is larger than the task's storage")
                if member.isfile():
                    file = archive.extractfile(member)
                    small = member.size <= dockerfile.MAX_DOCKERFILE and file is not None
                    self.files[name] = file.read() if small and file is not None else None
                elif member.issym() or member.islnk() or member.isdir():
                    self.files[name] = None
                else:
                    raise tarfile.TarError(f"the entry {member.name!r} is no file, directory or link")

    def inside(self, name: str) -> str:
        return posixpath.normpath(posixpath.join(self.flags.get("context-sub-path", ""), name)).lstrip("/")

    def steps(self) -> list[str]:
        """Walk the Dockerfile; the texts of the steps that make layers."""
        name = self.inside(self.flags.get("dockerfile", "Dockerfile"))
        text = self.files.get(name)
        if text is None:
            raise BuildFailed("Error: error resolving dockerfile path: please provide a valid path to a Dockerfile within the build context with --dockerfile")
        try:
            arguments, stages = dockerfile.parse(text.decode("utf-8", "replace"))
        except dockerfile.DockerfileError as bad:
            raise BuildFailed(f"Error: error building image: parsing dockerfile: {bad}") from bad
        given = dict(a.partition("=")[::2] for a in self.flags.get("build-arg", []))
        variables = {}
        for argument in arguments:
            key, equal, value = argument.text.partition("=")
            variables[key.strip()] = given.get(key.strip(), dockerfile.expand(value.strip("\"' "), variables) if equal else "")
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

    def stage(self, stages: list[dockerfile.Stage], index: int, outer: dict[str, str], given: dict[str, str]) -> list[str]:
        stage = stages[index]
        base = dockerfile.expand(stage.base, outer)
        if not base:
            raise BuildFailed(f"Error: failed to parse stage name {stage.base!r}: could not parse reference: ")
        names = {s.name for s in stages[:index]} | {str(i) for i in range(index)}
        if base.lower() in names:
            self.info(f"Base image from previous stage {base} found, using saved tar")
        elif base != "scratch":
            self.info(f"Retrieving image manifest {base}")
            self.info(f"Retrieving image {base} from registry {registry_of(base)}")
            self.pause()
        self.info(f"Built cross stage deps: map[{'' if len(stages) == 1 else index}]")
        self.info(f"Executing {len(stage.instructions)} build triggers" if any(i.name == "ONBUILD" for i in stage.instructions) else "Unpacking rootfs as cmd requires it")
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
                layers.append(instruction.shown)
        return layers

    @staticmethod
    def assign(instruction: dockerfile.Instruction, variables: dict[str, str], given: dict[str, str]) -> None:
        if instruction.name == "ENV" and "=" not in instruction.text.split(" ")[0]:
            key, _, value = instruction.text.partition(" ")
            variables[key] = dockerfile.expand(value.strip(), variables)
            return
        for word in dockerfile.words(instruction.text):
            key, equal, value = word.partition("=")
            if instruction.name == "ARG":
                variables[key] = given.get(key, dockerfile.expand(value, variables) if equal else variables.get(key, ""))
            else:
                variables[key] = dockerfile.expand(value, variables)

    def copy(self, instruction: dockerfile.Instruction, variables: dict[str, str], stages: set[str]) -> None:
        try:
            words = [dockerfile.expand(w, variables) for w in dockerfile.words(instruction.text)]
        except dockerfile.DockerfileError as bad:
            raise BuildFailed(f"error building stage: {bad}") from bad
        if len(words) < 2:
            raise BuildFailed(f"error building stage: {instruction.name} requires at least two arguments, but only {len(words)} were provided. Destination could not be determined")
        source = instruction.flags.get("from")
        if source is not None:
            source = dockerfile.expand(source, variables)
            if source.lower() not in stages and not re.search(r"[/:.]", source) and source.isdigit():
                raise BuildFailed(f"Error: failed to get stage {source}: invalid stage index")
            return
        missing = dockerfile.sources_missing([self.inside(w) for w in words[:-1] if not w.startswith(("http://", "https://", "<<"))], set(self.files))
        if missing:
            path = f"/kaniko/buildcontext/{missing[0]}"
            raise BuildFailed(f"error building stage: failed to get files used from context: failed to get fileinfo for {path}: lstat {path}: no such file or directory")

    def run_line(self, instruction: dockerfile.Instruction, variables: dict[str, str]) -> None:
        script = "\n".join(instruction.heredoc) if instruction.heredoc else instruction.text
        self.info("Cmd: /bin/sh")
        self.info(f"Args: [-c {instruction.text}]")
        code = dockerfile.failing_exit(script)
        if code:
            raise BuildFailed(f"error building stage: failed to execute command: waiting for process to exit: exit status {code}", 1)

    def push(self, steps: list[str]) -> None:
        if self.flags.get("no-push"):
            self.info("Skipping push to container registry due to --no-push flag")
            return
        manifest = self.manifest(steps)
        digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
        self.push_cache()
        for destination in self.flags["destination"]:
            account, region, repository, tag = self.destination(destination)
            self.info(f"Pushing image to {destination}")
            client = self.client("ecr", region)
            try:
                client.put_image(registryId=account, repositoryName=repository, imageManifest=manifest, imageManifestMediaType=MANIFEST, imageTag=tag)
            except client.exceptions.ImageAlreadyExistsException:
                pass  # the same bytes under the same tag: a registry accepts that
            except client.exceptions.ImageTagAlreadyExistsException as immutable:
                if not self.flags.get("push-ignore-immutable-tag-errors"):
                    raise BuildFailed(f"error pushing image: failed to push to destination {destination}: TAG_INVALID: {immutable}") from immutable
            except Exception as refused:
                raise BuildFailed(f"error pushing image: failed to push to destination {destination}: {refused}") from refused
            self.info(f"Pushed {destination.rpartition(':')[0]}@{digest}")

    def push_cache(self) -> None:
        repo = self.flags.get("cache-repo")
        if not self.flags.get("cache"):
            return
        repo = repo or self.flags["destination"][0].rpartition(":")[0] + "/cache"
        match = re.fullmatch(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)", repo)
        if match and match.group(3) not in ecr.repositories(match.group(1), match.group(2)):
            self.info(f"Error uploading layer to cache: failed to push to destination {repo}: NAME_UNKNOWN: The repository with name '{match.group(3)}' "
                      f"does not exist in the registry with id '{match.group(1)}'", "WARN")
        elif match:
            self.info(f"Pushing layer {repo}:{self.digest} to cache now")

    def manifest(self, steps: list[str]) -> str:
        platform = self.flags.get("custom-platform") or self.flags.get("customPlatform") or "linux/amd64"
        labels = {k: v for k, _, v in (item.partition("=") for item in self.flags.get("label", []))}
        created = "1970-01-01T00:00:00Z" if self.flags.get("reproducible") else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.context.now()))
        config = json.dumps({"architecture": platform.split("/")[1], "os": "linux", "created": created, "config": {"Labels": labels}, "steps": steps,
                             "context": self.digest, "args": sorted(self.flags.get("build-arg", []))}, sort_keys=True)
        layers = []
        for step in steps:
            digest = hashlib.sha256(f"{self.digest}\n{step}".encode()).hexdigest()
            layers.append({"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 1000 + len(step), "digest": f"sha256:{digest}"})
        return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST,
                           "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config),
                                      "digest": "sha256:" + hashlib.sha256(config.encode()).hexdigest()}, "layers": layers})


def registry_of(image: str) -> str:
    first = image.split("/")[0]
    return first if "/" in image and re.search(r"[.:]", first) else "index.docker.io"
