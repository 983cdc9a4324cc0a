"""Managed MongoDB: its password goes the way that CloudFormation can read, follows the config, and
goes with the project.
"""

from __future__ import annotations

import pathlib

import kit

COMPOSE = """name: documents
services:
  db:
    image: mongo:5
    x-defang-mongodb: true
    environment: {MONGO_INITDB_ROOT_PASSWORD: "${DOCUMENTS_PASSWORD}"}
"""


def test_password_of_a_documentdb_cluster(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "compose.yaml").write_text(COMPOSE)

    def versions() -> dict[str, int]:
        listed = sandbox.client("secretsmanager").list_secrets()["SecretList"]
        return {
            s["Name"]: len(s["SecretVersionsToStages"]) for s in listed if "documents" in s["Name"]
        }

    place.run("config", "set", "DOCUMENTS_PASSWORD", "--random", cwd=folder).ok()
    said = place.run("up", cwd=folder).ok()
    assert "db.documents.internal:27017" in said.out + said.err
    assert versions() == {"Defang/documents/beta-derived/db/password": 1}
    place.run("config", "set", "DOCUMENTS_PASSWORD", "--random", cwd=folder).ok()
    place.run("up", cwd=folder).ok()
    assert versions() == {"Defang/documents/beta-derived/db/password": 2}
    stack = sandbox.client("cloudformation").get_template(StackName="Defang-documents-beta")[
        "TemplateBody"
    ]
    assert "{{resolve:secretsmanager:" in str(stack)
    place.run("down", "--yes-lose-data", cwd=folder).ok()
    assert versions() == {}
