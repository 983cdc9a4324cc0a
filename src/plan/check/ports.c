#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/context.h"
#include "plan/task/health.h"
#include <string.h>

static void
check_port(struct plan_check *c, const struct compose_service *s, const struct compose_port *p)
{
    bool udp = text_eq(p->protocol, "udp"),
         ingress = p->mode ? strcmp(p->mode, "ingress") == 0 : !udp;
    if (p->mode && !ingress && strcmp(p->mode, "host") != 0)
        plan_error(
            &c->diag,
            p->pos,
            "Use ingress (through the load balancer) or host (inside the VPC).",
            "service %s: port %u has unknown mode \"%s\"",
            s->name,
            p->target,
            p->mode);
    if (!udp && !text_eq(p->protocol, "tcp"))
        plan_error(
            &c->diag,
            p->pos,
            "Use tcp or udp.",
            "service %s: port %u has protocol \"%s\"",
            s->name,
            p->target,
            p->protocol);
    if (!text_empty(p->host_ip))
        plan_error(
            &c->diag,
            p->pos,
            "Remove the address; use mode: host for a port inside the VPC.",
            "service %s: port %u cannot be bound to %s, tasks have addresses of their own",
            s->name,
            p->target,
            p->host_ip);
    if (udp && ingress)
        plan_error(
            &c->diag,
            p->pos,
            "Use mode: host.",
            "service %s: UDP port %u cannot be an ingress port",
            s->name,
            p->target);
    if (!p->target)
        plan_error(
            &c->diag,
            p->pos,
            "Name a port from 1 to 65535.",
            "service %s: a port has no target",
            s->name);
    if (!p->mode)
        plan_note(
            &c->diag,
            p->pos,
            ingress ? "Say mode: host to keep it inside the VPC." : NULL,
            "service %s: port %u gets mode %s",
            s->name,
            p->target,
            ingress ? "ingress: the load balancer serves it" : "host");
    if (!ingress || udp)
        return;
    const char *app = p->app_protocol;
    if (app && strcmp(app, "http") != 0 && strcmp(app, "http2") != 0 && strcmp(app, "grpc") != 0)
        plan_error(
            &c->diag,
            p->pos,
            "Use http, http2 or grpc, or mode: host.",
            "service %s: ingress port %u has app_protocol \"%s\", which the load balancer does not "
            "speak",
            s->name,
            p->target,
            app);
}

void plan_check_ports(struct plan_check *c, const struct plan_service *v)
{
    const struct compose_service *s = v->s;
    size_t ingress = 0;
    for (size_t i = 0; i < s->port_count; i++) {
        check_port(c, s, &s->ports[i]);
        for (size_t k = 0; k < i; k++)
            if (s->ports[k].target == s->ports[i].target &&
                text_eq(s->ports[k].protocol, s->ports[i].protocol))
                plan_error(
                    &c->diag,
                    s->ports[i].pos,
                    "Keep one of them.",
                    "service %s: port %u/%s is there twice",
                    s->name,
                    s->ports[i].target,
                    s->ports[i].protocol);
    }
    for (size_t i = 0; i < v->port_count; i++) {
        ingress += v->ports[i].ingress;
        if (v->ports[i].open)
            plan_warn(
                &c->diag,
                v->ports[i].pos,
                "Put the service on a network other than default to keep the port inside the VPC.",
                "service %s: host port %u is open to the internet, because the service is on the "
                "default network",
                s->name,
                v->ports[i].target);
    }
    if (!text_empty(s->domainname) && !ingress)
        plan_error(
            &c->diag,
            s->pos,
            "Add an ingress port, or remove domainname.",
            "service %s has a domainname and no ingress port",
            s->name);
    /* ECS takes five target groups for a service. */
    if (ingress > 5)
        plan_error(
            &c->diag,
            s->pos,
            "Split the service.",
            "service %s has %zu ingress ports, and ECS serves five",
            s->name,
            ingress);
}

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

void plan_check_health(struct plan_check *c, const struct plan_service *v)
{
    const struct compose_service *s = v->s;
    const struct compose_healthcheck *h = &s->healthcheck;
    if (!h->present) {
        if (v->ingress)
            plan_warn(
                &c->diag,
                s->pos,
                "Add a healthcheck that calls a localhost URL.",
                "service %s has no healthcheck: the load balancer asks for GET / on its port",
                s->name);
        return;
    }
    if (h->disabled) {
        if (v->ingress)
            plan_error(
                &c->diag,
                h->pos,
                "Add a test that calls a localhost URL.",
                "service %s: a service with an ingress port needs a healthcheck",
                s->name);
        return;
    }
    /* The reference refuses "interval: 3s" alone too, for its own default timeout of 5 s: nobody
     * asked for that one, so it follows the interval here. */
    int64_t interval = h->interval_ms >= 0 ? h->interval_ms : 30000,
            timeout = h->timeout_ms >= 0 ? h->timeout_ms : MIN((int64_t)5000, interval);
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
    struct plan_health_url url;
    plan_health_url(h->test, h->test_count, &url);
    if (v->ingress && h->test_count && !url.found)
        plan_error(
            &c->diag,
            h->pos,
            "Let the test call http://localhost:<port>/<path>.",
            "service %s: the load balancer cannot run this healthcheck, it needs a localhost URL",
            s->name);
    if (h->test_count && strcmp(h->test[0], "CMD") != 0 && strcmp(h->test[0], "CMD-SHELL") != 0)
        plan_error(
            &c->diag,
            h->pos,
            "Use CMD or CMD-SHELL.",
            "service %s: unsupported healthcheck type \"%s\"",
            s->name,
            h->test[0]);
}
