/* Values that a deployment brings beside its stack: composed parameters, passwords of stores,
 * credentials of registries. Put before what names them is made, pruned when nothing names them any
 * more. */
#include "daemon/jobs/up.h"

#include "base/str.h"
#include "engine/values/derived.h"
#include "engine/values/store_secrets.h"
#include "plan/registries.h"

/* Whether what was deployed before had a store whose password we keep (DocumentDB), or a task with
 * the credentials of a registry: else there is none to remove. */
static bool had_store_secrets(const struct up *u)
{
    json_t *resources = json_object_get(u->before, "Resources");
    const char *id;
    json_t *resource;

    json_object_foreach(resources, id, resource) {
        if (text_eq(json_str(resource, "Type"), "AWS::DocDB::DBCluster") ||
            plan_pulls_by_secret(resource))
            return true;
    }

    return false;
}

int up_put_secrets(struct up *u, bool prune, struct error *err)
{
    struct plan_store_secret *list;
    size_t count;

    plan_store_secrets(u->j->arena, &u->request, &list, &count);

    if (prune)
        return count || had_store_secrets(u)
                   ? flow_store_secrets_prune(&u->j->context, list, count, err)
                   : 0;

    return flow_store_secrets_put(&u->j->context, list, count, err);
}

int up_put_for_builds(struct up *u, struct error *err)
{
    struct plan_derived *list;
    size_t count, n = 0;

    plan_derived(u->j->arena, &u->request, &list, &count);
    for (size_t i = 0; i < count; i++)
        if (list[i].for_builds)
            list[n++] = list[i];
    return flow_derived_put(&u->j->context, list, n, err);
}

int up_put_derived(struct up *u, bool prune, struct error *err)
{
    struct plan_derived *list;
    size_t count;

    plan_derived(u->j->arena, &u->request, &list, &count);
    if (prune)
        return flow_derived_prune(&u->j->context, list, count, err);

    return flow_derived_put(&u->j->context, list, count, err);
}
