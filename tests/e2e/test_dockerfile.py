"""Dockerfiles are read before anything is touched (compose.md 28, 44, 45; survive.md 29): `compose
lint`, `plan` and `up` say what a build would stumble over, with file and line, and what an image
says of itself is used.
"""

from __future__ import annotations

import json
import pathlib

import kit

COMPOSE = (
    "name: df\nservices:\n  web:\n    build: {context: web, target: last, args: {NOBODY: 1}}\n"
    '    ports: ["80:3000"]\n  job:\n    build: web\n'
)
WRONG = (
    "FROM python:3 AS first\n"
    "COPY missing.txt /x\n"
    "COPY node_modules .git /y/\n"
    "RUNN x\n"
    "FROM python:3\n"
    "COPY --from=frist /x /x\n"
)
RIGHT = (
    "FROM python:3 AS first\nCOPY page.html /x\n"
    "FROM first AS last\nEXPOSE 3000\nENV PORT=3000\nUSER 1000\n"
    "HEALTHCHECK --interval=20s CMD curl -f http://localhost:3000/alive || exit 1\n"
    'CMD ["x"]\n'
)


def project(folder: pathlib.Path, dockerfile: str, compose: str = COMPOSE) -> pathlib.Path:
    (folder / "web/node_modules/a").mkdir(parents=True)
    (folder / "web/.git").mkdir()
    (folder / "web/.git/HEAD").touch()
    (folder / "web/node_modules/a/b").touch()
    (folder / "web/page.html").touch()
    (folder / "web/Dockerfile").write_text(dockerfile)
    (folder / "compose.yaml").write_text(compose)
    return folder


def test_lint(place: kit.Place, tmp_path: pathlib.Path) -> None:
    folder = project(tmp_path / "df", WRONG)
    said = place.run("compose", "lint", cwd=folder).ok(2).out
    for text in (
        'web/Dockerfile:4:1: error: "RUNN" is no instruction of a Dockerfile',
        "Did you mean RUN?",
        "web/Dockerfile:6:1: error: --from frist: there is no stage of that name",
        'compose.yaml:4:35: error: the Dockerfile has no stage "last"',
        "compose.yaml:4:56: warning: build argument NOBODY is given",
    ):
        assert text in said, said

    edited = WRONG.replace("RUNN x\n", "").replace("frist", "first").replace("3\n", "3 AS last\n")
    (folder / "web/Dockerfile").write_text(edited)
    rows = place.run("compose", "lint", "--json", cwd=folder).ok(2).lines
    errors = {(r["file"], r["line"], r["rule"]) for r in rows if r["severity"] == "error"}
    assert errors == {
        ("web/Dockerfile", 2, "dockerfile/missing-source"),
        ("web/Dockerfile", 3, "dockerfile/built-in-ignored"),
    }, "once for each, though two services are built of it"
    left_out = next(r for r in rows if r["rule"] == "dockerfile/built-in-ignored")
    assert "node_modules, .git" in left_out["message"] and ".dockerignore" in left_out["hint"]

    (folder / "web/.dockerignore").write_text("node_modules\n")
    sarif = json.loads(place.run("compose", "lint", "--format", "sarif", cwd=folder).ok(2).out)
    found = {
        (result["ruleId"], place_of["artifactLocation"]["uri"], place_of["region"]["startLine"])
        for result in sarif["runs"][0]["results"]
        for place_of in [result["locations"][0]["physicalLocation"]]
    }
    assert ("dockerfile/ignored-source", "web/Dockerfile", 3) in found

    (folder / "web/.dockerignore").write_text("")
    (folder / "web/missing.txt").touch()
    rows = place.run("compose", "lint", "--json", cwd=folder).ok().lines
    assert not [r for r in rows if r["severity"] == "error"], rows


def test_refused_before_anything_is_touched(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    """survive.md 29, compose.md 44: at admission, in a region that has no CD stack yet."""
    folder = project(tmp_path / "df", WRONG)
    mark = sandbox.mark()
    for command in ("up", "plan"):
        ran = place.run(command, "--region", "eu-west-1", cwd=folder).ok(2)
        assert "web/Dockerfile:4:1" in ran.err and "RUNN" in ran.err, ran
        assert "3 mistakes in the project's files" in ran.err, ran

    (folder / "web/Dockerfile").write_text(RIGHT)
    kit.edit(folder, "context: web", "context: web, dockerfile: gone")
    for command in ("up", "plan"):
        ran = place.run(command, "--region", "eu-west-1", cwd=folder).ok(2)
        assert "compose.yaml:4:12: " in ran.err, ran
        assert f"service web: no Dockerfile at {folder}/web/gone" in ran.err, ran
    kit.edit(folder, "context: web, dockerfile: gone", "context: wbe")
    ran = place.run("up", "--region", "eu-west-1", cwd=folder).ok(2)
    assert f"the build context {folder}/wbe is not a folder" in ran.err, ran
    assert sandbox.changes(mark) == []


def test_image_says_of_itself(place: kit.Place, tmp_path: pathlib.Path) -> None:
    """compose.md 28: HEALTHCHECK and EXPOSE are used, as Docker uses them; the files win."""
    compose = COMPOSE.replace(", args: {NOBODY: 1}", "")
    folder = project(tmp_path / "df", RIGHT, compose)
    ran = place.run("plan", "--out", "-", cwd=folder)
    text = ran.ok().out
    assert '"HealthCheckPath": "/alive"' in text or '"HealthCheckPath":"/alive"' in text, text
    assert "20" in text and "localhost:3000/alive" in text, "job asks in its container"

    said = place.run("compose", "lint", cwd=folder).ok().out
    assert "web/Dockerfile:7:1: note: service web: has no healthcheck of its own" in said
    assert "web/Dockerfile:4:1: note: service job: names no port" in said

    kit.edit(folder, "  job:\n", '    healthcheck: {test: ["CMD", "true"]}\n  job:\n')
    said = place.run("compose", "lint", cwd=folder).ok().out
    assert "service web: has no healthcheck of its own" not in said
    shown = place.run("compose", "config", cwd=folder).ok().out
    assert "3000" in shown and "alive" not in shown, "what the files say, nothing more"
