"""The engine in the running sandbox: a project whose services really live, updated, broken and
taken away.

The templates are those of project_template.py and project_others.py. A service with a task that
fails rolls the stack back to what ran; what is deleted is really gone, but for the snapshot that a
database leaves; a zone with records that are not the stack's cannot go.
"""

import json
import os
import time

import pytest
from botocore.config import Config

from project_others import others
from project_template import project
from sandbox import models, nursery


class Sandbox:
    def __init__(self, url: str):
        self.url = url
        self.cfn = self.client("cloudformation")

    def client(self, service: str):
        return models.client(
            service,
            region_name="us-west-2",
            endpoint_url=self.url,
            aws_access_key_id="AKIASANDBOXADMIN0001",
            aws_secret_access_key="sandbox-secret-key-not-a-real-one-0001",
            config=Config(retries={"max_attempts": 1}),
        )

    def settle(self, name: str) -> dict:
        deadline = time.monotonic() + 600
        while True:
            stack = self.cfn.describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            assert time.monotonic() < deadline, self.events(name)[-10:]
            time.sleep(0.05)

    def apply(self, verb: str, name: str, template: dict) -> dict:
        id_ = getattr(self.cfn, verb)(
            StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
        )["StackId"]
        return self.settle(id_)

    def events(self, name: str) -> list:
        pages = self.cfn.get_paginator("describe_stack_events").paginate(StackName=name)
        found = [e for page in pages for e in page["StackEvents"]]
        return [
            (e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason"))
            for e in reversed(found)
        ]

    def delete(self, id_: str, **extra) -> dict:
        self.cfn.delete_stack(StackName=id_, **extra)
        return self.settle(id_)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    state = tmp_path_factory.mktemp("sandbox") / "state.json"
    with state.with_name("sandbox.log").open("wb") as log:
        process = nursery.start(
            ["--fast", "--port", "0", "--state-file", str(state)], log, dict(os.environ)
        )
    try:
        deadline = time.monotonic() + 600
        while not state.exists():
            assert process.poll() is None and time.monotonic() < deadline, (
                "the sandbox did not start"
            )
            time.sleep(0.05)
        yield Sandbox(json.loads(state.read_text())["url"])
    finally:
        process.terminate()
        process.wait(60)


def test_project(sandbox):
    stack = sandbox.apply("create_stack", "shop", project(environment=[("A", "1")]))
    assert stack["StackStatus"] == "CREATE_COMPLETE", [
        e for e in sandbox.events("shop") if "FAILED" in e[1]
    ]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    assert outputs["endpoint"].startswith("http://") and outputs["database"].endswith(":5432")
    resources = {
        r["LogicalResourceId"]: r["PhysicalResourceId"]
        for r in sandbox.cfn.list_stack_resources(StackName="shop")["StackResourceSummaries"]
    }
    ecs = sandbox.client("ecs")

    def service() -> dict:
        return ecs.describe_services(cluster=resources["Cluster"], services=[resources["Web"]])[
            "services"
        ][0]

    assert (service()["runningCount"], service()["desiredCount"]) == (1, 1)
    zone = sandbox.client("route53").get_hosted_zone(Id=resources["Zone"])
    assert (
        zone["HostedZone"]["Config"]["PrivateZone"] is True
        and zone["VPCs"][0]["VPCId"] == resources["Vpc"]
    )
    first = service()["taskDefinition"]

    before = len(sandbox.events("shop"))
    assert (
        sandbox.apply("update_stack", "shop", project(environment=[("A", "2")]))["StackStatus"]
        == "UPDATE_COMPLETE"
    )
    assert {e[0] for e in sandbox.events("shop")[before:]} == {"shop", "WebTask", "Web"}
    second = service()["taskDefinition"]
    assert second != first

    broken = project(environment=[("A", "2"), ("SANDBOX_FAIL", "exit:3")])
    assert (
        sandbox.apply("update_stack", "shop", broken)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    )
    reasons = [e[2] for e in sandbox.events("shop") if e[:2] == ("Web", "UPDATE_FAILED")]
    assert "ECS Deployment Circuit Breaker was triggered" in reasons[0]
    assert service()["taskDefinition"] == second and service()["runningCount"] == 1

    ended = sandbox.delete(stack["StackId"])
    assert ended["StackStatus"] == "DELETE_COMPLETE", [
        e for e in sandbox.events(stack["StackId"]) if e[1] == "DELETE_FAILED"
    ]
    ec2 = sandbox.client("ec2")
    assert (
        ec2.describe_vpcs(Filters=[{"Name": "vpc-id", "Values": [resources["Vpc"]]}])["Vpcs"] == []
    )
    assert sandbox.client("rds").describe_db_instances()["DBInstances"] == []
    assert sandbox.client("elasticache").describe_replication_groups()["ReplicationGroups"] == []
    assert sandbox.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


def test_the_other_types(sandbox):
    stack = sandbox.apply("create_stack", "misc", others())
    assert stack["StackStatus"] == "CREATE_COMPLETE", [
        e for e in sandbox.events("misc") if "FAILED" in e[1]
    ]
    again = others()
    again["Resources"]["Setting"]["Properties"]["Value"] = "v2"
    again["Resources"]["Managed"]["Properties"]["PolicyDocument"]["Statement"][0]["Action"] = (
        "s3:GetObject"
    )
    again["Resources"]["CacheParameters"]["Properties"]["Properties"]["maxmemory-policy"] = (
        "noeviction"
    )
    again["Resources"]["Files"]["Properties"]["FileSystemTags"][0]["Value"] = "renamed"
    assert sandbox.apply("update_stack", "misc", again)["StackStatus"] == "UPDATE_COMPLETE", (
        sandbox.events("misc")[-12:]
    )
    # The validation records that the certificate wrote stay in the zone, and a zone with records
    # cannot go: as on AWS.
    failed = sandbox.delete(stack["StackId"])
    assert (
        failed["StackStatusReason"] == "The following resource(s) failed to delete: [PublicZone]. "
    ), sandbox.events(stack["StackId"])[-20:]
    assert (
        sandbox.delete(stack["StackId"], RetainResources=["PublicZone"])["StackStatus"]
        == "DELETE_COMPLETE"
    )


def test_a_database_leaves_a_snapshot(sandbox):
    """The default DeletionPolicy of a DB instance is Snapshot."""
    database = {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {
            "Engine": "postgres",
            "DBInstanceClass": "db.t4g.micro",
            "AllocatedStorage": "20",
            "MasterUsername": "app",
            "MasterUserPassword": "long-enough-1",
        },
    }
    stack = sandbox.apply("create_stack", "snap", {"Resources": {"Db": database}})
    assert stack["StackStatus"] == "CREATE_COMPLETE", sandbox.events("snap")
    assert sandbox.delete(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE", sandbox.events(
        stack["StackId"]
    )
    snapshots = sandbox.client("rds").describe_db_snapshots()["DBSnapshots"]
    assert [s["DBSnapshotIdentifier"][:17] for s in snapshots] == ["snap-snapshot-db-"]
