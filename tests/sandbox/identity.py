"""Where credentials come from: the SSO portal and its OIDC service, the container credentials
endpoint and the instance metadata service (v2). All unsigned HTTP on the sandbox's own port;
accounts and roles are made up.

Fixed names: start URL https://sandbox.awsapps.com/start, account ACCOUNT, roles Administrator and
Developer, container roles at /container-credentials/<role> (Authorization: the token of
/_sandbox/identity), instance role `sandbox-instance`.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from typing import Any
from urllib.parse import parse_qsl, unquote

from .httpd import Request, Response

PORTAL_ROLES = ("Administrator", "Developer")
INSTANCE_ROLE = "sandbox-instance"
CONTAINER_TOKEN = "sandbox-container-token"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_SECONDS, CLIENT_SECONDS, ROLE_SECONDS = 28800, 7776000, 3600


def answer(value: Any, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Response:
    return Response(
        status, json.dumps(value).encode(), [("Content-Type", "application/json"), *(headers or [])]
    )


def oauth_error(code: str, kind: str, text: str, status: int = 400) -> Response:
    return answer({"error": code, "error_description": text}, status, [("x-amzn-ErrorType", kind)])


def portal_error(kind: str, text: str, status: int) -> Response:
    return answer(
        {"__type": f"com.amazonaws.switchboard.portal#{kind}", "message": text},
        status,
        [("x-amzn-ErrorType", kind)],
    )


class Identity:
    def __init__(self, sandbox: Any) -> None:
        self.context = sandbox.context
        self.lock = threading.RLock()
        self.clients: dict[str, dict[str, Any]] = {}
        self.devices: dict[str, dict[str, Any]] = {}
        self.access: dict[str, float] = {}  # access token -> end
        self.refresh: dict[str, str] = {}  # refresh token -> client id
        self.imds_tokens: dict[str, float] = {}
        self.approve = True
        self.refresh_allowed = True

    def serve(self, request: Request) -> Response | None:
        """An answer to an identity request, None for anything else (also for what is signed)."""
        if (
            request.header("Authorization").startswith("AWS4-")
            or "X-Amz-Algorithm" in request.query
        ):
            return None
        handler = {
            ("POST", "/client/register"): self.register_client,
            ("POST", "/device_authorization"): self.start_device,
            ("POST", "/token"): self.create_token,
            ("POST", "/v1/token"): self.signin_token,
            ("GET", "/federation/credentials"): self.role_credentials,
            ("GET", "/assignment/accounts"): self.accounts,
            ("GET", "/assignment/roles"): self.roles,
            ("POST", "/logout"): self.logout,
            ("PUT", "/latest/api/token"): self.imds_token,
        }.get((request.method, request.path))
        if handler is None and request.path.startswith("/container-credentials/"):
            handler = self.container
        if handler is None and request.path.startswith("/latest/"):
            handler = self.imds
        if handler is None:
            return None
        begun = time.time()
        try:
            response = handler(request)
        except (ValueError, KeyError, TypeError) as bad:
            response = oauth_error(
                "invalid_request", "InvalidRequestException", f"the request is malformed: {bad}"
            )
        self.context.journal.add(
            {
                "time": begun,
                "service": "identity",
                "operation": request.path,
                "region": "",
                "account": "",
                "key": "",
                "arn": "",
                "internal": False,
                "params": dict(parse_qsl(request.query)),
                "status": response.status,
                "error": None,
                "cut": "",
                "message": "",
                "request_id": "",
                "duration": round(time.time() - begun, 4),
            }
        )
        return response

    # -- sso-oidc

    def register_client(self, request: Request) -> Response:
        body = json.loads(request.body)
        if body["clientType"] != "public" or not body["clientName"]:
            return oauth_error(
                "invalid_client_metadata",
                "InvalidClientMetadataException",
                "clientType must be public",
            )
        client = {
            "clientId": secrets.token_urlsafe(16),
            "clientSecret": secrets.token_urlsafe(48),
            "clientIdIssuedAt": int(self.context.now()),
            "clientSecretExpiresAt": int(self.context.now()) + CLIENT_SECONDS,
        }
        with self.lock:
            self.clients[client["clientId"]] = client
        return answer(client)

    def known(self, body: dict[str, Any]) -> Response | None:
        client = self.clients.get(body["clientId"])
        if client is None or client["clientSecret"] != body["clientSecret"]:
            return oauth_error(
                "invalid_client", "InvalidClientException", "Invalid client provided", 401
            )
        if self.context.now() > client["clientSecretExpiresAt"]:
            return oauth_error(
                "invalid_client", "InvalidClientException", "The client has expired", 401
            )
        return None

    def start_device(self, request: Request) -> Response:
        body = json.loads(request.body)
        refused = self.known(body)
        if refused:
            return refused
        code = secrets.token_urlsafe(24)
        user = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8))
        user = f"{user[:4]}-{user[4:]}"
        interval = max(1, int(self.context.seconds("sso-interval")))
        with self.lock:
            self.devices[code] = {
                "client": body["clientId"],
                "asked": 0,
                "last": 0.0,
                "approve": self.approve,
                "interval": interval,
                "end": self.context.now() + 600,
            }
        url = body["startUrl"].rstrip("/") + "/#/device"
        return answer(
            {
                "deviceCode": code,
                "userCode": user,
                "verificationUri": url,
                "verificationUriComplete": f"{url}?user_code={user}",
                "expiresIn": 600,
                "interval": interval,
            }
        )

    def create_token(self, request: Request) -> Response:
        body = json.loads(request.body)
        refused = self.known(body)
        if refused:
            return refused
        with self.lock:
            if body["grantType"] == "refresh_token":
                if (
                    not self.refresh_allowed
                    or self.refresh.pop(body["refreshToken"], None) != body["clientId"]
                ):
                    return oauth_error(
                        "invalid_grant", "InvalidGrantException", "Invalid refresh token provided"
                    )
                return self.tokens(body["clientId"])
            if body["grantType"] != DEVICE_GRANT:
                return oauth_error(
                    "unsupported_grant_type",
                    "UnsupportedGrantTypeException",
                    f"grant type {body['grantType']} is not supported",
                )
            return self.device_token(body)

    def device_token(self, body: dict[str, Any]) -> Response:
        device = self.devices.get(body["deviceCode"])
        if device is None or device["client"] != body["clientId"]:
            return oauth_error(
                "invalid_grant", "InvalidGrantException", "Invalid device code provided"
            )
        now = self.context.now()
        if now > device["end"]:
            return oauth_error("expired_token", "ExpiredTokenException", "Device code has expired")
        too_soon = now - device["last"] < device["interval"] * 0.8
        device["asked"], device["last"] = device["asked"] + 1, now
        if device["asked"] > 1 and too_soon:
            device["interval"] += 5
            return oauth_error("slow_down", "SlowDownException", "Polling too fast")
        if not device["approve"] or device["asked"] < 2:
            return oauth_error(
                "authorization_pending", "AuthorizationPendingException", "Authorization is pending"
            )
        del self.devices[body["deviceCode"]]
        return self.tokens(body["clientId"])

    def tokens(self, client: str) -> Response:
        access, refresh = "aoa" + secrets.token_urlsafe(60), "aor" + secrets.token_urlsafe(60)
        self.access[access] = self.context.now() + TOKEN_SECONDS
        self.refresh[refresh] = client
        return answer(
            {
                "accessToken": access,
                "tokenType": "Bearer",
                "expiresIn": TOKEN_SECONDS,
                "refreshToken": refresh,
            }
        )

    def signin_token(self, _request: Request) -> Response:
        return oauth_error(
            "TOKEN_EXPIRED", "AccessDeniedException", "the sandbox has no `aws login` sessions", 403
        )

    # -- sso portal

    def bearer(self, request: Request) -> Response | None:
        end = self.access.get(request.header("x-amz-sso_bearer_token"))
        if end is None or self.context.now() >= end:
            return portal_error("UnauthorizedException", "Session token not found or invalid", 401)
        return None

    def role_credentials(self, request: Request) -> Response:
        refused = self.bearer(request)
        if refused:
            return refused
        query = dict(parse_qsl(request.query))
        role, account = query["role_name"], query["account_id"]
        if account != self.context.account or role not in PORTAL_ROLES:
            return portal_error("ForbiddenException", "No access", 403)
        arn = (
            f"arn:aws:sts::{account}:assumed-role/AWSReservedSSO_{role}_0123456789abcdef/"
            "sandbox-user"
        )
        key = self.context.keys.issue(account, arn, "AROASANDBOXSSO:sandbox-user", ROLE_SECONDS)
        return answer(
            {
                "roleCredentials": {
                    "accessKeyId": key.access_key,
                    "secretAccessKey": key.secret,
                    "sessionToken": key.token,
                    "expiration": int(key.expires * 1000),
                }
            }
        )

    def accounts(self, request: Request) -> Response:
        return self.bearer(request) or answer(
            {
                "accountList": [
                    {
                        "accountId": self.context.account,
                        "accountName": "sandbox",
                        "emailAddress": "nobody@example.com",
                    }
                ]
            }
        )

    def roles(self, request: Request) -> Response:
        account = dict(parse_qsl(request.query)).get("account_id", "")
        return self.bearer(request) or answer(
            {"roleList": [{"roleName": r, "accountId": account} for r in PORTAL_ROLES]}
        )

    def logout(self, request: Request) -> Response:
        refused = self.bearer(request)
        if refused is None:
            self.access.pop(request.header("x-amz-sso_bearer_token"), None)
        return refused or Response(200)

    # -- container and instance

    def credentials(self, role: str, session: str) -> dict[str, Any]:
        key = self.context.keys.issue_role(
            f"arn:aws:iam::{self.context.account}:role/{role}", session, ROLE_SECONDS
        )
        key.role_arn = None  # made up here: no policies stand behind it
        return {
            "AccessKeyId": key.access_key,
            "SecretAccessKey": key.secret,
            "Token": key.token,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(key.expires)),
        }

    def container(self, request: Request) -> Response:
        if request.header("Authorization") != CONTAINER_TOKEN:
            return answer(
                {"code": "AccessDenied", "message": "the Authorization header is missing or wrong"},
                403,
            )
        role = unquote(request.path.removeprefix("/container-credentials/"))
        return answer(
            {
                **self.credentials(role, "container"),
                "RoleArn": f"arn:aws:iam::{self.context.account}:role/{role}",
            }
        )

    def imds_token(self, request: Request) -> Response:
        text = request.header("X-aws-ec2-metadata-token-ttl-seconds")
        if not text.isdigit() or not 1 <= int(text) <= 21600:
            return Response(400)
        token = secrets.token_urlsafe(40)
        with self.lock:
            self.imds_tokens[token] = self.context.now() + int(text)
        return Response(
            200,
            token.encode(),
            [("Content-Type", "text/plain"), ("X-aws-ec2-metadata-token-ttl-seconds", text)],
        )

    def imds(self, request: Request) -> Response:
        if self.context.now() >= self.imds_tokens.get(
            request.header("X-aws-ec2-metadata-token"), 0.0
        ):
            return Response(401)
        base = "/latest/meta-data/iam/security-credentials/"
        if request.path in (base, base.rstrip("/")):
            return Response(200, INSTANCE_ROLE.encode(), [("Content-Type", "text/plain")])
        if request.path == base + INSTANCE_ROLE:
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.context.now()))
            return answer(
                {
                    "Code": "Success",
                    "LastUpdated": now,
                    "Type": "AWS-HMAC",
                    **self.credentials(INSTANCE_ROLE, "i-0123456789abcdef0"),
                }
            )
        if request.path == "/latest/meta-data/placement/region":
            return Response(200, b"us-west-2", [("Content-Type", "text/plain")])
        return Response(404)

    def control(self, wanted: dict[str, Any] | None) -> dict[str, Any]:
        """/_sandbox/identity: read; {"approve": false} lets device logins wait, {"expire_sso":
        true} ends access tokens, {"refresh": false} refuses refreshes.
        """
        with self.lock:
            for name, value in (wanted or {}).items():
                if name == "approve":
                    self.approve = bool(value)
                    for device in self.devices.values():
                        device["approve"] = self.approve
                elif name == "refresh":
                    self.refresh_allowed = bool(value)
                elif name == "expire_sso":
                    self.access = dict.fromkeys(self.access, 0.0)
                else:
                    raise ValueError(f"unknown key {name}")
        return {
            "start_url": "https://sandbox.awsapps.com/start",
            "account": self.context.account,
            "roles": PORTAL_ROLES,
            "container_token": CONTAINER_TOKEN,
            "instance_role": INSTANCE_ROLE,
            "approve": self.approve,
        }
