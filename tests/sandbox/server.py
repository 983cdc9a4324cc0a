"""The front: every request is recognised, authenticated, journaled, perhaps disturbed, and answered
by our own operation, by the CloudFormation engine, or by moto.

The order matters. Paths of our own come first (control, identity, a task's credentials). Then the
call is recognised by wire.py and its signature checked by auth.py: an unknown operation is told
only to whoever signed well. Parameters are decoded and policies evaluated (permissions.py).
Scripted faults lie over the answer. An operation of ours (registry.py) beats the engine and moto;
what neither knows is an error, never an empty success.

What must hold: every call of AWS is in the journal once, with what it was answered; S3 is public to
nobody.
"""

from __future__ import annotations

import email.utils
import json
import re
import threading
import time
import traceback
from typing import Any

from . import auth, cd_task, control, moto_front, permissions, service_roles, wire
from .context import Context
from .errors import AwsError
from .httpd import Request, Response, Server
from .registry import FINISH, OPERATIONS, OWN_SERVICES, PREPARE
from .wire import Call

UNSIGNED_STS = {"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}


class Sandbox:
    """The running whole: holds the context and the parts with state of their own."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.server: Server | None = None
        self._cloudformation: Any = None
        self._cloudformation_lock = threading.Lock()
        self.parts: dict[str, Any] = {}
        load_parts(self)

    def listen(self, host: str, port: int) -> tuple[str, int]:
        self.server = Server(
            (host, port),
            self.serve,
            lambda: email.utils.formatdate(self.context.now(), usegmt=True),
        )
        address = self.server.server_address
        self.context.url = f"http://{address[0]}:{address[1]}"
        self.server.start()
        return str(address[0]), int(address[1])

    def close(self) -> None:
        self.context.stop.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()

    def cloudformation(self) -> Any:
        with self._cloudformation_lock:
            if self._cloudformation is None:
                try:
                    from .cloudformation.app import CloudFormation
                except ImportError as missing:
                    raise AwsError(
                        "InternalFailure",
                        f"the CloudFormation engine cannot be loaded: {missing}",
                        500,
                    ) from missing
                self._cloudformation = CloudFormation(self.context)
            return self._cloudformation

    def serve(self, request: Request) -> Response:
        try:
            if request.path.startswith("/_sandbox/"):
                return control.serve(self, request)
            if "identity" in self.parts:
                answer = self.parts["identity"].serve(request) or cd_task.serve(self, request)
                if answer is not None:
                    return answer
            return self.aws(request)
        except Exception:
            traceback.print_exc()
            return Response(
                500,
                b"<html><body>the sandbox itself failed; see its stderr</body></html>\n",
                [("Content-Type", "text/html")],
            )

    def aws(self, request: Request) -> Response:
        call = Call(request)
        begun = time.time()
        signing_name = ""
        error: AwsError | None = None
        try:
            signing_name = self.recognise(call)
            wire.decode(call)
            permissions.check(call)
            response = self.disturbed(call, signing_name)
        except AwsError as refused:
            error = refused
            response = wire.failure(call, refused, signing_name)
        except Exception as broken:
            traceback.print_exc()
            error = AwsError("InternalFailure", f"the sandbox failed: {broken!r}", 500)
            response = wire.failure(call, error, signing_name)
        self.context.journal.add(
            {
                "time": begun,
                "service": call.service or signing_name,
                "operation": call.operation,
                "region": call.region,
                "account": call.account,
                "key": call.access_key,
                "arn": call.arn,
                "internal": call.internal,
                "params": call.params,
                "status": response.status,
                "error": error.code if error else error_code(response),
                "cut": response.cut,
                "message": error.message if error else "",
                "request_id": call.request_id,
                "duration": round(time.time() - begun, 4),
            }
        )
        return response

    def recognise(self, call: Call) -> str:
        """Who asks what; returns the signing name."""
        request = call.request
        is_json = "json" in request.header("Content-Type") or bool(request.header("X-Amz-Target"))
        scope = auth.scope_of(request)
        if scope is None:
            return self.recognise_unsigned(call)
        call.access_key, call.region = scope.access_key, scope.region
        known = wire.SIGNING.get(scope.service)
        if known:
            call.service = known[0]
            is_json = wire.family_of(call) in wire.JSON_PROTOCOLS
        failed: AwsError | None = None
        try:
            wire.identify(call, scope.service)
        except AwsError as unknown:
            failed = unknown
        key = auth.check(self.context, request, scope, is_json)
        call.account, call.arn, call.user_id = key.account, key.arn, key.user_id
        call.internal, call.role_arn = key.internal, key.role_arn
        if failed:
            raise failed
        return scope.service

    def recognise_unsigned(self, call: Call) -> str:
        request = call.request
        form = wire.form_of(request)
        if form.get("Action") in UNSIGNED_STS:
            wire.identify(call, "sts")
            call.account = self.context.account
            return "sts"
        target = request.header("X-Amz-Target")
        if target or form.get("Action"):
            call.service = "" if target else "sts"
            raise auth.Dialect("", bool(target)).unsigned()
        call.service = "s3"
        wire.identify(call, "s3")
        raise auth.Dialect("s3", False).unsigned()  # nothing here is public

    def disturbed(self, call: Call, signing_name: str) -> Response:
        """The answer, with the scripted faults laid over it."""
        acts = self.context.faults.take(call.service, call.operation, call.params, call.internal)
        if acts.get("delay"):
            self.context.sleep(float(acts["delay"]))
        if "after_effect" in acts:  # the call takes effect, only its answer is lost
            self.answer(call, signing_name)
        if "reset" in acts:
            return Response(0, cut="reset")
        if "html500" in acts:
            return Response(
                500,
                b"<!doctype html>\n<html lang=en><title>500 Internal Server Error</title></html>\n",
                [("Content-Type", "text/html; charset=utf-8")],
            )
        if "expire_token" in acts:
            self.context.keys.expire(call.access_key)
            raise auth.Dialect(
                signing_name, wire.family_of(call) in wire.JSON_PROTOCOLS
            ).expired_token()
        if "throttle" in acts:
            raise throttled(call)
        if "error" in acts:
            fault = acts["error"]
            raise AwsError(
                fault["code"],
                fault.get("message", "scripted by the sandbox"),
                int(fault.get("status", 400)),
            )
        if "status" in acts:
            return Response(int(acts["status"]))
        if "truncate" in acts:
            response = self.answer(call, signing_name)
            response.cut = "truncate"
            return response
        return self.answer(call, signing_name)

    def answer(self, call: Call, signing_name: str) -> Response:
        if call.service == "cloudformation":
            return self.answer_cloudformation(call)
        service_roles.check(self, call)
        own = OPERATIONS.get((call.service, call.operation))
        if own:
            return wire.success(call, own(self, call))
        if call.service in OWN_SERVICES:
            raise AwsError(
                "UnsupportedOperation", f"the sandbox has no {call.service}:{call.operation}"
            )
        for before in PREPARE.get((call.service, call.operation), []):
            before(self, call)
        response = self.ask_moto(call, signing_name)
        for after in FINISH.get((call.service, call.operation), []):
            response = after(self, call, response) or response
        return wire.with_id(response, call)

    def ask_moto(self, call: Call, signing_name: str) -> Response:
        try:
            return moto_front.ask(call.request, call, signing_name)
        except NotImplementedError as missing:
            raise AwsError(
                "UnsupportedOperation" if call.service in ("ec2",) else "InvalidAction",
                f"the sandbox has no {call.service}:{call.operation} ({missing})",
            ) from missing
        except AwsError:
            raise
        except Exception as broken:
            traceback.print_exc()
            raise AwsError(
                "InternalFailure",
                f"moto failed in {call.service}:{call.operation}: {broken!r}",
                500,
            ) from broken

    def answer_cloudformation(self, call: Call) -> Response:
        flat = {k: v for k, v in call.flat.items() if not k.startswith("X-Amz-")}
        status, body = self.cloudformation().handle(
            call.operation,
            flat,
            account=call.account,
            region=call.region,
            access_key=call.access_key,
            request_id=call.request_id,
            principal=permissions.principal_of(call),
        )
        return wire.with_id(Response(status, body.encode(), [("Content-Type", "text/xml")]), call)


def throttled(call: Call) -> AwsError:
    if call.service == "s3":
        return AwsError("SlowDown", "Please reduce your request rate.", 503)
    if call.service == "ec2":
        return AwsError("RequestLimitExceeded", "Request limit exceeded.", 503)
    code = "ThrottlingException" if wire.family_of(call) in wire.JSON_PROTOCOLS else "Throttling"
    return AwsError(code, "Rate exceeded", 400)


def error_code(response: Response) -> str | None:
    """The error code in an answer that moto or the CloudFormation engine made."""
    if response.status < 400:
        return None
    if response.cut == "reset":
        return "reset"
    match = re.search(rb"<Code>([^<]+)</Code>", response.body)
    if match:
        return match.group(1).decode()
    try:
        return str(json.loads(response.body).get("__type", response.status))
    except (ValueError, AttributeError):
        return str(response.status)


def load_parts(sandbox: Sandbox) -> None:
    """Import the files that register operations, and start what lives on its own."""
    from . import parts

    parts.load(sandbox)
