/* Which version of a service a plan deploys. Containers carry the id of a deployment in their
 * names, so a new id is a new task definition, and ECS starts new tasks for it. A service whose
 * content did not change keeps the id that it has in the deployed template, so that nothing of it
 * changes.
 *
 * Content is the task definition without the id, and the versions of the configs that it draws
 * from: those are read when a task starts, and the task definition names them the same. Hash and id
 * stand in the template's metadata, and so travel with it. */
#include "plan/task/version.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/route.h"
#include "plan/names.h"
#include "plan/task/taskdef.h"
#include <string.h>

#define NO_DEPLOYMENT "-"

int plan_version_hash(struct plan_ctx *c, const struct plan_service *s, char **out)
{
    cleanup_json json_t *task = NULL;
    cleanup_str struct str all = STR_INIT;

    int rc = plan_task_definition(c, s, NO_DEPLOYMENT, &task);
    if (rc)
        return rc;

    cleanup_free char *text = json_print(task, false, true);
    str_append(&all, text);
    plan_task_configs(c, s, &all);
    *out = plan_hash_hex(str_get(&all), 16);
    return 0;
}

const char *
plan_version_deployment(const struct plan_ctx *c, const struct plan_service *s, const char *hash)
{
    const json_t *notes = json_at(c->r->previous, "Metadata.Defang.services");
    const json_t *before = json_object_get(notes, s->s->name);
    const char *deployment = json_str(before, "deployment");
    bool unchanged = deployment && text_eq(json_str(before, "hash"), hash);

    /* A one-off that runs in this deployment is of this deployment, also when it runs again as it
     * was. */
    return unchanged && !s->pending ? deployment : c->r->deployment;
}

/* The output that says the service's public address; NULL when it has no route. */
static const char *endpoint_output(const struct plan_ctx *c, const struct plan_service *s)
{
    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].service == s)
            return plan_endpoint_output(c->a, &c->routes[i]);
    return NULL;
}

/* Those of its other addresses; NULL when it has none. */
static json_t *more_outputs(const struct plan_ctx *c, const struct plan_service *s)
{
    const char *first = endpoint_output(c, s);
    json_t *names = array();

    for (size_t i = 0; i < c->route_count; i++) {
        const struct plan_route *r = &c->routes[i];
        const char *name = r->service == s ? plan_endpoint_output(c->a, r) : NULL;

        if (name && strcmp(name, first) != 0)
            json_push(names, json_string(name));
        for (size_t k = 1; name && k < r->place_count; k++)
            json_push(names, json_string(plan_place_output(c->a, r, &r->places[k])));
    }
    return json_unless_empty(names);
}

static json_t *sidecars(const struct plan_ctx *c, const struct plan_service *s)
{
    const struct plan_service *member;
    json_t *names = array();

    for (size_t i = 1; (member = plan_task_member(&c->v, s, i)); i++)
        json_push(names, json_string(member->s->name));
    return json_unless_empty(names);
}

void plan_version_note(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, const char *hash)
{
    const char *endpoint = NULL;

    if (!s->ingress && !s->network && s->port_count)
        endpoint = arena_printf(c->a, "%s.%s:%u", s->label, c->domain, s->ports[0].target);

    json_t *note = object(
        key("deployment", deployment),
        key("hash", hash),
        key("endpointOutput", endpoint_output(c, s)),
        key("moreOutputs", more_outputs(c, s)),
        key("endpoint", endpoint),
        key("sidecars", sidecars(c, s)));
    json_add(json_at(c->g->metadata, "Defang.services"), s->s->name, note);
}
