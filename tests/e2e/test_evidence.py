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
