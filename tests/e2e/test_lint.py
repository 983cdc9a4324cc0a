"""compose lint through the real client and daemon: findings on standard output,
exit codes, SARIF.
"""

from __future__ import annotations

import json
import pathlib

import kit

FINE = (
    "name: fine\nservices:\n  a:\n    image: busybox:1\n    environment: [KEY]\n"
    "    deploy: {replicas: 1, resources: {reservations: {cpus: '0.25', memory: 512M}}}\n"
)
PASSWORD = "hunter2-never-printed"


def test_compose_lint(place: kit.Place, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(FINE)
    rows = place.run("compose", "lint", "--json", cwd=tmp_path).ok().lines
    assert rows and {row["severity"] for row in rows} == {"note"}, (
        "what is only assumed is no failure"
    )

    file.write_text(
        FINE
        + (
            f"    privileged: true\n    labels: {{db.password: {PASSWORD}}}\n"
            f"    command: [a, sk-{'a1' * 12}]\n"
        )
    )
    ran = place.run("compose", "lint", cwd=tmp_path).ok(2)
    assert PASSWORD not in ran.out + ran.err and "a1a1" not in ran.out
    assert (
        "compose.yaml:8:27: warning: services.a.labels.db.password: a secret by its name "
        "stands here in clear [secret/named]"
    ) in ran.out
    assert "privileged" in ran.out and "2 errors" in ran.err

    sarif = json.loads(place.run("compose", "lint", "--format", "sarif", cwd=tmp_path).ok(2).out)
    assert sarif["version"] == "2.1.0" and len(sarif["runs"]) == 1
    run = sarif["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert run["tool"]["driver"]["name"] == "defangctl" and len(set(rules)) == len(rules)
    for result in run["results"]:
        assert (
            result["message"]["text"]
            and result["level"] in ("error", "warning", "note")
            and rules[result["ruleIndex"]] == result["ruleId"]
        )
        for location in result.get("locations", []):
            assert location["physicalLocation"]["artifactLocation"]["uri"] == "compose.yaml"
            assert location["physicalLocation"]["region"]["startLine"] >= 1

    file.write_text("services:\n  a: {imagee: x, ports: [99999999]}\n")
    broken = place.run("compose", "lint", "--json", cwd=tmp_path).ok(2).lines
    assert {
        (row["rule"], row["line"], row["column"]) for row in broken if row["severity"] == "error"
    } >= {("compose/unknown-key", 2, 7)}
    place.run("compose", "lint", "--format", "yaml", cwd=tmp_path).ok(2)
    file.unlink()
    assert "no Compose file found" in place.run("compose", "lint", cwd=tmp_path).ok(2).err
