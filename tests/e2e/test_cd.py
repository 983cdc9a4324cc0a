"""`cd` of projects: what is deployed, its outputs, refresh, cancel, preview and destroy, also from
a folder without the project's files. The same with engine pulumi: tests/pulumi/test_cd.py.

What must hold: another region that cannot be asked does not hide the rest, and what is not deployed
is said, with exit code 6.
"""

import json

import kit


def name_of(folder):
    return (folder / "compose.yaml").read_text().split("name: ", 1)[1].split("\n", 1)[0]


def listed(place, project, *options):
    return [
        s
        for s in place.run("cd", "ls", "--json", *options).ok().lines
        if s.get("project") == project
    ]


def test_a_stack_is_listed_refreshed_and_destroyed_without_its_files(place, tiny):
    project, elsewhere = name_of(tiny), place.home
    place.run("up", cwd=tiny).ok()
    [stack] = listed(place, project)
    assert (stack["engine"], stack["stack"], stack["status"], stack["region"], stack["name"]) == (
        "cloudformation",
        "beta",
        "CREATE_COMPLETE",
        kit.REGION,
        f"Defang-{project}-beta",
    )
    shown = place.run("cd", "ls").ok().out
    assert (
        shown.split("\n", 1)[0].split()
        == ["PROJECT", "STACK", "ENGINE", "REGION", "CHANGED", "STATUS", "NAME"]
        and f"Defang-{project}-beta" in shown
    )

    outputs = json.loads(place.run("cd", "outputs", "-p", project, cwd=elsewhere).ok().out)
    assert outputs["ClusterName"] == f"Defang-{project}-beta-cluster"
    assert place.run("cd", "preview", cwd=tiny).ok().out == place.run("plan", cwd=tiny).ok().out

    same = place.run("cd", "refresh", "-p", project, cwd=elsewhere).ok()
    assert " 0 changed from outside" in same.err
    group = next(
        r["PhysicalResourceId"]
        for r in place.sandbox.client("cloudformation").list_stack_resources(
            StackName=stack["name"]
        )["StackResourceSummaries"]
        if r["ResourceType"] == "AWS::Logs::LogGroup"
    )
    place.sandbox.client("logs").put_retention_policy(logGroupName=group, retentionInDays=3653)
    since = place.sandbox.mark()
    drifted = place.run("cd", "refresh", "-p", project, cwd=elsewhere).ok()
    assert (
        " 1 changed from outside" in drifted.err
        and "/RetentionInDays: the template says" in drifted.err
        and "it is 3653" in drifted.err
    )
    assert set(place.sandbox.changes(since)) == {"cloudformation:DetectStackDrift"}

    idle = place.run("cd", "cancel", "-p", project, cwd=elsewhere).ok()
    assert "nothing is under way: CREATE_COMPLETE" in idle.err
    refused = place.run("cd", "teardown")
    assert (
        refused.code == 5
        and f"Defang-{project}-beta ({project}/beta, engine cloudformation)" in refused.err
    )
    place.run("cd", "destroy", "-p", project, cwd=elsewhere).ok()
    assert listed(place, project) == []


def test_what_is_not_deployed_is_said(place):
    for verb in ("outputs", "refresh", "cancel"):
        ran = place.run("cd", verb, "-p", "nobody")
        assert (
            ran.code == 6 and "project nobody, stack beta is not deployed in us-west-2" in ran.err
        ), ran
    assert place.run("cd", "ls", "--region", "eu-north-1", "--json").ok().out == ""
    assert (
        place.run("cd", "outputs").code == 2 and place.run("cd", "preview").code == 2
    )  # no files here


def test_an_update_that_nobody_follows_is_taken_back(place, tiny):
    project = name_of(tiny)
    place.run("up", cwd=tiny).ok()
    name = f"Defang-{project}-beta"
    cloud = place.sandbox.client("cloudformation")
    template = json.loads(json.dumps(cloud.get_template(StackName=name)["TemplateBody"]))
    template["Resources"]["Lonely"] = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": f"/lonely/{project}"},
    }
    place.sandbox.waits(cfn_step=2)
    cloud.update_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=list(cloud.describe_stacks(StackName=name)["Stacks"][0]["Tags"]),
    )
    place.run("cd", "cancel", "-p", project).ok()
    assert (
        cloud.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        == "UPDATE_ROLLBACK_COMPLETE"
    )


def test_all_regions_one_of_which_cannot_be_asked(place, tiny):
    project = name_of(tiny)
    place.run("up", cwd=tiny).ok()
    place.sandbox.fault(
        {"error": {"code": "AccessDenied", "status": 403, "message": "not in this region"}},
        service="cloudformation",
        operation="DescribeStacks",
        times=1,
    )  # of the first region by its name
    since = place.sandbox.mark()
    ran = place.run("cd", "ls", "--all-regions").ok()
    assert [line.split()[3] for line in ran.out.splitlines() if line.startswith(project)] == [
        kit.REGION
    ]
    assert (
        ran.err.count(
            "could not be asked: listing stacks: cloudformation:DescribeStacks: not in this region"
        )
        == 1
        and f"{kit.REGION} could" not in ran.err
    )
    asked = {e["region"] for e in place.sandbox.journal(since, "cloudformation", "DescribeStacks")}
    assert asked == {
        r["RegionName"] for r in place.sandbox.client("ec2").describe_regions()["Regions"]
    }
