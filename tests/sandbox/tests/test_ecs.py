"""Tasks and services that live: states, reasons, logs, health, roll-outs, events.

In the running sandbox, on the ground that sandbox_kit.py lays. Tasks that cannot start do so for
every reason that the product tells people, with the sentence of ECS; definitions that ECS refuses
are refused; a service becomes steady, rolls, breaks its circuit and goes back.
"""

import json

import pytest
from botocore.exceptions import ClientError

from sandbox_kit import ACCOUNT, REGION, wait_for


def code_of(call, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(**kwargs)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_task_life_and_containers(ground):
    definition = ground.define(
        "job",
        {"name": "main", "command": ["sh", "-c", "echo one; exit 3"]},
        {"name": "side", "essential": False},
    )
    arn = ground.run(definition, startedBy="me", clientToken="t-1")
    assert ground.run(definition, startedBy="me", clientToken="t-1") == arn
    assert (
        code_of(
            ground.ecs.run_task,
            cluster="c",
            taskDefinition=definition,
            networkConfiguration=ground.network,
            startedBy="other",
            clientToken="t-1",
        )[0]
        == "ConflictException"
    )
    task = ground.stopped(arn)
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert {c["name"]: c["exitCode"] for c in task["containers"]} == {"main": 3, "side": 143}
    assert task["createdAt"] <= task["startedAt"] <= task["stoppingAt"] <= task["stoppedAt"]
    assert ground.lines(f"job/main/{arn.split('/')[-1]}") == ["one"]
    assert ground.ecs.list_tasks(cluster="c", startedBy="me", desiredStatus="STOPPED")[
        "taskArns"
    ] == [arn]
    assert (
        ground.ecs.describe_tasks(cluster="c", tasks=["0" * 32])["failures"][0]["reason"]
        == "MISSING"
    )


def test_stop_by_user_and_dependency_order(ground):
    definition = ground.define(
        "deps",
        {"name": "first", "essential": False, "command": ["true"]},
        {
            "name": "second",
            "dependsOn": [{"containerName": "first", "condition": "SUCCESS"}],
            "portMappings": [{"containerPort": 80}],
        },
    )
    arn = ground.run(definition)
    wait_for(lambda: ground.task(arn)["lastStatus"] == "RUNNING")
    assert {c["name"]: c["lastStatus"] for c in ground.task(arn)["containers"]} == {
        "first": "STOPPED",
        "second": "RUNNING",
    }
    ground.ecs.stop_task(cluster="c", task=arn, reason="enough")
    task = ground.stopped(arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")


@pytest.mark.parametrize(
    "container,network,reason",
    [
        (
            {
                "secrets": [
                    {"name": "PW", "valueFrom": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/none/PW"}
                ]
            },
            {},
            "ResourceInitializationError: unable to pull secrets or registry auth",
        ),
        (
            {"image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/none:1"},
            {},
            (
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                "failed to resolve ref"
            ),
        ),
        (
            {},
            {"assignPublicIp": "DISABLED"},
            "CannotPullContainerError: pull image manifest has been retried 5 time(s)",
        ),
        (
            {
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "/none",
                        "awslogs-region": REGION,
                        "awslogs-stream-prefix": "x",
                    },
                }
            },
            {},
            "The specified log group does not exist",
        ),
    ],
)
def test_tasks_that_cannot_start(ground, container, network, reason):
    definition = ground.define("bad", {"name": "main", **container})
    configuration = {"awsvpcConfiguration": {**ground.network["awsvpcConfiguration"], **network}}
    task = ground.stopped(ground.run(definition, networkConfiguration=configuration))
    assert task["stopCode"] == "TaskFailedToStart" and reason in task["stoppedReason"]
    assert "exitCode" not in task["containers"][0]


@pytest.mark.parametrize(
    "change,code,text",
    [
        (
            {"memory": "100"},
            "ClientException",
            "No Fargate configuration exists for given values: 256 CPU, 100 memory",
        ),
        ({"networkMode": "bridge"}, "ClientException", "network mode"),
        (
            {"executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/none"},
            "ClientException",
            "Role is not valid",
        ),
        ({"containerDefinitions": []}, "ClientException", "Container list cannot be empty."),
        (
            {"containerDefinitions": [{"name": "a", "image": "x", "essential": False}]},
            "ClientException",
            "At least one container must be essential.",
        ),
    ],
)
def test_definitions_refused(ground, change, code, text):
    wanted = {
        "family": "f",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "a", "image": "x"}],
        **change,
    }
    got = code_of(ground.ecs.register_task_definition, **wanted)
    assert got[0] == code and text in got[1]


def test_service_steady_update_and_rollback(kit, ground):
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/t/events"
    ground.logs.create_log_group(logGroupName="/t/events")
    ground.logs.put_resource_policy(
        policyName="events",
        policyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": "logs:PutLogEvents",
                        "Resource": group + ":*",
                    }
                ],
            }
        ),
    )
    events = kit.client("events")
    events.put_rule(
        Name="ecs",
        EventPattern=json.dumps(
            {
                "source": ["aws.ecs"],
                "detail-type": [
                    "ECS Task State Change",
                    "ECS Service Action",
                    "ECS Deployment State Change",
                ],
            }
        ),
    )
    events.put_targets(Rule="ecs", Targets=[{"Id": "1", "Arn": group}])
    good = ground.define(
        "web",
        {
            "name": "web_abc",
            "portMappings": [{"containerPort": 80}],
            "environment": [{"name": "A", "value": "b"}],
        },
    )
    ground.service("web", good, desiredCount=2)
    service = ground.rolled_out("web")
    assert service["runningCount"] == 2
    texts = [e["message"] for e in service["events"]]
    assert "(service web) has reached a steady state." in texts and any(
        t.startswith("(service web) has started 2 tasks: (task ") for t in texts
    )
    arns = ground.ecs.list_tasks(cluster="c", serviceName="web")["taskArns"]
    assert ground.lines(f"web/web_abc/{arns[0].split('/')[-1]}")[:3] == [
        "web_abc: starting nginx:1",
        "web_abc: environment: A",
        "web_abc: listening on 80",
    ]
    bad = ground.define(
        "web", {"name": "web_abc", "environment": [{"name": "SANDBOX_FAIL", "value": "exit:3"}]}
    )
    ground.ecs.update_service(cluster="c", service="web", taskDefinition=bad)
    assert wait_for(
        lambda: any(
            "deployment failed: tasks failed to start." in e["message"]
            for e in ground.described("web")["events"]
        )
    )
    service = ground.rolled_out("web", definition=good)
    assert service["taskDefinition"] == good and service["runningCount"] == 2
    seen = [
        json.loads(e["message"])
        for e in ground.logs.filter_log_events(logGroupName="/t/events", limit=10000)["events"]
    ]
    mine = [
        e
        for e in seen
        if any("web" in r for r in e["resources"]) or e["detail"].get("group") == "service:web"
    ]
    statuses = {
        e["detail"]["lastStatus"] for e in mine if e["detail-type"] == "ECS Task State Change"
    }
    assert {
        "PROVISIONING",
        "PENDING",
        "ACTIVATING",
        "RUNNING",
        "STOPPING",
        "DEPROVISIONING",
        "STOPPED",
    } <= statuses
    assert {
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_COMPLETED",
        "SERVICE_DEPLOYMENT_FAILED",
        "SERVICE_STEADY_STATE",
    } <= {e["detail"].get("eventName") for e in mine}
    events.remove_targets(Rule="ecs", Ids=["1"])
    code, _ = code_of(ground.ecs.delete_service, cluster="c", service="web")
    assert code == "InvalidParameterException"
    ground.ecs.delete_service(cluster="c", service="web", force=True)
    assert wait_for(lambda: ground.described("web")["status"] == "INACTIVE")


def test_load_balancer_and_cloud_map(kit, ground):
    elb, discovery = kit.client("elbv2"), kit.client("servicediscovery")
    balancer = elb.create_load_balancer(
        Name="lb", Subnets=ground.subnets, SecurityGroups=[ground.group]
    )["LoadBalancers"][0]
    assert balancer["State"]["Code"] == "provisioning"
    target_group = elb.create_target_group(
        Name="tg", Protocol="HTTP", Port=80, VpcId=ground.vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    definition = ground.define("front", {"name": "front", "portMappings": [{"containerPort": 80}]})
    wanted = {
        "loadBalancers": [
            {"targetGroupArn": target_group, "containerName": "front", "containerPort": 80}
        ]
    }
    assert (
        "does not have an associated load balancer"
        in code_of(ground.service, name="front", definition=definition, **wanted)[1]
    )
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group}],
    )
    operation = discovery.create_private_dns_namespace(Name="front.internal", Vpc=ground.vpc)[
        "OperationId"
    ]
    done = wait_for(
        lambda: (lambda o: o if o["Status"] == "SUCCESS" else None)(
            discovery.get_operation(OperationId=operation)["Operation"]
        )
    )
    registry = discovery.create_service(
        Name="front",
        NamespaceId=done["Targets"]["NAMESPACE"],
        DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 10}]},
    )["Service"]
    ground.service(
        "front", definition, serviceRegistries=[{"registryArn": registry["Arn"]}], **wanted
    )
    ground.rolled_out("front")
    health = elb.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    assert [h["TargetHealth"]["State"] for h in health] == ["healthy"]
    route53 = kit.client("route53")
    zone = next(
        z for z in route53.list_hosted_zones()["HostedZones"] if z["Name"] == "front.internal."
    )
    records = {
        r["Name"]: r
        for r in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        if r["Type"] == "A"
    }
    assert [r["Value"] for r in records["front.front.internal."]["ResourceRecords"]] == [
        health[0]["Target"]["Id"]
    ]
    kit.control("POST", "behaviour", {"services": {"^front$": {"unhealthy": True}}})
    ground.ecs.update_service(cluster="c", service="front", forceNewDeployment=True)
    stopped = wait_for(
        lambda: [
            t
            for t in map(
                ground.task,
                ground.ecs.list_tasks(cluster="c", serviceName="front", desiredStatus="STOPPED")[
                    "taskArns"
                ],
            )
            if "ELB" in t["stoppedReason"]
        ]
    )
    assert (
        stopped[0]["stoppedReason"]
        == f"Task failed ELB health checks in (target-group {target_group})"
    )
    assert (
        code_of(ground.ec2.delete_security_group, GroupId=ground.group)[0] == "DependencyViolation"
    )
    assert (
        code_of(
            ground.ec2.detach_internet_gateway, InternetGatewayId=ground.gateway, VpcId=ground.vpc
        )[0]
        == "DependencyViolation"
    )
    ground.ecs.delete_service(cluster="c", service="front", force=True)
    assert wait_for(lambda: ground.described("front")["status"] == "INACTIVE")
    assert discovery.list_instances(ServiceId=registry["Id"])["Instances"] == []


def test_container_health(kit, ground):
    check = {"command": ["CMD-SHELL", "true"], "retries": 1}
    ground.service("healthy", ground.define("healthy", {"name": "a", "healthCheck": check}))
    ground.rolled_out("healthy")
    arn = ground.ecs.list_tasks(cluster="c", serviceName="healthy")["taskArns"][0]
    assert ground.task(arn)["healthStatus"] == "HEALTHY"
    bad = ground.define(
        "sick",
        {
            "name": "a",
            "healthCheck": check,
            "environment": [{"name": "SANDBOX_FAIL", "value": "health"}],
        },
    )
    ground.service("sick", bad)
    service = ground.rolled_out("sick", "FAILED")
    assert (
        service["deployments"][0]["rolloutStateReason"]
        == "ECS deployment circuit breaker: tasks failed to start."
    )
    reasons = {
        t["stoppedReason"]
        for t in map(
            ground.task,
            ground.ecs.list_tasks(cluster="c", serviceName="sick", desiredStatus="STOPPED")[
                "taskArns"
            ],
        )
    }
    assert "Task failed container health checks" in reasons


def test_what_ecs_refuses_of_an_update(ground):
    """Rebalancing needs room for one more task; another capacity provider, an order to move."""
    definition = ground.define("moving", {"name": "main", "command": ["sleep", "60"]})

    def strategy(provider):
        return [{"capacityProvider": provider, "weight": 1}]

    made = ground.ecs.create_service(
        cluster="c",
        serviceName="moving",
        taskDefinition=definition,
        desiredCount=1,
        capacityProviderStrategy=strategy("FARGATE"),
        networkConfiguration=ground.network,
    )["service"]
    assert made["availabilityZoneRebalancing"] == "ENABLED"

    def update(**changes):
        return ground.ecs.update_service(cluster="c", service="moving", **changes)

    alone = {"maximumPercent": 100, "minimumHealthyPercent": 0}
    assert "rebalancing" in code_of(update, deploymentConfiguration=alone)[1]
    assert "force a new" in code_of(update, capacityProviderStrategy=strategy("FARGATE_SPOT"))[1]
    update(deploymentConfiguration=alone, availabilityZoneRebalancing="DISABLED")
    update(capacityProviderStrategy=strategy("FARGATE_SPOT"), forceNewDeployment=True)
    ground.ecs.delete_service(cluster="c", service="moving", force=True)
