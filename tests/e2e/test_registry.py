"""compose-63: images of private registries. Credentials are kept by `registry login`, tried where
the registry answers, used by tasks and by builds' base images, and shown nowhere.
"""

from __future__ import annotations

import base64
import http.server
import json
import pathlib
import threading
from collections.abc import Iterator

import pytest

import kit

PASSWORD = "ghp_s3cret-never-in-clear"
COMPOSE = """name: private
services:
  app:
    image: ghcr.io/acme/private-app:1
    deploy: {resources: {reservations: {memory: 512M}}}
  built:
    build: .
    deploy: {resources: {reservations: {memory: 512M}}}
"""


class Registry(http.server.BaseHTTPRequestHandler):
    """/v2/ wants a token, or (host "localhost") Basic; the user is ada, the password PASSWORD."""

    def log_message(self, *_: object) -> None:
        """Silent."""

    def answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def do_GET(self) -> None:
        good = "Basic " + base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
        said, here = self.headers.get("Authorization", ""), self.headers["Host"]
        if said:
            self.answer(200 if said == good else 401)
        elif here.startswith("localhost"):
            self.answer(401, WWW_Authenticate='Basic realm="here"')
        else:
            self.answer(
                401, WWW_Authenticate=f'Bearer realm="http://{here}/token",service="the registry"'
            )


@pytest.fixture
def registry() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def login(
    place: kit.Place, folder: pathlib.Path, host: str, password: str = PASSWORD, code: int = 0
) -> kit.Ran:
    return place.run(
        *("registry", "login", host, "-u", "ada", "--password-stdin"),
        cwd=folder,
        text=password + "\n",
    ).ok(code)


def test_compose_63_a_login_is_tried(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path, registry: int
) -> None:
    (tmp_path / "compose.yaml").write_text("name: tried\nservices: {a: {image: nginx}}\n")
    for host in (f"127.0.0.1:{registry}", f"localhost:{registry}"):
        assert "refuses this user and password" in login(place, tmp_path, host, "wrong", 3).err
        assert place.run("registry", "ls", cwd=tmp_path).ok().out == ""
        assert "unchecked" not in login(place, tmp_path, host).err
        assert place.run("registry", "ls", cwd=tmp_path).ok().out == f"{host}\n"
        place.run("registry", "logout", host, cwd=tmp_path).ok()
        place.run("registry", "logout", host, cwd=tmp_path).ok(6)
    assert "unchecked" in login(place, tmp_path, "127.0.0.1:1").err
    for host, words in (
        ("nonsense", "is no registry"),
        ("ghcr.io:", "is no registry"),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", "needs no log-in"),
        ("public.ecr.aws", "needs no log-in"),
    ):
        assert words in login(place, tmp_path, host, code=2).err


def test_compose_63_tasks_and_builds_log_in(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "compose.yaml").write_text(COMPOSE)
    (folder / "Dockerfile").write_text('FROM ghcr.io/acme/private-base:3\nCMD ["x"]\n')
    secrets, ssm = sandbox.client("secretsmanager"), sandbox.client("ssm")

    failed = place.run("up", cwd=folder)
    assert failed.code != 0 and "UNAUTHORIZED" in failed.err
    assert "`defangctl registry login ghcr.io`" in failed.err
    file = folder / "compose.yaml"
    file.write_text(COMPOSE.partition("  built:")[0])
    # A roll back that is over between two looks at ECS takes the reason with it; AWS takes minutes.
    sandbox.waits(cfn_step=1.0)
    failed = place.run("up", "--stack", "alone", cwd=folder)
    sandbox.calm()
    assert failed.code != 0 and "`defangctl registry login ghcr.io`" in failed.err
    file.write_text(COMPOSE)
    login(place, folder, "https://GHCR.io/")
    assert place.run("config", "ls", cwd=folder).ok().out == ""
    place.run("up", "--yes", cwd=folder).ok()

    kept = secrets.list_secrets()["SecretList"]
    name = "Defang/private/beta-derived/registry/ghcr.io"
    assert [s["Name"] for s in kept if "private" in s["Name"]] == [name]
    value = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    assert value == {"username": "ada", "password": PASSWORD}
    template = json.dumps(
        sandbox.client("cloudformation").get_template(StackName="Defang-private-beta")
    )
    encoded = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
    for text in (template, failed.err, place.log_text(), place.run("logs", cwd=folder).out):
        assert PASSWORD not in text and encoded not in text
    assert "Nothing changed" in place.run("up", cwd=folder).ok().err

    # Another password: the secret has it, and nothing is made anew for it.
    login(place, folder, "ghcr.io", "another")
    place.run("up", cwd=folder).ok()
    value = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    assert value["password"] == "another"

    place.run("down", "--yes", cwd=folder).ok()
    assert not [s for s in secrets.list_secrets()["SecretList"] if s["Name"] == name]
    assert place.run("registry", "ls", cwd=folder).ok().out == "ghcr.io\n", "as config is"
    place.run("registry", "logout", "ghcr.io", cwd=folder).ok()
    assert not ssm.describe_parameters(
        ParameterFilters=[
            {"Key": "Name", "Option": "BeginsWith", "Values": ["/Defang/private/beta/"]}
        ]
    )["Parameters"]


def test_compose_63_ecr_of_another_account(
    place: kit.Place, sandbox: kit.Sandbox, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    image = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/app"
    more = "deploy: {resources: {reservations: {memory: 512M}}}"
    (folder / "compose.yaml").write_text(
        f"name: foreign\nservices:\n  app: {{image: '{image}:3', {more}}}\n"
        f"  again: {{image: '{image}', {more}}}\n"
    )
    for command in ("plan", "up"):
        said = place.run(command, cwd=folder).ok().err
        assert said.count("its image is in ECR of account 210987654321") == 1
        assert (
            "aws ecr set-repository-policy --registry-id 210987654321 --region eu-west-1 "
            "--repository-name team/app --policy-text '{" in said
        )
        assert "arn:aws:iam::123456789012:root" in said
    place.run("down", "--yes", cwd=folder).ok()
