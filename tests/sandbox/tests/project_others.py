"""A stack of the types that a project does not always have, one of each.

Files, private discovery, certificates, policies, parameters, identity providers: each with the
properties that a template would give it, so that the engine makes, reads and deletes every one.
"""

from bootstrap_template import TRUST
from project_network import network
from template_words import att, ref


def others() -> dict:
    """The types that a project does not always have."""
    return {
        "Resources": {
            "Vpc": network()["Vpc"],
            "Private0": network()["Private0"],
            "Private1": network()["Private1"],
            "StoreGroup": network()["StoreGroup"],
            "Files": {
                "Type": "AWS::EFS::FileSystem",
                "Properties": {
                    "Encrypted": True,
                    "FileSystemTags": [{"Key": "Name", "Value": "files"}],
                    "LifecyclePolicies": [{"TransitionToIA": "AFTER_30_DAYS"}],
                },
            },
            "Mount": {
                "Type": "AWS::EFS::MountTarget",
                "Properties": {
                    "FileSystemId": ref("Files"),
                    "SubnetId": ref("Private0"),
                    "SecurityGroups": [ref("StoreGroup")],
                },
            },
            "Access": {
                "Type": "AWS::EFS::AccessPoint",
                "Properties": {
                    "FileSystemId": ref("Files"),
                    "PosixUser": {"Uid": "1000", "Gid": "1000"},
                    "RootDirectory": {
                        "Path": "/data",
                        "CreationInfo": {
                            "OwnerUid": "1000",
                            "OwnerGid": "1000",
                            "Permissions": "0755",
                        },
                    },
                },
            },
            "Namespace": {
                "Type": "AWS::ServiceDiscovery::PrivateDnsNamespace",
                "Properties": {"Name": "cloud.internal", "Vpc": ref("Vpc")},
            },
            "Entry": {
                "Type": "AWS::ServiceDiscovery::Service",
                "Properties": {
                    "Name": "api",
                    "DnsConfig": {
                        "NamespaceId": ref("Namespace"),
                        "RoutingPolicy": "MULTIVALUE",
                        "DnsRecords": [{"Type": "A", "TTL": 10}],
                    },
                    "HealthCheckCustomConfig": {"FailureThreshold": 1},
                },
            },
            "PublicZone": {
                "Type": "AWS::Route53::HostedZone",
                "Properties": {
                    "Name": "shop.example.com",
                    "HostedZoneTags": [{"Key": "a", "Value": "b"}],
                },
            },
            "Certificate": {
                "Type": "AWS::CertificateManager::Certificate",
                "Properties": {
                    "DomainName": "shop.example.com",
                    "SubjectAlternativeNames": ["*.shop.example.com"],
                    "ValidationMethod": "DNS",
                    "DomainValidationOptions": [
                        {"DomainName": "shop.example.com", "HostedZoneId": ref("PublicZone")},
                        {"DomainName": "*.shop.example.com", "HostedZoneId": ref("PublicZone")},
                    ],
                },
            },
            "Alb": {
                "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
                "Properties": {
                    "Scheme": "internal",
                    "Subnets": [ref("Private0"), ref("Private1")],
                    "SecurityGroups": [ref("StoreGroup")],
                },
            },
            "Https": {
                "Type": "AWS::ElasticLoadBalancingV2::Listener",
                "Properties": {
                    "LoadBalancerArn": ref("Alb"),
                    "Port": 443,
                    "Protocol": "HTTPS",
                    "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
                    "Certificates": [{"CertificateArn": ref("Certificate")}],
                    "DefaultActions": [
                        {
                            "Type": "redirect",
                            "RedirectConfig": {
                                "Protocol": "HTTPS",
                                "Port": "443",
                                "StatusCode": "HTTP_302",
                            },
                        }
                    ],
                },
            },
            "Second": {
                "Type": "AWS::CertificateManager::Certificate",
                "Properties": {
                    "DomainName": "other.shop.example.com",
                    "ValidationMethod": "DNS",
                    "DomainValidationOptions": [
                        {"DomainName": "other.shop.example.com", "HostedZoneId": ref("PublicZone")}
                    ],
                },
            },
            "ExtraCertificates": {
                "Type": "AWS::ElasticLoadBalancingV2::ListenerCertificate",
                "Properties": {
                    "ListenerArn": ref("Https"),
                    "Certificates": [{"CertificateArn": ref("Second")}],
                },
            },
            "Alias": {
                "Type": "AWS::Route53::RecordSet",
                "Properties": {
                    "HostedZoneName": "shop.example.com.",
                    "Name": "www.shop.example.com",
                    "Type": "A",
                    "AliasTarget": {
                        "DNSName": att("Alb", "DNSName"),
                        "HostedZoneId": att("Alb", "CanonicalHostedZoneID"),
                    },
                },
                "DependsOn": "PublicZone",
            },
            "Setting": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Type": "String", "Value": "v1"},
            },
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "BucketEncryption": {
                        "ServerSideEncryptionConfiguration": [
                            {
                                "ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                                "BucketKeyEnabled": True,
                            }
                        ]
                    },
                    "LifecycleConfiguration": {
                        "Rules": [
                            {
                                "Id": "old",
                                "Status": "Enabled",
                                "ExpirationInDays": 1,
                                "Prefix": "AWSLogs/",
                            }
                        ]
                    },
                    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                },
            },
            "BucketPolicy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": ref("Bucket"),
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Deny",
                                "Principal": "*",
                                "Action": "s3:*",
                                "Resource": {"Fn::Sub": "${Bucket.Arn}/*"},
                            }
                        ],
                    },
                },
            },
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
            "Managed": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "Roles": [ref("Role")],
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
                        ],
                    },
                },
            },
            "Inline": {
                "Type": "AWS::IAM::RolePolicy",
                "Properties": {
                    "RoleName": ref("Role"),
                    "PolicyName": "inline",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
                        ],
                    },
                },
            },
            "Profile": {
                "Type": "AWS::IAM::InstanceProfile",
                "Properties": {"Roles": [ref("Role")]},
            },
            "Oidc": {
                "Type": "AWS::IAM::OIDCProvider",
                "Properties": {
                    "Url": "https://token.actions.githubusercontent.com",
                    "ClientIdList": ["sts.amazonaws.com"],
                    "ThumbprintList": ["6938fd4d98bab03faadb97b34396831e3780aea1"],
                },
            },
            "CacheParameters": {
                "Type": "AWS::ElastiCache::ParameterGroup",
                "Properties": {
                    "CacheParameterGroupFamily": "redis7",
                    "Description": "cache",
                    "Properties": {"maxmemory-policy": "allkeys-lru"},
                },
            },
            "PullThrough": {
                "Type": "AWS::ECR::PullThroughCacheRule",
                "Properties": {
                    "EcrRepositoryPrefix": "shop-ecr-public",
                    "UpstreamRegistryUrl": "public.ecr.aws",
                },
            },
        }
    }
