"""What test_outside.py looks at in the network of a project: ways out, who may reach whom, the
front.

Every subnet has the way out that the file asks for (none, one NAT gateway, one in each zone); a
security group admits what wanted.py says and nothing else; each target group is reached by a rule,
and its targets are healthy. A class to be mixed in: `each`, `account` and the assertions are
Looks'.
"""

from typing import Any

import projects
from outside import listed

ANYWHERE = "0.0.0.0/0"


class NetworkLooks:
    def ec2(self, operation: str, pick: str, **filters: Any) -> list[dict[str, Any]]:
        named = [
            {"Name": k.replace("_", "-").replace("--", "."), "Values": listed(v)}
            for k, v in filters.items()
        ]
        return getattr(self.account.client("ec2"), operation)(Filters=named)[pick]

    def way_out(self, subnet: str) -> str:
        tables = self.ec2("describe_route_tables", "RouteTables", association__subnet_id=subnet)
        self.assertEqual(len(tables), 1, f"route tables of {subnet}")
        ways = [
            r.get("GatewayId") or r.get("NatGatewayId")
            for r in tables[0]["Routes"]
            if r.get("DestinationCidrBlock") == ANYWHERE
        ]
        return ways[0] if ways else ""

    def test_a_network(self) -> None:
        for _name, wanted, stack in self.each():
            if "Vpc" not in stack:
                self.assertTrue(wanted.adopted)
                continue
            vpc = stack["Vpc"][1]
            nats = self.ec2("describe_nat_gateways", "NatGateways", vpc_id=vpc)
            subnets = {
                s["SubnetId"]: s for s in self.ec2("describe_subnets", "Subnets", vpc_id=vpc)
            }
            self.assertEqual(
                len(nats), {"none": 0, "single": 1, "per-zone": wanted.zones}[wanted.nat]
            )
            self.assertEqual(len(subnets), 2 * wanted.zones)
            for nat in nats:
                self.assertRegex(
                    self.way_out(nat["SubnetId"]),
                    "^igw-",
                    "a NAT gateway stands in a public subnet",
                )
            for subnet, facts in subnets.items():
                way = self.way_out(subnet)
                if facts["MapPublicIpOnLaunch"]:
                    self.assertEqual(way, stack["InternetGateway"][1])
                    continue
                zone = next(
                    (
                        n
                        for n in nats
                        if subnets[n["SubnetId"]]["AvailabilityZone"] == facts["AvailabilityZone"]
                    ),
                    None,
                )
                expected = {
                    "none": "",
                    "single": nats[0]["NatGatewayId"] if nats else "",
                    "per-zone": zone["NatGatewayId"] if zone else "?",
                }[wanted.nat]
                self.assertEqual(way, expected)
            options = self.account.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"][0][
                "DhcpOptionsId"
            ]
            dhcp = self.account.client("ec2").describe_dhcp_options(DhcpOptionsIds=[options])[
                "DhcpOptions"
            ][0]
            search = {
                c["Key"]: [v["Value"] for v in c["Values"]] for c in dhcp["DhcpConfigurations"]
            }
            self.assertEqual(search["domain-name"], [wanted.domain])

    def test_c_security_groups(self) -> None:
        for _name, wanted, stack in self.each():
            vpc = stack["Vpc"][1] if "Vpc" in stack else self.account.ids[projects.VPC]
            groups = {
                g["GroupId"]: g
                for g in self.ec2("describe_security_groups", "SecurityGroups", vpc_id=vpc)
            }
            label = {
                physical: logical
                for logical, (kind, physical) in stack.items()
                if kind == "AWS::EC2::SecurityGroup"
            }
            for group, facts in groups.items():
                if facts["GroupName"] == "default" or group not in label:
                    continue
                admits = set()
                for rule in facts["IpPermissions"]:
                    sources = [r["CidrIp"] for r in rule["IpRanges"]] + [
                        label[p["GroupId"]] for p in rule["UserIdGroupPairs"]
                    ]
                    admits |= {
                        (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"), source)
                        for source in sources
                    }
                owner = next(
                    (t["Value"] for t in facts.get("Tags", []) if t["Key"] == "defang:service"),
                    None,
                )
                self.assertEqual(
                    admits,
                    wanted.admits(owner, label[group], self.listeners(stack)),
                    f"{owner or label[group]}",
                )

    def test_i_neighbours(self) -> None:
        """Any port of a service, declared or not, is open to those that share a network with it,
        and to no other service: by the groups that the tasks wear.
        """
        for _name, wanted, stack in self.each():
            services = {
                next(t["value"] for t in s["tags"] if t["key"] == "defang:service"): set(
                    s["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]
                )
                for s in self.services_of(stack)
            }
            groups = {
                g["GroupId"]: g
                for g in self.account.client("ec2").describe_security_groups()["SecurityGroups"]
            }
            for called, worn in services.items():
                admitted = {
                    pair["GroupId"]
                    for group in worn
                    for rule in groups[group]["IpPermissions"]
                    if rule["IpProtocol"] == "-1"
                    for pair in rule["UserIdGroupPairs"]
                }
                self.assertEqual(
                    {caller for caller, wears in services.items() if wears & admitted},
                    {caller for caller in services if wanted.share(caller, called)},
                    f"who reaches {called}",
                )

    def listeners(self, stack: dict[str, tuple[str, str]]) -> list[int]:
        balancer = stack.get("LoadBalancer")
        return (
            [
                x["Port"]
                for x in self.account.client("elbv2").describe_listeners(
                    LoadBalancerArn=balancer[1]
                )["Listeners"]
            ]
            if balancer
            else []
        )

    def test_d_load_balancer(self) -> None:
        elb = self.account.client("elbv2")
        for _name, wanted, stack in self.each():
            if not wanted.ingress:
                self.assertNotIn("LoadBalancer", stack)
                continue
            balancer = elb.describe_load_balancers(LoadBalancerArns=[stack["LoadBalancer"][1]])[
                "LoadBalancers"
            ][0]
            self.assertEqual(balancer["Scheme"], "internet-facing")
            for zone in balancer["AvailabilityZones"]:
                self.assertRegex(self.way_out(zone["SubnetId"]), "^igw-")
            groups = elb.describe_target_groups(LoadBalancerArn=balancer["LoadBalancerArn"])[
                "TargetGroups"
            ]
            self.assertEqual(
                sorted(g["Port"] for g in groups), sorted(p for _, p in wanted.ingress)
            )
            forwarded = set()
            for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])[
                "Listeners"
            ]:
                for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
                    forwarded |= {
                        a["TargetGroupArn"] for a in rule["Actions"] if a["Type"] == "forward"
                    }
            self.assertEqual(
                forwarded,
                {g["TargetGroupArn"] for g in groups},
                "every target group is reached by a rule",
            )
            for group in groups:
                health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
                    "TargetHealthDescriptions"
                ]
                service = next(s for s, p in wanted.ingress if p == group["Port"])
                self.assertEqual(
                    [h["TargetHealth"]["State"] for h in health],
                    ["healthy"] * wanted.replicas(service),
                    service,
                )
                self.assertEqual(
                    group["HealthCheckPath"], wanted.health_path(service, group["Port"]), service
                )
