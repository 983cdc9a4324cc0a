"""What is refused before anything happens: exit code, what it says, and that AWS saw no change.

Compose files, arguments, credentials, regions, configs, stacks of somebody else: each with the
sentence that says what to do, and the journal of the sandbox shows that nothing but reading was
done.
"""

from __future__ import annotations

import pathlib

import pytest

import kit


def nothing_began(place: kit.Place, sandbox: kit.Sandbox, mark: int) -> None:
    assert sandbox.changes(mark) == []
    assert place.run("ls", "--json").ok().out == ""


def test_missing_config(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    kit.edit(
        tiny,
        'PAUSE: "20"',
        'PAUSE: "20"\n      API_TOKEN:\n      URL: https://u:${API_PASSWORD}@example.com/',
    )
    mark = sandbox.mark()
    ran = place.run("up", cwd=tiny).ok(5)
    assert (
        "missing config: API_PASSWORD, API_TOKEN" in ran.err
        or "missing config: API_TOKEN, API_PASSWORD" in ran.err
    )
    assert "defangctl config set" in ran.err and ran.out == ""
    nothing_began(place, sandbox, mark)


@pytest.mark.parametrize(
    "old,new,where",
    [
        ("    image: busybox:1.36", "    imagge: busybox:1.36", "4:5"),
        ('      PAUSE: "20"', '      PAUSE: "${NEVER_SET:?is needed}"', "7:14"),
        ("    image: busybox:1.36", "    image: busybox:1.36\n    ports: [nonsense]", "6:13"),
    ],
)
def test_bad_compose_file(
    place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path, old: str, new: str, where: str
) -> None:
    kit.edit(tiny, old, new)
    mark = sandbox.mark()
    ran = place.run("up", cwd=tiny).ok(2)
    number = (tiny / "compose.yaml").read_text().splitlines().index(new.splitlines()[-1]) + 1
    column = where.split(":")[1]
    assert f"compose.yaml:{number}:{column}: " in ran.err, ran.err
    nothing_began(place, sandbox, mark)


def test_unknown_key_names_the_nearest(place: kit.Place, tiny: pathlib.Path) -> None:
    kit.edit(tiny, "    image: busybox:1.36", "    imagge: busybox:1.36")
    assert 'Did you mean "image"?' in place.run("up", cwd=tiny).ok(2).err


def test_no_compose_file(place: kit.Place, tmp_path: pathlib.Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = place.run("up", cwd=empty)
    assert ran.code in (2, 6) and "compose.yaml" in ran.err, ran


def test_unknown_provider(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    mark = sandbox.mark()
    for ran in (
        place.run("up", "--provider", "gcp", cwd=tiny),
        place.run("up", cwd=tiny, env={"DEFANG_PROVIDER": "gcp"}),
    ):
        assert 'unknown provider "gcp"' in ran.ok(2).err and "aws" in ran.err
    nothing_began(place, sandbox, mark)


def test_no_credentials(place: kit.Place, tiny: pathlib.Path) -> None:
    gone = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    ran = place.run("up", cwd=tiny, env=gone).ok(3)
    assert "credentials" in ran.err
    assert place.run("whoami", env=gone).code == 3


def test_no_region(place: kit.Place, tiny: pathlib.Path) -> None:
    ran = place.run("up", cwd=tiny, env={"AWS_REGION": None}).ok(3)
    assert "region" in ran.err and "AWS_REGION" in ran.err


def test_wrong_secret_key(place: kit.Place, tiny: pathlib.Path) -> None:
    ran = place.run("up", cwd=tiny, env={"AWS_SECRET_ACCESS_KEY": "wrong"}).ok(3)
    assert "SignatureDoesNotMatch" in ran.err
    assert "those of environment (AWS_ACCESS_KEY_ID)" in ran.err  # access 2: whose, and what to do
    assert "AWS_SECRET_ACCESS_KEY does not belong to the key id" in ran.err


@pytest.mark.parametrize(
    "arguments,text",
    [
        (["upp"], "defangctl up"),
        (["up", "--detatch"], "--detach"),
        (["up", "--from", "3"], "no option --from"),
        (["ps", "extra"], "takes no argument"),
        (["ls", "--limit", "many"], "takes a number"),
        (["watch", "a", "b"], "one deployment"),
        (["watch", "a", "--any"], "exclude each other"),
        (["cancel", "a", "b"], "one deployment"),
    ],
)
def test_bad_arguments(place: kit.Place, arguments: list[str], text: str) -> None:
    ran = place.run(*arguments).ok(2)
    assert text in ran.err and ran.out == ""


def test_unknown_deployment(place: kit.Place) -> None:
    place.run("watch", "zzzzzzzzzzzz").ok(6)
    place.run("cancel", "zzzzzzzzzzzz").ok(6)


def test_stack_that_is_not_ours(place: kit.Place, sandbox: kit.Sandbox, tiny: pathlib.Path) -> None:
    """A CD stack of somebody else under the same name is left as it is; the way out is named."""
    cloudformation = sandbox.client("cloudformation", "us-east-1")
    cloudformation.create_stack(
        StackName="defang-cd", TemplateBody='{"Resources":{"Q":{"Type":"AWS::Logs::LogGroup"}}}'
    )
    kit.wait_for(
        lambda: (
            cloudformation.describe_stacks(StackName="defang-cd")["Stacks"][0]["StackStatus"]
            == "CREATE_COMPLETE"
        )
    )
    mark = sandbox.mark()
    for command in (["up"], ["cd", "teardown"], ["cd", "bootstrap"]):
        ran = place.run(*command, "--region", "us-east-1", cwd=tiny).ok(5)
        assert (
            "defang-cd" in ran.err and "not made by defangd" in ran.err and "--cd-name" in ran.err
        ), ran
    assert sandbox.changes(mark) == []
    assert (
        cloudformation.get_template(StackName="defang-cd")["TemplateBody"]["Resources"]["Q"]["Type"]
        == "AWS::Logs::LogGroup"
    )
    place.run("up", "--region", "us-east-1", "--cd-name", "defang-cd-2", cwd=tiny).ok()
    place.run("down", "--region", "us-east-1", "--cd-name", "defang-cd-2", cwd=tiny).ok()
    # the CD stack that an `up` made is no project that needs it
    place.run("cd", "teardown", "--region", "us-east-1", "--cd-name", "defang-cd-2").ok()
    names = [
        s["StackName"]
        for s in cloudformation.list_stacks()["StackSummaries"]
        if s["StackStatus"] != "DELETE_COMPLETE"
    ]
    assert names == ["defang-cd"]
