"""Events of AWS services to CloudWatch Logs, as EventBridge delivers them: rules, patterns,
resource policy.

A log group takes events only if a CloudWatch Logs resource policy lets events.amazonaws.com (or
delivery.logs.amazonaws.com) put them; otherwise they are dropped, silently, as in AWS.
"""

from __future__ import annotations

import fnmatch
import json
import uuid
from typing import Any

from .moto_front import lock_of


def log_group_of(arn: str) -> str:
    return arn.split(":log-group:", 1)[1].removesuffix(":*") if ":log-group:" in arn else ""


def allowed(account: str, region: str, group: str) -> bool:
    from moto.logs.models import logs_backends

    arn = f"arn:aws:logs:{region}:{account}:log-group:{group}:*"
    for policy in list(logs_backends[account][region].resource_policies.values()):
        try:
            document = json.loads(policy.policy_document)
        except ValueError:
            continue
        statements = document.get("Statement", [])
        for statement in statements if isinstance(statements, list) else [statements]:
            services = listed(
                (statement.get("Principal") or {}).get("Service")
                if isinstance(statement.get("Principal"), dict)
                else None
            )
            actions = listed(statement.get("Action"))
            resources = listed(statement.get("Resource"))
            if (
                statement.get("Effect") == "Allow"
                and {"events.amazonaws.com", "delivery.logs.amazonaws.com"} & set(services)
                and any(fnmatch.fnmatchcase("logs:PutLogEvents", a) for a in actions)
                and any(
                    r == "*"
                    or fnmatch.fnmatchcase(arn, r)
                    or fnmatch.fnmatchcase(arn[:-2], r)
                    or fnmatch.fnmatchcase(arn[:-1] + "log-stream:x", r)
                    for r in resources
                )
            ):
                return True
    return False


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def put(
    context: Any,
    account: str,
    region: str,
    source: str,
    detail_type: str,
    resources: list[str],
    detail: dict[str, Any],
) -> int:
    """Deliver one event to every log group whose rule matches; returns how many took it."""
    from moto.events.models import events_backends

    now = context.utcnow()
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": resources,
        "detail": detail,
    }
    taken = 0
    bus = events_backends[account][region].event_buses.get("default")
    for rule in list(bus.rules.values()) if bus else []:
        if (
            rule.state != "ENABLED"
            or rule.scheduled_expression
            or not rule.event_pattern.matches_event(event)
        ):
            continue
        for target in list(rule.targets):
            group = log_group_of(target["Arn"])
            if group and allowed(account, region, group):
                taken += write(
                    account,
                    region,
                    group,
                    event["id"],
                    json.dumps(event, separators=(",", ":")),
                    int(now.timestamp() * 1000),
                )
    return taken


def write(account: str, region: str, group: str, stream: str, line: str, when_ms: int) -> int:
    return write_lines(account, region, group, stream, [(when_ms, line)])


def write_lines(
    account: str, region: str, group: str, stream: str, lines: list[tuple[int, str]]
) -> int:
    """Lines into a stream, made if it is not there; 0 if the group is gone."""
    from moto.logs.models import logs_backends

    logs = logs_backends[account][region]
    with lock_of("logs"):
        if group not in logs.groups:
            return 0
        logs.ensure_log_stream(group, stream)
        logs.put_log_events(
            group, stream, [{"timestamp": when, "message": text} for when, text in lines]
        )
    return 1
