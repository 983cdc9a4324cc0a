"""What drift detection reads of a resource: whether it is there, and of some types how it looks.

A reader answers the properties that it compares ({} when it only looks whether the resource is
there), or None for one that is gone. Types without a reader are NOT_CHECKED, as on AWS those are
whose provider cannot be read: see "Resource type support" in the CloudFormation user guide.
"""

from botocore.exceptions import ClientError

# Codes of the services' answers about what is not there, beside those with NotFound in them.
GONE = {"NoSuchEntity", "NoSuchBucket", "404", "ParameterNotFound", "ClusterNotFoundException"}


def _log_group(client, resource) -> dict | None:
    for group in client.describe_log_groups(logGroupNamePrefix=resource.physical_id)["logGroups"]:
        if group["logGroupName"] == resource.physical_id:
            return {"RetentionInDays": group.get("retentionInDays")}
    return None


def _cluster(client, resource) -> dict | None:
    living = [
        c
        for c in client.describe_clusters(clusters=[resource.physical_id])["clusters"]
        if c["status"] != "INACTIVE"
    ]
    return {"ClusterName": living[0]["clusterName"]} if living else None


def _service(client, resource) -> dict | None:
    arn = resource.physical_id
    found = client.describe_services(cluster=arn.split("/")[1], services=[arn])["services"]
    return {} if [s for s in found if s["status"] != "INACTIVE"] else None


def _one(operation: str, parameter: str, *, many: bool = False, result: str = ""):
    """Reads by an id; with `result`, an empty list of it means gone too."""

    def read(client, resource) -> dict | None:
        value = [resource.physical_id] if many else resource.physical_id
        found = getattr(client, operation)(**{parameter: value})
        return {} if not result or found[result] else None

    return read


READERS = {
    "AWS::CloudWatch::Alarm": (
        "cloudwatch",
        _one("describe_alarms", "AlarmNames", many=True, result="MetricAlarms"),
    ),
    "AWS::EC2::SecurityGroup": ("ec2", _one("describe_security_groups", "GroupIds", many=True)),
    "AWS::EC2::Subnet": ("ec2", _one("describe_subnets", "SubnetIds", many=True)),
    "AWS::EC2::VPC": ("ec2", _one("describe_vpcs", "VpcIds", many=True)),
    "AWS::ECR::Repository": (
        "ecr",
        _one("describe_repositories", "repositoryNames", many=True),
    ),
    "AWS::ECS::Cluster": ("ecs", _cluster),
    "AWS::ECS::Service": ("ecs", _service),
    "AWS::EFS::FileSystem": ("efs", _one("describe_file_systems", "FileSystemId")),
    "AWS::ElasticLoadBalancingV2::Listener": (
        "elbv2",
        _one("describe_listeners", "ListenerArns", many=True),
    ),
    "AWS::ElasticLoadBalancingV2::ListenerRule": (
        "elbv2",
        _one("describe_rules", "RuleArns", many=True),
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        "elbv2",
        _one("describe_load_balancers", "LoadBalancerArns", many=True),
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        "elbv2",
        _one("describe_target_groups", "TargetGroupArns", many=True),
    ),
    "AWS::IAM::Role": ("iam", _one("get_role", "RoleName")),
    "AWS::Logs::LogGroup": ("logs", _log_group),
    "AWS::RDS::DBInstance": ("rds", _one("describe_db_instances", "DBInstanceIdentifier")),
    "AWS::S3::Bucket": ("s3", _one("head_bucket", "Bucket")),
    "AWS::SSM::Parameter": ("ssm", _one("get_parameter", "Name")),
    "AWS::ServiceDiscovery::Service": ("servicediscovery", _one("get_service", "Id")),
}


def read(engine, stack, resource) -> dict | None:
    service, reader = READERS[resource.type]
    try:
        return reader(engine.client(service, stack.region, stack.account), resource)
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        if code in GONE or "NotFound" in code:
            return None
        raise
