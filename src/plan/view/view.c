/* What is asked of a view: which services are tasks, stores, builds, and who shares a task with
 * whom.
 *
 * A service is one kind of thing (view.h); the questions here are those that several rooms have, so
 * that all give the same answer. Whether an image is built is one of them: the checks, the plan,
 * the job and the rights of roles go by it. */
#include "plan/view/view.h"
#include "base/mem.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

static int compare_service(const void *name, const void *item)
{
    return strcmp(name, ((const struct plan_service *)item)->s->name);
}

/* They are in the model's order, which is that of their names. */
struct plan_service *plan_view_get(const struct plan_view *v, const char *name)
{
    return v->count ? bsearch(name, v->services, v->count, sizeof *v->services, compare_service)
                    : NULL;
}

/* With `image` and `build` Compose builds what is neither there nor to be had; with these policies
 * it pulls all the same. On AWS nothing is there before the first deployment. */
static bool always_pulls(const struct compose_service *s)
{
    static const char *const policies[] = {"always", "refresh", "daily", "weekly"};

    if (!s->image || !s->pull_policy)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(policies); i++)
        if (strcmp(s->pull_policy, policies[i]) == 0)
            return true;
    return text_starts(s->pull_policy, "every_");
}

bool plan_builds_image(const struct compose_service *s)
{
    return s->has_build && !always_pulls(s);
}

bool plan_is_store(const struct plan_service *s)
{
    return s->kind == PLAN_POSTGRES || s->kind == PLAN_REDIS || s->kind == PLAN_MONGODB;
}

bool plan_is_task(const struct plan_service *s)
{
    return s->kind == PLAN_CONTAINER || s->kind == PLAN_SIDECAR;
}

const struct plan_service *plan_task_of(const struct plan_service *s)
{
    return s->kind == PLAN_SIDECAR && s->in ? s->in : s;
}

const struct plan_service *
plan_task_member(const struct plan_view *v, const struct plan_service *s, size_t i)
{
    if (i == 0)
        return s;
    return i <= s->sidecar_count ? s->sidecars[i - 1] : NULL;
}

void plan_view_suffix(
    struct arena *a, const struct plan_settings *s, const char *project, struct plan_view *v)
{
    cleanup_free char *domain = plan_private_domain(s, project);
    v->suffix = v->adopt.vpc.value ? arena_printf(a, ".%s", domain) : NULL;
}
