#include "plan/diag.h"
#include <string.h>

static void
put(struct plan_diag *g,
    enum compose_severity severity,
    struct yaml_pos pos,
    const char *hint,
    const char *fmt,
    const char *text)
{
    if (g->d) {
        compose_diagnose(g->d, severity, pos, hint, "%s", text);
        g->d->items[g->d->len - 1].rule = compose_rule(g->d, "aws", g->rule ? g->rule : fmt);
    }
    g->rule = NULL;
    if (severity != COMPOSE_ERROR || g->rc)
        return;
    g->rc = error_raise(g->err, ERR_USAGE, "%s", text);
    if (g->err) {
        if (hint)
            error_hint(g->err, "%s", hint);
        if (pos.file)
            error_at(g->err, pos.file, pos.line, pos.column);
    }
}

#define PUT(severity)                                                                              \
    va_list ap;                                                                                    \
    va_start(ap, fmt);                                                                             \
    struct str text = STR_INIT;                                                                    \
    str_vappendf(&text, fmt, ap);                                                                  \
    va_end(ap);                                                                                    \
    put(g, severity, pos, hint, fmt, str_get(&text));                                              \
    str_done(&text)

void plan_error(struct plan_diag *g, struct yaml_pos pos, const char *hint, const char *fmt, ...)
{
    PUT(COMPOSE_ERROR);
}

void plan_warn(struct plan_diag *g, struct yaml_pos pos, const char *hint, const char *fmt, ...)
{
    PUT(COMPOSE_WARNING);
}

void plan_note(struct plan_diag *g, struct yaml_pos pos, const char *hint, const char *fmt, ...)
{
    PUT(COMPOSE_NOTE);
}
