/* `explain` asks nothing of AWS: what becomes of the keys of the Compose files is the same in every
 * account. `cd policy` asks who calls, to name the account, and goes on when nobody can be named:
 * who may not call yet is who a policy is for. */
#include "daemon/verb.h"

#include "base/mem.h"
#include "base/str.h"
#include "loop/work.h"
#include "plan/make/pretend.h"
#include "plan/report/explain.h"
#include "plan/report/policy.h"

#include <errno.h>
#include <string.h>

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
        m->resources[m->n_resources++] =
            arena_printf(arena, "%s %s", l->resources[i].logical_id, l->resources[i].type);

    return m;
}

struct explaining {
    struct verb_call *v;
    const char *service;
    struct compose_diagnostics checks;
    struct explain explained;
};

static int explain_on_pool(void *arg, struct error *err)
{
    struct explaining *e = arg;
    struct project *p = &e->v->project;

    return plan_explain(
        p->arena, p->model, &p->settings, e->service, &e->checks, &e->explained, err);
}

/* Mistakes in the files do not end it, as long as there is a project: each is about a key, and
 * keys are what it explains. */
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

    struct explaining e = {.v = v, .service = text_empty(r->service) ? NULL : r->service};

    rc = work_call(v->daemon->loop, explain_on_pool, &e, err);
    if (rc == 0) {
        Defang__ExplainReply reply = DEFANG__EXPLAIN_REPLY__INIT;

        reply.lines = arena_array(arena, Defang__ExplainLine *, e.explained.len + 1);
        for (size_t i = 0; i < e.explained.len; i++)
            reply.lines[reply.n_lines++] = line_message(arena, &e.explained.lines[i]);
        server_reply(v->call, &reply.base);
    }

    compose_diagnostics_done(&e.checks);

    return rc;
}

static void add_note(struct arena *arena, Defang__PolicyReply *reply, const char *text)
{
    char **more = arena_array(arena, char *, reply->n_notes + 1);

    if (reply->n_notes)
        memcpy(more, reply->notes, reply->n_notes * sizeof *more);
    more[reply->n_notes++] = verb_text(arena, text);
    reply->notes = more;
}

/* Who may not call yet is who this is for: without credentials the policy names any account and
 * region. */
static void find_scope(
    struct verb_call *v,
    const Defang__Caller *caller,
    struct policy_scope *scope,
    Defang__PolicyReply *reply)
{
    struct error none = ERROR_INIT;
    struct arena *arena = v->project.arena;
    struct aws_identity who = {0};
    int rc = verb_session(v, caller, &none);
    if (rc == 0)
        rc = aws_session_identity(v->session->aws, &who, &none);

    if (rc == 0) {
        scope->account = arena_strdup(arena, who.account);
        scope->partition = arena_strdup(arena, who.partition);
        scope->region = arena_strdup(arena, aws_session_region(v->session->aws));
    }

    aws_identity_done(&who);

    if (rc < 0)
        add_note(
            arena,
            reply,
            "no credentials: the policy names any account and any region; with some it names "
            "theirs");

    error_done(&none);
}

/* What a policy cannot say of itself: what is missing in it, whether it fits, what must be there.
 */
static void add_notes(
    struct verb_call *v, const json_t *unknown, const json_t *policy, Defang__PolicyReply *reply)
{
    struct arena *arena = v->project.arena;
    cleanup_free char *compact = json_print(policy, false, false);

    for (size_t i = 0; i < json_array_size(unknown); i++)
        add_note(
            arena,
            reply,
            arena_printf(
                arena,
                "nothing is known of what %s needs: allow it by hand",
                json_string_value(json_array_get(unknown, i))));

    add_note(
        arena,
        reply,
        arena_printf(
            arena,
            "%zu characters; a managed policy holds 6144, the inline policies of a role 10240 "
            "together, of a user 2048",
            strlen(compact)));
    add_note(
        arena,
        reply,
        arena_printf(
            arena,
            "the account's CD stack %s must be there: an administrator makes it once with "
            "`defangctl cd bootstrap`",
            v->project.settings.cd_name));
}

/* By a plan with pretended facts: which resources there are follows from the files alone. */
static int verb_policy(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__PolicyRequest *r = (const Defang__PolicyRequest *)request;
    int rc = project_load(v->daemon, r->caller, r->mode, false, &v->project, err);
    if (rc < 0)
        return rc;

    struct arena *arena = v->project.arena;
    cleanup_graph struct graph *g = plan_pretend(arena, v->project.model, &v->project.settings);
    if (!g)
        return error_raise(err, ERR_FAILED, "the project cannot be planned");

    Defang__PolicyReply reply = DEFANG__POLICY_REPLY__INIT;
    struct policy_scope scope = {.project = v->project.name};

    find_scope(v, r->caller, &scope, &reply);

    cleanup_json json_t *unknown = json_array();
    cleanup_json json_t *policy = plan_policy(&v->project.settings, &scope, g, unknown);
    cleanup_free char *text = json_print(policy, true, false);

    add_notes(v, unknown, policy, &reply);
    reply.policy_json.data = (uint8_t *)text;
    reply.policy_json.len = strlen(text);
    verb_diagnostics(arena, &v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
    server_reply(v->call, &reply.base);

    return 0;
}

void verbs_explain_register(struct daemon *d)
{
    verb_handle(d, RPC_EXPLAIN, verb_explain);
    verb_handle(d, RPC_POLICY, verb_policy);
}
