"""Change sets: what they show, when they fail, what executing them does.

Over moto in this process (cloudformation_kit.py). What must hold: a change that is sure is Static,
one that hangs on another resource is Dynamic and names it; a set without a change fails with AWS's
sentence; a set is executed once.
"""

import json

import pytest
from botocore.exceptions import ClientError

from bootstrap_template import TRUST
from cloudformation_kit import kit


@pytest.fixture(scope="module")
def cfn():
    with kit() as made:
        yield made


def task(value: str) -> dict:
    return {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "Family": "web",
            "Cpu": "256",
            "Memory": "512",
            "NetworkMode": "awsvpc",
            "RequiresCompatibilities": ["FARGATE"],
            "TaskRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "ContainerDefinitions": [
                {"Name": "web", "Image": "nginx", "Environment": [{"Name": "A", "Value": value}]}
            ],
        },
    }


def template(value="1", description="r", retention=1) -> dict:
    return {
        "Parameters": {"Days": {"Type": "Number", "Default": retention}},
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": TRUST, "Description": description},
            },
            "Task": task(value),
            "Pointer": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Type": "String", "Value": {"Ref": "Task"}},
            },
            "Logs": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {"RetentionInDays": {"Ref": "Days"}},
            },
        },
        "Outputs": {"task": {"Value": {"Ref": "Task"}}},
    }


def by_name(change_set: dict) -> dict:
    return {
        c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in change_set["Changes"]
    }


def test_the_life_of_change_sets(cfn):
    made = cfn.change_set("set", "first", template(), ChangeSetType="CREATE", ClientToken="t")
    assert made["Status"] == "CREATE_COMPLETE" and made["ExecutionStatus"] == "AVAILABLE"
    assert {c["Action"] for c in by_name(made).values()} == {"Add"} and len(made["Changes"]) == 4
    again = cfn.cfn.create_change_set(
        StackName="set",
        ChangeSetName="first",
        ChangeSetType="CREATE",
        ClientToken="t",
        TemplateBody=json.dumps(template()),
        Capabilities=["CAPABILITY_IAM"],
    )
    assert again["Id"] == made["ChangeSetId"]
    with pytest.raises(cfn.cfn.exceptions.AlreadyExistsException):
        cfn.change_set("set", "first", template(), ChangeSetType="CREATE")
    assert (
        cfn.cfn.describe_stacks(StackName="set")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    )
    cfn.cfn.execute_change_set(StackName="set", ChangeSetName="first", ClientRequestToken="run")
    stack = cfn.settle("set")
    assert stack["StackStatus"] == "CREATE_COMPLETE" and stack["ChangeSetId"] == made["ChangeSetId"]
    assert [e[1] for e in cfn.events("set") if e[0] == "set"] == [
        "REVIEW_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]
    assert stack["Outputs"][0]["OutputValue"].endswith("task-definition/web:1")

    same = cfn.change_set("set", "same", template())
    assert (same["Status"], same["ExecutionStatus"], same["StatusReason"]) == (
        "FAILED",
        "UNAVAILABLE",
        "The submitted information didn't contain changes. Submit different information to create "
        "a change set.",
    )
    with pytest.raises(cfn.cfn.exceptions.InvalidChangeSetStatusException):
        cfn.cfn.execute_change_set(StackName="set", ChangeSetName="same")


def test_replacement_and_scope(cfn):
    changes = by_name(cfn.change_set("set", "env", template(value="2")))
    assert set(changes) == {"Task", "Pointer"}
    assert changes["Task"]["Replacement"] == "True" and changes["Task"]["Scope"] == ["Properties"]
    assert changes["Task"]["PolicyAction"] == "ReplaceAndDelete"
    assert changes["Task"]["PhysicalResourceId"].endswith("web:1")
    detail = changes["Task"]["Details"][0]
    assert detail["Target"] == {
        "Attribute": "Properties",
        "Name": "ContainerDefinitions",
        "RequiresRecreation": "Always",
    }
    assert detail["ChangeSource"] == "DirectModification"
    assert changes["Pointer"]["Replacement"] == "False"
    assert changes["Pointer"]["Details"][0]["ChangeSource"] == "ResourceReference"
    assert changes["Pointer"]["Details"][0]["CausingEntity"] == "Task"

    changes = by_name(cfn.change_set("set", "role", template(description="changed")))
    assert changes["Role"]["Replacement"] == "False"
    assert changes["Task"]["Replacement"] == "Conditional"  # the role's attribute might change
    assert changes["Task"]["Details"][0]["Evaluation"] == "Dynamic"

    changes = by_name(
        cfn.change_set(
            "set",
            "days",
            template(),
            Parameters=[{"ParameterKey": "Days", "ParameterValue": "7"}],
            Tags=[{"Key": "a", "Value": "b"}],
        )
    )
    detail = changes["Logs"]["Details"][0]
    assert (detail["ChangeSource"], detail["CausingEntity"]) == ("ParameterReference", "Days")
    assert changes["Logs"]["Scope"] == ["Properties", "Tags"] and changes["Role"]["Scope"] == [
        "Tags"
    ]

    less = template()
    del less["Resources"]["Pointer"]
    changes = by_name(cfn.change_set("set", "less", less))
    assert (
        changes["Pointer"]["Action"] == "Remove" and changes["Pointer"]["PolicyAction"] == "Delete"
    )


def test_execution(cfn):
    names = [s["ChangeSetName"] for s in cfn.cfn.list_change_sets(StackName="set")["Summaries"]]
    assert names == ["first", "same", "env", "role", "days", "less"]
    before = len(cfn.events("set"))
    cfn.cfn.execute_change_set(StackName="set", ChangeSetName="env", ClientRequestToken="run2")
    assert cfn.settle("set")["StackStatus"] == "UPDATE_COMPLETE"
    fresh = cfn.events("set")[before:]
    assert {e[0] for e in fresh} == {"set", "Task", "Pointer"}
    pointer = cfn.resources("set")["Pointer"]["PhysicalResourceId"]
    assert cfn.client("ssm").get_parameter(Name=pointer)["Parameter"]["Value"].endswith("web:2")
    statuses = {
        s["ChangeSetName"]: s["ExecutionStatus"]
        for s in cfn.cfn.list_change_sets(StackName="set")["Summaries"]
    }
    assert statuses["role"] == "OBSOLETE" and statuses["env"] == "EXECUTE_COMPLETE"
    with pytest.raises(cfn.cfn.exceptions.InvalidChangeSetStatusException):
        cfn.cfn.execute_change_set(StackName="set", ChangeSetName="role")
    cfn.cfn.delete_change_set(StackName="set", ChangeSetName="role")
    with pytest.raises(cfn.cfn.exceptions.ChangeSetNotFoundException):
        cfn.cfn.describe_change_set(StackName="set", ChangeSetName="role")


def test_conditional_attribute_is_no_change_when_it_stays(cfn):
    """The role changes in place, its ARN does not: the task definition stays, whatever the change
    set feared.
    """
    task_before = cfn.resources("set")["Task"]["PhysicalResourceId"]
    assert (
        cfn.update("set", template(value="2", description="again"))["StackStatus"]
        == "UPDATE_COMPLETE"
    )
    assert cfn.resources("set")["Task"]["PhysicalResourceId"] == task_before


def test_creation_that_fails_is_deleted_when_asked(cfn):
    bad = {
        "Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 2}}}
    }
    made = cfn.change_set("doomed", "one", bad, ChangeSetType="CREATE", OnStackFailure="DELETE")
    cfn.cfn.execute_change_set(StackName="doomed", ChangeSetName="one")
    assert cfn.settle(made["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="does not exist"):
        cfn.cfn.describe_stacks(StackName="doomed")


def test_update_of_nothing(cfn):
    with pytest.raises(ClientError, match=r"Stack \[nowhere\] does not exist"):
        cfn.change_set("nowhere", "one", template())


def named_group(policy=None) -> dict:
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/early/own"}}
    return {"Resources": {"Logs": {**group, **({"DeletionPolicy": policy} if policy else {})}}}


def test_what_is_there_already_is_found_early_or_imported(cfn):
    logs = cfn.client("logs")
    logs.create_log_group(logGroupName="/early/own")
    refused = cfn.change_set("early", "one", named_group("Retain"), ChangeSetType="CREATE")
    assert refused["Status"] == "FAILED"
    assert "AWS::EarlyValidation::ResourceExistenceCheck" in refused["StatusReason"]
    assert "/early/own" not in refused["StatusReason"]
    with pytest.raises(ClientError, match="must be specified"):
        cfn.cfn.describe_events(ChangeSetName="one")
    found = cfn.cfn.describe_events(
        ChangeSetName=refused["ChangeSetId"], Filters={"FailedEvents": True}
    )["OperationEvents"]
    assert [e["LogicalResourceId"] for e in found] == ["Logs"]
    assert "/early/own" in found[0]["ValidationStatusReason"]

    loose = cfn.change_set(
        "early", "two", named_group(), ChangeSetType="CREATE", ImportExistingResources=True
    )
    assert loose["Status"] == "FAILED" and "DeletionPolicy" in loose["StatusReason"]

    taken = cfn.change_set(
        "early",
        "three",
        named_group("Retain"),
        ChangeSetType="CREATE",
        ImportExistingResources=True,
    )
    assert by_name(taken)["Logs"]["Action"] == "Import"
    cfn.cfn.execute_change_set(ChangeSetName=taken["ChangeSetId"])
    assert cfn.settle("early")["StackStatus"] == "CREATE_COMPLETE"
    cfn.delete(taken["StackId"])
    assert logs.describe_log_groups(logGroupNamePrefix="/early/own")["logGroups"]
