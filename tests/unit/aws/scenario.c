/* A scenario is played in a home folder of its own, with an STS whose role credentials tell by
 * their key who asked for them: "R-BY-SRC" was asked for with the key SRC. */
#include "unit/aws/scenario.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include <check.h>
#include <string.h>

struct run {
    struct fixture f;
    const struct scenario *s;
};

static void
answer_role(void *arg, const struct http_request *req, const char *body, struct script_step *step)
{
    const char *by = NULL;

    (void)body;
    for (size_t i = 0; i < req->header_count; i++)
        if (strcmp(req->headers[i].name, "Authorization") == 0)
            by = strstr(req->headers[i].value, "Credential=") + strlen("Credential=");
    char *reply = xasprintf(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>R-BY-%.*s</AccessKeyId>"
        "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        "<Expiration>2026-11-22T23:15:30Z</Expiration></Credentials></AssumeRoleResult></"
        "AssumeRoleResponse>",
        (int)strcspn(by, "/"),
        by);
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

static void check(
    const struct scenario *s,
    int rc,
    const struct aws_credentials *c,
    const struct aws_session *session,
    const struct error *err)
{
    if (s->error) {
        ck_assert_msg(
            rc < 0,
            "%s: no error, key %s",
            s->id,
            rc == 0 && c->access_key_id ? c->access_key_id : "-");
        ck_assert_msg(
            strstr(err->message, s->error) != NULL, "%s: the error is '%s'", s->id, err->message);
        ck_assert_msg(err->kind == ERR_AUTH, "%s: the error's kind is %d", s->id, (int)err->kind);
        return;
    }
    ck_assert_msg(rc == 0, "%s: %s", s->id, err->message);
    ck_assert_msg(
        strcmp(c->access_key_id, s->key) == 0,
        "%s: key %s instead of %s",
        s->id,
        c->access_key_id,
        s->key);
    ck_assert_msg(c->source != NULL, "%s: no source", s->id);
    if (s->region)
        ck_assert_msg(
            strcmp(aws_session_region(session), s->region) == 0,
            "%s: region %s",
            s->id,
            aws_session_region(session));
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

void scenarios_run(const struct scenario *scenarios, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct run r = {.s = &scenarios[i]};
        char *reply = NULL;

        fixture_init(&r.f);
        if (r.s->credentials)
            fixture_file(&r.f, ".aws/credentials", r.s->credentials);
        if (r.s->config)
            fixture_file(&r.f, ".aws/config", r.s->config);
        set_variables(&r.f, r.s->env);
        if (r.s->sts_calls)
            script_http_add(
                r.f.script,
                &(struct script_step){
                    .method = "POST",
                    .url = "https://sts.*",
                    .body = "*Action=AssumeRole&*",
                    .times = r.s->sts_calls,
                    .on_request = answer_role,
                    .arg = &reply});
        fixture_run(&r.f, scenario_body, &r);
        script_http_assert_done(r.f.script);
        fixture_done(&r.f);
        free(reply);
    }
}
