"""Public names, certificates, records, gRPC, access logs: what the load balancer of a project is
made of (defang.md 7.5, 7.6).

Each test plans a small project under settings of zones and domains (plan_tool.c knows which zones
the account has) and looks at listeners, rules, certificates and records of its template, or at the
sentence of a refusal. What must hold: a service that comes takes no other's place in the listener;
a foreign record stays; AWS's quotas of rules, listeners and certificates are refused before AWS
would.
"""

import json
import pathlib
import tempfile
import unittest
from typing import Any

from lib import HERE, Refused, template, tool

CASES = HERE / "cases"
HEALTH = {"test": ["CMD", "curl", "http://localhost/"]}
ARN = "arn:aws:acm:us-west-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"


def service(*ports: Any, **more: Any) -> dict[str, Any]:
    return {
        "image": "nginx:1.27",
        "ports": list(ports) or [{"target": 80, "mode": "ingress"}],
        "healthcheck": HEALTH,
        **more,
    }


class Case(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "compose.yaml"

    def write(self, services: dict[str, Any], **top: Any) -> pathlib.Path:
        self.path.write_text(json.dumps({"name": "ing", "services": services, **top}))
        return self.path

    def plan(self, services: dict[str, Any], *arguments: str, **top: Any) -> dict[str, Any]:
        return template(*arguments, self.write(services, **top))

    def refused(self, services: dict[str, Any], *arguments: str, **top: Any) -> str:
        with self.assertRaises(Refused) as refused:
            tool("--check", *arguments, self.write(services, **top))
        return str(refused.exception)

    def of(self, plan: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
        return {
            k: r["Properties"]
            for k, r in plan["Resources"].items()
            if r["Type"].endswith("::" + kind)
        }

    def hosts(self, plan: dict[str, Any], rule: str) -> list[str]:
        return plan["Resources"][rule]["Properties"]["Conditions"][0]["HostHeaderConfig"]["Values"]


class Names(Case):
    def test_no_domain(self) -> None:
        plan = self.plan({"web": service()})
        self.assertEqual(set(self.of(plan, "Listener")), {"Listener80"})
        self.assertFalse(self.of(plan, "Certificate") or self.of(plan, "RecordSet"))
        self.assertEqual(
            plan["Outputs"]["EndpointWebP80"]["Value"],
            {"Fn::Sub": "http://${LoadBalancer.DNSName}"},
        )

    def test_domainname_in_a_zone(self) -> None:
        plan = self.plan(
            {
                "web": service(
                    domainname="WWW.example.com.",
                    networks={"default": {"aliases": ["short", "a.example.com"]}},
                )
            }
        )
        certificate = self.of(plan, "Certificate")["CertificateWeb"]
        self.assertEqual(
            (
                certificate["DomainName"],
                certificate["SubjectAlternativeNames"],
                certificate["ValidationMethod"],
            ),
            ("www.example.com", ["a.example.com"], "DNS"),
        )
        self.assertEqual(
            {o["HostedZoneId"] for o in certificate["DomainValidationOptions"]}, {"Z0EXAMPLECOM"}
        )
        listeners = self.of(plan, "Listener")
        self.assertEqual(
            listeners["Listener443"]["Certificates"],
            [{"CertificateArn": {"Ref": "CertificateWeb"}}],
        )
        self.assertEqual(
            listeners["Listener80"]["DefaultActions"][0]["RedirectConfig"]["StatusCode"], "HTTP_302"
        )
        records = self.of(plan, "RecordSet").values()
        self.assertEqual(
            {(r["Name"], r["Type"], r["HostedZoneId"]) for r in records},
            {("www.example.com", "A", "Z0EXAMPLECOM"), ("a.example.com", "A", "Z0EXAMPLECOM")},
        )
        self.assertEqual(plan["Outputs"]["EndpointWebP80"]["Value"], "https://www.example.com")
        opened = {
            r["FromPort"]
            for r in plan["Resources"]["AlbSecurityGroup"]["Properties"]["SecurityGroupIngress"]
        }
        self.assertEqual(opened, {80, 443})

    def test_permanent_in_high_availability(self) -> None:
        plan = self.plan(
            {"web": service(domainname="www.example.com", deploy={"replicas": 2})}, "--mode", "ha"
        )
        self.assertEqual(
            self.of(plan, "Listener")["Listener80"]["DefaultActions"][0]["RedirectConfig"][
                "StatusCode"
            ],
            "HTTP_301",
        )

    def test_no_zone(self) -> None:
        path = self.write({"web": service(domainname="www.elsewhere.net")})
        text, said = tool(path)
        plan = json.loads(text)
        self.assertEqual(set(self.of(plan, "Listener")), {"Listener80"})
        self.assertFalse(self.of(plan, "Certificate") or self.of(plan, "RecordSet"))
        self.assertIn("no public Route 53 zone of this account holds www.elsewhere.net", said)
        self.assertIn("Make the zone elsewhere.net in Route 53", said)
        self.assertIn("x-defang-aws.albCertificateArn", said)

    def test_zone_and_no_zone(self) -> None:
        plan = self.plan(
            {
                "web": service(
                    domainname="www.elsewhere.net",
                    networks={"default": {"aliases": ["www.example.com"]}},
                )
            }
        )
        self.assertEqual(
            self.of(plan, "Certificate")["CertificateWeb"]["DomainName"], "www.example.com"
        )
        self.assertEqual(self.hosts(plan, "ListenerRuleWebP80"), ["www.example.com"])
        self.assertEqual(self.hosts(plan, "ListenerRuleWebP80Plain"), ["www.elsewhere.net"])
        self.assertEqual(
            plan["Resources"]["ListenerRuleWebP80Plain"]["Properties"]["ListenerArn"],
            {"Ref": "Listener80"},
        )

    def test_longest_zone(self) -> None:
        plan = self.plan(
            {"web": service(domainname="a.b.example.com")},
            "--zone",
            "b.example.com=Z0B",
            "--zone",
            "notexample.com=Z0NOT",
        )
        self.assertEqual([r["HostedZoneId"] for r in self.of(plan, "RecordSet").values()], ["Z0B"])

    def test_two_zones_of_one_name(self) -> None:
        services = {"web": service(domainname="www.example.com")}
        self.assertIn(
            "two public hosted zones example.com (Z0EXAMPLECOM and Z0TWIN)",
            self.refused(services, "--zone", "example.com=Z0TWIN"),
        )
        plan = self.plan(
            services, "--zone", "example.com=Z0TWIN", **{"x-defang-aws": {"publicZoneId": "Z0TWIN"}}
        )
        self.assertEqual(
            [r["HostedZoneId"] for r in self.of(plan, "RecordSet").values()], ["Z0TWIN"]
        )

    def test_wrong_zone(self) -> None:
        services = {"web": service()}
        said = self.refused(
            services,
            **{"x-defang-aws": {"publicZoneId": "Z0GONE0000", "projectDomain": "shop.example.com"}},
        )
        self.assertIn("this account has no public hosted zone Z0GONE0000", said)
        said = self.refused(
            services,
            "--zone",
            "other.org=Z0OTHER",
            **{"x-defang-aws": {"publicZoneId": "Z0OTHER", "projectDomain": "shop.example.com"}},
        )
        self.assertIn("zone Z0OTHER is other.org, which does not hold shop.example.com", said)

    def test_foreign_record_stays(self) -> None:
        path = self.write({"web": service(domainname="www.example.com")})
        text, said = tool("--record", "www.example.com=CNAME", path)
        self.assertFalse(self.of(json.loads(text), "RecordSet"))
        self.assertIn("www.example.com has a record already that this project did not make", said)
        mine = self.path.parent / "mine.json"
        mine.write_text(tool(path)[0])
        text, said = tool("--record", "www.example.com=A", "--previous", mine, path)
        self.assertEqual(len(self.of(json.loads(text), "RecordSet")), 1)
        self.assertNotIn("has a record already", said)

    def test_default_certificate_stays(self) -> None:
        """A service that sorts before another must not take its place in the listener."""
        b = {"b": service(domainname="b.example.com")}
        first = self.path.parent / "first.json"
        first.write_text(json.dumps(self.plan(b)))
        plan = self.plan({"a": service(domainname="a.example.com"), **b}, "--previous", str(first))
        self.assertEqual(
            self.of(plan, "Listener")["Listener443"]["Certificates"],
            [{"CertificateArn": {"Ref": "CertificateB"}}],
        )
        self.assertEqual(set(self.of(plan, "ListenerCertificate")), {"ListenerCertificateA"})

    def test_nameless_beside_a_name(self) -> None:
        """The nameless one keeps port 80, and the other's name is redirected out of it."""
        plan = self.plan({"a": service(), "b": service(domainname="b.example.com")})
        redirect = plan["Resources"]["RedirectListenerRuleBP80"]["Properties"]
        self.assertEqual(
            (redirect["ListenerArn"], redirect["Actions"][0]["Type"]),
            ({"Ref": "Listener80"}, "redirect"),
        )
        self.assertEqual(self.hosts(plan, "RedirectListenerRuleBP80"), ["b.example.com"])
        self.assertLess(
            redirect["Priority"], plan["Resources"]["ListenerRuleAP80"]["Properties"]["Priority"]
        )

    def test_another_port_takes_over(self) -> None:
        """Its rule is made while the old one still stands: CloudFormation creates before it
        deletes.
        """
        rules = [
            self.plan({"web": service({"target": p, "mode": "ingress"})})["Resources"][
                f"ListenerRuleWebP{p}"
            ]["Properties"]["Priority"]
            for p in (81, 82)
        ]
        self.assertNotEqual(*rules)


class Domain(Case):
    def test_only_port_has_the_bare_domain(self) -> None:
        plan = self.plan({"web": service()}, "--env", "DEFANG_DOMAIN=Shop.example.com")
        self.assertEqual(
            self.hosts(plan, "ListenerRuleWebP80"),
            ["web.shop.example.com", "web--80.shop.example.com", "shop.example.com"],
        )
        certificate = self.of(plan, "Certificate")["CertificateDomain"]
        self.assertEqual(
            (certificate["DomainName"], certificate["SubjectAlternativeNames"]),
            ("*.shop.example.com", ["shop.example.com"]),
        )
        self.assertEqual(
            certificate["DomainValidationOptions"],
            [{"DomainName": "shop.example.com", "HostedZoneId": "Z0EXAMPLECOM"}],
        )
        self.assertEqual(
            {(r["Name"], r["Type"]) for r in self.of(plan, "RecordSet").values()},
            {("*.shop.example.com", "A"), ("shop.example.com", "A"), ("shop.example.com", "CAA")},
        )
        self.assertEqual(plan["Outputs"]["EndpointWebP80"]["Value"], "https://web.shop.example.com")
        environment = plan["Resources"]["TaskDefinitionWeb"]["Properties"]["ContainerDefinitions"][
            0
        ]["Environment"]
        self.assertIn({"Name": "DEFANG_FQDN", "Value": "web.shop.example.com"}, environment)

    def test_two_ports(self) -> None:
        plan = self.plan(
            {"web": service({"target": 80, "mode": "ingress"}, {"target": 81, "mode": "ingress"})},
            **{"x-defang-aws": {"projectDomain": "shop.example.com"}},
        )
        self.assertEqual(
            self.hosts(plan, "ListenerRuleWebP80"),
            ["web.shop.example.com", "web--80.shop.example.com"],
        )
        self.assertEqual(self.hosts(plan, "ListenerRuleWebP81"), ["web--81.shop.example.com"])
        self.assertEqual(set(self.of(plan, "Listener")), {"Listener80", "Listener443"})

    def test_name_under_the_domain_needs_nothing_more(self) -> None:
        plan = self.plan(
            {"web": service(domainname="www.shop.example.com"), "b": service()},
            "--env",
            "DEFANG_DOMAIN=shop.example.com",
        )
        self.assertEqual(set(self.of(plan, "Certificate")), {"CertificateDomain"})
        self.assertEqual(len(self.of(plan, "RecordSet")), 3)

    def test_caa_only_where_free(self) -> None:
        path = self.write({"web": service()})
        for record in ("CAA", "CNAME"):
            plan = template(
                "--env",
                "DEFANG_DOMAIN=shop.example.com",
                "--record",
                f"shop.example.com={record}",
                path,
            )
            self.assertNotIn("CAA", {r["Type"] for r in self.of(plan, "RecordSet").values()})

    def test_no_zone(self) -> None:
        text, said = tool(
            "--env", "DEFANG_DOMAIN=shop.elsewhere.net", self.write({"web": service()})
        )
        plan = json.loads(text)
        self.assertIn("holds shop.elsewhere.net", said)
        self.assertFalse(self.of(plan, "Certificate") or self.of(plan, "RecordSet"))
        self.assertEqual(
            plan["Outputs"]["EndpointWebP80"]["Value"], "http://web.shop.elsewhere.net"
        )

    def test_nonsense(self) -> None:
        self.assertIn(
            "DEFANG_DOMAIN", self.refused({"web": service()}, "--env", "DEFANG_DOMAIN=not a domain")
        )


class Protocols(Case):
    def test_grpc_before_the_page(self) -> None:
        plan = template("--zone", "shop.example.com=Z0SHOP", CASES / "domain.yaml")
        rules, groups = self.of(plan, "ListenerRule"), self.of(plan, "TargetGroup")
        self.assertLess(
            rules["ListenerRuleApiP50051"]["Priority"], rules["ListenerRuleApiP8080"]["Priority"]
        )
        self.assertEqual(
            rules["ListenerRuleApiP50051"]["Conditions"][1],
            {
                "Field": "http-header",
                "HttpHeaderConfig": {
                    "HttpHeaderName": "content-type",
                    "Values": ["application/grpc*"],
                },
            },
        )
        self.assertEqual(
            [groups[f"TargetGroupApiP{p}"].get("ProtocolVersion") for p in (8080, 8443, 50051)],
            [None, "HTTP2", "GRPC"],
        )
        self.assertEqual(
            (
                groups["TargetGroupApiP50051"]["HealthCheckPath"],
                groups["TargetGroupApiP50051"]["Matcher"],
            ),
            ("/AWS.ALB/healthcheck", {"GrpcCode": "0-99"}),
        )
        self.assertEqual(
            (
                groups["TargetGroupProbeP9090"]["HealthCheckPath"],
                groups["TargetGroupProbeP9090"]["Matcher"],
            ),
            ("/grpc.health.v1.Health/Check", {"GrpcCode": "0"}),
        )
        self.assertEqual(rules["ListenerRuleOldP80"]["ListenerArn"], {"Ref": "Listener80"})
        self.assertEqual(plan["Outputs"]["EndpointOldP80"]["Value"], "http://old.shop.example.com")

    def test_listeners_of_http2_are_https(self) -> None:
        """AWS: "Listener protocol 'HTTP' is not supported with a target group with the
        protocol-version 'HTTP2'".
        """
        for arguments in (
            ["--zone", "shop.example.com=Z0SHOP", CASES / "domain.yaml"],
            [CASES / "certificate.yaml"],
        ):
            plan = template(*arguments)
            listeners, groups = self.of(plan, "Listener"), self.of(plan, "TargetGroup")
            for name, rule in self.of(plan, "ListenerRule").items():
                target = rule["Actions"][0].get("TargetGroupArn", {}).get("Ref")
                if target and "ProtocolVersion" in groups[target]:
                    self.assertEqual(
                        listeners[rule["ListenerArn"]["Ref"]]["Protocol"], "HTTPS", name
                    )

    def test_no_zone_for_grpc(self) -> None:
        said = self.refused(
            {
                "rpc": service(
                    {"target": 1, "mode": "ingress", "app_protocol": "grpc"},
                    domainname="rpc.elsewhere.net",
                )
            }
        )
        self.assertIn(
            "service rpc: port 1 wants grpc, and there is no certificate for it: no public Route "
            "53 zone of this account holds rpc.elsewhere.net",
            said,
        )
        self.assertNotIn("served over HTTP", said)

    def test_brought_certificate(self) -> None:
        plan = template(CASES / "certificate.yaml")
        listeners = self.of(plan, "Listener")
        self.assertFalse(self.of(plan, "Certificate"))
        for port in (443, 8443):
            self.assertEqual(
                listeners[f"Listener{port}"]["Certificates"], [{"CertificateArn": ARN}]
            )
            self.assertIn("TLS13", listeners[f"Listener{port}"]["SslPolicy"])
        self.assertEqual(
            plan["Outputs"]["EndpointRpcP50051"]["Value"],
            {"Fn::Sub": "https://${LoadBalancer.DNSName}"},
        )
        self.assertEqual(
            plan["Outputs"]["EndpointElsewhereP80"]["Value"], "https://www.elsewhere.net"
        )
        brought = self.plan(
            {"web": service(domainname="www.example.com")},
            **{"x-defang-aws": {"albCertificateArn": ARN}},
        )
        self.assertEqual(len(self.of(brought, "RecordSet")), 1)


class Logs(Case):
    def attributes(self, plan: dict[str, Any]) -> dict[str, Any]:
        return {
            a["Key"]: a["Value"]
            for a in plan["Resources"]["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
        }

    def test_off_and_on(self) -> None:
        services = {"web": service(deploy={"replicas": 2})}
        for arguments, on in (
            ([], False),
            (["--mode", "balanced"], True),
            (["--mode", "ha"], True),
            (["--env", "DEFANG_ACCESS_LOGS=yes"], True),
            (["--mode", "ha", "--env", "DEFANG_ACCESS_LOGS=0"], False),
        ):
            plan = self.plan(services, *arguments)
            self.assertEqual(
                self.attributes(plan)["access_logs.s3.enabled"], str(on).lower(), arguments
            )
            self.assertEqual("AlbLogs" in plan["Resources"], on, arguments)

    def test_bucket(self) -> None:
        plan = self.plan({"web": service(deploy={"replicas": 2})}, "--mode", "balanced")
        bucket, policy = (
            plan["Resources"]["AlbLogs"],
            plan["Resources"]["AlbLogsPolicy"]["Properties"]["PolicyDocument"]["Statement"][0],
        )
        self.assertEqual(
            bucket["Properties"]["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"], 7
        )
        self.assertEqual((bucket["DeletionPolicy"], bucket["Metadata"]["Purge"]), ("Retain", True))
        self.assertEqual(
            policy["Principal"], {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
        )
        self.assertEqual(
            policy["Resource"], {"Fn::Sub": "${AlbLogs.Arn}/AWSLogs/${AWS::AccountId}/*"}
        )
        self.assertIn("AlbLogsPolicy", plan["Resources"]["LoadBalancer"]["DependsOn"])
        self.assertEqual(self.attributes(plan)["access_logs.s3.bucket"], {"Ref": "AlbLogs"})
        kept = self.plan({"web": service(deploy={"replicas": 2})}, "--mode", "ha")["Resources"][
            "AlbLogs"
        ]
        self.assertNotIn("Purge", kept["Metadata"])

    def test_setting(self) -> None:
        plan = self.plan({"web": service()}, **{"x-defang-access-logs": True})
        self.assertIn("AlbLogs", plan["Resources"])
        self.assertIn(
            "x-defang-access-logs must be true or false",
            self.refused({"web": service()}, **{"x-defang-access-logs": "maybe"}),
        )


class Quotas(Case):
    def test_rules(self) -> None:
        many = {f"s{i}": service(deploy={"replicas": 0}) for i in range(101)}
        self.assertIn(
            "the project has 101 ingress ports, and a load balancer has 100 target groups",
            self.refused(many, "--env", "DEFANG_DOMAIN=shop.example.com"),
        )
        many = {f"s{i}": service(domainname=f"s{i}.shop.example.com") for i in range(51)}
        said = self.refused({**many, "a": service()})
        self.assertIn("the project needs 103 rules, and a load balancer has 100", said)

    def test_listeners(self) -> None:
        self.assertIn(
            "49 ingress ports without a public name, and a load balancer has 50 listeners",
            self.refused({f"s{i}": service() for i in range(49)}),
        )

    def test_certificates(self) -> None:
        many = {f"s{i}": service(domainname=f"s{i}.example.com") for i in range(27)}
        self.assertIn(
            "the project needs 27 certificates, and a load balancer has 25 beside the default one",
            self.refused(many),
        )
        tool("--check", self.write(dict(list(many.items())[:26])))


if __name__ == "__main__":
    unittest.main()
