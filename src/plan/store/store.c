/* What the managed stores share: where their variables are read from, who reaches them, and what
 * becomes of their data.
 *
 * A store that is deleted or replaced leaves a last snapshot, in every mode: a few cents a month
 * against rows that nobody can bring back. Only `--no-snapshot` leaves none. */
#include "plan/store/store.h"

#include "base/str.h"
#include <string.h>

const struct compose_env *plan_store_env(const struct compose_service *s, const char *name)
{
    for (size_t i = 0; i < s->environment_count; i++)
        if (strcmp(s->environment[i].name, name) == 0)
            return &s->environment[i];
    return NULL;
}

json_t *plan_store_groups(const struct plan_ctx *c, const struct plan_service *s)
{
    return array(graph_attr(arena_printf(c->a, "SecurityGroup%s", s->id), "GroupId"));
}

json_t *plan_store_tags(const struct plan_ctx *c, const struct plan_service *s)
{
    return plan_tags(arena_printf(c->a, "%s-%s", c->scope, s->s->name), s->s->name);
}

const char *plan_store_description(const struct plan_ctx *c, const struct plan_service *s)
{
    return arena_printf(c->a, "Service %s of %s", s->s->name, c->scope);
}

void plan_store_keep_data(struct graph_resource *store)
{
    store->deletion_policy = "Snapshot";
    store->replace_policy = "Snapshot";
}

/* Of what is deployed; *deployed: it is there. */
static const char *
made_of(const struct plan_ctx *c, const char *id, const char *property, bool *deployed)
{
    const json_t *before = json_object_get(json_object_get(c->r->previous, "Resources"), id);
    const json_t *properties = json_object_get(before, "Properties");

    *deployed = before != NULL;
    return json_string_value(json_object_get(properties, property));
}

const char *plan_store_snapshot(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const char *id,
    const char *property,
    const char *said)
{
    bool deployed = false;
    const char *before = made_of(c, id, property, &deployed);
    bool latest = text_eq(said, PLAN_SNAPSHOT_LATEST);

    if (said && !latest)
        return said;
    if (deployed)
        return before ? arena_strdup(c->a, before) : NULL;

    for (size_t i = 0; latest && i < c->f->snapshot_count; i++)
        if (text_eq(c->f->snapshots[i].service, s->s->name))
            return c->f->snapshots[i].name;
    return NULL;
}
