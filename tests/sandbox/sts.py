"""STS: identities and temporary credentials out of the sandbox's own key store.

Roles must exist in moto's IAM; names and durations have STS's bounds. A web identity token needs no
signature of the caller, as in AWS, and is not looked into. Who assumed what is in the key's ARN,
which GetCallerIdentity answers.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from .errors import AwsError
from .registry import OWN_SERVICES, operation
from .wire import Call

OWN_SERVICES.add("sts")
ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/(?:[\w+=,.@/-]*/)?([\w+=,.@-]{1,64})")
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")


def credentials(key: Any) -> dict[str, Any]:
    return {
        "AccessKeyId": key.access_key,
        "SecretAccessKey": key.secret,
        "SessionToken": key.token,
        "Expiration": datetime.datetime.fromtimestamp(key.expires, datetime.UTC),
    }


@operation("sts", "GetCallerIdentity")
def get_caller_identity(_sandbox: Any, call: Call) -> dict[str, Any]:
    return {"UserId": call.user_id, "Account": call.account, "Arn": call.arn}


@operation("sts", "GetSessionToken")
def get_session_token(sandbox: Any, call: Call) -> dict[str, Any]:
    seconds = call.params.get("DurationSeconds", 43200)
    return {
        "Credentials": credentials(
            sandbox.context.keys.issue(call.account, call.arn, call.user_id, seconds)
        )
    }


def assumed(sandbox: Any, call: Call, seconds: int) -> tuple[Any, dict[str, str]]:
    arn, session = call.params["RoleArn"], call.params["RoleSessionName"]
    match = ROLE_ARN.fullmatch(arn)
    if not match:
        raise AwsError("ValidationError", f"{arn} is invalid")
    if not SESSION_NAME.fullmatch(session):
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{session}' at 'roleSessionName' failed to "
            "satisfy constraint",
        )
    if not 900 <= seconds <= 43200:
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to "
            "satisfy constraint",
        )
    account = match.group(1)
    if account == sandbox.context.account and not role_exists(account, arn):
        raise AwsError(
            "AccessDenied",
            f"User: {call.arn or 'anonymous'} is not authorized to perform: sts:{call.operation} "
            f"on resource: {arn}",
            403,
        )
    key = sandbox.context.keys.issue_role(arn, session, seconds)
    return key, {"AssumedRoleId": key.user_id, "Arn": key.arn}


def role_exists(account: str, arn: str) -> bool:
    from moto.iam.models import iam_backends

    return any(role.arn == arn for role in list(iam_backends[account]["aws"].roles.values()))


@operation("sts", "AssumeRole")
def assume_role(sandbox: Any, call: Call) -> dict[str, Any]:
    key, user = assumed(sandbox, call, call.params.get("DurationSeconds", 3600))
    return {"Credentials": credentials(key), "AssumedRoleUser": user, "PackedPolicySize": 6}


@operation("sts", "AssumeRoleWithWebIdentity")
def assume_role_with_web_identity(sandbox: Any, call: Call) -> dict[str, Any]:
    token = call.params["WebIdentityToken"]
    if token.count(".") != 2:
        raise AwsError(
            "InvalidIdentityToken",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an "
            "Access Token)",
        )
    key, user = assumed(sandbox, call, call.params.get("DurationSeconds", 3600))
    return {
        "Credentials": credentials(key),
        "AssumedRoleUser": user,
        "SubjectFromWebIdentityToken": "sandbox",
        "Audience": "sts.amazonaws.com",
        "Provider": "sandbox",
    }


@operation("sts", "GetAccessKeyInfo")
def get_access_key_info(sandbox: Any, call: Call) -> dict[str, Any]:
    key = sandbox.context.keys.find(call.params["AccessKeyId"])
    return {"Account": key.account if key else call.account}
