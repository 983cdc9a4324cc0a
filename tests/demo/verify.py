"""Looks at a deployed examples/shop from outside, with boto3: is what was promised really there?

usage: verify.py [--project NAME] [--stack NAME]     (AWS_* variables say where)

Prints a line for each thing it looked at; the exit status is 1 when one of them is not as promised.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.config import Config

BUILT, FROM_IMAGE = ("api", "web"), ("worker",)


class Wrong(Exception):
    """What was found instead."""


def need(condition: Any, found: str) -> None:
    if not condition:
        raise Wrong(found)


class Shop:
    def __init__(
        self, client: Callable[[str], Any], project: str = "shop", stack: str = "beta"
    ) -> None:
        self.client, self.project, self.stack = client, project, stack
        self.name = f"Defang-{project}-{stack}"
        self.cluster = f"{self.name}-cluster"

    def services(self) -> list[dict[str, Any]]:
        ecs = self.client("ecs")
        arns = ecs.list_services(cluster=self.cluster)["serviceArns"]
        return (
            ecs.describe_services(cluster=self.cluster, services=arns)["services"] if arns else []
        )

    def definitions(self) -> list[dict[str, Any]]:
        return [
            self.client("ecs").describe_task_definition(taskDefinition=s["taskDefinition"])[
                "taskDefinition"
            ]
            for s in self.services()
        ]

    def stack_is_complete(self) -> str:
        status = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0][
            "StackStatus"
        ]
        need(status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), status)
        return f"stack {self.name}: {status}"

    def services_are_steady(self) -> str:
        services = self.services()
        need(len(services) == 3, f"{len(services)} services instead of 3")
        for s in services:
            need(
                s["runningCount"] == s["desiredCount"] > 0,
                f"{s['serviceName']}: {s['runningCount']} of {s['desiredCount']} run",
            )
            need(
                [d["rolloutState"] for d in s["deployments"]] == ["COMPLETED"],
                f"{s['serviceName']}: {s['deployments']}",
            )
        return (
            f"{len(services)} ECS services steady, {sum(s['runningCount'] for s in services)} "
            "tasks running"
        )

    def targets_are_healthy(self) -> str:
        elb = self.client("elbv2")
        groups = [t["targetGroupArn"] for s in self.services() for t in s.get("loadBalancers", [])]
        states = [
            h["TargetHealth"]["State"]
            for g in groups
            for h in elb.describe_target_health(TargetGroupArn=g)["TargetHealthDescriptions"]
        ]
        need(states == ["healthy", "healthy"], f"target states {states}")
        return f"{len(states)} targets of web healthy behind the load balancer"

    def load_balancer_is_public(self) -> str:
        balancers = [
            b
            for b in self.client("elbv2").describe_load_balancers()["LoadBalancers"]
            if b["VpcId"] == self.vpc()
        ]
        need(len(balancers) == 1 and balancers[0]["Scheme"] == "internet-facing", str(balancers))
        need(len(balancers[0]["AvailabilityZones"]) == 2, "not in two zones")
        return f"load balancer {balancers[0]['DNSName']} in two zones"

    def vpc(self) -> str:
        resource = self.client("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId="Vpc"
        )
        return str(resource["StackResourceDetail"]["PhysicalResourceId"])

    def names_resolve(self) -> str:
        route53, zone_name = self.client("route53"), f"{self.project}.internal."
        zones = [
            z
            for z in route53.list_hosted_zones()["HostedZones"]
            if z["Name"] == zone_name and z["Config"]["PrivateZone"]
        ]
        need(len(zones) == 1, f"{len(zones)} private zones {zone_name}")
        records = route53.list_resource_record_sets(HostedZoneId=zones[0]["Id"])[
            "ResourceRecordSets"
        ]
        names = {
            r["Name"].removesuffix("." + zone_name) for r in records if r["Type"] in ("A", "CNAME")
        }
        need({"api", "web", "db", "cache"} <= names, f"records {sorted(names)}")
        return (
            f"private zone {zone_name} has "
            f"{', '.join(sorted(n for n in names if n in ('api', 'web', 'db', 'cache')))}"
        )

    def database_is_private(self) -> str:
        found = [
            d
            for d in self.client("rds").describe_db_instances()["DBInstances"]
            if d["DBSubnetGroup"]["VpcId"] == self.vpc()
        ]
        need(len(found) == 1, f"{len(found)} databases")
        d = found[0]
        need(
            d["DBInstanceStatus"] == "available" and not d["PubliclyAccessible"],
            f"{d['DBInstanceStatus']}, public: {d['PubliclyAccessible']}",
        )
        need(d["StorageEncrypted"], "storage not encrypted")
        return f"RDS {d['Engine']} {d['EngineVersion']}: available, private, encrypted"

    def cache_is_private(self) -> str:
        cache = self.client("elasticache")
        resource = next(
            r
            for r in self.client("cloudformation").describe_stack_resources(StackName=self.name)[
                "StackResources"
            ]
            if r["ResourceType"] == "AWS::ElastiCache::ReplicationGroup"
        )
        group = cache.describe_replication_groups(
            ReplicationGroupId=resource["PhysicalResourceId"]
        )["ReplicationGroups"][0]
        need(group["Status"] == "available", group["Status"])
        return f"ElastiCache {group.get('Engine', 'redis')}: available, in the private subnets"

    def secrets_are_hidden(self) -> str:
        ssm, path = self.client("ssm"), f"/Defang/{self.project}/{self.stack}/"
        parameters = ssm.get_parameters_by_path(Path=path, WithDecryption=True, Recursive=True)[
            "Parameters"
        ]
        need(
            {p["Name"] for p in parameters} >= {path + "DATABASE_PASSWORD", path + "STRIPE_KEY"},
            str([p["Name"] for p in parameters]),
        )
        need(all(p["Type"] == "SecureString" for p in parameters), "not SecureString")
        body = self.client("cloudformation").get_template(
            StackName=self.name, TemplateStage="Original"
        )["TemplateBody"]
        texts = [
            body if isinstance(body, str) else json.dumps(body),
            json.dumps(self.definitions(), default=str),
        ]
        for p in parameters:
            need(
                not any(p["Value"] in text for text in texts),
                f"the value of {p['Name']} stands in clear",
            )
        taken = {
            s["name"]
            for d in self.definitions()
            for c in d["containerDefinitions"]
            for s in c.get("secrets", [])
        }
        need({"STRIPE_KEY", "DATABASE_URL"} <= taken, f"secrets of the tasks: {sorted(taken)}")
        return "config reaches the tasks from SSM; no value in template or task definitions"

    def images_are_by_digest(self) -> str:
        images = {
            c["image"]
            for d in self.definitions()
            for c in d["containerDefinitions"]
            if ".dkr.ecr." in c["image"] and "/kaniko-build" in c["image"]
        }
        need(len(images) == len(BUILT), str(images))
        for image in images:
            repository, _, digest = image.partition("/")[2].partition("@")
            need(digest.startswith("sha256:"), image)
            self.client("ecr").describe_images(
                repositoryName=repository, imageIds=[{"imageDigest": digest}]
            )
        return f"{len(images)} images built in the account, run by digest"

    def bucket_is_safe(self) -> str:
        s3 = self.client("s3")
        outputs = self.client("cloudformation").describe_stacks(StackName="defang-cd")["Stacks"][0][
            "Outputs"
        ]
        bucket = next(o["OutputValue"] for o in outputs if o["OutputKey"] == "bucketName")
        need(s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled", "not versioned")
        block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        need(len(block) == 4 and all(block.values()), str(block))
        keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="uploads/")["Contents"]]
        need(
            len(keys) >= len(BUILT) and all(k.startswith("uploads/sha256-") for k in keys),
            str(keys),
        )
        return f"bucket {bucket}: versioned, closed to the public, {len(keys)} uploads"

    def logs_are_kept(self) -> str:
        logs = self.client("logs")
        prefix = f"/Defang/{self.project}/{self.stack}/"
        names = {
            g["logGroupName"].removeprefix(prefix)
            for g in logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
        }
        need(names >= {"builds", "ecs", "logs"}, str(names))
        return f"log groups {prefix}{{builds,ecs,logs}}"

    def checks(self) -> Iterator[tuple[str, Callable[[], str]]]:
        for check in (
            self.stack_is_complete,
            self.services_are_steady,
            self.targets_are_healthy,
            self.load_balancer_is_public,
            self.names_resolve,
            self.database_is_private,
            self.cache_is_private,
            self.secrets_are_hidden,
            self.images_are_by_digest,
            self.bucket_is_safe,
            self.logs_are_kept,
        ):
            yield check.__name__.replace("_", " "), check


def clients(service: str) -> Any:
    return boto3.client(
        service,
        config=Config(s3={"addressing_style": "path"}, inject_host_prefix=False, proxies={}),
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--project", default="shop")
    parser.add_argument("--stack", default="beta")
    options = parser.parse_args()
    wrong = 0
    for name, check in Shop(clients, options.project, options.stack).checks():
        try:
            print(f" ✔ {check()}")
        except Wrong as found:
            wrong += 1
            print(f" ✘ {name}: {found}")
        except Exception as error:  # a call that AWS refuses is a finding too
            wrong += 1
            print(f" ✘ {name}: {type(error).__name__}: {error}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
