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

static json_t *address(const struct plan_ctx *c, const struct plan_route *r)
{
    const char *scheme = r->tls ? "https" : "http";

    if (r->host_count)
        return json_string(arena_printf(c->a, "%s://%s", scheme, told(r)));
    if (r->listener == 80 || r->listener == 443)
        return graph_sub("%s://${LoadBalancer.DNSName}", scheme);
    return graph_sub("%s://${LoadBalancer.DNSName}:%u", scheme, r->listener);
}

static void add_endpoint(struct plan_ctx *c, const struct plan_route *r)
{
    const char *name = arena_printf(c->a, "Endpoint%sP%u", r->service->id, r->port->target);
    const char *what = arena_printf(c->a, "%s port %u", r->service->s->name, r->port->target);

    graph_output_add(c->g, name, address(c, r), what);
}

void plan_ingress(struct plan_ctx *c)
{
    if (!c->route_count)
        return;

    plan_load_balancer(c);

    cleanup_json json_t *certificate = plan_certificates(c);
    plan_listeners(c, certificate);
    plan_listener_certificates(c, certificate);

    for (size_t i = 0; i < c->route_count; i++) {
        plan_target_group(c, &c->routes[i]);
        add_endpoint(c, &c->routes[i]);
    }
    plan_rules(c);
    plan_public_dns(c);
}
