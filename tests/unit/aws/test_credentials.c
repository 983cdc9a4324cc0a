/* Scenarios of shared/reference/aws-access.md section 15 (measured against the AWS CLI): files and environment in, key, region or error out. */
#include "aws/aws.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include <stdio.h>
#include <string.h>

#define KEYS(x)  "aws_access_key_id = " x "\naws_secret_access_key = secret-" x "\n"
#define ENVKEYS  "AWS_ACCESS_KEY_ID=ENVKEY AWS_SECRET_ACCESS_KEY=secret-env "
#define REG      "AWS_REGION=us-west-2 AWS_DEFAULT_REGION=us-west-2 "
#define ROLE(r)  "role_arn = arn:aws:iam::1:role/" r "\n"

struct scenario {
    const char *id;
    const char *credentials, *config;  /* file texts; NULL = no file */
    const char *env;                   /* "A=b C=d" */
    const char *profile;               /* --profile */
    const char *key;                   /* expected access key; NULL = an error */
    const char *region;                /* expected, NULL = not looked at */
    const char *error;                 /* expected part of the message */
    const char *token;                 /* expected session token; NULL = not looked at */
    unsigned sts_calls;
};

static const struct scenario scenarios[] = {
    {"E01 env keys", NULL, NULL, ENVKEYS REG, NULL, "ENVKEY", "us-west-2", NULL, ""},
    {"E02 env keys beat the files", "[default]\n" KEYS("FILE"), NULL, ENVKEYS REG, NULL, "ENVKEY", NULL, NULL, ""},
    {"E03 AWS_SECURITY_TOKEN first", NULL, NULL, ENVKEYS REG "AWS_SECURITY_TOKEN=old AWS_SESSION_TOKEN=new", NULL, "ENVKEY", NULL, NULL, "old"},
    {"E04 partial env keys", "[default]\n" KEYS("FILE"), NULL, REG "AWS_ACCESS_KEY_ID=ENVKEY", NULL, NULL, NULL, "Partial credentials found in env"},
    {"E05 empty env key is none", "[default]\n" KEYS("FILE"), NULL, REG "AWS_ACCESS_KEY_ID=", NULL, "FILE", NULL, NULL, ""},
    {"E06 env keys beat AWS_PROFILE", "[p]\n" KEYS("P"), "[profile p]\nregion = sa-east-1\n", ENVKEYS "AWS_PROFILE=p", NULL, "ENVKEY", "sa-east-1"},
    {"E07 --profile beats env keys", "[p]\n" KEYS("P"), NULL, ENVKEYS REG, "p", "P"},
    {"E08 a missing AWS_PROFILE is an error", "[default]\n" KEYS("FILE"), NULL, ENVKEYS REG "AWS_PROFILE=missing", NULL, NULL, NULL, "The config profile (missing) could not be found"},
    {"E10 the env's token is not mixed in", "[default]\n" KEYS("FILE"), NULL, REG "AWS_SESSION_TOKEN=stale", NULL, "FILE", NULL, NULL, ""},
    {"E11 expired by its own words", NULL, NULL, ENVKEYS REG "AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z", NULL, NULL, NULL, "still expired"},
    {"P02 AWS_PROFILE beats AWS_DEFAULT_PROFILE", "[a]\n" KEYS("A") "[b]\n" KEYS("B"), NULL, REG "AWS_PROFILE=a AWS_DEFAULT_PROFILE=b", NULL, "A"},
    {"P03 AWS_DEFAULT_PROFILE", "[b]\n" KEYS("B"), NULL, REG "AWS_DEFAULT_PROFILE=b", NULL, "B"},
    {"P05 explicit default must exist", "[a]\n" KEYS("A"), NULL, REG "AWS_PROFILE=default", NULL, NULL, NULL, "The config profile (default) could not be found"},
    {"P06 empty AWS_PROFILE", "[default]\n" KEYS("FILE"), NULL, REG "AWS_PROFILE=", NULL, NULL, NULL, "The config profile () could not be found"},
    {"P07 only in the credentials file", "[x]\n" KEYS("X"), NULL, REG "AWS_PROFILE=x", NULL, "X"},
    {"P08 [x] in config is no profile", NULL, "[x]\n" KEYS("X"), REG "AWS_PROFILE=x", NULL, NULL, NULL, "The config profile (x) could not be found"},
    {"P09 [profile x] in credentials is called so", "[profile x]\n" KEYS("X"), NULL, REG "AWS_PROFILE=x", NULL, NULL, NULL, "could not be found"},
    {"P10a [default] then [profile default]", NULL, "[default]\nregion = eu-west-1\n" KEYS("D") "[profile default]\nregion = eu-west-2\n" KEYS("PD"), "", NULL, "PD", "eu-west-2"},
    {"P10b [profile default] then [default]", NULL, "[profile default]\nregion = eu-west-2\n" KEYS("PD") "[default]\nregion = eu-west-1\n" KEYS("D"), "", NULL, "D", "eu-west-1"},
    {"P11 duplicate section", "[default]\n" KEYS("A") "[default]\n" KEYS("B"), NULL, REG, NULL, NULL, NULL, "nable to parse"},
    {"P12 duplicate key", "[default]\naws_access_key_id = a\naws_access_key_id = b\n", NULL, REG, NULL, NULL, NULL, "nable to parse"},
    {"P13 quoted name with a blank", NULL, "[profile \"a b\"]\nregion = eu-west-3\n" KEYS("AB"), "AWS_PROFILE=a+b", NULL, "AB", "eu-west-3"},
    {"P14 keys in any case", "[default]\nAWS_ACCESS_KEY_ID = U\nAws_Secret_Access_Key = s\n", NULL, REG, NULL, "U"},
    {"P15 no inline comments", NULL, "[default]\nregion = us-east-1 # home\n" KEYS("A"), "", NULL, NULL, NULL, "doesn't match a supported format"},
    {"P16 ':' as delimiter", "[default]\naws_access_key_id: A\naws_secret_access_key: s\n", NULL, REG, NULL, "A"},
    {"P17 byte order mark", "\xef\xbb\xbf[default]\n" KEYS("A"), NULL, REG, NULL, NULL, NULL, "nable to parse"},
    {"P21 CRLF", "[default]\r\naws_access_key_id = A\r\naws_secret_access_key = s\r\n", NULL, REG, NULL, "A"},
    {"P22 no delimiter", "[default]\njunk\n", NULL, REG, NULL, NULL, NULL, "nable to parse"},
    {"C01 both files", "[default]\n" KEYS("CRED"), "[default]\n" KEYS("CONF"), REG, NULL, "CRED"},
    {"C02 keys in config only", NULL, "[default]\n" KEYS("CONF"), REG, NULL, "CONF"},
    {"C03 partial keys in credentials", "[default]\naws_access_key_id = CRED\n", "[default]\n" KEYS("CONF"), REG, NULL, NULL, NULL, "Partial credentials found in shared-credentials-file"},
    {"C04 token of the other file is not mixed in", "[default]\n" KEYS("CRED"), "[default]\naws_session_token = conf\n", REG, NULL, "CRED", NULL, NULL, ""},
    {"C05 credentials keys beat the process", "[default]\n" KEYS("CRED"), "[default]\ncredential_process = /bin/false\n", REG, NULL, "CRED"},
    {"C06 the process beats config keys", NULL, "[default]\n" KEYS("CONF") "credential_process = echo '{\"Version\":1,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"s\"}'\n", REG, NULL, "PROC"},
    {"C07 a role beats static keys", "[default]\n" KEYS("CRED") "[src]\n" KEYS("SRC"), "[default]\n" ROLE("A") "source_profile = src\n", REG, NULL, "R-BY-SRC", NULL, NULL, NULL, 1},
    {"C08 region in credentials beats config", "[default]\n" KEYS("CRED") "region = ca-west-1\n", "[default]\nregion = eu-west-1\n", "", NULL, "CRED", "ca-west-1"},
    {"R01 AWS_REGION beats AWS_DEFAULT_REGION", NULL, NULL, ENVKEYS "AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=us-west-2", NULL, "ENVKEY", "eu-west-1"},
    {"R02 AWS_DEFAULT_REGION", NULL, "[default]\nregion = eu-west-1\n", ENVKEYS "AWS_DEFAULT_REGION=us-west-2", NULL, "ENVKEY", "us-west-2"},
    {"R04 AWS_REGION set but empty", NULL, "[default]\nregion = eu-west-1\n", ENVKEYS "AWS_REGION= AWS_DEFAULT_REGION=", NULL, NULL, NULL, "AWS_REGION is set but empty"},
    {"R04c a region that is none", NULL, NULL, ENVKEYS "AWS_REGION=us_west_2", NULL, NULL, NULL, "doesn't match a supported format"},
    {"R06 region not from source_profile", "[src]\n" KEYS("SRC") "region = eu-west-2\n", "[profile p]\n" ROLE("A") "source_profile = src\n", "AWS_PROFILE=p AWS_ENDPOINT_URL=http://127.0.0.1:9", NULL, NULL, NULL, "no AWS region"},
    {"A01 source_profile with keys", "[src]\n" KEYS("SRC"), "[profile p]\n" ROLE("A") "region = eu-west-1\nsource_profile = src\n[profile src]\nregion = us-east-2\n", "AWS_PROFILE=p", NULL, "R-BY-SRC", "eu-west-1", NULL, NULL, 1},
    {"A02 two steps", "[root]\n" KEYS("ROOT"), "[profile p]\n" ROLE("A") "region = eu-west-1\nsource_profile = mid\n[profile mid]\n" ROLE("M") "source_profile = root\n", "AWS_PROFILE=p", NULL, "R-BY-R-BY-ROOT", NULL, NULL, NULL, 2},
    {"A03 sources itself with keys", NULL, "[profile p]\n" ROLE("A") "region = eu-west-1\nsource_profile = p\n" KEYS("SELF"), "AWS_PROFILE=p", NULL, "R-BY-SELF", NULL, NULL, NULL, 1},
    {"A04 loop", NULL, "[profile p]\n" ROLE("A") "region = eu-west-1\nsource_profile = q\n[profile q]\n" ROLE("Q") "source_profile = p\n", "AWS_PROFILE=p", NULL, NULL, NULL, "Infinite loop in credential configuration detected"},
    {"A05 source missing", NULL, "[profile p]\n" ROLE("A") "region = eu-west-1\nsource_profile = q\n", "AWS_PROFILE=p", NULL, NULL, NULL, "could not be found"},
    {"A06 neither source", NULL, "[profile p]\n" ROLE("A") "region = eu-west-1\n", "AWS_PROFILE=p", NULL, NULL, NULL, "neither source_profile nor credential_source"},
    {"A07 both sources", "[src]\n" KEYS("SRC"), "[profile p]\n" ROLE("A") "region = eu-west-1\nsource_profile = src\ncredential_source = Environment\n", "AWS_PROFILE=p", NULL, NULL, NULL, "contains both source_profile and credential_source"},
    {"A08 Environment with --profile", NULL, "[profile p]\n" ROLE("A") "region = eu-west-1\ncredential_source = Environment\n", ENVKEYS, "p", "R-BY-ENVKEY", NULL, NULL, NULL, 1},
    {"A08b Environment with AWS_PROFILE: keys win outright", NULL, "[profile p]\n" ROLE("A") "region = eu-west-1\ncredential_source = Environment\n", ENVKEYS "AWS_PROFILE=p", NULL, "ENVKEY"},
    {"A09 unknown credential_source", NULL, "[profile p]\n" ROLE("A") "region = eu-west-1\ncredential_source = environment\n", ENVKEYS, "p", NULL, NULL, "is none of Environment"},
    {"A15 static keys end the chain", NULL, "[profile p]\n" ROLE("A") "region = eu-west-1\nsource_profile = q\n[profile q]\n" ROLE("Q") "source_profile = z\n" KEYS("QKEY") "[profile z]\n" KEYS("Z"), "AWS_PROFILE=p", NULL, "R-BY-QKEY", NULL, NULL, NULL, 1},
    {"A16 source without credentials", NULL, "[profile p]\n" ROLE("A") "region = eu-west-1\nsource_profile = q\n[profile q]\nregion = x\n", "AWS_PROFILE=p", NULL, NULL, NULL, "must have credentials"},
    {"X01 credential_process", NULL, "[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\"}'\n", REG, NULL, "PROC", NULL, NULL, "t"},
    {"X02 its version", NULL, "[default]\ncredential_process = echo '{\"Version\":2,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"s\"}'\n", REG, NULL, NULL, NULL, "Version is not 1"},
    {"X03 it fails", NULL, "[default]\ncredential_process = sh -c 'echo boom >&2; exit 3'\n", REG, NULL, NULL, NULL, "Error when retrieving credentials from custom-process: boom"},
    {"X04 no shell", NULL, "[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"$HOME\",\"SecretAccessKey\":\"b\"}'\n", REG, NULL, "$HOME"},
    {"X05 expired answer", NULL, "[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"b\",\"Expiration\":\"2020-01-01T00:00:00Z\"}'\n", REG, NULL, NULL, NULL, "still expired"},
    {"K02 plain http elsewhere", NULL, NULL, REG "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/c", NULL, NULL, NULL, "Unsupported host '192.0.2.1'"},
    {"S03c expired SSO login: static keys are not tried", "[default]\n" KEYS("STALE"), "[default]\nsso_start_url = https://x/start\nsso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = Dev\n", REG, NULL, NULL, NULL, "SSO"},
    {"S07 sso_region differs", NULL, "[default]\nsso_session = s\nsso_account_id = 1\nsso_region = us-east-1\nsso_role_name = Dev\n[sso-session s]\nsso_region = eu-west-1\nsso_start_url = u\n", REG, NULL, NULL, NULL, "The value for sso_region is inconsistent between profile"},
    {"S08 unknown session", NULL, "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = Dev\n", REG, NULL, NULL, NULL, "does not exist"},
    {"S09 missing settings", NULL, "[default]\nsso_account_id = 1\n", REG, NULL, NULL, NULL, "sso_start_url, sso_region, sso_role_name"},
    {"I04 nothing at all", NULL, NULL, REG, NULL, NULL, NULL, "Unable to locate credentials"},
};

struct run {
    struct fixture f;
    const struct scenario *s;
};

/* The STS of the scenarios: role credentials whose key tells who asked. */
static void answer_role(void *arg, const struct http_request *req, const char *body, struct script_step *step)
{
    const char *by = NULL;

    (void)body;
    for (size_t i = 0; i < req->header_count; i++)
        if (strcmp(req->headers[i].name, "Authorization") == 0)
            by = strstr(req->headers[i].value, "Credential=") + strlen("Credential=");
    char *reply = xasprintf("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>R-BY-%.*s</AccessKeyId>"
                            "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
                            "<Expiration>2026-11-22T23:15:30Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
                            (int)strcspn(by, "/"), by);
    char **keep = arg;
    free(*keep);
    *keep = reply;
    step->reply = reply;
}

static void set_variables(struct fixture *f, const char *text)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " "), eq = strcspn(p, "=");
        cleanup_free char *name = xstrndup(p, eq), *value = xstrndup(p + eq + 1, n - eq - 1);

        for (char *c = value; *c; c++)
            *c = *c == '+' ? ' ' : *c;
        fixture_env(f, name, value);
        p += n;
        p += strspn(p, " ");
    }
}

static void check(const struct scenario *s, int rc, const struct aws_credentials *c, const struct aws_session *session,
                  const struct error *err)
{
    if (s->error) {
        ck_assert_msg(rc < 0, "%s: no error, key %s", s->id, rc == 0 && c->access_key_id ? c->access_key_id : "-");
        ck_assert_msg(strstr(err->message, s->error) != NULL, "%s: the error is '%s'", s->id, err->message);
        ck_assert_msg(err->kind == ERR_AUTH, "%s: the error's kind is %d", s->id, (int)err->kind);
        return;
    }
    ck_assert_msg(rc == 0, "%s: %s", s->id, err->message);
    ck_assert_msg(strcmp(c->access_key_id, s->key) == 0, "%s: key %s instead of %s", s->id, c->access_key_id, s->key);
    ck_assert_msg(c->source != NULL, "%s: no source", s->id);
    if (s->region)
        ck_assert_msg(strcmp(aws_session_region(session), s->region) == 0, "%s: region %s", s->id, aws_session_region(session));
    if (s->token)
        ck_assert_msg(strcmp(secret_get(&c->session_token), s->token) == 0, "%s: token", s->id);
}

static void scenario_body(void *arg)
{
    struct run *r = arg;
    struct aws_session *session = NULL;
    struct aws_credentials c = {0};
    cleanup_error struct error err = ERROR_INIT;
    int rc = fixture_open(&r->f, r->s->profile, NULL, &session, &err);

    if (rc == 0)
        rc = aws_session_credentials(session, &c, &err);
    check(r->s, rc, &c, session, &err);
    aws_credentials_done(&c);
    aws_session_free(session);
}

START_TEST(scenarios_give_what_the_cli_gives)
{
    for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
        struct run r = {.s = &scenarios[i]};
        char *reply = NULL;

        fixture_init(&r.f);
        if (r.s->credentials)
            fixture_file(&r.f, ".aws/credentials", r.s->credentials);
        if (r.s->config)
            fixture_file(&r.f, ".aws/config", r.s->config);
        set_variables(&r.f, r.s->env);
        if (r.s->sts_calls)
            script_http_add(r.f.script, &(struct script_step){.method = "POST", .url = "https://sts.*", .body = "*Action=AssumeRole&*",
                                                              .times = r.s->sts_calls, .on_request = answer_role, .arg = &reply});
        fixture_run(&r.f, scenario_body, &r);
        script_http_assert_done(r.f.script);
        fixture_done(&r.f);
        free(reply);
    }
}
END_TEST

SUITE("aws/credentials", scenarios_give_what_the_cli_gives)
