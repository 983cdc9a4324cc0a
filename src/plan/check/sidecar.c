/* Sidecars: services with `network_mode: service:x`, containers in x's task (defang.md 7.7). They
 * have x's address, role, replicas and size.
 *
 * Refused: a service to live with that is not there, is the sidecar itself, is another's sidecar, a
 * managed store, runs once, or is of another architecture; ports and a domainname of its own; an
 * order within the task that never comes true. Warned of: replicas of its own. */
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/common/context.h"
#include <string.h>

/* Whether the other service's task can take it. */
static void
check_host(struct plan_check *c, const struct plan_service *s, const struct plan_service *in)
{
    const char *name = in->s->name;

    if (in->kind != PLAN_CONTAINER)
        plan_error(
            &c->diag,
            s->s->pos,
            arena_printf(c->a, "Reach it by its name, %s, from a service of its own.", in->label),
            "service %s: network_mode names %s, a managed store, which has no task",
            s->s->name,
            name);
    else if (in->once)
        plan_error(
            &c->diag,
            s->s->pos,
            "Let the other service run on, or run both from one image.",
            "service %s: network_mode names %s, which runs once and ends",
            s->s->name,
            name);
    else if (strcmp(in->arch, s->arch) != 0)
        plan_error(
            &c->diag,
            s->s->pos,
            "Give both the same platform.",
            "service %s is built for %s and runs in the task of %s, which is %s",
            s->s->name,
            s->arch,
            name,
            in->arch);
}

static void check_parent(struct plan_check *c, const struct plan_service *s)
{
    const char *name = s->s->network_mode + strlen("service:");
    const struct plan_service *in = plan_view_get(&c->v, name);

    if (!in)
        plan_error(
            &c->diag,
            s->s->pos,
            "Name a service of the project.",
            "service %s: network_mode names service %s, which is not deployed",
            s->s->name,
            name);
    else if (in == s)
        plan_error(
            &c->diag,
            s->s->pos,
            "Name another service.",
            "service %s: network_mode names the service itself",
            s->s->name);
    else if (in->kind == PLAN_SIDECAR)
        plan_error(
            &c->diag,
            s->s->pos,
            arena_printf(c->a, "Name the service that %s names.", name),
            "service %s: network_mode names %s, which is itself in another service's task",
            s->s->name,
            name);
    else
        check_host(c, s, in);
}

static void check_address(struct plan_check *c, const struct plan_service *s)
{
    const char *name = s->s->network_mode + strlen("service:");

    if (s->s->port_count)
        plan_error(
            &c->diag,
            s->s->ports[0].pos,
            arena_printf(
                c->a, "Declare the port on %s: all containers of a task share its address.", name),
            "service %s: a sidecar has no ports of its own",
            s->s->name);
    else if (s->s->expose_count)
        plan_error(
            &c->diag,
            s->s->pos,
            arena_printf(
                c->a, "Expose the port on %s: all containers of a task share its address.", name),
            "service %s: a sidecar has no ports of its own",
            s->s->name);
    if (!text_empty(s->s->domainname))
        plan_error(
            &c->diag,
            s->s->pos,
            arena_printf(c->a, "Set it on %s.", name),
            "service %s: a sidecar has no domainname of its own",
            s->s->name);
    if (s->s->deploy.replicas >= 0)
        plan_warn(
            &c->diag,
            s->s->deploy.pos,
            "Remove deploy.replicas.",
            "service %s: it runs once in every task of %s, its own replicas are ignored",
            s->s->name,
            name);
}

/* ECS waits for the end of a container only if the task outlives that container. */
static void check_order(struct plan_check *c, const struct plan_service *s)
{
    for (size_t i = 0; i < s->s->depends_on_count; i++) {
        const struct compose_dependency *d = &s->s->depends_on[i];
        const struct plan_service *on = plan_view_get(&c->v, d->service);

        if (!on || d->condition != COMPOSE_COMPLETED || plan_task_of(on) != plan_task_of(s))
            continue;
        if (on->kind != PLAN_SIDECAR)
            plan_error(
                &c->diag,
                d->pos,
                "Make it a service of its own.",
                "service %s waits for %s to complete, and the task ends with %s",
                s->s->name,
                d->service,
                d->service);
        else if (!text_eq(on->s->restart, "no"))
            plan_error(
                &c->diag,
                d->pos,
                arena_printf(c->a, "Set restart: \"no\" on %s.", d->service),
                "service %s waits for %s to complete, which is started again whenever it ends",
                s->s->name,
                d->service);
    }
}

void plan_check_sidecar(struct plan_check *c, const struct plan_service *s)
{
    check_parent(c, s);
    check_address(c, s);
    check_order(c, s);
}
