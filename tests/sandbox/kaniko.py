"""The stand-in for the Kaniko executor: run by an ECS task whose image is called kaniko.

It parses the executor's flags (an unknown one ends it), fetches the s3:// context with the task's
role, opens the archive, walks the Dockerfile, checks that COPY finds its sources, logs the steps as
Kaniko does, and pushes a manifest into ECR. RUN lines are not executed, but `false` and `exit N`
fail as they would.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pathlib
import posixpath
import re
import tarfile
import time
import zlib
from typing import Any

from . import dockerfile, ecr
from .kaniko_flags import (
    FEATURE_PREFIX,
    REPOSITORY,
    BuildFailed,
    check,
    features,
    flags_of,
    secrets,
)
from .kaniko_steps import Steps
from .workload import SIGTERM_EXIT, Container, workload

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MAX_UNPACKED = 8 << 30


class Stopped(Exception):
    pass


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
        container.log(
            str(failed) if str(failed).startswith("Error: ") else f"error building image: {failed}"
        )
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
        self.secrets = secrets(self.flags, self.container.environment)
        active = features(self.container.environment)
        self.features = {name.removeprefix(FEATURE_PREFIX) for name in active}
        if active:
            self.info(f"active feature flags: {', '.join(active)}")
        rule = self.context.behaviour.build(
            [
                *self.flags.get("destination", []),
                self.flags["context"],
                self.label("io.defang.image.name"),
            ]
        )
        self.permission()
        self.fetch()
        steps = Steps(self).made()
        if rule["seconds"]:
            self.pause(float(rule["seconds"]))
        for line in rule["log"]:
            self.info(line)
        if rule["fails"]:
            raise BuildFailed(
                rule["error"]
                or "error building stage: failed to execute command: waiting for process to exit: "
                f"exit status {rule['exit']}",
                int(rule["exit"]),
            )
        self.push(steps)

    def label(self, name: str) -> str:
        return next(
            (v.partition("=")[2] for v in self.flags.get("label", []) if v.startswith(name + "=")),
            "",
        )

    def client(self, service: str, region: str | None = None) -> Any:
        role = self.container.task_role
        if not role:
            raise BuildFailed(
                "error resolving source context: NoCredentialProviders: no valid providers in "
                "chain (the task definition has no task role)"
            )
        return self.context.role_client(
            service, region or self.container.region, role, self.container.task["_id"]
        )

    def permission(self) -> None:
        """Kaniko asks for push permission before it builds."""
        for destination in self.flags.get("destination", []):
            account, region, repository, _ = self.destination(destination)
            try:
                self.client("ecr", region).get_authorization_token()
            except Exception as refused:
                raise BuildFailed(
                    "Error: error checking push permissions -- make sure you entered the "
                    "correct tag name, and that you are authenticated correctly, and try again: "
                    f'checking push permission for "{destination}": {refused}'
                ) from refused
            if repository not in ecr.repositories(account, region):
                raise BuildFailed(
                    "Error: error checking push permissions -- make sure you entered the "
                    "correct tag name, and that you are authenticated correctly, and try again: "
                    f'checking push permission for "{destination}": POST '
                    f"https://{account}.dkr.ecr.{region}.amazonaws.com/v2/{repository}"
                    "/blobs/uploads/: "
                    f"NAME_UNKNOWN: The repository with name '{repository}' does not exist in the "
                    f"registry with id '{account}'"
                )

    @staticmethod
    def destination(text: str) -> tuple[str, str, str, str]:
        match = REPOSITORY.fullmatch(text)
        assert match
        return match.group(1), match.group(2), match.group(3), match.group(4)

    def fetch(self) -> None:
        source = self.flags["context"]
        if source.startswith("git://"):
            self.clone(source)
            return
        match = re.fullmatch(r"s3://([^/]+)/(.+)", source)
        if not match:
            raise BuildFailed(
                "error resolving source context: unknown build context prefix provided, please "
                f"use s3://: {source}"
            )
        try:
            data = (
                self.client("s3")
                .get_object(Bucket=match.group(1), Key=match.group(2))["Body"]
                .read()
            )
        except Exception as refused:
            raise BuildFailed(f"error resolving source context: {refused}") from refused
        self.digest = hashlib.sha256(data).hexdigest()
        try:
            self.unpack(data)
        except (OSError, EOFError, zlib.error, tarfile.TarError) as broken:
            raise BuildFailed(
                f"error resolving source context: unpacking {source}: {broken}"
            ) from broken

    def clone(self, source: str) -> None:
        """Over https, from the internet: here the tree in $SANDBOX_GIT/<host>/<path> stands for
        every branch and commit of it."""
        place, *fragments = source.removeprefix("git://").split("#")
        branch = dict(
            item.partition("=")[::2]
            for flag in self.flags.get("git", [])
            for item in flag.split(",")
        ).get("branch", "")
        if "@" in place:
            raise BuildFailed("error resolving source context: credentials in the command line")
        if fragments and not re.fullmatch(r"refs/.+|[0-9a-f]{40}", fragments[0]):
            raise BuildFailed("error resolving source context: couldn't find remote ref")
        root = pathlib.Path(os.environ.get("SANDBOX_GIT", "/nonexistent")) / place
        if not root.is_dir():
            raise BuildFailed("error resolving source context: repository not found")
        self.info(f"Cloning {place} {branch or ''.join(fragments)}".rstrip())
        for path in sorted(root.rglob("*")):
            self.files[str(path.relative_to(root))] = path.read_bytes() if path.is_file() else None
        named = "\n".join(f"{name} {data!r}" for name, data in self.files.items())
        self.digest = hashlib.sha256(named.encode()).hexdigest()

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
                    raise tarfile.TarError(
                        f"the entry {member.name!r} is no file, directory or link"
                    )

    def inside(self, name: str) -> str:
        return posixpath.normpath(
            posixpath.join(self.flags.get("context-sub-path", ""), name)
        ).lstrip("/")

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
                client.put_image(
                    registryId=account,
                    repositoryName=repository,
                    imageManifest=manifest,
                    imageManifestMediaType=MANIFEST,
                    imageTag=tag,
                )
            except client.exceptions.ImageAlreadyExistsException:
                pass  # the same bytes under the same tag: a registry accepts that
            except client.exceptions.ImageTagAlreadyExistsException as immutable:
                if not self.flags.get("push-ignore-immutable-tag-errors"):
                    raise BuildFailed(
                        f"error pushing image: failed to push to destination {destination}: "
                        f"TAG_INVALID: {immutable}"
                    ) from immutable
            except Exception as refused:
                raise BuildFailed(
                    f"error pushing image: failed to push to destination {destination}: {refused}"
                ) from refused
            self.info(f"Pushed {destination.rpartition(':')[0]}@{digest}")

    def push_cache(self) -> None:
        repo = self.flags.get("cache-repo")
        if not self.flags.get("cache"):
            return
        repo = repo or self.flags["destination"][0].rpartition(":")[0] + "/cache"
        match = re.fullmatch(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)", repo)
        if match and match.group(3) not in ecr.repositories(match.group(1), match.group(2)):
            self.info(
                f"Error uploading layer to cache: failed to push to destination {repo}: "
                f"NAME_UNKNOWN: The repository with name '{match.group(3)}' "
                f"does not exist in the registry with id '{match.group(1)}'",
                "WARN",
            )
        elif match:
            self.info(f"Pushing layer {repo}:{self.digest} to cache now")

    def manifest(self, steps: list[str]) -> str:
        platform = (
            self.flags.get("custom-platform") or self.flags.get("customPlatform") or "linux/amd64"
        )
        labels = {k: v for k, _, v in (item.partition("=") for item in self.flags.get("label", []))}
        created = (
            "1970-01-01T00:00:00Z"
            if self.flags.get("reproducible")
            else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.context.now()))
        )
        config = json.dumps(
            {
                "architecture": platform.split("/")[1],
                "os": "linux",
                "created": created,
                "config": {"Labels": labels},
                "steps": steps,
                "context": self.digest,
                "args": sorted(self.flags.get("build-arg", [])),
            },
            sort_keys=True,
        )
        layers = []
        for step in steps:
            digest = hashlib.sha256(f"{self.digest}\n{step}".encode()).hexdigest()
            layers.append(
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    "size": 1000 + len(step),
                    "digest": f"sha256:{digest}",
                }
            )
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {
                    "mediaType": "application/vnd.docker.container.image.v1+json",
                    "size": len(config),
                    "digest": "sha256:" + hashlib.sha256(config.encode()).hexdigest(),
                },
                "layers": layers,
            }
        )
