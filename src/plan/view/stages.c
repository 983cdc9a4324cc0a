/* The view: in which stage of a deployment each service comes.
 *
 * A service's stage is one more than that of the last one-off before it, or that of the last
 * service before it. One-offs that do not run in this deployment part nothing: without any that
 * runs there is one stage, the whole. What the stages do to a plan is stage.c. A deployment of some
 * services (partial.h) leaves the others where they are, whatever the stage. */
#include "base/mem.h"
#include "plan/partial.h"
#include "plan/view/view.h"
#include <limits.h>
#include <string.h>

static bool is_pending(const struct plan_request *r, const struct plan_service *s)
{
    for (size_t i = 0; s->once && i < r->pending_count; i++)
        if (strcmp(r->pending[i], s->s->name) == 0)
            return true;
    return false;
}

const struct plan_service *plan_waited(
    const struct plan_view *v, const struct plan_service *s, const struct compose_dependency *d)
{
    const struct plan_service *on = plan_view_get(v, d->service),
                              *task = on ? plan_task_of(on) : NULL;
    return task == s ? NULL : task;
}

#define OPEN UINT_MAX

/* `known` is 0 where nothing is known yet; a cycle, which plan_check refuses, ends. */
static unsigned stage_of(
    const struct plan_request *r,
    const struct plan_view *v,
    const struct plan_service *s,
    unsigned *known)
{
    unsigned *mine = &known[s - v->services];

    if (*mine)
        return *mine == OPEN ? 1 : *mine;
    *mine = OPEN;
    unsigned stage = 1;
    const struct plan_service *member;
    for (size_t m = 0; s->kind == PLAN_CONTAINER && (member = plan_task_member(v, s, m)); m++)
        for (size_t i = 0; i < member->s->depends_on_count; i++) {
            const struct plan_service *on = plan_waited(v, s, &member->s->depends_on[i]);
            unsigned before = on ? stage_of(r, v, on, known) + (is_pending(r, on) ? 1 : 0) : 1;
            stage = MAX(stage, before);
        }
    return *mine = stage;
}

static unsigned *all_stages(const struct plan_request *r, const struct plan_view *v)
{
    unsigned *known = xcalloc(v->count + 1, sizeof *known);

    for (size_t i = 0; i < v->count; i++)
        stage_of(r, v, &v->services[i], known);
    return known;
}

void plan_view_stages(const struct plan_request *r, struct plan_view *v)
{
    cleanup_free unsigned *known = all_stages(r, v);

    for (size_t i = 0; i < v->count; i++) {
        v->services[i].stage = known[i];
        v->services[i].pending = is_pending(r, &v->services[i]);
    }
}

bool plan_is_held(const struct plan_request *r, const char *service)
{
    for (size_t i = 0; i < r->only_count; i++)
        if (strcmp(r->only[i], service) == 0)
            return false;
    return r->only_count > 0;
}
