"""Programs of a few cases, byte for byte: what a person who ejects reads.

`python3 tests/pulumi/test_golden.py --write` renews them.
"""

import pathlib
import sys

import pytest
import yaml

import programs

GOLDEN = programs.HERE / "golden"
CASES = {
    "worker": ("case-worker", "engine"),
    "stores-ha": ("case-stores-ha", "engine"),
    "certificate": ("case-certificate", "engine"),
    "example-eject": ("example", "eject"),
}


def path(name: str) -> pathlib.Path:
    return GOLDEN / f"{name}.yaml"


@pytest.mark.parametrize("name", CASES)
def test_equal(name):
    assert programs.planned(*CASES[name])["yaml"] == path(name).read_text()


def test_same_input_same_bytes():
    first = programs.planned("case-shop")
    programs.planned.cache_clear()
    assert programs.planned("case-shop") == first


def test_config():
    assert yaml.safe_load(programs.planned("example")["config"]) == {
        "config": {"pulumi:disable-default-providers": ["aws", "command"]}
    }


def test_ejected_images_are_config():
    program = programs.planned("example", "eject")["program"]
    assert not any(name.startswith("Image_") or name == "command" for name in program["resources"])
    images = {name: value for name, value in program["config"].items() if name.startswith("image")}
    assert set(images) == {"imageApi", "imageWeb"}
    assert all(
        value["type"] == "string" and "/kaniko-build:" in value["default"]
        for value in images.values()
    )
    assert "image: ${imageWeb}" in programs.planned("example", "eject")["yaml"]


if __name__ == "__main__" and "--write" in sys.argv:
    GOLDEN.mkdir(exist_ok=True)
    for case, (plan, how) in CASES.items():
        path(case).write_text(programs.planned(plan, how)["yaml"])
