/* `plan`: what an `up` would change. Nothing is uploaded, built or changed; contexts are packed for
 * their digests alone.
 *
 * The reply carries the difference between what is deployed and the graph, with what each change
 * means (a replacement, a loss), and the costs of both, line by line, so that a client shows what
 * it likes of them. Money is whole cents on the wire: a double that is printed twice must not
 * differ. */
#include "daemon/engine_choice.h"
#include "daemon/past/released.h"
#include "daemon/preview/preview.h"
#include "daemon/verbs/consent.h"
#include "daemon/verbs/deployed.h"
#include "daemon/verbs/partial.h"

#include "base/mem.h"
#include "base/str.h"
#include "plan/report/cost.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* How long it usually takes is said of what is made or made anew; other changes have no usual
 * time. */
static Defang__PlanChange *change_message(const struct preview *p, const struct graph_change *c)
{
    struct arena *arena = p->v->project.arena;
    static const char *const actions[] = {
        [GRAPH_ADD] = "add", [GRAPH_CHANGE] = "change", [GRAPH_REMOVE] = "remove"};
    Defang__PlanChange *m = arena_make(arena, Defang__PlanChange);

    defang__plan_change__init(m);
    m->action = verb_text(arena, actions[c->action]);
    m->logical_id = verb_text(arena, c->logical_id);
    m->type = verb_text(arena, c->type);
    m->group = verb_text(arena, c->group);
    m->replacement = verb_text(arena, c->replacement);

    struct plan_effect effect;
    plan_effect_of(&p->request, c, p->deployed.json, p->graph, &effect);
    m->effect = verb_text(arena, plan_effect_name(effect.kind));
    m->warning = verb_text(arena, effect.text);

    const struct graph_resource *r =
        c->action == GRAPH_REMOVE ? NULL : graph_get(p->graph, c->logical_id);
    if (r && (c->action == GRAPH_ADD || *c->replacement))
        m->usual = verb_text(arena, r->usual);
    m->properties = arena_array(arena, char *, c->property_count + 1);
    for (size_t i = 0; i < c->property_count; i++)
        m->properties[m->n_properties++] = verb_text(arena, c->properties[i]);

    return m;
}

static int64_t cents(double usd)
{
    return (int64_t)llround(usd * 100);
}

static Defang__PlanCost *cost_message(struct arena *arena, const struct cost_line *line)
{
    Defang__PlanCost *m = arena_make(arena, Defang__PlanCost);

    defang__plan_cost__init(m);
    m->group = verb_text(arena, line->group);
    m->logical_id = verb_text(arena, line->logical_id);
    m->type = verb_text(arena, line->type);
    m->what = verb_text(arena, line->what);

    return m;
}

/* Both lists are sorted alike: a line that stands in one only costs nothing in the other. */
static void add_costs(
    struct arena *arena,
    const struct cost *now,
    const struct cost *before,
    Defang__PlanReply *reply)
{
    reply->costs = arena_array(arena, Defang__PlanCost *, now->len + before->len + 1);

    for (size_t i = 0; i < now->len; i++) {
        Defang__PlanCost *m = reply->costs[reply->n_costs++] = cost_message(arena, &now->lines[i]);

        m->month_cents = cents(now->lines[i].month);
        for (size_t k = 0; k < before->len; k++)
            if (strcmp(before->lines[k].logical_id, now->lines[i].logical_id) == 0)
                m->before_cents = cents(before->lines[k].month);
    }

    /* What goes away stands at the end, with a price before and none now. */
    for (size_t k = 0; k < before->len; k++) {
        bool stays = false;

        for (size_t i = 0; i < now->len; i++)
            stays = stays || strcmp(before->lines[k].logical_id, now->lines[i].logical_id) == 0;
        if (stays)
            continue;

        Defang__PlanCost *m = reply->costs[reply->n_costs++] =
            cost_message(arena, &before->lines[k]);
        m->before_cents = cents(before->lines[k].month);
    }
}

static char **texts(struct arena *arena, const char *const *list, size_t count)
{
    char **copy = arena_array(arena, char *, count + 1);

    for (size_t i = 0; i < count; i++)
        copy[i] = verb_text(arena, list[i]);
    return copy;
}

/* Both templates by one price list, so that their difference is the change and not the list. */
static void reply_costs(const struct preview *p, Defang__PlanReply *reply)
{
    struct arena *arena = p->v->project.arena;
    cleanup_json json_t *template = graph_template(p->graph);
    cleanup_cost struct cost now, before;

    cost_of(template, p->facts->region, &now);
    cost_of(p->deployed.exists ? p->deployed.json : NULL, p->facts->region, &before);
    add_costs(arena, &now, &before, reply);
    reply->month_cents = cents(now.month);
    reply->before_cents = cents(before.month);
    reply->cost_basis = verb_text(arena, now.basis);
    reply->cost_known = now.priced;
    reply->cost_usage = texts(arena, now.usage, now.usage_len);
    reply->n_cost_usage = now.usage_len;
    reply->cost_unknown = texts(arena, now.unknown, now.unknown_len);
    reply->n_cost_unknown = now.unknown_len;
}

static void reply_plan(struct preview *p, const struct plan_losses *losses, bool want_template)
{
    struct arena *arena = p->v->project.arena;
    struct graph_diff diff;

    graph_diff(p->deployed.exists ? p->deployed.json : NULL, p->graph, &diff);

    Defang__PlanReply reply = DEFANG__PLAN_REPLY__INIT;
    reply.changes = arena_array(arena, Defang__PlanChange *, diff.len + 1);
    for (size_t i = 0; i < diff.len; i++)
        reply.changes[reply.n_changes++] = change_message(p, &diff.changes[i]);

    cleanup_json json_t *template = want_template ? graph_template(p->graph) : NULL;
    cleanup_free char *text = template ? json_print(template, true, true) : NULL;

    if (text) {
        reply.template_json.data = (uint8_t *)text;
        reply.template_json.len = strlen(text);
    }

    verb_diagnostics(arena, &p->v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
    reply.builds = p->builds.items;
    reply.n_builds = p->builds.len;
    reply.unknowns = p->unknowns.items;
    reply.n_unknowns = p->unknowns.len;
    reply.first = !p->deployed.exists;
    reply.runs = p->once.runs;
    reply.n_runs = p->once.n_runs;
    reply.stages = p->once.stages;
    reply.refusals = p->refusals.items;
    reply.n_refusals = p->refusals.len;
    reply.losses = consent_messages(arena, losses);
    reply.n_losses = losses->len;
    reply_costs(p, &reply);
    server_reply(p->v->call, &reply.base);
    graph_diff_done(&diff);
}

static int verb_plan(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__PlanRequest *r = (const Defang__PlanRequest *)request;
    struct released released = {0};
    int rc = verb_session(v, r->caller, err);
    if (rc == 0 && r->rollback)
        rc = released_open(v, r->caller, r->release, &released, err);
    else if (rc == 0)
        rc = project_load(v->daemon, r->caller, r->mode, false, &v->project, err);
    released_done(&released);
    if (rc == 0 && !r->rollback)
        rc = build_args_take(v, r->build_args, r->n_build_args, err);
    if (rc == 0 && !v->engine)
        rc = engine_choose(v, r->engine, err);
    if (rc == 0 && !r->rollback)
        rc = partial_choose(v, r->services, r->n_services, r->no_deps, err);
    if (rc == 0 && !r->rollback)
        rc = deployed_pin_images(v, r->caller, err);
    if (rc < 0)
        return rc;

    struct preview p;
    struct plan_losses losses;
    rc = preview_make(&p, v, true, err);
    p.request.adopt = r->adopt;
    p.request.no_snapshot = r->no_snapshot;
    if (rc == 0)
        rc = consent_gather(&p, r, &losses, err);
    if (rc == 0)
        deployed_note_up(v, r->caller, &p.request);
    if (rc == 0)
        reply_plan(&p, &losses, r->want_template);
    preview_done(&p);

    return rc;
}

void verbs_plan_register(struct daemon *d)
{
    verb_handle(d, RPC_PLAN, verb_plan);
}
