"""What is left to look at after a deployment that failed: reasons, lines, what stays and costs.

Everything is asked for with the very command that the hint names, also when the log group is gone
and from a machine that has nothing but the account.
"""

from __future__ import annotations

import pathlib

import kit


def test_trust_35_an_early_validation_is_read_out(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path
) -> None:
    project = (tiny / "compose.yaml").read_text().split()[1]
    sandbox.change_sets(
        **{
            f"Defang-{project}-": {
                "events": [
                    {
                        "LogicalResourceId": "TaskDefinitionWorker",
                        "ValidationPath": "/Resources/TaskDefinitionWorker/Properties/Cpu",
                        "ValidationStatusReason": "expected type: String, found: Integer",
                    },
                    {
                        "LogicalResourceId": "LogGroupEcs",
                        "Hook": "AWS::EarlyValidation::ResourceExistenceCheck",
                        "ValidationStatusReason": "Resource of type 'X' already exists.",
                    },
                ]
            }
        }
    )
    ran = place.run("up", cwd=tiny).ok(4)
    assert (
        "service worker: TaskDefinitionWorker (AWS::ECS::TaskDefinition), property Cpu: expected"
        in (ran.err)
    )
    assert "DescribeEvents" not in ran.err and "AWS::EarlyValidation" not in ran.err
    assert "(and 1 more, all of them above)" in ran.err and "already exists" in ran.err
    # what refuses once does not stand in the way of the next
    place.run("up", cwd=tiny).ok()
    place.run("down", cwd=tiny).ok()


def groups(sandbox: kit.Sandbox, project: str) -> list[str]:
    found = sandbox.client("logs").describe_log_groups(logGroupNamePrefix=f"/Defang/{project}/")
    return [g["logGroupName"] for g in found["logGroups"]]


def test_trust_34_what_a_first_deployment_left_is_shown_by_the_command_of_the_hint(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    project = (tiny / "compose.yaml").read_text().split()[1]
    sandbox.services(
        **{f"{project}_worker": {"exit": 3, "log": [f"line {n}" for n in range(150)] + ["boom"]}}
    )
    sandbox.waits(ecs_pending=1.5)
    ran = place.run("up", cwd=tiny).ok(10)
    command = ran.err[ran.err.index("`defangctl logs worker") + 1 :].split("`")[0].split()[1:]
    deployment = command[-1]

    # the groups outlive the roll back, and the next deployment takes them over
    assert len(groups(sandbox, project)) == 3
    told = place.run(*command, cwd=tiny).ok()
    assert "stopped: exit code 3" in told.out and "boom" in told.out
    assert "line 0" in told.out and told.out.count(" boom") >= 1
    assert "ROLLED_BACK: service worker failed" in told.out

    # also without the groups, from another folder, and from a machine that has only the account
    logs = sandbox.client("logs")
    for name in groups(sandbox, project):
        if name.endswith("/logs"):
            logs.delete_log_group(logGroupName=name)
    alone = place.run(*command).ok()
    assert "boom" in alone.out and "line 0" in alone.out
    with kit.place_at(tmp_path / "elsewhere", sandbox) as other:
        far = other.run("logs", "--json", "-p", project, "--deployment", deployment).ok()
        texts = [line["text"] for line in far.lines]
        assert "boom" in texts and "line 0" in texts
        assert any(t.startswith("task ") and "exit code 3" in t for t in texts)
        assert any("ServiceWorker (AWS::ECS::Service): CREATE_FAILED" in t for t in texts)
        none = other.run("logs", "-p", project, "--deployment", "zzzzzzzzzzzz").ok(6)
        assert "nothing is known of deployment zzzzzzzzzzzz" in none.err

    sandbox.calm()
    place.run("up", cwd=tiny).ok()
    assert len(groups(sandbox, project)) == 3
    ran = place.run("down", cwd=tiny).ok()
    assert "3 log groups under" in ran.err and len(groups(sandbox, project)) == 3
    place.run("up", cwd=tiny).ok()
    place.run("down", "--volumes", cwd=tiny).ok()
    assert groups(sandbox, project) == []
