"""A folder of files instead of a container: what is in the bucket is what is in the folder, and
goes with the project.
"""

from __future__ import annotations

import pathlib

import kit

COMPOSE = """name: pages
services:
  site:
    x-defang-static-files: {folder: ./dist, spa: true}
"""


def test_files_follow_the_folder(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    folder, s3 = tmp_path / "pages", sandbox.client("s3")
    (folder / "dist" / "assets").mkdir(parents=True)
    (folder / "compose.yaml").write_text(COMPOSE)
    for name, text in {
        "index.html": "<h1>one</h1>",
        "assets/app.3f9c41ab.js": "1",
        "note.txt": "a",
    }.items():
        (folder / "dist" / name).write_text(text)
    said = place.run("up", cwd=folder).ok()
    assert ".cloudfront.net" in said.out + said.err
    bucket = next(b["Name"] for b in s3.list_buckets()["Buckets"] if "staticfilessite" in b["Name"])
    head = s3.head_object(Bucket=bucket, Key="index.html")
    assert (head["ContentType"], head["CacheControl"]) == ("text/html; charset=utf-8", "no-cache")
    assert (
        "immutable" in s3.head_object(Bucket=bucket, Key="assets/app.3f9c41ab.js")["CacheControl"]
    )

    (folder / "dist" / "note.txt").unlink()
    (folder / "dist" / "index.html").write_text("<h1>two</h1>")
    mark = sandbox.mark()
    place.run("up", cwd=folder).ok()
    assert s3.get_object(Bucket=bucket, Key="index.html")["Body"].read() == b"<h1>two</h1>"
    assert {o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]} == {
        "index.html",
        "assets/app.3f9c41ab.js",
    }
    assert sandbox.operations(mark, "cloudfront") == ["CreateInvalidation"]

    mark = sandbox.mark()
    assert "Nothing changed" in place.run("up", cwd=folder).ok().err
    assert not sandbox.operations(mark, "cloudfront")
    place.run("down", "--yes", cwd=folder).ok()
    assert bucket not in {b["Name"] for b in s3.list_buckets()["Buckets"]}


def test_compose_82_only_folders_of_the_project_are_published(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    folder, elsewhere = tmp_path / "pages", tmp_path / "elsewhere"
    file = folder / "compose.yaml"
    folder.mkdir()
    (elsewhere / "private").mkdir(parents=True)
    (elsewhere / "private" / "id_rsa").write_text("not for you")
    (folder / "dist").symlink_to(elsewhere / "private")
    (folder / "file").write_text("x")

    def write(named: str) -> None:
        file.write_text(COMPOSE.replace("./dist", named))

    for named, words in (
        (str(elsewhere / "private"), "is a path inside the image"),
        (str(folder / "dist"), "absolute, which means a path inside the image"),
        ("../elsewhere/private", "is outside the project's folder"),
        ("./dist", "leads out of the project's folder"),
        ("./gone", "cannot be read: No such file"),
        ("./file", "is no folder"),
    ):
        write(named)
        mark = sandbox.mark()
        ran = place.run("up", cwd=folder).ok(2)
        assert words in ran.err and "compose.yaml:4:" in ran.err, (named, ran.err)
        assert not sandbox.operations(mark, "cloudformation") and not sandbox.operations(mark, "s3")
        shown = place.run("compose", "config", cwd=folder).ok().out
        assert f"folder: {named}\n" in shown.replace('"', "")
    lint = place.run("compose", "lint", cwd=folder)
    assert "is no folder" in lint.out + lint.err


def test_compose_83_a_site_gains_and_loses_a_task(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    """What the network was made for goes with it, and comes back beside the logs that stayed."""
    folder, ec2 = tmp_path / "pages", sandbox.client("ec2")
    (folder / "dist").mkdir(parents=True)
    (folder / "dist" / "index.html").write_text("<h1>one</h1>")
    worker = "  worker: {image: nginx, deploy: {resources: {reservations: {memory: 512M}}}}\n"

    def vpcs() -> int:
        return len(ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["false"]}])["Vpcs"])

    before = vpcs()
    for text, more in ((COMPOSE, 0), (COMPOSE + worker, 1), (COMPOSE, 0), (COMPOSE + worker, 1)):
        (folder / "compose.yaml").write_text(text)
        place.run("up", "--yes", cwd=folder).ok()
        assert vpcs() - before == more
        place.run("ps", cwd=folder).ok()
        place.run("logs", cwd=folder).ok()
    place.run("down", "--yes", cwd=folder).ok()
    assert vpcs() == before
