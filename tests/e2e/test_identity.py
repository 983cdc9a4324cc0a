"""login, whoami -v and MFA codes with the real programs, on a terminal where one is asked for
something.

The SSO portal is the sandbox's. What must hold: files named by relative paths are those of the
folder one is in, so that one daemon serves two identities; an MFA code is asked for once and then
kept; whoever leaves at the prompt leaves with 130.
"""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import select
import stat
import time

import kit

NO_KEYS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
SSO = """[profile dev]
region = us-west-2
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Developer
[sso-session corp]
sso_region = us-west-2
sso_start_url = https://sandbox.awsapps.com/start
"""
TOKEN = ".aws/sso/cache/" + hashlib.sha1(b"corp").hexdigest() + ".json"


def aws_file(place: kit.Place, name: str, text: str) -> None:
    (place.home / ".aws").mkdir(exist_ok=True)
    path = place.home / ".aws" / name
    path.write_text(text)
    path.chmod(0o600)


def test_login(place: kit.Place) -> None:
    aws_file(place, "config", SSO)
    ran = place.run("whoami", "--profile", "dev", env=NO_KEYS).ok(3)
    assert (
        "Error loading SSO Token: Token for corp does not exist" in ran.err
        and "defangctl login --profile dev" in ran.err
    )
    ran = place.run("login", "--profile", "dev", env=NO_KEYS).ok()
    assert (
        re.search(r"\b[B-Z]{4}-[B-Z]{4}\b", ran.err)
        and "https://sandbox.awsapps.com/start/#/device" in ran.err
    )
    assert "logged in to corp until" in ran.out
    path = place.home / TOKEN
    token = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(token) == {
        "startUrl",
        "region",
        "accessToken",
        "expiresAt",
        "clientId",
        "clientSecret",
        "registrationExpiresAt",
        "refreshToken",
    }
    who = place.run("whoami", "--profile", "dev", "--json", env=NO_KEYS).ok().lines[0]
    assert "AWSReservedSSO_Developer" in who["arn"]
    for secret in ("accessToken", "refreshToken", "clientSecret"):
        assert (
            token[secret] not in ran.out + ran.err + (place.state / "defangd.log").read_text()
            if (place.state / "defangd.log").exists()
            else True
        )


def test_expired_token_is_renewed(place: kit.Place) -> None:
    aws_file(place, "config", SSO)
    place.run("login", "--profile", "dev", env=NO_KEYS).ok()
    path = place.home / TOKEN
    before = json.loads(path.read_text())
    path.write_text(json.dumps({**before, "expiresAt": "2020-01-01T00:00:00Z"}))
    place.run("whoami", "--profile", "dev", env=NO_KEYS).ok()
    after = json.loads(path.read_text())
    assert (
        after["accessToken"] != before["accessToken"]
        and after["refreshToken"] != before["refreshToken"]
    )


def test_login_without_sso(place: kit.Place) -> None:
    aws_file(place, "config", "[profile plain]\nregion = us-west-2\n")
    ran = place.run("login", "--profile", "plain", env=NO_KEYS).ok(3)
    assert "does not use SSO" in ran.err


def test_relative_files_are_those_of_the_folder(place: kit.Place) -> None:
    """The same variables in two folders: one daemon, two identities."""
    for name, secret in (("one", kit.SECRET), ("two", "wrong")):
        folder = place.home / name
        folder.mkdir()
        (folder / "keys").write_text(
            f"[default]\naws_access_key_id = {kit.KEY}\naws_secret_access_key = {secret}\n"
        )
    env = {**NO_KEYS, "AWS_SHARED_CREDENTIALS_FILE": "keys", "PWD": None}
    assert f"{place.home}/one/keys" in place.run("whoami", cwd=place.home / "one", env=env).ok().out
    place.run("whoami", cwd=place.home / "two", env=env).ok(3)


def test_whoami_verbose(place: kit.Place) -> None:
    aws_file(
        place,
        "credentials",
        f"[work]\naws_access_key_id = {kit.KEY}\naws_secret_access_key = {kit.SECRET}\n",
    )
    ran = place.run("whoami", "-v", "--profile", "work").ok()
    order = [
        line.split()[1 if line.startswith("tried") else 0].rstrip(":")
        for line in ran.out.splitlines()
        if line.startswith(("tried", " "))
    ]
    assert order == [
        "environment",
        "assume-role",
        "assume-role-with-web-identity",
        "sso",
        "shared-credentials-file",
    ]
    assert "warning: AWS_ACCESS_KEY_ID is set, but --profile work switches" in ran.err
    assert kit.SECRET not in ran.out + ran.err


def test_whoami_verbose_of_a_failure(place: kit.Place) -> None:
    aws_file(
        place,
        "config",
        "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = q\n"
        "[profile q]\nregion = us-west-2\n",
    )
    ran = place.run(
        "whoami", "-v", "--profile", "p", env={**NO_KEYS, "AWS_EC2_METADATA_DISABLED": "true"}
    ).ok(3)
    assert 'The source profile "q" must have credentials' in ran.err
    assert "shared-credentials-file: no aws_access_key_id in profile q" in ran.err


def on_terminal(
    place: kit.Place,
    arguments: list[str],
    answers: list[tuple[str, str]],
    env: dict[str, str | None],
) -> tuple[int, str]:
    """A defangctl whose controlling terminal is ours: waits for each text, then
    types the answer.
    """
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(place.home)
        os.execve(
            kit.DEFANGCTL,
            ["defangctl", *arguments],
            {k: v for k, v in {**place.environment, **env}.items() if v is not None},
        )
    shown, end = "", time.monotonic() + 300
    pending = list(answers)
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.2)
        if ready:
            try:
                data = os.read(master, 4096)
            except OSError:
                break
            shown += data.decode()
        if pending and pending[0][0] in shown:
            time.sleep(0.2)  # the echo is off by then
            os.write(master, pending.pop(0)[1].encode())
    os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def test_mfa_code_is_asked_for_once(place: kit.Place, sandbox: kit.Sandbox) -> None:
    role = "arn:aws:iam::123456789012:role/with-mfa"
    sandbox.client("iam").create_role(
        RoleName="with-mfa",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "123456789012"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )
    aws_file(
        place,
        "credentials",
        f"[src]\naws_access_key_id = {kit.KEY}\naws_secret_access_key = {kit.SECRET}\n",
    )
    aws_file(
        place,
        "config",
        f"[profile m]\nrole_arn = {role}\nsource_profile = src\nregion = us-west-2\n"
        "mfa_serial = arn:aws:iam::123456789012:mfa/me\n",
    )
    ran = place.run("whoami", "--profile", "m", env=NO_KEYS).ok(3)  # no terminal
    assert "needs an MFA code of device arn:aws:iam::123456789012:mfa/me" in ran.err
    mark = sandbox.mark()
    code, shown = on_terminal(
        place,
        ["whoami", "--profile", "m"],
        [("Enter MFA code for arn:aws:iam::123456789012:mfa/me: ", "246813\n")],
        NO_KEYS,
    )
    assert code == 0 and "assumed-role/with-mfa" in shown and "246813" not in shown
    assert sandbox.operations(mark, "sts").count("AssumeRole") == 1
    place.run("daemon", "stop").ok()
    ran = place.run(
        "whoami", "--profile", "m", env=NO_KEYS
    ).ok()  # from the cache that the AWS CLI shares
    assert "assumed-role/with-mfa" in ran.out
    assert sandbox.operations(mark, "sts").count("AssumeRole") == 1
    # Every command asks, streams as well; and who leaves at the prompt leaves with 130.
    cache = place.home / ".aws/cli/cache"
    (place.home / "compose.yaml").write_text("name: m\nservices: {web: {image: nginx}}\n")
    for command in (["logs", "--profile", "m"], ["config", "ls", "--profile", "m"]):
        place.run("daemon", "stop").ok()
        for file in cache.iterdir():
            file.unlink()
        code, shown = on_terminal(
            place,
            command,
            [("Enter MFA code for arn:aws:iam::123456789012:mfa/me: ", "246813\n")],
            NO_KEYS,
        )
        assert (
            "Enter MFA code" in shown and "246813" not in shown and "needs an MFA code" not in shown
        )
        assert len(list(cache.glob("*.json"))) == 1
    place.run("daemon", "stop").ok()
    for file in cache.iterdir():
        file.unlink()
    code, shown = on_terminal(place, ["logs", "--profile", "m"], [("mfa/me: ", "\x03")], NO_KEYS)
    assert code == 130
