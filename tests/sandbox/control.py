"""/_sandbox/*: what tests and people use to look in and to steer.

Plain JSON, not signed, loopback only.

GET  /_sandbox/health                         -> {"ok": true, ...}
GET  /_sandbox/journal?service=&operation=&since=&internal=1&limit=
                                              -> {"last": seq, "entries": [...]}
DELETE /_sandbox/journal
GET/POST/DELETE /_sandbox/faults[/ID]
GET/POST/DELETE /_sandbox/behaviour
POST /_sandbox/clock {"offset": seconds}      moves the sandbox's clock
POST /_sandbox/waits {"rds-create": 2.5, "ecs-pending": null}
GET/POST /_sandbox/identity                   names of the SSO portal and the like; what logins do
POST /_sandbox/ecr-expire {"days": N}         lifecycle policies act, as if N days had passed
POST /_sandbox/stack {"name", "status", "reason", "failed": [logical ids], "words"}
                                              puts a stack into a state (cloudformation/forced.py)
POST /_sandbox/expire {"key": "ASIA…" | "*"}  ends temporary credentials now
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from . import ecr_lifecycle
from .errors import AwsError
from .httpd import Request, Response


def answer(value: Any, status: int = 200) -> Response:
    return Response(
        status,
        json.dumps(value, default=str).encode() + b"\n",
        [("Content-Type", "application/json")],
    )


def serve(sandbox: Any, request: Request) -> Response:
    name, _, rest = request.path.removeprefix("/_sandbox/").partition("/")
    handler = HANDLERS.get((request.method, name))
    if handler is None:
        return answer(
            {
                "error": f"no {request.method} /_sandbox/{name}",
                "known": sorted(f"{m} /_sandbox/{n}" for m, n in HANDLERS),
            },
            404,
        )
    try:
        body = json.loads(request.body) if request.body else None
        return answer(handler(sandbox, dict(parse_qsl(request.query)), body, rest))
    except (AwsError, ValueError, KeyError, TypeError) as bad:
        return answer({"error": str(bad)}, 400)


def health(sandbox: Any, *_: Any) -> Any:
    return {
        "ok": True,
        "url": sandbox.context.url,
        "fast": sandbox.context.fast,
        "account": sandbox.context.account,
    }


def journal_read(sandbox: Any, query: dict[str, str], *_: Any) -> Any:
    journal = sandbox.context.journal
    entries = journal.read(
        service=query.get("service", ""),
        operation=query.get("operation", ""),
        since=int(query.get("since", 0)),
        internal=query.get("internal") == "1",
        limit=int(query.get("limit", 0)),
    )
    return {"last": journal.last(), "entries": entries}


def journal_clear(sandbox: Any, *_: Any) -> Any:
    sandbox.context.journal.clear()
    return {}


def faults_add(sandbox: Any, _query: Any, body: Any, _rest: str) -> Any:
    return {"ids": sandbox.context.faults.add(body if isinstance(body, list) else [body])}


def faults_list(sandbox: Any, *_: Any) -> Any:
    return sandbox.context.faults.list()


def faults_clear(sandbox: Any, _query: Any, _body: Any, rest: str) -> Any:
    sandbox.context.faults.clear(int(rest) if rest else None)
    return {}


def behaviour_set(sandbox: Any, _query: Any, body: Any, _rest: str) -> Any:
    sandbox.context.behaviour.set(body)
    return sandbox.context.behaviour.get()


def behaviour_get(sandbox: Any, *_: Any) -> Any:
    return sandbox.context.behaviour.get()


def behaviour_clear(sandbox: Any, *_: Any) -> Any:
    sandbox.context.behaviour.clear()
    return {}


def clock(sandbox: Any, _query: Any, body: Any, _rest: str) -> Any:
    sandbox.context.clock_offset = float(body["offset"])
    return {"offset": sandbox.context.clock_offset}


def waits(sandbox: Any, _query: Any, body: Any, _rest: str) -> Any:
    for kind, seconds in body.items():
        sandbox.context.set_seconds(kind, None if seconds is None else float(seconds))
    return {}


def stack(sandbox: Any, _query: Any, body: Any, _rest: str) -> Any:
    from .cloudformation import forced

    return forced.put(sandbox.cloudformation().engine, **body)


def expire(sandbox: Any, _query: Any, body: Any, _rest: str) -> Any:
    return {"expired": sandbox.context.keys.expire(body["key"])}


def ecr_expire(sandbox: Any, _query: Any, body: Any, _rest: str) -> Any:
    return ecr_lifecycle.expire(sandbox, float(body["days"]))


def identity(sandbox: Any, _query: Any, body: Any, _rest: str) -> Any:
    return sandbox.parts["identity"].control(body)


HANDLERS = {
    ("GET", "identity"): identity,
    ("POST", "identity"): identity,
    ("GET", "health"): health,
    ("GET", "journal"): journal_read,
    ("DELETE", "journal"): journal_clear,
    ("POST", "faults"): faults_add,
    ("GET", "faults"): faults_list,
    ("DELETE", "faults"): faults_clear,
    ("POST", "behaviour"): behaviour_set,
    ("GET", "behaviour"): behaviour_get,
    ("DELETE", "behaviour"): behaviour_clear,
    ("POST", "clock"): clock,
    ("POST", "waits"): waits,
    ("POST", "stack"): stack,
    ("POST", "expire"): expire,
    ("POST", "ecr-expire"): ecr_expire,
}
