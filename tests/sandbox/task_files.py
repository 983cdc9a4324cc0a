"""The containers that prepare a task's files: their script is run for real, in a folder that stands
for the task's volumes.
"""

from __future__ import annotations

import pathlib
import subprocess
import tempfile

from .workload import Container, workload

PLACE = "/defang/files"


def prepares(container: Container) -> bool:
    mounts = container.definition.get("mountPoints", [])
    return container.definition.get("entryPoint") == ["sh", "-ec"] and any(
        m["containerPath"].startswith(PLACE + "/") for m in mounts
    )


@workload(prepares)
def prepare(container: Container) -> int:
    if container.image.rsplit("/", 1)[-1].split(":")[0] != "busybox":
        return 0  # copies what an image has, and here no image has anything
    with tempfile.TemporaryDirectory() as root:
        for mount in container.definition["mountPoints"]:
            (pathlib.Path(root) / mount["containerPath"].removeprefix(PLACE + "/")).mkdir(
                parents=True
            )
        script = "chown() { :; }\n" + container.command[0].replace(PLACE, root)
        done = subprocess.run(
            ["sh", "-ec", script],
            env={"PATH": "/usr/bin:/bin", **container.environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        for line in done.stderr.splitlines():
            container.log(line)
        files = sorted(
            p.relative_to(root).as_posix() for p in pathlib.Path(root).rglob("*") if p.is_file()
        )
        container.log(f"{container.name}: {len(files)} files: {', '.join(files)}")
        return done.returncode
