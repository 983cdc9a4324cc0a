/* Where credentials come from: roles (A), processes (X), containers (K), SSO (S), nothing (I). */
#include "base/mem.h"
#include "unit/aws/scenario.h"
#include "unit/lib/suite.h"

static const struct scenario scenarios[] = {
    {
        .id = "A01 source_profile with keys",
        .credentials = "[src]\n" KEYS("SRC"),
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "source_profile = src\n"
                                            "[profile src]\n"
                                            "region = us-east-2\n",
        .env = "AWS_PROFILE=p",
        .key = "R-BY-SRC",
        .region = "eu-west-1",
        .sts_calls = 1,
    },
    {
        .id = "A02 two steps",
        .credentials = "[root]\n" KEYS("ROOT"),
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "source_profile = mid\n"
                                            "[profile mid]\n" ROLE("M") "source_profile = root\n",
        .env = "AWS_PROFILE=p",
        .key = "R-BY-R-BY-ROOT",
        .sts_calls = 2,
    },
    {
        .id = "A03 sources itself with keys",
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "source_profile = p\n" KEYS("SELF"),
        .env = "AWS_PROFILE=p",
        .key = "R-BY-SELF",
        .sts_calls = 1,
    },
    {
        .id = "A04 loop",
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "source_profile = q\n"
                                            "[profile q]\n" ROLE("Q") "source_profile = p\n",
        .env = "AWS_PROFILE=p",
        .error = "Infinite loop in credential configuration detected",
    },
    {
        .id = "A05 source missing",
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "source_profile = q\n",
        .env = "AWS_PROFILE=p",
        .error = "could not be found",
    },
    {
        .id = "A06 neither source",
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n",
        .env = "AWS_PROFILE=p",
        .error = "neither source_profile nor credential_source",
    },
    {
        .id = "A07 both sources",
        .credentials = "[src]\n" KEYS("SRC"),
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "source_profile = src\n"
                                            "credential_source = Environment\n",
        .env = "AWS_PROFILE=p",
        .error = "contains both source_profile and credential_source",
    },
    {
        .id = "A08 Environment with --profile",
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "credential_source = Environment\n",
        .env = ENVKEYS,
        .profile = "p",
        .key = "R-BY-ENVKEY",
        .sts_calls = 1,
    },
    {
        .id = "A08b Environment with AWS_PROFILE: keys win outright",
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "credential_source = Environment\n",
        .env = ENVKEYS "AWS_PROFILE=p",
        .key = "ENVKEY",
    },
    {
        .id = "A09 unknown credential_source",
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "credential_source = environment\n",
        .env = ENVKEYS,
        .profile = "p",
        .error = "is none of Environment",
    },
    {
        .id = "A15 static keys end the chain",
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "source_profile = q\n"
                                            "[profile q]\n" ROLE("Q") "source_profile = z\n" KEYS(
                                                "QKEY") "[profile z]\n" KEYS("Z"),
        .env = "AWS_PROFILE=p",
        .key = "R-BY-QKEY",
        .sts_calls = 1,
    },
    {
        .id = "A16 source without credentials",
        .config = "[profile p]\n" ROLE("A") "region = eu-west-1\n"
                                            "source_profile = q\n"
                                            "[profile q]\n"
                                            "region = x\n",
        .env = "AWS_PROFILE=p",
        .error = "must have credentials",
    },
    {
        .id = "X01 credential_process",
        .config = "[default]\n"
                  "credential_process = echo "
                  "'{\"Version\":1,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"s\","
                  "\"SessionToken\":\"t\"}'\n",
        .env = REG,
        .key = "PROC",
        .token = "t",
    },
    {
        .id = "X02, access_08 its version",
        .config = "[default]\n"
                  "credential_process = echo "
                  "'{\"Version\":2,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"s\"}'\n",
        .env = REG,
        .error = "the Version 2; the number 1 is needed",
    },
    {
        .id = "access_08 a version as text",
        .config = "[default]\n"
                  "credential_process = echo "
                  "'{\"Version\":\"1\",\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"b\"}'\n",
        .env = REG,
        .error = "the Version \"1\"; the number 1 is needed",
    },
    {
        .id = "access_08 no version",
        .config = "[default]\n"
                  "credential_process = echo "
                  "'{\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"b\"}'\n",
        .env = REG,
        .error = "no Version; the number 1 is needed",
    },
    {
        .id = "access_08 a key twice",
        .config = "[default]\n"
                  "credential_process = echo "
                  "'{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"b\",\"AccessKeyId\":"
                  "\"Q\"}'\n",
        .env = REG,
        .error = "duplicate object key",
    },
    {
        .id = "access_08 an end that is no time",
        .config = "[default]\n"
                  "credential_process = echo "
                  "'{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"b\",\"Expiration\":"
                  "\"soon\"}'\n",
        .env = REG,
        .error = "the Expiration 'soon', which is no time",
    },
    {
        .id = "access_07 words on several lines",
        .config = "[default]\n"
                  "credential_process = sh -c 'echo one >&2; echo two >&2; exit 3'\n",
        .env = REG,
        .error = "custom-process: one\ntwo",
    },
    {
        .id = "X03 it fails",
        .config = "[default]\n"
                  "credential_process = sh -c 'echo boom >&2; exit 3'\n",
        .env = REG,
        .error = "Error when retrieving credentials from custom-process: boom",
    },
    {
        .id = "X04 no shell",
        .config = "[default]\n"
                  "credential_process = echo "
                  "'{\"Version\":1,\"AccessKeyId\":\"$HOME\",\"SecretAccessKey\":\"b\"}'\n",
        .env = REG,
        .key = "$HOME",
    },
    {
        .id = "X05 expired answer",
        .config = "[default]\n"
                  "credential_process = echo "
                  "'{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"b\",\"Expiration\":"
                  "\"2020-01-01T00:00:00Z\"}'\n",
        .env = REG,
        .error = "still expired",
    },
    {
        .id = "K02 plain http elsewhere",
        .env = REG "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/c",
        .error = "Unsupported host '192.0.2.1'",
    },
    {
        .id = "S03c expired SSO login: static keys are not tried",
        .credentials = "[default]\n" KEYS("STALE"),
        .config = "[default]\n"
                  "sso_start_url = https://x/start\n"
                  "sso_region = eu-west-1\n"
                  "sso_account_id = 123456789012\n"
                  "sso_role_name = Dev\n",
        .env = REG,
        .error = "SSO",
    },
    {
        .id = "S07 sso_region differs",
        .config = "[default]\n"
                  "sso_session = s\n"
                  "sso_account_id = 1\n"
                  "sso_region = us-east-1\n"
                  "sso_role_name = Dev\n"
                  "[sso-session s]\n"
                  "sso_region = eu-west-1\n"
                  "sso_start_url = u\n",
        .env = REG,
        .error = "The value for sso_region is inconsistent between profile",
    },
    {
        .id = "S08 unknown session",
        .config = "[default]\n"
                  "sso_session = s\n"
                  "sso_account_id = 1\n"
                  "sso_role_name = Dev\n",
        .env = REG,
        .error = "does not exist",
    },
    {
        .id = "S09 missing settings",
        .config = "[default]\nsso_account_id = 1\n",
        .env = REG,
        .error = "sso_start_url, sso_region, sso_role_name",
    },
    {
        .id = "I04 nothing at all",
        .env = REG,
        .error = "Unable to locate credentials",
    },
};

START_TEST(sources_give_what_the_cli_gives)
{
    scenarios_run(scenarios, ARRAY_LEN(scenarios));
}
END_TEST

SUITE("aws/scenario_sources", sources_give_what_the_cli_gives)
