"""Load balancers, certificates and alias records refuse what AWS refuses.

What moto would take: a listener with a certificate that is not issued, HTTP in front of a target
group of HTTP/2, conditions beyond the quotas, access logs into a bucket that lets nobody write, an
alias that names no load balancer. And a certificate is issued once its record is there.
"""

import json

import pytest
from botocore.exceptions import ClientError

from sandbox_kit import ACCOUNT, wait_for


def refused(call, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(**kwargs)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def balancer(kit, ground):
    elb = kit.client("elbv2")
    arn = elb.create_load_balancer(
        Name="strict", Subnets=ground.subnets, SecurityGroups=[ground.group]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    yield arn
    elb.delete_load_balancer(LoadBalancerArn=arn)


@pytest.fixture
def zone(kit):
    route53 = kit.client("route53")
    zone = route53.create_hosted_zone(Name="strict.example.org", CallerReference="strict")[
        "HostedZone"
    ]["Id"]
    yield zone.rpartition("/")[2]
    for record in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]:
        if record["Type"] not in ("NS", "SOA"):
            route53.change_resource_record_sets(
                HostedZoneId=zone,
                ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]},
            )
    route53.delete_hosted_zone(Id=zone)


def test_certificate_needs_its_record(kit, zone, balancer):
    acm, elb = kit.client("acm"), kit.client("elbv2")
    arn = acm.request_certificate(DomainName="www.strict.example.org", ValidationMethod="DNS")[
        "CertificateArn"
    ]
    look = lambda: acm.describe_certificate(CertificateArn=arn)["Certificate"]
    wanted = dict(
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=443,
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )
    assert refused(elb.create_listener, **wanted) == "ValidationError"
    assert look()["Status"] == "PENDING_VALIDATION"
    assert (
        refused(elb.create_listener, **wanted, Certificates=[{"CertificateArn": arn}])
        == "UnsupportedCertificate"
    )
    record = look()["DomainValidationOptions"][0]["ResourceRecord"]
    kit.client("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={
            "Changes": [
                {
                    "Action": "UPSERT",
                    "ResourceRecordSet": {
                        "Name": record["Name"],
                        "Type": "CNAME",
                        "TTL": 60,
                        "ResourceRecords": [{"Value": record["Value"]}],
                    },
                }
            ]
        },
    )
    wait_for(lambda: look()["Status"] == "ISSUED")
    listener = elb.create_listener(**wanted, Certificates=[{"CertificateArn": arn}])["Listeners"][
        0
    ]["ListenerArn"]
    assert refused(acm.delete_certificate, CertificateArn=arn) == "ResourceInUseException"
    elb.delete_listener(ListenerArn=listener)
    acm.delete_certificate(CertificateArn=arn)


def test_http2_needs_https(kit, ground, balancer):
    elb = kit.client("elbv2")
    group = elb.create_target_group(
        Name="h2",
        Protocol="HTTP",
        ProtocolVersion="HTTP2",
        Port=80,
        VpcId=ground.vpc,
        TargetType="ip",
    )["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    assert (
        refused(
            elb.create_listener,
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=forward,
        )
        == "InvalidLoadBalancerAction"
    )
    plain = elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]["ListenerArn"]
    host = lambda n: [
        {
            "Field": "host-header",
            "HostHeaderConfig": {"Values": [f"h{i}.example.org" for i in range(n)]},
        }
    ]
    assert (
        refused(elb.create_rule, ListenerArn=plain, Priority=1, Conditions=host(1), Actions=forward)
        == "InvalidLoadBalancerAction"
    )
    redirect = [
        {
            "Type": "redirect",
            "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_302"},
        }
    ]
    assert (
        refused(
            elb.create_rule, ListenerArn=plain, Priority=1, Conditions=host(6), Actions=redirect
        )
        == "TooManyConditionValues"
    )
    elb.create_rule(ListenerArn=plain, Priority=1, Conditions=host(5), Actions=redirect)
    elb.delete_listener(ListenerArn=plain)
    elb.delete_target_group(TargetGroupArn=group)


def test_access_logs_need_a_policy(kit, balancer):
    elb, s3 = kit.client("elbv2"), kit.client("s3")
    on = dict(
        LoadBalancerArn=balancer,
        Attributes=[
            {"Key": "access_logs.s3.enabled", "Value": "true"},
            {"Key": "access_logs.s3.bucket", "Value": "strict-logs"},
        ],
    )
    assert refused(elb.modify_load_balancer_attributes, **on) == "InvalidConfigurationRequest"
    s3.create_bucket(
        Bucket="strict-logs", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    assert refused(elb.modify_load_balancer_attributes, **on) == "InvalidConfigurationRequest"
    s3.put_bucket_policy(
        Bucket="strict-logs",
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                        "Action": "s3:PutObject",
                        "Resource": f"arn:aws:s3:::strict-logs/AWSLogs/{ACCOUNT}/*",
                    }
                ],
            }
        ),
    )
    elb.modify_load_balancer_attributes(**on)
    key = f"AWSLogs/{ACCOUNT}/ELBAccessLogTestFile"
    assert [o["Key"] for o in s3.list_objects_v2(Bucket="strict-logs")["Contents"]] == [key]
    assert refused(s3.delete_bucket, Bucket="strict-logs") == "BucketNotEmpty"
    s3.delete_object(Bucket="strict-logs", Key=key)
    s3.delete_bucket(Bucket="strict-logs")


def test_alias_names_a_load_balancer(kit, zone, balancer):
    route53 = kit.client("route53")
    found = kit.client("elbv2").describe_load_balancers(LoadBalancerArns=[balancer])[
        "LoadBalancers"
    ][0]

    def change(name: str):
        return {
            "HostedZoneId": zone,
            "ChangeBatch": {
                "Changes": [
                    {
                        "Action": "CREATE",
                        "ResourceRecordSet": {
                            "Name": "www.strict.example.org",
                            "Type": "A",
                            "AliasTarget": {
                                "DNSName": name,
                                "HostedZoneId": found["CanonicalHostedZoneId"],
                                "EvaluateTargetHealth": False,
                            },
                        },
                    }
                ]
            },
        }

    assert (
        refused(route53.change_resource_record_sets, **change("nobody.us-west-2.elb.amazonaws.com"))
        == "InvalidChangeBatch"
    )
    route53.change_resource_record_sets(**change(found["DNSName"]))


def test_network_load_balancer(kit, ground):
    """What is its own: listeners, groups, attributes, static addresses."""
    elb, ec2 = kit.client("elbv2"), kit.client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    mapping = {"SubnetId": ground.subnets[0], "AllocationId": address}
    wanted = dict(Name="net", Type="network", SecurityGroups=[ground.group])
    gone = {**mapping, "AllocationId": "eipalloc-0123456789abcdef0"}
    assert refused(elb.create_load_balancer, **wanted, SubnetMappings=[gone]) == (
        "AllocationIdNotFound"
    )
    network = elb.create_load_balancer(**wanted, SubnetMappings=[mapping])["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    again = {**wanted, "Name": "net2", "SubnetMappings": [mapping]}
    assert refused(elb.create_load_balancer, **again) == "InvalidSubnet"
    assert refused(ec2.release_address, AllocationId=address) == "InvalidIPAddress.InUse"
    idle = [{"Key": "idle_timeout.timeout_seconds", "Value": "60"}]
    assert (
        refused(elb.modify_load_balancer_attributes, LoadBalancerArn=network, Attributes=idle)
        == "ValidationError"
    )

    groups = {
        protocol: elb.create_target_group(
            Name=f"net-{protocol.lower()}",
            Protocol=protocol,
            Port=80,
            VpcId=ground.vpc,
            TargetType="ip",
        )["TargetGroups"][0]["TargetGroupArn"]
        for protocol in ("HTTP", "TCP", "UDP")
    }
    for key, value in (("load_balancing.algorithm.type", "x"), ("stickiness.type", "lb_cookie")):
        assert (
            refused(
                elb.modify_target_group_attributes,
                TargetGroupArn=groups["TCP"],
                Attributes=[{"Key": key, "Value": value}],
            )
            == "InvalidConfigurationRequest"
        )

    def listener(protocol, port, group, **more):
        return dict(
            LoadBalancerArn=network,
            Protocol=protocol,
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": groups[group]}],
            **more,
        )

    for wrong, code in (
        (listener("HTTP", 80, "HTTP"), "UnsupportedProtocol"),
        (listener("TCP", 80, "HTTP"), "InvalidConfigurationRequest"),
        (listener("TCP", 80, "UDP"), "InvalidConfigurationRequest"),
        (listener("TLS", 80, "TCP"), "CertificateNotFound"),
        (listener("TCP", 80, "TCP", SslPolicy="x"), "ValidationError"),
    ):
        assert refused(elb.create_listener, **wrong) == code, wrong
    made = elb.create_listener(**listener("TCP", 80, "TCP"))["Listeners"][0]["ListenerArn"]
    assert refused(elb.create_listener, **listener("UDP", 80, "UDP")) == "DuplicateListener"
    path = [{"Field": "path-pattern", "Values": ["/*"]}]
    forward = [{"Type": "forward", "TargetGroupArn": groups["TCP"]}]
    assert (
        refused(elb.create_rule, ListenerArn=made, Priority=1, Conditions=path, Actions=forward)
        == "ValidationError"
    )
    elb.delete_load_balancer(LoadBalancerArn=network)
    ec2.release_address(AllocationId=address)
