"""From an HTTP request to (service, operation, parameters) and back, by botocore's own service
models.

The parsers and serializers are moto's; recognising the operation, refusing unknown
parameters and shaping errors is done here. One Call object is one AWS request.
"""

from __future__ import annotations

import functools
import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from botocore.validate import ParamValidator
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers, MultiDict

from .errors import AwsError
from .httpd import Request, Response

# signing name -> botocore models that may be meant (told apart by API version or target)
SIGNING = {
    "s3": ("s3",),
    "ec2": ("ec2",),
    "ecs": ("ecs",),
    "ecr": ("ecr",),
    "iam": ("iam",),
    "sts": ("sts",),
    "ssm": ("ssm",),
    "logs": ("logs",),
    "events": ("events",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "rds": ("rds",),
    "elasticache": ("elasticache",),
    "route53": ("route53",),
    "servicediscovery": ("servicediscovery",),
    "cloudformation": ("cloudformation",),
    "secretsmanager": ("secretsmanager",),
    "kms": ("kms",),
    "acm": ("acm",),
    "sqs": ("sqs",),
    "sns": ("sns",),
    "application-autoscaling": ("application-autoscaling",),
    "autoscaling": ("autoscaling",),
    "monitoring": ("cloudwatch",),
    "lambda": ("lambda",),
    "codebuild": ("codebuild",),
    "elasticfilesystem": ("efs",),
    "tagging": ("resourcegroupstaggingapi",),
    "dynamodb": ("dynamodb",),
    "servicequotas": ("service-quotas",),
    "cloudfront": ("cloudfront",),
}

JSON_PROTOCOLS = ("json", "rest-json")


@functools.cache
def model_of(service: str) -> ServiceModel:
    return get_service_model(service)


@dataclass
class Call:
    """One AWS request, decoded as far as it could be."""

    request: Request
    service: str = ""  # botocore's name
    operation: str = ""
    region: str = "us-east-1"
    account: str = ""
    access_key: str = ""
    arn: str = ""
    user_id: str = ""
    role_arn: str | None = None
    internal: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    flat: dict[str, str] = field(default_factory=dict)  # query protocols: as sent
    url_params: dict[str, str] = field(default_factory=dict)
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def model(self) -> ServiceModel:
        return model_of(self.service)

    @property
    def operation_model(self) -> OperationModel:
        return self.model.operation_model(self.operation)

    @property
    def protocol(self) -> str:
        return protocol_of(self.service, self.request.header("Content-Type"))


def protocol_of(service: str, content_type: str = "") -> str:
    model = model_of(service)
    protocols = model.metadata.get("protocols", [model.metadata["protocol"]])
    if "application/x-amz-json" in content_type and "json" in protocols:
        return "json"
    if content_type.startswith("application/x-www-form-urlencoded") and "query" in protocols:
        return "query"
    if model.metadata["protocol"] in ("query", "ec2", "rest-xml", "rest-json", "json"):
        return str(model.metadata["protocol"])
    return next(p for p in protocols if p in PROTOCOL_PARSERS)


def form_of(request: Request) -> dict[str, str]:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    if (
        request.header("Content-Type").startswith("application/x-www-form-urlencoded")
        or request.body[:7] == b"Action="
    ):
        pairs += parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs)


def identify(call: Call, signing_name: str) -> None:
    """Fill service and operation, or raise the error that the service would answer."""
    models = SIGNING.get(signing_name)
    if not models:
        raise AwsError(
            "UnknownService",
            f"the sandbox has no service with the signing name {signing_name!r}",
            404,
        )
    request = call.request
    call.service = models[0]
    target = request.header("X-Amz-Target")
    if target and protocol_of(call.service, request.header("Content-Type")) == "json":
        prefix, _, operation = target.rpartition(".")
        if (
            prefix != call.model.metadata.get("targetPrefix")
            or operation not in call.model.operation_names
        ):
            raise AwsError("UnknownOperationException", f"unknown X-Amz-Target {target}")
        call.operation = operation
    elif call.model.metadata["protocol"] in ("query", "ec2") or "query" in call.model.metadata.get(
        "protocols", []
    ):
        call.flat = form_of(request)
        version, action = call.flat.get("Version", ""), call.flat.get("Action", "")
        if not action:
            raise AwsError("MissingAction", "the request must contain the parameter Action")
        for name in models:
            if model_of(name).metadata["apiVersion"] == version:
                call.service = name
                break
        else:
            raise AwsError(
                "InvalidAction", f"Could not find operation {action} for version {version}"
            )
        if action not in call.model.operation_names:
            raise AwsError(
                "InvalidAction", f"Could not find operation {action} for version {version}"
            )
        call.operation = action
    elif call.model.metadata["protocol"] == "json":
        raise AwsError(
            "UnknownOperationException",
            "no X-Amz-Target with an application/x-amz-json content type",
        )
    else:
        identify_rest(call)


@dataclass(frozen=True)
class Route:
    operation: str
    method: str
    pattern: re.Pattern[str]
    literals: tuple[tuple[str, str | None], ...]
    needed_query: frozenset[str]
    needed_headers: frozenset[str]


@functools.cache
def routes_of(service: str) -> tuple[Route, ...]:
    model = model_of(service)
    routes = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        pattern = ""
        for part in re.split(r"(\{[^}]+\})", path.rstrip("/") or "/"):
            if part.startswith("{"):
                group = re.sub(r"\W", "_", part[1:-1].rstrip("+"))
                pattern += f"(?P<{group}>.+)" if part.endswith("+}") else f"(?P<{group}>[^/]+)"
            else:
                pattern += re.escape(part)
        literals = []
        for item in query.split("&") if query else []:
            key, equal, value = item.partition("=")
            literals.append((key, value if equal else None))
        needed_query, needed_headers = set(), set()
        shape = operation.input_shape
        for member in shape.required_members if shape else []:
            serialization = shape.members[member].serialization
            if serialization.get("location") == "querystring":
                needed_query.add(serialization["name"])
            elif serialization.get("location") == "header":
                needed_headers.add(serialization["name"].lower())
        routes.append(
            Route(
                name,
                operation.http["method"],
                re.compile(pattern + "/?"),
                tuple(literals),
                frozenset(needed_query),
                frozenset(needed_headers),
            )
        )
    return tuple(routes)


# Two operations of S3 that share a route with a newer one
OUTDATED = {
    "PutBucketLifecycle",
    "GetBucketLifecycle",
    "PutBucketNotification",
    "GetBucketNotification",
    "ListDirectoryBuckets",
    "WriteGetObjectResponse",
}


def identify_rest(call: Call) -> None:
    request = call.request
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    headers = {k.lower() for k in request.headers}
    best: tuple[int, Route, re.Match[str]] | None = None
    for route in routes_of(call.service):
        if route.method != request.method or route.operation in OUTDATED:
            continue
        match = route.pattern.fullmatch(request.path or "/")
        if not match or not all(
            k in query and (v is None or query[k] == v) for k, v in route.literals
        ):
            continue
        if not (route.needed_query <= query.keys() and route.needed_headers <= headers):
            continue
        literal_path = len(route.pattern.pattern)
        score = (
            1000 * len(route.literals)
            + 100 * (len(route.needed_query) + len(route.needed_headers))
            + literal_path // 10
        )
        if best is None or score > best[0]:
            best = (score, route, match)
    if best is None:
        if call.service == "s3":
            raise AwsError(
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
                405,
            )
        raise AwsError(
            "UnknownOperationException", f"no operation for {request.method} {request.path}", 404
        )
    call.operation = best[1].operation
    call.url_params = best[2].groupdict()


STREAMED = {("s3", "PutObject"), ("s3", "UploadPart")}


def decode(call: Call) -> None:
    """Fill call.params; raise for a body that is no JSON/XML, and for parameters
    the model has not.
    """
    request = call.request
    operation = call.operation_model
    if operation.input_shape is None:
        return
    if (call.service, call.operation) in STREAMED:
        call.params = {k: unquote(v) for k, v in call.url_params.items()}
        call.params.update(
            {k: v for k, v in parse_qsl(request.query) if not k.startswith("X-Amz-")}
        )
        call.params["Body"] = request.body
        return
    protocol = call.protocol
    if protocol in ("query", "ec2"):
        values = MultiDict(call.flat)
    else:
        values = MultiDict(parse_qsl(request.query, keep_blank_values=True))
    if protocol == "json":
        check_json(request.body, operation)
    parser = PROTOCOL_PARSERS[protocol](operation)
    try:
        call.params = (
            parser.parse(
                {
                    "method": request.method,
                    "values": values,
                    "headers": Headers(request.headers.items()),
                    "body": request.body.decode("utf-8") if protocol != "query" else "",
                    "url_path": request.path,
                    "url_params": call.url_params,
                }
            )
            or {}
        )
    except AwsError:
        raise
    except Exception as broken:
        raise malformed(call, str(broken)) from broken
    if protocol in ("query", "ec2"):
        check_query(call)
    report = ParamValidator().validate(call.params, operation.input_shape)
    if report.has_errors():
        errors = report.generate_report()
        if "Unknown parameter" in errors or "Missing required" in errors or "Invalid" in errors:
            raise invalid(call, errors)


def malformed(call: Call, why: str) -> AwsError:
    if call.protocol in JSON_PROTOCOLS:
        return AwsError("SerializationException", why)
    return AwsError("MalformedXML" if call.protocol == "rest-xml" else "MalformedInput", why)


def invalid(call: Call, errors: str) -> AwsError:
    text = "; ".join(errors.splitlines())
    code = {
        "ecs": "InvalidParameterException",
        "ecr": "InvalidParameterException",
        "logs": "InvalidParameterException",
        "servicediscovery": "InvalidInput",
        "elasticache": "InvalidParameterValue",
        "rds": "InvalidParameterValue",
        "ec2": "InvalidParameterValue",
        "s3": "InvalidRequest",
        "route53": "InvalidInput",
    }.get(call.service)
    if code is None:
        code = "ValidationException" if call.protocol in JSON_PROTOCOLS else "ValidationError"
    return AwsError(code, text)


def check_json(body: bytes, operation: OperationModel) -> None:
    try:
        value = json.loads(body or b"{}")
    except ValueError as broken:
        raise AwsError("SerializationException", f"the body is no JSON: {broken}") from broken
    unknown = unknown_members(value, operation.input_shape, "")
    if unknown:
        raise AwsError(
            "SerializationException",
            f"unknown parameters in {operation.name}: {', '.join(unknown)}",
        )


def unknown_members(value: Any, shape: Any, path: str) -> list[str]:
    found: list[str] = []
    if shape.type_name == "structure" and not shape.metadata.get("document"):
        if not isinstance(value, dict):
            return [] if value is None else [f"{path or 'the body'} (must be an object)"]
        names = {m.serialization.get("name", n): m for n, m in shape.members.items()}
        for key, item in value.items():
            if key in names:
                found += unknown_members(item, names[key], f"{path}.{key}".lstrip("."))
            else:
                found.append(f"{path}.{key}".lstrip("."))
    elif shape.type_name == "list" and isinstance(value, list):
        for i, item in enumerate(value):
            found += unknown_members(item, shape.member, f"{path}[{i}]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, item in value.items():
            found += unknown_members(item, shape.value, f"{path}.{key}")
    return found


class Reader(MultiDict):
    """Query values that remember which keys were asked for, so that the rest can be refused."""

    def __init__(self, values: Any) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, key: Any, default: Any = None, type: Any = None) -> Any:
        self.read.add(key)
        return super().get(key, default)


def check_query(call: Call) -> None:
    values = Reader(call.flat)
    PROTOCOL_PARSERS[call.protocol](call.operation_model).parse({"values": values})
    known = values.read | {"Action", "Version", "AWSAccessKeyId", "SignatureVersion"}
    unknown = [k for k in call.flat if k not in known and not k.startswith("X-Amz-")]
    if unknown:
        raise invalid(call, f"unknown parameters in {call.operation}: {', '.join(sorted(unknown))}")


def success(call: Call, result: dict[str, Any] | None) -> Response:
    """Serialise a result of our own code in the protocol of the call."""
    serializer = get_serializer_class(call.service, call.protocol)(
        operation_model=call.operation_model
    )
    answer = serializer.serialize(result or {})
    body = answer["body"]
    raw = body.encode() if isinstance(body, str) else body
    if call.protocol in ("query", "ec2"):
        raw = re.sub(rb"(?<=<RequestId>).*?(?=</RequestId>)", call.request_id.encode(), raw)
    headers = [(k, str(v)) for k, v in answer["headers"].items() if k.lower() != "content-length"]
    return with_id(Response(answer["status_code"], raw, headers), call)


def with_id(response: Response, call: Call) -> Response:
    name = "x-amz-request-id" if call.service == "s3" else "x-amzn-RequestId"
    if not response.header(name):
        response.headers.append((name, call.request_id))
    return response


def family_of(call: Call, signing_name: str = "") -> str:
    """Which error shape: s3, ec2, query, rest-xml, json, rest-json."""
    service = call.service or (SIGNING.get(signing_name) or ("",))[0]
    if service == "s3":
        return "s3"
    if service:
        return protocol_of(service, call.request.header("Content-Type"))
    return "json" if call.request.header("X-Amz-Target") else "query"


def failure(call: Call, error: AwsError, signing_name: str = "") -> Response:
    """An error answer in the protocol of the service."""
    family = family_of(call, signing_name)
    request_id = call.request_id
    code, message, status = error.code, escape(error.message), error.status
    if family in JSON_PROTOCOLS:
        body = json.dumps(
            {"__type": code, "message": error.message, **error.members}, default=str
        ).encode()
        kind = "application/x-amz-json-1.1" if family == "json" else "application/json"
        headers = [("Content-Type", kind)]
        if family == "rest-json":
            headers.append(("x-amzn-ErrorType", code))
        return with_id(Response(status, body, headers), call)
    side = "Receiver" if status >= 500 else "Sender"
    if family == "s3":
        text = (
            (
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                f"<Error><Code>{code}</Code><Message>{message}</Message>"
            )
            + "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in error.members.items())
            + f"<RequestId>{request_id}</RequestId><HostId>sandbox</HostId></Error>"
        )
    elif family == "ec2":
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code>'
            f"<Message>{message}</Message></Error></Errors><RequestID>{request_id}</RequestID>"
            "</Response>"
        )
    else:
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<ErrorResponse{namespace(call)}><Error><Type>{side}</Type>"
            f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>{request_id}"
            "</RequestId></ErrorResponse>"
        )
    return with_id(Response(status, text.encode(), [("Content-Type", "text/xml")]), call)


def namespace(call: Call) -> str:
    if not call.service:
        return ""
    uri = call.model.metadata.get("xmlNamespace", "")
    return f' xmlns="{uri}"' if uri else ""
