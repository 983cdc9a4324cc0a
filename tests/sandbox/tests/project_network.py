"""The network of a deployed project, and the load balancer, rules and zone in front of its
services.

Two zones, each with a public and a private subnet and a table of its own; one NAT gateway; security
groups for the balancer, the services and the stores. It has what the planner's own templates have,
written by hand, so that the sandbox's engine is not only tested with what the product happens to
make.
"""

from template_words import att, ref


def network() -> dict:
    parts = {
        "Vpc": {
            "Type": "AWS::EC2::VPC",
            "Properties": {
                "CidrBlock": "10.0.0.0/16",
                "EnableDnsHostnames": True,
                "EnableDnsSupport": True,
            },
        },
        "Igw": {"Type": "AWS::EC2::InternetGateway"},
        "IgwAttachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": ref("Vpc"), "InternetGatewayId": ref("Igw")},
        },
        "Dhcp": {
            "Type": "AWS::EC2::DHCPOptions",
            "Properties": {
                "DomainName": "shop.internal",
                "DomainNameServers": ["AmazonProvidedDNS"],
            },
        },
        "DhcpAssociation": {
            "Type": "AWS::EC2::VPCDHCPOptionsAssociation",
            "Properties": {"VpcId": ref("Vpc"), "DhcpOptionsId": ref("Dhcp")},
        },
        "S3Endpoint": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {
                "VpcId": ref("Vpc"),
                "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
                "RouteTableIds": [ref("PrivateTable0"), ref("PrivateTable1")],
            },
        },
        "Eip": {
            "Type": "AWS::EC2::EIP",
            "DependsOn": "IgwAttachment",
            "Properties": {"Domain": "vpc"},
        },
        "Nat": {
            "Type": "AWS::EC2::NatGateway",
            "Properties": {"SubnetId": ref("Public0"), "AllocationId": att("Eip", "AllocationId")},
        },
    }
    for index in (0, 1):
        zone = {"Fn::Select": [index, {"Fn::GetAZs": ref("AWS::Region")}]}
        for kind, cidr in (
            ("Public", f"10.0.{64 + 128 * index}.0/19"),
            ("Private", f"10.0.{128 * index}.0/18"),
        ):
            parts[f"{kind}{index}"] = {
                "Type": "AWS::EC2::Subnet",
                "Properties": {
                    "VpcId": ref("Vpc"),
                    "CidrBlock": cidr,
                    "AvailabilityZone": zone,
                    "MapPublicIpOnLaunch": kind == "Public",
                },
            }
            parts[f"{kind}Table{index}"] = {
                "Type": "AWS::EC2::RouteTable",
                "Properties": {"VpcId": ref("Vpc")},
            }
            parts[f"{kind}Association{index}"] = {
                "Type": "AWS::EC2::SubnetRouteTableAssociation",
                "Properties": {
                    "SubnetId": ref(f"{kind}{index}"),
                    "RouteTableId": ref(f"{kind}Table{index}"),
                },
            }
            target = {"GatewayId": ref("Igw")} if kind == "Public" else {"NatGatewayId": ref("Nat")}
            parts[f"{kind}Route{index}"] = {
                "Type": "AWS::EC2::Route",
                "DependsOn": "IgwAttachment",
                "Properties": {
                    "RouteTableId": ref(f"{kind}Table{index}"),
                    "DestinationCidrBlock": "0.0.0.0/0",
                    **target,
                },
            }
    for name, text in (
        ("AlbGroup", "load balancer"),
        ("ServiceGroup", "services"),
        ("StoreGroup", "stores"),
    ):
        parts[name] = {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"GroupDescription": text, "VpcId": ref("Vpc")},
        }
    parts["AlbGroup"]["Properties"]["SecurityGroupIngress"] = [
        {
            "IpProtocol": "tcp",
            "FromPort": 80,
            "ToPort": 80,
            "CidrIp": "0.0.0.0/0",
            "Description": "http",
        }
    ]
    parts["StoreIngress"] = {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": ref("StoreGroup"),
            "IpProtocol": "tcp",
            "FromPort": 5432,
            "ToPort": 5432,
            "SourceSecurityGroupId": ref("ServiceGroup"),
        },
    }
    parts["StoreEgress"] = {
        "Type": "AWS::EC2::SecurityGroupEgress",
        "Properties": {
            "GroupId": ref("StoreGroup"),
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "CidrIp": "10.0.0.0/16",
        },
    }
    return parts


def front() -> dict:
    return {
        "Alb": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "DependsOn": ["IgwAttachment"],
            "Properties": {
                "Scheme": "internet-facing",
                "Subnets": [ref("Public0"), ref("Public1")],
                "SecurityGroups": [ref("AlbGroup")],
                "LoadBalancerAttributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "120"}],
            },
        },
        "Targets": {
            "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
            "Properties": {
                "Port": 80,
                "Protocol": "HTTP",
                "VpcId": ref("Vpc"),
                "TargetType": "ip",
                "HealthCheckPath": "/health",
                "HealthCheckIntervalSeconds": 5,
                "HealthCheckTimeoutSeconds": 4,
                "HealthyThresholdCount": 2,
                "Matcher": {"HttpCode": "200-399"},
                "TargetGroupAttributes": [
                    {"Key": "deregistration_delay.timeout_seconds", "Value": "0"}
                ],
            },
        },
        "Http": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": ref("Alb"),
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": [
                    {
                        "Type": "fixed-response",
                        "FixedResponseConfig": {
                            "StatusCode": "404",
                            "ContentType": "text/html",
                            "MessageBody": "<p>nothing here</p>",
                        },
                    }
                ],
            },
        },
        "Rule": {
            "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
            "Properties": {
                "ListenerArn": ref("Http"),
                "Priority": 1,
                "Actions": [{"Type": "forward", "TargetGroupArn": ref("Targets")}],
                "Conditions": [
                    {
                        "Field": "host-header",
                        "HostHeaderConfig": {"Values": [att("Alb", "DNSName")]},
                    }
                ],
            },
        },
        "Zone": {
            "Type": "AWS::Route53::HostedZone",
            "Properties": {
                "Name": "shop.internal",
                "HostedZoneConfig": {"Comment": "private"},
                "VPCs": [{"VPCId": ref("Vpc"), "VPCRegion": ref("AWS::Region")}],
            },
        },
    }
