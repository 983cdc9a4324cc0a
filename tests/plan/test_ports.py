"""Ports mean what they mean in Docker: rows 4 to 9, 81, 88, 91 and 99 of what `docker compose up`
runs.

A project is a few lines; what is asked is the addresses (outputs), who may call whom (groups), and
the sentences. The order of services is that of the file, never of the alphabet.
"""

import json
import pathlib
import tempfile
import unittest
from typing import Any

from lib import Refused, tool

ARN = "arn:aws:acm:us-west-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
AWS = {"x-defang-aws": {"albCertificateArn": ARN}}
LB, NLB = "${LoadBalancer.DNSName}", "${NetworkLoadBalancer.DNSName}"


class Plan:
    def __init__(self, text: str, said: str) -> None:
        self.template, self.said = json.loads(text), said
        self.resources = self.template["Resources"]

    @property
    def addresses(self) -> dict[str, str]:
        return {
            k.removeprefix("Endpoint"): v["Value"]
            if isinstance(v["Value"], str)
            else v["Value"]["Fn::Sub"].replace(LB, "lb").replace(NLB, "nlb")
            for k, v in self.template["Outputs"].items()
            if k.startswith("Endpoint")
        }

    def of(self, logical_id: str) -> dict[str, Any]:
        return self.resources[logical_id]["Properties"]

    def kinds(self, kind: str) -> set[str]:
        return {k for k, r in self.resources.items() if r["Type"].endswith("::" + kind)}

    def admitted(self, group: str) -> set[tuple[str, int, str]]:
        return {
            (
                r["IpProtocol"],
                r.get("FromPort", 0),
                r.get("CidrIp") or r["SourceSecurityGroupId"]["Fn::GetAtt"][0],
            )
            for r in self.of(group).get("SecurityGroupIngress", [])
            if r["IpProtocol"] != "icmp"
        }


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "compose.yaml"

    def plan(self, services: dict[str, Any], *arguments: Any, **top: Any) -> Plan:
        whole = {
            name: {"image": "ghcr.io/acme/app:1", **(s if isinstance(s, dict) else {"ports": s})}
            for name, s in services.items()
        }
        self.path.write_text(json.dumps({"name": "ports", "services": whole, **top}))
        return Plan(*tool(*arguments, self.path))


class Published(Case):
    def test_row_4(self) -> None:
        plan = self.plan({"app": ["80:8000"], "adminer": ["8080:8080"]})
        self.assertEqual(
            plan.addresses, {"AppP8000": "http://lb", "AdminerP8080": "http://lb:8080"}
        )
        opened = {(p, n) for p, n, _ in plan.admitted("AlbSecurityGroup")}
        self.assertEqual(opened, {("tcp", 80), ("tcp", 8080)})
        self.assertEqual(plan.kinds("Listener"), {"Listener80", "Listener8080"})

    def test_row_4_two_want_one(self) -> None:
        plan = self.plan({"web": ["8080:3000"], "api": ["8080:4000"], "also": ["8080:8080"]})
        self.assertEqual(
            plan.addresses,
            {
                "WebP3000": "http://lb:8080",
                "ApiP4000": "http://lb:4000",
                "AlsoP8080": "http://lb:8081",
            },
        )
        self.assertIn(
            "service api: port 8080 is published by service web, which comes first: its port 4000 "
            "is served on port 4000 of the load balancer",
            plan.said,
        )

    def test_row_4_443_without_a_certificate(self) -> None:
        plan = self.plan({"web": ["443:443", "8000:80"], "only": ["443:8443"]})
        self.assertEqual(plan.addresses, {"WebP80": "http://lb:8000"})
        self.assertIn("port 443 is published at 443, which is HTTPS, and there is no", plan.said)
        self.assertNotIn(("tcp", 8443, "AlbSecurityGroup"), plan.admitted("SecurityGroupOnly"))
        self.assertNotIn("only has no healthcheck", plan.said)

    def test_row_4_443_with_a_certificate(self) -> None:
        plan = self.plan({"web": ["80:80", "443:443"], "b": ["8443:9000"]}, **AWS)
        self.assertEqual(
            plan.addresses,
            {"WebP80": "http://lb", "WebP443": "https://lb", "BP9000": "https://lb:8443"},
        )
        self.assertEqual(plan.of("TargetGroupWebP443")["Protocol"], "HTTPS")
        self.assertEqual(plan.of("TargetGroupWebP443")["HealthCheckProtocol"], "HTTPS")
        one = self.plan({"web": ["80:3000", "443:3000"]}, **AWS)
        self.assertEqual(one.addresses, {"WebP3000": "https://lb"})
        redirect = one.of("Listener80")["DefaultActions"][0]
        self.assertEqual(redirect["Type"], "redirect")
        self.assertEqual(
            self.plan({"web": ["80:3000"]}, **AWS).addresses, {"WebP3000": "https://lb"}
        )

    def test_row_5(self) -> None:
        """Published 80 wins; without a number the first in the file, never the alphabet."""
        plan = self.plan({"storefront": ["80:3000"], "orders": ["4000"]})
        self.assertEqual(
            plan.addresses, {"StorefrontP3000": "http://lb", "OrdersP4000": "http://lb:4000"}
        )
        self.assertIn(
            "port 4000 is published without a number: it is served on port 4000", plan.said
        )
        plan = self.plan({"z": ["3000"], "a": ["3000"], "b": ["3001"]})
        self.assertEqual(
            plan.addresses,
            {"ZP3000": "http://lb", "AP3000": "http://lb:3000", "BP3001": "http://lb:3001"},
        )

    def test_a_place_is_kept(self) -> None:
        """Who comes earlier takes nobody's address away; who publishes a number does."""
        first = self.path.parent / "first.json"
        first.write_text(json.dumps(self.plan({"z": ["3000"], "y": ["3001"]}).template))
        kept = self.plan({"new": ["5000"], "y": ["3001"], "z": ["3000"]}, "--previous", first)
        self.assertEqual(
            kept.addresses,
            {"ZP3000": "http://lb", "YP3001": "http://lb:3001", "NewP5000": "http://lb:5000"},
        )
        said = self.plan({"z": ["3000"], "y": ["3001"], "x": ["80:80"]}, "--previous", first)
        self.assertEqual(
            said.addresses,
            {"ZP3000": "http://lb:3000", "YP3001": "http://lb:3001", "XP80": "http://lb"},
        )

    def test_ranges(self) -> None:
        plan = self.plan({"web": ["8000-8005:9000-9005"], "any": ["8004-8006:80"]})
        self.assertEqual(
            plan.addresses,
            {f"WebP{9000 + n}": f"http://lb:{8000 + n}" for n in range(5)}
            | {"AnyP80": "http://lb:8005"},
        )
        self.assertIn("port 9005 is not served to the internet: ECS takes the first 5", plan.said)

    def test_row_91_two_numbers_of_one_port(self) -> None:
        plan = self.plan({"web": ["80:3000", "8080:3000", "8080:3000"]})
        self.assertEqual(
            plan.addresses, {"WebP3000": "http://lb", "WebP3000On8080": "http://lb:8080"}
        )
        self.assertEqual(plan.kinds("TargetGroup"), {"TargetGroupWebP3000"})
        for rule in ("ListenerRuleWebP3000", "ListenerRuleWebP3000On8080"):
            self.assertEqual(
                plan.of(rule)["Actions"][0]["TargetGroupArn"], {"Ref": "TargetGroupWebP3000"}
            )

    def test_row_7(self) -> None:
        for address, public in (
            ("0.0.0.0", True), ("[::]", True), ("127.0.0.1", False), ("127.1.2.3", False),
            ("[::1]", False), ("10.1.2.3", True),
        ):  # fmt: skip
            plan = self.plan({"web": [f"{address}:80:8000"], "b": ["81:81"]})
            self.assertEqual(
                plan.addresses.get("WebP8000"), "http://lb" if public else None, address
            )
            self.assertIn(("-1", 0, "AppSecurityGroup"), plan.admitted("SecurityGroupWeb"))
            self.assertEqual("is bound to the loopback address" in plan.said, not public)
            self.assertEqual(
                "the address 10.1.2.3 of port 8000 is ignored" in plan.said, "10" in address
            )
        both = self.plan({"web": ["127.0.0.1:81:8000", "80:8000"]})
        self.assertEqual(both.addresses, {"WebP8000": "http://lb"})
        self.assertNotIn("loopback", both.said)

    def test_row_88(self) -> None:
        plan = self.plan({"web": {"restart": "no", "ports": ["80:80"]}, "job": {"restart": "no"}})
        self.assertIn("ServiceWeb", plan.resources)
        self.assertNotIn("ServiceJob", plan.resources)
        self.assertIn("service web publishes a port, so it is no job", plan.said)


class NoHttp(Case):
    def test_row_6_private(self) -> None:
        """What no load balancer of HTTP serves, by image and by number."""
        for image, port, speaks in (
            ("postgres:16", 5432, "PostgreSQL"), ("postgres", 6000, "PostgreSQL"),
            ("docker.io/bitnami/postgresql:16", 5432, "PostgreSQL"), ("mariadb", 3306, "MySQL"),
            ("rabbitmq:3-management", 5672, "AMQP"), ("mongo@sha256:" + "0" * 64, 27017, "MongoDB"),
            ("confluentinc/cp-kafka:7", 9092, "Kafka"), ("neo4j:5", 7687, "Bolt"),
            ("axllent/mailpit", 1025, "SMTP"), ("linuxserver/openssh-server", 2222, "SSH"),
            ("ghcr.io/acme/app", 22, "SSH"), ("ghcr.io/acme/app", 53, "DNS"),
            ("redis:alpine", 6379, "Redis"), ("memcached", 11211, "memcached"),
            ("nats", 4222, "NATS"), ("cassandra", 9042, "Cassandra"),
            ("php:8-fpm", 9000, "FastCGI"),
            ("ghcr.io/acme/app", 50051, "gRPC"),
        ):  # fmt: skip
            with self.subTest(image=image, port=port):
                plan = self.plan({"it": {"image": image, "ports": [f"{port}:{port}"]}})
                self.assertEqual(plan.addresses, {})
                self.assertEqual(plan.admitted("SecurityGroupIt"), {("-1", 0, "AppSecurityGroup")})
                self.assertIn(f"port {port} speaks {speaks}, no HTTP: only services", plan.said)
                self.assertFalse(plan.kinds("LoadBalancer"))

    def test_http_ports_of_such_images(self) -> None:
        for image, port in (
            ("rabbitmq:3-management", 15672), ("neo4j:5", 7474), ("axllent/mailpit", 8025),
            ("elasticsearch:8", 9200), ("clickhouse/clickhouse-server", 8123),
            ("minio/minio", 9000),
            ("nats", 8222), ("ghcr.io/acme/app", 9000), ("php:8-apache", 9000),
        ):  # fmt: skip
            with self.subTest(image=image, port=port):
                plan = self.plan({"it": {"image": image, "ports": [f"80:{port}"]}})
                self.assertEqual(plan.addresses, {f"ItP{port}": "http://lb"})

    def test_row_6_said_otherwise(self) -> None:
        """What the file says comes before what is known of a number."""
        test = {"test": ["CMD", "curl", "-f", "http://localhost:9092/health"]}
        for service in (
            {"ports": ["80:9092"], "healthcheck": test},
            {"ports": [{"target": 9092, "published": "80", "app_protocol": "http"}]},
            {"ports": [{"target": 9092, "published": "80", "x-aws-protocol": "http"}]},
        ):
            self.assertEqual(self.plan({"it": service}).addresses, {"ItP9092": "http://lb"})
        private = self.plan({"it": [{"target": 81, "published": "81", "app_protocol": "tcp"}]})
        self.assertEqual(private.addresses, {})

    def test_row_81(self) -> None:
        plan = self.plan(
            {"web": ["8080:80"], "db": {"image": "postgres:16", "ports": ["5432:5432"]}}
        )
        self.assertEqual(plan.addresses, {"WebP80": "http://lb:8080"})
        self.assertEqual(plan.admitted("SecurityGroupDb"), {("-1", 0, "AppSecurityGroup")})

    def test_row_6_network_load_balancer(self) -> None:
        for port in (
            {"target": 5432, "published": "5432", "mode": "ingress"},
            {"target": 6000, "published": "5432", "mode": "ingress", "app_protocol": "tcp"},
            {"target": 6000, "published": "5432", "mode": "ingress", "x-aws-protocol": "tcp"},
            {"target": 6000, "published": "5432", "mode": "ingress", "app_protocol": "tls"},
        ):
            plan = self.plan({"it": {"ports": [port]}})
            target = port["target"]
            self.assertEqual(plan.addresses, {f"ItP{target}": "tcp://nlb:5432"})
            listener = plan.of("NetworkListener5432")
            self.assertEqual((listener["Port"], listener["Protocol"]), (5432, "TCP"))
            group = plan.of(f"TargetGroupItP{target}")
            self.assertEqual((group["Protocol"], group["HealthCheckProtocol"]), ("TCP", "TCP"))
            balancer = plan.of("NetworkLoadBalancer")
            self.assertEqual((balancer["Type"], balancer["Scheme"]), ("network", "internet-facing"))
            self.assertEqual(len(balancer["SubnetMappings"]), 2)
            self.assertEqual(plan.kinds("EIP"), {"NetworkAddress1", "NetworkAddress2"})
            self.assertEqual(plan.admitted("NlbSecurityGroup"), {("tcp", 5432, "0.0.0.0/0")})
            self.assertIn(("tcp", target, "NlbSecurityGroup"), plan.admitted("SecurityGroupIt"))
            self.assertEqual(plan.kinds("LoadBalancer"), {"NetworkLoadBalancer"})
            self.assertIn("is open to the internet through a network load balancer", plan.said)
            service = plan.resources["ServiceIt"]
            self.assertIn("NetworkListener5432", service["DependsOn"])
            self.assertEqual(len(service["Properties"]["LoadBalancers"]), 1)

    def test_tls(self) -> None:
        port = {"target": 8883, "published": "8883", "mode": "ingress", "app_protocol": "tls"}
        plan = self.plan({"it": {"domainname": "it.example.com", "ports": [port]}})
        self.assertEqual(plan.addresses, {"ItP8883": "tls://it.example.com:8883"})
        self.assertEqual(
            plan.of("NetworkListener8883")["Certificates"],
            [{"CertificateArn": {"Ref": "CertificateIt"}}],
        )
        record = next(plan.of(k) for k in plan.kinds("RecordSet"))
        self.assertEqual(
            record["AliasTarget"]["DNSName"], {"Fn::GetAtt": ["NetworkLoadBalancer", "DNSName"]}
        )
        brought = self.plan({"it": [port]}, **AWS)
        self.assertEqual(
            brought.of("NetworkListener8883")["Certificates"], [{"CertificateArn": ARN}]
        )

    def test_domain_of_the_project(self) -> None:
        port = {"target": 5432, "published": "5432", "mode": "ingress"}
        plan = self.plan(
            {"web": ["80:80"], "db": [port]}, "--env", "DEFANG_DOMAIN=shop.example.com"
        )
        names = {
            plan.of(k)["Name"]: plan.of(k)["AliasTarget"]["DNSName"]["Fn::GetAtt"][0]
            for k in plan.kinds("RecordSet")
            if plan.of(k)["Type"] == "A"
        }
        self.assertEqual(names["db.shop.example.com"], "NetworkLoadBalancer")
        self.assertEqual(names["*.shop.example.com"], "LoadBalancer")
        self.assertEqual(plan.addresses["DbP5432"], "tcp://db.shop.example.com:5432")

    def test_udp(self) -> None:
        udp = {"target": 53, "published": "53", "mode": "ingress", "protocol": "udp"}
        plan = self.plan({"dns": [udp, "9000:9000"]})
        self.assertEqual(plan.addresses["DnsP53Udp"], "udp://nlb:53")
        group = plan.of("TargetGroupDnsP53Udp")
        self.assertEqual((group["Protocol"], group["HealthCheckPort"]), ("UDP", "9000"))
        self.assertIn(("tcp", 9000, "NlbSecurityGroup"), plan.admitted("SecurityGroupDns"))
        both = self.plan({"dns": [{**udp, "protocol": "tcp"}, udp]})
        self.assertEqual(both.of("NetworkListener53")["Protocol"], "TCP_UDP")
        self.assertEqual(both.kinds("TargetGroup"), {"TargetGroupDnsP53"})
        self.assertEqual(
            both.admitted("NlbSecurityGroup"),
            {("tcp", 53, "0.0.0.0/0"), ("udp", 53, "0.0.0.0/0")},
        )
        host = self.plan({"dns": ["53:53/udp"]})
        self.assertFalse(host.kinds("LoadBalancer"))
        self.assertIn(("udp", 53, "0.0.0.0/0"), host.admitted("SecurityGroupDns"))

    def test_a_name_is_not_on_the_number(self) -> None:
        plan = self.plan({"web": {"ports": ["8080:3000"], "domainname": "www.example.com"}})
        self.assertEqual(plan.addresses, {"WebP3000": "https://www.example.com"})
        self.assertIn("is served at www.example.com on port 443, and not on port 8080", plan.said)

    def test_two_want_one(self) -> None:
        port = {"target": 5432, "published": "5432", "mode": "ingress"}
        plan = self.plan({"b": [port], "a": [{**port, "target": 5433, "app_protocol": "tcp"}]})
        self.assertEqual(plan.addresses, {"BP5432": "tcp://nlb:5432", "AP5433": "tcp://nlb:5433"})
        self.assertIn("port 5432 is published by service b, which comes first", plan.said)

    def test_refused(self) -> None:
        with self.assertRaises(Refused):
            self.plan({"a": [{"target": 80, "mode": "everywhere"}]})


class Paths(Case):
    def rules(self, plan: Plan) -> list[tuple[str, list[str], list[str], str]]:
        """(listener, hosts, paths, target group), first to last."""
        rules = [plan.of(k) for k in plan.kinds("ListenerRule")]
        found = []
        for rule in sorted(rules, key=lambda r: r["Priority"]):
            values = {
                c["Field"]: next(v["Values"] for k, v in c.items() if k.endswith("Config"))
                for c in rule["Conditions"]
            }
            target = rule["Actions"][0].get("TargetGroupArn", {"Ref": "redirect"})["Ref"]
            found.append(
                (
                    rule["ListenerArn"]["Ref"],
                    values.get("host-header", []),
                    values.get("path-pattern", []),
                    target,
                )
            )
        return found

    def test_row_9(self) -> None:
        """Without a domain: the first service's number, a longer path before a shorter."""
        plan = self.plan(
            {
                "web": ["80:3000"],
                "api": {"ports": ["4000"], "x-defang-routes": ["/api", "/api/v2/", "/api"]},
            }
        )
        group = "TargetGroupApiP4000"
        self.assertEqual(
            self.rules(plan),
            [
                ("Listener80", [], ["/api/v2", "/api/v2/*"], group),
                ("Listener80", [], ["/api", "/api/*"], group),
                ("Listener80", [], ["/*"], "TargetGroupWebP3000"),
            ],
        )
        self.assertEqual(plan.addresses, {"WebP3000": "http://lb", "ApiP4000": "http://lb/api"})
        self.assertEqual(plan.kinds("Listener"), {"Listener80"})
        self.assertTrue(
            any("Path" in on for on in plan.resources["ServiceApi"]["DependsOn"]),
        )

    def test_row_9_one_name(self) -> None:
        api = {"ports": ["4000"], "x-defang-routes": "/api"}
        for more in ({}, {"domainname": "www.example.com"}):
            web = {"ports": ["80:3000"], "domainname": "www.example.com"}
            plan = self.plan({"web": web, "api": {**api, **more}})
            self.assertEqual(
                self.rules(plan),
                [
                    (
                        "Listener443",
                        ["www.example.com"],
                        ["/api", "/api/*"],
                        "TargetGroupApiP4000",
                    ),
                    ("Listener443", ["www.example.com"], [], "TargetGroupWebP3000"),
                ],
            )
            self.assertEqual(plan.addresses["ApiP4000"], "https://www.example.com/api")

    def test_row_9_domain_of_the_project(self) -> None:
        plan = self.plan(
            {"web": ["80:3000"], "api": {"ports": ["4000"], "x-defang-routes": ["/api"]}},
            "--env",
            "DEFANG_DOMAIN=shop.example.com",
        )
        rules = self.rules(plan)
        self.assertEqual(rules[0][2:], (["/api", "/api/*"], "TargetGroupApiP4000"))
        self.assertIn("shop.example.com", rules[0][1])
        self.assertIn("api.shop.example.com", str(rules))
        self.assertEqual(plan.addresses["ApiP4000"], "https://api.shop.example.com")

    def test_a_number_of_its_own_stays(self) -> None:
        plan = self.plan(
            {"web": ["80:3000"], "api": {"ports": ["9000:4000"], "x-defang-routes": ["/api"]}}
        )
        self.assertEqual(plan.addresses["ApiP4000"], "http://lb:9000")
        self.assertEqual(self.rules(plan)[0][:3], ("Listener80", [], ["/api", "/api/*"]))

    def test_traefik(self) -> None:
        for rule, taken in (
            ("PathPrefix(`/api`)", True),
            ("Host(`x.localhost`) && PathPrefix(`/api`)", True),
            ("Host(`x.localhost`)", False),
            ("PathPrefix(`/api`) || Path(`/x`)", False),
        ):
            label = {"traefik.http.routers.api.rule": rule}
            plan = self.plan({"web": ["80:3000"], "api": {"ports": ["4000"], "labels": label}})
            self.assertEqual("is taken over: it serves /api" in plan.said, taken, rule)
            self.assertEqual(len(self.rules(plan)[0][2]) == 2, taken, rule)

    def test_two_want_one(self) -> None:
        both = {"ports": ["4000"], "x-defang-routes": ["/api"]}
        more = {**both, "x-defang-routes": ["/api", "/late"]}
        plan = self.plan({"b": both, "a": more})
        self.assertIn("service a: /api is a path of service b already", plan.said)
        with self.assertRaises(Refused) as refused:
            self.plan({"b": both, "a": both})
        self.assertIn("each of its paths is another service's already", str(refused.exception))

    def test_sticky_and_idle(self) -> None:
        plan = self.plan(
            {
                "web": {"ports": ["80:80"], "x-defang-sticky": True, "x-defang-idle-timeout": 300},
                "b": {"ports": ["81:80"], "x-defang-sticky": "1h", "x-defang-idle-timeout": "2m"},
                "c": {"ports": ["82:80"], "x-defang-sticky": False},
            }
        )
        attributes = {
            name: {a["Key"]: a["Value"] for a in plan.of(name)["TargetGroupAttributes"]}
            for name in plan.kinds("TargetGroup")
        }
        key = "stickiness.lb_cookie.duration_seconds"
        self.assertEqual(attributes["TargetGroupWebP80"][key], "86400")
        self.assertEqual(attributes["TargetGroupBP80"][key], "3600")
        self.assertEqual(attributes["TargetGroupCP80"]["stickiness.enabled"], "false")
        self.assertIn(
            {"Key": "idle_timeout.timeout_seconds", "Value": "300"},
            plan.of("LoadBalancer")["LoadBalancerAttributes"],
        )

    def test_wrong(self) -> None:
        for key, value in (
            ("x-defang-routes", ["api"]),
            ("x-defang-routes", ["/a b"]),
            ("x-defang-routes", {"a": "/b"}),
            ("x-defang-routes", [f"/{n}" for n in range(11)]),
            ("x-defang-sticky", "long"),
            ("x-defang-sticky", 604801),
            ("x-defang-idle-timeout", 4001),
        ):
            with self.assertRaises(Refused, msg=value) as refused:
                self.plan({"web": {"ports": ["80:80"], key: value}})
            self.assertIn(key, str(refused.exception))
        plan = self.plan({"web": {"x-defang-routes": ["/a"]}})
        self.assertIn("x-defang-routes is ignored: no port of it", plan.said)


if __name__ == "__main__":
    unittest.main()
