"""Start the sandbox: python3 -m sandbox [--port N] [--state-file F] [--fast].

Prints where it listens and writes it, with the keys to use, into the state file, whose appearance
says that it is ready. Ends on SIGTERM or SIGINT with 0. --fast makes all waits of the emulated
services short, for tests; without it they are long enough to be watched.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys

ENDING = {signal.SIGTERM, signal.SIGINT}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="sandbox", description="One process on loopback that stands for AWS."
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on (default 0: a free one)"
    )
    parser.add_argument(
        "--state-file", help="write {port, pid, url, …} as JSON to this file once listening"
    )
    parser.add_argument("--fast", action="store_true", help="shorter waits, for tests")
    parser.add_argument("--seed", type=int, help="make moto's identifiers repeatable")
    return parser.parse_args()


def write_state(path: str, state: dict[str, object]) -> None:
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(state, file)
        file.write("\n")
    os.replace(part, path)


def prepare_environment(fast: bool) -> None:
    """What moto reads, some of it as it is imported."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]  # the caller's profile and endpoints are no business of ours
    os.environ.update(
        AWS_EC2_METADATA_DISABLED="true",
        AWS_DEFAULT_REGION="us-east-1",
        MOTO_ALLOW_NONEXISTENT_REGION="true",
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
        MOTO_ACM_VALIDATION_WAIT="0" if fast else "3",
    )


def main() -> int:
    options = arguments()
    prepare_environment(options.fast)
    from .context import ADMIN_KEY, ADMIN_SECRET, Context
    from .server import Sandbox

    if options.seed is not None:
        from moto.moto_api._internal import mock_random

        mock_random.seed(options.seed)
    # Blocked before any thread starts and waited for below: a handler that sets an Event can
    # deadlock in it.
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    context = Context(fast=options.fast, seed=options.seed)
    sandbox = Sandbox(context)
    try:
        host, port = sandbox.listen(options.host, options.port)
    except OSError as error:
        print(
            f"sandbox: cannot listen on {options.host}:{options.port}: {error.strerror}; choose "
            "another --port",
            file=sys.stderr,
        )
        return 1
    if options.state_file:
        write_state(
            options.state_file,
            {
                "port": port,
                "pid": os.getpid(),
                "url": context.url,
                "account": context.account,
                "access_key": ADMIN_KEY,
                "secret_key": ADMIN_SECRET,
            },
        )
    print(f"sandbox listening on http://{host}:{port}", flush=True)
    signal.sigwait(ENDING)
    sandbox.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # daemon threads may still wait in answers nobody reads any more


if __name__ == "__main__":
    sys.exit(main())
