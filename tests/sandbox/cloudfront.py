"""CloudFront, as far as static files need it: distributions with an S3 origin behind an origin
access control, functions, invalidations. Nothing is served.

One set per account. What a distribution names (bucket, control, function, certificate) must be
there, what is in use does not go, and changes need the ETag of what was read (IfMatch), as in AWS.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from .errors import AwsError
from .registry import OWN_SERVICES, operation
from .wire import Call

OWN_SERVICES.add("cloudfront")
PRICES = {"PriceClass_100", "PriceClass_200", "PriceClass_All"}
ACCOUNTS: dict[str, dict[str, dict[str, Any]]] = {}


def of(call: Call) -> dict[str, dict[str, Any]]:
    return ACCOUNTS.setdefault(
        call.account, {"functions": {}, "controls": {}, "distributions": {}, "invalidations": {}}
    )


def new_id() -> str:
    return "E" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(13))


def found(call: Call, kind: str, key: str, code: str) -> dict[str, Any]:
    thing = of(call)[kind].get(key)
    if thing is None:
        raise AwsError(code, f"The specified {kind[:-1]} does not exist.", 404)
    return thing


def function_answer(function: dict[str, Any]) -> dict[str, Any]:
    summary = {
        "Name": function["Name"],
        "FunctionConfig": function["FunctionConfig"],
        "Status": "UNPUBLISHED",
        "FunctionMetadata": {
            "FunctionARN": function["ARN"],
            "Stage": function["Stage"],
            "LastModifiedTime": "2026-01-01T00:00:00Z",
        },
    }
    return {"FunctionSummary": summary, "ETag": function["ETag"], "Location": function["ARN"]}


def checked_code(call: Call) -> bytes:
    code = call.params["FunctionCode"]
    code = code if isinstance(code, bytes) else str(code).encode()
    if len(code) > 10240:
        raise AwsError(
            "FunctionSizeLimitExceeded", "The function code exceeds the maximum size.", 413
        )
    if b"function handler(" not in code:
        raise AwsError("InvalidArgument", "The function has no handler.", 400)
    return code


@operation("cloudfront", "CreateFunction")
def create_function(_sandbox: Any, call: Call) -> dict[str, Any]:
    name = call.params["Name"]
    if not re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", name):
        raise AwsError("InvalidArgument", "The function name is invalid.", 400)
    if name in of(call)["functions"]:
        raise AwsError("FunctionAlreadyExists", "A function with this name already exists.", 409)
    function = {
        "Name": name,
        "FunctionConfig": call.params["FunctionConfig"],
        "code": checked_code(call),
        "ETag": new_id(),
        "Stage": "DEVELOPMENT",
        "ARN": f"arn:aws:cloudfront::{call.account}:function/{name}",
    }
    of(call)["functions"][name] = function
    return function_answer(function)


def matched(call: Call, thing: dict[str, Any]) -> dict[str, Any]:
    if call.params.get("IfMatch") != thing["ETag"]:
        raise AwsError(
            "PreconditionFailed" if call.params.get("IfMatch") else "InvalidIfMatchVersion",
            "The If-Match version is missing or not valid for the resource.",
            412,
        )
    return thing


@operation("cloudfront", "UpdateFunction")
def update_function(_sandbox: Any, call: Call) -> dict[str, Any]:
    function = matched(call, found(call, "functions", call.params["Name"], "NoSuchFunctionExists"))
    function.update(
        code=checked_code(call), FunctionConfig=call.params["FunctionConfig"], ETag=new_id()
    )
    return function_answer(function)


@operation("cloudfront", "PublishFunction")
def publish_function(_sandbox: Any, call: Call) -> dict[str, Any]:
    function = matched(call, found(call, "functions", call.params["Name"], "NoSuchFunctionExists"))
    function["Stage"] = "LIVE"
    return {"FunctionSummary": function_answer(function)["FunctionSummary"]}


@operation("cloudfront", "DeleteFunction")
def delete_function(_sandbox: Any, call: Call) -> dict[str, Any]:
    function = matched(call, found(call, "functions", call.params["Name"], "NoSuchFunctionExists"))
    if any(
        function["ARN"] in functions_of(d["config"]) for d in of(call)["distributions"].values()
    ):
        raise AwsError("FunctionInUse", "The function is in use by a distribution.", 409)
    del of(call)["functions"][function["Name"]]
    return {}


@operation("cloudfront", "CreateOriginAccessControl")
def create_control(_sandbox: Any, call: Call) -> dict[str, Any]:
    config = call.params["OriginAccessControlConfig"]
    if any(c["config"]["Name"] == config["Name"] for c in of(call)["controls"].values()):
        raise AwsError(
            "OriginAccessControlAlreadyExists",
            "An origin access control with this name already exists.",
            409,
        )
    id_ = new_id()
    of(call)["controls"][id_] = {"config": config, "ETag": new_id()}
    return {
        "OriginAccessControl": {"Id": id_, "OriginAccessControlConfig": config},
        "ETag": of(call)["controls"][id_]["ETag"],
    }


@operation("cloudfront", "GetOriginAccessControl")
def get_control(_sandbox: Any, call: Call) -> dict[str, Any]:
    control = found(call, "controls", call.params["Id"], "NoSuchOriginAccessControl")
    return {
        "OriginAccessControl": {
            "Id": call.params["Id"],
            "OriginAccessControlConfig": control["config"],
        },
        "ETag": control["ETag"],
    }


@operation("cloudfront", "DeleteOriginAccessControl")
def delete_control(_sandbox: Any, call: Call) -> dict[str, Any]:
    id_ = call.params["Id"]
    matched(call, found(call, "controls", id_, "NoSuchOriginAccessControl"))
    if any(
        o.get("OriginAccessControlId") == id_
        for d in of(call)["distributions"].values()
        for o in d["config"]["Origins"]["Items"]
    ):
        raise AwsError(
            "OriginAccessControlInUse",
            "The origin access control is in use by a distribution.",
            409,
        )
    del of(call)["controls"][id_]
    return {}


def functions_of(config: dict[str, Any]) -> list[str]:
    return [
        f["FunctionARN"]
        for f in config["DefaultCacheBehavior"].get("FunctionAssociations", {}).get("Items", [])
    ]


def check_config(call: Call, config: dict[str, Any]) -> None:
    from moto.s3.models import s3_backends

    if config.get("PriceClass", "PriceClass_All") not in PRICES:
        raise AwsError(
            "InvalidArgument", f"The price class {config['PriceClass']} is not valid.", 400
        )
    ids = {o["Id"] for o in config["Origins"]["Items"]}
    if config["DefaultCacheBehavior"]["TargetOriginId"] not in ids:
        raise AwsError("NoSuchOrigin", "One or more of your origins do not exist.", 404)
    for origin in config["Origins"]["Items"]:
        found(
            call, "controls", origin.get("OriginAccessControlId", ""), "NoSuchOriginAccessControl"
        )
        bucket = origin["DomainName"].split(".s3.")[0]
        if (
            bucket
            not in s3_backends[call.account][
                "global" if "global" in s3_backends[call.account] else "aws"
            ].buckets
        ):
            raise AwsError(
                "InvalidOrigin",
                f"The specified origin server {origin['DomainName']} does not exist or is not "
                "valid.",
                400,
            )
    for arn in functions_of(config):
        function = of(call)["functions"].get(arn.rpartition("/")[2])
        if function is None or function["Stage"] != "LIVE":
            raise AwsError(
                "InvalidFunctionAssociation", f"The function {arn} is not published.", 400
            )


def distribution_answer(id_: str, thing: dict[str, Any]) -> dict[str, Any]:
    return {
        "Distribution": {
            "Id": id_,
            "ARN": thing["ARN"],
            "Status": thing["Status"],
            "DomainName": thing["DomainName"],
            "DistributionConfig": thing["config"],
            "LastModifiedTime": "2026-01-01T00:00:00Z",
            "InProgressInvalidationBatches": 0,
        },
        "ETag": thing["ETag"],
    }


@operation("cloudfront", "CreateDistributionWithTags")
def create_distribution(_sandbox: Any, call: Call) -> dict[str, Any]:
    wanted = call.params["DistributionConfigWithTags"]
    config, id_ = wanted["DistributionConfig"], new_id()
    check_config(call, config)
    thing = {
        "config": config,
        "ETag": new_id(),
        "Status": "Deployed",
        "DomainName": f"d{id_[1:].lower()}.cloudfront.net",
        "ARN": f"arn:aws:cloudfront::{call.account}:distribution/{id_}",
        "tags": wanted["Tags"],
    }
    of(call)["distributions"][id_] = thing
    return distribution_answer(id_, thing)


@operation("cloudfront", "GetDistribution")
def get_distribution(_sandbox: Any, call: Call) -> dict[str, Any]:
    return distribution_answer(
        call.params["Id"], found(call, "distributions", call.params["Id"], "NoSuchDistribution")
    )


@operation("cloudfront", "UpdateDistribution")
def update_distribution(_sandbox: Any, call: Call) -> dict[str, Any]:
    thing = matched(call, found(call, "distributions", call.params["Id"], "NoSuchDistribution"))
    if call.params["DistributionConfig"]["CallerReference"] != thing["config"]["CallerReference"]:
        raise AwsError(
            "IllegalUpdate", "The update contains modifications that are not allowed.", 400
        )
    check_config(call, call.params["DistributionConfig"])
    thing.update(config=call.params["DistributionConfig"], ETag=new_id())
    return distribution_answer(call.params["Id"], thing)


@operation("cloudfront", "DeleteDistribution")
def delete_distribution(_sandbox: Any, call: Call) -> dict[str, Any]:
    thing = matched(call, found(call, "distributions", call.params["Id"], "NoSuchDistribution"))
    if thing["config"]["Enabled"] in (True, "true"):
        raise AwsError(
            "DistributionNotDisabled",
            "The distribution you are trying to delete has not been disabled.",
            409,
        )
    del of(call)["distributions"][call.params["Id"]]
    return {}


@operation("cloudfront", "CreateInvalidation")
def create_invalidation(_sandbox: Any, call: Call) -> dict[str, Any]:
    id_, batch = call.params["DistributionId"], call.params["InvalidationBatch"]
    found(call, "distributions", id_, "NoSuchDistribution")
    made = of(call)["invalidations"].setdefault(id_, {})
    known = made.setdefault(
        batch["CallerReference"], {"Id": "I" + new_id()[1:], "InvalidationBatch": batch}
    )
    if known["InvalidationBatch"] != batch:
        raise AwsError("InvalidArgument", "The caller reference was used with other paths.", 400)
    return {
        "Location": f"https://cloudfront.amazonaws.com/{id_}",
        "Invalidation": {**known, "Status": "Completed", "CreateTime": "2026-01-01T00:00:00Z"},
    }
