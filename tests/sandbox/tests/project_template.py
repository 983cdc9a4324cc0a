"""A stack like a deployed project: network, load balancer, stores, services, names, certificates.

It is put together of parts, a file each: project_network.py has the network and what stands in
front, project_stores.py the stores and what serves the operation, this one the service that runs in
them. `project()` is the whole; its keywords change the service, so that a test can update or break
it. Types that a project seldom has are in project_others.py.
"""

from project_network import front, network
from project_stores import operations, stores
from template_words import att, ref


def service(
    image: str = "public.ecr.aws/nginx/nginx:1", environment=(), count: int = 1, definition=None
) -> dict:
    return {
        "WebTask": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": "web",
                "Cpu": "256",
                "Memory": "512",
                "NetworkMode": "awsvpc",
                "RequiresCompatibilities": ["FARGATE"],
                "ExecutionRoleArn": att("ExecutionRole", "Arn"),
                "TaskRoleArn": att("TaskRole", "Arn"),
                "ContainerDefinitions": [
                    {
                        "Name": "web",
                        "Image": image,
                        "Essential": True,
                        "PortMappings": [{"ContainerPort": 80, "Protocol": "tcp"}],
                        "Environment": [{"Name": k, "Value": v} for k, v in environment],
                        "LogConfiguration": {
                            "LogDriver": "awslogs",
                            "Options": {
                                "awslogs-group": ref("Logs"),
                                "awslogs-region": ref("AWS::Region"),
                                "awslogs-stream-prefix": "web",
                            },
                        },
                    }
                ],
                **(definition or {}),
            },
        },
        "Web": {
            "Type": "AWS::ECS::Service",
            "DependsOn": ["Rule", "Providers"],
            "Properties": {
                "Cluster": ref("Cluster"),
                "TaskDefinition": ref("WebTask"),
                "DesiredCount": count,
                "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}],
                "DeploymentConfiguration": {
                    "MinimumHealthyPercent": 0,
                    "MaximumPercent": 200,
                    "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                },
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {
                        "Subnets": [ref("Private0"), ref("Private1")],
                        "SecurityGroups": [ref("ServiceGroup")],
                        "AssignPublicIp": "DISABLED",
                    }
                },
                "LoadBalancers": [
                    {"ContainerName": "web", "ContainerPort": 80, "TargetGroupArn": ref("Targets")}
                ],
                "EnableECSManagedTags": True,
                "PropagateTags": "SERVICE",
            },
        },
        "Scale": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ResourceId": {"Fn::Join": ["/", ["service", ref("Cluster"), att("Web", "Name")]]},
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "MinCapacity": 1,
                "MaxCapacity": 2,
            },
        },
        "ScalePolicy": {
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": {
                "PolicyName": "cpu",
                "PolicyType": "TargetTrackingScaling",
                "ScalingTargetId": ref("Scale"),
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 85,
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "ECSServiceAverageCPUUtilization"
                    },
                },
            },
        },
    }


def project(**web) -> dict:
    return {
        "Resources": {**network(), **front(), **stores(), **operations(), **service(**web)},
        "Outputs": {
            "endpoint": {"Value": {"Fn::Sub": "http://${Alb.DNSName}"}},
            "database": {"Value": {"Fn::Sub": "${Db.Endpoint.Address}:${Db.Endpoint.Port}"}},
        },
    }
