"""For the tests of the CloudFormation engine: a small Context over moto, and the engine behind a
botocore client.

The client is a real boto3 client whose transport is replaced, so that botocore parses every reply.
"""

import contextlib
import json
import logging
import os
import threading
import time
import urllib.parse
import uuid

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")  # moto reads it once, at import

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from moto.server import ThreadedMotoServer

from sandbox import models
from sandbox.behaviour import Behaviour
from sandbox.cloudformation.app import CloudFormation

logging.getLogger("werkzeug").setLevel(logging.WARNING)
ACCOUNT, REGION = "123456789012", "us-west-2"


class Context:
    """What sandbox.context.Context offers the engine."""

    def __init__(self, url: str):
        self.url = url
        self.fast = True
        self.behaviour = Behaviour()
        self.stop = threading.Event()

    def seconds(self, kind: str) -> float:
        return 0.01

    def clients(self, service: str, region: str, account: str):
        return models.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="AKIAINTERNAL00000000",
            aws_secret_access_key="internal",
            config=Config(s3={"addressing_style": "path"}, max_pool_connections=20),
        )


class _Raw:
    def __init__(self, data: bytes):
        self.data = data

    def stream(self, **_):
        yield self.data


class Kit:
    def __init__(self):
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.context = Context(f"http://{host}:{port}")
        self.engine = CloudFormation(self.context)
        self.cfn = models.client(
            "cloudformation",
            region_name=REGION,
            aws_access_key_id="AKIATEST",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}),
        )
        self.cfn.meta.events.register("before-send.cloudformation.*", self._send)

    def _send(self, request, **_):
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        params = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        status, text = self.engine.handle(
            params["Action"],
            params,
            account=ACCOUNT,
            region=REGION,
            access_key="AKIATEST",
            request_id=str(uuid.uuid4()),
        )
        return AWSResponse(request.url, status, {"Content-Type": "text/xml"}, _Raw(text.encode()))

    def client(self, service: str):
        return self.engine.engine.client(service, REGION, ACCOUNT)

    def reset(self):
        import requests

        requests.post(f"{self.context.url}/moto-api/reset", timeout=60)
        self.engine.engine.store.stacks.clear()

    def close(self):
        self.engine.stop()
        self.context.stop.set()
        self.server.stop()

    # -- stacks ------------------------------------------------------------------
    def settle(self, name: str, timeout: float = 600.0) -> dict:
        """Waits for the end of the running operation and answers the stack."""
        deadline = time.monotonic() + timeout
        while True:
            stack = self.cfn.describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            assert time.monotonic() < deadline, f"{name} stays in {stack['StackStatus']}"
            time.sleep(0.02)

    def create(self, name: str, template, **extra) -> dict:
        extra.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
        body = template if isinstance(template, str) else json.dumps(template)
        return self.settle(
            self.cfn.create_stack(StackName=name, TemplateBody=body, **extra)["StackId"]
        )

    def update(self, name: str, template, **extra) -> dict:
        extra.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
        body = template if isinstance(template, str) else json.dumps(template)
        return self.settle(
            self.cfn.update_stack(StackName=name, TemplateBody=body, **extra)["StackId"]
        )

    def delete(self, stack_id: str, **extra) -> dict:
        self.cfn.delete_stack(StackName=stack_id, **extra)
        return self.settle(stack_id)

    def change_set(self, stack: str, name: str, template, **extra) -> dict:
        extra.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
        self.cfn.create_change_set(
            StackName=stack, ChangeSetName=name, TemplateBody=json.dumps(template), **extra
        )
        while True:
            found = self.cfn.describe_change_set(StackName=stack, ChangeSetName=name)
            if found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                return found
            time.sleep(0.02)

    def events(self, stack_id: str) -> list:
        """(logical id, status, reason), oldest first."""
        found = []
        for page in self.cfn.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            found += page["StackEvents"]
        return [
            (e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason"))
            for e in reversed(found)
        ]

    def resources(self, stack_id: str) -> dict:
        reply = self.cfn.describe_stack_resources(StackName=stack_id)["StackResources"]
        return {r["LogicalResourceId"]: r for r in reply}


@contextlib.contextmanager
def kit():
    made = Kit()
    try:
        yield made
    finally:
        made.close()
