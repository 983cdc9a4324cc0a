"""What test_outside.py looks at in the services of a project: counts, scaling, logs, names, images.

A class to be mixed in: `each`, `account`, `way_out` and the assertions are Looks' and
NetworkLooks'.
"""

import json
from typing import Any


class ServiceLooks:
    def services_of(self, stack: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
        arns = [p for kind, p in stack.values() if kind == "AWS::ECS::Service"]
        cluster = stack["Cluster"][1]
        found = []
        for i in range(0, len(arns), 10):
            found += self.account.client("ecs").describe_services(
                cluster=cluster, services=arns[i : i + 10], include=["TAGS"]
            )["services"]
        return found

    def test_b_services(self) -> None:
        for _name, wanted, stack in self.each():
            found = {
                next(t["value"] for t in s["tags"] if t["key"] == "defang:service"): s
                for s in self.services_of(stack)
            }
            self.assertEqual(set(found), set(wanted.containers))
            for service, facts in found.items():
                if wanted.scaled(service):
                    self.look_at_scaling(facts, wanted.replicas(service))
                else:
                    self.assertEqual(facts["desiredCount"], wanted.replicas(service), service)
                    self.assertEqual(facts["runningCount"], wanted.replicas(service), service)
                self.assertEqual(
                    [c["capacityProvider"] for c in facts["capacityProviderStrategy"]],
                    [wanted.capacity],
                )
                self.assertEqual(
                    facts["deploymentConfiguration"]["minimumHealthyPercent"],
                    wanted.least_healthy(service),
                )
                network = facts["networkConfiguration"]["awsvpcConfiguration"]
                public = wanted.nat == "none" or bool(wanted.open_ports(service))
                self.assertEqual(
                    network["assignPublicIp"], "ENABLED" if public else "DISABLED", service
                )
                for subnet in network["subnets"]:
                    self.assertRegex(
                        self.way_out(subnet),
                        "^igw-" if public else "^nat-",
                        f"{service} has a way out",
                    )

    def look_at_scaling(self, facts: dict[str, Any], least: int) -> None:
        """Between the count that the file says and twice that, by CPU.

        (The sandbox does not scale.)
        """
        resource = f"service/{facts['clusterArn'].rsplit('/', 1)[1]}/{facts['serviceName']}"
        scaling = self.account.client("application-autoscaling")
        target = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])[
            "ScalableTargets"
        ][0]
        self.assertEqual((target["MinCapacity"], target["MaxCapacity"]), (least, 2 * least))
        policies = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)[
            "ScalingPolicies"
        ]
        self.assertEqual(
            [
                p["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"][
                    "PredefinedMetricType"
                ]
                for p in policies
            ],
            ["ECSServiceAverageCPUUtilization"],
        )

    def test_f_logs(self) -> None:
        for _name, wanted, _stack in self.each():
            for which in ("builds", "ecs", "logs"):
                groups = self.account.client("logs").describe_log_groups(
                    logGroupNamePrefix=wanted.log_group(which)
                )["logGroups"]
                self.assertEqual(
                    [
                        g.get("retentionInDays")
                        for g in groups
                        if g["logGroupName"] == wanted.log_group(which)
                    ],
                    [wanted.retention],
                )
            streams = self.account.client("logs").describe_log_streams(
                logGroupName=wanted.log_group("ecs")
            )["logStreams"]
            if any(wanted.replicas(s) for s in wanted.containers):
                self.assertTrue(streams, "the rule writes ECS events into the group")

    def test_g_names(self) -> None:
        route53 = self.account.client("route53")
        for _name, wanted, _stack in self.each():
            zones = [
                z
                for z in route53.list_hosted_zones()["HostedZones"]
                if z["Name"] == f"{wanted.domain}."
            ]
            self.assertEqual([z["Config"]["PrivateZone"] for z in zones], [True])
            records = [
                r
                for page in route53.get_paginator("list_resource_record_sets").paginate(
                    HostedZoneId=zones[0]["Id"]
                )
                for r in page["ResourceRecordSets"]
            ]
            addresses: dict[str, list[str]] = {}
            for record in records:
                if record["Type"] in ("A", "CNAME"):
                    addresses.setdefault(
                        record["Name"].removesuffix(f".{wanted.domain}."), []
                    ).extend(v["Value"] for v in record["ResourceRecords"])
            expected = wanted.names
            self.assertEqual({name: len(values) for name, values in addresses.items()}, expected)
            for name, values in addresses.items():
                if name in wanted.aliases:
                    self.assertEqual(
                        values[0].rstrip("."), f"{wanted.aliases[name]}.{wanted.domain}"
                    )
                elif name in wanted.store_labels:
                    self.assertRegex(values[0], r"amazonaws\.com\.?$")
                else:
                    self.assertTrue(
                        all(v.startswith("10.9." if wanted.adopted else "10.0.") for v in values),
                        values,
                    )

    def test_h_builds(self) -> None:
        ecr = self.account.client("ecr")
        for _name, wanted, _stack in self.each():
            found = {
                r["repositoryName"]
                for r in ecr.describe_repositories()["repositories"]
                if r["repositoryName"].startswith(f"{wanted.repository}")
            }
            self.assertEqual(
                found, {wanted.repository, f"{wanted.repository}/cache"} if wanted.built else set()
            )
            for repository in found:
                policy = json.loads(
                    ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
                )
                self.assertTrue(all(r["action"]["type"] == "expire" for r in policy["rules"]))
