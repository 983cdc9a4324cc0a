"""Odd scenarios of what else credentials come from: roles (A), web identity (W), SSO (S), a process
(X), the container (K), the instance (I). scenario.py says how they are written.
"""

from __future__ import annotations

import json

from .scenario import (
    CORP,
    FULL,
    IMDS,
    JWT,
    OLD,
    REG,
    ROLE,
    SESSION,
    SRC,
    SSO,
    WEB,
    P,
    S,
    Scenario,
    imds,
    token,
)

ODD_SOURCES: list[Scenario] = [
    S(
        "A24",
        "a source that is the role itself, over SSO",
        conf=SSO + "; role_arn = role/A; source_profile = default",
        files=token("s"),
    ),
    S(
        "A25",
        "a role and SSO in one profile, no source",
        conf=SSO.replace("[default];", "[default]; role_arn = role/A;"),
        files=token("s"),
    ),
    S("A26", "an empty source_profile", conf=ROLE + "source_profile =", env=P),
    S(
        "A27",
        "an empty external_id and session name",
        cred=SRC,
        conf=ROLE + "source_profile = src; external_id =; role_session_name =",
        env=P,
    ),
    S(
        "A28",
        "a source in the credentials file that is a role too",
        cred="[src]; role_arn = role/B; source_profile = root; [root]; keys(ROOT)",
        conf=ROLE + "source_profile = src",
        env=P,
    ),
    S(
        "A29",
        "credential_source Environment without keys there",
        conf=ROLE + "credential_source = Environment",
        args=("--profile", "p"),
    ),
    S(
        "A32",
        "a role over a container's keys through a profile",
        conf=ROLE + "source_profile = q; [profile q]; region = us-west-2",
        env={**P, "AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL},
    ),
    S(
        "A33",
        "an external id with odd characters",
        cred=SRC,
        conf=ROLE + "source_profile = src; external_id = a+b/c=d&e f",
        env=P,
        key="R-A-BY-SRC",
    ),
    S(
        "A34",
        "a negative duration",
        cred=SRC,
        conf=ROLE + "source_profile = src; duration_seconds = -5",
        env=P,
    ),
    S(
        "W10",
        "a token file by a relative path",
        files=JWT,
        env={**REG, "AWS_WEB_IDENTITY_TOKEN_FILE": "jwt", "AWS_ROLE_ARN": "arn:aws:iam::1:role/W"},
    ),
    S("W12", "an empty token file", files={"jwt": ""}, env={**REG, **WEB}),
    S(
        "W13",
        "the profile's role with the env's token file",
        files=JWT,
        conf=ROLE,
        env={**P, "AWS_WEB_IDENTITY_TOKEN_FILE": "{HOME}/jwt"},
    ),
    S(
        "W15",
        "an empty AWS_WEB_IDENTITY_TOKEN_FILE",
        cred="[default]; keys(FILE)",
        env={**REG, "AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_ROLE_ARN": "arn:aws:iam::1:role/W"},
    ),
    S(
        "W16",
        "~ in a token file's path",
        files=JWT,
        env={
            **REG,
            "AWS_WEB_IDENTITY_TOKEN_FILE": "~/jwt",
            "AWS_ROLE_ARN": "arn:aws:iam::1:role/W",
        },
    ),
    S(
        "S17",
        "an sso-session in the credentials file only",
        cred=CORP,
        conf=f"[default]; region = us-west-2; {SESSION}",
        files=token("s"),
    ),
    S(
        "S19",
        "a token that ends in UTC, as older CLIs wrote",
        conf=SSO,
        files=token("s", "2099-01-01T00:00:00UTC"),
        key="SSO-Dev-T1",
    ),
    S("S20", "a token file that is no JSON", conf=SSO, files=dict.fromkeys(token("s"), "{")),
    S(
        "S21",
        "a token file without expiresAt",
        conf=SSO,
        files={name: json.dumps({"accessToken": "T1"}) for name in token("s")},
    ),
    S(
        "S23",
        "only a role name",
        conf=f"[default]; region = us-west-2; sso_role_name = Dev; {CORP}",
        files=token("s"),
    ),
    S(
        "S25",
        "a source_profile that names SSO with an expired login",
        conf=f"{SSO}; [profile p]; role_arn = role/A; source_profile = default; region = us-west-2",
        files=token("s", OLD),
        env=P,
        error="oken has expired|expired",
        older="2.9 dies of a Python error",
    ),
    S(
        "X08",
        "~ is not expanded in the command",
        conf="[default]; region = us-west-2; credential_process = ~/proc",
    ),
    S("X09", "an empty command", conf="[default]; region = us-west-2; credential_process ="),
    S(
        "X10",
        "the version as text",
        conf=(
            "[default]; region = us-west-2; credential_process = echo "
            '\'{"Version":"1","AccessKeyId":"a","SecretAccessKey":"b"}\''
        ),
    ),
    S(
        "X11",
        "no secret in the answer",
        conf=(
            "[default]; region = us-west-2; credential_process = echo "
            '\'{"Version":1,"AccessKeyId":"a"}\''
        ),
    ),
    S(
        "X12",
        "double quotes and backslashes",
        conf='[default]; region = us-west-2; credential_process = "{HOME}/proc" a\\ b "c d"',
        key="PROC",
    ),
    S(
        "X13",
        "a quote that is not closed",
        conf="[default]; region = us-west-2; credential_process = {HOME}/proc 'a",
    ),
    S(
        "X14",
        "the command is not there",
        conf="[default]; region = us-west-2; credential_process = no-such-program-here",
    ),
    S(
        "X18",
        "a command by name, found in PATH",
        conf=(
            "[default]; region = us-west-2; credential_process = printf "
            '\'{"Version":1,"AccessKeyId":"PATHED","SecretAccessKey":"b"}\''
        ),
        key="PATHED",
    ),
    S(
        "K04",
        "a line break in the token",
        env={
            **REG,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\nb",
        },
    ),
    S(
        "K07",
        "localhost by name",
        env={
            **REG,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:{PORT}/container/c",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tk",
        },
        key="CONTAINER-tk",
    ),
    S(
        "K08",
        "a full URI without a scheme",
        env={**REG, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "127.0.0.1:{PORT}/container/c"},
    ),
    S(
        "K10",
        "nobody listens there",
        env={**REG, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"},
    ),
    S(
        "I07",
        "AWS_EC2_METADATA_DISABLED in capitals",
        env={**REG, **IMDS, "AWS_EC2_METADATA_DISABLED": "TRUE"},
        error="Unable to locate credentials",
    ),
    S(
        "I08",
        "AWS_EC2_METADATA_DISABLED=1 does not disable",
        env={**REG, **IMDS, "AWS_EC2_METADATA_DISABLED": "1"},
        key="IMDS-V2",
    ),
    S(
        "I09",
        "version 1 switched off",
        env={**REG, **imds("x-v1"), "AWS_EC2_METADATA_V1_DISABLED": "true"},
        error="version 1 is switched off",
        older="ec2_metadata_v1_disabled came with 2.13",
    ),
]
