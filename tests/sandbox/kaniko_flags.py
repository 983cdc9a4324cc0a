"""The flags of the Kaniko executor, as its own command line reads them.

`flags_of` takes the arguments apart: an unknown flag, a switch with a value that is no boolean or a
flag without its value ends the build with the text of the real program. `check` looks at flags that
need each other. A flag of the real program that is missing here makes a build fail that would run:
add it with its kind (VALUES, SWITCHES).
"""

from __future__ import annotations

import re
from typing import Any

# name -> takes a value; a repeated one collects
VALUES = {
    "context",
    "context-sub-path",
    "dockerfile",
    "destination",
    "build-arg",
    "target",
    "cache-repo",
    "cache-ttl",
    "cache-dir",
    "compression",
    "compression-level",
    "custom-platform",
    "customPlatform",
    "digest-file",
    "git",
    "ignore-path",
    "image-fs-extract-retry",
    "image-download-retry",
    "image-name-with-digest-file",
    "image-name-tag-with-digest-file",
    "insecure-registry",
    "kaniko-dir",
    "label",
    "annotation",
    "log-format",
    "oci-layout-path",
    "push-retry",
    "registry-certificate",
    "registry-client-cert",
    "registry-map",
    "registry-mirror",
    "secret",
    "skip-tls-verify-registry",
    "snapshot-mode",
    "snapshotMode",
    "tar-path",
    "tarPath",
    "verbosity",
}
SWITCHES = {
    "cache",
    "cache-copy-layers",
    "cache-run-layers",
    "cleanup",
    "compressed-caching",
    "force",
    "force-build-metadata",
    "ignore-var-run",
    "insecure",
    "insecure-pull",
    "log-timestamp",
    "materialize",
    "no-push",
    "no-push-cache",
    "preserve-context",
    "push-ignore-immutable-tag-errors",
    "reproducible",
    "single-snapshot",
    "skip-default-registry-fallback",
    "skip-push-permission-check",
    "skip-tls-verify",
    "skip-tls-verify-pull",
    "skip-unused-stages",
    "use-new-run",
    "credential-helpers",
    "pre-cleanup",
    "warmup",
}
SHORT = {"c": "context", "f": "dockerfile", "d": "destination", "v": "verbosity"}
MANY = {
    "destination",
    "build-arg",
    "label",
    "annotation",
    "registry-mirror",
    "ignore-path",
    "insecure-registry",
    "registry-map",
    "secret",
    "git",
}
# FF_KANIKO_… of the environment, in v1.28.3 (pkg/config/featureflags.go)
FEATURES = {
    "BUILDKIT_ARG_ENV_PRECEDENCE",
    "CACHE_LOOKAHEAD",
    "CACHE_PROBE_AFTER_MISS",
    "CHOWN_ON_IMPLICIT_DIRS",
    "CLEAN_KANIKO_DIR",
    "COPY_AS_ROOT",
    "COPY_CHMOD_ON_IMPLICIT_DIRS",
    "CROSS_REPO_MOUNT",
    "DEPRECATE_INTER_STAGE_RESTORE",
    "DISABLE_HTTP2",
    "EXPAND_HEREDOC",
    "HASH_DIR_FRAMING",
    "IGNORE_CACHED_MANIFEST",
    "INFER_CROSS_STAGE_CACHE_KEY",
    "NO_PROPAGATE_ANNOTATIONS",
    "OCI_SCRATCH_BASE",
    "OCI_WARMER",
    "PRECOMPILE_DOCKERIGNORE",
    "PRESERVE_HARDLINKS",
    "PRESERVE_MOUNTED_PATHS",
    "RELATIVE_LINK_TARGETS",
    "REPRODUCIBLE_PRESERVE_BASE_LAYERS",
    "RESOLVE_CACHE_KEY",
    "ROLLING_CACHE_KEY",
    "RUN_HONOR_GROUP",
    "RUN_MOUNT_BIND",
    "RUN_VIA_TINI",
    "SCOPED_DOCKERIGNORE",
    "SECUREJOIN_EXTRACTION",
    "SHARED_BASE_CACHE",
    "SKIP_CACHED_STAGES",
    "SKIP_RELABEL_RECOMPRESS",
    "SKIP_WRITE_WHITEOUTS",
    "UNTAR_SKIP_ROOT",
    "VOLUME_SKIP_MKDIR",
    "WARMER_CACHE_LOCK",
}
FEATURE_PREFIX = "FF_KANIKO_"
REPOSITORY = re.compile(
    r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+):([\w][\w.-]{0,127})"
)


class BuildFailed(Exception):
    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


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
                raise BuildFailed(
                    f'Error: invalid argument "{value}" for "--{name}" flag: strconv.ParseBool: '
                    f'parsing "{value}": invalid syntax'
                )
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
        raise BuildFailed(
            f"Error: platform {platform} is not supported here; linux/amd64 or linux/arm64"
        )
    for name in ("label", "build-arg"):
        for item in flags.get(name, []):
            if name == "label" and "=" not in item:
                raise BuildFailed(f"Error: label {item!r} is not KEY=VALUE")
    ttl = flags.get("cache-ttl", "336h")
    if not re.fullmatch(r"(\d+(\.\d+)?(ns|us|ms|s|m|h))+", ttl):
        raise BuildFailed(
            f'Error: invalid argument "{ttl}" for "--cache-ttl" flag: time: invalid duration'
        )
    for destination in flags.get("destination", []):
        if not REPOSITORY.fullmatch(destination):
            raise BuildFailed(
                f"Error: destination {destination} is not repository:tag of an ECR registry"
            )


def secrets(flags: dict[str, Any], environment: dict[str, str]) -> dict[str, str]:
    """id -> value (v1.28.3, pkg/config/options.go and resolveSecrets of cmd/executor/cmd/root.go):
    of a variable; a file would have to be in the builder's image, so there is none here."""
    found: dict[str, str] = {}
    for flag in flags.get("secret", []):
        given = {}
        for item in flag.split(","):
            name, equal, value = item.partition("=")
            if not equal:
                raise BuildFailed(f'Error: invalid secret format: "{item}"')
            if name not in ("id", "type", "src", "source", "env"):
                raise BuildFailed(f'Error: unknown key "{name}" in secret')
            given[name] = value
        if not given.get("id"):
            raise BuildFailed("Error: secret requires id=ID")
        if given["id"] in found:
            raise BuildFailed(f'Error: secret with ID "{given["id"]}" is already defined')
        variable = given.get("env", "")
        if variable not in environment:
            raise BuildFailed(
                f'Error: error resolving secrets: environment variable for secret "{given["id"]}" '
                f"not set: {variable}"
            )
        found[given["id"]] = environment[variable]
    return found


def features(environment: dict[str, str]) -> list[str]:
    """The switches that are on.

    The real program warns of one that it does not know, and reads what is no boolean as unset; here
    both end the build, because somebody meant something by them.
    """
    given = {name: v for name, v in environment.items() if name.startswith(FEATURE_PREFIX)}
    unknown = sorted(n for n in given if n.removeprefix(FEATURE_PREFIX) not in FEATURES)
    if unknown:
        raise BuildFailed(
            "Error: unknown feature flags set but not recognised by this version of kaniko: "
            + ", ".join(unknown)
        )
    wrong = sorted(n for n, v in given.items() if v not in ("1", "0", "true", "false"))
    if wrong:
        raise BuildFailed(f"Error: feature flags that are no boolean: {', '.join(wrong)}")
    return sorted(name for name, v in given.items() if v in ("1", "true"))
