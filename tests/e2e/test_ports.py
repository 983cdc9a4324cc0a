"""A project of Docker's, as it is: each published port answers at its number, what speaks no HTTP
does not, and goes through the network load balancer when it says so.

"Answers" is what an outsider would see: the listener at that number, who it leads to, and that the
load balancer finds that one healthy.
"""

from __future__ import annotations

import pathlib

import kit

COMPOSE = """\
name: doors
services:
  web:
    image: nginx:1.27
    ports: ["80:8000", "8081:8000"]
  adminer:
    image: adminer
    restart: "no"
    ports: ["0.0.0.0:8080:8080"]
  cache:
    image: redis:alpine
    ports: ["127.0.0.1:6379:6379"]
  db:
    image: postgres:16
    ports: ["5432:5432"]
    healthcheck: {test: [CMD, pg_isready]}
  mqtt:
    image: eclipse-mosquitto:2
    domainname: mqtt.elsewhere.test
    ports: [{target: 1883, published: "1883", mode: ingress}]
"""


def answers(sandbox: kit.Sandbox) -> dict[tuple[str, int], str]:
    """(type of the load balancer, number): the healthy service that takes whatever comes there."""
    elb = sandbox.client("elbv2")
    found: dict[tuple[str, int], str] = {}
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        if "Defang-do" not in balancer["LoadBalancerName"]:
            continue
        opened = {
            (rule["IpProtocol"], rule["FromPort"])
            for group in sandbox.client("ec2").describe_security_groups(
                GroupIds=balancer["SecurityGroups"]
            )["SecurityGroups"]
            for rule in group["IpPermissions"]
        }
        for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])[
            "Listeners"
        ]:
            actions = [
                a
                for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
                for a in rule["Actions"]
                if a["Type"] == "forward"
            ]
            assert len({a["TargetGroupArn"] for a in actions}) == 1, listener["Port"]
            assert ("tcp", listener["Port"]) in opened
            arn = actions[0]["TargetGroupArn"]
            health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            assert [h["TargetHealth"]["State"] for h in health] == ["healthy"], arn
            tags = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
            service = next(t["Value"] for t in tags if t["Key"] == "defang:service")
            found[balancer["Type"], listener["Port"]] = service
    return found


def addresses(sandbox: kit.Sandbox) -> list[str]:
    """Of the project: other tests of the sandbox have theirs."""
    return [
        a["AllocationId"]
        for a in sandbox.client("ec2").describe_addresses()["Addresses"]
        if any(t["Value"].startswith("Defang-doors-") for t in a.get("Tags", []))
    ]


def test_published_ports(place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "doors"
    folder.mkdir()
    (folder / "compose.yaml").write_text(COMPOSE)
    up = place.run("up", "--json", cwd=folder).ok()
    assert answers(sandbox) == {
        ("application", 80): "web",
        ("application", 8081): "web",
        ("application", 8080): "adminer",
        ("network", 1883): "mqtt",
    }
    notes = up.out + up.err
    assert "no public Route 53 zone of this account holds mqtt.elsewhere.test" in notes
    urls: dict[str, list[str]] = {}
    for one in kit.result_of(up.lines)["endpoints"]:
        if one.get("is_public"):
            urls.setdefault(one["service"], []).append(one["url"])
    scheme_and_port = {
        s: [u.split("://")[0] + u.partition(".amazonaws.com")[2] for u in all_]
        for s, all_ in urls.items()
    }
    assert scheme_and_port == {
        "web": ["http", "http:8081"],
        "adminer": ["http:8080"],
        "mqtt": ["tcp"],
    }
    shown = {
        s["name"]: s["endpoint"]
        for s in place.run("ps", "--json", cwd=folder).ok().lines[0]["services"]
    }
    assert shown["adminer"] == urls["adminer"][0] and shown["mqtt"] == urls["mqtt"][0]
    assert shown["db"] == "db.doors.internal:5432"

    assert len(addresses(sandbox)) == 2
    text = (folder / "compose.yaml").read_text().replace('"8081:8000"', '"8082:8000"')
    (folder / "compose.yaml").write_text(text)
    again = place.run("up", "--yes", cwd=folder).ok()
    assert answers(sandbox)["application", 8082] == "web", again.err
    assert ("application", 8081) not in answers(sandbox)

    place.run("down", "--yes", cwd=folder).ok()
    assert answers(sandbox) == {}
    assert not addresses(sandbox)
