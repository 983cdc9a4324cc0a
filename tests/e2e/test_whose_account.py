"""Who asks is the asking shell: its variables, its folder, its files and programs as they are now.

One daemon serves all the commands of a test, and what must hold is what holds with the AWS CLI,
which has no memory: a command that would have another identity, or none, with the CLI has the same
here. Nothing is deployed: `whoami` and `cd ls` say who signs.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import stat
import subprocess
from collections.abc import Iterator

import pytest

import kit
from test_identity import NO_KEYS, SSO, TOKEN, aws_file

OURS, OTHER = "123456789012", "210987654321"
Env = dict[str, str | None]


@pytest.fixture
def shell(sandbox: kit.Sandbox, tmp_path: pathlib.Path) -> Iterator[kit.Place]:
    """A place whose account has nothing in it yet."""
    with kit.place_at(tmp_path / "p", sandbox) as started:
        yield started


def keys_of(sandbox: kit.Sandbox, account: str) -> dict[str, str]:
    sts = sandbox.client("sts")
    role = f"arn:aws:iam::{account}:role/somebody"
    answer = (
        sts.get_session_token()
        if account == OURS
        else sts.assume_role(RoleArn=role, RoleSessionName="me")
    )
    keys = answer["Credentials"]
    return {
        "AccessKeyId": keys["AccessKeyId"],
        "SecretAccessKey": keys["SecretAccessKey"],
        "SessionToken": keys["SessionToken"],
    }


def account_of(place: kit.Place, *options: str, cwd: pathlib.Path | None = None, env: Env) -> str:
    return str(place.run("whoami", "--json", *options, cwd=cwd, env=env).ok().lines[0]["account"])


def program(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def answer(path: pathlib.Path, keys: dict[str, str], **more: str) -> None:
    """What a credential_process prints, in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"Version": 1, **keys, **more}))


def ini_of(keys: dict[str, str], section: str = "default") -> str:
    return (
        f"[{section}]\nregion = us-west-2\naws_access_key_id = {keys['AccessKeyId']}\n"
        f"aws_secret_access_key = {keys['SecretAccessKey']}\n"
        f"aws_session_token = {keys['SessionToken']}\n"
    )


def test_trust_01_a_process_sees_the_variables_of_its_shell(
    shell: kit.Place, sandbox: kit.Sandbox
) -> None:
    for name, account in (("dev", OURS), ("prod", OTHER)):
        answer(shell.home / name, keys_of(sandbox, account))
    program(shell.home / "creds", f'cat "{shell.home}/$CORP_ACCOUNT"\n')
    aws_file(shell, "config", f"[default]\ncredential_process = {shell.home}/creds\n")
    dev: Env = {**NO_KEYS, "CORP_ACCOUNT": "dev"}
    prod: Env = {**NO_KEYS, "CORP_ACCOUNT": "prod"}
    assert [account_of(shell, env=env) for env in (dev, prod, dev)] == [OURS, OTHER, OURS]

    # Not UTF-8: the program still gets each byte of it.
    odd = os.fsdecode(b"caf\xe9")
    answer(shell.home / odd, keys_of(sandbox, OTHER))
    assert account_of(shell, env={**NO_KEYS, "CORP_ACCOUNT": odd}) == OTHER


def test_trust_02_a_relative_process_is_that_of_the_folder(
    shell: kit.Place, sandbox: kit.Sandbox
) -> None:
    aws_file(shell, "config", "[default]\ncredential_process = ./creds.sh\n")
    for name, account in (("one", OURS), ("two", OTHER)):
        folder = shell.home / name
        program(folder / "creds.sh", f"cat {folder}/keys\n")
        answer(folder / "keys", keys_of(sandbox, account))
    found = [
        account_of(shell, cwd=shell.home / name, env=NO_KEYS) for name in ("one", "two", "one")
    ]
    assert found == [OURS, OTHER, OURS]
    shell.run("whoami", env=NO_KEYS).ok(3)  # where there is none


def test_trust_03_a_process_is_asked_each_time(shell: kit.Place, sandbox: kit.Sandbox) -> None:
    """Also when its keys have an end in a year: the CLI forgets them at the end of each command."""
    keys = shell.home / "keys"
    aws_file(shell, "config", f"[default]\ncredential_process = /bin/cat {keys}\n")
    for more in ({}, {"Expiration": "2099-01-01T00:00:00Z"}):
        for account in (OURS, OTHER):
            answer(keys, keys_of(sandbox, account), **more)
            assert account_of(shell, env=NO_KEYS) == account
    keys.unlink()
    shell.run("whoami", env=NO_KEYS).ok(3)
    shell.run("cd", "ls", env=NO_KEYS).ok(3)


def test_trust_04_after_a_logout_nothing_is_signed(shell: kit.Place, sandbox: kit.Sandbox) -> None:
    aws_file(shell, "config", SSO)
    shell.run("login", "--profile", "dev", env=NO_KEYS).ok()
    shell.run("whoami", "--profile", "dev", env=NO_KEYS).ok()
    (shell.home / TOKEN).unlink()  # what `aws sso logout` removes
    shutil.rmtree(shell.home / ".aws/cli/cache", ignore_errors=True)
    mark = sandbox.mark()
    ran = shell.run("whoami", "--profile", "dev", env=NO_KEYS).ok(3)
    assert "Token for corp does not exist" in ran.err
    shell.run("cd", "ls", "--profile", "dev", env=NO_KEYS).ok(3)
    assert sandbox.operations(mark) == []


def test_trust_05_files_that_go_or_change_are_noticed(
    shell: kit.Place, sandbox: kit.Sandbox
) -> None:
    # ~/.boto, near the end of the chain.
    boto = shell.home / ".boto"
    text = "[Credentials]\naws_access_key_id = {}\naws_secret_access_key = {}\n"
    boto.write_text(text.format(kit.KEY, kit.SECRET))
    assert account_of(shell, env=NO_KEYS) == OURS
    boto.write_text(text.format(kit.KEY, "wrong"))
    shell.run("whoami", env=NO_KEYS).ok(3)
    boto.unlink()
    shell.run("whoami", env=NO_KEYS).ok(3)

    # A web identity token, and the cache that the CLI shares.
    sandbox.client("iam").create_role(RoleName="trust-05", AssumeRolePolicyDocument="{}")
    jwt = shell.home / "jwt"
    jwt.write_text("eyJ.fake.jwt")
    web: Env = {
        **NO_KEYS,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(jwt),
        "AWS_ROLE_ARN": f"arn:aws:iam::{OURS}:role/trust-05",
        "AWS_ROLE_SESSION_NAME": "ci",
    }
    mark = sandbox.mark()
    for _ in range(2):
        assert account_of(shell, env=web) == OURS
    assert sandbox.operations(mark, "sts").count("AssumeRoleWithWebIdentity") == 1
    shutil.rmtree(shell.home / ".aws/cli/cache")
    assert account_of(shell, env=web) == OURS
    assert sandbox.operations(mark, "sts").count("AssumeRoleWithWebIdentity") == 2
    jwt.unlink()
    shutil.rmtree(shell.home / ".aws/cli/cache")
    shell.run("whoami", env=web).ok(3)


def test_trust_06_whoami_always_asks(shell: kit.Place, sandbox: kit.Sandbox) -> None:
    mark = sandbox.mark()
    for _ in range(3):
        shell.run("whoami").ok()
    assert sandbox.operations(mark, "sts").count("GetCallerIdentity") == 3
    gone: Env = {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    ran = shell.run("whoami", env=gone)
    assert ran.code != 0 and OURS not in ran.out


def test_trust_07_and_08_content_decides(shell: kit.Place, sandbox: kit.Sandbox) -> None:
    """Also of a file that is named by a variable in a variable."""
    mine, theirs = keys_of(sandbox, OURS), keys_of(sandbox, OTHER)
    for env in (NO_KEYS, {**NO_KEYS, "AWS_SHARED_CREDENTIALS_FILE": "$HOME/.aws/credentials"}):
        aws_file(shell, "credentials", ini_of(mine).ljust(2000))
        path = shell.home / ".aws/credentials"
        before = path.stat()
        assert account_of(shell, env=env) == OURS
        other = path.with_name("other")
        other.write_text(ini_of(theirs).ljust(before.st_size))
        assert other.stat().st_size == before.st_size
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        other.rename(path)
        assert account_of(shell, env=env) == OTHER


def test_trust_09_the_folder_is_where_the_client_stands(
    shell: kit.Place, sandbox: kit.Sandbox
) -> None:
    inner = shell.home / "inner"
    inner.mkdir()
    (shell.home / "cfg").write_text(ini_of(keys_of(sandbox, OURS)))
    (inner / "cfg").write_text(ini_of(keys_of(sandbox, OTHER)))
    env: Env = {**NO_KEYS, "AWS_CONFIG_FILE": "cfg", "PWD": str(shell.home)}
    assert account_of(shell, cwd=inner, env=env) == OTHER  # as under make -C inner
    assert account_of(shell, env=env) == OURS
    assert account_of(shell, "-C", "inner", env=env) == OTHER  # "as if started in DIR"


def test_trust_10_what_is_not_utf8_is_not_dropped(shell: kit.Place) -> None:
    odd = os.fsdecode(b"pr\xf6d")
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "NO_PROXY"):
        ran = shell.run("whoami", env={name: odd}).ok(3)
        assert name in ran.err and "UTF-8" in ran.err, ran
    ran = shell.run("whoami", env={"AWS_SECRET_ACCESS_KEY": odd}).ok(3)
    assert "AWS_SECRET_ACCESS_KEY" in ran.err and "xf6" not in ran.err
    for name in ("DEFANG_STACK", "COMPOSE_PROJECT_NAME"):
        ran = shell.run("compose", "config", env={name: odd}).ok(2)
        assert name in ran.err and "UTF-8" in ran.err, ran

    # What nobody reads harms nobody; what is read of a path is bytes.
    shell.run("whoami", env={"LS_COLORS": odd, "PWD": odd}).ok()
    folder = shell.home / odd
    folder.mkdir()
    (folder / "cfg").write_text("[default]\nregion = eu-west-1\n")
    by_path: Env = {"AWS_REGION": None, "AWS_CONFIG_FILE": str(folder / "cfg")}
    assert shell.run("whoami", "--json", env=by_path).ok().lines[0]["region"] == "eu-west-1"

    # A Compose file that uses it gets an error with its place.
    (shell.home / "compose.yaml").write_text("services: {web: {image: 'nginx:${TAG}'}}\n")
    ran = shell.run("compose", "config", env={"TAG": odd}).ok(2)
    assert "TAG" in ran.err and "UTF-8" in ran.err and "compose.yaml:1" in ran.err
    (shell.home / "compose.yaml").write_text("services: {web: {image: x, environment: [TAG]}}\n")
    ran = shell.run("compose", "config", env={"TAG": odd}).ok(2)
    assert "TAG" in ran.err and "UTF-8" in ran.err
    shell.run("compose", "config", env={"OTHER_TAG": odd}).ok()


def test_access_04_and_15_files_are_passed_over_as_by_the_cli(shell: kit.Place) -> None:
    """A pipe, a folder, what may not be read: keys of the environment serve, and -v says why."""
    (shell.home / ".aws").mkdir()
    config = shell.home / ".aws/config"
    os.mkfifo(config)
    ran = shell.run("whoami", "-v").ok()
    assert f"{config} counts as empty, as for the AWS CLI: it is a pipe" in ran.err
    ran = shell.run("whoami", "--profile", "p", env=NO_KEYS).ok(3)
    assert "(p) could not be found" in ran.err and "it is a pipe" in ran.err
    config.unlink()
    config.write_text("# " + "x" * (2 << 20) + "\n[default]\nregion = eu-west-1\n")
    assert "eu-west-1" in shell.run("whoami", env={"AWS_REGION": None}).ok().out
    if os.geteuid() != 0:
        config.chmod(0)
        assert "cannot be read: Permission denied" in shell.run("whoami", "-v").ok().err


def test_access_15_what_a_shell_opens_is_the_callers(
    shell: kit.Place, sandbox: kit.Sandbox
) -> None:
    """/dev/fd/3 is the caller's file, and a token may come through a pipe: <(command) in bash."""
    (shell.home / "cfg").write_text(ini_of(keys_of(sandbox, OTHER)))
    sandbox.client("iam").create_role(RoleName="access-15", AssumeRolePolicyDocument="{}")
    role = f"AWS_ROLE_ARN=arn:aws:iam::{OURS}:role/access-15"
    for line, account in (
        ("AWS_SHARED_CREDENTIALS_FILE=/dev/fd/3 {} 3<cfg", OTHER),
        ("AWS_SHARED_CREDENTIALS_FILE=/proc/self/fd/3 {} 3<cfg", OTHER),
        (role + " AWS_WEB_IDENTITY_TOKEN_FILE=<(echo eyJ.fake.jwt) {}", OURS),
    ):
        ran = subprocess.run(
            ["bash", "-c", line.format(f"{kit.DEFANGCTL} whoami --json")],
            cwd=shell.home,
            env=shell.env(NO_KEYS),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0 and account in ran.stdout, ran


def test_access_10_five_thousand_profiles(shell: kit.Place) -> None:
    aws_file(
        shell,
        "config",
        "".join(
            f"[profile p{i}]\nsso_session = corp\nsso_account_id = {i:012}\nregion = eu-west-1\n"
            for i in range(5000)
        ),
    )
    ran = shell.run("whoami", "--profile", "p4999", env=NO_KEYS).ok(3)
    assert "corp" in ran.err


def test_access_14_no_lock_of_ours_stays(shell: kit.Place) -> None:
    aws_file(shell, "config", SSO)
    shell.run("login", "--profile", "dev", env=NO_KEYS).ok()
    path = shell.home / TOKEN
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "expiresAt": "2020-01-01T00:00:00Z"})
    )
    shutil.rmtree(shell.home / ".aws/cli/cache", ignore_errors=True)
    shell.run("whoami", "--profile", "dev", env=NO_KEYS).ok()
    left = [p for p in (shell.home / ".aws").rglob("*") if p.is_file()]
    assert {p.suffix for p in left if "cache" in p.parts} == {".json"}
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in left if "cache" in p.parts)
