"""A stack like a deployed project: network, load balancer, stores, services, names, certificates."""
from bootstrap_template import TRUST


def ref(name: str) -> dict:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict:
    return {"Fn::GetAtt": [name, attribute]}


def network() -> dict:
    parts = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True,
                                                        "EnableDnsSupport": True}},
        "Igw": {"Type": "AWS::EC2::InternetGateway"},
        "IgwAttachment": {"Type": "AWS::EC2::VPCGatewayAttachment",
                          "Properties": {"VpcId": ref("Vpc"), "InternetGatewayId": ref("Igw")}},
        "Dhcp": {"Type": "AWS::EC2::DHCPOptions", "Properties": {"DomainName": "shop.internal",
                                                                 "DomainNameServers": ["AmazonProvidedDNS"]}},
        "DhcpAssociation": {"Type": "AWS::EC2::VPCDHCPOptionsAssociation",
                            "Properties": {"VpcId": ref("Vpc"), "DhcpOptionsId": ref("Dhcp")}},
        "S3Endpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {
            "VpcId": ref("Vpc"), "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
            "RouteTableIds": [ref("PrivateTable0"), ref("PrivateTable1")]}},
        "Eip": {"Type": "AWS::EC2::EIP", "DependsOn": "IgwAttachment", "Properties": {"Domain": "vpc"}},
        "Nat": {"Type": "AWS::EC2::NatGateway", "Properties": {"SubnetId": ref("Public0"),
                                                              "AllocationId": att("Eip", "AllocationId")}},
    }
    for index in (0, 1):
        zone = {"Fn::Select": [index, {"Fn::GetAZs": ref("AWS::Region")}]}
        for kind, cidr in (("Public", f"10.0.{64 + 128 * index}.0/19"), ("Private", f"10.0.{128 * index}.0/18")):
            parts[f"{kind}{index}"] = {"Type": "AWS::EC2::Subnet", "Properties": {
                "VpcId": ref("Vpc"), "CidrBlock": cidr, "AvailabilityZone": zone, "MapPublicIpOnLaunch": kind == "Public"}}
            parts[f"{kind}Table{index}"] = {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": ref("Vpc")}}
            parts[f"{kind}Association{index}"] = {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": {
                "SubnetId": ref(f"{kind}{index}"), "RouteTableId": ref(f"{kind}Table{index}")}}
            target = {"GatewayId": ref("Igw")} if kind == "Public" else {"NatGatewayId": ref("Nat")}
            parts[f"{kind}Route{index}"] = {"Type": "AWS::EC2::Route", "DependsOn": "IgwAttachment", "Properties": {
                "RouteTableId": ref(f"{kind}Table{index}"), "DestinationCidrBlock": "0.0.0.0/0", **target}}
    for name, text in (("AlbGroup", "load balancer"), ("ServiceGroup", "services"), ("StoreGroup", "stores")):
        parts[name] = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": text, "VpcId": ref("Vpc")}}
    parts["AlbGroup"]["Properties"]["SecurityGroupIngress"] = [
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0", "Description": "http"}]
    parts["StoreIngress"] = {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {
        "GroupId": ref("StoreGroup"), "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432,
        "SourceSecurityGroupId": ref("ServiceGroup")}}
    parts["StoreEgress"] = {"Type": "AWS::EC2::SecurityGroupEgress", "Properties": {
        "GroupId": ref("StoreGroup"), "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/16"}}
    return parts


def front() -> dict:
    return {
        "Alb": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "DependsOn": ["IgwAttachment"], "Properties": {
            "Scheme": "internet-facing", "Subnets": [ref("Public0"), ref("Public1")], "SecurityGroups": [ref("AlbGroup")],
            "LoadBalancerAttributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "120"}]}},
        "Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
            "Port": 80, "Protocol": "HTTP", "VpcId": ref("Vpc"), "TargetType": "ip", "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 4, "HealthyThresholdCount": 2,
            "Matcher": {"HttpCode": "200-399"},
            "TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]}},
        "Http": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
            "LoadBalancerArn": ref("Alb"), "Port": 80, "Protocol": "HTTP", "DefaultActions": [
                {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/html",
                                                                   "MessageBody": "<p>nothing here</p>"}}]}},
        "Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {
            "ListenerArn": ref("Http"), "Priority": 1, "Actions": [{"Type": "forward", "TargetGroupArn": ref("Targets")}],
            "Conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": [att("Alb", "DNSName")]}}]}},
        "Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {
            "Name": "shop.internal", "HostedZoneConfig": {"Comment": "private"},
            "VPCs": [{"VPCId": ref("Vpc"), "VPCRegion": ref("AWS::Region")}]}},
    }


def stores() -> dict:
    return {
        "Password": {"Type": "AWS::SecretsManager::Secret", "Properties": {
            "GenerateSecretString": {"SecretStringTemplate": "{\"username\": \"app\"}", "GenerateStringKey": "password",
                                     "ExcludePunctuation": True, "PasswordLength": 24}}},
        "DbSubnets": {"Type": "AWS::RDS::DBSubnetGroup", "Properties": {
            "DBSubnetGroupDescription": "db", "SubnetIds": [ref("Private0"), ref("Private1")]}},
        "DbParameters": {"Type": "AWS::RDS::DBParameterGroup", "Properties": {
            "Family": "postgres16", "Description": "db", "Parameters": {"rds.force_ssl": "0"}}},
        "Db": {"Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Delete", "Properties": {
            "Engine": "postgres", "EngineVersion": "16", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": "20",
            "MaxAllocatedStorage": 500, "StorageEncrypted": True, "PubliclyAccessible": False, "DBName": "shop",
            "MasterUsername": "app", "BackupRetentionPeriod": 0, "CopyTagsToSnapshot": True,
            "MasterUserPassword": {"Fn::Sub": "{{resolve:secretsmanager:${Password}:SecretString:password}}"},
            "DBSubnetGroupName": ref("DbSubnets"), "DBParameterGroupName": ref("DbParameters"),
            "VPCSecurityGroups": [ref("StoreGroup")]}},
        "DbRecord": {"Type": "AWS::Route53::RecordSet", "Properties": {
            "HostedZoneId": ref("Zone"), "Name": "db.shop.internal", "Type": "CNAME", "TTL": 300,
            "ResourceRecords": [att("Db", "Endpoint.Address")]}},
        "CacheSubnets": {"Type": "AWS::ElastiCache::SubnetGroup", "Properties": {
            "Description": "cache", "SubnetIds": [ref("Private0"), ref("Private1")]}},
        "Cache": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": {
            "ReplicationGroupDescription": "cache", "Engine": "redis", "EngineVersion": "7.0", "CacheNodeType": "cache.t4g.micro",
            "NumCacheClusters": 1, "AutomaticFailoverEnabled": False, "CacheSubnetGroupName": ref("CacheSubnets"),
            "SecurityGroupIds": [ref("StoreGroup")], "AtRestEncryptionEnabled": True, "Port": 6379}},
        "CacheRecord": {"Type": "AWS::Route53::RecordSet", "Properties": {
            "HostedZoneId": ref("Zone"), "Name": "cache.shop.internal.", "Type": "CNAME", "TTL": "300",
            "ResourceRecords": [att("Cache", "PrimaryEndPoint.Address")]}},
    }


def operations() -> dict:
    return {
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/Defang/shop/beta/logs", "RetentionInDays": 1}},
        "EcsLogs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/Defang/shop/beta/ecs",
                                                                  "RetentionInDays": 1}},
        "LogPolicy": {"Type": "AWS::Logs::ResourcePolicy", "Properties": {
            "PolicyName": "shop-events", "PolicyDocument": {"Fn::Sub": (
                '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},'
                '"Action":"logs:PutLogEvents","Resource":"${EcsLogs.Arn}"}]}')}}},
        "Lifecycle": {"Type": "AWS::Events::Rule", "DependsOn": "LogPolicy", "Properties": {
            "EventPattern": {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"],
                             "detail": {"clusterArn": [att("Cluster", "Arn")]}},
            "Targets": [{"Id": "logs", "Arn": {"Fn::Sub": "arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:${EcsLogs}"}}]}},
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {
            "ClusterSettings": [{"Name": "containerInsights", "Value": "disabled"}]}},
        "Providers": {"Type": "AWS::ECS::ClusterCapacityProviderAssociations", "Properties": {
            "Cluster": ref("Cluster"), "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "DefaultCapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]}},
        "ExecutionRole": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": TRUST,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"]}},
        "TaskRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "SecretsPolicy": {"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "secrets", "Roles": [ref("ExecutionRole")], "PolicyDocument": {
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
                                                        "Resource": ref("Password")}]}}},
        "Repository": {"Type": "AWS::ECR::Repository", "Properties": {
            "RepositoryName": "shop/kaniko-build", "EmptyOnDelete": True, "LifecyclePolicy": {"LifecyclePolicyText": (
                '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed",'
                '"countUnit":"days","countNumber":1},"action":{"type":"expire"}}]}')}}},
    }


def service(image: str = "public.ecr.aws/nginx/nginx:1", environment=(), count: int = 1, definition=None) -> dict:
    return {
        "WebTask": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
            "Family": "web", "Cpu": "256", "Memory": "512", "NetworkMode": "awsvpc", "RequiresCompatibilities": ["FARGATE"],
            "ExecutionRoleArn": att("ExecutionRole", "Arn"), "TaskRoleArn": att("TaskRole", "Arn"),
            "ContainerDefinitions": [{
                "Name": "web", "Image": image, "Essential": True, "PortMappings": [{"ContainerPort": 80, "Protocol": "tcp"}],
                "Environment": [{"Name": k, "Value": v} for k, v in environment],
                "LogConfiguration": {"LogDriver": "awslogs", "Options": {
                    "awslogs-group": ref("Logs"), "awslogs-region": ref("AWS::Region"), "awslogs-stream-prefix": "web"}}}],
            **(definition or {})}},
        "Web": {"Type": "AWS::ECS::Service", "DependsOn": ["Rule", "Providers"], "Properties": {
            "Cluster": ref("Cluster"), "TaskDefinition": ref("WebTask"), "DesiredCount": count,
            "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}],
            "DeploymentConfiguration": {"MinimumHealthyPercent": 0, "MaximumPercent": 200,
                                        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}},
            "NetworkConfiguration": {"AwsvpcConfiguration": {
                "Subnets": [ref("Private0"), ref("Private1")], "SecurityGroups": [ref("ServiceGroup")],
                "AssignPublicIp": "DISABLED"}},
            "LoadBalancers": [{"ContainerName": "web", "ContainerPort": 80, "TargetGroupArn": ref("Targets")}],
            "EnableECSManagedTags": True, "PropagateTags": "SERVICE"}},
        "Scale": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {
            "ResourceId": {"Fn::Join": ["/", ["service", ref("Cluster"), att("Web", "Name")]]}, "ServiceNamespace": "ecs",
            "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 2}},
        "ScalePolicy": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": {
            "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": ref("Scale"),
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 85, "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}}},
    }


def project(**web) -> dict:
    return {"Resources": {**network(), **front(), **stores(), **operations(), **service(**web)},
            "Outputs": {"endpoint": {"Value": {"Fn::Sub": "http://${Alb.DNSName}"}},
                        "database": {"Value": {"Fn::Sub": "${Db.Endpoint.Address}:${Db.Endpoint.Port}"}}}}


def others() -> dict:
    """The types that a project does not always have."""
    return {"Resources": {
        "Vpc": network()["Vpc"], "Private0": network()["Private0"], "Private1": network()["Private1"],
        "StoreGroup": network()["StoreGroup"],
        "Files": {"Type": "AWS::EFS::FileSystem", "Properties": {
            "Encrypted": True, "FileSystemTags": [{"Key": "Name", "Value": "files"}],
            "LifecyclePolicies": [{"TransitionToIA": "AFTER_30_DAYS"}]}},
        "Mount": {"Type": "AWS::EFS::MountTarget", "Properties": {
            "FileSystemId": ref("Files"), "SubnetId": ref("Private0"), "SecurityGroups": [ref("StoreGroup")]}},
        "Access": {"Type": "AWS::EFS::AccessPoint", "Properties": {
            "FileSystemId": ref("Files"), "PosixUser": {"Uid": "1000", "Gid": "1000"},
            "RootDirectory": {"Path": "/data", "CreationInfo": {"OwnerUid": "1000", "OwnerGid": "1000", "Permissions": "0755"}}}},
        "Namespace": {"Type": "AWS::ServiceDiscovery::PrivateDnsNamespace", "Properties": {
            "Name": "cloud.internal", "Vpc": ref("Vpc")}},
        "Entry": {"Type": "AWS::ServiceDiscovery::Service", "Properties": {
            "Name": "api", "DnsConfig": {"NamespaceId": ref("Namespace"), "RoutingPolicy": "MULTIVALUE",
                                         "DnsRecords": [{"Type": "A", "TTL": 10}]},
            "HealthCheckCustomConfig": {"FailureThreshold": 1}}},
        "PublicZone": {"Type": "AWS::Route53::HostedZone", "Properties": {
            "Name": "shop.example.com", "HostedZoneTags": [{"Key": "a", "Value": "b"}]}},
        "Certificate": {"Type": "AWS::CertificateManager::Certificate", "Properties": {
            "DomainName": "shop.example.com", "SubjectAlternativeNames": ["*.shop.example.com"], "ValidationMethod": "DNS",
            "DomainValidationOptions": [{"DomainName": "shop.example.com", "HostedZoneId": ref("PublicZone")},
                                        {"DomainName": "*.shop.example.com", "HostedZoneId": ref("PublicZone")}]}},
        "Alb": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {
            "Scheme": "internal", "Subnets": [ref("Private0"), ref("Private1")], "SecurityGroups": [ref("StoreGroup")]}},
        "Https": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
            "LoadBalancerArn": ref("Alb"), "Port": 443, "Protocol": "HTTPS", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "Certificates": [{"CertificateArn": ref("Certificate")}], "DefaultActions": [
                {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_302"}}]}},
        "Second": {"Type": "AWS::CertificateManager::Certificate", "Properties": {
            "DomainName": "other.shop.example.com", "ValidationMethod": "DNS",
            "DomainValidationOptions": [{"DomainName": "other.shop.example.com", "HostedZoneId": ref("PublicZone")}]}},
        "ExtraCertificates": {"Type": "AWS::ElasticLoadBalancingV2::ListenerCertificate", "Properties": {
            "ListenerArn": ref("Https"), "Certificates": [{"CertificateArn": ref("Second")}]}},
        "Alias": {"Type": "AWS::Route53::RecordSet", "Properties": {
            "HostedZoneName": "shop.example.com.", "Name": "www.shop.example.com", "Type": "A", "AliasTarget": {
                "DNSName": att("Alb", "DNSName"), "HostedZoneId": att("Alb", "CanonicalHostedZoneID")}},
            "DependsOn": "PublicZone"},
        "Setting": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v1"}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}]},
            "LifecycleConfiguration": {"Rules": [{"Id": "old", "Status": "Enabled", "ExpirationInDays": 1, "Prefix": "AWSLogs/"}]},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}},
        "BucketPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {
            "Bucket": ref("Bucket"), "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": {"Fn::Sub": "${Bucket.Arn}/*"}}]}}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "Roles": [ref("Role")], "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}}},
        "Inline": {"Type": "AWS::IAM::RolePolicy", "Properties": {
            "RoleName": ref("Role"), "PolicyName": "inline", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}}},
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [ref("Role")]}},
        "Oidc": {"Type": "AWS::IAM::OIDCProvider", "Properties": {
            "Url": "https://token.actions.githubusercontent.com", "ClientIdList": ["sts.amazonaws.com"],
            "ThumbprintList": ["6938fd4d98bab03faadb97b34396831e3780aea1"]}},
        "CacheParameters": {"Type": "AWS::ElastiCache::ParameterGroup", "Properties": {
            "CacheParameterGroupFamily": "redis7", "Description": "cache", "Properties": {"maxmemory-policy": "allkeys-lru"}}},
        "PullThrough": {"Type": "AWS::ECR::PullThroughCacheRule", "Properties": {
            "EcrRepositoryPrefix": "shop-ecr-public", "UpstreamRegistryUrl": "public.ecr.aws"}},
    }}
