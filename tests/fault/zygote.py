"""Sandboxes by fork: `python3 zygote.py` imports moto once, and makes a sandbox of each line that
it reads, `STATE-FILE LOG-FILE`. It has no thread of its own, so that a fork is safe.

They end with it, and it with its input.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# What a sandbox imports when it is first asked for: a second of processor time, each time.
LATER = (
    "boto3",
    "moto.acm.models",
    "moto.applicationautoscaling.models",
    "moto.autoscaling.models",
    "moto.dynamodb.models",
    "moto.ec2.models",
    "moto.ec2.responses",
    "moto.ecr.models",
    "moto.ecs.models",
    "moto.efs.models",
    "moto.elbv2.models",
    "moto.events.models",
    "moto.iam.models",
    "moto.kms.models",
    "moto.logs.models",
    "moto.rds.models",
    "moto.route53.models",
    "moto.s3.models",
    "moto.s3.responses",
    "moto.secretsmanager.models",
    "moto.servicediscovery.models",
    "moto.ssm.models",
    "moto.sts.models",
    "moto.moto_server.werkzeug_app",
    "sandbox.cloudformation.app",
    "sandbox.parts",
    "sandbox.server",
)


def become_sandbox(state: str, log: str) -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.argv = ["sandbox", "--fast", "--state-file", state]
    from sandbox.__main__ import main

    os._exit(main())


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # as sandbox/__main__.py has it, before moto is there
    os.environ.update(
        AWS_EC2_METADATA_DISABLED="true",
        AWS_DEFAULT_REGION="us-east-1",
        MOTO_ALLOW_NONEXISTENT_REGION="true",
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
        MOTO_ACM_VALIDATION_WAIT="0",
    )
    for name in LATER:
        importlib.import_module(name)
    for line in sys.stdin:
        state, log = line.split()
        if os.fork() == 0:
            become_sandbox(state, log)


if __name__ == "__main__":
    main()
