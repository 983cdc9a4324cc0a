"""Scenarios: keys in the environment (E), profiles and the files' grammar (P), which of two files
wins (C), the files of the tools before the CLI (B). scenario.py says how they are written.
"""

from __future__ import annotations

from .scenario import ENVKEYS, OLD, PROC, REG, SRC, P, S, Scenario

KEYS: list[Scenario] = [
    S(
        "E01",
        "env keys and AWS_REGION",
        env={**ENVKEYS, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"},
        key="ENVKEY",
        region="eu-west-1",
        host="sts.eu-west-1.amazonaws.com",
    ),
    S(
        "E02",
        "env keys beat the files",
        cred="[default]; keys(FILE)",
        env={**ENVKEYS, **REG},
        key="ENVKEY",
    ),
    S(
        "E03",
        "AWS_SECURITY_TOKEN beats AWS_SESSION_TOKEN",
        env={**ENVKEYS, **REG, "AWS_SESSION_TOKEN": "tok1", "AWS_SECURITY_TOKEN": "tok0"},
        key="ENVKEY",
    ),
    S(
        "E04",
        "half a key pair in env",
        cred="[default]; keys(FILE)",
        env={**REG, "AWS_ACCESS_KEY_ID": "ENVKEY"},
        error="Partial credentials found in env",
    ),
    S(
        "E05",
        "empty AWS_ACCESS_KEY_ID counts as unset",
        cred="[default]; keys(FILE)",
        env={**REG, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
        key="FILE",
    ),
    S(
        "E06",
        "env keys beat AWS_PROFILE, the region is that profile's",
        cred="[p]; keys(P)",
        conf="[profile p]; region = sa-east-1",
        env={**ENVKEYS, **P},
        key="ENVKEY",
        region="sa-east-1",
    ),
    S(
        "E07",
        "--profile beats env keys",
        cred="[p]; keys(P)",
        env={**ENVKEYS, **REG},
        args=("--profile", "p"),
        key="P",
    ),
    S(
        "E08",
        "a missing AWS_PROFILE is an error even with env keys",
        cred="[default]; keys(FILE)",
        env={**ENVKEYS, **REG, "AWS_PROFILE": "missing"},
        error="The config profile (missing) could not be found",
    ),
    S(
        "E10",
        "the env's token is not mixed with file keys",
        cred="[default]; keys(FILE)",
        env={**REG, "AWS_SESSION_TOKEN": "stale"},
        key="FILE",
    ),
    S(
        "E11",
        "expired by its own words",
        env={**ENVKEYS, **REG, "AWS_CREDENTIAL_EXPIRATION": OLD},
        error="Credentials were refreshed, but the refreshed credentials are still expired",
    ),
    S(
        "P02",
        "AWS_PROFILE beats AWS_DEFAULT_PROFILE",
        cred="[a]; keys(A); [b]; keys(B)",
        env={**REG, "AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "b"},
        key="A",
    ),
    S(
        "P03",
        "AWS_DEFAULT_PROFILE",
        cred="[b]; keys(B)",
        env={**REG, "AWS_DEFAULT_PROFILE": "b"},
        key="B",
    ),
    S(
        "P04",
        "--profile beats both",
        cred="[a]; keys(A); [b]; keys(B); [c]; keys(C)",
        env={**REG, "AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "b"},
        args=("--profile", "c"),
        key="C",
    ),
    S(
        "P05",
        "explicit default must exist",
        cred="[a]; keys(A)",
        env={**REG, "AWS_PROFILE": "default"},
        error="The config profile (default) could not be found",
    ),
    S(
        "P06",
        "AWS_PROFILE set but empty",
        cred="[default]; keys(FILE)",
        env={**REG, "AWS_PROFILE": ""},
        error="The config profile () could not be found",
    ),
    S(
        "P07",
        "profile only in the credentials file",
        cred="[x]; keys(X)",
        env={**REG, "AWS_PROFILE": "x"},
        key="X",
    ),
    S(
        "P08",
        "[x] in config is no profile",
        conf="[x]; keys(X)",
        env={**REG, "AWS_PROFILE": "x"},
        error="The config profile (x) could not be found",
    ),
    S(
        "P09",
        "[profile x] in credentials is called so",
        cred="[profile x]; keys(X)",
        env={**REG, "AWS_PROFILE": "x"},
        error="The config profile (x) could not be found",
    ),
    S(
        "P10a",
        "[default] then [profile default]",
        conf=(
            "[default]; region = eu-west-1; keys(D); [profile default]; region = eu-west-2; "
            "keys(PD)"
        ),
        key="PD",
        region="eu-west-2",
    ),
    S(
        "P10b",
        "[profile default] then [default]",
        conf=(
            "[profile default]; region = eu-west-2; keys(PD); [default]; region = eu-west-1; "
            "keys(D)"
        ),
        key="D",
        region="eu-west-1",
    ),
    S(
        "P11",
        "duplicate section",
        cred="[default]; keys(A); [default]; keys(B)",
        env=REG,
        error="nable to parse",
    ),
    S(
        "P12",
        "duplicate key",
        cred="[default]; keys(A); aws_access_key_id = B",
        env=REG,
        error="nable to parse",
    ),
    S(
        "P13",
        "quoted profile name with a blank",
        conf='[profile "a b"]; region = eu-west-3; keys(AB)',
        env={"AWS_PROFILE": "a b"},
        key="AB",
        region="eu-west-3",
    ),
    S(
        "P14",
        "keys in any case",
        cred="[default]; AWS_ACCESS_KEY_ID = UP; Aws_Secret_Access_Key = PLANTED-up",
        env=REG,
        key="UP",
    ),
    S(
        "P15",
        "no inline comments",
        conf="[default]; region = us-east-1 # home; keys(A)",
        error="Provided region_name 'us-east-1 # home' doesn't match a supported format",
    ),
    S(
        "P16",
        "':' as delimiter",
        cred="[default]; aws_access_key_id: COLON; aws_secret_access_key: PLANTED-colon",
        env=REG,
        key="COLON",
    ),
    S("P17", "byte order mark", cred="\ufeff[default]; keys(A)", env=REG, error="nable to parse"),
    S(
        "P20",
        "~ and $VAR in AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE",
        files={
            "alt/c": "[default]\nregion = eu-west-1\n",
            "alt/k": "[default]\naws_access_key_id = ALT\naws_secret_access_key = PLANTED-alt\n",
        },
        env={"AWS_CONFIG_FILE": "~/alt/c", "AWS_SHARED_CREDENTIALS_FILE": "$HOME/alt/k"},
        key="ALT",
        region="eu-west-1",
    ),
    S(
        "P21",
        "CRLF",
        cred="[default]\r; aws_access_key_id = CRLF\r; aws_secret_access_key = PLANTED-crlf\r",
        env=REG,
        key="CRLF",
    ),
    S("P22", "a line without delimiter", cred="[default]; junk", env=REG, error="nable to parse"),
    S(
        "C01",
        "keys in both files",
        cred="[default]; keys(CRED)",
        conf="[default]; keys(CONF)",
        env=REG,
        key="CRED",
    ),
    S("C02", "keys in config only", conf="[default]; keys(CONF)", env=REG, key="CONF"),
    S(
        "C03",
        "half a key pair in credentials",
        cred="[default]; aws_access_key_id = CRED",
        conf="[default]; keys(CONF)",
        env=REG,
        error="Partial credentials found in shared-credentials-file",
    ),
    S(
        "C04",
        "the token of the other file is not mixed in",
        cred="[default]; keys(CRED)",
        conf="[default]; aws_session_token = conf",
        env=REG,
        key="CRED",
    ),
    S(
        "C05",
        "credentials keys beat the process",
        cred="[default]; keys(CRED)",
        conf=f"[default]; {PROC}",
        env=REG,
        key="CRED",
    ),
    S(
        "C06",
        "the process beats config keys",
        conf=f"[default]; keys(CONF); {PROC}",
        env=REG,
        key="PROC",
    ),
    S(
        "C07",
        "a role beats static keys",
        cred=f"[default]; keys(CRED); {SRC}",
        conf="[default]; role_arn = role/A; source_profile = src",
        env=REG,
        key="R-A-BY-SRC",
    ),
    S(
        "C08",
        "region in credentials beats config",
        cred="[default]; keys(CRED); region = ca-west-1",
        conf="[default]; region = eu-west-1",
        key="CRED",
        region="ca-west-1",
    ),
    S(
        "B01",
        "the first EC2 tools' file",
        files={"ec2": "AWSAccessKeyId=EC2FILE\nAWSSecretKey=PLANTED-ec2\n"},
        env={**REG, "AWS_CREDENTIAL_FILE": "{HOME}/ec2"},
        key="EC2FILE",
    ),
    S(
        "B02",
        "~/.boto",
        files={
            ".boto": (
                "[Credentials]\naws_access_key_id = BOTO\naws_secret_access_key = PLANTED-boto\n"
            )
        },
        env=REG,
        key="BOTO",
    ),
    S(
        "B03",
        "BOTO_CONFIG",
        files={
            "b": "[Credentials]\naws_access_key_id = BOTO\naws_secret_access_key = PLANTED-boto\n"
        },
        env={**REG, "BOTO_CONFIG": "{HOME}/b"},
        key="BOTO",
    ),
    S(
        "B04",
        "half a key pair there",
        files={".boto": "[Credentials]\naws_access_key_id = BOTO\n"},
        env=REG,
        error="Partial credentials found in boto-config",
    ),
    S(
        "B05",
        "the config file beats them",
        files={
            ".boto": (
                "[Credentials]\naws_access_key_id = BOTO\naws_secret_access_key = PLANTED-boto\n"
            )
        },
        conf="[default]; keys(CONF)",
        env=REG,
        key="CONF",
    ),
]
