"""Healthchecks that a load balancer cannot run, and those it can: what becomes of the target group,
of the container's own check and of the rule that lets the load balancer in.

A test is one kind of healthcheck that people have in files that work under Docker.
"""

import json
import pathlib
import tempfile
import unittest
from typing import Any

from lib import template, tool


class Health(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "compose.yaml"

    def plan(self, check: Any, **more: Any) -> dict[str, Any]:
        web = {
            "image": "a/web:1",
            "ports": [{"target": 8080, "mode": "ingress"}],
            "mem_limit": "1g",
            "healthcheck": check,
            **more,
        }
        self.path.write_text(json.dumps({"name": "h", "services": {"web": web}}))
        return template(self.path)["Resources"]

    def group(self, resources: dict[str, Any]) -> dict[str, Any]:
        return resources["TargetGroupWebP8080"]["Properties"]

    def container(self, resources: dict[str, Any]) -> dict[str, Any]:
        return resources["TaskDefinitionWeb"]["Properties"]["ContainerDefinitions"][0]

    def admitted(self, resources: dict[str, Any]) -> set[int]:
        rules = resources["SecurityGroupWeb"]["Properties"]["SecurityGroupIngress"]
        return {
            r["FromPort"]
            for r in rules
            if "AlbSecurityGroup" in json.dumps(r.get("SourceSecurityGroupId", ""))
        }

    def test_no_request(self) -> None:
        for test in (
            ["CMD-SHELL", "exec 3<>/dev/tcp/localhost/8288"],
            ["CMD-SHELL", "nc -z localhost 8080"],
            ["CMD-SHELL", "redis-cli -h localhost ping"],
            ["CMD", "mysqladmin", "-h", "127.0.0.1", "ping"],
            ["CMD", "/app/check.sh"],
        ):
            with self.subTest(test=test):
                resources = self.plan({"test": test})
                group = self.group(resources)
                self.assertEqual(group["HealthCheckPath"], "/")
                self.assertEqual(group["Matcher"], {"HttpCode": "200-499"})
                self.assertNotIn("HealthCheckPort", group)
                self.assertEqual(self.container(resources)["HealthCheck"]["Command"], test)
                said = tool("--check", self.path)[1]
                self.assertIn("it runs in the container, and the load balancer asks for", said)

    def test_port_of_the_environment(self) -> None:
        for port in ("$$PORT", "$${PORT}", "$${PORT:-1}"):
            resources = self.plan(
                {"test": f"curl -f http://localhost:{port}/health"},
                environment={"PORT": "8080"},
            )
            self.assertEqual(self.group(resources)["HealthCheckPath"], "/health")
            self.assertNotIn("HealthCheckPort", self.group(resources))

    def test_port_of_its_own(self) -> None:
        resources = self.plan({"test": "curl -f http://localhost:8081/actuator/health"})
        group = self.group(resources)
        self.assertEqual(group["HealthCheckPort"], "8081")
        self.assertEqual(group["HealthCheckPath"], "/actuator/health")
        self.assertEqual(self.admitted(resources), {8080, 8081})
        self.assertNotIn("HealthCheck", self.container(resources))

    def test_tls(self) -> None:
        group = self.group(self.plan({"test": "curl -fk https://localhost:8080/x"}))
        self.assertEqual(group["HealthCheckProtocol"], "HTTPS")
        self.assertNotIn("HealthCheckPort", group)
        group = self.group(self.plan({"test": "curl -fk https://localhost/x"}))
        self.assertEqual(group["HealthCheckPort"], "443")

    def test_switched_off(self) -> None:
        for check in ({"disable": True}, {"test": ["NONE"]}):
            resources = self.plan(check)
            self.assertEqual(self.group(resources)["Matcher"], {"HttpCode": "200-499"})
            self.assertNotIn("HealthCheck", self.container(resources))

    def test_loopback_however_written(self) -> None:
        for host in ("0.0.0.0", "[::1]", "127.1", "localhost", "web"):
            group = self.group(self.plan({"test": f"wget --spider -q http://{host}:8080/x"}))
            self.assertEqual(group["HealthCheckPath"], "/x", host)

    def test_interval_below_timeout(self) -> None:
        resources = self.plan(
            {"test": "curl -f localhost:8080/", "interval": "5s", "timeout": "10s"}
        )
        group = self.group(resources)
        self.assertEqual(group["HealthCheckIntervalSeconds"], 10)
        self.assertLess(group["HealthCheckTimeoutSeconds"], 10)
        self.assertIn("is raised to its timeout", tool("--check", self.path)[1])


if __name__ == "__main__":
    unittest.main()
