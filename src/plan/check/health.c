/* Healthchecks (defang.md 6.6). Two judges read one: ECS runs the test inside the container, and
 * the load balancer, which cannot run a command, makes the request that it finds in it
 * (view/probe.h).
 *
 * Refused: a timeout of nothing, and a test that is neither CMD nor CMD-SHELL. The reference also
 * refuses a test that makes no request on a service behind the load balancer, one that is switched
 * off there, and an interval that is shorter than its timeout; under Docker these run, so they do
 * here, and a line says how. */
#include "base/mem.h"
#include "plan/check/check.h"
#include "plan/view/probe.h"
#include <string.h>

static void
check_seconds(struct plan_check *c, const struct compose_service *s, const char *what, int64_t ms)
{
    if (ms > 0 && ms % 1000)
        plan_warn(
            &c->diag,
            s->healthcheck.pos,
            "Use whole seconds.",
            "service %s: healthcheck.%s is cut to whole seconds",
            s->name,
            what);
}

/* What the load balancer is left with when the service says nothing it can use. */
static void check_absent(struct plan_check *c, const struct plan_service *v)
{
    const struct compose_healthcheck *h = &v->s->healthcheck;

    if (v->ingress)
        plan_warn(
            &c->diag,
            h->present ? h->pos : v->s->pos,
            "Add a healthcheck that calls a localhost URL.",
            "service %s has no healthcheck: the load balancer asks for GET / on its port, and "
            "takes any answer below 500",
            v->s->name);
}

/* The reference refuses "interval: 3s" alone too, for its own default timeout of 5 s: nobody asked
 * for that one, so it follows the interval here. */
static void check_times(struct plan_check *c, const struct compose_service *s)
{
    const struct compose_healthcheck *h = &s->healthcheck;

    if (h->timeout_ms == 0)
        plan_error(
            &c->diag,
            h->pos,
            "Use 2s or more.",
            "service %s: healthcheck.timeout must be more than zero",
            s->name);
    if (h->interval_ms >= 0 && h->interval_ms < h->timeout_ms)
        plan_note(
            &c->diag,
            h->pos,
            NULL,
            "service %s: healthcheck.interval (%g s) is raised to its timeout (%g s), below which "
            "AWS takes none",
            s->name,
            (double)h->interval_ms / 1000,
            (double)h->timeout_ms / 1000);
    check_seconds(c, s, "interval", h->interval_ms);
    check_seconds(c, s, "timeout", h->timeout_ms);
}

static void check_test(struct plan_check *c, const struct plan_service *v)
{
    const struct compose_service *s = v->s;
    const struct compose_healthcheck *h = &s->healthcheck;

    if (!h->test_count)
        return;

    if (v->ingress && !plan_probed_outside(c->a, v))
        plan_note(
            &c->diag,
            h->pos,
            "To have it asked from outside, let the test call http://localhost:<port>/<path>.",
            "service %s: its healthcheck makes no request that a load balancer could make: it runs "
            "in the container, and the load balancer asks for GET / and takes any answer below 500",
            s->name);
    if (strcmp(h->test[0], "CMD") != 0 && strcmp(h->test[0], "CMD-SHELL") != 0)
        plan_error(
            &c->diag,
            h->pos,
            "Use CMD or CMD-SHELL.",
            "service %s: unsupported healthcheck type \"%s\"",
            s->name,
            h->test[0]);
}

void plan_check_health(struct plan_check *c, const struct plan_service *v)
{
    const struct compose_healthcheck *h = &v->s->healthcheck;

    if (!h->present || h->disabled) {
        check_absent(c, v);
        return;
    }

    check_times(c, v->s);
    check_test(c, v);
}
