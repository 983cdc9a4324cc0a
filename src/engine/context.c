/* What every flow says and keeps: rows, notes, tokens; and the ends of the small structs that flows
 * hand out. See context.h and engine.h.
 *
 * Nothing here suspends the fiber, so that a row and the journal entry that belongs to it stand in
 * one turn of the loop. */
#include "engine/context.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "loop/fiber.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

bool engine_detaching(const struct engine_context *c)
{
    return c->detaching && *c->detaching;
}

int engine_journal_get(struct engine_context *c, const char *key, char **value, struct error *err)
{
    return c->journal->get(c->journal->arg, key, value, err);
}

int engine_journal_put(
    struct engine_context *c, const char *key, const char *value, struct error *err)
{
    return c->journal->put(c->journal->arg, key, value, err);
}

int engine_journal_flush(struct engine_context *c, struct error *err)
{
    return c->journal->flush(c->journal->arg, err);
}

int engine_no_return(struct engine_context *c, struct error *err)
{
    if (fiber_is_canceled())
        return error_raise_errno(err, ERR_CANCELED, ECANCELED, "canceled before it began");

    int rc = engine_journal_put(c, ENGINE_NO_RETURN, "1", err);
    return rc < 0 ? rc : engine_journal_flush(c, err);
}

/* A canceled step is shown as canceled, not as failed: nobody has to look for a cause. */
enum engine_row_state engine_state_of(int rc)
{
    if (rc == 0)
        return ENGINE_DONE;
    return rc == -ECANCELED ? ENGINE_CANCELED : ENGINE_FAILED;
}

void engine_row(
    struct engine_context *c,
    enum engine_row_kind kind,
    const char *id,
    enum engine_row_state state,
    unsigned order,
    const char *usual,
    const char *fmt,
    ...)
{
    cleanup_str struct str what = STR_INIT;
    va_list ap;
    va_start(ap, fmt);
    str_vappendf(&what, fmt, ap);
    va_end(ap);
    const char *slash = strchr(id, '/');
    c->sink->row(
        c->sink->arg,
        &(struct engine_row){
            .id = id,
            .kind = kind,
            .state = state,
            .title = slash ? slash + 1 : id,
            .what = str_get(&what),
            .usual = usual ? usual : "",
            .order = order});
}

void engine_note(
    struct engine_context *c, enum engine_severity severity, const char *hint, const char *fmt, ...)
{
    cleanup_str struct str text = STR_INIT;
    va_list ap;
    va_start(ap, fmt);
    str_vappendf(&text, fmt, ap);
    va_end(ap);
    if (c->sink) /* a verb without a job has nobody to tell */
        c->sink->note(c->sink->arg, severity, str_get(&text), hint);
}

/* 128 random bits: tokens of two jobs never meet. ClientRequestToken takes letters, digits and
 * hyphens. */
static char *token_new(void)
{
    uint8_t random[16];
    clock_random(random, sizeof random);
    cleanup_free char *hex = digest_hex(random, sizeof random);
    return xasprintf("defangd-%s", hex);
}

void engine_keep(struct engine_context *c, const struct engine_evidence *e)
{
    if (c->sink && c->sink->evidence)
        c->sink->evidence(c->sink->arg, e);
}

/* Flushed before it is handed out: an effect must never carry a token that a later life of the
 * job does not know. */
int engine_token(struct engine_context *c, const char *key, char **token, struct error *err)
{
    int rc = engine_journal_get(c, key, token, err);
    if (rc < 0 || *token)
        return rc;

    cleanup_free char *made = token_new();
    rc = engine_journal_put(c, key, made, err);
    if (rc == 0)
        rc = engine_journal_flush(c, err);
    if (rc < 0)
        return rc;

    *token = steal(made);
    return 0;
}

void engine_failure_done(struct engine_failure *f)
{
    free(f->service);
    free(f->task);
    free(f->reason);
    free(f->logs);
    free(f->step);
    *f = (struct engine_failure){0};
}

void engine_outcome_done(struct engine_outcome *o)
{
    json_decref(o->outputs);
    *o = (struct engine_outcome){0};
}

void engine_end_done(struct engine_end *e)
{
    free(e->said);
    free(e->hint);
    *e = (struct engine_end){0};
}

void engine_template_done(struct engine_template *t)
{
    json_decref(t->json);
    free(t->stuck);
    free(t->refused);
    free(t->status);
    *t = (struct engine_template){0};
}
