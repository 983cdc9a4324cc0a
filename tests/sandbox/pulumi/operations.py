"""The commands of the stand-in for `pulumi`: up, refresh, destroy, preview, and the small ones.

`run` is what cli.py calls with the words of the command line. Each of up, destroy and refresh holds
the backend's lock while it works on a Run (run.py), and ends with the summary event that the
product reads. What fails is told as an error event first; the exit code is Pulumi's: 2 for wrong
words, 4 for a resource, 8 when it was canceled.

Resources are made by the sandbox's CloudFormation in a stack of our own, which the product never
looks at.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.pulumi import cli
from sandbox.pulumi.cli import Backend, Failed
from sandbox.pulumi.graph import references, without_digests
from sandbox.pulumi.run import Run

VERBS = {"+": "create", "~": "update", "-": "delete"}


def up(run: Run) -> None:
    run.check()
    run.events.emit({"preludeEvent": {"config": {}}})
    run.save([{"type": "creating"}])
    images = run.images()
    late = [
        i
        for i in images
        if not (
            i in run.old
            and run.old[i]["inputs"].get("triggers")
            == json.dumps(run.declared[i]["properties"].get("triggers"))
        )
    ]
    if late and run.exists() is None:
        waiting = run.image_uses(late)
        run.apply(
            {
                **run.graph,
                "Resources": {n: r for n, r in run.graph["Resources"].items() if n not in waiting},
                "Outputs": {
                    n: o
                    for n, o in run.graph.get("Outputs", {}).items()
                    if not references(o["Value"]) & waiting
                },
            }
        )
    elif run.exists():
        run.follow()
    for name in images:
        run.build(name)
    run.apply(with_digests(run))
    run.save()


def with_digests(run: Run) -> dict[str, Any]:
    """The graph names images by tag; the program, by what a Command printed."""
    text = json.dumps(run.graph)
    for name in run.images():
        environment = run.declared[name]["properties"]["environment"]
        text = text.replace(
            f"{environment['IMAGE_REPOSITORY']}:{environment['IMAGE_TAG']}",
            f"{environment['IMAGE_REPOSITORY']}@{run.stdout[name]}",
        )
    return json.loads(text)


def preview(run: Run) -> None:
    """Lines as the real one's --diff begins them; images are known by tag only, as
    before a build.
    """
    run.check()
    before = {}
    if run.exists():
        body = run.cloud.get_template(StackName=run.name)["TemplateBody"]
        before = (json.loads(body) if isinstance(body, str) else body)["Resources"]
    print(f"Previewing update ({run.backend.stack}):")
    changes = {"+": 0, "~": 0, "-": 0}
    for name in sorted({*before, *run.graph["Resources"]}):
        new, old = (
            without_digests(r.get(name, {}).get("Properties"))
            for r in (run.graph["Resources"], before)
        )
        sign = (
            "+"
            if name not in before
            else "-"
            if name not in run.graph["Resources"]
            else "~"
            if new != old
            else ""
        )
        if sign:
            changes[sign] += 1
            print(
                f"    {sign} {run.events.types.get(name, 'aws:unknown:Unknown')}: "
                f"({VERBS[sign]}) {name}"
            )
    print(
        "Resources: " + ", ".join(f"{sign} {count}" for sign, count in changes.items() if count)
        if any(changes.values())
        else "Resources: unchanged",
        flush=True,
    )


def destroy(run: Run) -> None:
    run.events.types = {n: r["type"] for n, r in run.old.items()}
    if run.exists():
        run.follow()
        run.cloud.delete_stack(StackName=run.name)
        run.follow()
    run.backend.write([])


def refresh(run: Run) -> None:
    if run.exists():
        run.follow()
    run.backend.write(list(run.old.values()))


def outputs(backend: Backend) -> dict[str, str]:
    run = Run(backend)
    if run.exists() is None:
        return {}
    stack = run.cloud.describe_stacks(StackName=run.name)["Stacks"][0]
    return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}


def locked(backend: Backend, verb: Callable[[Run], None]) -> int:
    if backend.pending():
        print(
            "warning: Attempting to deploy or update resources with pending operations from "
            "previous deployment.",
            flush=True,
        )
    backend.lock()
    run = Run(backend)
    try:
        verb(run)
        run.events.summary(run.begun)
        return 0
    except Failed as failed:
        if not run.events.failed:
            run.events.error(str(failed))
        run.events.summary(run.begun)
        return failed.code
    finally:
        backend.unlock()


def run(words: list[str], options: dict[str, str], backend: Backend) -> int:
    if words[:2] == ["stack", "select"]:
        cli.stack_select(options, words[2], backend)
    elif words[:2] == ["stack", "output"]:
        print(json.dumps(outputs(backend), indent=2))
    elif words[:2] == ["stack", "rm"]:
        if backend.resources():
            raise Failed(f"error: '{backend.stack}' still has resources; removal rejected.")
        backend.s3.delete_object(Bucket=backend.bucket, Key=backend.key)
    elif words[:2] == ["state", "unprotect"]:
        print("All resources unprotected")
    elif words == ["cancel"]:
        backend.cancel()
    elif words == ["preview"]:
        preview(Run(backend))
    elif words in (["up"], ["destroy"], ["refresh"]):
        if "--yes" not in options:
            raise Failed(
                "error: --yes or --skip-preview must be passed in to proceed when running in "
                "non-interactive mode",
                2,
            )
        return locked(backend, {"up": up, "destroy": destroy, "refresh": refresh}[words[0]])
    else:
        raise Failed(f'error: unknown command {" ".join(words)!r} for "pulumi"')
    return 0
