/* Config values as the planner knows them: never the value, only where it lies and that it was set
 * anew. A new mark gives a new name or version to whatever is made of the value, and so a new task.
 *
 * What is derived from config lies beside it, not under it: `config ls` shows what people set. A
 * stack's name has no hyphen, so no other stack's config is there. */
#include "plan/common/config.h"
#include "base/mem.h"
#include "base/str.h"
#include <string.h>

static const struct plan_config *config_get(const struct plan_request *r, const char *name)
{
    for (size_t i = 0; i < r->config_count; i++)
        if (strcmp(r->configs[i].name, name) == 0)
            return &r->configs[i];
    return NULL;
}

long long plan_config_version(const struct plan_request *r, const char *name)
{
    const struct plan_config *c = config_get(r, name);
    return c ? c->version : 0;
}

long long plan_config_mark(const struct plan_request *r, const char *name)
{
    const struct plan_config *c = config_get(r, name);
    return !c ? 0 : c->set_ms ? c->set_ms * 1000 + c->version % 1000 : c->version;
}

char *plan_derived_path(const struct plan_settings *s, const char *project)
{
    cleanup_free char *path = plan_config_path(s, project);
    path[strlen(path) - 1] = '\0';
    return xasprintf("%s-derived/", path);
}

char *plan_runs_path(const struct plan_settings *s, const char *project)
{
    cleanup_free char *path = plan_config_path(s, project);
    path[strlen(path) - 1] = '\0';
    return xasprintf("%s-runs/", path);
}
