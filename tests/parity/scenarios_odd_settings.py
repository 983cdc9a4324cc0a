"""Odd scenarios of regions (R), modes and retries (M), certificates and proxies (T), endpoints (N).
scenario.py says how they are written.
"""

from __future__ import annotations

from .scenario import ENVKEYS, REG, P, S, Scenario

ODD_SETTINGS: list[Scenario] = [
    S("R13", "a region in capitals", env={**ENVKEYS, "AWS_REGION": "US-WEST-2"}),
    S("R16", "aws-global", env={**ENVKEYS, "AWS_REGION": "aws-global"}),
    S("R17", "dual stack", conf="[default]; use_dualstack_endpoint = true", env={**ENVKEYS, **REG}),
    S(
        "R19",
        "FIPS in GovCloud",
        env={**ENVKEYS, "AWS_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "TRUE"},
    ),
    S(
        "R20",
        "FIPS and dual stack",
        env={
            **ENVKEYS,
            **REG,
            "AWS_USE_FIPS_ENDPOINT": "true",
            "AWS_USE_DUALSTACK_ENDPOINT": "true",
        },
    ),
    S("R23", "a region with a slash", env={**ENVKEYS, **REG}, args=("--region", "us/west")),
    S("R24", "--region set but empty", env={**ENVKEYS, **REG}, args=("--region", "")),
    S(
        "M01",
        "the legacy retry mode",
        env={**ENVKEYS, **REG, "AWS_RETRY_MODE": "legacy"},
        error='Invalid value provided to "mode": "legacy" must be one of',
    ),
    S(
        "M03",
        "no attempts",
        env={**ENVKEYS, **REG, "AWS_MAX_ATTEMPTS": "0"},
        error="must be an integer greater than or equal to one",
    ),
    S(
        "M04",
        "attempts that are no number",
        conf="[default]; max_attempts = many",
        env={**ENVKEYS, **REG, "AWS_MAX_ATTEMPTS": None},
        error="invalid literal for int|must be an integer",
    ),
    S(
        "M06",
        "an account id mode that is none",
        env={**ENVKEYS, **REG, "AWS_ACCOUNT_ID_ENDPOINT_MODE": "maybe"},
        error="'account_id_endpoint_mode' is invalid",
        older="the mode came with 2.18",
    ),
    S(
        "M08",
        "the retry mode of a profile that is not used",
        conf="[default]; retry_mode = eager",
        cred="[p]; keys(P)",
        env={**REG, **P},
        key="P",
    ),
    S("T01", "a CA bundle that is empty", env={**ENVKEYS, **REG, "AWS_CA_BUNDLE": ""}),
    S(
        "T02",
        "a CA bundle that is not there",
        env={**ENVKEYS, **REG, "AWS_CA_BUNDLE": "{HOME}/none.pem"},
    ),
    S(
        "T03",
        "a CA bundle that does not know the endpoint",
        env={**ENVKEYS, **REG, "AWS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"},
        error="CERTIFICATE_VERIFY_FAILED|certificate",
    ),
    S(
        "T05",
        "a proxy that is not there",
        env={**ENVKEYS, **REG, "HTTPS_PROXY": "http://127.0.0.1:1"},
        error="proxy",
    ),
    S(
        "T06",
        "https_proxy beats HTTPS_PROXY",
        env={
            **ENVKEYS,
            **REG,
            "HTTPS_PROXY": "http://127.0.0.1:1",
            "https_proxy": "http://127.0.0.1:{PORT}",
        },
        key="ENVKEY",
    ),
    S("T08", "a proxy without a scheme", env={**ENVKEYS, **REG, "HTTPS_PROXY": "127.0.0.1:{PORT}"}),
    S(
        "N08",
        "AWS_ENDPOINT_URL set but empty",
        env={**ENVKEYS, **REG, "AWS_ENDPOINT_URL": ""},
        host="sts.us-west-2.amazonaws.com",
    ),
    S(
        "N09",
        "AWS_ENDPOINT_URL_STS empty, AWS_ENDPOINT_URL set",
        env={
            **ENVKEYS,
            **REG,
            "AWS_ENDPOINT_URL_STS": "",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:{PORT}",
        },
        host="direct",
        older="configured endpoints came with 2.13",
    ),
    S(
        "N10",
        "switched off by the profile",
        conf="[default]; endpoint_url = http://127.0.0.1:1; ignore_configured_endpoint_urls = true",
        env={**ENVKEYS, **REG},
        host="sts.us-west-2.amazonaws.com",
    ),
    S(
        "N11",
        "an endpoint without a scheme",
        env={**ENVKEYS, **REG, "AWS_ENDPOINT_URL_STS": "127.0.0.1:{PORT}"},
        error="is not a URL",
        older="configured endpoints came with 2.13",
    ),
]
