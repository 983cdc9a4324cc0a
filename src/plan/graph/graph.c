/* The graph: resources in the order in which they were added, found by id through a hash index,
 * because every dependency and reference asks for one.
 *
 * Resources move when their array grows, so a pointer to one is good until the next graph_add().
 * Adding a name twice, or a dependency of a name that is not there, is a mistake of the planner and
 * aborts; what a project can bring about is graph_check()'s to say. */
#include "plan/graph/graph.h"
#include "base/mem.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

struct graph *graph_new(const char *description)
{
    struct arena *a = arena_new();
    struct graph *g = arena_make(a, struct graph);

    g->arena = a;
    g->description = arena_strdup(a, description);
    return g;
}

void graph_free(struct graph *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->len; i++)
        json_decref(g->resources[i].properties);
    for (size_t i = 0; i < g->output_count; i++)
        json_decref(g->outputs[i].value);
    json_decref(g->metadata);
    free(g->resources);
    free(g->outputs);
    free(g->index);

    struct arena *arena = g->arena;
    arena_wipe_ptr(&arena); /* holds g itself, and values of variables */
}

void graph_free_ptr(struct graph **g)
{
    graph_free(*g);
    *g = NULL;
}

static size_t hash_id(const char *s)
{
    size_t h = 1469598103934665603u;

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return h;
}

/* Open addressing; 0 is empty, else position + 1. */
static size_t *index_slot(size_t *index, size_t size, const struct graph *g, const char *id)
{
    for (size_t i = hash_id(id) & (size - 1);; i = (i + 1) & (size - 1))
        if (!index[i] || strcmp(g->resources[index[i] - 1].logical_id, id) == 0)
            return &index[i];
}

static void index_grow(struct graph *g)
{
    size_t size = g->index_size ? g->index_size * 2 : 256;
    size_t *index = xcalloc(size, sizeof *index);

    for (size_t i = 0; i < g->len; i++)
        *index_slot(index, size, g, g->resources[i].logical_id) = i + 1;
    free(g->index);
    g->index = index;
    g->index_size = size;
}

struct graph_resource *graph_get(const struct graph *g, const char *logical_id)
{
    if (!g->index_size)
        return NULL;
    size_t at = *index_slot(g->index, g->index_size, g, logical_id);
    return at ? &g->resources[at - 1] : NULL;
}

struct graph_resource *graph_add(
    struct graph *g,
    const char *group,
    const char *logical_id,
    const char *type,
    json_t *properties)
{
    if (graph_get(g, logical_id) || !properties) {
        fprintf(stderr, "graph: %s added twice or without properties\n", logical_id);
        abort();
    }
    if (g->len * 2 >= g->index_size)
        index_grow(g);
    if (g->len == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 64;
        g->resources = xreallocarray(g->resources, g->cap, sizeof *g->resources);
    }
    struct graph_resource *r = &g->resources[g->len];
    *r = (struct graph_resource){
        .logical_id = arena_strdup(g->arena, logical_id),
        .type = arena_strdup(g->arena, type),
        .group = arena_strdup(g->arena, group),
        .properties = properties};
    *index_slot(g->index, g->index_size, g, logical_id) = ++g->len;
    return r;
}

void graph_depend(struct graph *g, const char *logical_id, const char *on)
{
    struct graph_resource *r = graph_get(g, logical_id);

    if (!r) {
        fprintf(stderr, "graph: dependency of unknown %s\n", logical_id);
        abort();
    }
    for (size_t i = 0; i < r->depends_on_count; i++)
        if (strcmp(r->depends_on[i], on) == 0)
            return;
    const char **list = arena_array(g->arena, const char *, r->depends_on_count + 1);
    if (r->depends_on_count)
        memcpy(list, r->depends_on, r->depends_on_count * sizeof *list);
    list[r->depends_on_count++] = arena_strdup(g->arena, on);
    r->depends_on = list;
}

void graph_output_add(struct graph *g, const char *name, json_t *value, const char *description)
{
    if (g->output_count == g->output_cap) {
        g->output_cap = g->output_cap ? g->output_cap * 2 : 16;
        g->outputs = xreallocarray(g->outputs, g->output_cap, sizeof *g->outputs);
    }
    g->outputs[g->output_count++] = (struct graph_output){
        .name = arena_strdup(g->arena, name),
        .description = arena_strdup(g->arena, description),
        .value = value};
}

json_t *graph_ref(const char *logical_id)
{
    return json_pack("{s:s}", "Ref", logical_id);
}

json_t *graph_attr(const char *logical_id, const char *attribute)
{
    return json_pack("{s:[s,s]}", "Fn::GetAtt", logical_id, attribute);
}

json_t *graph_sub(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    struct str text = STR_INIT;
    str_vappendf(&text, fmt, ap);
    va_end(ap);
    json_t *j = json_pack("{s:s}", "Fn::Sub", str_get(&text));
    str_done(&text);
    return j;
}
