/* Healthchecks (defang.md 6.6). Two judges read one: ECS runs the test inside the container, and
 * the load balancer, which cannot run a command, calls the localhost URL that it finds in it.
 *
 * Refused: a timeout of nothing or one that is longer than the interval, a test that is neither CMD
 * nor CMD-SHELL, and on a service behind the load balancer a test without a URL or a healthcheck
 * that is switched off. Warned of: none at all there, and times that AWS cuts to seconds. */
#include "plan/container/health.h"
#include "base/mem.h"
#include "plan/check/check.h"
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

    if (!v->ingress)
        return;
    if (!h->present)
        plan_warn(
            &c->diag,
            v->s->pos,
            "Add a healthcheck that calls a localhost URL.",
            "service %s has no healthcheck: the load balancer asks for GET / on its port",
            v->s->name);
    else
        plan_error(
            &c->diag,
            h->pos,
            "Add a test that calls a localhost URL.",
            "service %s: a service with an ingress port needs a healthcheck",
            v->s->name);
}

/* The reference refuses "interval: 3s" alone too, for its own default timeout of 5 s: nobody asked
 * for that one, so it follows the interval here. */
static void check_times(struct plan_check *c, const struct compose_service *s)
{
    const struct compose_healthcheck *h = &s->healthcheck;
    int64_t interval = h->interval_ms >= 0 ? h->interval_ms : 30000;
    int64_t timeout = h->timeout_ms >= 0 ? h->timeout_ms : MIN((int64_t)5000, interval);

    if (h->timeout_ms == 0)
        plan_error(
            &c->diag,
            h->pos,
            "Use 2s or more.",
            "service %s: healthcheck.timeout must be more than zero",
            s->name);
    if (interval < timeout)
        plan_error(
            &c->diag,
            h->pos,
            "Make the interval at least as long as the timeout.",
            "service %s: healthcheck.interval (%g s) is shorter than its timeout (%g s)",
            s->name,
            (double)interval / 1000,
            (double)timeout / 1000);
    check_seconds(c, s, "interval", h->interval_ms);
    check_seconds(c, s, "timeout", h->timeout_ms);
}

static void check_test(struct plan_check *c, const struct plan_service *v)
{
    const struct compose_service *s = v->s;
    const struct compose_healthcheck *h = &s->healthcheck;
    struct plan_health_url url;

    if (!h->test_count)
        return;

    plan_health_url(h->test, h->test_count, &url);
    if (v->ingress && !url.found)
        plan_error(
            &c->diag,
            h->pos,
            "Let the test call http://localhost:<port>/<path>.",
            "service %s: the load balancer cannot run this healthcheck, it needs a localhost URL",
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
