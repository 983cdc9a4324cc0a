"""What npm fetches is the file that packages.json names, of the version that the planner pins."""

import json

import pytest

import package


@pytest.mark.parametrize("name", ["aws", "command"])
def test_pinned(name):
    digests = json.loads((package.HERE / "packages.json").read_text())
    assert digests[f"@pulumi/{name}@{package.version(name)}"].startswith("sha512-")
    assert len(digests) == 2


def test_another_file_is_refused(tmp_path):
    (tmp_path / "x.tgz").write_bytes(b"not the package")
    with pytest.raises(RuntimeError, match=r"its digest is sha512-.*packages\.json has sha512-"):
        package.verify(f"@pulumi/aws@{package.version('aws')}", tmp_path / "x.tgz")
