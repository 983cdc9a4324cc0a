"""For the tests of the sandbox: one really started process, boto3 clients on it, and the things
most tests need.

Kit is the process, with its control endpoint and its journal; Ground is a network, roles, a cluster
and short ways to register, run and await tasks and services in it. Tests share both (conftest.py),
so that each takes names of its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from botocore.config import Config

from sandbox import models, nursery

REGION, ACCOUNT = "us-west-2", "123456789012"
KEY, SECRET = "AKIASANDBOXADMIN0001", "sandbox-secret-key-not-a-real-one-0001"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def wait_for(what: Callable[[], Any], seconds: float = 600.0) -> Any:
    """The first true value of what(), asked every 20 ms; fails after the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"nothing after {seconds} s")


class Kit:
    def __init__(self, folder: pathlib.Path) -> None:
        state = folder / "state.json"
        with (folder / "sandbox.log").open("wb") as log:
            self.process = nursery.start(
                ["--fast", "--state-file", str(state)], log, dict(os.environ)
            )
        wait_for(state.exists)
        self.state = json.loads(state.read_text())
        self.url = self.state["url"]

    def client(
        self,
        service: str,
        key: str = KEY,
        secret: str = SECRET,
        token: str | None = None,
        attempts: int = 0,
    ) -> Any:
        return models.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(
                signature_version="s3v4" if service == "s3" else None,
                retries={"max_attempts": attempts},
                s3={"addressing_style": "path"},
                inject_host_prefix=False,
                proxies={},
            ),
        )

    def control(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            request, timeout=60
        ) as answer:
            return json.loads(answer.read())

    @contextlib.contextmanager
    def held(self, kind: str) -> Iterator[None]:
        """What takes a wait of that kind does not come to its end meanwhile."""
        self.control("POST", "waits", {kind: 3600})
        try:
            yield
        finally:
            self.control("POST", "waits", {kind: None})

    def journal(self, **wanted: Any) -> list[dict[str, Any]]:
        query = "&".join(f"{k}={v}" for k, v in wanted.items())
        return self.control("GET", f"journal?{query}")["entries"]

    def last(self) -> int:
        return self.control("GET", "journal?limit=1")["last"]

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=60)


class Ground:
    """A VPC with a way out, roles, a cluster, a log group: what a task needs."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.ec2, self.ecs, self.logs, self.iam = (
            kit.client(s) for s in ("ec2", "ecs", "logs", "iam")
        )
        ec2 = self.ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"10.0.{16 * i}.0/20", AvailabilityZone=f"{REGION}{z}"
            )["Subnet"]["SubnetId"]
            for i, z in enumerate("ab")
        ]
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(
            RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway
        )
        for subnet in self.subnets:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        self.group = ec2.create_security_group(
            GroupName="tasks", Description="tasks", VpcId=self.vpc
        )["GroupId"]
        self.role = self.iam.create_role(RoleName="tasks", AssumeRolePolicyDocument=TRUST)["Role"][
            "Arn"
        ]
        self.iam.attach_role_policy(
            RoleName="tasks",
            PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
        )
        self.logs.create_log_group(logGroupName="/t/logs")
        self.ecs.create_cluster(
            clusterName="c",
            capacityProviders=["FARGATE", "FARGATE_SPOT"],
            defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}],
        )

    @property
    def network(self) -> dict[str, Any]:
        return {
            "awsvpcConfiguration": {
                "subnets": self.subnets,
                "securityGroups": [self.group],
                "assignPublicIp": "ENABLED",
            }
        }

    def define(self, family: str, *containers: dict[str, Any], **more: Any) -> str:
        full = [
            {
                "image": "nginx:1",
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "/t/logs",
                        "awslogs-region": REGION,
                        "awslogs-stream-prefix": family,
                    },
                },
                **c,
            }
            for c in containers
        ]
        return self.ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            executionRoleArn=self.role,
            containerDefinitions=full,
            **more,
        )["taskDefinition"]["taskDefinitionArn"]

    def run(self, definition: str, **more: Any) -> str:
        return self.ecs.run_task(
            cluster="c", taskDefinition=definition, **{"networkConfiguration": self.network, **more}
        )["tasks"][0]["taskArn"]

    def task(self, arn: str) -> dict[str, Any]:
        return self.ecs.describe_tasks(cluster="c", tasks=[arn])["tasks"][0]

    def stopped(self, arn: str) -> dict[str, Any]:
        return wait_for(
            lambda: (lambda t: t if t["lastStatus"] == "STOPPED" else None)(self.task(arn))
        )

    def lines(self, stream: str) -> list[str]:
        return [
            e["message"]
            for e in self.logs.get_log_events(
                logGroupName="/t/logs", logStreamName=stream, startFromHead=True
            )["events"]
        ]

    def service(self, name: str, definition: str, **more: Any) -> None:
        self.ecs.create_service(
            cluster="c",
            serviceName=name,
            taskDefinition=definition,
            networkConfiguration=self.network,
            **{
                "desiredCount": 1,
                "deploymentConfiguration": {
                    "deploymentCircuitBreaker": {"enable": True, "rollback": True}
                },
                **more,
            },
        )

    def described(self, name: str) -> dict[str, Any]:
        return self.ecs.describe_services(cluster="c", services=[name])["services"][0]

    def rolled_out(
        self, name: str, state: str = "COMPLETED", definition: str | None = None
    ) -> dict[str, Any]:
        def look() -> Any:
            service = self.described(name)
            primary = service["deployments"][0]
            return (
                service
                if primary["rolloutState"] == state
                and len(service["deployments"]) == 1
                and definition in (None, primary["taskDefinition"])
                else None
            )

        return wait_for(look)


def archive(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()
