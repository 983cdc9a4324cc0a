/* What a service that runs once and ends cannot have (defang.md 6.7): callers, more than one task,
 * a scaler, and a restart policy that says otherwise.
 *
 * It has no ECS service, so nothing would keep it running, scale it or send requests to it: its
 * ports are warned of, because Docker runs such a thing. */
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/view/extensions.h"
#include <string.h>

static struct yaml_pos pos_of(const struct plan_service *s, const char *key)
{
    const struct yaml_node *n = s->s->node ? yaml_get(s->s->node, key) : NULL;

    return n ? n->pos : s->s->pos;
}

static void check_ports(struct plan_check *c, const struct plan_service *s)
{
    static const char hint[] =
        "Set restart: unless-stopped if it is to run on, or take its ports away.";

    for (size_t i = 0; i < s->s->port_count; i++) {
        const struct compose_port *p = &s->s->ports[i];
        plan_warn(
            &c->diag,
            p->pos,
            hint,
            "service %s runs once and ends: nothing can reach its port %u",
            s->s->name,
            p->target);
    }
}

/* The engine runs one task of it, and only when it has a replica at all. */
static void check_replicas(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_service *x = s->s;

    if (s->replicas > 1)
        plan_error(
            &c->diag,
            x->deploy.pos,
            "Remove deploy.replicas, or set restart: unless-stopped if it is to run on.",
            "service %s runs once and ends: it cannot have %u replicas",
            x->name,
            s->replicas);
    if (s->replicas == 0 && plan_is_awaited(&c->v, x->name))
        plan_warn(
            &c->diag,
            x->deploy.pos,
            "Remove deploy.replicas: 0.",
            "service %s has no replica, so nobody waits for it to complete",
            x->name);
    if (x->extensions && yaml_get(x->extensions, "x-defang-autoscaling"))
        plan_warn(
            &c->diag,
            pos_of(s, "x-defang-autoscaling"),
            "Remove it.",
            "service %s runs once and ends: x-defang-autoscaling is ignored",
            x->name);
}

/* Why it runs once is told, because the key says otherwise. */
static void check_restart(struct plan_check *c, const struct plan_service *s)
{
    const char *restart = s->s->restart;
    const char *why = plan_is_job_mode(s->s->deploy.mode)
                          ? "it is a job"
                          : "another service waits for it to complete";

    if (!restart || strcmp(restart, "no") == 0)
        return;
    plan_warn(
        &c->diag,
        pos_of(s, "restart"),
        "Set restart: \"no\".",
        "service %s runs once and ends, because %s: restart \"%s\" is ignored",
        s->s->name,
        why,
        restart);
}

static void check_timeout(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *x = s->s->extensions;

    if (!x || !yaml_get(x, "x-defang-timeout"))
        return;
    if (plan_once_timeout_ms(s->s) < 0)
        plan_error(
            &c->diag,
            pos_of(s, "x-defang-timeout"),
            "As in x-defang-timeout: 90m.",
            "service %s: x-defang-timeout must be a time of a second or more",
            s->s->name);
    else if (!s->once)
        plan_warn(
            &c->diag,
            pos_of(s, "x-defang-timeout"),
            "Remove it, or set restart: \"no\" if the service is to end.",
            "service %s: x-defang-timeout is ignored, the service does not run once and end",
            s->s->name);
}

/* `restart: "no"` beside a port is said of development: Docker would not start it again. */
static void note_no_job(struct plan_check *c, const struct plan_service *s)
{
    if (s->kind == PLAN_CONTAINER && text_eq(s->s->restart, "no") && s->s->port_count)
        plan_note(
            &c->diag,
            pos_of(s, "restart"),
            "Take its ports away if it is to run once and end.",
            "service %s publishes a port, so it is no job: ECS keeps it running, whatever restart "
            "\"no\" says",
            s->s->name);
}

void plan_check_once(struct plan_check *c, const struct plan_service *s)
{
    check_timeout(c, s);
    if (!s->once) {
        note_no_job(c, s);
        return;
    }
    check_ports(c, s);
    check_replicas(c, s);
    check_restart(c, s);
}
