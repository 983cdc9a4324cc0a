"""Programs are translated to Terraform and really applied, changed and destroyed in the sandbox by
that provider's own code (issue 6, proof 3).

Every program is translated against the provider's schema; one without a load balancer and a store,
which take the provider minutes, goes the whole way. `python3 tests/pulumi/test_terraform.py NAME…`
does that with any project.
"""

import copy
import io
import json
import os
import pathlib
import sys
import tarfile

import pytest

import programs
import terraform

WHY = terraform.available()
pytestmark = pytest.mark.skipif(bool(WHY), reason=WHY)
BUCKET = "defang-cd-bucket-0123456789ab"
KEY = "uploads/sha256-47DEQpj8HBSa-_TImW_5JCeuQeRkm5NMpJWZG3hSuFU_.tar.gz"


@pytest.mark.parametrize("name", programs.plans())
def test_translates(name):
    program = programs.planned(name)["program"]
    found = terraform.Translation(program).run()
    made = {one for kind in found["resource"].values() for one in kind}
    assert made == {
        one for one, node in program["resources"].items() if node["type"].startswith("aws:")
    }
    required = [
        f"{kind}.{one}: {key}"
        for kind, ones in found["resource"].items()
        for one, values in ones.items()
        for key, attribute in terraform.schema()["resource_schemas"][kind]["block"][
            "attributes"
        ].items()
        if attribute.get("required") and key not in values
    ]
    assert required == []


@pytest.mark.parametrize("name", ["case-stores-ha", "case-mongodb"])
def test_aws_1_the_provider_takes_the_names(name, tmp_path):
    """Validators run before anything is made; names are those that Pulumi would give."""
    found = terraform.Translation(programs.planned(name)["program"]).run()
    (tmp_path / "main.tf.json").write_text(json.dumps(found))
    terraform.terraform(tmp_path, {}, "init", f"-plugin-dir={terraform.plugins()}")
    terraform.terraform(tmp_path, {}, "validate")


def context(sandbox) -> None:
    """The build context, where the plan says that it is."""
    client = sandbox.client("s3")
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        tar.add(programs.HERE / "project" / "Dockerfile", "Dockerfile")
    client.put_object(Bucket=BUCKET, Key=KEY, Body=data.getvalue())


def keys(sandbox) -> dict[str, str]:
    import kit

    return {
        "AWS_ENDPOINT_URL": sandbox.url,
        "AWS_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": kit.KEY,
        "AWS_SECRET_ACCESS_KEY": kit.SECRET,
        "DEFANG_ETAG": "k3j2h4g5f6d7",
        "IMAGE_PAUSE": "0.3",
    }


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    import kit

    started = kit.Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield started
    assert started.end() == 0


def test_applied_changed_destroyed(sandbox, tmp_path):
    context(sandbox)
    plan = programs.planned("lone")
    stack = terraform.Stack(tmp_path / "stack", keys(sandbox))
    assert stack.up(plan["program"], plan["script"])["ClusterName"] == "Defang-lone-beta-cluster"
    ecs = sandbox.client("ecs")
    services = ecs.describe_services(
        cluster="Defang-lone-beta-cluster",
        services=ecs.list_services(cluster="Defang-lone-beta-cluster")["serviceArns"],
    )
    assert len(services["services"]) == 2 and all(
        s["runningCount"] == s["desiredCount"] == 1 for s in services["services"]
    )
    images = {
        c["name"].split("_")[0]: c
        for s in services["services"]
        for c in ecs.describe_task_definition(taskDefinition=s["taskDefinition"])["taskDefinition"][
            "containerDefinitions"
        ]
    }
    digest = sandbox.client("ecr").describe_images(repositoryName="lone/kaniko-build")[
        "imageDetails"
    ][0]["imageDigest"]
    assert images["api"]["image"].endswith(f"/lone/kaniko-build@{digest}")
    assert {"name": "GREETING", "value": "a dollar and $HOME"} in images["api"]["environment"]

    since = sandbox.mark()
    changed = copy.deepcopy(plan["program"])
    changed["resources"]["ServiceWorker"]["properties"]["desiredCount"] = 2
    stack.up(changed, plan["script"])
    assert "RunTask" not in sandbox.operations(since, "ecs"), "the image is there: nothing is built"
    worker = ecs.describe_services(
        cluster="Defang-lone-beta-cluster",
        services=[changed["resources"]["ServiceWorker"]["properties"]["name"]],
    )["services"][0]
    assert worker["runningCount"] == 2

    stack.destroy()
    assert ecs.list_clusters()["clusterArns"] == []
    assert [v for v in sandbox.client("ec2").describe_vpcs()["Vpcs"] if not v["IsDefault"]] == []
    assert [
        r["RoleName"]
        for r in sandbox.client("iam").list_roles()["Roles"]
        if "lone" in r["RoleName"]
    ] == []


def whole(name: str, url: str, folder: pathlib.Path) -> None:
    """By hand: any project against a running sandbox."""
    env = {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
        "DEFANG_ETAG": "k3j2h4g5f6d7",
        "IMAGE_PAUSE": "1",
    }
    plan, stack = programs.planned(name), terraform.Stack(folder / name, env)
    try:
        print(
            name, json.dumps(stack.up(plan["program"], plan["script"])), "again:", stack.changes()
        )
    finally:
        stack.destroy()


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        whole(
            wanted,
            os.environ["AWS_ENDPOINT_URL"],
            pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / "defangd-terraform",
        )
