"""A stack like the account's bootstrap stack: every group of types that the core of the engine
serves.

Written by hand in CloudFormation's terms, with parameters, conditions, policies that retain, and
outputs, so that one stack goes through all that the engine does.
"""

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def named(suffix: str) -> list:
    return [{"Key": "Name", "Value": {"Fn::Sub": "${AWS::StackName}-" + suffix}}]


BOOTSTRAP = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Description": "the CD stack",
    "Parameters": {
        "ExistingVpcId": {"Type": "String", "Default": ""},
        "RetainBucket": {"Type": "String", "Default": "true", "AllowedValues": ["true", "false"]},
    },
    "Conditions": {"CreateVpcResources": {"Fn::Equals": [{"Ref": "ExistingVpcId"}, ""]}},
    "Resources": {
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "RetainExceptOnCreate",
            "Properties": {
                "VersioningConfiguration": {"Status": "Enabled"},
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
            },
        },
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "CapacityProvider": {
            "Type": "AWS::ECS::ClusterCapacityProviderAssociations",
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
                "DefaultCapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": 1}],
            },
        },
        "LogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "DependsOn": "Cluster",
            "Properties": {"RetentionInDays": 1},
        },
        "ExecutionRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "ManagedPolicyArns": [
                    "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
                ],
                "Policies": [
                    {
                        "PolicyName": "AllowECR",
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Action": ["ecr:CreateRepository"],
                                    "Resource": "*",
                                }
                            ],
                        },
                    }
                ],
            },
        },
        "TaskRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "TaskDefinition": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "NetworkMode": "awsvpc",
                "RequiresCompatibilities": ["FARGATE"],
                "Cpu": 2048,
                "Memory": "4096",
                "ExecutionRoleArn": {"Fn::GetAtt": ["ExecutionRole", "Arn"]},
                "TaskRoleArn": {"Fn::GetAtt": "TaskRole.Arn"},
                "RuntimePlatform": {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"},
                "Volumes": [{"Name": "cd"}],
                "ContainerDefinitions": [
                    {
                        "Name": "main",
                        "Image": "public.ecr.aws/pulumi/pulumi-nodejs:3",
                        "Essential": True,
                        "StopTimeout": 120,
                        "WorkingDirectory": "/app",
                        "EntryPoint": ["node", "lib/index.js"],
                        "DependsOn": [{"ContainerName": "defang-cd", "Condition": "START"}],
                        "Environment": [{"Name": "A", "Value": 1}],
                        "LogConfiguration": {
                            "LogDriver": "awslogs",
                            "Options": {
                                "awslogs-group": {"Ref": "LogGroup"},
                                "awslogs-region": {"Ref": "AWS::Region"},
                                "awslogs-stream-prefix": "defang",
                            },
                        },
                    },
                    {
                        "Name": "defang-cd",
                        "Image": "public.ecr.aws/defang-io/cd:1",
                        "Essential": False,
                        "MountPoints": [
                            {"SourceVolume": "cd", "ContainerPath": "/app", "ReadOnly": True}
                        ],
                    },
                ],
            },
        },
        "VPC": {
            "Type": "AWS::EC2::VPC",
            "Condition": "CreateVpcResources",
            "Properties": {
                "CidrBlock": "10.0.0.0/16",
                "EnableDnsSupport": True,
                "EnableDnsHostnames": "true",
                "Tags": named("vpc"),
            },
        },
        "InternetGateway": {
            "Type": "AWS::EC2::InternetGateway",
            "Condition": "CreateVpcResources",
            "Properties": {"Tags": named("igw")},
        },
        "InternetGatewayAttachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Condition": "CreateVpcResources",
            "Properties": {
                "VpcId": {"Ref": "VPC"},
                "InternetGatewayId": {"Ref": "InternetGateway"},
            },
        },
        "RouteTable": {
            "Type": "AWS::EC2::RouteTable",
            "Condition": "CreateVpcResources",
            "Properties": {"VpcId": {"Ref": "VPC"}, "Tags": named("routetable")},
        },
        "Route": {
            "Type": "AWS::EC2::Route",
            "Condition": "CreateVpcResources",
            "DependsOn": ["InternetGatewayAttachment"],
            "Properties": {
                "RouteTableId": {"Ref": "RouteTable"},
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": {"Ref": "InternetGateway"},
            },
        },
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Condition": "CreateVpcResources",
            "Properties": {
                "VpcId": {"Ref": "VPC"},
                "CidrBlock": "10.0.0.0/20",
                "MapPublicIpOnLaunch": True,
                "AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
                "Tags": named("subnet"),
            },
        },
        "SubnetRouteTableAssociation": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Condition": "CreateVpcResources",
            "Properties": {"SubnetId": {"Ref": "Subnet"}, "RouteTableId": {"Ref": "RouteTable"}},
        },
        "S3GatewayEndpoint": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Condition": "CreateVpcResources",
            "Properties": {
                "VpcId": {"Ref": "VPC"},
                "VpcEndpointType": "Gateway",
                "RouteTableIds": [{"Ref": "RouteTable"}],
                "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
            },
        },
        "SecurityGroup": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "the CD task",
                "VpcId": {
                    "Fn::If": ["CreateVpcResources", {"Ref": "VPC"}, {"Ref": "ExistingVpcId"}]
                },
            },
        },
    },
    "Outputs": {
        "subnetId": {"Condition": "CreateVpcResources", "Value": {"Ref": "Subnet"}},
        "defaultSecurityGroupId": {
            "Condition": "CreateVpcResources",
            "Value": {"Fn::GetAtt": ["VPC", "DefaultSecurityGroup"]},
        },
        "securityGroupId": {"Value": {"Ref": "SecurityGroup"}},
        "taskDefArn": {"Value": {"Ref": "TaskDefinition"}},
        "clusterName": {"Value": {"Ref": "Cluster"}},
        "logGroupArn": {"Value": {"Fn::GetAtt": ["LogGroup", "Arn"]}},
        "bucketName": {"Value": {"Ref": "Bucket"}},
        "templateVersion": {"Description": "the revision", "Value": 3},
    },
}
