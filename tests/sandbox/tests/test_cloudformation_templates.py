"""What the engine refuses before it touches anything, and how it evaluates what it takes.

REFUSED and PROPERTIES are tables of a template or a resource and a part of the sentence that
CloudFormation says to it. The rest is functions, exports, dynamic references, templates from S3,
pages. Over moto in this process (cloudformation_kit.py).
"""

import json

import pytest
from botocore.exceptions import ClientError

from cloudformation_kit import kit

LOGS = {"Type": "AWS::Logs::LogGroup"}


@pytest.fixture(scope="module")
def cfn():
    with kit() as made:
        yield made


def stack_of(resource: dict, **sections) -> dict:
    return {**sections, "Resources": {"R": resource}}


def logs(**properties) -> dict:
    return {"Type": "AWS::Logs::LogGroup", "Properties": properties}


REFUSED = [
    ({}, "At least one Resources member must be defined"),
    ('{"Resources": ', "JSON not well-formed"),
    ("Resources: [", "YAML not well-formed"),
    ({"Resources": {"R": LOGS}, "Extra": {}}, r"Invalid template property or properties \[Extra\]"),
    (
        stack_of({"Type": "AWS::Foo::Bar"}),
        r"Template format error: Unrecognized resource types: \[AWS::Foo::Bar\]",
    ),
    (
        stack_of({"Type": "AWS::Lambda::Function"}),
        r"Unrecognized resource types: \[AWS::Lambda::Function\]",
    ),
    (stack_of({"Properties": {}}), "Every Resources object must contain a Type member"),
    (stack_of({**LOGS, "Foo": 1}), "Invalid template resource property 'Foo'"),
    ({"Resources": {"a-b": LOGS}}, "name a-b is non alphanumeric"),
    (
        stack_of({**LOGS, "DependsOn": "Nobody"}),
        r"Unresolved resource dependencies \[Nobody\] in the Resources block",
    ),
    (
        stack_of(logs(LogGroupName={"Ref": "Nobody"})),
        r"Unresolved resource dependencies \[Nobody\] in the Resources",
    ),
    (
        stack_of(logs(LogGroupName={"Fn::Sub": "a${Nobody}"})),
        r"Unresolved resource dependencies \[Nobody\]",
    ),
    (
        stack_of(logs(LogGroupName={"Fn::GetAtt": ["Nobody", "Arn"]})),
        "references undefined resource Nobody",
    ),
    (
        {"Resources": {"A": LOGS, "B": logs(LogGroupName={"Fn::GetAtt": ["A", "Colour"]})}},
        "resource A does not support attribute type Colour in Fn::GetAtt",
    ),
    (
        {"Resources": {"A": logs(LogGroupName={"Ref": "B"}), "B": {**LOGS, "DependsOn": "A"}}},
        r"Circular dependency between resources: \[A, B\]",
    ),
    (stack_of(logs(LogGroupName={"Fn::Foo": 1})), "unsupported function: Fn::Foo"),
    (
        stack_of(logs(LogGroupName={"Fn::ToJsonString": {"a": 1}})),
        "unsupported function: Fn::ToJsonString",
    ),
    (
        stack_of(logs(RetentionInDays={"Fn::If": ["None", 1, 2]})),
        "Unresolved condition dependency None",
    ),
    (stack_of({**LOGS, "Condition": "None"}), "Unresolved condition dependency None"),
    (
        stack_of(LOGS, Conditions={"C": {"Fn::Equals": [{"Ref": "R"}, 1]}}),
        "Unresolved dependencies",
    ),
    (stack_of(LOGS, Transform="AWS::Serverless-2016-10-31"), "No transform named"),
    (stack_of(LOGS, Parameters={"P": {"Type": "Colour"}}), "Unrecognized parameter type: Colour"),
    (stack_of(LOGS, Parameters={"P": {"Type": "String"}}), r"Parameters: \[P\] must have values"),
    (
        stack_of(LOGS, Outputs={"O": {"Description": "x"}}),
        "Every Outputs member must contain a Value object",
    ),
    (
        stack_of(LOGS, Outputs={"O": {"Value": {"Ref": "Nobody"}}}),
        r"\[Nobody\] in the Outputs block",
    ),
    (stack_of({**LOGS, "DeletionPolicy": "Snapshot"}), "does not support Snapshot"),
    (stack_of({**LOGS, "DeletionPolicy": "Maybe"}), "Unrecognized DeletionPolicy Maybe"),
    (
        {"Resources": {f"R{i}": LOGS for i in range(501)}},
        "Number of resources, 501, is greater than maximum allowed, 500",
    ),
    (
        {"Resources": {"R": LOGS}, "Outputs": {f"O{i}": {"Value": "x"} for i in range(201)}},
        "Number of outputs, 201",
    ),
    (
        {
            "Conditions": {"No": {"Fn::Equals": [1, 2]}},
            "Resources": {"A": {**LOGS, "Condition": "No"}, "B": logs(LogGroupName={"Ref": "A"})},
        },
        r"Unresolved resource dependencies \[A\]",
    ),
]


@pytest.mark.parametrize("template,text", REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_refused(cfn, template, text):
    with pytest.raises(ClientError, match=text) as caught:
        cfn.create("refused", template)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_calls_that_are_refused(cfn):
    for params, code in (
        ({"Action": "Nonsense"}, "InvalidAction"),
        ({"Action": "SetStackPolicy"}, "InvalidAction"),
        ({"Action": "DescribeStacks", "Colour": "red"}, "MalformedInput"),
        (
            {"Action": "CreateStack", "StackName": "no_underscore", "TemplateBody": "{}"},
            "ValidationError",
        ),
        ({"Action": "CreateStack"}, "ValidationError"),
        (
            {
                "Action": "CreateStack",
                "StackName": "a",
                "TemplateBody": "{}",
                "Capabilities.member.1": "CAPABILITY_FLY",
            },
            "ValidationError",
        ),
    ):
        status, body = cfn.engine.handle(
            params["Action"],
            params,
            account="1" * 12,
            region="us-west-2",
            access_key="k",
            request_id="r",
        )
        assert status == 400 and f"<Code>{code}</Code>" in body, body
    with pytest.raises(ClientError, match="length less than or equal to 51200"):
        cfn.create("big", json.dumps(stack_of(LOGS, Description="x")) + " " * 51_200)
    role = stack_of({"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}})
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_IAM\]") as caught:
        cfn.create("caps", role, Capabilities=[])
    assert caught.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"
    role["Resources"]["R"]["Properties"]["RoleName"] = "x"
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        cfn.create("caps", role, Capabilities=["CAPABILITY_IAM"])


PROPERTIES = [
    (logs(Nonsense=1), "#: extraneous key [Nonsense] is not permitted"),
    (logs(RetentionInDays=2), "#/RetentionInDays: 2 is not a valid enum value"),
    (logs(RetentionInDays="soon"), "#/RetentionInDays: expected type: Integer, found: String"),
    (logs(Arn="x"), "#: extraneous key [Arn] is not permitted"),
    (
        logs(Tags=[{"Key": "a", "Value": "b", "More": "c"}]),
        "#/Tags/0: extraneous key [More] is not permitted",
    ),
    (logs(Tags=[{"Key": "a"}]), "#/Tags/0: required key [Value] not found"),
    (
        logs(LogGroupName="a b"),
        "#/LogGroupName: failed validation constraint for keyword [pattern]",
    ),
    (
        {"Type": "AWS::EC2::Subnet", "Properties": {"CidrBlock": "10.0.0.0/24"}},
        "#: required key [VpcId] not found",
    ),
    (
        logs(LogGroupClass="DELIVERY", DeletionProtectionEnabled="perhaps"),
        "#/DeletionProtectionEnabled: expected type: Boolean, found: String",
    ),
]


@pytest.mark.parametrize("resource,text", PROPERTIES, ids=[p[1] for p in PROPERTIES])
def test_properties_are_checked_against_the_schema(cfn, resource, text):
    stack = cfn.create("checked", stack_of(resource), OnFailure="DELETE")
    reasons = [e[2] for e in cfn.events(stack["StackId"]) if e[:2] == ("R", "CREATE_FAILED")]
    assert reasons == [f"Properties validation failed for resource R with message:\n{text}"]


def test_a_property_the_handler_does_not_pass_on_is_an_error(cfn):
    resource = {
        "Type": "AWS::S3::Bucket",
        "Properties": {"AccelerateConfiguration": {"AccelerationStatus": "Enabled"}},
    }
    stack = cfn.create("passed", stack_of(resource), OnFailure="DELETE")
    assert (
        "R",
        "CREATE_FAILED",
        "the sandbox does not pass on AccelerateConfiguration of a bucket",
    ) in cfn.events(stack["StackId"])


YAML = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Zones: {Type: CommaDelimitedList, Default: "a, b ,c"}
  Secret: {Type: String, NoEcho: true}
  Stage: {Type: String, Default: beta, AllowedValues: [beta, prod]}
Mappings:
  ByStage: {beta: {days: "3"}, prod: {days: "30"}}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Either: !Or [!Condition Prod, !Not [!Equals [!Select [1, !Ref Zones], b]]]
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      RetentionInDays: !FindInMap [ByStage, !Ref Stage, days]
      LogGroupName: !If [Prod, fixed, !Ref AWS::NoValue]
  Only: {Type: AWS::Logs::LogGroup, Condition: Prod}
  Zone:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.7.0.0/16}
Outputs:
  Join: {Value: !Join ["-", !Ref Zones]}
  Split: {Value: !Select [2, !Split [",", "x,y,z"]]}
  Sub: {Value: !Sub ["${Logs}/${Logs.Arn}/${own}/${!literal}/${AWS::Region}", {own: !Ref Stage}]}
  Base64: {Value: !Base64 hello}
  Zones: {Value: !Select [1, !GetAZs ""]}
  Cidr: {Value: !Join [" ", !Cidr [!GetAtt Zone.CidrBlock, 2, 12]]}
  Either: {Value: !If [Either, "yes", "no"]}
  Hidden: {Value: gone, Condition: Prod}
  Exported: {Value: !Ref Logs, Export: {Name: !Sub "${AWS::StackName}-logs"}}
"""


def test_functions(cfn):
    stack = cfn.create(
        "yaml", YAML, Parameters=[{"ParameterKey": "Secret", "ParameterValue": "hush"}]
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE", cfn.events("yaml")
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    name = cfn.resources("yaml")["Logs"]["PhysicalResourceId"]
    arn = f"arn:aws:logs:us-west-2:123456789012:log-group:{name}:*"
    assert outputs == {
        "Join": "a-b-c",
        "Split": "z",
        "Sub": f"{name}/{arn}/beta/${{literal}}/us-west-2",
        "Base64": "aGVsbG8=",
        "Zones": "us-west-2b",
        "Cidr": "10.7.0.0/20 10.7.16.0/20",
        "Either": "no",
        "Exported": name,
    }
    assert "Only" not in cfn.resources("yaml")
    shown = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
    assert shown == {"Zones": "a, b ,c", "Secret": "****", "Stage": "beta"}
    group = cfn.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    assert group["retentionInDays"] == 3 and name.startswith("yaml-Logs-")
    kept = [{"ParameterKey": "Secret", "UsePreviousValue": True}]
    with pytest.raises(ClientError, match="No updates"):
        cfn.update("yaml", YAML, Parameters=kept)
    with pytest.raises(ClientError, match=r"Parameters: \[Nope\] do not exist in the template"):
        cfn.update(
            "yaml", YAML, Parameters=kept + [{"ParameterKey": "Nope", "ParameterValue": "x"}]
        )
    with pytest.raises(ClientError, match="AllowedValues"):
        cfn.update(
            "yaml", YAML, Parameters=kept + [{"ParameterKey": "Stage", "ParameterValue": "test"}]
        )


def test_exports_and_imports(cfn):
    user = stack_of(
        {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "shared"}},
        }
    )
    owner = stack_of(LOGS, Outputs={"O": {"Value": {"Ref": "R"}, "Export": {"Name": "shared"}}})
    failed = cfn.create("user", user, OnFailure="DELETE")
    assert any(
        "No export named shared found" in (e[2] or "") for e in cfn.events(failed["StackId"])
    )
    made = cfn.create("owner", owner)
    assert cfn.create("user", user)["StackStatus"] == "CREATE_COMPLETE"
    assert cfn.cfn.list_imports(ExportName="shared")["Imports"] == ["user"]
    assert {e["Name"] for e in cfn.cfn.list_exports()["Exports"]} >= {"shared"}
    assert cfn.create("second", owner)["StackStatus"] == "ROLLBACK_COMPLETE"
    blocked = cfn.delete(made["StackId"])
    assert blocked["StackStatus"] == "DELETE_FAILED"
    assert blocked["StackStatusReason"] == "Export shared cannot be deleted as it is in use by user"
    importer = cfn.cfn.describe_stacks(StackName="user")["Stacks"][0]["StackId"]
    assert cfn.delete(importer)["StackStatus"] == "DELETE_COMPLETE"
    assert cfn.delete(made["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_dynamic_references(cfn):
    ssm = cfn.client("ssm")
    ssm.put_parameter(Name="/plain", Value="v1", Type="String")
    ssm.put_parameter(Name="/hidden", Value="s3cret-value", Type="SecureString")
    parameter = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": "x-{{resolve:ssm:/plain}}"},
    }
    cfn.create("dynamic", stack_of(parameter))
    name = cfn.resources("dynamic")["R"]["PhysicalResourceId"]
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "x-v1"
    parameter["Properties"]["Value"] = "{{resolve:ssm-secure:/hidden}}"
    stack = cfn.create("secure", stack_of(parameter))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(
        "SSM Secure reference is not supported in: [AWS::SSM::Parameter/Properties/Value]"
        in (e[2] or "")
        for e in cfn.events("secure")
    )
    database = {
        "Type": "AWS::RDS::DBInstance",
        "DeletionPolicy": "Delete",
        "Properties": {
            "Engine": "postgres",
            "DBInstanceClass": "db.t4g.micro",
            "AllocatedStorage": "20",
            "MasterUsername": "app",
            "MasterUserPassword": "{{resolve:ssm-secure:/hidden}}",
        },
    }
    assert cfn.create("password", stack_of(database))["StackStatus"] == "CREATE_COMPLETE", (
        cfn.events("password")
    )


def test_template_url(cfn):
    s3 = cfn.client("s3")
    s3.create_bucket(
        Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    body = json.dumps(stack_of(LOGS, Metadata={"filler": "x" * 60_000}))
    s3.put_object(
        Bucket="templates", Key="a/b c.json", Body=body.encode(), ContentType="application/json"
    )
    for index, url in enumerate(
        (
            "https://templates.s3.us-west-2.amazonaws.com/a/b%20c.json",
            "https://s3.us-west-2.amazonaws.com/templates/a/b%20c.json",
            "https://templates.s3.amazonaws.com/a/b%20c.json",
            f"{cfn.context.url}/templates/a/b%20c.json",
        )
    ):
        stack = cfn.cfn.create_stack(StackName=f"url{index}", TemplateURL=url)["StackId"]
        assert cfn.settle(stack)["StackStatus"] == "CREATE_COMPLETE"
        assert (
            len(cfn.cfn.get_template(StackName=stack)["TemplateBody"]["Metadata"]["filler"])
            == 60_000
        )
    with pytest.raises(ClientError, match="TemplateURL must be a supported URL"):
        cfn.cfn.create_stack(StackName="url", TemplateURL="https://example.com/t.json")
    with pytest.raises(ClientError, match="S3 error: The specified key does not exist"):
        cfn.cfn.create_stack(
            StackName="url", TemplateURL="https://templates.s3.amazonaws.com/none.json"
        )


def test_events_and_resources_are_paged(cfn):
    cfn.create("paged", {"Resources": {f"G{i}": LOGS for i in range(110)}})
    first = cfn.cfn.describe_stack_events(StackName="paged")
    assert len(first["StackEvents"]) == 100 and first["NextToken"]
    assert first["StackEvents"][0]["ResourceStatus"] == "CREATE_COMPLETE"
    assert first["StackEvents"][0]["LogicalResourceId"] == "paged"
    events = cfn.events("paged")
    assert len(events) == 2 + 3 * 110
    page = cfn.cfn.list_stack_resources(StackName="paged")
    assert len(page["StackResourceSummaries"]) == 100 and page["NextToken"]


def test_reading(cfn):
    cfn.create("read", stack_of(logs(RetentionInDays=1), Description="read me"))
    summary = cfn.cfn.get_template_summary(StackName="read")
    assert (
        summary["ResourceTypes"] == ["AWS::Logs::LogGroup"] and summary["Description"] == "read me"
    )
    checked = cfn.cfn.validate_template(
        TemplateBody=json.dumps(
            stack_of(
                {"Type": "AWS::IAM::Role"},
                Parameters={"P": {"Type": "String", "Default": "x", "NoEcho": True}},
            )
        )
    )
    assert (
        checked["Capabilities"] == ["CAPABILITY_IAM"] and checked["Parameters"][0]["NoEcho"] is True
    )
    detail = cfn.cfn.describe_stack_resource(StackName="read", LogicalResourceId="R")[
        "StackResourceDetail"
    ]
    assert detail["ResourceStatus"] == "CREATE_COMPLETE"
    found = cfn.cfn.describe_stack_resources(PhysicalResourceId=detail["PhysicalResourceId"])[
        "StackResources"
    ]
    assert found[0]["StackName"] == "read"
    assert "read" in {
        s["StackName"]
        for s in cfn.cfn.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
    }
    with pytest.raises(ClientError, match="Stack with id nobody does not exist"):
        cfn.cfn.describe_stacks(StackName="nobody")
    with pytest.raises(ClientError, match=r"Stack \[nobody\] does not exist"):
        cfn.cfn.describe_stack_events(StackName="nobody")
    cfn.cfn.delete_stack(StackName="nobody")
