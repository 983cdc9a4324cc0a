"""The scenarios: files and environment in; key, region, host or error out. Those of aws-access.md section 15 have its ids and its expectations.

In texts "; " ends a line, {SEMI} is a semicolon, keys(X) stands for a key pair, {PORT} for the recorder's port, {HOME} for the home folder, role/A for an ARN. `older` says why the AWS CLI 2.9.19
is not asked (or not believed): there the expectation of the page (2.36.7) alone decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from .recorder import sha1, sha256

ENVKEYS = {"AWS_ACCESS_KEY_ID": "ENVKEY", "AWS_SECRET_ACCESS_KEY": "PLANTED-env"}
REG = {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2"}
P = {"AWS_PROFILE": "p"}
WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "{HOME}/jwt", "AWS_ROLE_ARN": "arn:aws:iam::1:role/W"}
JWT = {"jwt": "PLANTED-jwt"}
URL = "https://x.awsapps.com/start"
SESSION = "sso_session = s; sso_account_id = 123456789012; sso_role_name = Dev"
CORP = f"[sso-session s]; sso_region = eu-west-1; sso_start_url = {URL}"
SSO = f"[default]; region = us-west-2; {SESSION}; {CORP}"
LEGACY = f"[default]; region = us-west-2; sso_start_url = {URL}; sso_region = eu-west-1; sso_account_id = 123456789012; sso_role_name = Dev"
GOOD, OLD = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
ROLE = "[profile p]; role_arn = role/A; region = eu-west-1; "
SRC = "[src]; keys(SRC)"
PROC = "credential_process = {HOME}/proc"
LOGIN = "arn:aws:iam::123456789012:user/u"
LOGIN_CONF = f"[default]; region = us-west-2; login_session = {LOGIN}"


def token(at: str, ends: str = GOOD, **more: str) -> dict[str, str]:
    return {f".aws/sso/cache/{sha1(at)}.json": json.dumps({"accessToken": "T1", "expiresAt": ends, **more})}


def cached(key: str, access: str, ends: str, **more: str) -> dict[str, str]:
    return {f".aws/cli/cache/{sha1(key)}.json": json.dumps({**more, "Credentials": {"AccessKeyId": access, "SecretAccessKey": "PLANTED-cache", "SessionToken": "t", "Expiration": ends}})}


def role_key(arn: str) -> str:
    return json.dumps({"RoleArn": arn})


def login(ends: str) -> dict[str, str]:
    return {f".aws/login/cache/{sha256(LOGIN)}.json": json.dumps({
        "accessToken": {"accessKeyId": "LOGIN", "secretAccessKey": "PLANTED-login", "sessionToken": "t", "accountId": "123456789012", "expiresAt": ends},
        "clientId": "c", "refreshToken": "r", "idToken": "i", "dpopKey": "PLANTED-dpop"})}


RENEWABLE = {"startUrl": URL, "region": "eu-west-1", "accessToken": "OLD", "clientId": "c", "clientSecret": "PLANTED-client", "registrationExpiresAt": GOOD, "refreshToken": "R1"}


@dataclass(frozen=True)
class Scenario:
    id: str
    what: str
    cred: str = ""
    conf: str = ""
    env: dict[str, str | None] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    key: str = ""            # the access key that signs in the end
    region: str = ""         # of its signature
    host: str = ""
    error: str = ""          # part of the message; "|" between alternatives
    older: str = ""


def S(id: str, what: str, **rest: object) -> Scenario:  # noqa: N802
    return Scenario(id, what, **rest)  # type: ignore[arg-type]


IMDS = {"AWS_EC2_METADATA_DISABLED": None, "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:{PORT}/"}


def imds(kind: str) -> dict[str, str | None]:
    return {**IMDS, "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{{PORT}}/{kind}/"}


FULL = "http://127.0.0.1:{PORT}/container/c"

SCENARIOS: list[Scenario] = [
    S("E01", "env keys and AWS_REGION", env={**ENVKEYS, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}, key="ENVKEY", region="eu-west-1", host="sts.eu-west-1.amazonaws.com"),
    S("E02", "env keys beat the files", cred="[default]; keys(FILE)", env={**ENVKEYS, **REG}, key="ENVKEY"),
    S("E03", "AWS_SECURITY_TOKEN beats AWS_SESSION_TOKEN", env={**ENVKEYS, **REG, "AWS_SESSION_TOKEN": "tok1", "AWS_SECURITY_TOKEN": "tok0"}, key="ENVKEY"),
    S("E04", "half a key pair in env", cred="[default]; keys(FILE)", env={**REG, "AWS_ACCESS_KEY_ID": "ENVKEY"}, error="Partial credentials found in env"),
    S("E05", "empty AWS_ACCESS_KEY_ID counts as unset", cred="[default]; keys(FILE)", env={**REG, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, key="FILE"),
    S("E06", "env keys beat AWS_PROFILE, the region is that profile's", cred="[p]; keys(P)", conf="[profile p]; region = sa-east-1", env={**ENVKEYS, **P}, key="ENVKEY", region="sa-east-1"),
    S("E07", "--profile beats env keys", cred="[p]; keys(P)", env={**ENVKEYS, **REG}, args=("--profile", "p"), key="P"),
    S("E08", "a missing AWS_PROFILE is an error even with env keys", cred="[default]; keys(FILE)", env={**ENVKEYS, **REG, "AWS_PROFILE": "missing"}, error="The config profile (missing) could not be found"),
    S("E10", "the env's token is not mixed with file keys", cred="[default]; keys(FILE)", env={**REG, "AWS_SESSION_TOKEN": "stale"}, key="FILE"),
    S("E11", "expired by its own words", env={**ENVKEYS, **REG, "AWS_CREDENTIAL_EXPIRATION": OLD}, error="Credentials were refreshed, but the refreshed credentials are still expired"),
    S("P02", "AWS_PROFILE beats AWS_DEFAULT_PROFILE", cred="[a]; keys(A); [b]; keys(B)", env={**REG, "AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "b"}, key="A"),
    S("P03", "AWS_DEFAULT_PROFILE", cred="[b]; keys(B)", env={**REG, "AWS_DEFAULT_PROFILE": "b"}, key="B"),
    S("P04", "--profile beats both", cred="[a]; keys(A); [b]; keys(B); [c]; keys(C)", env={**REG, "AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "b"}, args=("--profile", "c"), key="C"),
    S("P05", "explicit default must exist", cred="[a]; keys(A)", env={**REG, "AWS_PROFILE": "default"}, error="The config profile (default) could not be found"),
    S("P06", "AWS_PROFILE set but empty", cred="[default]; keys(FILE)", env={**REG, "AWS_PROFILE": ""}, error="The config profile () could not be found"),
    S("P07", "profile only in the credentials file", cred="[x]; keys(X)", env={**REG, "AWS_PROFILE": "x"}, key="X"),
    S("P08", "[x] in config is no profile", conf="[x]; keys(X)", env={**REG, "AWS_PROFILE": "x"}, error="The config profile (x) could not be found"),
    S("P09", "[profile x] in credentials is called so", cred="[profile x]; keys(X)", env={**REG, "AWS_PROFILE": "x"}, error="The config profile (x) could not be found"),
    S("P10a", "[default] then [profile default]", conf="[default]; region = eu-west-1; keys(D); [profile default]; region = eu-west-2; keys(PD)", key="PD", region="eu-west-2"),
    S("P10b", "[profile default] then [default]", conf="[profile default]; region = eu-west-2; keys(PD); [default]; region = eu-west-1; keys(D)", key="D", region="eu-west-1"),
    S("P11", "duplicate section", cred="[default]; keys(A); [default]; keys(B)", env=REG, error="nable to parse"),
    S("P12", "duplicate key", cred="[default]; keys(A); aws_access_key_id = B", env=REG, error="nable to parse"),
    S("P13", "quoted profile name with a blank", conf='[profile "a b"]; region = eu-west-3; keys(AB)', env={"AWS_PROFILE": "a b"}, key="AB", region="eu-west-3"),
    S("P14", "keys in any case", cred="[default]; AWS_ACCESS_KEY_ID = UP; Aws_Secret_Access_Key = PLANTED-up", env=REG, key="UP"),
    S("P15", "no inline comments", conf="[default]; region = us-east-1 # home; keys(A)", error="Provided region_name 'us-east-1 # home' doesn't match a supported format"),
    S("P16", "':' as delimiter", cred="[default]; aws_access_key_id: COLON; aws_secret_access_key: PLANTED-colon", env=REG, key="COLON"),
    S("P17", "byte order mark", cred="\ufeff[default]; keys(A)", env=REG, error="nable to parse"),
    S("P20", "~ and $VAR in AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE", files={"alt/c": "[default]\nregion = eu-west-1\n", "alt/k": "[default]\naws_access_key_id = ALT\naws_secret_access_key = PLANTED-alt\n"},
      env={"AWS_CONFIG_FILE": "~/alt/c", "AWS_SHARED_CREDENTIALS_FILE": "$HOME/alt/k"}, key="ALT", region="eu-west-1"),
    S("P21", "CRLF", cred="[default]\r; aws_access_key_id = CRLF\r; aws_secret_access_key = PLANTED-crlf\r", env=REG, key="CRLF"),
    S("P22", "a line without delimiter", cred="[default]; junk", env=REG, error="nable to parse"),
    S("C01", "keys in both files", cred="[default]; keys(CRED)", conf="[default]; keys(CONF)", env=REG, key="CRED"),
    S("C02", "keys in config only", conf="[default]; keys(CONF)", env=REG, key="CONF"),
    S("C03", "half a key pair in credentials", cred="[default]; aws_access_key_id = CRED", conf="[default]; keys(CONF)", env=REG, error="Partial credentials found in shared-credentials-file"),
    S("C04", "the token of the other file is not mixed in", cred="[default]; keys(CRED)", conf="[default]; aws_session_token = conf", env=REG, key="CRED"),
    S("C05", "credentials keys beat the process", cred="[default]; keys(CRED)", conf=f"[default]; {PROC}", env=REG, key="CRED"),
    S("C06", "the process beats config keys", conf=f"[default]; keys(CONF); {PROC}", env=REG, key="PROC"),
    S("C07", "a role beats static keys", cred=f"[default]; keys(CRED); {SRC}", conf="[default]; role_arn = role/A; source_profile = src", env=REG, key="R-A-BY-SRC"),
    S("C08", "region in credentials beats config", cred="[default]; keys(CRED); region = ca-west-1", conf="[default]; region = eu-west-1", key="CRED", region="ca-west-1"),
    S("R01", "AWS_REGION beats AWS_DEFAULT_REGION", env={**ENVKEYS, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-2"}, key="ENVKEY", region="eu-west-1"),
    S("R02", "AWS_DEFAULT_REGION beats the profile", conf="[default]; region = eu-west-1", env={**ENVKEYS, "AWS_DEFAULT_REGION": "us-west-2"}, key="ENVKEY", region="us-west-2"),
    S("R03", "no region: the global endpoint", env=ENVKEYS, key="ENVKEY", region="us-east-1", host="sts.amazonaws.com"),
    S("R04", "AWS_REGION set but empty", conf="[default]; region = eu-west-1", env={**ENVKEYS, "AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, error="Invalid endpoint: https://sts..amazonaws.com|AWS_REGION is set but empty"),
    S("R04c", "a region that is none", env={**ENVKEYS, "AWS_REGION": "us_west_2"}, error="doesn't match a supported format"),
    S("R05", "region from the instance metadata", env={**ENVKEYS, **IMDS}, key="ENVKEY", region="ap-south-2"),
    S("R06", "region is not inherited from source_profile", cred=f"{SRC}; region = eu-west-2", conf="[profile p]; role_arn = role/A; source_profile = src", env=P),
    S("R09", "--region beats all", env={**ENVKEYS, **REG}, args=("--region", "eu-north-1"), key="ENVKEY", region="eu-north-1"),
    S("R10", "China", env={**ENVKEYS, "AWS_REGION": "cn-north-1"}, key="ENVKEY", region="cn-north-1", host="sts.cn-north-1.amazonaws.com.cn"),
    S("R11", "GovCloud", env={**ENVKEYS, "AWS_REGION": "us-gov-west-1"}, key="ENVKEY", region="us-gov-west-1", host="sts.us-gov-west-1.amazonaws.com"),
    S("R12", "FIPS", env={**ENVKEYS, **REG, "AWS_USE_FIPS_ENDPOINT": "true"}, key="ENVKEY", region="us-west-2", host="sts-fips.us-west-2.amazonaws.com"),
    S("A01", "source_profile with keys, region of the selected profile", cred=SRC, conf=ROLE + "source_profile = src; [profile src]; region = us-east-2", env=P, key="R-A-BY-SRC", region="eu-west-1"),
    S("A02", "two steps", cred="[root]; keys(ROOT)", conf=ROLE + "source_profile = mid; [profile mid]; role_arn = role/M; source_profile = root", env=P, key="R-A-BY-R-M-BY-ROOT"),
    S("A03", "a profile that sources itself", conf=ROLE + "source_profile = p; keys(SELF)", env=P, key="R-A-BY-SELF"),
    S("A04", "a loop", conf=ROLE + "source_profile = q; [profile q]; role_arn = role/Q; source_profile = p", env=P, error="Infinite loop in credential configuration detected"),
    S("A05", "source_profile is not there", conf=ROLE + "source_profile = q", env=P, error="source_profile"),
    S("A06", "neither source", conf=ROLE, env=P, error="source_profile"),
    S("A07", "both sources", cred=SRC, conf=ROLE + "source_profile = src; credential_source = Environment", env=P, error="contains both source_profile and credential_source"),
    S("A08", "credential_source Environment with --profile", conf=ROLE + "credential_source = Environment", env=ENVKEYS, args=("--profile", "p"), key="R-A-BY-ENVKEY"),
    S("A08b", "credential_source Environment with AWS_PROFILE", conf=ROLE + "credential_source = Environment", env={**ENVKEYS, **P}, key="ENVKEY"),
    S("A09", "credential_source in the wrong case", conf=ROLE + "credential_source = environment", env=ENVKEYS, args=("--profile", "p"), error="environment"),
    S("A10", "external id, session name, duration", cred=SRC, conf=ROLE + "source_profile = src; external_id = ext/1; role_session_name = me@x; duration_seconds = 1800", env=P, key="R-A-BY-SRC"),
    S("A11", "a duration that is no number", cred=SRC, conf=ROLE + "source_profile = src; duration_seconds = long", env=P, key="R-A-BY-SRC"),
    S("A12", "cached role credentials", cred=SRC, conf=ROLE + "source_profile = src", env=P, files=cached(role_key("arn:aws:iam::1:role/A"), "CACHED", GOOD), key="CACHED"),
    S("A13", "cached role credentials near their end", cred=SRC, conf=ROLE + "source_profile = src", env=P, files=cached(role_key("arn:aws:iam::1:role/A"), "CACHED", "{SOON}"), key="R-A-BY-SRC"),
    S("A14", "a corrupt cache file", cred=SRC, conf=ROLE + "source_profile = src", env=P, files={f".aws/cli/cache/{sha1(role_key('arn:aws:iam::1:role/A'))}.json": "{"}, key="R-A-BY-SRC"),
    S("A15", "static keys of the source end the chain", conf=ROLE + "source_profile = q; [profile q]; role_arn = role/Q; source_profile = z; keys(QKEY); [profile z]; keys(Z)", env=P, key="R-A-BY-QKEY"),
    S("A16", "a source without credentials", conf=ROLE + "source_profile = q; [profile q]; region = us-west-2", env=P, error='The source profile "q" must have credentials'),
    S("A17", "a process as source", conf=ROLE + f"source_profile = q; [profile q]; {PROC}", env=P, key="R-A-BY-PROC"),
    S("A18", "an MFA code without a terminal", cred=SRC, conf=ROLE + "source_profile = src; mfa_serial = arn:aws:iam::1:mfa/u", env=P, error="MFA"),
    S("A19", "cached credentials spare the code", cred=SRC, conf=ROLE + "source_profile = src; mfa_serial = M", env=P,
      files=cached(json.dumps({"RoleArn": "arn:aws:iam::1:role/A", "SerialNumber": "M"}), "CACHEDMFA", GOOD), key="CACHEDMFA"),
    S("A20", "a role from the container", conf=ROLE + "credential_source = EcsContainer", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL}, args=("--profile", "p"), key="R-A-BY-CONTAINER-"),
    S("A21", "a role from the instance", conf=ROLE + "credential_source = Ec2InstanceMetadata", env=IMDS, args=("--profile", "p"), key="R-A-BY-IMDS-V2"),
    S("A22", "a web identity profile as source", files=JWT, conf=ROLE + "source_profile = q; [profile q]; role_arn = role/W; web_identity_token_file = {HOME}/jwt", env=P, key="R-A-BY-R-W-BY-WEB"),
    S("A23", "a loop through a profile with keys", conf=ROLE + "source_profile = q; keys(P); [profile q]; role_arn = role/Q; source_profile = p", env=P,
      error="Infinite loop in credential configuration detected"),
    S("W01", "env web identity beats static keys", files=JWT, cred="[default]; keys(FILE)", env={**REG, **WEB}, key="R-W-BY-WEB"),
    S("W02", "web identity without a role", files=JWT, env={**REG, "AWS_WEB_IDENTITY_TOKEN_FILE": "{HOME}/jwt"}, error="role"),
    S("W03", "--profile switches env web identity off", files=JWT, cred="[p]; keys(P)", env={**REG, **WEB}, args=("--profile", "p"), key="P"),
    S("W04", "AWS_PROFILE does not", files=JWT, cred="[p]; keys(P)", env={**REG, **WEB, **P}, key="R-W-BY-WEB"),
    S("W06", "web identity of a profile beats its keys", files=JWT, cred="[p]; keys(P)", conf="[profile p]; region = us-west-2; role_arn = role/W; web_identity_token_file = {HOME}/jwt", env=P, key="R-W-BY-WEB"),
    S("W07", "an assume-role profile beats env web identity", files=JWT, cred=SRC, conf=ROLE + "source_profile = src", env={**WEB, **P}, key="R-A-BY-SRC"),
    S("W08", "the token file is not there", env={**REG, **WEB}, error="jwt"),
    S("W09", "a session name of its own", files=JWT, env={**REG, **WEB, "AWS_ROLE_SESSION_NAME": "mine"}, key="R-W-BY-WEB"),
    S("S01", "sso-session with a valid token", conf=SSO, files=token("s"), key="SSO-Dev-T1", region="us-west-2"),
    S("S02", "legacy SSO", conf=LEGACY, files=token(URL), key="SSO-Dev-T1", region="us-west-2"),
    S("S03", "SSO beats static keys of the same profile", conf=SSO, files=token("s"), cred="[default]; keys(STALE)", key="SSO-Dev-T1"),
    S("S03c", "expired SSO: static keys are not tried", conf=LEGACY, files=token(URL, OLD), cred="[default]; keys(STALE)", error="The SSO session associated with this profile",
      older="2.9 does not look at the end of a legacy token"),
    S("S04", "an expired token is renewed", conf=SSO, files=token("s", OLD, **RENEWABLE), key="SSO-Dev-refreshedtok"),
    S("S05", "an expired token without the means", conf=SSO, files=token("s", OLD), error="Token has expired and refresh failed"),
    S("S05b", "an expired token whose refresh is refused", conf=SSO, files=token("s", OLD, **{**RENEWABLE, "refreshToken": "USED"}), error="Token has expired and refresh failed"),
    S("S06", "no token at all", conf=SSO, error="Error loading SSO Token: Token for s does not exist"),
    S("S07", "sso_region differs", conf=SSO.replace("sso_role_name = Dev", "sso_role_name = Dev; sso_region = us-east-1"), files=token("s"), error="The value for sso_region is inconsistent between profile"),
    S("S08", "an unknown session", conf=f"[default]; region = us-west-2; {SESSION}", error="does not exist"),
    S("S09", "missing settings", conf="[default]; region = us-west-2; sso_account_id = 1", error="sso_role_name"),
    S("S10", "cached SSO role credentials need no token", conf=SSO,
      files=cached('{"accountId":"123456789012","roleName":"Dev","sessionName":"s"}', "CACHEDSSO", GOOD, ProviderType="sso"), key="CACHEDSSO"),
    S("S11", "a token-only profile goes on", conf=f"[default]; region = us-west-2; sso_session = s; keys(CONF); {CORP}", files=token("s"), key="CONF"),
    S("S12", "a role over SSO", conf=f"{SSO}; [profile p]; role_arn = role/A; source_profile = default; region = us-west-2", files=token("s"), env=P, key="R-A-BY-SSO-Dev-T1",
      older="2.9 dies of a Python error"),
    S("S14", "a revoked token", conf=SSO, files=token("s", accessToken="REVOKED"), error="SSO session associated with this profile"),
    S("S15", "SSO settings in the credentials file count", cred=f"[default]; {SESSION}", conf=f"[default]; region = us-west-2; {CORP}", files=token("s"), key="SSO-Dev-T1"),
    S("X01", "credential_process", conf=f"[default]; region = us-west-2; {PROC}", key="PROC"),
    S("X02", "version 2", conf="[default]; region = us-west-2; credential_process = echo '{\"Version\":2,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\"}'", error="custom-process"),
    S("X03", "it fails", conf="[default]; region = us-west-2; credential_process = sh -c 'echo boom >&2{SEMI} exit 3'", error="Error when retrieving credentials from custom-process: boom"),
    S("X04", "no shell", conf="[default]; region = us-west-2; credential_process = echo '{\"Version\":1,\"AccessKeyId\":\"$HOME\",\"SecretAccessKey\":\"b\"}'", key="$HOME"),
    S("X05", "an expired answer", conf=f"[default]; region = us-west-2; credential_process = echo '{{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Expiration\":\"{OLD}\"}}'", error="still expired"),
    S("X07", "output that is no JSON", conf="[default]; region = us-west-2; credential_process = echo hello", error=""),
    S("K01", "container full URI with a token", env={**REG, "AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tk"}, key="CONTAINER-tk"),
    S("K02", "plain http to a foreign host", env={**REG, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/c"}, error="Unsupported host '192.0.2.1'"),
    S("K03", "the token file beats the token", files={"tok": "filetoken"}, env={**REG, "AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tk", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{HOME}/tok"},
      key="CONTAINER-filetoken", older="the token file came with 2.13"),
    S("K05", "the files come before the container", cred="[default]; keys(FILE)", env={**REG, "AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL}, key="FILE"),
    S("K06", "the container also under --profile", conf="[profile p]; region = us-west-2", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": FULL, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tk"}, args=("--profile", "p"), key="CONTAINER-tk"),
    S("I01", "instance metadata with a token", env={**REG, **IMDS}, key="IMDS-V2"),
    S("I02", "token refused: version 1", env={**REG, **imds("x-v1")}, key="IMDS-V1"),
    S("I04", "AWS_EC2_METADATA_DISABLED", env=REG, error="Unable to locate credentials"),
    S("I05", "credentials past their end serve on", env={**REG, **imds("x-old")}, key="IMDS-V2"),
    S("I06", "an instance without a role", env={**REG, **imds("x-norole")}, error="Unable to locate credentials"),
    S("B01", "the first EC2 tools' file", files={"ec2": "AWSAccessKeyId=EC2FILE\nAWSSecretKey=PLANTED-ec2\n"}, env={**REG, "AWS_CREDENTIAL_FILE": "{HOME}/ec2"}, key="EC2FILE"),
    S("B02", "~/.boto", files={".boto": "[Credentials]\naws_access_key_id = BOTO\naws_secret_access_key = PLANTED-boto\n"}, env=REG, key="BOTO"),
    S("B03", "BOTO_CONFIG", files={"b": "[Credentials]\naws_access_key_id = BOTO\naws_secret_access_key = PLANTED-boto\n"}, env={**REG, "BOTO_CONFIG": "{HOME}/b"}, key="BOTO"),
    S("B04", "half a key pair there", files={".boto": "[Credentials]\naws_access_key_id = BOTO\n"}, env=REG, error="Partial credentials found in boto-config"),
    S("B05", "the config file beats them", files={".boto": "[Credentials]\naws_access_key_id = BOTO\naws_secret_access_key = PLANTED-boto\n"}, conf="[default]; keys(CONF)", env=REG, key="CONF"),
    S("L01", "login_session with a fresh cache", conf=LOGIN_CONF, files=login(GOOD), key="LOGIN", older="`aws login` came with 2.32"),
    S("L02", "static keys beat login_session", conf=LOGIN_CONF, files=login(GOOD), cred="[default]; keys(FILE)", key="FILE"),
    S("L03", "login_session without a cache", conf=LOGIN_CONF, error="aws login", older="`aws login` came with 2.32"),
    S("N01", "AWS_ENDPOINT_URL_STS beats AWS_ENDPOINT_URL", env={**ENVKEYS, **REG, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:{PORT}", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, key="ENVKEY", host="direct",
      older="configured endpoints came with 2.13"),
    S("N02", "endpoint_url of the profile", conf="[default]; endpoint_url = http://127.0.0.1:{PORT}", env={**ENVKEYS, **REG}, key="ENVKEY", host="direct", older="configured endpoints came with 2.13"),
    S("N03", "a services section", conf="[default]; services = x; [services x]; sts =;  endpoint_url = http://127.0.0.1:{PORT}", env={**ENVKEYS, **REG}, key="ENVKEY", host="direct", older="configured endpoints came with 2.13"),
    S("N04", "configured endpoints switched off", conf="[default]; endpoint_url = http://127.0.0.1:1", env={**ENVKEYS, **REG, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, key="ENVKEY", host="sts.us-west-2.amazonaws.com"),
    S("N05", "a services section that is not there", conf="[default]; services = x", env={**ENVKEYS, **REG}, error="services", older="configured endpoints came with 2.13"),
    S("N06", "an inner call goes to AWS_ENDPOINT_URL_STS too", cred=SRC, conf=ROLE + "source_profile = src", env={**P, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:{PORT}"}, key="R-A-BY-SRC", host="direct",
      older="configured endpoints came with 2.13"),
    S("Z01", "no files, no environment", error="Unable to locate credentials"),
]
