"""Values that a container is given as secrets: parameters of SSM and secrets of Secrets Manager, by
name or by ARN.
"""

from __future__ import annotations

import re


def secret_value(source: str, account: str, region: str) -> str | None:
    if ":secretsmanager:" in source:
        return secrets_manager_value(source, account, region)
    from moto.ssm.models import ssm_backends

    match = re.fullmatch(r"arn:aws:ssm:([a-z0-9-]+):(\d{12}):parameter/(.+)", source)
    names = ["/" + match.group(3), match.group(3)] if match else [source]
    if match:
        region, account = match.group(1), match.group(2)
    for name in names:
        parameter = ssm_backends[account][region].get_parameter(name)
        if parameter is not None:
            value = str(parameter.value)
            return (
                re.sub(r"^kms:[^:]*(?:/[^:]*)*:", "", value)
                if parameter.parameter_type == "SecureString"
                else value
            )
    return None


def secrets_manager_value(source: str, account: str, region: str) -> str | None:
    import json

    from moto.secretsmanager.models import secretsmanager_backends

    parts = source.split(":")
    arn, key = ":".join(parts[:7]), parts[7] if len(parts) > 7 else ""
    try:
        text = secretsmanager_backends[account][region].get_secret_value(arn, "", "")[
            "SecretString"
        ]
        return str(json.loads(text)[key]) if key else str(text)
    except Exception:
        return None
