/* Ports (defang.md 6.4): what the load balancer and a task's own address can serve.
 *
 * Refused: modes and protocols that neither knows, an address of a host that does not exist, UDP
 * through an Application Load Balancer, a protocol above TCP that it does not speak, a port that is
 * there twice, more ingress ports than ECS serves, a domainname that leads nowhere. Warned of: a
 * host port that the internet reaches. Noted: the mode that a port gets when it says none. */
#include "base/str.h"
#include "plan/check/check.h"
#include <string.h>

static bool is_ingress(const struct compose_port *p)
{
    if (p->mode)
        return strcmp(p->mode, "ingress") == 0;
    return !text_eq(p->protocol, "udp");
}

static void
check_words(struct plan_check *c, const struct compose_service *s, const struct compose_port *p)
{
    bool known_mode = !p->mode || is_ingress(p) || strcmp(p->mode, "host") == 0;
    bool known_protocol = text_eq(p->protocol, "udp") || text_eq(p->protocol, "tcp");

    if (!known_mode)
        plan_error(
            &c->diag,
            p->pos,
            "Use ingress (through the load balancer) or host (inside the VPC).",
            "service %s: port %u has unknown mode \"%s\"",
            s->name,
            p->target,
            p->mode);
    if (!known_protocol)
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
    if (text_eq(p->protocol, "udp") && is_ingress(p))
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
}

static void
note_mode(struct plan_check *c, const struct compose_service *s, const struct compose_port *p)
{
    const char *hint = is_ingress(p) ? "Say mode: host to keep it inside the VPC." : NULL;
    const char *mode = is_ingress(p) ? "ingress: the load balancer serves it" : "host";

    if (!p->mode)
        plan_note(
            &c->diag, p->pos, hint, "service %s: port %u gets mode %s", s->name, p->target, mode);
}

static void check_app_protocol(
    struct plan_check *c, const struct compose_service *s, const struct compose_port *p)
{
    const char *app = p->app_protocol;

    if (!is_ingress(p) || text_eq(p->protocol, "udp") || !app)
        return;
    if (!text_eq(app, "http") && !text_eq(app, "http2") && !text_eq(app, "grpc"))
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

static void check_twice(struct plan_check *c, const struct compose_service *s, size_t at)
{
    const struct compose_port *p = &s->ports[at];

    for (size_t i = 0; i < at; i++)
        if (s->ports[i].target == p->target && text_eq(s->ports[i].protocol, p->protocol))
            plan_error(
                &c->diag,
                p->pos,
                "Keep one of them.",
                "service %s: port %u/%s is there twice",
                s->name,
                p->target,
                p->protocol);
}

/* The view has decided by then which ports the internet reaches. */
static void check_open(struct plan_check *c, const struct plan_service *v)
{
    for (size_t i = 0; i < v->port_count; i++)
        if (v->ports[i].open)
            plan_warn(
                &c->diag,
                v->ports[i].pos,
                "Put the service on a network other than default to keep the port inside the VPC.",
                "service %s: host port %u is open to the internet, because the service is on the "
                "default network",
                v->s->name,
                v->ports[i].target);
}

static void check_ingress_count(struct plan_check *c, const struct plan_service *v)
{
    const struct compose_service *s = v->s;
    size_t ingress = 0;

    for (size_t i = 0; i < v->port_count; i++)
        ingress += v->ports[i].ingress;

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

void plan_check_ports(struct plan_check *c, const struct plan_service *v)
{
    const struct compose_service *s = v->s;

    for (size_t i = 0; i < s->port_count; i++) {
        check_words(c, s, &s->ports[i]);
        note_mode(c, s, &s->ports[i]);
        check_app_protocol(c, s, &s->ports[i]);
        check_twice(c, s, i);
    }
    check_open(c, v);
    check_ingress_count(c, v);
}
