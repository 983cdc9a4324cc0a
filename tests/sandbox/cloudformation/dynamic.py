"""Dynamic references: {{resolve:ssm:..}}, {{resolve:ssm-secure:..}}, {{resolve:secretsmanager:..}}.

They are replaced just before a service is called; the stored properties keep the reference, so that
no secret is in a template, an event or an answer. SECURE_PLACES lists where ssm-secure may stand,
as CloudFormation's documentation does; elsewhere it is an error, and so is a parameter or a secret
that is not there.
"""

import json
import re

from botocore.exceptions import ClientError

from .errors import ResourceError

PATTERN = re.compile(r"\{\{resolve:([^:}]+):([^}]*)\}\}")

# Where CloudFormation takes ssm-secure: (type, property path).
SECURE_PLACES = {
    ("AWS::RDS::DBInstance", "MasterUserPassword"),
    ("AWS::RDS::DBCluster", "MasterUserPassword"),
    ("AWS::ElastiCache::ReplicationGroup", "AuthToken"),
    ("AWS::IAM::User", "LoginProfile/Password"),
    ("AWS::Redshift::Cluster", "MasterUserPassword"),
}


def resolve(value, type_: str, client, path: str = ""):
    """`value` with every reference read; `client(service)` gives a boto3 client."""
    if isinstance(value, dict):
        return {
            k: resolve(v, type_, client, f"{path}/{k}" if path else k) for k, v in value.items()
        }
    if isinstance(value, list):
        return [resolve(v, type_, client, path) for v in value]
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value
    text = PATTERN.sub(lambda m: _read(m.group(1), m.group(2), type_, path, client), value)
    if "{{resolve:" in text:
        raise ResourceError(
            f"Incorrect format is used in the following dynamic reference: [{value}]"
        )
    return text


def _read(service: str, argument: str, type_: str, path: str, client) -> str:
    if service == "ssm":
        return _parameter(argument, client, secure=False)
    if service == "ssm-secure":
        if (type_, path) not in SECURE_PLACES:
            raise ResourceError(
                f"SSM Secure reference is not supported in: [{type_}/Properties/{path}]"
            )
        return _parameter(argument, client, secure=True)
    if service == "secretsmanager":
        return _secret(argument, client)
    raise ResourceError(f"Unknown dynamic reference service: [{service}]")


def _parameter(argument: str, client, secure: bool) -> str:
    name, _, version = argument.partition(":")
    if version and not version.isdigit():
        raise ResourceError(
            f"Incorrect format is used in the following SSM reference: "
            f"[{{{{resolve:ssm{'-secure' if secure else ''}:{argument}}}}}]"
        )
    try:
        reply = client("ssm").get_parameter(Name=argument, WithDecryption=secure)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ParameterNotFound", "ParameterVersionNotFound"):
            raise ResourceError(
                f"Parameters: [{'ssm-secure' if secure else 'ssm'}:{argument}] cannot be found."
            ) from None
        raise
    parameter = reply["Parameter"]
    if secure != (parameter["Type"] == "SecureString"):
        raise ResourceError(
            f"Parameters [{name}] referenced by CloudFormation are "
            + ("not of type SecureString" if secure else "of type SecureString: use ssm-secure")
        )
    return parameter["Value"]


def _secret(argument: str, client) -> str:
    if argument.startswith("arn:"):
        parts = argument.split(":")
        secret, rest = ":".join(parts[:7]), parts[7:]
    else:
        secret, *rest = argument.split(":")
    kind, key, stage, version = (rest + ["", "", "", ""])[:4]
    if kind not in ("", "SecretString") or len(rest) > 4:
        raise ResourceError(
            f"Incorrect format is used in the secretsmanager reference [{argument}]"
        )
    wanted = {k: v for k, v in (("VersionStage", stage), ("VersionId", version)) if v}
    try:
        text = client("secretsmanager").get_secret_value(SecretId=secret, **wanted)["SecretString"]
    except ClientError as error:
        raise ResourceError(
            f"Could not read the secret {secret}: {error.response['Error']['Message']}"
        ) from None
    if not key:
        return text
    try:
        return str(json.loads(text)[key])
    except (ValueError, KeyError):
        raise ResourceError(
            f"Could not find a value associated with JSONKey in SecretString: {key}"
        ) from None
