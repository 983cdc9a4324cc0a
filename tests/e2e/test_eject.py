"""A user leaves: what `eject` writes is whole, and its template makes the project without us."""

import json

import yaml

import kit


def test_template_makes_the_project_without_us(place, tiny, tmp_path):
    out = tmp_path / "out"
    place.run("eject", str(out), cwd=tiny).ok()
    assert sorted(p.name for p in out.iterdir()) == ["README.md", "template.json"]
    client = place.sandbox.client("cloudformation")
    client.create_stack(
        StackName="left",
        TemplateBody=(out / "template.json").read_text(),
        Capabilities=["CAPABILITY_IAM"],
    )
    kit.wait_for(
        lambda: (
            not client.describe_stacks(StackName="left")["Stacks"][0]["StackStatus"].endswith(
                "IN_PROGRESS"
            )
        )
    )
    assert client.describe_stacks(StackName="left")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    client.delete_stack(StackName="left")


def test_images_become_parameters(place, slim, tmp_path):
    ran = place.run("eject", str(tmp_path / "cfn"), cwd=slim).ok()
    assert "is not built yet" in ran.err
    template = json.loads((tmp_path / "cfn" / "template.json").read_text())
    assert template["Parameters"] and all(
        "/kaniko-build:" in p["Default"] for p in template["Parameters"].values()
    )
    text = json.dumps(template["Resources"])
    for name, parameter in template["Parameters"].items():
        assert f'"Image": {{"Ref": "{name}"}}' in text and parameter["Default"] not in text
        assert name in (tmp_path / "cfn" / "README.md").read_text()


def test_program(place, slim, tmp_path):
    place.run("eject", "--engine", "pulumi", str(tmp_path / "out"), cwd=slim).ok()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "Pulumi.beta.yaml",
        "Pulumi.yaml",
        "README.md",
    ]
    program = yaml.safe_load((tmp_path / "out" / "Pulumi.yaml").read_text())
    assert (
        program["runtime"] == "yaml"
        and program["resources"]["aws"]["properties"]["region"] == "us-west-2"
    )
    assert not [name for name in program["resources"] if name.startswith("Image_")]
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "pulumi up" in readme and all(
        name in readme for name in program["config"] if name.startswith("image")
    )


def test_nothing_is_written_over(place, tiny, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    since = place.sandbox.mark()
    refused = place.run("eject", str(tmp_path / "full"), cwd=tiny)
    assert refused.code == 5 and "not empty" in refused.err
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["mine"]
    assert place.run("eject", "--engine", "terraform", str(tmp_path / "new"), cwd=tiny).code == 2
    assert place.run("eject", cwd=tiny).code == 2
    assert place.run("eject", str(tmp_path / "full" / "mine"), cwd=tiny).code == 2
    assert not (tmp_path / "new").exists() and place.sandbox.changes(since) == []
