/* The place to build alone: of a graph what plan_build_needs() names, and what that refers to. So
 * that an image can be built before anything of the project is deployed, and without a store or a
 * load balancer that costs money. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/build/builds.h"
#include "plan/plan.h"
#include <string.h>

static size_t position(const struct graph *g, const char *logical_id)
{
    for (size_t i = 0; logical_id && i < g->len; i++)
        if (strcmp(g->resources[i].logical_id, logical_id) == 0)
            return i;
    return g->len;
}

static bool leans_on(const struct graph_resource *r, const char *logical_id)
{
    for (size_t i = 0; i < r->depends_on_count; i++)
        if (strcmp(r->depends_on[i], logical_id) == 0)
            return true;
    return graph_refers(r->properties, logical_id);
}

static void keep(const struct graph *g, bool *kept, const char *logical_id)
{
    size_t i = position(g, logical_id);

    if (i == g->len || kept[i])
        return;
    kept[i] = true;
    for (size_t k = 0; k < g->len; k++)
        if (!kept[k] && leans_on(&g->resources[i], g->resources[k].logical_id))
            keep(g, kept, g->resources[k].logical_id);
}

static void copy(struct graph *to, const struct graph_resource *r)
{
    struct graph_resource *added =
        graph_add(to, r->group, r->logical_id, r->type, json_deep_copy(r->properties));

    added->deletion_policy = r->deletion_policy;
    added->replace_policy = r->replace_policy;
    added->purge = r->purge;
    added->usual = r->usual;
    for (size_t i = 0; i < r->depends_on_count; i++)
        graph_depend(to, r->logical_id, r->depends_on[i]);
}

struct graph *plan_build_place(const struct graph *whole, const struct compose_project *p)
{
    struct graph *g = graph_new(whole->description);
    struct plan_build_needs needs;
    bool *kept = arena_array(g->arena, bool, whole->len + 1);

    plan_build_needs(g->arena, p, &needs);
    for (size_t i = 0; i < needs.count; i++)
        keep(whole, kept, needs.logical_ids[i]);
    keep(whole, kept, needs.cluster);
    keep(whole, kept, needs.security_group);
    for (size_t i = 0; i < ARRAY_LEN(needs.subnets); i++)
        keep(whole, kept, needs.subnets[i]);
    keep(whole, kept, PLAN_BUILD_BUCKET);

    for (size_t i = 0; i < whole->len; i++)
        if (kept[i])
            copy(g, &whole->resources[i]);
    json_decref(g->metadata);
    g->metadata = json_deep_copy(whole->metadata);

    return g;
}
