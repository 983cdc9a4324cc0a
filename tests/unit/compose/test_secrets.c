/* What looks like a secret in clear: rules by name and value, and where they are found in a
 * project. */
#include "compose/bind/secrets.h"
#include "unit/compose/kit.h"

struct row {
    const char *name, *value, *rule;
};

/* Token shapes are put together here so that no scanner of this repository takes them for real
 * ones. */
static const struct row ROWS[] = {
    {"DB_PASSWORD", "x", "secret/named"},
    {"PGPASSWORD", "x", "secret/named"},
    {"SECRET_KEY_BASE", "x", "secret/named"},
    {"clientSecret", "x", "secret/named"},
    {"auth-token", "x", "secret/named"},
    {"DB_PASS", "x", "secret/named"},
    {"ENCRYPTION_KEY", "abc", "secret/named"},
    {"X_APIKEY", "abc", "secret/named"},
    {"PASS", "x", NULL},
    {"PWD", "/x", NULL},
    {"KEY", "x", NULL},
    {"PUBLIC_KEY", "abc", NULL},
    {"MAX_TOKENS", "4096", NULL},
    {"TOKEN_URL", "https://x", NULL},
    {"SECRET_FILE", "x", NULL},
    {"AWS_ACCESS_KEY_ID", "x", NULL},
    {"PASSWORD_MIN_LENGTH", "8", NULL},
    {"COMPASS", "north", NULL},
    {"DB_PASSWORD", "", NULL},
    {"ALLOW_EMPTY_PASSWORD", "yes", NULL},
    {"DB_PASSWORD", "/run/secrets/db", NULL},
    {"DB_SECRET", "arn:aws:secretsmanager:us-west-2:1:secret:x", NULL},
    {"X",
     "AKIA"
     "IOSFODNN7EXAMPLE",
     "secret/aws-access-key"},
    {"X",
     "key=AKIA"
     "IOSFODNN7EXAMPLE;",
     "secret/aws-access-key"},
    {"X",
     "AKIA"
     "SHORT",
     NULL},
    {NULL,
     "ghp_"
     "0123456789abcdefghij0123",
     "secret/github-token"},
    {NULL,
     "echo glpat-"
     "0123456789abcdef-_",
     "secret/gitlab-token"},
    {NULL,
     "sk-"
     "proj-0123456789abcdef",
     "secret/api-key"},
    {NULL,
     "task-"
     "0123456789abcdef0123",
     NULL},
    {NULL,
     "sk_live_"
     "0123456789abcdef",
     "secret/stripe-key"},
    {NULL,
     "-----BEGIN "
     "EC PRIVATE KEY-----\nx",
     "secret/private-key"},
    {NULL, "-----BEGIN CERTIFICATE-----\nx", NULL},
    {NULL,
     "eyJ"
     "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3.abc",
     "secret/json-web-token"},
    {NULL, "postgres://u:pw@db/x", "secret/url-password"},
    {NULL, "Server=db;User Id=sa;Password=x1;", "secret/text-password"},
    {"DSN", "host=db user=app password = 'x1'", "secret/text-password"},
    {NULL, "jdbc:postgresql://db/x?user=a&password=b1", "secret/text-password"},
    {NULL, "--password=b1", "secret/text-password"},
    {NULL, "host=db password=$PASSWORD", NULL},
    {NULL, "mysqladmin ping --password=%s", NULL},
    {NULL, "nopassword=x", NULL},
    {NULL, "postgres://u@db/x", NULL},
    {NULL, "postgres://u:$PW@db/x", NULL},
    {NULL, "http://host:80/a@b", NULL},
    {"X", "9f8A7b6C5d4E3f2G1h0IjKlMnO", "secret/high-entropy"},
    {NULL, "9f8A7b6C5d4E3f2G1h0IjKlMnO", NULL},
    {"X", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa1", NULL},
    {"X", "a sentence with several words in it 42", NULL},
};

START_TEST(matches)
{
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        const struct row *r = &ROWS[i];
        const struct secret_rule *found = secret_match(r->name, r->value);
        ck_assert_msg(
            found ? text_eq(found->id, r->rule) : !r->rule,
            "%s=%s: %s",
            r->name ? r->name : "",
            r->value,
            found ? found->id : "nothing");
    }
}
END_TEST

START_TEST(places)
{
    cleanup_kit struct kit k;
    kit_load_text(
        &k,
        "services:\n  a:\n    image: x\n    environment:\n      - DB_PASSWORD=hunter2\n      - "
        "CALLER_SECRET=${CALLER}\n      - URL=postgres://u:${UNSET}@db\n"
        "      - TOKEN\n    command: [run, '--password=hunter3', 'http://u:hunter4@h/']\n    "
        "labels: {x.token: hunter5}\n"
        "    build: {context: ., args: {NPM_TOKEN: hunter6}}\nconfigs:\n  c: {content: "
        "\"-----BEGIN PRIVATE KEY-----\\n\"}\nx-a: {api_key: hunter7}\n");
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    compose_diagnostics_done(&k.diags);
    secrets_find(k.project, &k.diags);
    for (size_t i = 0; i < k.diags.len; i++)
        ck_assert_ptr_null(strstr(k.diags.items[i].message, "hunter"));
    cleanup_free char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    for (size_t i = 0; i < k.diags.len; i++)
        fprintf(
            f,
            "%u:%u %s %s\n",
            k.diags.items[i].pos.line,
            k.diags.items[i].pos.column,
            k.diags.items[i].rule,
            k.diags.items[i].message);
    fclose(f);
    static const char *const lines[] = {
        "5:9 secret/named services.a.environment.DB_PASSWORD: a secret by its name stands here in "
        "clear\n",
        "6:9 secret/named services.a.environment.CALLER_SECRET: a secret by its name, given by a "
        "variable, would stand in clear on AWS\n",
        "9:20 secret/named services.a.command[1]: a secret by its name stands here in clear\n",
        "9:42 secret/url-password services.a.command[2]: a URL with a password stands here in "
        "clear\n",
        "10:23 secret/named services.a.labels.x.token: a secret by its name stands here in clear\n",
        "11:43 secret/named services.a.build.args.NPM_TOKEN: a secret by its name stands here in "
        "clear\n",
        "13:16 secret/private-key configs.c.content: a private key stands here in clear\n",
        "14:16 secret/named x-a.api_key: a secret by its name stands here in clear\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        ck_assert_msg(strstr(text, lines[i]) != NULL, "not found: %s\n%s", lines[i], text);
    ck_assert_uint_eq(k.diags.len, ARRAY_LEN(lines));
}
END_TEST

/* Rules of the loader do not hold what a file holds. */
START_TEST(rules_of_the_loader)
{
    cleanup_kit struct kit k;
    kit_load_text(&k, "services:\n  a:\n    image: x\n    imagee: y\n  b: {image: [x]}\n");
    ck_assert_int_lt(k.rc, 0);
    ck_assert_uint_eq(k.diags.len, 2);
    ck_assert_str_eq(k.diags.items[0].rule, "compose/unknown-key");
    ck_assert_str_eq(k.diags.items[1].rule, "compose/must-not");
}
END_TEST

START_TEST(trust_34_what_is_kept_of_a_log_has_no_token)
{
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"key AKIAABCDEFGHIJKLMNOP is bad", "key *** (an AWS access key) is bad"},
        {"ghp_0123456789abcdefghij", "*** (a GitHub token)"},
        {"to postgres://app:hunter2@db:5432/x",
         "to postgres://app:*** (a URL with a password)@db:5432/x"},
        {"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln, twice AKIAABCDEFGHIJKLMNOP",
         "Bearer *** (a JSON web token), twice *** (an AWS access key)"},
        {"listening on http://0.0.0.0:80/", NULL},
        {"BAKIAABCDEFGHIJKLMNOP sk-8", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *masked = secrets_masked(cases[i].text);
        if (cases[i].masked)
            ck_assert_str_eq(masked, cases[i].masked);
        else
            ck_assert_ptr_null(masked);
    }
}
END_TEST

SUITE(
    "compose/secrets",
    matches,
    places,
    rules_of_the_loader,
    trust_34_what_is_kept_of_a_log_has_no_token)
