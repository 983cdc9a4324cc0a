#include "plan/common/route.h"
#include "plan/common/context.h"
#include <string.h>

const char *plan_endpoint_output(struct arena *a, const struct plan_route *r)
{
    const char *udp = strcmp(r->port->protocol, "udp") == 0 ? "Udp" : "";

    return arena_printf(a, "Endpoint%sP%u%s", r->service->id, r->port->target, udp);
}

const char *
plan_place_output(struct arena *a, const struct plan_route *r, const struct plan_place *p)
{
    return arena_printf(a, "%sOn%u", plan_endpoint_output(a, r), p->slot);
}

const char *plan_public_name(const struct plan_ctx *c, const struct plan_service *s)
{
    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].service == s && c->routes[i].host_count)
            return c->routes[i].hosts[0].name;
    return NULL;
}
