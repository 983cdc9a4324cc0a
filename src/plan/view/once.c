/* The view: which services run once and end (defang.md 6.7). Those are a job mode, one that another
 * service waits for to complete, and `restart: "no"` without a published port: who publishes one
 * means to be called, and says so of development. Part of plan_view_make(). */
#include "base/str.h"
#include "plan/view/parts.h"
#include "plan/view/view.h"
#include <string.h>

bool plan_is_job_mode(const char *mode)
{
    return text_eq(mode, "replicated-job") || text_eq(mode, "global-job");
}

bool plan_is_awaited(const struct plan_view *v, const char *name)
{
    const struct plan_service *s = plan_view_get(v, name);

    return s && s->awaited;
}

static void mark_awaited(const struct plan_view *v, const struct compose_service *s)
{
    for (size_t i = 0; i < s->depends_on_count; i++) {
        const struct compose_dependency *d = &s->depends_on[i];
        struct plan_service *on =
            d->condition == COMPOSE_COMPLETED ? plan_view_get(v, d->service) : NULL;

        if (on)
            on->awaited = true;
    }
}

void plan_view_once(struct plan_view *v)
{
    for (size_t i = 0; i < v->count; i++)
        mark_awaited(v, v->services[i].s);

    for (size_t i = 0; i < v->count; i++) {
        struct plan_service *s = &v->services[i];
        if (s->kind != PLAN_CONTAINER) /* a sidecar ends within its service's task */
            continue;
        bool alone = text_eq(s->s->restart, "no") && !s->s->port_count;
        s->once = alone || plan_is_job_mode(s->s->deploy.mode) || s->awaited;
        if (s->once)
            s->port_count = 0; /* nobody is let in: plan_check says so */
    }
}
