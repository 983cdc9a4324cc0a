/* `explain` asks nothing of AWS: what becomes of the keys of the Compose files is the same in every account. */
#include "daemon/verb.h"

#include "base/mem.h"
#include "base/str.h"
#include "plan/explain.h"

#include <errno.h>

static Defang__ExplainLine *line_message(struct arena *arena, const struct explain_line *l)
{
    Defang__ExplainLine *m = arena_make(arena, Defang__ExplainLine);
    defang__explain_line__init(m);
    m->service = verb_text(arena, l->service);
    m->key = verb_text(arena, l->key);
    m->value = verb_text(arena, l->value);
    m->effect = verb_text(arena, explain_effect_name(l->effect));
    m->property = verb_text(arena, l->property);
    m->text = verb_text(arena, l->text);
    m->note = verb_text(arena, l->note);
    m->file = verb_text(arena, l->pos.file);
    m->line = l->pos.line;
    m->column = l->pos.column;
    m->resources = arena_array(arena, char *, l->resource_count + 1);
    for (size_t i = 0; i < l->resource_count; i++)
        m->resources[m->n_resources++] = arena_printf(arena, "%s %s", l->resources[i].logical_id, l->resources[i].type);
    return m;
}

static int verb_explain(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ExplainRequest *r = (const Defang__ExplainRequest *)request;
    int rc = project_lint(v->daemon, r->caller, r->mode, &v->project, err);
    if (rc < 0)
        return rc;
    struct arena *arena = v->project.arena;
    if (!v->project.model) { /* not even a project: the mistakes are sent with the error */
        error_raise(err, ERR_USAGE, "the Compose files cannot be read");
        return -EINVAL;
    }
    struct compose_diagnostics checks = {0};
    struct explain explained;
    rc = plan_explain(arena, v->project.model, &v->project.settings, text_empty(r->service) ? NULL : r->service, &checks, &explained, err);
    if (rc == 0) {
        Defang__ExplainReply reply = DEFANG__EXPLAIN_REPLY__INIT;
        reply.lines = arena_array(arena, Defang__ExplainLine *, explained.len + 1);
        for (size_t i = 0; i < explained.len; i++)
            reply.lines[reply.n_lines++] = line_message(arena, &explained.lines[i]);
        server_reply(v->call, &reply.base);
    }
    compose_diagnostics_done(&checks);
    return rc;
}

void verbs_explain_register(struct daemon *d)
{
    verb_handle(d, RPC_EXPLAIN, verb_explain);
}
