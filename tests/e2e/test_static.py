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
