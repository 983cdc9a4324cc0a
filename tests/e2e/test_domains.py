"""A name in a zone of the account: certificate, redirect, records and access logs come with the
project and go with it.
"""

from __future__ import annotations

import pathlib

import kit

COMPOSE = """\
name: named
x-defang-access-logs: true
services:
  web:
    image: nginx:1.27
    domainname: www.named.test
    ports:
      - {target: 80, mode: ingress}
      - {target: 50051, mode: ingress, app_protocol: grpc}
    healthcheck: {test: [CMD, curl, "http://localhost/"]}
  away:
    image: nginx:1.27
    domainname: www.elsewhere.test
    ports: [{target: 8080, mode: ingress}]
    healthcheck: {test: [CMD, curl, "http://localhost:8080/"]}
"""


def test_a_name_with_a_zone(place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path) -> None:
    route53, elb, s3 = (sandbox.client(s) for s in ("route53", "elbv2", "s3"))
    zone = route53.create_hosted_zone(Name="named.test", CallerReference="named")["HostedZone"][
        "Id"
    ]
    folder = tmp_path / "named"
    folder.mkdir()
    (folder / "compose.yaml").write_text(COMPOSE)
    up = place.run("up", cwd=folder).ok()
    assert "no public Route 53 zone of this account holds www.elsewhere.test" in up.err

    listeners = {
        one["Port"]: one
        for b in elb.describe_load_balancers()["LoadBalancers"]
        for one in elb.describe_listeners(LoadBalancerArn=b["LoadBalancerArn"])["Listeners"]
        if "Defang-na" in b["LoadBalancerName"]
    }
    assert set(listeners) == {80, 443}
    assert listeners[80]["DefaultActions"][0]["RedirectConfig"]["Port"] == "443"
    arn = listeners[443]["Certificates"][0]["CertificateArn"]
    certificate = sandbox.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert (certificate["DomainName"], certificate["Status"]) == ("www.named.test", "ISSUED")
    rules = sorted(
        (int(r["Priority"]), r)
        for r in elb.describe_rules(ListenerArn=listeners[443]["ListenerArn"])["Rules"]
        if r["Priority"] != "default"
    )
    assert [len(r["Conditions"]) for _, r in rules] == [
        2,
        1,
    ]  # gRPC is told apart by its content type, and comes first
    balancer = elb.describe_load_balancers(LoadBalancerArns=[listeners[443]["LoadBalancerArn"]])[
        "LoadBalancers"
    ][0]
    records = {
        (r["Name"], r["Type"]): r
        for r in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    }
    assert (
        records["www.named.test.", "A"]["AliasTarget"]["DNSName"]
        .rstrip(".")
        .lower()
        .removeprefix("dualstack.")
        == balancer["DNSName"].lower()
    )
    assert f"www.elsewhere.test needs a CNAME record that points at {balancer['DNSName']}" in up.err
    endpoints = {
        s["name"]: s["endpoint"]
        for s in place.run("ps", "--json", cwd=folder).ok().lines[0]["services"]
    }
    assert endpoints == {"web": "https://www.named.test", "away": "http://www.elsewhere.test"}

    logs = [b["Name"] for b in s3.list_buckets()["Buckets"] if "alblogs" in b["Name"]]
    assert len(logs) == 1 and s3.list_objects_v2(Bucket=logs[0])["KeyCount"] == 1
    place.run("down", cwd=folder).ok()
    assert not [b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"] == logs[0]]
    assert ("www.named.test.", "A") not in {
        (r["Name"], r["Type"])
        for r in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    }
