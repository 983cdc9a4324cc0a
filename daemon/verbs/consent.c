/* What is refused before there is a job: missing config, a step that AWS refuses, and losses.
 *
 * The deployed template and the plan say what a deployment would lose; images are made up, because
 * none of them holds data and packing takes time. The job looks again before it changes anything
 * (daemon/jobs/up_consent.c): the account may have changed meanwhile, and another daemon may have
 * deployed. `plan` asks the same functions, and says all of it instead of the first. */
#include "daemon/verbs/consent.h"

#include "daemon/verbs/deployed.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/account/facts.h"
#include "engine/account/holdings.h"
#include "engine/account/volumes.h"
#include "engine/values/config.h"
#include "engine/values/passwords.h"

#include <errno.h>

static bool is_set(const struct flow_config *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq(list[i].name, name))
            return true;
    return false;
}

/* It stands in the files, and `up` stores it. */
static bool is_taken(const struct compose_project *p, const char *name)
{
    for (size_t i = 0; i < p->taken_count; i++)
        if (text_eq(p->taken[i].config, name))
            return true;
    return false;
}

/* Config that is missing would show minutes later as tasks that cannot start. */
int consent_config(struct verb_call *v, bool builds_only, struct error *err)
{
    const char **names = NULL;
    size_t wanted = 0, count = 0, missing = 0;
    struct flow_config *list = NULL;

    if (builds_only)
        compose_build_config_names(v->project.model, &names, &wanted);
    else
        compose_config_names(v->project.model, &names, &wanted);
    if (wanted == 0)
        return 0;

    struct engine_context c = verb_context(v, NULL);
    int rc = flow_config_list(&c, &list, &count, err);
    if (rc < 0)
        return rc;

    cleanup_str struct str text = STR_INIT, command = STR_INIT;
    for (size_t i = 0; i < wanted; i++) {
        if (plan_config_name_reserved(names[i]) || is_set(list, count, names[i]) ||
            is_taken(v->project.model, names[i]))
            continue;

        str_appendf(&text, "%s%s", missing ? ", " : "", names[i]);
        str_appendf(&command, " %s", names[i]);
        missing++;
    }

    flow_config_list_done(list, count);
    if (missing == 0)
        return 0;

    error_raise(err, ERR_REFUSED, "missing config: %s", str_get(&text));
    error_hint(
        err,
        "set %s with `defangctl config set NAME` (the value is asked for, or read from stdin):%s",
        missing == 1 ? "it" : "each",
        str_get(&command));

    return -EPERM;
}

static Defang__Loss *message_of(struct arena *arena, const struct plan_loss *l)
{
    Defang__Loss *m = arena_make(arena, Defang__Loss);

    defang__loss__init(m);
    m->name = verb_text(arena, l->name);
    m->kind = verb_text(arena, plan_effect_name(l->kind));
    m->what = verb_text(arena, l->what);
    m->text = verb_text(arena, l->text);
    m->because = verb_text(arena, l->because);
    m->keep = verb_text(arena, l->keep);
    m->holds = verb_text(arena, l->holds);
    m->logical_id = verb_text(arena, l->logical_id);
    m->type = verb_text(arena, l->type);
    m->file = verb_text(arena, l->pos.line ? l->pos.file : "");
    m->line = l->pos.line;
    m->column = l->pos.column;
    return m;
}

Defang__Loss **consent_messages(struct arena *arena, const struct plan_losses *l)
{
    Defang__Loss **list = arena_array(arena, Defang__Loss *, l->len + 1);

    for (size_t i = 0; i < l->len; i++)
        list[i] = message_of(arena, &l->items[i]);
    return list;
}

/* What was said in vain: with a refusal's hint there are no other diagnostics. */
static void hint_unused(const struct compose_diagnostics *d, size_t from, struct error *err)
{
    cleanup_str struct str text = STR_INIT;

    str_append(&text, err->hint ? err->hint : "");
    for (size_t i = from; i < d->len; i++) {
        const char *hint = d->items[i].hint;
        str_appendf(&text, "%s", d->items[i].message);
        str_appendf(&text, hint ? " (%s).\n" : ".\n", hint);
    }
    error_hint(err, "%s", str_get(&text));
}

/* The client knows the command that was typed, and says how to repeat it. */
static int refuse(
    struct verb_call *v,
    struct engine_context *c,
    struct plan_losses *losses,
    const struct plan_consent *consent,
    const json_t *deployed,
    const struct graph *g,
    struct error *err)
{
    struct arena *arena = v->project.arena;
    struct compose_diagnostics *d = &v->project.diagnostics;
    struct plan_losses left;
    size_t said = d->len;

    plan_losses_note_unused(arena, consent, losses, deployed, g, d);
    plan_losses_unallowed(arena, losses, consent, &left);
    if (left.len == 0)
        return 0;

    flow_holdings(c, arena, &left);
    if (left.len == 0)
        return 0;

    v->losses = (struct rpc_losses){.items = consent_messages(arena, &left), .len = left.len};
    int rc = plan_losses_refuse(&left, NULL, err);
    hint_unused(d, said, err);
    return rc;
}

int consent_up(struct verb_call *v, const Defang__UpRequest *r, struct error *err)
{
    struct plan_consent consent = {
        .names = (const char *const *)r->allow_loss,
        .count = r->n_allow_loss,
        .project = v->project.model,
        .all = r->yes_lose_data,
        .more = r->refresh};
    struct plan_losses losses = {0};
    struct preview p;

    int rc = preview_compare(&p, v, err);
    p.request.previous = p.deployed.exists ? p.deployed.json : NULL;
    p.request.adopt = r->adopt;
    p.request.no_snapshot = r->no_snapshot;
    if (rc == 0)
        rc = plan_check_origin(&p.request, p.graph, err);
    if (rc == 0)
        rc = preview_unchangeable(&p, err);
    if (rc == 0)
        deployed_note_up(v, r->caller, &p.request);
    if (rc == 0 && p.graph)
        rc = plan_check_previous(&p.request, p.graph, err);
    if (rc == 0 && p.graph)
        plan_losses_find(v->project.arena, &p.request, p.graph, &losses);
    if (rc == 0)
        rc = refuse(v, &p.context, &losses, &consent, p.request.previous, p.graph, err);
    preview_done(&p);

    return rc;
}

/* Without facts there are no volumes to be found; the files may be gone. */
static int volumes_of(
    struct verb_call *v,
    struct engine_context *c,
    const struct plan_kept_volume **list,
    size_t *count,
    struct error *err)
{
    struct plan_facts *facts = NULL;
    int rc = flow_facts(c, v->project.arena, &facts, err);
    if (rc < 0)
        return rc;

    c->facts = facts;
    return flow_volumes(c, v->project.arena, list, count, err);
}

/* Then the job refuses it, and says --force: one refusal is enough. */
static bool is_protected(const json_t *template)
{
    const char *id;
    json_t *resource;

    json_object_foreach(json_object_get(template, "Resources"), id, resource)
        if (json_is_true(json_at(resource, "Properties.DeletionProtection")))
            return true;
    return false;
}

/* --force is said of protected stores, and those leave a snapshot: it covers that question too. */
int consent_down(struct verb_call *v, const Defang__DownRequest *r, struct error *err)
{
    struct plan_consent consent = {
        .names = (const char *const *)r->allow_loss,
        .count = r->n_allow_loss,
        .project = v->project.model,
        .all = r->yes_lose_data,
        .yes = r->yes || r->force};
    struct engine_context c = verb_context(v, NULL);
    struct engine_template deployed = {0};
    const struct plan_kept_volume *volumes = NULL;
    size_t count = 0;
    struct plan_losses losses;

    int rc = v->engine->deployed(&c, &deployed, err);
    if (rc == 0 && r->volumes)
        rc = volumes_of(v, &c, &volumes, &count, err);
    if (rc == 0) {
        const json_t *template = deployed.exists ? deployed.json : NULL;

        consent.yes = consent.yes || is_protected(template);
        plan_losses_of_down(v->project.arena, template, r->no_snapshot, volumes, count, &losses);
        rc = refuse(v, &c, &losses, &consent, template, NULL, err);
    }
    engine_template_done(&deployed);

    return rc;
}

/* A refusal goes among the refusals, and the next is looked for. */
static int gather(struct preview *p, int rc, struct error *err)
{
    return rc < 0 ? preview_refusal(p, err) : 0;
}

int consent_gather(
    struct preview *p, const Defang__PlanRequest *r, struct plan_losses *losses, struct error *err)
{
    struct plan_consent consent = {
        .names = (const char *const *)r->allow_loss,
        .count = r->n_allow_loss,
        .project = p->v->project.model,
        .all = r->yes_lose_data};
    struct arena *arena = p->v->project.arena;
    struct plan_losses left;

    int rc = gather(p, preview_unchangeable(p, err), err);
    if (rc == 0)
        rc = gather(p, consent_config(p->v, false, err), err);
    if (rc == 0)
        rc = gather(p, plan_check_origin(&p->request, p->graph, err), err);
    if (rc == 0 && p->request.previous)
        rc = gather(p, plan_check_previous(&p->request, p->graph, err), err);
    if (rc == 0)
        rc = gather(p, passwords_check(&p->context, p->graph, err), err);
    if (rc < 0)
        return rc;

    plan_losses_find(arena, &p->request, p->graph, losses);
    plan_losses_note_unused(
        arena, &consent, losses, p->request.previous, p->graph, &p->v->project.diagnostics);
    flow_holdings(&p->context, arena, losses);
    plan_losses_unallowed(arena, losses, &consent, &left);
    return gather(p, plan_losses_refuse(&left, "up", err), err);
}
