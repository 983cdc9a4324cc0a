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
    environment:
      MONGO_INITDB_ROOT_PASSWORD: "${DOCUMENTS_PASSWORD}"
      MONGO_INITDB_ROOT_USERNAME: "${DOCUMENTS_USER}"
"""
LITERAL = """name: literal
services:
  db:
    image: postgres:16
    x-defang-postgres: true
    environment: {POSTGRES_PASSWORD: in-the-clear, POSTGRES_USER: shop}
    deploy: {resources: {reservations: {memory: 1G}}}
  web:
    image: nginx
    environment: {URL: "postgres://shop:in-the-clear@db/shop"}
    deploy: {resources: {reservations: {memory: 512M}}}
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
    place.run("config", "set", "DOCUMENTS_USER=no-name", cwd=folder).ok()
    assert "config DOCUMENTS_USER names a user" in place.run("up", cwd=folder).ok(5).err
    place.run("config", "set", "DOCUMENTS_USER=keeper", cwd=folder).ok()
    said = place.run("up", cwd=folder).ok()
    assert "db.documents.internal:27017" in said.out + said.err
    user = {"Defang/documents/beta-derived/db/user": 1}
    assert versions() == {"Defang/documents/beta-derived/db/password": 1, **user}
    place.run("config", "set", "DOCUMENTS_USER=another", cwd=folder).ok()
    place.run("config", "set", "DOCUMENTS_PASSWORD", "--random", cwd=folder).ok()
    place.run("up", cwd=folder).ok()
    assert versions() == {"Defang/documents/beta-derived/db/password": 2, **user}
    stack = sandbox.client("cloudformation").get_template(StackName="Defang-documents-beta")[
        "TemplateBody"
    ]
    assert "{{resolve:secretsmanager:" in str(stack)
    place.run("down", "--yes-lose-data", cwd=folder).ok()
    assert versions() == {}


def test_password_in_the_clear(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    """It becomes config, and stands in no template, plan, log or frozen model."""
    folder = tmp_path / "literal"
    folder.mkdir()
    (folder / "compose.yaml").write_text(LITERAL)
    planned = place.run("plan", "--out", "-", cwd=folder).ok()
    assert "keeps it as config DB_POSTGRES_PASSWORD" in planned.out + planned.err
    said = place.run("up", cwd=folder).ok()
    stack = sandbox.client("cloudformation").get_template(StackName="Defang-literal-beta")
    for text in (planned.out, planned.err, said.out, said.err, str(stack["TemplateBody"])):
        assert "in-the-clear" not in text
    assert "DB_POSTGRES_PASSWORD" in place.run("config", "ls", cwd=folder).ok().out
    names = sandbox.parameters()
    assert any("beta-derived/web/URL" in n for n in names)
    (folder / "compose.yaml").write_text(
        LITERAL.replace("in-the-clear,", '"${DB_POSTGRES_PASSWORD}",').replace(
            "in-the-clear@", "${DB_POSTGRES_PASSWORD}@"
        )
    )
    again = place.run("plan", "--out", "-", cwd=folder).ok()
    assert again.err.count("\n") < 12 and "in-the-clear" not in again.out
    place.run("down", "--yes-lose-data", cwd=folder).ok()
    place.run("config", "rm", "DB_POSTGRES_PASSWORD", cwd=folder).ok()
