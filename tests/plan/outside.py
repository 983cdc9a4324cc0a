"""A sandbox in which templates are made real, and what a look from outside needs: stacks in
parallel, the things that templates take for granted, and IAM policies evaluated.

Account puts there what a plan names as existing (snapshots, a hosted zone, somebody's VPC,
configs), then the stacks, each at the same time as the others; `inventory` is all that the account
holds, so that a test can say what was left. Role asks a role's policies as IAM keeps them what they
allow. The waits of the sandbox are made short: what is looked at is what is there, not how long it
took.
"""

import fnmatch
import json
import pathlib
import re
import sys
import time
from typing import Any

import projects
from lib import ROOT

sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import kit

ACCOUNT, REGION = kit.ACCOUNT, kit.REGION
WAITS = {
    "cfn-step": 0,
    "ecs-provisioning": 0.01,
    "ecs-pending": 0.01,
    "ecs-activating": 0.01,
    "ecs-reconcile": 0.02,
    "ecs-steady": 0.05,
    "ecs-drain": 0.01,
    "container-start": 0.01,
    "health-interval": 0.03,
    "target-initial": 0.03,
    "elb-create": 0.02,
    "rds-create": 0.05,
    "rds-modify": 0.02,
    "rds-delete": 0.02,
    "elasticache-create": 0.05,
    "elasticache-modify": 0.02,
    "elasticache-delete": 0.02,
    "nat-create": 0.02,
    "nat-delete": 0.02,
    "servicediscovery": 0.01,
}


def runnable(plan: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """The template with images and ids that the sandbox has: what is in an image is not looked at
    here.
    """
    text = re.sub(
        rf'"{ACCOUNT}\.dkr\.ecr\.[^"]*"', '"public.ecr.aws/nginx/nginx:1.27"', json.dumps(plan)
    )
    for named, real in ids.items():
        text = text.replace(named, real)
    return json.loads(text)


class Account:
    """The sandbox, with one stack for each project."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.sandbox = kit.Sandbox(folder)
        self.sandbox.waits(**WAITS)
        self.sandbox.services(**{"prepare": {"exit": 0}, "-files_": {"exit": 0}})
        self._clients: dict[str, Any] = {}
        self.ids: dict[str, str] = {}
        self.secrets: set[tuple[str, str]] = set()
        self.provide_snapshots()
        self.provide_zone()
        self.provide_vpc()

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.sandbox.client(service)
        return self._clients[service]

    def end(self) -> None:
        self.sandbox.end()

    def provide_snapshots(self) -> None:
        """What `from-snapshot` names."""
        rds, cache = self.client("rds"), self.client("elasticache")
        rds.create_db_instance(
            DBInstanceIdentifier="flood",
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="postgres",
            MasterUserPassword="never-looked-at",
            StorageEncrypted=True,
        )
        kit.wait_for(
            lambda: (
                rds.describe_db_instances(DBInstanceIdentifier="flood")["DBInstances"][0][
                    "DBInstanceStatus"
                ]
                == "available"
            )
        )
        rds.create_db_snapshot(
            DBInstanceIdentifier="flood", DBSnapshotIdentifier="before-the-flood"
        )
        cache.create_replication_group(
            ReplicationGroupId="flood",
            ReplicationGroupDescription="x",
            Engine="valkey",
            CacheNodeType="cache.t4g.micro",
            NumCacheClusters=1,
        )
        kit.wait_for(
            lambda: (
                cache.describe_replication_groups(ReplicationGroupId="flood")["ReplicationGroups"][
                    0
                ]["Status"]
                == "available"
            )
        )
        cache.create_snapshot(ReplicationGroupId="flood", SnapshotName="yesterday")

    def provide_zone(self) -> None:
        zone = self.client("route53").create_hosted_zone(
            Name="example.com", CallerReference="once"
        )["HostedZone"]["Id"]
        self.ids[projects.ZONE] = zone.rsplit("/", 1)[1]

    def provide_vpc(self) -> None:
        """A VPC of somebody else's: two public subnets, two private ones behind a NAT gateway, a
        role for tasks.
        """
        ec2 = self.client("ec2")
        vpc = self.ids[projects.VPC] = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
            ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        nat = ""
        for side, named in enumerate((projects.PUBLIC, projects.PRIVATE)):
            table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
            for zone, name in enumerate(named):
                cidr = f"10.9.{16 * (2 * side + zone)}.0/20"
                self.ids[name] = ec2.create_subnet(
                    VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}{'ab'[zone]}"
                )["Subnet"]["SubnetId"]
                ec2.associate_route_table(RouteTableId=table, SubnetId=self.ids[name])
            ec2.create_route(
                RouteTableId=table,
                DestinationCidrBlock="0.0.0.0/0",
                **({"NatGatewayId": nat} if side else {"GatewayId": gateway}),
            )
            if not side:
                nat = ec2.create_nat_gateway(
                    SubnetId=self.ids[named[0]],
                    AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"],
                )["NatGateway"]["NatGatewayId"]
                kit.wait_for(
                    lambda nat=nat: (
                        ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"]
                        == "available"
                    )
                )
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        self.client("iam").create_role(
            RoleName="team-app", AssumeRolePolicyDocument=json.dumps(trust)
        )

    def provide_config(self, plan: dict[str, Any]) -> None:
        """Every parameter that the template names has some value."""
        text = json.dumps(plan)
        ssm = self.client("ssm")
        for name in sorted(
            set(re.findall(r":parameter(/[A-Za-z0-9_./-]+)\"", text))
            | set(re.findall(r"\{\{resolve:ssm-secure:([^}:]+)", text))
        ):
            ssm.put_parameter(
                Name=name, Value="some-value-of-it", Type="SecureString", Overwrite=True
            )
        secrets = self.client("secretsmanager")
        for name, version in sorted(
            set(
                re.findall(
                    r"\{\{resolve:secretsmanager:([^}:]+):SecretString:::([0-9a-f]+)\}\}", text
                )
            )
            - self.secrets
        ):
            put = (
                secrets.put_secret_value
                if any(known == name for known, _ in self.secrets)
                else None
            )
            if put:
                put(SecretId=name, SecretString="some-value-of-it", ClientRequestToken=version)
            else:
                secrets.create_secret(
                    Name=name, SecretString="some-value-of-it", ClientRequestToken=version
                )
            self.secrets.add((name, version))

    def put(self, plans: dict[str, dict[str, Any]]) -> None:
        """Creates or updates the stacks, all at the same time."""
        cloudformation = self.client("cloudformation")
        known = {s["StackName"] for s in cloudformation.describe_stacks()["Stacks"]}
        for stack, plan in plans.items():
            operation = (
                cloudformation.update_stack if stack in known else cloudformation.create_stack
            )
            operation(
                StackName=stack,
                TemplateURL=self.upload(stack, plan),
                Capabilities=["CAPABILITY_IAM"],
            )
        self.wait(set(plans))

    def delete(self, stacks: list[str]) -> None:
        for stack in stacks:
            self.client("cloudformation").delete_stack(StackName=stack)
        self.wait(set(stacks))

    def upload(self, stack: str, plan: dict[str, Any]) -> str:
        s3 = self.client("s3")
        if not [b for b in s3.list_buckets()["Buckets"] if b["Name"] == "templates"]:
            s3.create_bucket(
                Bucket="templates", CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        s3.put_object(
            Bucket="templates",
            Key=f"{stack}.json",
            Body=json.dumps(runnable(plan, self.ids)).encode(),
        )
        return f"{self.sandbox.url}/templates/{stack}.json"

    def wait(self, stacks: set[str]) -> None:
        """Until none is in progress; AssertionError when one did not become what was asked for.

        Deleted stacks are no longer listed.
        """
        cloudformation = self.client("cloudformation")
        end = time.monotonic() + 600  # a busy machine is no failure
        while True:
            found = {
                s["StackName"]: s["StackStatus"]
                for s in cloudformation.describe_stacks()["Stacks"]
                if s["StackName"] in stacks
            }
            if not [s for s in found.values() if s.endswith("_IN_PROGRESS")]:
                break
            assert time.monotonic() < end, f"too slow: {found}"
            time.sleep(0.3)
        bad = [s for s in found if found[s] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE")]
        for stack in bad:
            events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
            failed = [
                f"{e['LogicalResourceId']} {e.get('ResourceStatusReason', '')[:400]}"
                for e in events
                if "FAILED" in e["ResourceStatus"]
            ]
            raise AssertionError(f"{stack} is {found[stack]}: {failed}")

    def unprotect(self, resources: dict[str, str]) -> None:
        """What `down --force` does before it deletes."""
        for kind, physical in resources.values():
            if kind == "AWS::RDS::DBInstance":
                self.client("rds").modify_db_instance(
                    DBInstanceIdentifier=physical, DeletionProtection=False, ApplyImmediately=True
                )
            elif kind == "AWS::ElasticLoadBalancingV2::LoadBalancer":
                self.client("elbv2").modify_load_balancer_attributes(
                    LoadBalancerArn=physical,
                    Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
                )

    def resources(self, stack: str) -> dict[str, tuple[str, str]]:
        """Logical id: (type, physical id)."""
        found = (
            self.client("cloudformation")
            .get_paginator("list_stack_resources")
            .paginate(StackName=stack)
        )
        return {
            r["LogicalResourceId"]: (r["ResourceType"], r["PhysicalResourceId"])
            for page in found
            for r in page["StackResourceSummaries"]
        }

    def inventory(self) -> dict[str, set[str]]:
        """What the account holds, by kind."""

        def ids(
            service: str, operation: str, pick: str, key: str | None = None, **more: Any
        ) -> set[str]:
            pages = (
                self.client(service).get_paginator(operation).paginate(**more)
                if self.client(service).can_paginate(operation)
                else [getattr(self.client(service), operation)(**more)]
            )
            return {item[key] if key else item for page in pages for item in page[pick]}

        gateways = [{"Name": "state", "Values": ["pending", "available", "deleting"]}]
        return {
            "vpcs": ids("ec2", "describe_vpcs", "Vpcs", "VpcId"),
            "subnets": ids("ec2", "describe_subnets", "Subnets", "SubnetId"),
            "groups": ids("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
            "gateways": ids(
                "ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"
            ),
            "nats": ids(
                "ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", Filters=gateways
            ),
            "addresses": ids("ec2", "describe_addresses", "Addresses", "AllocationId"),
            "endpoints": ids(
                "ec2",
                "describe_vpc_endpoints",
                "VpcEndpoints",
                "VpcEndpointId",
                Filters=[{"Name": "vpc-endpoint-state", "Values": ["available"]}],
            ),
            "tables": ids("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
            "dhcp": ids("ec2", "describe_dhcp_options", "DhcpOptions", "DhcpOptionsId"),
            "interfaces": ids(
                "ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"
            ),
            "balancers": ids(
                "elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"
            ),
            "targets": ids("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
            "clusters": ids("ecs", "list_clusters", "clusterArns"),
            "definitions": ids(
                "ecs", "list_task_definitions", "taskDefinitionArns", status="ACTIVE"
            ),
            "roles": ids("iam", "list_roles", "Roles", "RoleName"),
            "logs": ids("logs", "describe_log_groups", "logGroups", "logGroupName"),
            "rules": ids("events", "list_rules", "Rules", "Name"),
            "zones": ids("route53", "list_hosted_zones", "HostedZones", "Id"),
            "repositories": ids("ecr", "describe_repositories", "repositories", "repositoryName"),
            "databases": ids("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
            "database snapshots": ids(
                "rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"
            ),
            "database groups": ids(
                "rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"
            ),
            "parameters of databases": {
                p
                for p in ids(
                    "rds",
                    "describe_db_parameter_groups",
                    "DBParameterGroups",
                    "DBParameterGroupName",
                )
                if not p.startswith("default.")
            },
            "caches": ids(
                "elasticache",
                "describe_replication_groups",
                "ReplicationGroups",
                "ReplicationGroupId",
            ),
            "cache snapshots": ids(
                "elasticache", "describe_snapshots", "Snapshots", "SnapshotName"
            ),
            "cache groups": ids(
                "elasticache",
                "describe_cache_subnet_groups",
                "CacheSubnetGroups",
                "CacheSubnetGroupName",
            ),
            "names": ids("servicediscovery", "list_services", "Services", "Id"),
            "namespaces": ids("servicediscovery", "list_namespaces", "Namespaces", "Id"),
            "certificates": ids(
                "acm", "list_certificates", "CertificateSummaryList", "CertificateArn"
            ),
            "buckets": ids("s3", "list_buckets", "Buckets", "Name"),
            "file systems": ids("efs", "describe_file_systems", "FileSystems", "FileSystemId"),
        }


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


class Role:
    """A role as IAM tells it, to ask what it may do.

    Conditions are taken as met, so that what is denied here is denied whatever the condition.
    """

    def __init__(self, iam: Any, name: str) -> None:
        self.name = name
        role = iam.get_role(RoleName=name)["Role"]
        self.trust = role["AssumeRolePolicyDocument"]
        self.service = next(
            (t["Value"] for t in role.get("Tags", []) if t["Key"] == "defang:service"), ""
        )
        self.attached = [
            p["PolicyArn"]
            for p in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        ]
        names = iam.list_role_policies(RoleName=name)["PolicyNames"]
        self.statements = [
            s
            for n in names
            for s in listed(
                iam.get_role_policy(RoleName=name, PolicyName=n)["PolicyDocument"]["Statement"]
            )
        ]

    def may(self, action: str, resource: str = "*") -> bool:
        def meets(statement: dict[str, Any]) -> bool:
            return any(
                fnmatch.fnmatchcase(action.lower(), a.lower())
                for a in listed(statement.get("Action"))
            ) and any(fnmatch.fnmatchcase(resource, r) for r in listed(statement.get("Resource")))

        effects = {s["Effect"] for s in self.statements if meets(s)}
        return effects == {"Allow"}
