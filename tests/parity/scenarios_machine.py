"""Scenarios: credentials that something on the machine hands out: a process (X), the container (K),
the instance (I), or nothing at all (Z). scenario.py says how they are written.
"""

from __future__ import annotations

from .scenario import FULL, IMDS, OLD, PROC, REG, S, Scenario, imds

MACHINE: list[Scenario] = [
    S("X01", "credential_process", conf=f"[default]; region = us-west-2; {PROC}", key="PROC"),
    S(
        "X02",
        "version 2",
        conf=(
            "[default]; region = us-west-2; credential_process = echo "
            '\'{"Version":2,"AccessKeyId":"a","SecretAccessKey":"b"}\''
        ),
        error="custom-process",
    ),
    S(
        "X03",
        "it fails",
        conf=(
            "[default]; region = us-west-2; credential_process = sh -c 'echo boom >&2{SEMI} exit 3'"
        ),
        error="Error when retrieving credentials from custom-process: boom",
    ),
    S(
        "X04",
        "no shell",
        conf=(
            "[default]; region = us-west-2; credential_process = echo "
            '\'{"Version":1,"AccessKeyId":"$HOME","SecretAccessKey":"b"}\''
        ),
        key="$HOME",
    ),
    S(
        "X05",
        "an expired answer",
        conf=(
            "[default]; region = us-west-2; credential_process = echo "
            f'\'{{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"{OLD}"}}\''
        ),
        error="still expired",
    ),
    S(
        "X07",
        "output that is no JSON",
        conf="[default]; region = us-west-2; credential_process = echo hello",
        error="",
    ),
    S(
        "K01",
        "container full URI with a token",
        env={
            **REG,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tk",
        },
        key="CONTAINER-tk",
    ),
    S(
        "K02",
        "plain http to a foreign host",
        env={**REG, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/c"},
        error="Unsupported host '192.0.2.1'",
    ),
    S(
        "K03",
        "the token file beats the token",
        files={"tok": "filetoken"},
        env={
            **REG,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tk",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{HOME}/tok",
        },
        key="CONTAINER-filetoken",
        older="the token file came with 2.13",
    ),
    S(
        "K05",
        "the files come before the container",
        cred="[default]; keys(FILE)",
        env={**REG, "AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL},
        key="FILE",
    ),
    S(
        "K06",
        "the container also under --profile",
        conf="[profile p]; region = us-west-2",
        env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tk"},
        args=("--profile", "p"),
        key="CONTAINER-tk",
    ),
    S("I01", "instance metadata with a token", env={**REG, **IMDS}, key="IMDS-V2"),
    S("I02", "token refused: version 1", env={**REG, **imds("x-v1")}, key="IMDS-V1"),
    S("I04", "AWS_EC2_METADATA_DISABLED", env=REG, error="Unable to locate credentials"),
    S("I05", "credentials past their end serve on", env={**REG, **imds("x-old")}, key="IMDS-V2"),
    S(
        "I06",
        "an instance without a role",
        env={**REG, **imds("x-norole")},
        error="Unable to locate credentials",
    ),
    S("Z01", "no files, no environment", error="Unable to locate credentials"),
]
