#include "unit/aws/s3_run.h"
#include "base/mem.h"

static void body(void *arg)
{
    struct s3_run *r = arg;

    r->rc = fixture_open(&r->f, NULL, NULL, &r->s, &r->err);
    if (r->rc == 0)
        r->rc = r->fn(r);
    aws_session_free(r->s);
}

void s3_start(struct s3_run *r, int (*fn)(struct s3_run *r))
{
    *r = (struct s3_run){.fn = fn};
    fixture_init(&r->f);
    fixture_keys(&r->f);
}

void s3_finish(struct s3_run *r)
{
    script_http_assert_done(r->f.script);
    error_done(&r->err);
    fixture_done(&r->f);
    free(r->path);
}

void s3_step(struct s3_run *r, const struct script_step *s)
{
    script_http_add(r->f.script, s);
}

void s3_go(struct s3_run *r)
{
    fixture_run(&r->f, body, r);
}
