/* Which listener serves which ingress port.
 *
 * A port with public names is told apart by the host header: on port 443 those names that a
 * certificate is there for, on port 80 the others. A port without a name takes whatever comes to a
 * listener: the first one (by service name) to port 80, or 443 when the project brings a
 * certificate, and each other one to a listener of its own: its published port if free, else its
 * target port.
 *
 * A nameless port keeps its place from deployment to deployment: it stands in the template's
 * metadata as {"80": "web/8080"}, and is read back from the deployed one before any other place is
 * given. Otherwise a service that sorts before another would take its address away.
 *
 * It runs before anything is made, because containers are told the public names. */
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/ingress/ingress.h"
#include "plan/view/adopt.h"
#include <string.h>

static const char *route_key(const struct plan_ctx *c, const struct plan_route *r)
{
    return arena_printf(c->a, "%s/%u", r->service->s->name, r->port->target);
}

static const struct plan_zone *
zone_of(struct plan_ctx *c, const struct plan_route *r, const char *name)
{
    const char *preferred = c->v.adopt.public_zone.value;
    const struct plan_zone *twin;
    const struct plan_zone *zone = plan_zone_of(c->f, name, preferred, &twin);

    if (twin)
        plan_error(
            &c->diag,
            r->port->pos,
            "Name the right one as x-defang-aws.publicZoneId, or delete the other.",
            "the account has two public hosted zones %s (%s and %s), and %s can be in one only",
            zone->name,
            zone->id,
            twin->id,
            name);
    return zone;
}

/* Those with TLS first: the first name is the endpoint. */
static void
add_hosts(struct plan_ctx *c, struct plan_route *r, const struct plan_hosts *names, bool wants_tls)
{
    struct plan_host *hosts = arena_array(c->a, struct plan_host, names->count + 1);

    for (size_t i = 0; i < names->count; i++) {
        const struct plan_zone *zone = zone_of(c, r, names->names[i]);
        struct plan_host h = {
            .name = names->names[i], .zone = zone, .tls = wants_tls && (zone || c->certificate)};

        size_t at = h.tls ? r->tls_count++ : r->host_count;

        memmove(&hosts[at + 1], &hosts[at], (r->host_count - at) * sizeof *hosts);
        hosts[at] = h;
        r->host_count++;
    }

    r->hosts = hosts;
}

static void check_tls(struct plan_ctx *c, const struct plan_route *r)
{
    if (r->tls || !plan_port_needs_tls(r->port))
        return;
    plan_error(
        &c->diag,
        r->port->pos,
        "Give the service a domainname in a public Route 53 zone of this account, or the project "
        "x-defang-aws.albCertificateArn; mode: host keeps it inside the VPC.",
        "service %s: port %u wants %s, and there is no certificate for it%s%s",
        r->service->s->name,
        r->port->target,
        plan_port_needs_tls(r->port),
        r->host_count ? ": no public Route 53 zone of this account holds " : "",
        r->host_count ? r->hosts[0].name : "");
}

static void
add_route(struct plan_ctx *c, const struct plan_service *s, const struct plan_port *port)
{
    struct plan_route *r = &c->routes[c->route_count++];
    bool wants_tls = !text_eq(port->listener, "http");
    struct plan_hosts names;

    plan_hosts(c->a, &c->v, c->s, s, port, &names);

    *r = (struct plan_route){.service = s, .port = port};
    r->target_group = arena_printf(c->a, "TargetGroup%sP%u", s->id, port->target);
    r->rule = arena_printf(c->a, "ListenerRule%sP%u", s->id, port->target);
    add_hosts(c, r, &names, wants_tls);
    r->tls = r->host_count ? r->tls_count > 0 : wants_tls && c->certificate;

    /* A listener without TLS takes no target group of HTTP/2. */
    if (r->tls && r->tls_count < r->host_count && !plan_port_needs_tls(port))
        r->plain_rule = arena_printf(c->a, "%sPlain", r->rule);
    check_tls(c, r);
}

static void collect(struct plan_ctx *c)
{
    size_t max = 0;

    for (size_t i = 0; i < c->v.count; i++)
        max += c->v.services[i].port_count;
    c->routes = arena_array(c->a, struct plan_route, max + 1);

    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];

        for (size_t k = 0; k < s->port_count; k++)
            if (s->ports[k].ingress)
                add_route(c, s, &s->ports[k]);
    }
}

static bool taken(const struct plan_ctx *c, unsigned port)
{
    if (port == 443)
        return true; /* of HTTPS */

    for (size_t i = 0; i < c->route_count; i++)
        if (!c->routes[i].host_count && c->routes[i].slot == port)
            return true;
    return false;
}

/* What the deployed template says: {"80": "web/8080", …}. */
static void keep_previous(struct plan_ctx *c)
{
    const char *port;
    json_t *owner;

    json_object_foreach(json_at(c->r->previous, "Metadata.Defang.listeners"), port, owner) {
        long long number;

        if (!json_is_string(owner) || text_parse_int(port, 1, 65535, &number) < 0)
            continue;
        for (size_t i = 0; i < c->route_count; i++) {
            struct plan_route *r = &c->routes[i];

            if (!r->host_count && !r->slot &&
                strcmp(route_key(c, r), json_string_value(owner)) == 0)
                r->slot = (unsigned)number;
        }
    }
}

static unsigned choose(const struct plan_ctx *c, const struct plan_route *r)
{
    long long published;

    if (!taken(c, 80))
        return 80;
    if (r->port->published && text_parse_int(r->port->published, 1, 65535, &published) == 0 &&
        !taken(c, (unsigned)published))
        return (unsigned)published;

    unsigned port = r->port->target;
    while (taken(c, port))
        port = port < 8080 ? 8080 : port + 1;
    return port;
}

/* Ascending, each port once. */
static void add_listener(struct plan_ctx *c, unsigned port)
{
    size_t at = 0;

    while (at < c->listener_count && c->listeners[at] < port)
        at++;
    if (at < c->listener_count && c->listeners[at] == port)
        return;

    memmove(
        &c->listeners[at + 1], &c->listeners[at], (c->listener_count - at) * sizeof *c->listeners);
    c->listeners[at] = port;
    c->listener_count++;
}

static void place_nameless(struct plan_ctx *c, struct plan_route *r, json_t *meta)
{
    if (!r->slot)
        r->slot = choose(c, r);
    r->listener = r->slot == 80 && r->tls ? 443 : r->slot;
    json_add(meta, arena_printf(c->a, "%u", r->slot), json_string(route_key(c, r)));
    if (r->slot != 80)
        plan_warn(
            &c->diag,
            r->port->pos,
            "Give the service a domainname, or call the load balancer on that port.",
            "service %s: without a domain name its ingress port %u is served on port %u of the "
            "load balancer",
            r->service->s->name,
            r->port->target,
            r->listener);
}

bool plan_listener_tls(const struct plan_ctx *c, unsigned port)
{
    for (size_t i = 0; i < c->route_count; i++)
        if (c->routes[i].listener == port && c->routes[i].tls)
            return true;
    return false;
}

static const struct plan_zone *zone_by_id(const struct plan_facts *f, const char *id)
{
    for (size_t i = 0; i < f->public_zone_count; i++)
        if (strcmp(f->public_zones[i].id, id) == 0)
            return &f->public_zones[i];
    return NULL;
}

/* The zone that the project names must be there and hold its domain. */
static void check_zone(struct plan_ctx *c)
{
    const struct plan_said *said = &c->v.adopt.public_zone;

    if (!said->value || !c->f->zones_known || !c->route_count)
        return;

    const struct plan_zone *zone = zone_by_id(c->f, said->value);
    const char *chosen = c->domain_zone ? c->domain_zone->id : NULL;
    if (!zone)
        plan_error(
            &c->diag,
            said->pos,
            "Remove it: the zone is found by its name.",
            "this account has no public hosted zone %s",
            said->value);
    else if (c->public_domain && !text_eq(chosen, said->value))
        plan_error(
            &c->diag,
            said->pos,
            "Name the zone of the project's domain.",
            "zone %s is %s, which does not hold %s",
            said->value,
            zone->name,
            c->public_domain);
}

static void find_domain(struct plan_ctx *c)
{
    const char *preferred = c->v.adopt.public_zone.value;
    const struct plan_zone *twin;

    c->certificate = c->v.adopt.certificate.value;
    c->public_domain = plan_public_domain(&c->v, c->s);
    if (c->public_domain)
        c->domain_zone = plan_zone_of(c->f, c->public_domain, preferred, &twin);
}

static void choose_listeners(struct plan_ctx *c, json_t *meta)
{
    c->listeners = arena_array(c->a, unsigned, c->route_count + 3);
    for (size_t i = 0; i < c->route_count; i++) {
        struct plan_route *r = &c->routes[i];

        if (r->host_count)
            r->listener = r->tls ? 443 : 80;
        else
            place_nameless(c, r, meta);

        add_listener(c, r->listener);
        if (r->listener == 443)
            add_listener(c, 80); /* redirects */
    }
}

int plan_routes(struct plan_ctx *c)
{
    cleanup_json json_t *meta = object();

    find_domain(c);
    collect(c);
    check_zone(c);
    keep_previous(c);
    choose_listeners(c, meta);

    if (c->route_count)
        json_add(json_object_get(c->g->metadata, "Defang"), "listeners", json_incref(meta));
    return c->diag.rc;
}
