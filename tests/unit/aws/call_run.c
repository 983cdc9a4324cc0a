#include "unit/aws/call_run.h"

static void body(void *arg)
{
    struct call_run *r = arg;
    struct aws_session *s = NULL;

    r->rc = fixture_open(&r->f, NULL, NULL, &s, &r->err);
    if (r->rc == 0)
        r->rc = r->all ? aws_call_all(s, r->op, r->in, &r->out, &r->err)
                       : aws_call(s, r->op, r->in, &r->out, &r->err);
    aws_session_free(s);
}

void call_start(struct call_run *r, const struct aws_operation *op, json_t *in)
{
    *r = (struct call_run){.op = op, .in = in};
    fixture_init(&r->f);
    fixture_keys(&r->f);
}

void call_step(struct call_run *r, const struct script_step *s)
{
    script_http_add(r->f.script, s);
}

void call_try(struct call_run *r)
{
    fixture_run(&r->f, body, r);
}

void call_go(struct call_run *r)
{
    call_try(r);
    script_http_assert_done(r->f.script);
}

void call_finish(struct call_run *r)
{
    json_decref(r->out);
    error_done(&r->err);
    fixture_done(&r->f);
}
