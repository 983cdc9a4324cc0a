/* Which URI the container provider asks, from the environment (ecs-tests.json), through a whole
 * session and a scripted transport. */
#include "aws/aws.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include "vectors/vectors.h"
#include <stdio.h>
#include <string.h>

struct run {
    struct fixture f;
    const json_t *test;
    struct error err;
    int rc;
};

static void body(void *arg)
{
    struct run *r = arg;
    struct aws_session *s = NULL;
    struct aws_credentials c = {0};

    r->rc = fixture_open(&r->f, NULL, "us-east-1", &s, &r->err);
    if (r->rc == 0)
        r->rc = aws_session_credentials(s, &c, &r->err);
    aws_credentials_done(&c);
    aws_session_free(s);
}

static void run_case(struct vectors *v, const json_t *test)
{
    const char *id = json_str_or(test, "docs", "?"), *url = json_str(test, "result.Ok"), *name;
    struct run r = {.test = test};
    json_t *value;

    fixture_init(&r.f);
    json_object_foreach(json_object_get(test, "env"), name, value)
        fixture_env(&r.f, name, json_string_value(value));
    if (url)
        script_http_add(
            r.f.script,
            &(struct script_step){
                .times = 3,
                .reply = "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}"});
    fixture_run(&r.f, body, &r);
    if (url && r.rc == 0) {
        if (vectors_equal(v, id, "URI", url, script_http_sent(r.f.script, 0)->url))
            vectors_pass(v);
    } else if (!url && r.rc < 0 && script_http_count(r.f.script) == 0)
        vectors_pass(v);
    else
        vectors_fail(v, id, "%s", r.rc < 0 ? r.err.message : "no error");
    error_done(&r.err);
    fixture_done(&r.f);
}

START_TEST(every_case)
{
    struct vectors v = {.name = "container URI"};
    cleanup_json json_t *file = vectors_json("credential-chain-scenarios/ecs-tests.json");
    json_t *test;
    size_t i;

    json_array_foreach(json_object_get(file, "tests"), i, test)
        run_case(&v, test);
    ck_assert_int_eq(vectors_end(&v), EXIT_SUCCESS);
    fflush(stdout);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_case}; /* the fixture's assertions want a Check test around them */

    free(vectors_path(".")); /* says so, and leaves, where there are no vectors */
    return suite_run("vectors/container_uri", tests, ARRAY_LEN(tests));
}
