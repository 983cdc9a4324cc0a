/* What the managed stores share: where their variables are read from, who reaches them, and what
 * becomes of their data.
 *
 * A store that is deleted or replaced leaves a last snapshot, in every mode: a few cents a month
 * against rows that nobody can bring back. Only `--no-snapshot` leaves none. */
#include "plan/store/store.h"
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
