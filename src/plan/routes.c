/* Which listener serves which ingress port. A service with a domain name is told apart by the host header on port 80. Without one, the first ingress port
 * (by service name) takes whatever else comes to port 80, and each other gets a listener of its own: its published port if free, else its target port. */
#include "base/str.h"
#include "plan/internal.h"
#include <string.h>

static const char *route_key(const struct plan_ctx *c, const struct plan_route *r)
{
    return arena_printf(c->a, "%s/%u", r->service->s->name, r->port->target);
}

static void add_hosts(struct plan_ctx *c, struct plan_route *r)
{
    const struct compose_service *s = r->service->s;
    size_t aliases = 0, which = 0;
    for (size_t i = 0; i < s->network_count; i++)
        if (strcmp(s->networks[i].name, "default") == 0) {
            which = i;
            aliases = s->networks[i].alias_count;
        }
    const char **hosts = arena_array(c->a, const char *, aliases + 1);
    hosts[r->host_count++] = s->domainname;
    for (size_t i = 0; i < aliases; i++)
        if (strchr(s->networks[which].aliases[i], '.')) /* a public host name, not a short alias */
            hosts[r->host_count++] = s->networks[which].aliases[i];
    r->hosts = hosts;
}

static void collect(struct plan_ctx *c)
{
    size_t max = 0;
    for (size_t i = 0; i < c->v.count; i++)
        max += c->v.services[i].port_count;
    c->routes = arena_array(c->a, struct plan_route, max + 1);
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];
        bool first = true;
        for (size_t k = 0; k < s->port_count; k++) {
            if (!s->ports[k].ingress)
                continue;
            struct plan_route *r = &c->routes[c->route_count++];
            *r = (struct plan_route){.service = s, .port = &s->ports[k]};
            r->target_group = arena_printf(c->a, "TargetGroup%sP%u", s->id, r->port->target);
            r->rule = arena_printf(c->a, "ListenerRule%sP%u", s->id, r->port->target);
            if (first && !text_empty(s->s->domainname))
                add_hosts(c, r);
            first = false;
        }
    }
}

static bool taken(const struct plan_ctx *c, unsigned port)
{
    if (port == 443)
        return true; /* kept for HTTPS */
    for (size_t i = 0; i < c->route_count; i++)
        if (!c->routes[i].host_count && c->routes[i].listener == port)
            return true;
    return false;
}

/* What the deployed template says: {"80": "web/8080", …}. */
static void keep_previous(struct plan_ctx *c)
{
    const char *port;
    json_t *owner;
    json_object_foreach (json_at(c->r->previous, "Metadata.Defang.listeners"), port, owner) {
        long long number;
        if (!json_is_string(owner) || text_parse_int(port, 1, 65535, &number) < 0)
            continue;
        for (size_t i = 0; i < c->route_count; i++) {
            struct plan_route *r = &c->routes[i];
            if (!r->host_count && !r->listener && strcmp(route_key(c, r), json_string_value(owner)) == 0)
                r->listener = (unsigned)number;
        }
    }
}

static unsigned choose(const struct plan_ctx *c, const struct plan_route *r)
{
    long long published;
    if (!taken(c, 80))
        return 80;
    if (r->port->published && text_parse_int(r->port->published, 1, 65535, &published) == 0 && !taken(c, (unsigned)published))
        return (unsigned)published;
    unsigned port = r->port->target;
    while (taken(c, port))
        port = port < 8080 ? 8080 : port + 1;
    return port;
}

static void add_listener(struct plan_ctx *c, unsigned port)
{
    size_t at = 0;
    while (at < c->listener_count && c->listeners[at] < port)
        at++;
    if (at < c->listener_count && c->listeners[at] == port)
        return;
    memmove(&c->listeners[at + 1], &c->listeners[at], (c->listener_count - at) * sizeof *c->listeners);
    c->listeners[at] = port;
    c->listener_count++;
}

void plan_routes(struct plan_ctx *c)
{
    collect(c);
    keep_previous(c);
    json_t *meta = json_object();
    c->listeners = arena_array(c->a, unsigned, c->route_count + 1);
    for (size_t i = 0; i < c->route_count; i++) {
        struct plan_route *r = &c->routes[i];
        if (r->host_count) {
            r->listener = 80;
        } else {
            if (!r->listener)
                r->listener = choose(c, r);
            plan_json_set(meta, arena_printf(c->a, "%u", r->listener), json_string(route_key(c, r)));
            if (r->listener != 80)
                plan_warn(&c->diag, r->port->pos, "Give the service a domainname, or call the load balancer on that port.",
                          "service %s: without a domain name its ingress port %u is served on port %u of the load balancer",
                          r->service->s->name, r->port->target, r->listener);
        }
        add_listener(c, r->listener);
    }
    if (c->route_count)
        plan_json_set(json_object_get(c->g->metadata, "Defang"), "listeners", meta);
    else
        json_decref(meta);
}
