/* Which listener serves which ingress port.
 *
 * A port with public names is told apart by the host header: on port 443 those names that a
 * certificate is there for, on port 80 the others. A port without a name takes whatever comes to
 * its own numbers (places.c).
 *
 * It runs before anything is made, because containers are told the public names. */
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/ingress/ingress.h"
#include "plan/view/adopt.h"
#include <string.h>

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
    bool wants_tls = port->network ? strcmp(port->network, "TLS") == 0 : !plan_port_is_plain(port);
    struct plan_hosts names;

    plan_hosts(c->a, &c->v, c->s, s, port, &names);

    *r = (struct plan_route){.service = s, .port = port};
    const char *udp = strcmp(port->protocol, "udp") == 0 ? "Udp" : "";

    r->target_group = arena_printf(c->a, "TargetGroup%sP%u%s", s->id, port->target, udp);
    r->rule = arena_printf(c->a, "ListenerRule%sP%u", s->id, port->target);
    r->network = port->network;
    add_hosts(c, r, &names, wants_tls);
    r->tls = r->host_count ? r->tls_count > 0 : wants_tls && c->certificate;

    /* A listener without TLS takes no target group of HTTP/2. */
    if (!r->network && r->tls && r->tls_count < r->host_count && !plan_port_needs_tls(port))
        r->plain_rule = arena_printf(c->a, "%sPlain", r->rule);
    check_tls(c, r);
}

/* A number of the network load balancer has one listener: TCP and UDP of one port share it. */
static bool joins_tcp(struct plan_ctx *c, const struct plan_service *s, const struct plan_port *udp)
{
    for (size_t i = 0; i < c->route_count; i++) {
        struct plan_route *r = &c->routes[i];
        const struct plan_port *p = r->port;
        bool same = r->service == s && p->target == udp->target &&
                    p->published_count == udp->published_count &&
                    (!p->published_count || p->published[0].from == udp->published[0].from);

        if (!same || !text_eq(r->network, "TCP") || strcmp(udp->protocol, "udp") != 0)
            continue;
        r->network = "TCP_UDP";
        return true;
    }
    return false;
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
            if (s->ports[k].ingress || (s->ports[k].network && !joins_tcp(c, s, &s->ports[k])))
                add_route(c, s, &s->ports[k]);
    }
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

bool plan_listener_tls(const struct plan_ctx *c, unsigned port)
{
    for (size_t i = 0; i < c->route_count; i++) {
        const struct plan_route *r = &c->routes[i];

        if (r->network)
            continue;
        if (r->host_count && r->listener == port && r->tls)
            return true;
        for (size_t k = 0; k < r->place_count; k++)
            if (r->places[k].listener == port && r->places[k].tls)
                return true;
        for (size_t k = 0; k < r->share_count; k++)
            if (r->shares[k].listener == port && r->shares[k].tls)
                return true;
    }
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

/* What it publishes is not where it is: told apart by its name, on the listeners that all names
 * have. */
static void say_named(struct plan_ctx *c, const struct plan_route *r)
{
    const struct plan_port *p = r->port;
    unsigned number = p->published_count ? p->published[0].from : 0;

    if (!number || number == 80 || number == 443)
        return;
    plan_note(
        &c->diag,
        p->pos,
        "Take its names away to have it served on its number.",
        "service %s: port %u is served at %s on port %u, and not on port %u",
        r->service->s->name,
        p->target,
        r->hosts[0].name,
        r->listener,
        number);
}

static void choose_listeners(struct plan_ctx *c, json_t *meta)
{
    size_t most = 2 + c->route_count;

    plan_places(c, meta);
    plan_network_places(c);
    plan_paths(c);
    for (size_t i = 0; i < c->route_count; i++)
        most += c->routes[i].network ? 0 : c->routes[i].place_count + c->routes[i].share_count;
    c->listeners = arena_array(c->a, unsigned, most + 1);

    for (size_t i = 0; i < c->route_count; i++) {
        struct plan_route *r = &c->routes[i];

        if (r->network)
            continue;
        if (r->host_count)
            r->listener = r->tls ? 443 : 80;
        if (r->host_count) {
            add_listener(c, r->listener);
            say_named(c, r);
        }
        for (size_t k = 0; k < r->share_count; k++)
            add_listener(c, r->shares[k].listener);
        for (size_t k = 0; k < r->place_count; k++)
            add_listener(c, r->places[k].listener);
    }
    if (plan_listener_tls(c, 443))
        add_listener(c, 80); /* redirects */
}

int plan_routes(struct plan_ctx *c)
{
    cleanup_json json_t *meta = object();

    find_domain(c);
    collect(c);
    check_zone(c);
    choose_listeners(c, meta);

    if (c->route_count)
        json_add(json_object_get(c->g->metadata, "Defang"), "listeners", json_incref(meta));
    return c->diag.rc;
}
