"""Scenarios: where the region comes from (R), and which endpoint is asked (N). scenario.py says how
they are written.
"""

from __future__ import annotations

from .scenario import ENVKEYS, IMDS, REG, ROLE, SRC, P, S, Scenario

REGIONS: list[Scenario] = [
    S(
        "R01",
        "AWS_REGION beats AWS_DEFAULT_REGION",
        env={**ENVKEYS, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-2"},
        key="ENVKEY",
        region="eu-west-1",
    ),
    S(
        "R02",
        "AWS_DEFAULT_REGION beats the profile",
        conf="[default]; region = eu-west-1",
        env={**ENVKEYS, "AWS_DEFAULT_REGION": "us-west-2"},
        key="ENVKEY",
        region="us-west-2",
    ),
    S(
        "R03",
        "no region: the global endpoint",
        env=ENVKEYS,
        key="ENVKEY",
        region="us-east-1",
        host="sts.amazonaws.com",
    ),
    S(
        "R04",
        "AWS_REGION set but empty",
        conf="[default]; region = eu-west-1",
        env={**ENVKEYS, "AWS_REGION": "", "AWS_DEFAULT_REGION": ""},
        error="Invalid endpoint: https://sts..amazonaws.com|AWS_REGION is set but empty",
    ),
    S(
        "R04c",
        "a region that is none",
        env={**ENVKEYS, "AWS_REGION": "us_west_2"},
        error="doesn't match a supported format",
    ),
    S(
        "R05",
        "region from the instance metadata",
        env={**ENVKEYS, **IMDS},
        key="ENVKEY",
        region="ap-south-2",
    ),
    S(
        "R06",
        "region is not inherited from source_profile",
        cred=f"{SRC}; region = eu-west-2",
        conf="[profile p]; role_arn = role/A; source_profile = src",
        env=P,
    ),
    S(
        "R09",
        "--region beats all",
        env={**ENVKEYS, **REG},
        args=("--region", "eu-north-1"),
        key="ENVKEY",
        region="eu-north-1",
    ),
    S(
        "R10",
        "China",
        env={**ENVKEYS, "AWS_REGION": "cn-north-1"},
        key="ENVKEY",
        region="cn-north-1",
        host="sts.cn-north-1.amazonaws.com.cn",
    ),
    S(
        "R11",
        "GovCloud",
        env={**ENVKEYS, "AWS_REGION": "us-gov-west-1"},
        key="ENVKEY",
        region="us-gov-west-1",
        host="sts.us-gov-west-1.amazonaws.com",
    ),
    S(
        "R12",
        "FIPS",
        env={**ENVKEYS, **REG, "AWS_USE_FIPS_ENDPOINT": "true"},
        key="ENVKEY",
        region="us-west-2",
        host="sts-fips.us-west-2.amazonaws.com",
    ),
    S(
        "N01",
        "AWS_ENDPOINT_URL_STS beats AWS_ENDPOINT_URL",
        env={
            **ENVKEYS,
            **REG,
            "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:{PORT}",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        },
        key="ENVKEY",
        host="direct",
        older="configured endpoints came with 2.13",
    ),
    S(
        "N02",
        "endpoint_url of the profile",
        conf="[default]; endpoint_url = http://127.0.0.1:{PORT}",
        env={**ENVKEYS, **REG},
        key="ENVKEY",
        host="direct",
        older="configured endpoints came with 2.13",
    ),
    S(
        "N03",
        "a services section",
        conf=(
            "[default]; services = x; [services x]; sts =;  endpoint_url = http://127.0.0.1:{PORT}"
        ),
        env={**ENVKEYS, **REG},
        key="ENVKEY",
        host="direct",
        older="configured endpoints came with 2.13",
    ),
    S(
        "N04",
        "configured endpoints switched off",
        conf="[default]; endpoint_url = http://127.0.0.1:1",
        env={**ENVKEYS, **REG, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        key="ENVKEY",
        host="sts.us-west-2.amazonaws.com",
    ),
    S(
        "N03b",
        "a services section whose lines are not indented",
        conf=(
            "[default]; services = x; [services x]; sts =; endpoint_url = http://127.0.0.1:{PORT}"
        ),
        env={**ENVKEYS, **REG},
        error="indented|object has no attribute",
        older="configured endpoints came with 2.13",
    ),
    S(
        "N05",
        "a services section that is not there",
        conf="[default]; services = x",
        env={**ENVKEYS, **REG},
        error="services",
        older="configured endpoints came with 2.13",
    ),
    S(
        "N06",
        "an inner call goes to AWS_ENDPOINT_URL_STS too",
        cred=SRC,
        conf=ROLE + "source_profile = src",
        env={**P, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:{PORT}"},
        key="R-A-BY-SRC",
        host="direct",
        older="configured endpoints came with 2.13",
    ),
]
