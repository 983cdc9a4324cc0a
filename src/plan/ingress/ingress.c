/* The way in (defang.md 7.5): what is made of the routes that routes.c has chosen, in order.
 *
 * This file owns the order and calls the others; none of them calls back. The load balancer comes
 * first, then its certificates, because listeners begin with one; target groups come before the
 * rules that forward to them. Nothing is made when no service has an ingress port.
 *
 * Each ingress port gets an output, the address that people are told. */
#include "plan/ingress/ingress.h"
#include "plan/common/context.h"
#include <string.h>

/* The name to call: a wildcard is none. */
static const char *told(const struct plan_route *r)
{
    for (size_t i = 0; i < r->host_count; i++)
        if (!strpbrk(r->hosts[i].name, "*?"))
            return r->hosts[i].name;
    return r->hosts[0].name;
}

/* "tcp://host:5432": no scheme says what is spoken over it. */
static json_t *
network_address(const struct plan_ctx *c, const struct plan_route *r, const struct plan_place *p)
{
    const char *scheme = p->tls ? "tls" : "tcp";

    if (strcmp(r->port->protocol, "udp") == 0)
        scheme = "udp";
    if (r->host_count)
        return json_string(arena_printf(c->a, "%s://%s:%u", scheme, told(r), p->listener));
    return graph_sub("%s://${NetworkLoadBalancer.DNSName}:%u", scheme, p->listener);
}

static json_t *address(const struct plan_ctx *c, const struct plan_route *r)
{
    const char *scheme = r->tls ? "https" : "http";

    return json_string(arena_printf(c->a, "%s://%s", scheme, told(r)));
}

static json_t *address_at(const struct plan_place *p)
{
    const char *scheme = p->tls ? "https" : "http";

    if (p->listener == (p->tls ? 443u : 80u))
        return graph_sub("%s://${LoadBalancer.DNSName}", scheme);
    return graph_sub("%s://${LoadBalancer.DNSName}:%u", scheme, p->listener);
}

static json_t *address_of_path(const struct plan_ctx *c, const struct plan_share *s)
{
    const char *scheme = s->tls ? "https" : "http";

    if (s->host_count)
        return json_string(arena_printf(c->a, "%s://%s%s", scheme, s->hosts[0].name, s->path));
    if (s->listener == (s->tls ? 443u : 80u))
        return graph_sub("%s://${LoadBalancer.DNSName}%s", scheme, s->path);
    return graph_sub("%s://${LoadBalancer.DNSName}:%u%s", scheme, s->listener, s->path);
}

static void add_endpoints(struct plan_ctx *c, const struct plan_route *r)
{
    const char *name = plan_endpoint_output(c->a, r);
    const char *what = arena_printf(c->a, "%s port %u", r->service->s->name, r->port->target);

    bool by_path = r->share_count && r->rule == r->shares[0].rule;

    if (by_path)
        graph_output_add(c->g, name, address_of_path(c, &r->shares[0]), what);
    else if (r->host_count && !r->network)
        graph_output_add(c->g, name, address(c, r), what);
    for (size_t i = 0; i < r->place_count; i++) {
        const struct plan_place *p = &r->places[i];
        const char *more = plan_place_output(c->a, r, p);

        json_t *at = r->network ? network_address(c, r, p) : address_at(p);

        graph_output_add(c->g, i ? more : name, at, what);
    }
}

void plan_ingress(struct plan_ctx *c)
{
    if (!c->route_count)
        return;

    if (c->v.ingress)
        plan_load_balancer(c);

    cleanup_json json_t *certificate = plan_certificates(c);
    plan_listeners(c, certificate);
    plan_listener_certificates(c, certificate);

    for (size_t i = 0; i < c->route_count; i++) {
        if (!c->routes[i].network)
            plan_target_group(c, &c->routes[i]);
        add_endpoints(c, &c->routes[i]);
    }
    plan_network_balancer(c);
    plan_rules(c);
    plan_public_dns(c);
}
