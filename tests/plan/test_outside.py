"""The 20 projects made real in the sandbox and looked at through the services' own APIs: created, updated, deleted; never through the template.

What is wanted is derived from the Compose file here, apart from the planner.
"""

import json
import pathlib
import sys
import tempfile
import time
import unittest
from typing import Any

import projects
from lib import template
from outside import ACCOUNT, REGION, Account, Role, listed
from wanted import Wanted

ANYWHERE = "0.0.0.0/0"
NEXT = "abcabcabcabc"


ACCOUNT_OF_ALL: list[Account] = []


def setUpModule() -> None:
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    ACCOUNT_OF_ALL.append(Account(pathlib.Path(folder.name) / "sandbox"))
    unittest.addModuleCleanup(ACCOUNT_OF_ALL[0].end)


class Looks:
    """What is looked at; the methods run by name: look (a to h), update, delete. Ten stacks at a time: CloudWatch Logs has ten resource policies."""

    maxDiff = None
    names: list[str] = []

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.account = ACCOUNT_OF_ALL[0]
        cls.plans = {n: projects.planned(n) for n in cls.names}
        cls.wanted = {n: Wanted(n, projects.compose(n), cls.plans[n]) for n in cls.names}
        cls.before = cls.account.inventory()
        cls.took = {}
        begun = time.monotonic()
        for name in cls.names:
            cls.account.provide_config(cls.plans[name])
        cls.account.put({n[3:]: cls.plans[n] for n in cls.names})
        cls.stacks = {n: cls.account.resources(n[3:]) for n in cls.names}
        cls.took["create"] = time.monotonic() - begun

    def each(self):
        for name in self.names:
            yield name, self.wanted[name], self.stacks[name]

    def ec2(self, operation: str, pick: str, **filters: Any) -> list[dict[str, Any]]:
        named = [{"Name": k.replace("_", "-").replace("--", "."), "Values": listed(v)} for k, v in filters.items()]
        return getattr(self.account.client("ec2"), operation)(Filters=named)[pick]

    def services_of(self, stack: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
        arns = [p for kind, p in stack.values() if kind == "AWS::ECS::Service"]
        cluster = stack["Cluster"][1]
        found = []
        for i in range(0, len(arns), 10):
            found += self.account.client("ecs").describe_services(cluster=cluster, services=arns[i:i + 10], include=["TAGS"])["services"]
        return found

    def way_out(self, subnet: str) -> str:
        tables = self.ec2("describe_route_tables", "RouteTables", association__subnet_id=subnet)
        self.assertEqual(len(tables), 1, f"route tables of {subnet}")
        ways = [r.get("GatewayId") or r.get("NatGatewayId") for r in tables[0]["Routes"] if r.get("DestinationCidrBlock") == ANYWHERE]
        return ways[0] if ways else ""

    def test_a_network(self) -> None:
        for _name, wanted, stack in self.each():
            if "Vpc" not in stack:
                self.assertTrue(wanted.adopted)
                continue
            vpc = stack["Vpc"][1]
            nats = self.ec2("describe_nat_gateways", "NatGateways", vpc_id=vpc)
            subnets = {s["SubnetId"]: s for s in self.ec2("describe_subnets", "Subnets", vpc_id=vpc)}
            self.assertEqual(len(nats), {"none": 0, "single": 1, "per-zone": wanted.zones}[wanted.nat])
            self.assertEqual(len(subnets), 2 * wanted.zones)
            for nat in nats:
                self.assertRegex(self.way_out(nat["SubnetId"]), "^igw-", "a NAT gateway stands in a public subnet")
            for subnet, facts in subnets.items():
                way = self.way_out(subnet)
                if facts["MapPublicIpOnLaunch"]:
                    self.assertEqual(way, stack["InternetGateway"][1])
                    continue
                zone = next((n for n in nats if subnets[n["SubnetId"]]["AvailabilityZone"] == facts["AvailabilityZone"]), None)
                expected = {"none": "", "single": nats[0]["NatGatewayId"] if nats else "", "per-zone": zone["NatGatewayId"] if zone else "?"}[wanted.nat]
                self.assertEqual(way, expected)
            options = self.account.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"]
            dhcp = self.account.client("ec2").describe_dhcp_options(DhcpOptionsIds=[options])["DhcpOptions"][0]
            search = {c["Key"]: [v["Value"] for v in c["Values"]] for c in dhcp["DhcpConfigurations"]}
            self.assertEqual(search["domain-name"], [wanted.domain])

    def test_b_services(self) -> None:
        for _name, wanted, stack in self.each():
            found = {next(t["value"] for t in s["tags"] if t["key"] == "defang:service"): s for s in self.services_of(stack)}
            self.assertEqual(set(found), set(wanted.containers))
            for service, facts in found.items():
                if wanted.scaled(service):
                    self.look_at_scaling(facts, wanted.replicas(service))
                else:
                    self.assertEqual(facts["desiredCount"], wanted.replicas(service), service)
                    self.assertEqual(facts["runningCount"], wanted.replicas(service), service)
                self.assertEqual([c["capacityProvider"] for c in facts["capacityProviderStrategy"]], [wanted.capacity])
                self.assertEqual(facts["deploymentConfiguration"]["minimumHealthyPercent"], wanted.min_healthy)
                network = facts["networkConfiguration"]["awsvpcConfiguration"]
                public = wanted.nat == "none" or bool(wanted.open_ports(service))
                self.assertEqual(network["assignPublicIp"], "ENABLED" if public else "DISABLED", service)
                for subnet in network["subnets"]:
                    self.assertRegex(self.way_out(subnet), "^igw-" if public else "^nat-", f"{service} has a way out")

    def look_at_scaling(self, facts: dict[str, Any], least: int) -> None:
        """Between the count that the file says and twice that, by CPU. (The sandbox does not scale.)"""
        resource = f"service/{facts['clusterArn'].rsplit('/', 1)[1]}/{facts['serviceName']}"
        scaling = self.account.client("application-autoscaling")
        target = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"][0]
        self.assertEqual((target["MinCapacity"], target["MaxCapacity"]), (least, 2 * least))
        policies = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]
        self.assertEqual([p["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"] for p in policies],
                         ["ECSServiceAverageCPUUtilization"])

    def test_c_security_groups(self) -> None:
        for _name, wanted, stack in self.each():
            vpc = stack["Vpc"][1] if "Vpc" in stack else self.account.ids[projects.VPC]
            groups = {g["GroupId"]: g for g in self.ec2("describe_security_groups", "SecurityGroups", vpc_id=vpc)}
            label = {physical: logical for logical, (kind, physical) in stack.items() if kind == "AWS::EC2::SecurityGroup"}
            for group, facts in groups.items():
                if facts["GroupName"] == "default" or group not in label:
                    continue
                admits = set()
                for rule in facts["IpPermissions"]:
                    sources = [r["CidrIp"] for r in rule["IpRanges"]] + [label[p["GroupId"]] for p in rule["UserIdGroupPairs"]]
                    admits |= {(rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"), source) for source in sources}
                owner = next((t["Value"] for t in facts.get("Tags", []) if t["Key"] == "defang:service"), None)
                self.assertEqual(admits, wanted.admits(owner, label[group], self.listeners(stack)), f"{owner or label[group]}")

    def listeners(self, stack: dict[str, tuple[str, str]]) -> list[int]:
        balancer = stack.get("LoadBalancer")
        return [x["Port"] for x in self.account.client("elbv2").describe_listeners(LoadBalancerArn=balancer[1])["Listeners"]] if balancer else []

    def test_d_load_balancer(self) -> None:
        elb = self.account.client("elbv2")
        for _name, wanted, stack in self.each():
            if not wanted.ingress:
                self.assertNotIn("LoadBalancer", stack)
                continue
            balancer = elb.describe_load_balancers(LoadBalancerArns=[stack["LoadBalancer"][1]])["LoadBalancers"][0]
            self.assertEqual(balancer["Scheme"], "internet-facing")
            for zone in balancer["AvailabilityZones"]:
                self.assertRegex(self.way_out(zone["SubnetId"]), "^igw-")
            groups = elb.describe_target_groups(LoadBalancerArn=balancer["LoadBalancerArn"])["TargetGroups"]
            self.assertEqual(sorted(g["Port"] for g in groups), sorted(p for _, p in wanted.ingress))
            forwarded = set()
            for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
                for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
                    forwarded |= {a["TargetGroupArn"] for a in rule["Actions"] if a["Type"] == "forward"}
            self.assertEqual(forwarded, {g["TargetGroupArn"] for g in groups}, "every target group is reached by a rule")
            for group in groups:
                health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
                service = next(s for s, p in wanted.ingress if p == group["Port"])
                self.assertEqual([h["TargetHealth"]["State"] for h in health], ["healthy"] * wanted.replicas(service), service)
                self.assertEqual(group["HealthCheckPath"], wanted.health_path(service, group["Port"]), service)

    def test_e_roles(self) -> None:
        iam = self.account.client("iam")
        here = f"{REGION}:{ACCOUNT}"
        for _name, wanted, stack in self.each():
            for logical, (kind, physical) in stack.items():
                if kind != "AWS::IAM::Role":
                    continue
                role = Role(iam, physical)
                for forbidden in ("iam:PassRole", "iam:CreateRole", "sts:AssumeRole", "s3:PutObject", "s3:DeleteBucket", "ec2:RunInstances", "kms:Decrypt", "ssm:PutParameter"):
                    if (logical, forbidden) not in wanted.granted:
                        self.assertFalse(role.may(forbidden, f"arn:aws:iam::{ACCOUNT}:role/any"), f"{logical} {forbidden}")
                if wanted.trusts_tasks(logical):
                    self.assertEqual([s["Principal"] for s in role.trust["Statement"]], [{"Service": "ecs-tasks.amazonaws.com"}], logical)
                    self.assertEqual(role.trust["Statement"][0]["Condition"]["StringEquals"], {"aws:SourceAccount": ACCOUNT}, logical)
                if logical == "ExecutionRole":
                    self.assertTrue(role.may("ssm:GetParameters", f"arn:aws:ssm:{here}:parameter{wanted.config_path}ANY"))
                    self.assertFalse(role.may("ssm:GetParameters", f"arn:aws:ssm:{here}:parameter/Defang/other/beta/ANY"))
                    self.assertTrue(role.may("logs:PutLogEvents", f"arn:aws:logs:{here}:log-group:{wanted.log_group('logs')}:*"))
                    self.assertFalse(role.may("logs:PutLogEvents", f"arn:aws:logs:{here}:log-group:/Defang/other/beta/logs:*"))
                    self.assertFalse(role.may("logs:CreateLogGroup", f"arn:aws:logs:{here}:log-group:{wanted.log_group('logs')}:*"))
                    self.assertEqual(role.may("ecr:BatchGetImage", f"arn:aws:ecr:{here}:repository/{wanted.repository}"), bool(wanted.built))
                    self.assertFalse(role.may("ecr:BatchGetImage", f"arn:aws:ecr:{here}:repository/other/kaniko-build"))
                elif logical == "KanikoRole":
                    self.assertTrue(role.may("s3:GetObject", "arn:aws:s3:::defang-cd-bucket-0123456789ab/uploads/sha256-x.tar.gz"))
                    self.assertFalse(role.may("s3:GetObject", "arn:aws:s3:::defang-cd-bucket-0123456789ab/.pulumi/stacks/x.json"))
                    self.assertTrue(role.may("ecr:PutImage", f"arn:aws:ecr:{here}:repository/{wanted.repository}/cache"))
                    self.assertFalse(role.may("ecr:PutImage", f"arn:aws:ecr:{here}:repository/other/kaniko-build"))
                    self.assertFalse(role.may("ssm:GetParameters", f"arn:aws:ssm:{here}:parameter{wanted.config_path}ANY"), "a build knows no config")
                elif logical.startswith("TaskRole") and wanted.mounts(role.service):
                    systems = {p for k, p in stack.values() if k == "AWS::EFS::FileSystem"}
                    for system in systems:
                        arn = f"arn:aws:elasticfilesystem:{here}:file-system/{system}"
                        self.assertTrue(role.may("elasticfilesystem:ClientMount", arn), logical)
                        self.assertEqual(role.may("elasticfilesystem:ClientWrite", arn), wanted.mounts(role.service) == "write", logical)
                    self.assertFalse(role.may("elasticfilesystem:ClientMount", f"arn:aws:elasticfilesystem:{here}:file-system/fs-other"))
                    self.assertFalse(role.may("s3:GetObject", "arn:aws:s3:::any/thing"))
                elif logical.startswith("TaskRole") and wanted.asks(role.service):
                    self.assertEqual(role.attached, wanted.services[role.service].get("x-defang-policies", []))
                    model = "arn:aws:bedrock:us-west-2::foundation-model/any"
                    self.assertEqual(role.may("bedrock:InvokeModel", model), bool(wanted.services[role.service].get("x-defang-llm")))
                    self.assertFalse(role.may("bedrock:DeleteCustomModel", model) or role.may("s3:GetObject", "arn:aws:s3:::any/thing"))
                elif logical.startswith("TaskRole"):
                    self.assertEqual((role.statements, role.attached), ([], []), f"{logical} may do nothing")

    def test_f_logs(self) -> None:
        for _name, wanted, _stack in self.each():
            for which in ("builds", "ecs", "logs"):
                groups = self.account.client("logs").describe_log_groups(logGroupNamePrefix=wanted.log_group(which))["logGroups"]
                self.assertEqual([g.get("retentionInDays") for g in groups if g["logGroupName"] == wanted.log_group(which)], [wanted.retention])
            streams = self.account.client("logs").describe_log_streams(logGroupName=wanted.log_group("ecs"))["logStreams"]
            if any(wanted.replicas(s) for s in wanted.containers):
                self.assertTrue(streams, "the rule writes ECS events into the group")

    def test_g_names(self) -> None:
        route53 = self.account.client("route53")
        for _name, wanted, _stack in self.each():
            zones = [z for z in route53.list_hosted_zones()["HostedZones"] if z["Name"] == f"{wanted.domain}."]
            self.assertEqual([z["Config"]["PrivateZone"] for z in zones], [True])
            records = [r for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zones[0]["Id"]) for r in page["ResourceRecordSets"]]
            addresses: dict[str, list[str]] = {}
            for record in records:
                if record["Type"] in ("A", "CNAME"):
                    addresses.setdefault(record["Name"].removesuffix(f".{wanted.domain}."), []).extend(v["Value"] for v in record["ResourceRecords"])
            expected = wanted.names
            self.assertEqual({name: len(values) for name, values in addresses.items()}, expected)
            for name, values in addresses.items():
                if name in wanted.store_labels:
                    self.assertRegex(values[0], r"amazonaws\.com\.?$")
                else:
                    self.assertTrue(all(v.startswith("10.9." if wanted.adopted else "10.0.") for v in values), values)

    def test_h_builds(self) -> None:
        ecr = self.account.client("ecr")
        for _name, wanted, _stack in self.each():
            found = {r["repositoryName"] for r in ecr.describe_repositories()["repositories"] if r["repositoryName"].startswith(f"{wanted.repository}")}
            self.assertEqual(found, {wanted.repository, f"{wanted.repository}/cache"} if wanted.built else set())
            for repository in found:
                policy = json.loads(ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"])
                self.assertTrue(all(r["action"]["type"] == "expire" for r in policy["rules"]))

    def test_y_update(self) -> None:
        begun = time.monotonic()
        changed = {}
        for name in self.names:
            old = self.folder / f"{name}.json"
            old.write_text(json.dumps(self.plans[name]))
            path = projects.changed(name, self.folder)
            changed[name] = (path, template(*projects.arguments(name), "--deployment", NEXT, "--previous", old, path))
            self.account.provide_config(changed[name][1])
        self.account.put({n[3:]: changed[n][1] for n in self.names})
        type(self).took["update"] = time.monotonic() - begun
        type(self).wanted = {n: Wanted(n, *changed[n]) for n in self.names}
        type(self).stacks = {n: self.account.resources(n[3:]) for n in self.names}
        self.test_b_services()
        self.test_c_security_groups()
        self.test_d_load_balancer()
        self.test_g_names()

    def test_z_delete(self) -> None:
        begun = time.monotonic()
        for name in self.names:
            self.account.unprotect(self.stacks[name])
        self.account.delete([n[3:] for n in self.names])
        type(self).took["delete"] = time.monotonic() - begun
        after = self.account.inventory()
        left = {kind: sorted(after[kind] - self.before[kind]) for kind in after if after[kind] - self.before[kind]}
        promised = {kind: left.pop(kind, []) for kind in ("database snapshots", "cache snapshots")}
        kept = {physical for n in self.names for logical, (_kind, physical) in self.stacks[n].items() if self.plans[n]["Resources"].get(logical, {}).get("DeletionPolicy", "").startswith("Retain")}
        left = {kind: rest for kind, ids in left.items() if (rest := [i for i in ids if i not in kept and i != "templates"])}
        self.assertEqual(left, {})
        self.assertEqual([len(v) for v in promised.values()], [sum(w.kept_databases for w in self.wanted.values()), sum(w.kept_caches for w in self.wanted.values())],
                         f"the last snapshots of protected stores: {promised}")
        print("seconds:", {k: round(v, 1) for k, v in self.took.items()}, file=sys.stderr)


class FirstTen(Looks, unittest.TestCase):
    names = projects.names()[:10]


class LastTen(Looks, unittest.TestCase):
    names = projects.names()[10:]


if __name__ == "__main__":
    unittest.main()
