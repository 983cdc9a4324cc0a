"""The stores of a deployed project (database, cache, their names) and what serves its operation.

Operation means logs with the rule that writes ECS events into them, the cluster, roles, and the
image repository. Written by hand, apart from the planner, like project_network.py.
"""

from bootstrap_template import TRUST
from template_words import att, ref


def stores() -> dict:
    return {
        "Password": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {
                "GenerateSecretString": {
                    "SecretStringTemplate": '{"username": "app"}',
                    "GenerateStringKey": "password",
                    "ExcludePunctuation": True,
                    "PasswordLength": 24,
                }
            },
        },
        "DbSubnets": {
            "Type": "AWS::RDS::DBSubnetGroup",
            "Properties": {
                "DBSubnetGroupDescription": "db",
                "SubnetIds": [ref("Private0"), ref("Private1")],
            },
        },
        "DbParameters": {
            "Type": "AWS::RDS::DBParameterGroup",
            "Properties": {
                "Family": "postgres16",
                "Description": "db",
                "Parameters": {"rds.force_ssl": "0"},
            },
        },
        "Db": {
            "Type": "AWS::RDS::DBInstance",
            "DeletionPolicy": "Delete",
            "Properties": {
                "Engine": "postgres",
                "EngineVersion": "16",
                "DBInstanceClass": "db.t4g.micro",
                "AllocatedStorage": "20",
                "MaxAllocatedStorage": 500,
                "StorageEncrypted": True,
                "PubliclyAccessible": False,
                "DBName": "shop",
                "MasterUsername": "app",
                "BackupRetentionPeriod": 0,
                "CopyTagsToSnapshot": True,
                "MasterUserPassword": {
                    "Fn::Sub": "{{resolve:secretsmanager:${Password}:SecretString:password}}"
                },
                "DBSubnetGroupName": ref("DbSubnets"),
                "DBParameterGroupName": ref("DbParameters"),
                "VPCSecurityGroups": [ref("StoreGroup")],
            },
        },
        "DbRecord": {
            "Type": "AWS::Route53::RecordSet",
            "Properties": {
                "HostedZoneId": ref("Zone"),
                "Name": "db.shop.internal",
                "Type": "CNAME",
                "TTL": 300,
                "ResourceRecords": [att("Db", "Endpoint.Address")],
            },
        },
        "CacheSubnets": {
            "Type": "AWS::ElastiCache::SubnetGroup",
            "Properties": {"Description": "cache", "SubnetIds": [ref("Private0"), ref("Private1")]},
        },
        "Cache": {
            "Type": "AWS::ElastiCache::ReplicationGroup",
            "Properties": {
                "ReplicationGroupDescription": "cache",
                "Engine": "redis",
                "EngineVersion": "7.0",
                "CacheNodeType": "cache.t4g.micro",
                "NumCacheClusters": 1,
                "AutomaticFailoverEnabled": False,
                "CacheSubnetGroupName": ref("CacheSubnets"),
                "SecurityGroupIds": [ref("StoreGroup")],
                "AtRestEncryptionEnabled": True,
                "Port": 6379,
            },
        },
        "CacheRecord": {
            "Type": "AWS::Route53::RecordSet",
            "Properties": {
                "HostedZoneId": ref("Zone"),
                "Name": "cache.shop.internal.",
                "Type": "CNAME",
                "TTL": "300",
                "ResourceRecords": [att("Cache", "PrimaryEndPoint.Address")],
            },
        },
    }


def operations() -> dict:
    return {
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "/Defang/shop/beta/logs", "RetentionInDays": 1},
        },
        "EcsLogs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "/Defang/shop/beta/ecs", "RetentionInDays": 1},
        },
        "LogPolicy": {
            "Type": "AWS::Logs::ResourcePolicy",
            "Properties": {
                "PolicyName": "shop-events",
                "PolicyDocument": {
                    "Fn::Sub": (
                        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":'
                        '{"Service":"events.amazonaws.com"},"Action":"logs:PutLogEvents",'
                        '"Resource":"${EcsLogs.Arn}"}]}'
                    )
                },
            },
        },
        "Lifecycle": {
            "Type": "AWS::Events::Rule",
            "DependsOn": "LogPolicy",
            "Properties": {
                "EventPattern": {
                    "source": ["aws.ecs"],
                    "detail-type": ["ECS Task State Change"],
                    "detail": {"clusterArn": [att("Cluster", "Arn")]},
                },
                "Targets": [
                    {
                        "Id": "logs",
                        "Arn": {
                            "Fn::Sub": (
                                "arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:${EcsLogs}"
                            )
                        },
                    }
                ],
            },
        },
        "Cluster": {
            "Type": "AWS::ECS::Cluster",
            "Properties": {"ClusterSettings": [{"Name": "containerInsights", "Value": "disabled"}]},
        },
        "Providers": {
            "Type": "AWS::ECS::ClusterCapacityProviderAssociations",
            "Properties": {
                "Cluster": ref("Cluster"),
                "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
                "DefaultCapacityProviderStrategy": [
                    {"CapacityProvider": "FARGATE_SPOT", "Weight": 1}
                ],
            },
        },
        "ExecutionRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "ManagedPolicyArns": [
                    "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
                ],
            },
        },
        "TaskRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "SecretsPolicy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "secrets",
                "Roles": [ref("ExecutionRole")],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "secretsmanager:GetSecretValue",
                            "Resource": ref("Password"),
                        }
                    ],
                },
            },
        },
        "Repository": {
            "Type": "AWS::ECR::Repository",
            "Properties": {
                "RepositoryName": "shop/kaniko-build",
                "EmptyOnDelete": True,
                "LifecyclePolicy": {
                    "LifecyclePolicyText": (
                        '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged",'
                        '"countType":"sinceImagePushed","countUnit":"days","countNumber":1},'
                        '"action":{"type":"expire"}}]}'
                    )
                },
            },
        },
    }
