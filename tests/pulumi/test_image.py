"""image.sh, the script that builds an image within the Pulumi run, against the sandbox: POSIX sh
and curl alone, no AWS CLI.

`place` is a sandbox with all that a build needs; the script is run by dash where there is one. What
must hold: it prints the digest and nothing else; a build that is there is not made again; a failed
one is tried once more where it may end otherwise, a throttled call again; a signal stops the task;
no secret is in the list of processes.
"""

import io
import json
import os
import shutil
import signal
import subprocess
import tarfile

import pytest

import kit
import programs

BUCKET, CLUSTER, REPOSITORY = "contexts-of-image-sh", "builders", "shop/kaniko-build"
REGISTRY = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/{REPOSITORY}"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A sandbox with all that a build needs."""
    sandbox = kit.Sandbox(tmp_path_factory.mktemp("sandbox"))
    s3, ecs, ec2 = sandbox.client("s3"), sandbox.client("ecs"), sandbox.client("ec2")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        tar.add(programs.HERE / "project" / "Dockerfile", "Dockerfile")
    s3.put_object(Bucket=BUCKET, Key="context.tar.gz", Body=data.getvalue())
    sandbox.client("ecr").create_repository(repositoryName=REPOSITORY)
    ecs.create_cluster(
        clusterName=CLUSTER, capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[]
    )
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    )
    role = sandbox.client("iam").create_role(RoleName="kaniko", AssumeRolePolicyDocument=trust)[
        "Role"
    ]["Arn"]
    sandbox.client("iam").put_role_policy(
        RoleName="kaniko",
        PolicyName="all",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
            }
        ),
    )
    ecs.register_task_definition(
        family="kaniko",
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        executionRoleArn=role,
        taskRoleArn=role,
        containerDefinitions=[
            {
                "name": "kaniko",
                "image": "ghcr.io/osscontainertools/kaniko:v1.28.3",
                "essential": True,
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "/builds",
                        "awslogs-region": "us-west-2",
                        "awslogs-stream-prefix": "image",
                    },
                },
            }
        ],
    )
    sandbox.client("logs").create_log_group(logGroupName="/builds")
    subnet = ec2.describe_subnets()["Subnets"][0]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=subnet["VpcId"])
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}])[
        "RouteTables"
    ][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2.create_security_group(
        GroupName="builds", Description="builds", VpcId=subnet["VpcId"]
    )["GroupId"]
    yield sandbox, subnet["SubnetId"], group
    assert sandbox.end() == 0


def environment(place, tag):
    sandbox, subnet, group = place
    command = [
        f"--context=s3://{BUCKET}/context.tar.gz",
        "--dockerfile=Dockerfile",
        f"--destination={REGISTRY}:{tag}",
        "--force",
        "--label=io.defang.image.name=web-image",
        "--label=io.defang.image.etag=@DEPLOYMENT@",
        '--build-arg=TEXT=a "quoted" $dollar',
    ]
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": sandbox.url,
        "AWS_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": kit.KEY,
        "AWS_SECRET_ACCESS_KEY": kit.SECRET,
        "DEFANG_ETAG": "k3j2h4g5f6d7",
        "IMAGE_PAUSE": "0.2",
        "IMAGE_SERVICE": "web",
        "IMAGE_REPOSITORY": REPOSITORY,
        "IMAGE_TAG": tag,
        "IMAGE_CLUSTER": CLUSTER,
        "IMAGE_TASK_DEFINITION": "kaniko",
        "IMAGE_CONTAINER": "kaniko",
        "IMAGE_LOG_GROUP": "/builds",
        "IMAGE_LOG_PREFIX": "image/kaniko",
        "IMAGE_STORAGE": "40",
        "IMAGE_MORE_MEMORY": '"cpu":"512","memory":"1024"',
        "IMAGE_SUBNETS": subnet,
        "IMAGE_SECURITY_GROUP": group,
        "IMAGE_COMMAND": json.dumps(command),
        "IMAGE_DNS_SUFFIX": "amazonaws.com",
    }


def script():
    return [
        shutil.which("dash") or "/bin/sh",
        str(programs.ROOT / "src" / "plan" / "scripts" / "image.sh"),
    ]


def run(place, tag):
    return subprocess.run(
        script(), env=environment(place, tag), capture_output=True, text=True, timeout=120
    )


def test_builds_once(place):
    sandbox = place[0]
    done = run(place, "one")
    found = sandbox.client("ecr").describe_images(
        repositoryName=REPOSITORY, imageIds=[{"imageTag": "one"}]
    )["imageDetails"][0]["imageDigest"]
    assert (done.returncode, done.stdout) == (0, found), done.stderr
    started = sandbox.journal(0, "ecs", "RunTask")[-1]["params"]
    command = started["overrides"]["containerOverrides"][0]["command"]
    assert (
        "--label=io.defang.image.etag=k3j2h4g5f6d7" in command
        and '--build-arg=TEXT=a "quoted" $dollar' in command
    )
    since = sandbox.mark()
    again = run(place, "one")
    assert (again.returncode, again.stdout) == (0, found)
    assert sandbox.operations(since, "ecs") == []


@pytest.mark.parametrize(
    "rule,runs,last,says",
    [
        ({"exit": 3}, 1, {"storage": 40}, "exit status 3"),
        ({"error": "error pushing image: 503 Service Unavailable"}, 2, {}, "failed twice"),
        ({"exit": 137}, 2, {"memory": "1024"}, "DEFANG_BUILD_MEMORY"),
        (
            {"error": "error building image: write /x: no space left on device"},
            2,
            {"storage": 80},
            "DEFANG_BUILD_STORAGE",
        ),
    ],
)
def test_what_is_tried_again(place, rule, runs, last, says):
    """As src/engine/build does: not what fails by itself (compose 44)."""
    sandbox = place[0]
    tag = f"two-{runs}-{'-'.join(last)}"
    sandbox.builds(**{f":{tag}$": {"fail_times": 9, **rule}})
    since = sandbox.mark()
    done = run(place, tag)
    sandbox.calm()
    assert done.returncode == 1 and done.stdout == ""
    assert says in done.stderr, done.stderr
    started = [e["params"]["overrides"] for e in sandbox.journal(since, "ecs", "RunTask")]
    assert len(started) == runs
    assert started[-1]["ephemeralStorage"]["sizeInGiB"] == last.get("storage", 40)
    assert started[-1].get("memory") == last.get("memory")


def test_throttled_calls_are_tried_again(place):
    sandbox = place[0]
    sandbox.fault({"throttle": True}, service="ecr", times=2)
    done = run(place, "one")
    sandbox.calm()
    assert done.returncode == 0, done.stderr


def test_missing_repository_is_said(place):
    env = environment(place, "one") | {"IMAGE_REPOSITORY": "nowhere"}
    done = subprocess.run(script(), env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "RepositoryNotFoundException" in done.stderr


def test_a_signal_stops_the_task(place):
    sandbox = place[0]
    sandbox.builds(**{":three": {"seconds": 60}})
    since = sandbox.mark()
    running = subprocess.Popen(
        script(), env=environment(place, "three"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    kit.wait_for(lambda: "DescribeTasks" in sandbox.operations(since, "ecs"))
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=120) == 143
    kit.wait_for(lambda: "StopTask" in sandbox.operations(since, "ecs"))
    sandbox.calm()


def test_no_secret_is_in_the_arguments(place):
    """Keys go to curl by its standard input: nobody sees them in the list of processes."""
    text = (programs.ROOT / "src" / "plan" / "scripts" / "image.sh").read_text()
    for line in text.splitlines():
        if "curl" in line and not line.lstrip().startswith("#"):
            assert "$secret" not in line and "$token" not in line and "$auth" not in line
