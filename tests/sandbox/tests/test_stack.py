"""A whole project's stack through the started process: the engine, our parts and moto together."""

import json

import project_template
from sandbox_kit import wait_for


def ended(cloudformation, stack):
    found = wait_for(
        lambda: (lambda s: s if not s["StackStatus"].endswith("_IN_PROGRESS") else None)(
            cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        ),
        40,
    )
    failed = [
        (e["LogicalResourceId"], e.get("ResourceStatusReason"))
        for e in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        if "FAILED" in e["ResourceStatus"]
    ]
    return found["StackStatus"], failed


def test_project_is_made_and_goes(kit):
    cloudformation = kit.client("cloudformation")
    before = {s: len(getattr(kit.client(s), o)()[k]) for s, o, k in LISTS}
    stack = cloudformation.create_stack(
        StackName="whole",
        TemplateBody=json.dumps(project_template.project()),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )["StackId"]
    assert ended(cloudformation, stack) == ("CREATE_COMPLETE", [])
    assert all(len(getattr(kit.client(s), o)()[k]) > before[s] for s, o, k in LISTS)
    cloudformation.delete_stack(StackName=stack)
    assert ended(cloudformation, stack) == ("DELETE_COMPLETE", [])
    assert {s: len(getattr(kit.client(s), o)()[k]) for s, o, k in LISTS} == before


LISTS = [
    ("ec2", "describe_vpcs", "Vpcs"),
    ("elbv2", "describe_load_balancers", "LoadBalancers"),
    ("rds", "describe_db_instances", "DBInstances"),
    ("ecs", "list_clusters", "clusterArns"),
    ("elasticache", "describe_replication_groups", "ReplicationGroups"),
    ("route53", "list_hosted_zones", "HostedZones"),
]
