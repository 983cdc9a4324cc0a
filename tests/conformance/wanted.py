"""The wanted differences: where the loader means to differ from the reference, and why. `mend_…`
brings an answer to the same terms; it is applied to every comparison, so a row here costs a check
everywhere: keep it short.

Single cases may also name a row by its key (`#: differs KEY`): those are only checked to differ.
"""

from __future__ import annotations

import json
import re

TABLE = {
    "config-part": (
        "A variable in environment, build args, command, entrypoint, healthcheck.test and content "
        "that nothing defines is a config part (drawn from the config store when it is deployed), "
        "printed as ${NAME}; the reference takes it as empty and warns."
    ),
    "undefined": (
        "A variable that nothing defines, in a place that cannot draw from the config store, is "
        "an error; the reference takes it as empty and warns."
    ),
    "build-arg-null": (
        "A build argument without a value stays, as a config part; the reference drops it."
    ),
    "json-extensions": (
        "x- keys inside services, networks and so on are kept in JSON as in YAML (x-defang-… "
        "means something here); the reference's JSON drops them."
    ),
    "json-blkio": (
        "blkio_config in JSON has the keys of the specification; the reference's JSON prints "
        "Path, Weight and Rate, which it would not read back."
    ),
    "json-models": "models are in the JSON as in the YAML; the reference's JSON forgets them.",
    "job-name": (
        "A job does not repeat its name; the reference's YAML has a `name` in it that it would "
        "not read back."
    ),
    "json-ssh": (
        "build.ssh with a path is a text in JSON; what the reference prints there is no JSON at "
        "all."
    ),
    "job-resources": (
        "What only a job or a pre_start hook uses is not taken for unused; the reference leaves "
        "it out of what `config` prints."
    ),
    "ssh-merge": (
        "build.ssh of two files is merged by name; the reference takes a mapping over it but "
        "fails on a list."
    ),
    "date": (
        "A date is a text as it is written; the reference prints it as Go does (2024-01-01 "
        "00:00:00 +0000 UTC)."
    ),
    "empty-document": (
        "An empty document between others is left out; the reference wants a mapping in each."
    ),
    "dotenv-nameless": (
        "A line of an env file without a name is an error with its position; the reference takes "
        "it."
    ),
    "panic": (
        "What makes the reference panic is taken or refused by the rules of the specification."
    ),
    "gpus-merge": "`gpus: all` replaces the devices of an earlier file; the reference fails on it.",
    "filter-merge": (
        "build.no_cache_filter of two files is joined in either notation; the reference fails on "
        "a text beside a list."
    ),
    "host-twice": (
        "A host that two files name in two notations (a:1.2.3.4, a=1.2.3.4) is one; the "
        "reference lists it twice."
    ),
    "bare-include": (
        "What --no-interpolate prints of an include that has its own .env is not the project "
        "again, here and in the reference."
    ),
    "build-secret-twice": (
        "A build secret that two files name in the same way is one; the reference lists it twice."
    ),
    "defang-profile": 'The profile "defang" is always active (the reference is asked with it).',
    "limits": "Sizes, depths and counts are bounded (src/base/limits.h).",
    "local-only": (
        "include and extends of remote resources are refused; the bare library refuses them as "
        "well, Docker's program may fetch them."
    ),
}

BLKIO = ("Path", "Weight", "Rate")


def _without_extensions(value, top: bool = True):
    if isinstance(value, dict):
        return {
            key: _without_extensions(item, False)
            for key, item in value.items()
            if top or not key.startswith("x-")
        }
    if isinstance(value, list):
        return [_without_extensions(item, False) for item in value]
    return value


def _containers(project: dict):
    for section in ("services", "jobs"):
        for service in (project.get(section) or {}).values():
            yield service
            yield from service.get("pre_start") or []


def _drop_null_args(project: dict) -> None:
    for service in _containers(project):
        build = service.get("build")
        if isinstance(build, dict) and "args" in build:
            build["args"] = {
                key: value for key, value in build["args"].items() if value is not None
            }
            if not build["args"]:
                del build["args"]


def _name_blkio(project: dict) -> None:
    for service in _containers(project):
        for rows in (service.get("blkio_config") or {}).values():
            for row in rows if isinstance(rows, list) else ():
                for key in BLKIO:
                    if key in row:
                        row[key.lower()] = row.pop(key)


def _join_hosts(project: dict) -> None:
    for service in _containers(project):
        build = service.get("build")
        for holder in (service, build if isinstance(build, dict) else {}):
            if isinstance(holder.get("extra_hosts"), list):
                holder["extra_hosts"] = list(dict.fromkeys(holder["extra_hosts"]))


def mend_hashed(texts: dict[str, str]) -> dict:
    out = {name: json.loads(text) for name, text in texts.items()}
    _join_hosts({"services": out})
    return out


def mend_json(project: dict) -> dict:
    extensions = {key: value for key, value in project.items() if key.startswith("x-")}
    project = _without_extensions(project) | extensions
    project.pop("models", None)  # compared in the tree
    _drop_null_args(project)
    _name_blkio(project)
    _join_hosts(project)
    return project


def mend_tree(project: dict) -> dict:
    for job in (project.get("jobs") or {}).values():
        job.pop("name", None)
    _drop_null_args(project)
    _join_hosts(project)
    return project


def uses_more(tree: dict) -> bool:
    """Whether "job-resources" applies."""
    return "jobs" in tree or any(
        "pre_start" in service for service in (tree.get("services") or {}).values()
    )


def may_be_refused(said: tuple[str, ...]) -> bool:
    """Whether a refusal of ours falls under "undefined" alone."""
    errors = [text for text in said if not text.startswith("warning: ")]
    return bool(errors) and all(re.search(r": variable \w+ is not set$", text) for text in errors)
