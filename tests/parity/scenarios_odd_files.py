"""Odd scenarios of keys, profiles and the files' grammar (E, P, C): empty and half settings, quotes
and brackets, comments, files that are folders. scenario.py says how they are written.
"""

from __future__ import annotations

from .scenario import ENVKEYS, GOOD, REG, SRC, P, S, Scenario

ODD_FILES: list[Scenario] = [
    S(
        "E12",
        "AWS_CREDENTIAL_EXPIRATION in the future",
        env={**ENVKEYS, **REG, "AWS_CREDENTIAL_EXPIRATION": GOOD},
        key="ENVKEY",
    ),
    S(
        "E13",
        "AWS_CREDENTIAL_EXPIRATION that is no time",
        env={**ENVKEYS, **REG, "AWS_CREDENTIAL_EXPIRATION": "soon"},
    ),
    S(
        "E15",
        "an empty secret",
        cred="[default]; keys(FILE)",
        env={**REG, "AWS_ACCESS_KEY_ID": "ENVKEY", "AWS_SECRET_ACCESS_KEY": ""},
    ),
    S(
        "E16",
        "a secret without its key",
        cred="[default]; keys(FILE)",
        env={**REG, "AWS_SECRET_ACCESS_KEY": "PLANTED-alone"},
        key="FILE",
    ),
    S(
        "E18",
        "the older names of the keys",
        env={**REG, "AWS_ACCESS_KEY": "OLDNAME", "AWS_SECRET_KEY": "PLANTED-oldname"},
    ),
    S(
        "P23",
        "a value that goes on in the next line",
        cred="[default]; keys(A)",
        conf="[default]; region = us-\n  west-2",
    ),
    S("P24", "blanks inside the brackets", cred="[ default ]; keys(A)", env=REG),
    S(
        "P26",
        "a comment behind the brackets",
        conf="[profile p] # mine; region = us-west-2; keys(A)",
        env=P,
    ),
    S(
        "P27",
        "a region that is there and empty",
        cred="[default]; keys(A)",
        conf="[default]; region =",
    ),
    S(
        "P29",
        "one profile quoted and not",
        conf='[profile p]; region = eu-west-1; keys(A); [profile "p"]; region = eu-west-2; keys(B)',
        env=P,
    ),
    S(
        "P31",
        "a name beyond ASCII",
        conf="[profile üñ]; region = eu-west-1; keys(A)",
        env={"AWS_PROFILE": "üñ"},
    ),
    S("P32", "a bracket that is not closed", cred="[default; keys(A)", env=REG),
    S(
        "P33",
        "AWS_CONFIG_FILE is a folder",
        cred="[default]; keys(A)",
        env={**REG, "AWS_CONFIG_FILE": "{HOME}"},
    ),
    S(
        "P34",
        "AWS_SHARED_CREDENTIALS_FILE is not there",
        cred="[default]; keys(A)",
        conf="[default]; keys(CONF)",
        env={**REG, "AWS_SHARED_CREDENTIALS_FILE": "{HOME}/none"},
    ),
    S(
        "P35",
        "AWS_CONFIG_FILE set but empty",
        cred="[default]; keys(A)",
        conf="[default]; region = eu-west-1",
        env={"AWS_CONFIG_FILE": ""},
    ),
    S(
        "P36",
        "AWS_SHARED_CREDENTIALS_FILE set but empty",
        cred="[default]; keys(A)",
        conf="[default]; keys(CONF)",
        env={**REG, "AWS_SHARED_CREDENTIALS_FILE": ""},
    ),
    S(
        "P37",
        "text before the first section",
        cred="aws_access_key_id = A; [default]; keys(A)",
        env=REG,
    ),
    S(
        "P42",
        "[profile a b] without quotes",
        conf="[profile a b]; region = eu-west-1; keys(A); [default]; region = eu-west-2",
        env=ENVKEYS,
    ),
    S(
        "P43",
        "a quote that is not closed",
        conf='[profile "a]; region = eu-west-1; [default]; region = eu-west-2',
        env=ENVKEYS,
    ),
    S(
        "P46",
        "brackets inside the brackets",
        conf="[profile a]b]; region = eu-west-1; keys(A)",
        env={"AWS_PROFILE": "a]b"},
    ),
    S(
        "P47",
        "the profile's own section in both files, keys half here and half there",
        cred="[default]; aws_access_key_id = HALF",
        conf="[default]; aws_secret_access_key = PLANTED-half",
        env=REG,
    ),
    S(
        "P50",
        "the config is a pipe",
        cred="[default]; keys(A)",
        files={".aws/config": "{FIFO}"},
        env=REG,
        key="A",
    ),
    S(
        "P51",
        "the credentials are a pipe",
        conf="[default]; keys(CONF)",
        files={".aws/credentials": "{FIFO}"},
        env=REG,
        key="CONF",
    ),
    S(
        "P52",
        "a config of two megabytes",
        conf=f"# {'x' * (2 << 20)}; [default]; region = eu-west-1; keys(A)",
        key="A",
        region="eu-west-1",
    ),
    S(
        "P53",
        "a profile's name that is not UTF-8",
        cred="[default]; keys(A)",
        env={**REG, "AWS_PROFILE": "pr\udcf6d"},
        error="could not be found|not UTF-8",
    ),
    S(
        "P54",
        "a variable that is not UTF-8 and concerns nobody",
        cred="[default]; keys(A)",
        env={**REG, "LS_COLORS": "pr\udcf6d"},
        key="A",
    ),
    S(
        "C09",
        "a role in the credentials file, its source in the config",
        cred="[p]; role_arn = role/A; source_profile = src",
        conf="[profile src]; keys(SRC); [profile p]; region = eu-west-1",
        env=P,
    ),
    S(
        "C10",
        "role and static keys in the credentials file",
        cred=f"[p]; role_arn = role/A; source_profile = src; keys(OWN); {SRC}",
        conf="[profile p]; region = eu-west-1",
        env=P,
    ),
    S(
        "C11",
        "a process in the credentials file",
        cred="[default]; credential_process = {HOME}/proc",
        env=REG,
        key="PROC",
    ),
    S("C13", "an empty role_arn", cred="[default]; keys(A); role_arn =", env=REG),
]
