/* depends_on: the order of services, which the stages of a deployment keep (stage.c).
 *
 * Refused: a service that is not deployed (unless required: false), a circle, waiting for a managed
 * store to end. Warned of: waiting for health where nobody can tell, and where the other service
 * ends by itself. */
#include "plan/check/check.h"
#include "plan/container/health.h"

/* A healthcheck of its own, or the load balancer's: somebody must be able to tell. In one task only
 * ECS is there to ask. */
static bool has_judge(const struct plan_service *on, bool same_task)
{
    return plan_has_health(&on->s->healthcheck) || (on->ingress && !same_task);
}

static void check_condition(
    struct plan_check *c,
    const struct plan_service *s,
    const struct plan_service *on,
    const struct compose_dependency *d)
{
    bool same_task = plan_task_of(s) == plan_task_of(on);

    if (d->condition == COMPOSE_COMPLETED && !plan_is_task(on))
        plan_error(
            &c->diag,
            d->pos,
            "Use condition: service_healthy.",
            "service %s waits for %s to complete, and a managed store never does",
            s->s->name,
            d->service);
    if (d->condition != COMPOSE_HEALTHY)
        return;

    if (on->once)
        plan_warn(
            &c->diag,
            d->pos,
            "Use condition: service_completed_successfully.",
            "service %s waits for %s to be healthy, which runs once and ends: it waits until "
            "%s has succeeded",
            s->s->name,
            d->service,
            d->service);
    else if (plan_is_task(on) && !has_judge(on, same_task))
        plan_warn(
            &c->diag,
            d->pos,
            arena_printf(c->a, "Add a healthcheck to %s.", d->service),
            "service %s waits for %s to be healthy, which has no healthcheck: it waits until "
            "%s runs",
            s->s->name,
            d->service,
            d->service);
}

/* By tasks: a sidecar starts and ends with the service whose task it is in. */
static bool
is_circle(const struct plan_check *c, const struct plan_service *s, const struct plan_service *on)
{
    bool same_task = plan_task_of(s) == plan_task_of(on);

    return on == s ||
           (!same_task && c->circles[s - c->v.services] == c->circles[on - c->v.services]);
}

void plan_check_depends(struct plan_check *c, const struct plan_service *s)
{
    for (size_t i = 0; i < s->s->depends_on_count; i++) {
        const struct compose_dependency *d = &s->s->depends_on[i];
        const struct plan_service *on = plan_view_get(&c->v, d->service);

        if (!on && d->required)
            plan_error(
                &c->diag,
                d->pos,
                "Name a service of the project, or set required: false.",
                "service %s depends on %s, which is not deployed",
                s->s->name,
                d->service);
        else if (on && is_circle(c, s, on))
            plan_error(
                &c->diag,
                d->pos,
                "Remove one of the dependencies.",
                "service %s depends on itself through %s",
                s->s->name,
                d->service);
        else if (on)
            check_condition(c, s, on, d);
    }
}
