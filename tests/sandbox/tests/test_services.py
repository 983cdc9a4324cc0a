"""What was mended in or added to moto: stores that take time, refusals, ECR rules, SSM limits,
identity.

In the running sandbox, each service through boto3 as the product would ask it: databases, caches,
NAT gateways, records, parameters, pull-through rules, SSO logins, container and instance
credentials, service-linked roles at first use.
"""

import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from sandbox_kit import wait_for


def code_of(call, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(**kwargs)
    return caught.value.response["Error"]["Code"]


def test_rds_takes_time_and_refuses(kit, ground):
    rds = kit.client("rds")
    rds.create_db_subnet_group(
        DBSubnetGroupName="stores", DBSubnetGroupDescription="d", SubnetIds=ground.subnets
    )
    assert (
        code_of(
            rds.create_db_subnet_group,
            DBSubnetGroupName="one",
            DBSubnetGroupDescription="d",
            SubnetIds=ground.subnets[:1],
        )
        == "DBSubnetGroupDoesNotCoverEnoughAZs"
    )
    rds.create_db_parameter_group(
        DBParameterGroupName="pg16", DBParameterGroupFamily="postgres16", Description="d"
    )
    wanted = dict(
        DBInstanceIdentifier="shop-db",
        Engine="postgres",
        EngineVersion="16",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="postgres",
        MasterUserPassword="hunter2222",
        DBName="app",
        DBSubnetGroupName="stores",
        DBParameterGroupName="pg16",
        VpcSecurityGroupIds=[ground.group],
    )
    assert (
        code_of(rds.create_db_instance, **{**wanted, "MasterUserPassword": "short"})
        == "InvalidParameterValue"
    )
    assert (
        code_of(rds.create_db_instance, **{**wanted, "EngineVersion": "17"})
        == "InvalidParameterCombination"
    )
    with kit.held("rds-create"):
        database = rds.create_db_instance(**wanted)["DBInstance"]
    assert (
        database["DBInstanceStatus"] == "creating"
        and "Endpoint" not in database
        and database["EngineVersion"].startswith("16.")
    )
    look = lambda: rds.describe_db_instances(DBInstanceIdentifier="shop-db")["DBInstances"][0]
    wait_for(lambda: look()["DBInstanceStatus"] == "available")
    assert look()["Endpoint"]["Port"] == 5432
    assert (
        code_of(rds.delete_db_subnet_group, DBSubnetGroupName="stores")
        == "InvalidDBSubnetGroupStateFault"
    )
    assert (
        code_of(rds.delete_db_instance, DBInstanceIdentifier="shop-db")
        == "InvalidParameterCombination"
    )
    with kit.held("rds-modify"):
        changed = rds.modify_db_instance(
            DBInstanceIdentifier="shop-db", BackupRetentionPeriod=1, ApplyImmediately=True
        )
    assert changed["DBInstance"]["DBInstanceStatus"] == "modifying"
    wait_for(lambda: look()["DBInstanceStatus"] == "available")
    with kit.held("rds-delete"):
        rds.delete_db_instance(DBInstanceIdentifier="shop-db", SkipFinalSnapshot=True)
        assert look()["DBInstanceStatus"] == "deleting"
    wait_for(lambda: not rds.describe_db_instances()["DBInstances"])
    assert (
        code_of(rds.describe_db_instances, DBInstanceIdentifier="shop-db") == "DBInstanceNotFound"
    )


def test_elasticache(kit, ground):
    cache = kit.client("elasticache")
    cache.create_cache_subnet_group(
        CacheSubnetGroupName="Stores", CacheSubnetGroupDescription="d", SubnetIds=ground.subnets
    )
    wanted = dict(
        ReplicationGroupId="shop-cache",
        ReplicationGroupDescription="d",
        Engine="redis",
        EngineVersion="7.1",
        CacheNodeType="cache.t4g.micro",
        NumCacheClusters=1,
        CacheSubnetGroupName="stores",
        SecurityGroupIds=[ground.group],
        Tags=[{"Key": "a", "Value": "b"}],
    )
    assert (
        code_of(cache.create_replication_group, **{**wanted, "EngineVersion": "9"})
        == "InvalidParameterCombination"
    )
    assert (
        code_of(cache.create_replication_group, **{**wanted, "AutomaticFailoverEnabled": True})
        == "InvalidParameterCombination"
    )
    group = cache.create_replication_group(**wanted)["ReplicationGroup"]
    assert group["Status"] == "creating" and "NodeGroups" not in group
    look = lambda: cache.describe_replication_groups(ReplicationGroupId="shop-cache")[
        "ReplicationGroups"
    ][0]
    wait_for(lambda: look()["Status"] == "available")
    assert look()["NodeGroups"][0]["PrimaryEndpoint"]["Port"] == 6379
    assert (
        code_of(cache.delete_cache_subnet_group, CacheSubnetGroupName="stores")
        == "CacheSubnetGroupInUse"
    )
    assert cache.list_tags_for_resource(ResourceName=group["ARN"])["TagList"] == [
        {"Key": "a", "Value": "b"}
    ]
    cache.delete_replication_group(ReplicationGroupId="shop-cache")
    wait_for(lambda: not cache.describe_replication_groups()["ReplicationGroups"])
    cache.delete_cache_subnet_group(CacheSubnetGroupName="stores")


def test_nat_gateway_and_group_references(ground):
    ec2 = ground.ec2
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=ground.subnets[0], AllocationId=address)["NatGateway"]
    assert gateway["State"] == "pending"
    look = lambda: ec2.describe_nat_gateways(NatGatewayIds=[gateway["NatGatewayId"]])[
        "NatGateways"
    ][0]["State"]
    wait_for(lambda: look() == "available")
    assert code_of(ec2.release_address, AllocationId=address) == "InvalidIPAddress.InUse"
    ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    wait_for(lambda: look() == "deleted")
    ec2.release_address(AllocationId=address)
    first, second = (
        ec2.create_security_group(GroupName=n, Description=n, VpcId=ground.vpc)["GroupId"]
        for n in ("first", "second")
    )
    ec2.authorize_security_group_ingress(
        GroupId=second,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 1,
                "ToPort": 1,
                "UserIdGroupPairs": [{"GroupId": first}],
            }
        ],
    )
    assert code_of(ec2.delete_security_group, GroupId=first) == "DependencyViolation"
    ec2.delete_security_group(GroupId=second)
    ec2.delete_security_group(GroupId=first)


def test_route53_records(kit, ground):
    route53 = kit.client("route53")
    zone = route53.create_hosted_zone(
        Name="r.internal", CallerReference="1", VPC={"VPCRegion": "us-west-2", "VPCId": ground.vpc}
    )["HostedZone"]["Id"]

    def change(action, name="db.r.internal", kind="CNAME", value="x.example.com"):
        route53.change_resource_record_sets(
            HostedZoneId=zone,
            ChangeBatch={
                "Changes": [
                    {
                        "Action": action,
                        "ResourceRecordSet": {
                            "Name": name,
                            "Type": kind,
                            "TTL": 300,
                            "ResourceRecords": [{"Value": value}],
                        },
                    }
                ]
            },
        )

    change("CREATE")
    assert code_of(change, action="CREATE") == "InvalidChangeBatch"
    assert code_of(change, action="DELETE", name="none.r.internal") == "InvalidChangeBatch"
    assert code_of(change, action="UPSERT", name="r.internal") == "InvalidChangeBatch"
    soa = [
        r
        for r in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        if r["Type"] == "SOA"
    ]
    assert soa[0]["ResourceRecords"][0]["Value"].startswith("ns-")
    assert code_of(route53.delete_hosted_zone, Id=zone) == "HostedZoneNotEmpty"
    change("DELETE")
    route53.delete_hosted_zone(Id=zone)


def test_ssm_limits(kit):
    ssm = kit.client("ssm")
    assert (
        code_of(ssm.put_parameter, Name="/s/K", Value="x" * 4097, Type="SecureString")
        == "ValidationException"
    )
    assert (
        ssm.put_parameter(
            Name="/s/K", Value="x" * 4097, Type="SecureString", Tier="Intelligent-Tiering"
        )["Version"]
        == 1
    )
    assert (
        code_of(
            ssm.put_parameter, Name="/s/L", Value="x" * 8193, Type="SecureString", Tier="Advanced"
        )
        == "ValidationException"
    )
    assert (
        code_of(ssm.put_parameter, Name="/s/K", Value="x", Type="SecureString")
        == "ParameterAlreadyExists"
    )
    assert ssm.delete_parameters(Names=["/s/K", "/s/none"])["InvalidParameters"] == ["/s/none"]


def test_pull_through_rules(kit):
    ecr = kit.client("ecr")
    wanted = {"ecrRepositoryPrefix": "pub", "upstreamRegistryUrl": "public.ecr.aws"}
    assert ecr.create_pull_through_cache_rule(**wanted)["upstreamRegistry"] == "ecr-public"
    assert (
        code_of(ecr.create_pull_through_cache_rule, **wanted)
        == "PullThroughCacheRuleAlreadyExistsException"
    )
    assert (
        code_of(
            ecr.create_pull_through_cache_rule,
            ecrRepositoryPrefix="hub",
            upstreamRegistryUrl="registry-1.docker.io",
        )
        == "InvalidParameterException"
    )
    assert (
        code_of(ecr.describe_pull_through_cache_rules, ecrRepositoryPrefixes=["none"])
        == "PullThroughCacheRuleNotFoundException"
    )
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="pub")


def post(kit, path, body=None, headers=None, method="POST"):
    request = urllib.request.Request(
        kit.url + path,
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers=headers or {},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_sso_login_to_credentials(kit):
    client = json.loads(
        post(kit, "/client/register", {"clientName": "t", "clientType": "public"})[1]
    )
    who = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    device = json.loads(
        post(
            kit, "/device_authorization", {**who, "startUrl": "https://sandbox.awsapps.com/start"}
        )[1]
    )
    grant = {
        **who,
        "grantType": "urn:ietf:params:oauth:grant-type:device_code",
        "deviceCode": device["deviceCode"],
    }
    assert json.loads(post(kit, "/token", grant)[1])["error"] == "authorization_pending"
    assert json.loads(post(kit, "/token", grant)[1])["error"] == "slow_down"
    kit.control("POST", "clock", {"offset": 10})
    tokens = json.loads(post(kit, "/token", grant)[1])
    query = "/federation/credentials?role_name=Developer&account_id=123456789012"
    status, body = post(
        kit, query, headers={"x-amz-sso_bearer_token": tokens["accessToken"]}, method="GET"
    )
    key = json.loads(body)["roleCredentials"]
    assert status == 200 and key["expiration"] > 10**12
    kit.control("POST", "clock", {"offset": 0})
    arn = kit.client(
        "sts", key["accessKeyId"], key["secretAccessKey"], key["sessionToken"]
    ).get_caller_identity()["Arn"]
    assert ":assumed-role/AWSReservedSSO_Developer_" in arn
    renewed = json.loads(
        post(
            kit,
            "/token",
            {**who, "grantType": "refresh_token", "refreshToken": tokens["refreshToken"]},
        )[1]
    )
    assert renewed["accessToken"] != tokens["accessToken"]
    assert (
        json.loads(
            post(
                kit,
                "/token",
                {**who, "grantType": "refresh_token", "refreshToken": tokens["refreshToken"]},
            )[1]
        )["error"]
        == "invalid_grant"
    )
    kit.control("POST", "identity", {"expire_sso": True})
    assert (
        post(kit, query, headers={"x-amz-sso_bearer_token": renewed["accessToken"]}, method="GET")[
            0
        ]
        == 401
    )


def test_container_and_instance_credentials(kit):
    assert post(kit, "/container-credentials/app", method="GET")[0] == 403
    token = kit.control("GET", "identity")["container_token"]
    status, body = post(
        kit, "/container-credentials/app", headers={"Authorization": token}, method="GET"
    )
    key = json.loads(body)
    assert (
        status == 200
        and kit.client(
            "sts", key["AccessKeyId"], key["SecretAccessKey"], key["Token"]
        ).get_caller_identity()["Account"]
        == "123456789012"
    )
    base = "/latest/meta-data/iam/security-credentials/"
    assert post(kit, base, method="GET")[0] == 401
    status, session = post(
        kit,
        "/latest/api/token",
        headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"},
        method="PUT",
    )
    headers = {"X-aws-ec2-metadata-token": session.decode()}
    role = post(kit, base, headers=headers, method="GET")[1].decode()
    assert json.loads(post(kit, base + role, headers=headers, method="GET")[1])["Code"] == "Success"


def test_first_use_needs_a_service_role(kit, ground):
    kit.control("POST", "behaviour", {"virgin": True})
    rds, iam = kit.client("rds"), kit.client("iam")
    group = dict(DBSubnetGroupDescription="d", SubnetIds=ground.subnets)
    assert (
        code_of(rds.create_db_subnet_group, DBSubnetGroupName="first", **group)
        == "InvalidParameterValue"
    )
    assert (
        iam.get_role(RoleName="AWSServiceRoleForRDS")["Role"]["Path"]
        == "/aws-service-role/rds.amazonaws.com/"
    )
    rds.create_db_subnet_group(DBSubnetGroupName="first", **group)
    rds.delete_db_subnet_group(DBSubnetGroupName="first")
    assert (
        code_of(iam.create_service_linked_role, AWSServiceName="rds.amazonaws.com")
        == "InvalidInput"
    )
    iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    ecs = kit.client("ecs")
    ecs.create_cluster(clusterName="first-use")
    ecs.delete_cluster(cluster="first-use")
