"""SigV4 as AWS checks it: header and query form, payload hash, date, session token, S3's payload
modes.

The canonical request is rebuilt from what arrived; errors have the code, status and text that each
kind of service answers. Source: the SigV4 chapters of the AWS General Reference and the S3 API.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote

from . import aws_chunked
from .context import Context
from .errors import AwsError
from .httpd import Request
from .keys import Key

SKEW_SECONDS = 300
S3_SKEW_SECONDS = 900
MAX_EXPIRES = 604800
QUERY_XML = {
    "sts",
    "iam",
    "cloudformation",
    "elasticloadbalancing",
    "rds",
    "elasticache",
    "route53",
    "autoscaling",
    "sns",
    "monitoring",
}


@dataclass
class Scope:
    access_key: str
    date: str
    region: str
    service: str
    signed_headers: list[str]
    signature: str
    amz_date: str
    presigned: bool = False
    expires: int = 0


def scope_of(request: Request) -> Scope | None:
    """What the request claims; None if it is not signed at all.

    Raises for a claim that is no SigV4.
    """
    header = request.header("Authorization")
    if header:
        return header_scope(request, header)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if "X-Amz-Algorithm" in query:
        return query_scope(query)
    return None


def credential(text: str) -> list[str]:
    parts = text.split("/")
    if len(parts) < 5 or parts[-1] != "aws4_request":
        raise AwsError(
            "IncompleteSignature",
            "Credential must have the form KEY/DATE/REGION/SERVICE/aws4_request",
        )
    return ["/".join(parts[:-4]), *parts[-4:-1]]


def header_scope(request: Request, header: str) -> Scope | None:
    if header.startswith("Bearer "):
        return None
    if not header.startswith("AWS4-HMAC-SHA256 "):
        raise AwsError("IncompleteSignature", "Authorization must begin with AWS4-HMAC-SHA256")
    fields = dict(part.strip().split("=", 1) for part in header[17:].split(",") if "=" in part)
    if set(fields) != {"Credential", "SignedHeaders", "Signature"}:
        raise AwsError(
            "IncompleteSignature", "Authorization needs Credential, SignedHeaders and Signature"
        )
    key, date, region, service = credential(fields["Credential"])
    return Scope(
        key,
        date,
        region,
        service,
        fields["SignedHeaders"].split(";"),
        fields["Signature"],
        request.header("X-Amz-Date"),
    )


def query_scope(query: dict[str, str]) -> Scope:
    missing = {
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    } - query.keys()
    if missing:
        raise AwsError("AuthorizationQueryParametersError", f"missing {', '.join(sorted(missing))}")
    if query["X-Amz-Algorithm"] != "AWS4-HMAC-SHA256":
        raise AwsError(
            "AuthorizationQueryParametersError", "X-Amz-Algorithm only supports AWS4-HMAC-SHA256"
        )
    if not query["X-Amz-Expires"].isdigit() or not 0 < int(query["X-Amz-Expires"]) <= MAX_EXPIRES:
        raise AwsError(
            "AuthorizationQueryParametersError",
            "X-Amz-Expires must be a number of seconds, at most 604800",
        )
    key, date, region, service = credential(query["X-Amz-Credential"])
    return Scope(
        key,
        date,
        region,
        service,
        query["X-Amz-SignedHeaders"].split(";"),
        query["X-Amz-Signature"],
        query["X-Amz-Date"],
        True,
        int(query["X-Amz-Expires"]),
    )


class Dialect:
    """How a service words the refusals."""

    def __init__(self, service: str, is_json: bool) -> None:
        self.s3 = service == "s3"
        self.ec2 = service == "ec2"
        self.json = is_json

    def unknown_key(self) -> AwsError:
        if self.s3:
            return AwsError(
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
                403,
            )
        if self.ec2:
            return AwsError(
                "AuthFailure", "AWS was not able to validate the provided access credentials", 401
            )
        return AwsError(
            "UnrecognizedClientException" if self.json else "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            400 if self.json else 403,
        )

    def bad_token(self) -> AwsError:
        if self.s3:
            return AwsError(
                "InvalidToken", "The provided token is malformed or otherwise invalid.", 400
            )
        return self.unknown_key()

    def expired_token(self) -> AwsError:
        if self.s3:
            return AwsError("ExpiredToken", "The provided token has expired.", 400)
        if self.ec2:
            return AwsError("RequestExpired", "Request has expired.", 400)
        return AwsError(
            "ExpiredTokenException" if self.json else "ExpiredToken",
            "The security token included in the request is expired",
            400 if self.json else 403,
        )

    def mismatch(self) -> AwsError:
        text = (
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service "
            "documentation for details."
        )
        if self.s3:
            text = (
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method."
            )
        if self.ec2:
            return AwsError(
                "AuthFailure", "AWS was not able to validate the provided access credentials", 401
            )
        return AwsError(
            "InvalidSignatureException" if self.json else "SignatureDoesNotMatch",
            text,
            400 if self.json else 403,
        )

    def skewed(self, amz_date: str, server: float) -> AwsError:
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(server))
        if self.s3:
            return AwsError(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                403,
                RequestTime=amz_date,
                ServerTime=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(server)),
                MaxAllowedSkewMilliseconds=S3_SKEW_SECONDS * 1000,
            )
        if self.ec2:
            return AwsError(
                "RequestExpired", f"Request has expired. Timestamp date is {amz_date}.", 400
            )
        if (stamp(amz_date) or 0.0) > server:
            end = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(server + SKEW_SECONDS))
            text = (
                f"Signature not yet current: {amz_date} is still later than {end} ({now} + 5 min.)"
            )
        else:
            end = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(server - SKEW_SECONDS))
            text = f"Signature expired: {amz_date} is now earlier than {end} ({now} - 5 min.)"
        return AwsError(
            "InvalidSignatureException" if self.json else "SignatureDoesNotMatch",
            text,
            400 if self.json else 403,
        )

    def unsigned(self) -> AwsError:
        if self.s3:
            return AwsError("AccessDenied", "Access Denied", 403)
        if self.json:
            return AwsError(
                "MissingAuthenticationTokenException", "Missing Authentication Token", 400
            )
        return AwsError(
            "MissingAuthenticationToken", "Request is missing Authentication Token", 403
        )


def stamp(amz_date: str) -> float | None:
    if not re.fullmatch(r"\d{8}T\d{6}Z", amz_date):
        return None
    return float(calendar.timegm(time.strptime(amz_date, "%Y%m%dT%H%M%SZ")))


def check(context: Context, request: Request, scope: Scope, is_json: bool) -> Key:
    """The key that signed the request; raises the service's own refusal otherwise."""
    dialect = Dialect(scope.service, is_json)
    key = context.keys.find(scope.access_key)
    if key is None:
        raise dialect.unknown_key()
    check_date(context, scope, dialect)
    check_token(context, request, scope, key, dialect)
    if "host" not in scope.signed_headers:
        raise dialect.mismatch()
    for name in request.headers:
        lowered = name.lower()
        if (
            lowered.startswith("x-amz-")
            and lowered not in scope.signed_headers
            and not scope.presigned
        ):
            if scope.service == "s3":
                raise AwsError(
                    "AccessDenied",
                    "There were headers present in the request which were not signed",
                    403,
                    HeadersNotSigned=lowered,
                )
            raise dialect.mismatch()
    payload = payload_hash(request, scope)
    signed = hmac.new(
        signing_key(key.secret, scope),
        string_to_sign(request, scope, payload).encode(),
        hashlib.sha256,
    ).hexdigest()
    if not hmac.compare_digest(signed, scope.signature):
        raise dialect.mismatch()
    check_chunks(request, scope, key, payload, dialect)
    return key


def check_date(context: Context, scope: Scope, dialect: Dialect) -> None:
    sent, now = stamp(scope.amz_date), context.now()
    if sent is None or scope.amz_date[:8] != scope.date:
        raise AwsError(
            "IncompleteSignature",
            "X-Amz-Date is missing, malformed, or not of the day in the credential scope",
            403,
        )
    allowed = S3_SKEW_SECONDS if dialect.s3 else SKEW_SECONDS
    if scope.presigned:
        if now > sent + scope.expires:
            raise (
                AwsError("AccessDenied", "Request has expired", 403)
                if dialect.s3
                else dialect.skewed(scope.amz_date, now)
            )
        if sent > now + allowed:
            raise (
                AwsError("AccessDenied", "Request is not valid yet", 403)
                if dialect.s3
                else dialect.skewed(scope.amz_date, now)
            )
    elif abs(now - sent) > allowed:
        raise dialect.skewed(scope.amz_date, now)


def check_token(
    context: Context, request: Request, scope: Scope, key: Key, dialect: Dialect
) -> None:
    token = request.header("X-Amz-Security-Token")
    if scope.presigned:
        token = dict(parse_qsl(request.query)).get("X-Amz-Security-Token", "")
    if (key.token or "") != token:
        raise dialect.bad_token()
    if key.expires is not None and context.now() >= key.expires:
        raise dialect.expired_token()


def payload_hash(request: Request, scope: Scope) -> str:
    """What stands as payload hash in the canonical request; wrong S3 claims are refused here."""
    if scope.presigned:
        return (
            "UNSIGNED-PAYLOAD"
            if scope.service == "s3"
            else hashlib.sha256(request.body).hexdigest()
        )
    claimed = request.header("X-Amz-Content-Sha256")
    real = hashlib.sha256(request.body).hexdigest()
    if scope.service != "s3":
        return claimed if claimed == "UNSIGNED-PAYLOAD" else real
    if not claimed:
        raise AwsError(
            "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"
        )
    if claimed == "UNSIGNED-PAYLOAD" or claimed.startswith("STREAMING-"):
        return claimed
    if claimed != real:
        raise AwsError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            ClientComputedContentSHA256=claimed,
            S3ComputedContentSHA256=real,
        )
    return claimed


def canonical_path(path: str, service: str) -> str:
    if service == "s3":
        return path or "/"
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    clean = "/" + "/".join(parts)
    if path.endswith("/") and clean != "/":
        clean += "/"
    return quote(clean, safe="/-_.~")


def canonical_query(query: str, presigned: bool) -> str:
    pairs = []
    for item in query.split("&") if query else []:
        name, _, value = item.partition("=")
        if presigned and name == "X-Amz-Signature":
            continue
        pairs.append(
            (
                quote(unquote(name.replace("+", "%20")), safe="-_.~"),
                quote(unquote(value.replace("+", "%20")), safe="-_.~"),
            )
        )
    return "&".join(f"{n}={v}" for n, v in sorted(pairs))


def canonical_headers(request: Request, names: list[str]) -> str:
    lines = []
    for name in names:
        values = request.headers.get_all(name) or []
        if not values and name != "host":
            lines.append(f"{name}:\n")
            continue
        lines.append(name + ":" + ",".join(re.sub(r"\s+", " ", v.strip()) for v in values) + "\n")
    return "".join(lines)


def string_to_sign(request: Request, scope: Scope, payload: str) -> str:
    canonical = "\n".join(
        (
            request.method,
            canonical_path(request.path, scope.service),
            canonical_query(request.query, scope.presigned),
            canonical_headers(request, scope.signed_headers),
            ";".join(scope.signed_headers),
            payload,
        )
    )
    where = f"{scope.date}/{scope.region}/{scope.service}/aws4_request"
    return "\n".join(
        ("AWS4-HMAC-SHA256", scope.amz_date, where, hashlib.sha256(canonical.encode()).hexdigest())
    )


def signing_key(secret: str, scope: Scope) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in (scope.date, scope.region, scope.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def check_chunks(request: Request, scope: Scope, key: Key, payload: str, dialect: Dialect) -> None:
    """What is promised inside of aws-chunked bodies."""
    if not payload.startswith("STREAMING-"):
        return
    body = aws_chunked.parse(request.body)
    where = f"{scope.date}/{scope.region}/{scope.service}/aws4_request"
    with_trailer = payload.endswith("-TRAILER")
    if payload.startswith(
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    ) and not aws_chunked.check_signatures(
        body, signing_key(key.secret, scope), scope.amz_date, where, scope.signature, with_trailer
    ):
        raise dialect.mismatch()
    aws_chunked.check_content(
        body, request.header("X-Amz-Decoded-Content-Length"), request.header("X-Amz-Trailer")
    )
