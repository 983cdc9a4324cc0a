/* Ports (defang.md 6.4): what the load balancers and a task's own address can serve.
 *
 * Refused: modes and protocols that nobody knows, a domainname that leads nowhere. Warned of: what
 * the internet reaches without the load balancer of HTTP, what is published and not reached at all,
 * an address of a host that does not exist. Noted: the way that a port gets when the file says
 * none. */
#include "base/str.h"
#include "plan/check/check.h"
#include <string.h>

static void
check_words(struct plan_check *c, const struct compose_service *s, const struct compose_port *p)
{
    bool known_mode = !p->mode || strcmp(p->mode, "ingress") == 0 || strcmp(p->mode, "host") == 0;
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
    if (plan_host_address(p->host_ip) == PLAN_ADDRESS_OTHER)
        plan_warn(
            &c->diag,
            p->pos,
            "Remove the address.",
            "service %s: the address %s of port %u is ignored: tasks have addresses of their own",
            s->name,
            p->host_ip,
            p->target);
    if (!p->target)
        plan_error(
            &c->diag,
            p->pos,
            "Name a port from 1 to 65535.",
            "service %s: a port has no target",
            s->name);
}

/* Why a published port is reached by the project's own services only. */
static void
check_private(struct plan_check *c, const struct plan_service *v, const struct plan_port *p)
{
    const char *name = v->s->name;

    if (p->why == PLAN_PRIVATE_LOOPBACK)
        plan_note(
            &c->diag,
            p->pos,
            "Remove the address to have it served to the internet.",
            "service %s: port %u is bound to the loopback address: only services of this project "
            "reach it",
            name,
            p->target);
    else if (p->why == PLAN_PRIVATE_NO_HTTP)
        plan_note(
            &c->diag,
            p->pos,
            "For the internet say {target, published, mode: ingress}: a network load balancer, "
            "which costs; if it does speak HTTP, app_protocol: http.",
            "service %s: port %u speaks %s, no HTTP: only services of this project reach it",
            name,
            p->target,
            p->speaks);
    else if (p->why == PLAN_PRIVATE_NO_TLS)
        plan_warn(
            &c->diag,
            p->pos,
            "Give the service a domainname in a public Route 53 zone of this account, or the "
            "project DEFANG_DOMAIN or x-defang-aws.albCertificateArn; where the program has its "
            "own certificate, mode: ingress with app_protocol: tls.",
            "service %s: port %u is published at 443, which is HTTPS, and there is no certificate: "
            "nothing listens there",
            name,
            p->target);
    else if (p->why == PLAN_PRIVATE_TOO_MANY)
        plan_warn(
            &c->diag,
            p->pos,
            "Split the service.",
            "service %s: port %u is not served to the internet: ECS takes the first %d ports of a "
            "service",
            name,
            p->target,
            PLAN_SERVICE_DOORS);
}

static void
note_way(struct plan_check *c, const struct plan_service *v, const struct plan_port *p, bool said)
{
    const char *name = v->s->name;

    check_private(c, v, p);
    if (p->network)
        plan_warn(
            &c->diag,
            p->pos,
            "Remove mode: ingress to keep it inside the VPC.",
            "service %s: port %u (%s) is open to the internet through a network load balancer",
            name,
            p->target,
            p->speaks);
    else if (p->ingress && !said)
        plan_note(
            &c->diag,
            p->pos,
            "Say mode: host to keep it inside the VPC.",
            "service %s: port %u gets mode ingress: the load balancer serves it",
            name,
            p->target);
    else if (strcmp(p->protocol, "udp") == 0 && !said)
        plan_note(
            &c->diag,
            p->pos,
            "mode: ingress puts it behind a network load balancer.",
            "service %s: port %u gets mode host: it is reached at the task's own address",
            name,
            p->target);
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

/* The compose entry that the port comes from says its mode. */
static bool says_mode(const struct compose_service *s, const struct plan_port *p)
{
    for (size_t i = 0; i < s->port_count; i++)
        if (s->ports[i].target == p->target && text_eq(s->ports[i].protocol, p->protocol))
            return s->ports[i].mode != NULL;
    return true; /* of expose */
}

static void check_domainname(struct plan_check *c, const struct plan_service *v)
{
    if (!text_empty(v->s->domainname) && !v->ingress && !v->network)
        plan_error(
            &c->diag,
            v->s->pos,
            "Add an ingress port, or remove domainname.",
            "service %s has a domainname and no ingress port",
            v->s->name);
}

/* Paths, sticky sessions and idle timeout are the load balancer's of HTTP. */
static void check_routing(struct plan_check *c, const struct plan_service *v)
{
    struct plan_service again = *v;
    bool behind = v->ingress || (v->network && !v->path_count && !v->idle);

    plan_view_routing(c->a, &again, &c->diag);
    if ((v->path_count || v->sticky || v->idle) && !behind)
        plan_warn(
            &c->diag,
            v->s->pos,
            "Publish a port.",
            "service %s: %s is ignored: no port of it is behind the load balancer",
            v->s->name,
            v->path_count ? "x-defang-routes"
            : v->sticky   ? "x-defang-sticky"
                          : "x-defang-idle-timeout");
}

void plan_check_ports(struct plan_check *c, const struct plan_service *v)
{
    check_routing(c, v);
    for (size_t i = 0; i < v->s->port_count; i++)
        check_words(c, v->s, &v->s->ports[i]);
    for (size_t i = 0; i < v->port_count; i++)
        note_way(c, v, &v->ports[i], says_mode(v->s, &v->ports[i]));
    check_open(c, v);
    check_domainname(c, v);
}
