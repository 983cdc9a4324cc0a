/* What the two files and the environment say: profiles (P), keys in both files (C), regions (R),
 * keys of the environment (E). */
#include "base/mem.h"
#include "unit/aws/scenario.h"
#include "unit/lib/suite.h"

static const struct scenario scenarios[] = {
    {
        .id = "E01 env keys",
        .env = ENVKEYS REG,
        .key = "ENVKEY",
        .region = "us-west-2",
        .token = "",
    },
    {
        .id = "E02 env keys beat the files",
        .credentials = "[default]\n" KEYS("FILE"),
        .env = ENVKEYS REG,
        .key = "ENVKEY",
        .token = "",
    },
    {
        .id = "E03 AWS_SECURITY_TOKEN first",
        .env = ENVKEYS REG "AWS_SECURITY_TOKEN=old AWS_SESSION_TOKEN=new",
        .key = "ENVKEY",
        .token = "old",
    },
    {
        .id = "E04 partial env keys",
        .credentials = "[default]\n" KEYS("FILE"),
        .env = REG "AWS_ACCESS_KEY_ID=ENVKEY",
        .error = "Partial credentials found in env",
    },
    {
        .id = "E05 empty env key is none",
        .credentials = "[default]\n" KEYS("FILE"),
        .env = REG "AWS_ACCESS_KEY_ID=",
        .key = "FILE",
        .token = "",
    },
    {
        .id = "E06 env keys beat AWS_PROFILE",
        .credentials = "[p]\n" KEYS("P"),
        .config = "[profile p]\nregion = sa-east-1\n",
        .env = ENVKEYS "AWS_PROFILE=p",
        .key = "ENVKEY",
        .region = "sa-east-1",
    },
    {
        .id = "E07 --profile beats env keys",
        .credentials = "[p]\n" KEYS("P"),
        .env = ENVKEYS REG,
        .profile = "p",
        .key = "P",
    },
    {
        .id = "E08 a missing AWS_PROFILE is an error",
        .credentials = "[default]\n" KEYS("FILE"),
        .env = ENVKEYS REG "AWS_PROFILE=missing",
        .error = "The config profile (missing) could not be found",
    },
    {
        .id = "E10 the env's token is not mixed in",
        .credentials = "[default]\n" KEYS("FILE"),
        .env = REG "AWS_SESSION_TOKEN=stale",
        .key = "FILE",
        .token = "",
    },
    {
        .id = "E11 expired by its own words",
        .env = ENVKEYS REG "AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z",
        .error = "still expired",
    },
    {
        .id = "P02 AWS_PROFILE beats AWS_DEFAULT_PROFILE",
        .credentials = "[a]\n" KEYS("A") "[b]\n" KEYS("B"),
        .env = REG "AWS_PROFILE=a AWS_DEFAULT_PROFILE=b",
        .key = "A",
    },
    {
        .id = "P03 AWS_DEFAULT_PROFILE",
        .credentials = "[b]\n" KEYS("B"),
        .env = REG "AWS_DEFAULT_PROFILE=b",
        .key = "B",
    },
    {
        .id = "P05 explicit default must exist",
        .credentials = "[a]\n" KEYS("A"),
        .env = REG "AWS_PROFILE=default",
        .error = "The config profile (default) could not be found",
    },
    {
        .id = "P06 empty AWS_PROFILE",
        .credentials = "[default]\n" KEYS("FILE"),
        .env = REG "AWS_PROFILE=",
        .error = "The config profile () could not be found",
    },
    {
        .id = "P07 only in the credentials file",
        .credentials = "[x]\n" KEYS("X"),
        .env = REG "AWS_PROFILE=x",
        .key = "X",
    },
    {
        .id = "P08 [x] in config is no profile",
        .config = "[x]\n" KEYS("X"),
        .env = REG "AWS_PROFILE=x",
        .error = "The config profile (x) could not be found",
    },
    {
        .id = "P09 [profile x] in credentials is called so",
        .credentials = "[profile x]\n" KEYS("X"),
        .env = REG "AWS_PROFILE=x",
        .error = "could not be found",
    },
    {
        .id = "P10a [default] then [profile default]",
        .config = "[default]\n"
                  "region = eu-west-1\n" KEYS("D") "[profile default]\n"
                                                   "region = eu-west-2\n" KEYS("PD"),
        .env = "",
        .key = "PD",
        .region = "eu-west-2",
    },
    {
        .id = "P10b [profile default] then [default]",
        .config = "[profile default]\n"
                  "region = eu-west-2\n" KEYS("PD") "[default]\n"
                                                    "region = eu-west-1\n" KEYS("D"),
        .env = "",
        .key = "D",
        .region = "eu-west-1",
    },
    {
        .id = "P11 duplicate section",
        .credentials = "[default]\n" KEYS("A") "[default]\n" KEYS("B"),
        .env = REG,
        .error = "nable to parse",
    },
    {
        .id = "P12 duplicate key",
        .credentials = "[default]\naws_access_key_id = a\naws_access_key_id = b\n",
        .env = REG,
        .error = "nable to parse",
    },
    {
        .id = "P13 quoted name with a blank",
        .config = "[profile \"a b\"]\nregion = eu-west-3\n" KEYS("AB"),
        .env = "AWS_PROFILE=a+b",
        .key = "AB",
        .region = "eu-west-3",
    },
    {
        .id = "P14 keys in any case",
        .credentials = "[default]\n"
                       "AWS_ACCESS_KEY_ID = U\n"
                       "Aws_Secret_Access_Key = s\n",
        .env = REG,
        .key = "U",
    },
    {
        .id = "P15 no inline comments",
        .config = "[default]\nregion = us-east-1 # home\n" KEYS("A"),
        .env = "",
        .error = "doesn't match a supported format",
    },
    {
        .id = "P16 ':' as delimiter",
        .credentials = "[default]\n"
                       "aws_access_key_id: A\n"
                       "aws_secret_access_key: s\n",
        .env = REG,
        .key = "A",
    },
    {
        .id = "P17 byte order mark",
        .credentials = "\xef\xbb\xbf[default]\n" KEYS("A"),
        .env = REG,
        .error = "nable to parse",
    },
    {
        .id = "P21 CRLF",
        .credentials = "[default]\r\n"
                       "aws_access_key_id = A\r\n"
                       "aws_secret_access_key = s\r\n",
        .env = REG,
        .key = "A",
    },
    {
        .id = "P22 no delimiter",
        .credentials = "[default]\njunk\n",
        .env = REG,
        .error = "nable to parse",
    },
    {
        .id = "C01 both files",
        .credentials = "[default]\n" KEYS("CRED"),
        .config = "[default]\n" KEYS("CONF"),
        .env = REG,
        .key = "CRED",
    },
    {
        .id = "C02 keys in config only",
        .config = "[default]\n" KEYS("CONF"),
        .env = REG,
        .key = "CONF",
    },
    {
        .id = "C03 partial keys in credentials",
        .credentials = "[default]\naws_access_key_id = CRED\n",
        .config = "[default]\n" KEYS("CONF"),
        .env = REG,
        .error = "Partial credentials found in shared-credentials-file",
    },
    {
        .id = "C04 token of the other file is not mixed in",
        .credentials = "[default]\n" KEYS("CRED"),
        .config = "[default]\naws_session_token = conf\n",
        .env = REG,
        .key = "CRED",
        .token = "",
    },
    {
        .id = "C05 credentials keys beat the process",
        .credentials = "[default]\n" KEYS("CRED"),
        .config = "[default]\ncredential_process = /bin/false\n",
        .env = REG,
        .key = "CRED",
    },
    {
        .id = "C06 the process beats config keys",
        .config = "[default]\n" KEYS(
            "CONF") "credential_process = echo "
                    "'{\"Version\":1,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"s\"}'\n",
        .env = REG,
        .key = "PROC",
    },
    {
        .id = "C07 a role beats static keys",
        .credentials = "[default]\n" KEYS("CRED") "[src]\n" KEYS("SRC"),
        .config = "[default]\n" ROLE("A") "source_profile = src\n",
        .env = REG,
        .key = "R-BY-SRC",
        .sts_calls = 1,
    },
    {
        .id = "C08 region in credentials beats config",
        .credentials = "[default]\n" KEYS("CRED") "region = ca-west-1\n",
        .config = "[default]\nregion = eu-west-1\n",
        .env = "",
        .key = "CRED",
        .region = "ca-west-1",
    },
    {
        .id = "R01 AWS_REGION beats AWS_DEFAULT_REGION",
        .env = ENVKEYS "AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=us-west-2",
        .key = "ENVKEY",
        .region = "eu-west-1",
    },
    {
        .id = "R02 AWS_DEFAULT_REGION",
        .config = "[default]\nregion = eu-west-1\n",
        .env = ENVKEYS "AWS_DEFAULT_REGION=us-west-2",
        .key = "ENVKEY",
        .region = "us-west-2",
    },
    {
        .id = "R04 AWS_REGION set but empty",
        .config = "[default]\nregion = eu-west-1\n",
        .env = ENVKEYS "AWS_REGION= AWS_DEFAULT_REGION=",
        .error = "AWS_REGION is set but empty",
    },
    {
        .id = "R04c a region that is none",
        .env = ENVKEYS "AWS_REGION=us_west_2",
        .error = "doesn't match a supported format",
    },
    {
        .id = "R06 region not from source_profile",
        .credentials = "[src]\n" KEYS("SRC") "region = eu-west-2\n",
        .config = "[profile p]\n" ROLE("A") "source_profile = src\n",
        .env = "AWS_PROFILE=p AWS_ENDPOINT_URL=http://127.0.0.1:9",
        .error = "no AWS region",
    },
};

START_TEST(files_and_variables_give_what_the_cli_gives)
{
    scenarios_run(scenarios, ARRAY_LEN(scenarios));
}
END_TEST

SUITE("aws/scenario_files", files_and_variables_give_what_the_cli_gives)
