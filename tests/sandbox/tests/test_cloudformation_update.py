"""Updates: in place, by replacement, failing, cancelled; rollbacks of creation; deletion.

Over moto in this process (cloudformation_kit.py). Each test looks at the status, at the order of
events, and at what is in the account then. What must hold: a failed update leaves everything as it
was; the same token is the same request; a custom name is not replaced; what cannot be deleted can
be retained.
"""

import json
import time

import pytest
from botocore.exceptions import ClientError

from cloudformation_kit import kit


@pytest.fixture(scope="module")
def cfn():
    with kit() as made:
        yield made


def group(retention=1, **extra) -> dict:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": retention}, **extra}


def bucket(name: str, **extra) -> dict:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}, **extra}


SECURITY = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
    "Group": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "one", "VpcId": {"Ref": "Vpc"}},
    },
    "In": {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Ref": "Group"},
            "IpProtocol": "tcp",
            "FromPort": 1,
            "ToPort": 2,
            "CidrIp": "0.0.0.0/0",
        },
    },
    # A certificate without a zone stays in progress until someone adds its record: moto needs a
    # minute.
}
SLOW = {
    "Type": "AWS::CertificateManager::Certificate",
    "Properties": {"DomainName": "slow.example.com", "ValidationMethod": "DNS"},
}


def resources(*pairs, **more) -> dict:
    return {"Resources": {**dict(pairs), **more}}


def wait_for_event(cfn, stack: str, event: tuple) -> None:
    deadline = time.monotonic() + 600
    while event not in [e[:2] for e in cfn.events(stack)]:
        assert time.monotonic() < deadline, cfn.events(stack)
        time.sleep(0.02)


def test_in_place_and_replacement(cfn):
    first = {
        "Resources": {**SECURITY, "Logs": group(1)},
        "Outputs": {"g": {"Value": {"Ref": "Group"}}},
    }
    stack = cfn.create("replace", first)
    before = cfn.resources("replace")
    second = {"Resources": {**SECURITY, "Logs": group(7)}, "Outputs": first["Outputs"]}
    second["Resources"]["Group"] = {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "two", "VpcId": {"Ref": "Vpc"}},
    }
    after_stack = cfn.update("replace", second)
    assert after_stack["StackStatus"] == "UPDATE_COMPLETE", cfn.events("replace")
    after = cfn.resources("replace")
    assert after["Logs"]["PhysicalResourceId"] == before["Logs"]["PhysicalResourceId"]
    assert after["Vpc"]["ResourceStatus"] == "CREATE_COMPLETE"
    assert after["Group"]["PhysicalResourceId"] != before["Group"]["PhysicalResourceId"]
    assert after_stack["Outputs"][0]["OutputValue"] == after["Group"]["PhysicalResourceId"]
    events = cfn.events(stack["StackId"])
    start = events.index(("replace", "UPDATE_IN_PROGRESS", "User Initiated"))
    mine = [e[1:] for e in events[start:] if e[0] == "Group"]
    assert mine == [
        (
            "UPDATE_IN_PROGRESS",
            "Requested update requires the creation of a new physical resource; hence "
            "creating one.",
        ),
        ("UPDATE_IN_PROGRESS", "Resource creation Initiated"),
        ("UPDATE_COMPLETE", None),
        ("DELETE_IN_PROGRESS", None),
        ("DELETE_COMPLETE", None),
    ]
    cleanup = events.index(("replace", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None))
    assert events.index(("Group", "DELETE_IN_PROGRESS", None)) > cleanup
    assert [e for e in events[start:] if e[0] == "Vpc"] == []
    groups = cfn.client("ec2").describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [after["Vpc"]["PhysicalResourceId"]]}]
    )["SecurityGroups"]
    assert {g["Description"] for g in groups} == {"default VPC security group", "two"}
    logs = cfn.client("logs").describe_log_groups(logGroupNamePrefix="replace-Logs")["logGroups"]
    assert [g["retentionInDays"] for g in logs] == [7]
    third = {"Resources": {"Logs": group(7)}}
    assert cfn.update("replace", third)["StackStatus"] == "UPDATE_COMPLETE"
    assert cfn.resources("replace")["Vpc"]["ResourceStatus"] == "DELETE_COMPLETE"
    assert cfn.delete(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_failed_update_goes_back(cfn):
    cfn.client("s3").create_bucket(
        Bucket="taken", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    cfn.create("back", resources(("Logs", group(1)), ("Old", group(3))))
    physical = cfn.resources("back")["Logs"]["PhysicalResourceId"]
    failing = resources(
        ("Logs", group(5)),
        ("Fresh", group(1)),
        ("Bucket", bucket("taken", DependsOn=["Fresh", "Logs"])),
    )
    stack = cfn.update("back", failing)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    events = cfn.events("back")
    assert ("Bucket", "CREATE_FAILED", "taken already exists") in events
    assert (
        "back",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "The following resource(s) failed to create: [Bucket]. ",
    ) in events
    now = cfn.resources("back")
    assert (
        now["Logs"]["PhysicalResourceId"] == physical
        and now["Old"]["ResourceStatus"] == "CREATE_COMPLETE"
    )
    assert now["Fresh"]["ResourceStatus"] == "DELETE_COMPLETE"
    groups = cfn.client("logs").describe_log_groups(logGroupNamePrefix="back-")["logGroups"]
    assert sorted(g["retentionInDays"] for g in groups) == [1, 3]
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cfn.update("back", resources(("Logs", group(1)), ("Old", group(3))))


@pytest.mark.parametrize(
    "policy,status,left",
    [
        ("ROLLBACK", "ROLLBACK_COMPLETE", {"Kept"}),
        ("DO_NOTHING", "CREATE_FAILED", {"Kept", "OnCreate", "Plain"}),
        ("DELETE", "DELETE_COMPLETE", {"Kept"}),
    ],
)
def test_failed_creation(cfn, policy, status, left):
    name = f"fail-{policy.lower().replace('_', '-')}"
    template = resources(
        ("Plain", group()),
        ("Kept", group(DeletionPolicy="Retain")),
        ("OnCreate", group(DeletionPolicy="RetainExceptOnCreate")),
        (
            "Bad",
            {
                "Type": "AWS::Logs::LogGroup",
                "DependsOn": ["Plain", "Kept", "OnCreate"],
                "Properties": {"RetentionInDays": 1, "Nonsense": 1},
            },
        ),
    )
    stack = cfn.create(name, template, OnFailure=policy)
    assert stack["StackStatus"] == status
    assert (
        "Bad",
        "CREATE_FAILED",
        "Properties validation failed for resource Bad with message:\n"
        "#: extraneous key [Nonsense] is not permitted",
    ) in cfn.events(stack["StackId"])
    if policy != "DO_NOTHING":
        verb = "Delete" if policy == "DELETE" else "Rollback"
        reasons = [e[2] for e in cfn.events(stack["StackId"]) if e[0] == name]
        assert (
            f"The following resource(s) failed to create: [Bad]. {verb} requested by user."
            in reasons
        )
    groups = cfn.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert {g["logGroupName"].split("-")[-2] for g in groups} == left
    if policy == "ROLLBACK":
        with pytest.raises(
            ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"
        ):
            cfn.update(name, resources(("Plain", group())))
        with pytest.raises(ClientError, match="already exists"):
            cfn.create(name, template)


def test_cancel_and_continue(cfn):
    cfn.create("cancel", resources(("Logs", group(1)), ("Rest", group(1))))
    slow = resources(
        ("Logs", group(5)), ("Rest", group(1)), ("Cert", {**SLOW, "DependsOn": "Logs"})
    )
    cfn.cfn.update_stack(StackName="cancel", TemplateBody=json.dumps(slow))
    wait_for_event(cfn, "cancel", ("Cert", "CREATE_IN_PROGRESS"))
    with pytest.raises(ClientError, match="is in UPDATE_IN_PROGRESS state and can not be updated"):
        cfn.update("cancel", resources(("Logs", group(9))))
    name = cfn.resources("cancel")["Logs"]["PhysicalResourceId"]
    cfn.client("logs").delete_log_group(logGroupName=name)
    cfn.cfn.cancel_update_stack(StackName="cancel")
    assert cfn.settle("cancel")["StackStatus"] == "UPDATE_ROLLBACK_FAILED", cfn.events("cancel")
    assert ("Cert", "CREATE_FAILED", "Resource creation cancelled") in cfn.events("cancel")
    with pytest.raises(ClientError, match="not in the UPDATE_FAILED state"):
        cfn.cfn.continue_update_rollback(StackName="cancel", ResourcesToSkip=["Rest"])
    cfn.cfn.continue_update_rollback(StackName="cancel", ResourcesToSkip=["Logs"])
    assert cfn.settle("cancel")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    with pytest.raises(
        ClientError, match="CancelUpdateStack cannot be called from current stack status"
    ):
        cfn.cfn.cancel_update_stack(StackName="cancel")
    assert (
        cfn.delete(cfn.cfn.describe_stacks(StackName="cancel")["Stacks"][0]["StackId"])[
            "StackStatus"
        ]
        == "DELETE_COMPLETE"
    )


def test_delete_while_creating(cfn):
    stack = cfn.cfn.create_stack(
        StackName="early",
        TemplateBody=json.dumps(
            resources(("Logs", group()), ("Cert", {**SLOW, "DependsOn": "Logs"}))
        ),
    )["StackId"]
    wait_for_event(cfn, "early", ("Cert", "CREATE_IN_PROGRESS"))
    assert cfn.delete(stack)["StackStatus"] == "DELETE_COMPLETE"
    statuses = [e[1] for e in cfn.events(stack) if e[0] == "early"]
    assert statuses == ["CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert cfn.client("acm").list_certificates()["CertificateSummaryList"] == []


def test_delete_failed_then_retained(cfn):
    stack = cfn.create("full", resources(("Bucket", bucket("full-bucket"))))
    cfn.client("s3").put_object(Bucket="full-bucket", Key="a", Body=b"x", ContentType="text/plain")
    with pytest.raises(ClientError, match="DELETE_FAILED state"):
        cfn.cfn.delete_stack(StackName="full", RetainResources=["Bucket"])
    failed = cfn.delete(stack["StackId"])
    assert failed["StackStatus"] == "DELETE_FAILED"
    assert failed["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]. "
    assert (
        cfn.delete(stack["StackId"], RetainResources=["Bucket"])["StackStatus"] == "DELETE_COMPLETE"
    )
    assert cfn.client("s3").head_bucket(Bucket="full-bucket")


def test_tokens(cfn):
    body = json.dumps(resources(("Logs", group())))
    first = cfn.cfn.create_stack(StackName="token", TemplateBody=body, ClientRequestToken="a")[
        "StackId"
    ]
    assert (
        cfn.cfn.create_stack(StackName="token", TemplateBody=body, ClientRequestToken="a")[
            "StackId"
        ]
        == first
    )
    with pytest.raises(
        cfn.cfn.exceptions.AlreadyExistsException, match=r"Stack \[token\] already exists"
    ):
        cfn.cfn.create_stack(StackName="token", TemplateBody=body, ClientRequestToken="b")
    cfn.settle("token")
    with pytest.raises(cfn.cfn.exceptions.TokenAlreadyExistsException):
        cfn.cfn.update_stack(StackName="token", TemplateBody=body, ClientRequestToken="a")
    cfn.cfn.delete_stack(StackName=first, ClientRequestToken="d")
    cfn.cfn.delete_stack(StackName=first, ClientRequestToken="d")
    cfn.settle(first)
    cfn.cfn.delete_stack(StackName=first, ClientRequestToken="d")
    assert (
        cfn.cfn.describe_stack_events(StackName=first)["StackEvents"][0]["ClientRequestToken"]
        == "d"
    )


def test_tags_of_the_stack_reach_the_resources(cfn):
    template = resources(
        (
            "Logs",
            {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {"LogGroupName": "/tagged", "Tags": [{"Key": "own", "Value": "1"}]},
            },
        )
    )
    cfn.create("tagged", template, Tags=[{"Key": "a", "Value": "1"}, {"Key": "gone", "Value": "x"}])
    with pytest.raises(ClientError, match="No updates"):
        cfn.update("tagged", template)
    assert (
        cfn.update("tagged", template, Tags=[{"Key": "a", "Value": "2"}])["StackStatus"]
        == "UPDATE_COMPLETE"
    )
    tags = cfn.client("logs").list_tags_log_group(logGroupName="/tagged")["tags"]
    assert {k: v for k, v in tags.items() if not k.startswith("aws:")} == {"own": "1", "a": "2"}
    assert tags["aws:cloudformation:stack-name"] == "tagged"


def test_custom_name_is_not_replaced(cfn):
    key = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "fixed"}}
    cfn.create("named", resources(("Repo", key)))
    changed = {
        "Type": "AWS::ECR::Repository",
        "Properties": {
            "RepositoryName": "fixed",
            "EncryptionConfiguration": {"EncryptionType": "KMS"},
        },
    }
    assert (
        cfn.update("named", resources(("Repo", changed)))["StackStatus"]
        == "UPDATE_ROLLBACK_COMPLETE"
    )
    assert any(
        "cannot update a stack when a custom-named resource requires replacing" in (e[2] or "")
        for e in cfn.events("named")
    )
    assert cfn.client("ecr").describe_repositories(repositoryNames=["fixed"])["repositories"]
