/* Config values as the planner knows them: never the value, only where it lies and that it was set
 * anew. A new mark gives a new name or version to whatever is made of the value, and so a new task.
 *
 * What is derived from config lies beside it, not under it: `config ls` shows what people set. A
 * stack's name has no hyphen, so no other stack's config is there. */
#include "plan/common/config.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "plan/passwords.h"
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
    return c ? plan_mark(c->version, c->set_ms) : 0;
}

long long plan_mark(long long version, long long set_ms)
{
    return set_ms ? set_ms * 1000 + version % 1000 : version;
}

long long plan_password_version(const struct plan_request *r, const char *id, const char *name)
{
    struct plan_password deployed;
    long long version = plan_config_version(r, name);
    bool same = plan_password_deployed(r->previous, id, &deployed) &&
                text_eq(strrchr(deployed.parameter, '/') + 1, name);

    if (!version || !same || !plan_password_is_new(&deployed, version, plan_config_mark(r, name)))
        return version;
    return deployed.version + 1;
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
