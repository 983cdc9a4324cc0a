/* Resources that cannot be replaced beside themselves.
 *
 * A stack makes the new one first and removes the old one at its end. One with a name of its own,
 * unique where it stands, cannot be made so: "already exists". A service that was a container and
 * becomes a managed store, or the other way, meets it in Cloud Map, whose service has another
 * create-only property then and the same name.
 *
 * So it is done in two steps: first a template of what is deployed without the old one, and without
 * what refers to it; then the plan. plan_make_room() makes the first. It is made of what is
 * deployed and of nothing new, so that nothing else changes in it. What holds data is never taken
 * away to make room: then AWS has the last word.
 *
 * The same way goes what somebody deleted from outside (engine/run/gone.h): a stack that is told to
 * remove what is not there does so without a word, and makes it anew afterwards. */
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "plan/consent.h"
#include <stdint.h>
#include <string.h>

/* Of those that the planner names; `scope`: another one there is another name. Sources: the pages
 * of the types in the CloudFormation reference, and CreateService of Cloud Map's API. */
static const struct {
    const char *type, *name, *scope;
} NAMED[] = {
    {"AWS::CloudFront::Function", "Name", NULL},
    {"AWS::ECR::Repository", "RepositoryName", NULL},
    {"AWS::ECS::Cluster", "ClusterName", NULL},
    {"AWS::ECS::Service", "ServiceName", "Cluster"},
    {"AWS::ElasticLoadBalancingV2::TargetGroup", "Name", NULL},
    {"AWS::Events::Rule", "Name", NULL},
    {"AWS::Logs::LogGroup", "LogGroupName", NULL},
    {"AWS::Logs::ResourcePolicy", "PolicyName", NULL},
    {"AWS::ServiceDiscovery::Service", "Name", "NamespaceId"},
};

struct room {
    struct arena *a;
    const json_t *old; /* Resources of what is deployed */
    const struct graph *g;
    const struct graph_diff *d;
    json_t *gone; /* logical id → true: what goes to make room */
};

static bool same(const json_t *a, const json_t *b, const char *property)
{
    const json_t *x = property ? json_object_get(a, property) : NULL;
    const json_t *y = property ? json_object_get(b, property) : NULL;

    return !property || (x && y && json_equal(x, y)) || (!x && !y);
}

/* Both are of the type, and the second would be made beside the first under its name. */
static bool clashes(const char *type, const json_t *before, const json_t *after)
{
    for (size_t i = 0; i < ARRAY_LEN(NAMED); i++)
        if (text_eq(NAMED[i].type, type))
            return json_object_get(after, NAMED[i].name) && same(before, after, NAMED[i].name) &&
                   same(before, after, NAMED[i].scope);
    return false;
}

static const struct graph_change *change_of(const struct room *m, const char *id)
{
    for (size_t i = 0; i < m->d->len; i++)
        if (strcmp(m->d->changes[i].logical_id, id) == 0)
            return &m->d->changes[i];
    return NULL;
}

/* Whether the old one goes at the end of the stack's update. */
static bool goes_last(const struct room *m, const char *id)
{
    const struct graph_change *c = change_of(m, id);

    return c && (c->action == GRAPH_REMOVE || text_eq(c->replacement, "replace"));
}

/* The deployed resources whose name this new one wants. */
static void find_of(struct room *m, const struct graph_resource *r)
{
    const char *id;
    json_t *old;

    json_object_foreach((json_t *)m->old, id, old) {
        if (text_eq(json_str(old, "Type"), r->type) && goes_last(m, id) &&
            clashes(r->type, json_object_get(old, "Properties"), r->properties))
            json_object_set_new(m->gone, id, json_true());
    }
}

static void find(struct room *m)
{
    for (size_t i = 0; i < m->d->len; i++) {
        const struct graph_change *c = &m->d->changes[i];
        bool made = c->action == GRAPH_ADD || text_eq(c->replacement, "replace");
        if (made)
            find_of(m, graph_get(m->g, c->logical_id));
    }
}

static bool refers_to_gone(const struct room *m, const json_t *value)
{
    const char *id;
    json_t *unused;

    json_object_foreach(m->gone, id, unused)
        if (graph_refers(value, id))
            return true;
    return false;
}

/* One more that refers to what goes; NULL when there is none. */
static const char *next_of(const struct room *m)
{
    const char *id;
    json_t *old;

    json_object_foreach((json_t *)m->old, id, old)
        if (!json_object_get(m->gone, id) && refers_to_gone(m, json_object_get(old, "Properties")))
            return id;
    return NULL;
}

/* Who refers to what goes, goes too. */
static void close_over(struct room *m)
{
    for (const char *id; (id = next_of(m)) != NULL;)
        json_object_set_new(m->gone, id, json_true());
}

/* Those of `gone` that are in the deployed template. */
static void mark(struct room *m, const json_t *gone)
{
    const char *id;
    json_t *unused;

    json_object_foreach((json_t *)(uintptr_t)gone, id, unused)
        if (json_object_get(m->old, id))
            json_object_set_new(m->gone, id, json_true());
}

json_t *plan_gone_closure(const json_t *deployed, const json_t *gone)
{
    struct room m = {.old = json_object_get(deployed, "Resources"), .gone = json_object()};

    mark(&m, gone);
    close_over(&m);
    return m.gone;
}

/* What is gone already is not lost by being taken out of the stack. */
static bool loses_nothing(const struct room *m, const json_t *gone)
{
    const char *id;
    json_t *unused;

    json_object_foreach(m->gone, id, unused) {
        const char *type = json_str(json_object_get(m->old, id), "Type");
        if (!json_object_get(gone, id) && plan_effect_of_going(type) >= PLAN_MOVES)
            return false;
    }
    return true;
}

/* ---- the graph ---- */

static void add_resource(struct graph *g, const char *id, const json_t *old)
{
    json_t *properties = json_object_get(old, "Properties");
    struct graph_resource *r = graph_add(
        g,
        json_str_or(old, "Metadata.Group", "stack"),
        id,
        json_str_or(old, "Type", ""),
        properties ? json_deep_copy(properties) : json_object());

    r->deletion_policy = arena_strdup(g->arena, json_str(old, "DeletionPolicy"));
    r->replace_policy = arena_strdup(g->arena, json_str(old, "UpdateReplacePolicy"));
    r->purge = json_is_true(json_at(old, "Metadata.Purge"));
}

/* One name, or a list. */
static void add_order(const struct room *m, struct graph *g, const char *id, const json_t *on)
{
    if (json_is_string(on) && !json_object_get(m->gone, json_string_value(on)))
        graph_depend(g, id, json_string_value(on));
    for (size_t i = 0; i < json_array_size(on); i++)
        add_order(m, g, id, json_array_get(on, i));
}

static void add_outputs(const struct room *m, struct graph *g, const json_t *outputs)
{
    const char *name;
    json_t *output;

    json_object_foreach((json_t *)outputs, name, output) {
        json_t *value = json_object_get(output, "Value");
        if (value && !refers_to_gone(m, value))
            graph_output_add(
                g, name, json_deep_copy(value), json_str_or(output, "Description", ""));
    }
}

/* A service that goes is not noted as deployed: the plan would take its version over. */
static void forget(const struct room *m, json_t *metadata, const char **names)
{
    json_t *notes = json_at(metadata, "Defang.services");
    cleanup_str struct str list = STR_INIT;
    const char *id;
    json_t *unused;

    json_object_foreach(m->gone, id, unused) {
        const char *group = json_str(json_object_get(m->old, id), "Metadata.Group");
        const char *service = text_starts(group, "service/") ? group + strlen("service/") : NULL;
        if (!service)
            continue;
        json_object_del(notes, service);
        if (!strstr(str_get(&list), service))
            str_appendf(&list, "%s%s", list.len ? ", " : "", service);
    }
    *names = arena_strdup(m->a, str_get(&list));
}

struct graph *plan_graph_of(const json_t *deployed, const json_t *without)
{
    struct room m = {
        .old = json_object_get(deployed, "Resources"), .gone = (json_t *)(uintptr_t)without};
    struct graph *g = graph_new(json_str_or(deployed, "Description", ""));
    const char *id;
    json_t *old;

    g->metadata = json_deep_copy(json_object_get(deployed, "Metadata"));
    json_object_foreach((json_t *)m.old, id, old)
        if (!json_object_get(m.gone, id))
            add_resource(g, id, old);
    json_object_foreach((json_t *)m.old, id, old)
        if (!json_object_get(m.gone, id))
            add_order(&m, g, id, json_object_get(old, "DependsOn"));
    add_outputs(&m, g, json_object_get(deployed, "Outputs"));
    return g;
}

json_t *plan_without(const json_t *deployed, const json_t *gone)
{
    json_t *out = json_deep_copy(deployed), *notes = json_at(out, "Metadata.Defang.services");
    const char *id;
    json_t *unused;

    json_object_foreach((json_t *)(uintptr_t)gone, id, unused) {
        json_t *resource = json_object_get(json_object_get(out, "Resources"), id);
        const char *group = json_str(resource, "Metadata.Group");

        if (text_starts(group, "service/"))
            json_object_del(notes, group + strlen("service/"));
        json_object_del(json_object_get(out, "Resources"), id);
    }
    return out;
}

struct graph *plan_make_room(
    struct arena *a,
    const json_t *deployed,
    const struct graph *g,
    const json_t *already_gone,
    const char **names)
{
    struct graph_diff d;

    *names = "";
    if (!deployed)
        return NULL;

    graph_diff(deployed, g, &d);
    cleanup_json json_t *gone = json_object();
    struct room m = {
        .a = a, .old = json_object_get(deployed, "Resources"), .g = g, .d = &d, .gone = gone};
    find(&m);
    mark(&m, already_gone);
    close_over(&m);
    bool possible = json_object_size(gone) && loses_nothing(&m, already_gone);
    struct graph *room = NULL;

    if (possible) {
        room = plan_graph_of(deployed, gone);
        forget(&m, room->metadata, names);
    }
    graph_diff_done(&d);
    return room;
}
