"""The engine end to end over moto: create, events, outputs, update, delete."""

import pytest
from botocore.exceptions import ClientError

from bootstrap_template import BOOTSTRAP
from cloudformation_kit import kit


@pytest.fixture(scope="module")
def cfn():
    with kit() as made:
        yield made


def test_bootstrap_stack(cfn):
    stack = cfn.create(
        "defang-cd",
        BOOTSTRAP,
        EnableTerminationProtection=True,
        ClientRequestToken="t1",
        Tags=[{"Key": "defang:CreatedBy", "Value": "defang"}],
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE", cfn.events("defang-cd")
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    assert outputs["templateVersion"] == "3"
    assert outputs["subnetId"].startswith("subnet-")
    ec2 = cfn.client("ec2")
    subnet = ec2.describe_subnets(SubnetIds=[outputs["subnetId"]])["Subnets"][0]
    assert subnet["MapPublicIpOnLaunch"] is True
    tags = {t["Key"]: t["Value"] for t in subnet["Tags"]}
    assert tags["Name"] == "defang-cd-subnet" and tags["defang:CreatedBy"] == "defang"
    assert tags["aws:cloudformation:logical-id"] == "Subnet"
    tables = ec2.describe_route_tables(
        Filters=[{"Name": "association.subnet-id", "Values": [outputs["subnetId"]]}]
    )
    assert {r.get("DestinationCidrBlock") for r in tables["RouteTables"][0]["Routes"]} >= {
        "0.0.0.0/0"
    }
    definition = cfn.client("ecs").describe_task_definition(taskDefinition=outputs["taskDefArn"])[
        "taskDefinition"
    ]
    assert (definition["cpu"], definition["memory"], definition["networkMode"]) == (
        "2048",
        "4096",
        "awsvpc",
    )
    assert definition["containerDefinitions"][0]["environment"] == [{"name": "A", "value": "1"}]
    assert (
        cfn.client("s3").get_bucket_versioning(Bucket=outputs["bucketName"])["Status"] == "Enabled"
    )

    events = cfn.events("defang-cd")
    assert events[0] == ("defang-cd", "CREATE_IN_PROGRESS", "User Initiated")
    assert events[-1] == ("defang-cd", "CREATE_COMPLETE", None)
    assert [e[1:] for e in events if e[0] == "Route"] == [
        ("CREATE_IN_PROGRESS", None),
        ("CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("CREATE_COMPLETE", None),
    ]
    names = [e[0] for e in events if e[1] == "CREATE_COMPLETE"]
    assert names.index("VPC") < names.index("Subnet") < names.index("SubnetRouteTableAssociation")

    with pytest.raises(ClientError, match="No updates are to be performed."):
        cfn.update("defang-cd", BOOTSTRAP, Tags=[{"Key": "defang:CreatedBy", "Value": "defang"}])
    with pytest.raises(
        ClientError, match="cannot be deleted while TerminationProtection is enabled"
    ):
        cfn.cfn.delete_stack(StackName="defang-cd")
    cfn.cfn.update_termination_protection(StackName="defang-cd", EnableTerminationProtection=False)
    ended = cfn.delete(stack["StackId"])
    assert ended["StackStatus"] == "DELETE_COMPLETE"
    assert cfn.resources(stack["StackId"])["Bucket"]["ResourceStatus"] == "DELETE_SKIPPED"
    assert cfn.resources(stack["StackId"])["VPC"]["ResourceStatus"] == "DELETE_COMPLETE"
    assert (
        ec2.describe_subnets(Filters=[{"Name": "subnet-id", "Values": [outputs["subnetId"]]}])[
            "Subnets"
        ]
        == []
    )
    with pytest.raises(ClientError, match="Stack with id defang-cd does not exist"):
        cfn.cfn.describe_stacks(StackName="defang-cd")
