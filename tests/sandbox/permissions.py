"""What a role or a user may do: identity policies evaluated for calls made with their credentials,
so that one with too little (or for the wrong thing) fails here as it would in AWS. What
CloudFormation does for a stack is held against the policies of who asked for it. Giving a role to a
task definition needs iam:PassRole.

Looked at: Effect, Action/NotAction, Resource/NotResource with wildcards, for inline and attached
policies. Not looked at: conditions (a statement with one counts if it allows, and is passed over if
it denies), boundaries, resource policies. Resources are known for S3, ECR, SSM and Logs; for the
rest any Resource will do.
"""

from __future__ import annotations

import fnmatch
import json
from typing import Any
from urllib.parse import unquote

from .errors import AwsError
from .wire import Call

PREFIX = {
    "elbv2": "elasticloadbalancing",
    "cloudwatch": "cloudwatch",
    "efs": "elasticfilesystem",
    "resourcegroupstaggingapi": "tag",
    "docdb": "rds",
    "service-quotas": "servicequotas",
}
# operations whose permission has another name
ACTIONS = {
    ("s3", "HeadObject"): "GetObject",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "ListObjects"): "ListBucket",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "UploadPart"): "PutObject",
    ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "ListParts"): "ListMultipartUploadParts",
    ("s3", "CopyObject"): "PutObject",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "PutBucketLifecycleConfiguration"): "PutLifecycleConfiguration",
    ("s3", "PutBucketEncryption"): "PutEncryptionConfiguration",
    ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3", "GetBucketLifecycleConfiguration"): "GetLifecycleConfiguration",
    ("s3", "GetBucketEncryption"): "GetEncryptionConfiguration",
    ("s3", "GetPublicAccessBlock"): "GetBucketPublicAccessBlock",
}
# ListBuckets: our own look whether a name is taken (handlers/s3.py); S3 itself knows
FREE = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken"), ("s3", "ListBuckets")}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def policies_of(role: Any) -> list[dict[str, Any]]:
    texts = list(role.policies.values())
    for policy in role.managed_policies.values():
        texts += [v.document for v in policy.versions if v.is_default]
    return [
        t if isinstance(t, dict) else json.loads(unquote(t) if t.lstrip().startswith("%7B") else t)
        for t in texts
    ]


def resource_of(call: Call) -> str | None:
    params, here = call.params, f"{call.region}:{call.account}"
    if call.service == "s3" and params.get("Bucket"):
        return f"arn:aws:s3:::{params['Bucket']}" + (
            f"/{params['Key']}" if params.get("Key") else ""
        )
    if call.service == "ecr" and params.get("repositoryName"):
        return f"arn:aws:ecr:{here}:repository/{params['repositoryName']}"
    if call.service == "ssm" and (params.get("Name") or params.get("Names")):
        return (
            f"arn:aws:ssm:{here}:parameter/{(params.get('Name') or params['Names'][0]).lstrip('/')}"
        )
    if call.service == "logs" and params.get("logGroupName"):
        return f"arn:aws:logs:{here}:log-group:{params['logGroupName']}:*"
    if call.service == "iam" and params.get("RoleName"):
        return f"arn:aws:iam::{call.account}:role/{params['RoleName']}"
    if call.service == "events" and (
        params.get("Rule") or call.operation in ("PutRule", "DeleteRule", "DescribeRule")
    ):
        return f"arn:aws:events:{here}:rule/{params.get('Rule') or params['Name']}"
    if call.service == "cloudformation" and params.get("StackName"):
        name = params["StackName"]
        return name if name.startswith("arn:") else f"arn:aws:cloudformation:{here}:stack/{name}/*"
    return None


def matches(patterns: list[str], text: str, fold: bool = False) -> bool:
    return any(
        fnmatch.fnmatchcase(text.lower() if fold else text, p.lower() if fold else p)
        for p in patterns
    )


def applies(statement: dict[str, Any], action: str, resource: str | None) -> bool:
    if "Action" in statement and not matches(listed(statement["Action"]), action, True):
        return False
    if "NotAction" in statement and matches(listed(statement["NotAction"]), action, True):
        return False
    if resource is None:
        return True
    variants = [resource, resource.removesuffix(":*")]
    if "Resource" in statement and not any(
        matches(listed(statement["Resource"]), v) for v in variants
    ):
        return False
    return "NotResource" not in statement or not any(
        matches(listed(statement["NotResource"]), v) for v in variants
    )


def principal_of(call: Any) -> str:
    """ARN of the role or user whose policies count; "" for the sandbox's own keys and for its
    administrator.
    """
    return call.role_arn or (
        call.arn if ":user/" in (call.arn or "") and find(call.account, call.arn) else ""
    )


def find(account: str, arn: str) -> Any:
    from moto.iam.models import iam_backends

    iam = iam_backends[account]["aws"]
    return next((p for p in [*iam.roles.values(), *iam.users.values()] if p.arn == arn), None)


def check(call: Call) -> None:
    """AccessDenied for a call that the identity of its credentials may not make."""
    who = principal_of(call)
    if who:
        check_as(call, who)


def check_as(call: Any, who: str) -> None:
    """The same for a call that is made in the name of `who`."""
    if (call.service, call.operation) in FREE:
        return
    operation = ACTIONS.get((call.service, call.operation), call.operation)
    action = f"{PREFIX.get(call.service, call.service)}:{operation}"
    check_action(call, who, action, resource_of(call))
    if (call.service, call.operation) == ("ecs", "RegisterTaskDefinition"):
        for role in {call.params.get("executionRoleArn"), call.params.get("taskRoleArn")} - {
            None,
            "",
        }:
            check_action(call, who, "iam:PassRole", role)


def check_action(call: Any, who: str, action: str, resource: str | None) -> None:
    principal = find(call.account, who)
    if principal is None:
        raise denied(call, action, None)
    allowed = False
    for policy in policies_of(principal):
        for statement in listed(policy.get("Statement")):
            if not applies(statement, action, resource):
                continue
            if statement["Effect"] == "Deny" and not statement.get("Condition"):
                raise denied(call, action, resource)
            allowed |= statement["Effect"] == "Allow"
    if not allowed:
        raise denied(call, action, resource)


def role_may(account: str, role: str, action: str, resource: str) -> bool:
    """Whether the role may; one that is not there is somebody else's, and is not asked."""
    found = find(account, role)
    return found is None or any(
        statement["Effect"] == "Allow" and applies(statement, action, resource)
        for policy in policies_of(found)
        for statement in listed(policy.get("Statement"))
    )


def denied(call: Call, action: str, resource: str | None) -> AwsError:
    text = (
        f"User: {call.arn} is not authorized to perform: {action}"
        + (f" on resource: {resource}" if resource else "")
        + " because no identity-based policy allows the action"
    )
    if call.service == "ec2":
        return AwsError(
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {text}",
            403,
        )
    if call.service == "s3":
        return AwsError("AccessDenied", text, 403)
    json_like = call.protocol in ("json", "rest-json")
    return AwsError(
        "AccessDeniedException" if json_like else "AccessDenied", text, 400 if json_like else 403
    )
