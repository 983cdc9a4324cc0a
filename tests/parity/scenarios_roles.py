"""Scenarios: roles that a profile assumes (A): chains, loops, sources, the cache, MFA. scenario.py
says how they are written.
"""

from __future__ import annotations

import json

from .recorder import sha1
from .scenario import (
    ENVKEYS,
    FULL,
    GOOD,
    IMDS,
    JWT,
    PROC,
    ROLE,
    SRC,
    P,
    S,
    Scenario,
    cached,
    role_key,
)

ROLES: list[Scenario] = [
    S(
        "A01",
        "source_profile with keys, region of the selected profile",
        cred=SRC,
        conf=ROLE + "source_profile = src; [profile src]; region = us-east-2",
        env=P,
        key="R-A-BY-SRC",
        region="eu-west-1",
    ),
    S(
        "A02",
        "two steps",
        cred="[root]; keys(ROOT)",
        conf=ROLE + "source_profile = mid; [profile mid]; role_arn = role/M; source_profile = root",
        env=P,
        key="R-A-BY-R-M-BY-ROOT",
    ),
    S(
        "A03",
        "a profile that sources itself",
        conf=ROLE + "source_profile = p; keys(SELF)",
        env=P,
        key="R-A-BY-SELF",
    ),
    S(
        "A04",
        "a loop",
        conf=ROLE + "source_profile = q; [profile q]; role_arn = role/Q; source_profile = p",
        env=P,
        error="Infinite loop in credential configuration detected",
    ),
    S(
        "A05",
        "source_profile is not there",
        conf=ROLE + "source_profile = q",
        env=P,
        error="source_profile",
    ),
    S("A06", "neither source", conf=ROLE, env=P, error="source_profile"),
    S(
        "A07",
        "both sources",
        cred=SRC,
        conf=ROLE + "source_profile = src; credential_source = Environment",
        env=P,
        error="contains both source_profile and credential_source",
    ),
    S(
        "A08",
        "credential_source Environment with --profile",
        conf=ROLE + "credential_source = Environment",
        env=ENVKEYS,
        args=("--profile", "p"),
        key="R-A-BY-ENVKEY",
    ),
    S(
        "A08b",
        "credential_source Environment with AWS_PROFILE",
        conf=ROLE + "credential_source = Environment",
        env={**ENVKEYS, **P},
        key="ENVKEY",
    ),
    S(
        "A09",
        "credential_source in the wrong case",
        conf=ROLE + "credential_source = environment",
        env=ENVKEYS,
        args=("--profile", "p"),
        error="environment",
    ),
    S(
        "A10",
        "external id, session name, duration",
        cred=SRC,
        conf=ROLE
        + (
            "source_profile = src; external_id = ext/1; role_session_name = me@x; "
            "duration_seconds = 1800"
        ),
        env=P,
        key="R-A-BY-SRC",
    ),
    S(
        "A11",
        "a duration that is no number",
        cred=SRC,
        conf=ROLE + "source_profile = src; duration_seconds = long",
        env=P,
        key="R-A-BY-SRC",
    ),
    S(
        "A12",
        "cached role credentials",
        cred=SRC,
        conf=ROLE + "source_profile = src",
        env=P,
        files=cached(role_key("arn:aws:iam::1:role/A"), "CACHED", GOOD),
        key="CACHED",
    ),
    S(
        "A13",
        "cached role credentials near their end",
        cred=SRC,
        conf=ROLE + "source_profile = src",
        env=P,
        files=cached(role_key("arn:aws:iam::1:role/A"), "CACHED", "{SOON}"),
        key="R-A-BY-SRC",
    ),
    S(
        "A14",
        "a corrupt cache file",
        cred=SRC,
        conf=ROLE + "source_profile = src",
        env=P,
        files={f".aws/cli/cache/{sha1(role_key('arn:aws:iam::1:role/A'))}.json": "{"},
        key="R-A-BY-SRC",
    ),
    S(
        "A15",
        "static keys of the source end the chain",
        conf=ROLE
        + (
            "source_profile = q; [profile q]; role_arn = role/Q; source_profile = z; keys(QKEY); "
            "[profile z]; keys(Z)"
        ),
        env=P,
        key="R-A-BY-QKEY",
    ),
    S(
        "A16",
        "a source without credentials",
        conf=ROLE + "source_profile = q; [profile q]; region = us-west-2",
        env=P,
        error='The source profile "q" must have credentials',
    ),
    S(
        "A17",
        "a process as source",
        conf=ROLE + f"source_profile = q; [profile q]; {PROC}",
        env=P,
        key="R-A-BY-PROC",
    ),
    S(
        "A18",
        "an MFA code without a terminal",
        cred=SRC,
        conf=ROLE + "source_profile = src; mfa_serial = arn:aws:iam::1:mfa/u",
        env=P,
        error="MFA",
    ),
    S(
        "A19",
        "cached credentials spare the code",
        cred=SRC,
        conf=ROLE + "source_profile = src; mfa_serial = M",
        env=P,
        files=cached(
            json.dumps({"RoleArn": "arn:aws:iam::1:role/A", "SerialNumber": "M"}), "CACHEDMFA", GOOD
        ),
        key="CACHEDMFA",
    ),
    S(
        "A20",
        "a role from the container",
        conf=ROLE + "credential_source = EcsContainer",
        env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL},
        args=("--profile", "p"),
        key="R-A-BY-CONTAINER-",
    ),
    S(
        "A21",
        "a role from the instance",
        conf=ROLE + "credential_source = Ec2InstanceMetadata",
        env=IMDS,
        args=("--profile", "p"),
        key="R-A-BY-IMDS-V2",
    ),
    S(
        "A22",
        "a web identity profile as source",
        files=JWT,
        conf=ROLE
        + (
            "source_profile = q; [profile q]; role_arn = role/W; web_identity_token_file = "
            "{HOME}/jwt"
        ),
        env=P,
        key="R-A-BY-R-W-BY-WEB",
    ),
    S(
        "A23",
        "a loop through a profile with keys",
        conf=ROLE
        + "source_profile = q; keys(P); [profile q]; role_arn = role/Q; source_profile = p",
        env=P,
        error="Infinite loop in credential configuration detected",
    ),
]
