"""The stand-in's arguments, backend, locks, exit codes: what of the real CLI a task's script sees.

The backend is an S3 bucket with the keys that Pulumi uses: the state of a stack with its pending
operations, and a lock object with who holds it. Another lock than one's own is a refusal with its
text, and `cancel` takes it away. An unknown flag, a missing project, a passphrase that is not there
fail with the code that the script tells its caller. SIGINT only sets `stopped`: operations look at
it between steps and end gracefully, as the real one does. The commands are in operations.py.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import sys
import time
import urllib.parse
import uuid
from typing import Any

VALUES = {"--stack", "-s", "--color", "--parallel", "--secrets-provider", "--file", "-f"}
SWITCHES = {
    "--yes",
    "--skip-preview",
    "--non-interactive",
    "--json",
    "--suppress-permalink",
    "--refresh",
    "--create",
    "--diff",
    "--clear-pending-creates",
    "--all",
    "--show-secrets",
}
stopped = False


class Failed(Exception):
    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


def parse(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    words, options, items = [], {}, list(arguments)
    while items:
        item = items.pop(0)
        name, equal, value = item.partition("=")
        if not item.startswith("-"):
            words.append(item)
        elif name in VALUES:
            options[name] = value if equal else items.pop(0)
        elif name in SWITCHES:
            options[name] = value if equal else "true"
        else:
            raise Failed(f"error: unknown flag: {name}")
    return words, options


class Backend:
    """PULUMI_BACKEND_URL: an S3 bucket with Pulumi's own layout of keys."""

    def __init__(self, project: str, stack: str) -> None:
        import boto3

        url = urllib.parse.urlsplit(os.environ.get("PULUMI_BACKEND_URL", ""))
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.scheme != "s3" or query.get("awssdk") != "v2" or not query.get("region"):
            raise Failed(f"error: problem logging in: unable to open bucket {url.geturl()}", 3)
        if not os.environ.get("PULUMI_CONFIG_PASSPHRASE"):
            raise Failed(
                "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or "
                "PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
                3,
            )
        self.session = boto3.Session(region_name=query["region"])
        self.s3, self.bucket = self.session.client("s3"), url.netloc
        self.project, self.stack = project, stack
        self.key = f".pulumi/stacks/{project}/{stack}.json"
        self.locks = f".pulumi/locks/organization/{project}/{stack}/"
        self.lock_key: str | None = None

    def read(self) -> dict[str, Any] | None:
        try:
            return json.loads(self.s3.get_object(Bucket=self.bucket, Key=self.key)["Body"].read())
        except self.s3.exceptions.NoSuchKey:
            return None

    def write(
        self, resources: list[dict[str, Any]], pending: list[dict[str, Any]] | None = None
    ) -> None:
        latest = {
            "manifest": {
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "version": "v3.259.0",
            },
            "secrets_providers": {"type": "passphrase"},
            "resources": resources,
        }
        if pending:
            latest["pending_operations"] = pending
        body = {
            "version": 3,
            "checkpoint": {"stack": f"organization/{self.project}/{self.stack}", "latest": latest},
        }
        self.s3.put_object(Bucket=self.bucket, Key=self.key, Body=json.dumps(body).encode())

    def resources(self) -> list[dict[str, Any]]:
        state = self.read()
        if state is None:
            raise Failed(f"error: no stack named '{self.stack}' found", 6)
        return state["checkpoint"]["latest"].get("resources", [])

    def pending(self) -> bool:
        state = self.read()
        return bool(state and state["checkpoint"]["latest"].get("pending_operations"))

    def held(self) -> list[str]:
        return [
            o["Key"]
            for o in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.locks).get(
                "Contents", []
            )
        ]

    def lock(self) -> None:
        found = self.held()
        if found:
            raise Failed(
                f"error: the stack is currently locked by {len(found)} lock(s). Either wait for "
                "the other process(es) to end or delete the lock file with `pulumi cancel`.\n"
                f"  s3://{self.bucket}/{found[0]}"
            )
        self.lock_key = f"{self.locks}{uuid.uuid4()}.json"
        self.s3.put_object(
            Bucket=self.bucket,
            Key=self.lock_key,
            Body=json.dumps(
                {"pid": os.getpid(), "hostname": os.uname().nodename, "username": "root"}
            ).encode(),
        )

    def unlock(self) -> None:
        if self.lock_key:
            self.s3.delete_object(Bucket=self.bucket, Key=self.lock_key)

    def cancel(self) -> None:
        for key in self.held():
            self.s3.delete_object(Bucket=self.bucket, Key=key)


def program() -> dict[str, Any]:
    import yaml

    try:
        return yaml.load(pathlib.Path("Pulumi.yaml").read_text(), Loader=yaml.CSafeLoader)
    except FileNotFoundError as missing:
        raise Failed("error: no Pulumi.yaml project file found") from missing


def plugin(words: list[str], options: dict[str, str]) -> None:
    """pulumi plugin install resource NAME VERSION: a folder, as the real one leaves; there is no
    download here, so the bytes are made up.
    """
    if words[:3] != ["plugin", "install", "resource"] or len(words) != 5:
        raise Failed(f'error: unknown command {" ".join(words)!r} for "pulumi"')
    name, version = words[3], words[4]
    rule = (
        pathlib.Path(os.environ["SANDBOX_PULUMI_RULES"])
        if "SANDBOX_PULUMI_RULES" in os.environ
        else None
    )
    if rule and rule.exists() and "no-plugins" in rule.read_text() and "--file" not in options:
        raise Failed(
            f"error: [resource plugin {name}-{version.lstrip('v')}] downloading from : 403 HTTP "
            "error fetching plugin from get.pulumi.com"
        )
    home = (
        pathlib.Path(os.environ.get("PULUMI_HOME", os.path.expanduser("~/.pulumi")))
        / "plugins"
        / f"resource-{name}-{version}"
    )
    home.mkdir(parents=True, exist_ok=True)
    if "--file" in options:
        import tarfile

        with tarfile.open(options["--file"]) as archive:
            # Python 3.11.2, Debian 12's, knows no filters yet
            safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            archive.extractall(home, **safe)
    (home / f"pulumi-resource-{name}").write_text("the stand-in's\n")


def stack_select(options: dict[str, str], stack: str, backend: Backend) -> None:
    if backend.read() is None:
        if "--create" not in options:
            raise Failed(f"error: no stack named '{stack}' found", 6)
        backend.write([])
        print(f"Created stack '{stack}'")
    file = pathlib.Path(f"Pulumi.{stack}.yaml")
    text = file.read_text() if file.exists() else ""
    if "encryptionsalt:" not in text:
        file.write_text(
            text + f"encryptionsalt: v1:{uuid.uuid4().hex[:11]}=:v1:{uuid.uuid4().hex[:16]}\n"
        )


def interrupted(_signal: int, _frame: Any) -> None:
    global stopped
    stopped = True


def main() -> int:
    signal.signal(signal.SIGINT, interrupted)
    try:
        words, options = parse(sys.argv[1:])
        if words[:1] == ["plugin"]:
            plugin(words, options)
            return 0
        stack = options.get("--stack") or (words[2] if len(words) > 2 else "")
        backend = Backend(program()["name"], stack)
        from sandbox.pulumi import operations

        return operations.run(words, options, backend)
    except Failed as failed:
        print(failed, file=sys.stderr)
        return failed.code


if __name__ == "__main__":
    from sandbox.pulumi.cli import main as run  # the one that operations imports too

    sys.exit(run())
