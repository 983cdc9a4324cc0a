"""What a scenario is, and the words that scenarios are written with.

Files and environment in; key, region, host or error out. Those of aws-access.md section 15 have its
ids and its expectations. In texts "; " ends a line, {SEMI} is a semicolon, keys(X) stands for a key
pair, {PORT} for the recorder's port, {HOME} for the home folder, role/A for an ARN. A file that is
{FIFO} is a pipe.

`older` says why the AWS CLI 2.9.19 is not asked (or not believed): there the expectation of the
page (2.36.7) alone decides. runs.py makes the files and runs both programs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from .recorder import sha1, sha256

ENVKEYS = {"AWS_ACCESS_KEY_ID": "ENVKEY", "AWS_SECRET_ACCESS_KEY": "PLANTED-env"}
REG = {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2"}
P = {"AWS_PROFILE": "p"}
WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "{HOME}/jwt", "AWS_ROLE_ARN": "arn:aws:iam::1:role/W"}
JWT = {"jwt": "PLANTED-jwt"}
URL = "https://x.awsapps.com/start"
SESSION = "sso_session = s; sso_account_id = 123456789012; sso_role_name = Dev"
CORP = f"[sso-session s]; sso_region = eu-west-1; sso_start_url = {URL}"
SSO = f"[default]; region = us-west-2; {SESSION}; {CORP}"
LEGACY = (
    f"[default]; region = us-west-2; sso_start_url = {URL}; sso_region = eu-west-1; "
    "sso_account_id = 123456789012; sso_role_name = Dev"
)
GOOD, OLD = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
ROLE = "[profile p]; role_arn = role/A; region = eu-west-1; "
SRC = "[src]; keys(SRC)"
PROC = "credential_process = {HOME}/proc"
LOGIN = "arn:aws:iam::123456789012:user/u"
LOGIN_CONF = f"[default]; region = us-west-2; login_session = {LOGIN}"


def token(at: str, ends: str = GOOD, **more: str) -> dict[str, str]:
    return {
        f".aws/sso/cache/{sha1(at)}.json": json.dumps(
            {"accessToken": "T1", "expiresAt": ends, **more}
        )
    }


def cached(key: str, access: str, ends: str, **more: str) -> dict[str, str]:
    return {
        f".aws/cli/cache/{sha1(key)}.json": json.dumps(
            {
                **more,
                "Credentials": {
                    "AccessKeyId": access,
                    "SecretAccessKey": "PLANTED-cache",
                    "SessionToken": "t",
                    "Expiration": ends,
                },
            }
        )
    }


def role_key(arn: str) -> str:
    return json.dumps({"RoleArn": arn})


def login(ends: str) -> dict[str, str]:
    return {
        f".aws/login/cache/{sha256(LOGIN)}.json": json.dumps(
            {
                "accessToken": {
                    "accessKeyId": "LOGIN",
                    "secretAccessKey": "PLANTED-login",
                    "sessionToken": "t",
                    "accountId": "123456789012",
                    "expiresAt": ends,
                },
                "clientId": "c",
                "refreshToken": "r",
                "idToken": "i",
                "dpopKey": "PLANTED-dpop",
            }
        )
    }


RENEWABLE = {
    "startUrl": URL,
    "region": "eu-west-1",
    "accessToken": "OLD",
    "clientId": "c",
    "clientSecret": "PLANTED-client",
    "registrationExpiresAt": GOOD,
    "refreshToken": "R1",
}


@dataclass(frozen=True)
class Scenario:
    id: str
    what: str
    cred: str = ""
    conf: str = ""
    env: dict[str, str | None] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    key: str = ""  # the access key that signs in the end
    region: str = ""  # of its signature
    host: str = ""
    error: str = ""  # part of the message; "|" between alternatives
    older: str = ""


def S(id: str, what: str, **rest: object) -> Scenario:
    return Scenario(id, what, **rest)  # type: ignore[arg-type]


IMDS = {
    "AWS_EC2_METADATA_DISABLED": None,
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:{PORT}/",
}


def imds(kind: str) -> dict[str, str | None]:
    return {**IMDS, "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{{PORT}}/{kind}/"}


FULL = "http://127.0.0.1:{PORT}/container/c"
