"""What the AWS CLI says in riddles and we must say in words: whose credentials were refused, values
that cannot be meant, and the exit code of each.
"""

from __future__ import annotations

import json

import pytest

from .access_kit import KEYS, Shell, Stub

FILE = "[default]\naws_access_key_id = AKIAEXAMPLEEXAMPLE88\naws_secret_access_key = PLANTED-file\n"
ROLE = FILE + "[p]\nrole_arn = arn:aws:iam::1:role/A\nsource_profile = default\n"
SSO = (
    "[default]\nsso_account_id = 123456789012\nsso_role_name = Dev\nsso_region = eu-west-1\n"
    "sso_start_url = https://x.awsapps.com/start\n"
)


# --- 2: whose credentials, and what to do ---


def test_access_02_of_the_environment(shell: Shell, sts: Stub) -> None:
    shell.env |= {**KEYS, "AWS_SESSION_TOKEN": "PLANTED-token"}
    shell.env["AWS_ACCESS_KEY_ID"] = "ASIAEXAMPLEEXAMPLE99"
    mine = ("environment (AWS_ACCESS_KEY_ID) (key ****LE99)", "`unset AWS_ACCESS_KEY_ID ")
    for code in ("ExpiredToken", "ExpiredTokenException"):
        sts.refuse(code, "The security token included in the request is expired")
        shell.fails(3, code, "They have expired. Export new ones", *mine)
    for code in ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"):
        sts.refuse(code, "The security token included in the request is invalid.")
        shell.fails(3, code, "AWS does not know them in us-west-2", *mine)
    for code in ("SignatureDoesNotMatch", "InvalidSignatureException"):
        sts.refuse(code, "The request signature we calculated does not match")
        shell.fails(3, code, "AWS_SECRET_ACCESS_KEY does not belong to the key id", *mine)
    sts.refuse("IncompleteSignature", "Authorization header requires 'Credential' parameter", 400)
    shell.fails(3, "Key id or session token are not as AWS gave them", *mine)
    sts.refuse("MissingAuthenticationToken", "Request is missing Authentication Token")
    shell.fails(3, "They did not arrive")


def test_access_02_token_and_key_that_do_not_go_together(shell: Shell, sts: Stub) -> None:
    sts.refuse("InvalidClientTokenId", "The security token included in the request is invalid.")
    shell.env |= {**KEYS, "AWS_SESSION_TOKEN": "PLANTED-token"}
    shell.fails(3, "begins with AKIA", "`unset AWS_SESSION_TOKEN AWS_SECURITY_TOKEN`")
    shell.env |= {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLEEXAMPLE99", "AWS_SESSION_TOKEN": ""}
    shell.fails(3, "begins with ASIA", "export AWS_SESSION_TOKEN as well")


def test_access_02_of_a_profile(shell: Shell, sts: Stub) -> None:
    path = shell.write(".aws/credentials", FILE.replace("[default]", "# keys\n[my shop]"))
    shell.env["AWS_PROFILE"] = "my shop"
    sts.refuse("ExpiredToken", "The security token included in the request is expired")
    shell.fails(
        3,
        f"those of profile my shop in {path}:3 (key ****LE88)",
        "`aws configure --profile 'my shop'`",
    )
    sts.refuse("SignatureDoesNotMatch", "does not match")
    shell.fails(3, "aws_secret_access_key does not belong to the key id")


def test_access_02_of_a_process_and_of_a_machine(shell: Shell, sts: Stub) -> None:
    sts.refuse("ExpiredToken", "The security token included in the request is expired")
    given = {"Version": 1, "AccessKeyId": "PROCESSKEY", "SecretAccessKey": "PLANTED-process"}
    answer = shell.write("answer", json.dumps(given))
    config = shell.write(".aws/config", f"[default]\ncredential_process = cat {answer}\n")
    shell.fails(
        3,
        f"credential_process of profile default in {config}:2",
        "log in to it anew",
        "`aws configure export-credentials --profile default`",
    )


def test_access_02_the_clock(shell: Shell, sts: Stub) -> None:
    """Corrected once; when AWS refuses all the same, the clock is what is said."""
    shell.env |= KEYS
    sts.refuse("SignatureDoesNotMatch", "Signature expired: 2026 is now earlier", skew_s=1200)
    shell.fails(3, "clock is 20 minutes behind AWS's", "`sudo timedatectl set-ntp true`")
    sts.refuse("RequestTimeTooSkewed", "The difference is too large.", skew_s=-3000)
    shell.fails(3, "clock is 50 minutes ahead of AWS's")


# --- 13: credentials, region and rights are 3 ---


def test_access_13_rights_and_regions(shell: Shell, sts: Stub) -> None:
    shell.env |= KEYS
    for code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
        sts.refuse(code, "User: me is not authorized to perform: sts:GetCallerIdentity")
        shell.fails(
            3, code, "lack a right that sts:GetCallerIdentity needs", "`defangctl cd policy`"
        )
    sts.refuse("AccessDenied", "not authorized: with an explicit deny in a service control policy")
    shell.fails(3, "An explicit deny stands above all that is allowed")
    for code in ("RegionDisabledException", "OptInRequired", "SubscriptionRequiredException"):
        sts.refuse(code, "STS is not activated in this region for account:1")
        shell.fails(3, code, "`aws account enable-region --region-name us-west-2`")


def test_access_13_roles(shell: Shell, sts: Stub) -> None:
    path = shell.write(".aws/credentials", ROLE)
    shell.env["AWS_PROFILE"] = "p"
    sts.refuse("ValidationError", "1 validation error detected: roleArn", 400)
    shell.fails(3, "assuming role arn:aws:iam::1:role/A for profile p", "ValidationError")
    sts.refuse("AccessDenied", "User is not authorized to perform: sts:AssumeRole")
    shell.fails(3, f"profile default in {path}:2", "trust policy", "sts:AssumeRole")
    sts.refuse("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass")
    shell.fails(3, "The MFA code was wrong")
    sts.refuse("RegionDisabledException", "STS is not activated in this region")
    shell.fails(3, "enable-region")
    sts.answer(503, "")
    shell.fails(3, "assuming role")


def test_access_13_tokens(shell: Shell, sts: Stub) -> None:
    shell.write(".aws/config", SSO.replace("[default]", '[profile "my shop"]'))
    shell.env["AWS_PROFILE"] = "my shop"
    shell.fails(3, "`defangctl login --profile 'my shop'`")
    del shell.env["AWS_PROFILE"]
    shell.env |= {"AWS_WEB_IDENTITY_TOKEN_FILE": "jwt", "AWS_ROLE_ARN": "arn:aws:iam::1:role/W"}
    shell.fails(3, "cannot read the web identity token file")
    shell.write("jwt", "eyJ.fake.jwt")
    for code, words in {
        "InvalidIdentityToken": "list-open-id-connect-providers",
        "IDPRejectedClaim": "list-open-id-connect-providers",
        "ExpiredTokenException": "The token in jwt has expired",
        "AccessDenied": "The trust policy of role arn:aws:iam::1:role/W has to name",
    }.items():
        sts.refuse(code, "No OpenIDConnect provider found", 400)
        shell.fails(3, code, "with the token in jwt", words)


# --- 3: what cannot be meant ---

CR, NBSP, BOM = "\r", "\u00a0", "\ufeff"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_ACCESS_KEY_ID", "AKIA7" + CR, "AWS_ACCESS_KEY_ID ends with a carriage return (\\r)"),
        ("AWS_ACCESS_KEY_ID", " AKIA7", "AWS_ACCESS_KEY_ID begins with a blank (' ')"),
        ("AWS_ACCESS_KEY_ID", "AK IA7", "AWS_ACCESS_KEY_ID holds a blank (' ') at character 3"),
        ("AWS_ACCESS_KEY_ID", '"AKIA7"', "AWS_ACCESS_KEY_ID begins with a quotation mark"),
        ("AWS_ACCESS_KEY_ID", BOM + "AKIA7", "begins with a byte order mark (\\ufeff)"),
        ("AWS_ACCESS_KEY_ID", "AKIA7" + NBSP, "holds a no-break space (\\u00a0) at character 6"),
        ("AWS_ACCESS_KEY_ID", "AKIÄ7", "AWS_ACCESS_KEY_ID holds what is no ASCII (Ä)"),
        ("AWS_ACCESS_KEY_ID", "AKIA\x1b[7", "holds a control byte (\\x1b) at character 5"),
        ("AWS_SECRET_ACCESS_KEY", "PLANTED" + CR, "AWS_SECRET_ACCESS_KEY ends with a carriage"),
        ("AWS_SECRET_ACCESS_KEY", "PLANTED ", "AWS_SECRET_ACCESS_KEY ends with a blank"),
        ("AWS_SECRET_ACCESS_KEY", "'PLANTED'", "AWS_SECRET_ACCESS_KEY begins with a quotation"),
        ("AWS_SESSION_TOKEN", "PLANTED\nPLANTED", "AWS_SESSION_TOKEN holds a line break (\\n)"),
        ("AWS_SESSION_TOKEN", "PLANTED\t", "AWS_SESSION_TOKEN ends with a tab (\\t)"),
        ("AWS_SECURITY_TOKEN", "PLANTED" + CR, "AWS_SECURITY_TOKEN ends with a carriage return"),
        ("AWS_REGION", "us-west-2" + CR, "'us-west-2\\r' doesn't match a supported format"),
        ("AWS_REGION", "us-west-2 ", "'us-west-2 ' doesn't match"),
        ("AWS_REGION", "us-west-2\t", "'us-west-2\\t' doesn't match"),
        ("AWS_REGION", BOM + "us-west-2", "'\\ufeffus-west-2' doesn't match"),
        ("AWS_REGION", '"us-west-2"', "'\"us-west-2\"' doesn't match"),
        ("AWS_PROFILE", "shop" + CR, "The config profile (shop\\r) could not be found"),
    ],
)
def test_access_03_in_a_variable(shell: Shell, name: str, value: str, said: str) -> None:
    shell.env |= {**KEYS, name: value}
    shell.fails(3, said)


def test_access_03_a_secret_of_a_look_alike_is_taken(shell: Shell) -> None:
    shell.env |= {**KEYS, "AWS_SECRET_ACCESS_KEY": 'PLANTED it\'s "mine" too'}
    assert shell.whoami()[0] == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('aws_access_key_id = "AKIA7"', "aws_access_key_id of profile default begins with a quo"),
        (
            "aws_access_key_id = AK IA7",
            "aws_access_key_id of profile default holds a blank (' ') at",
        ),
        ("aws_secret_access_key = 'PLANTED'", "aws_secret_access_key of profile default begins"),
        ("aws_session_token = PLANTED PLANTED", "aws_session_token of profile default holds a bl"),
    ],
)
def test_access_03_in_a_file(shell: Shell, line: str, said: str) -> None:
    key = line.split(" =")[0]
    kept = [one for one in FILE.splitlines() if not one.startswith(key)]
    path = shell.home / ".aws/credentials"
    path.parent.mkdir()
    path.write_bytes(("\n".join([*kept, line]) + "\n").encode())
    shell.fails(3, f"{path}:{len(kept) + 1}: {said}", "`aws configure --profile default`")
    path.write_text("[default]\nregion = us-west-2\n")
    (path.parent / "config").write_bytes(("\n".join([*kept, line]) + "\n").encode())
    shell.fails(3, f"config:{len(kept) + 1}: {said}")


def test_access_03_blanks_around_a_line_s_value_are_none(shell: Shell) -> None:
    path = shell.home / ".aws/credentials"
    path.parent.mkdir()
    path.write_bytes(FILE.replace("\n", " \r\n").encode())
    assert shell.whoami()[0] == 0


@pytest.mark.parametrize("member", ["AccessKeyId", "SecretAccessKey", "SessionToken"])
def test_access_03_of_a_process(shell: Shell, member: str) -> None:
    given = {"Version": 1, "AccessKeyId": "PROC", "SecretAccessKey": "s", "SessionToken": "t"}
    answer = shell.write("answer", json.dumps(given | {member: "PLANTED\r"}))
    config = shell.write(".aws/config", f"[default]\ncredential_process = cat {answer}\n")
    shown = "the session token" if member == "SessionToken" else member
    shell.fails(
        3,
        f"{shown} of credential_process of profile default in {config}:2 ends with a carriage",
    )
