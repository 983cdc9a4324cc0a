/* Deployments in stages (plan_stages() in stages.h): which one-offs run after which stage, and what
 * a plan of one stage keeps of what is deployed. Which stage a service is in is view/stages.c.
 *
 * A plan of a stage is the whole plan with two changes: services of later stages keep the
 * properties that are deployed, and nothing is removed. Only the last stage, which is the whole,
 * removes. A deployment of some services (partial.h) keeps the others in the same way, in each of
 * its stages, and removes nothing. */
#include "plan/make/stage.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/partial.h"
#include "plan/view/extensions.h"
#include <string.h>

/* Who waits for it, and whether all of them can do without. */
static void add_waiting(struct arena *a, const struct plan_view *v, struct plan_once *o)
{
    bool needed = false;

    o->before = arena_array(a, const char *, v->count + 1);
    for (size_t i = 0; i < v->count; i++) {
        const struct compose_service *s = v->services[i].s;
        for (size_t k = 0; k < s->depends_on_count; k++) {
            if (strcmp(s->depends_on[k].service, o->service) != 0)
                continue;
            o->before[o->before_count++] = s->name;
            needed = needed || s->depends_on[k].required;
        }
    }
    o->optional = o->before_count && !needed;
}

void plan_stages(
    struct arena *a, const struct plan_request *r, const struct graph *g, struct plan_stages *out)
{
    struct plan_view v;

    plan_view_make(a, r->project, &v);
    plan_view_stages(r, &v);
    *out = (struct plan_stages){.once = arena_array(a, struct plan_once, v.count + 1), .count = 1};
    for (size_t i = 0; i < v.count; i++) {
        const struct plan_service *s = &v.services[i];
        const json_t *note = json_object_get(json_at(g->metadata, "Defang.services"), s->s->name);
        if (plan_is_held(r, s->s->name))
            continue;
        if (s->kind == PLAN_CONTAINER)
            out->count = MAX(out->count, s->stage);
        if (!s->once || s->replicas == 0)
            continue;

        struct plan_once *o = &out->once[out->once_count++];
        *o = (struct plan_once){
            .service = arena_strdup(a, s->s->name),
            .hash = arena_strdup(a, json_str(note, "hash")),
            .output = arena_strdup(a, json_str(note, "once")),
            .timeout_ms = MAX(plan_once_timeout_ms(s->s), 0),
            .stage = s->pending ? s->stage : 0};
        if (!o->timeout_ms)
            o->timeout_ms = PLAN_ONCE_TIMEOUT_MS;
        add_waiting(a, &v, o);
    }
}

/* ---- what stays until its stage comes ---- */

static bool is_of_later_stage(const struct plan_ctx *c, const char *group)
{
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        bool later = c->r->stage && s->stage > c->r->stage;

        if ((later || plan_is_held(c->r, s->s->name)) && strcmp(s->group, group) == 0)
            return true;
    }
    return false;
}

static json_t *properties_of(const json_t *old)
{
    const json_t *properties = json_object_get(old, "Properties");

    return properties ? json_deep_copy(properties) : json_object();
}

/* Of what is in the plan and comes later: it stays as it is. */
static void restore(struct plan_ctx *c, const json_t *resources)
{
    for (size_t i = 0; i < c->g->len; i++) {
        struct graph_resource *r = &c->g->resources[i];
        const json_t *old = json_object_get(resources, r->logical_id);
        bool same_thing = old && text_eq(json_str(old, "Type"), r->type);

        if (!same_thing || !is_of_later_stage(c, r->group))
            continue;
        json_decref(r->properties);
        r->properties = properties_of(old);
    }
}

/* Of what is not in the plan: it is added. */
static void keep(struct plan_ctx *c, const char *id, const json_t *old)
{
    struct graph_resource *r = graph_add(
        c->g,
        json_str_or(old, "Metadata.Group", "stack"),
        id,
        json_str_or(old, "Type", ""),
        properties_of(old));

    r->deletion_policy = arena_strdup(c->a, json_str(old, "DeletionPolicy"));
    r->replace_policy = arena_strdup(c->a, json_str(old, "UpdateReplacePolicy"));
}

static void keep_order(struct plan_ctx *c, const char *id, const json_t *old)
{
    const json_t *on = json_object_get(old, "DependsOn");

    for (size_t i = 0; i < json_array_size(on); i++) {
        const char *before = json_string_value(json_array_get(on, i));
        if (graph_get(c->g, before))
            graph_depend(c->g, id, before);
    }
}

/* Names of what the plan lacks; not `all`: only of services that come later. */
static json_t *missing(const struct plan_ctx *c, const json_t *resources, bool all)
{
    json_t *ids = json_array();
    const char *id;
    json_t *old;

    json_object_foreach((json_t *)resources, id, old) {
        const char *group = json_str_or(old, "Metadata.Group", "");
        if (!graph_get(c->g, id) && (all || is_of_later_stage(c, group)))
            json_push(ids, json_string(id));
    }
    return ids;
}

/* What belongs to nobody any more is left out when there is no room for it beside the new; not
 * where only some services are deployed: the rest is left as it is. */
static json_t *missing_that_fit(const struct plan_ctx *c, const json_t *resources)
{
    json_t *ids = missing(c, resources, true);

    if (c->r->only_count || c->g->len + json_array_size(ids) <= LIMIT_PLAN_RESOURCES)
        return ids;
    json_decref(ids);
    return missing(c, resources, false);
}

static void keep_notes(struct plan_ctx *c)
{
    json_t *notes = json_at(c->g->metadata, "Defang.services");
    const char *service;
    json_t *note;

    json_object_foreach(json_at(c->r->previous, "Metadata.Defang.services"), service, note) {
        if (!json_object_get(notes, service))
            json_add(notes, service, json_deep_copy(note));
    }
}

/* Nothing is removed before the last stage, and services of later stages are left as they are with
 * all that is theirs: when a one-off fails, what ran goes on to run. References of what is kept
 * resolve, because all of the deployed template is there. */
void plan_keep_deployed(struct plan_ctx *c)
{
    const json_t *resources = json_object_get(c->r->previous, "Resources");

    restore(c, resources);
    cleanup_json json_t *ids = missing_that_fit(c, resources);

    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        keep(c, id, json_object_get(resources, id));
    }
    /* Once all are there: one may wait for another of them. */
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        keep_order(c, id, json_object_get(resources, id));
    }
    keep_notes(c);
}
