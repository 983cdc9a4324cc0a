"""Runs inside the AWS CLI's own interpreter: loads the CLI once, then forks for every command, so
that a hundred of them take half a minute.

Each line of standard input is {"arguments", "cwd", "env", "out", "err"}; the answer is the exit
code. The child is what a fresh `aws` would be: the environment is set before the command runs. The
CLI works out some paths from HOME as it loads: so HOME is one name for all commands of a server, a
link that points to the home of the command that runs.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import sys

SET_BY_IMPORT: dict[str, str] = {}


def child(program: str, request: dict, report: int = -1) -> None:
    os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update({**SET_BY_IMPORT, **request["env"]})
    for number, name in ((1, request["out"]), (2, request["err"])):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - the program's own input
    sys.argv = [program, *request["arguments"]]
    code = 0
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException as bad:
        print(bad, file=sys.stderr)
        code = 255
    sys.stdout.flush()
    sys.stderr.flush()
    if report >= 0:
        with open(report, "w") as pipe:
            pipe.write("\n".join(sys.modules))
    os._exit(code)


def preload(program: str) -> None:
    """What a first command ended up importing is imported here, by name."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        child(
            program,
            {
                "cwd": "/",
                "env": {
                    "PATH": "/usr/bin:/bin",
                    "HOME": "/nonexistent",
                    "AWS_ACCESS_KEY_ID": "x",
                    "AWS_SECRET_ACCESS_KEY": "x",
                    "AWS_MAX_ATTEMPTS": "1",
                },
                "arguments": [
                    "sts",
                    "get-caller-identity",
                    "--region",
                    "us-east-1",
                    "--endpoint-url",
                    "http://127.0.0.1:1",
                ],
                "out": "/dev/null",
                "err": "/dev/null",
            },
            writing,
        )
    os.close(writing)
    with open(reading) as pipe:
        names = pipe.read().split("\n")
    os.waitpid(pid, 0)
    before = set(os.environ)
    importlib.import_module(
        "awscli.clidriver"
    )  # first: the order matters to what imports in circles
    for name in names:
        if ".crt" not in name and name.split(".")[0] in (
            "awscli",
            "botocore",
            "urllib3",
            "awscrt",
            "dateutil",
            "prompt_toolkit",
            "jmespath",
            "http",
            "email",
            "ssl",
            "json",
            "concurrent",
        ):
            with contextlib.suppress(ImportError):  # the command will say so itself
                importlib.import_module(name)
    SET_BY_IMPORT.update({name: value for name, value in os.environ.items() if name not in before})


def main() -> None:
    program = sys.argv[1]
    preload(program)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(program, json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


main()
