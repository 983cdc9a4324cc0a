/* depends_on must make no circle.
 *
 * Whoever waits for nobody is taken away, again and again, until none is left or only those in
 * circles and behind them are. Iterative: a file may hold more services than a stack has frames.
 * One circle is told, with its way. */
#include "base/str.h"
#include "base/vec.h"
#include "compose/read/normal.h"

struct edges {
    size_t *items, len, cap;
};

struct graph_of_services {
    struct arena *arena;
    const struct yaml_node *services;
    struct strmap at;    /* name → position in services */
    struct edges *users; /* who waits for it */
    size_t *open;        /* how many it still waits for */
};

static const struct yaml_node *dependencies(const struct graph_of_services *g, size_t i)
{
    const struct yaml_node *deps = yaml_get(g->services->pairs[i].value, "depends_on");
    return deps && deps->kind == YAML_KIND_MAPPING ? deps : NULL;
}

static void add_edges(struct graph_of_services *g)
{
    for (size_t i = 0; i < g->services->len; i++) {
        const struct yaml_node *deps = dependencies(g, i);
        for (size_t k = 0; deps && k < deps->len; k++) {
            const size_t *to = strmap_get(&g->at, deps->pairs[k].key->value);
            if (!to)
                continue;
            g->open[i]++;
            vec_push(&g->users[*to], i);
        }
    }
}

/* Takes away whoever waits for nobody, until none is left or a circle is. Returns how many went. */
static size_t peel(struct graph_of_services *g)
{
    size_t *ready = arena_array(g->arena, size_t, g->services->len + 1), len = 0, done = 0;

    for (size_t i = 0; i < g->services->len; i++)
        if (!g->open[i])
            ready[len++] = i;
    for (; done < len; done++) {
        const struct edges *users = &g->users[ready[done]];
        for (size_t i = 0; i < users->len; i++)
            if (--g->open[users->items[i]] == 0)
                ready[len++] = users->items[i];
    }

    return done;
}

static size_t next_open(const struct graph_of_services *g, size_t i)
{
    const struct yaml_node *deps = dependencies(g, i);

    for (size_t k = 0; deps && k < deps->len; k++) {
        const size_t *to = strmap_get(&g->at, deps->pairs[k].key->value);
        if (to && g->open[*to])
            return *to;
    }

    return i;
}

/* Whoever is left waits for another that is left, so the walk comes round. */
static void complain(struct loader *l, const struct graph_of_services *g)
{
    size_t n = g->services->len, now = 0, len = 0, start = 0;
    size_t *path = arena_array(g->arena, size_t, n + 1);
    bool *seen = arena_array(g->arena, bool, n + 1);

    while (!g->open[now])
        now++;
    for (; !seen[now]; now = next_open(g, now)) {
        seen[now] = true;
        path[len++] = now;
    }

    while (path[start] != now)
        start++;
    cleanup_str struct str way = STR_INIT;
    for (size_t i = start; i < len && way.len < 400; i++)
        str_appendf(&way, "%s → ", g->services->pairs[path[i]].key->value);
    str_append(&way, g->services->pairs[now].key->value);
    const struct yaml_node *deps = dependencies(g, now);
    compose_diagnose(
        l->diags,
        COMPOSE_ERROR,
        deps->pairs[0].key->pos,
        "Take one of these dependencies away.",
        "depends_on makes a circle: %s",
        str_get(&way));
}

void cycle_check(struct loader *l, const struct yaml_node *services)
{
    struct graph_of_services g = {.arena = l->arena, .services = services};

    g.users = arena_array(l->arena, struct edges, services->len + 1);
    g.open = arena_array(l->arena, size_t, services->len + 1);
    for (size_t i = 0; i < services->len; i++)
        strmap_put(l->arena, &g.at, services->pairs[i].key->value, i);
    add_edges(&g);
    if (peel(&g) < services->len)
        complain(l, &g);
    for (size_t i = 0; i < services->len; i++)
        vec_free(&g.users[i]);
}
