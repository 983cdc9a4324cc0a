/* Which public names lead to which ingress port (defang.md 6.5, 7.5), and in which public zone of
 * the account each lies (7.6). A name is in lower case and has no dot at its end.
 *
 * A port can have up to four kinds of names, in this order, and the first is the one that people
 * are told: the service's domainname, or <service>.<domain> when only the project has one;
 * <service>--<port>.<domain>; the bare domain when the project has a single ingress port; and those
 * aliases of the default network that are whole host names.
 *
 * Pure questions on the view and on what is known of the account: routes.c, the checks and the
 * notes all ask here, so that they never differ. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/ingress/ingress.h"
#include "plan/view/adopt.h"
#include "plan/view/view.h"
#include <string.h>

const char *plan_public_domain(const struct plan_view *v, const struct plan_settings *s)
{
    return s->domain ? s->domain : v->adopt.project_domain.value;
}

static const char *host_name(struct arena *a, const char *text)
{
    cleanup_free char *low = text_lower(text);
    size_t n = strlen(low);
    return arena_strndup(a, low, n && low[n - 1] == '.' ? n - 1 : n);
}

bool plan_port_is_grpc(const struct plan_port *p)
{
    return text_eq(p->app_protocol, "grpc");
}

bool plan_port_is_plain(const struct plan_port *p)
{
    return text_eq(p->listener, "http");
}

const char *plan_port_needs_tls(const struct plan_port *p)
{
    if (plan_port_is_grpc(p) || text_eq(p->app_protocol, "http2"))
        return p->app_protocol;
    return text_eq(p->listener, "https") ? "HTTPS" : NULL;
}

/* The first ingress port answers to the names of its service, and so does the first of gRPC, which
 * the content type tells apart. Of a service without HTTP it is the first behind the network load
 * balancer. */
static bool is_named(const struct plan_service *s, const struct plan_port *port)
{
    for (size_t i = 0; i < s->port_count; i++)
        if ((s->ports[i].ingress || (s->ports[i].network && !s->ingress)) &&
            plan_port_is_grpc(&s->ports[i]) == plan_port_is_grpc(port))
            return &s->ports[i] == port;
    return false;
}

static size_t ingress_ports(const struct plan_view *v)
{
    size_t n = 0;

    for (size_t i = 0; i < v->count; i++)
        for (size_t k = 0; k < v->services[i].port_count; k++)
            n += v->services[i].ports[k].ingress && !v->services[i].path_count;
    return n;
}

static void add(struct plan_hosts *h, const char *name)
{
    for (size_t i = 0; i < h->count; i++)
        if (strcmp(h->names[i], name) == 0)
            return;
    h->names[h->count++] = name;
}

/* Aliases on the default network are public when they are whole host names; short ones are for
 * neighbours. */
static void add_aliases(struct arena *a, const struct compose_service *s, struct plan_hosts *h)
{
    for (size_t i = 0; i < s->network_count; i++) {
        bool default_one = strcmp(s->networks[i].name, "default") == 0;

        for (size_t k = 0; default_one && k < s->networks[i].alias_count; k++)
            if (strchr(s->networks[i].aliases[k], '.'))
                add(h, host_name(a, s->networks[i].aliases[k]));
    }
}

void plan_hosts(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_settings *settings,
    const struct plan_service *s,
    const struct plan_port *port,
    struct plan_hosts *out)
{
    const char *domain = plan_public_domain(v, settings);
    bool own = !text_empty(s->s->domainname);
    bool named = is_named(s, port) && (own || domain);
    size_t max = 4;

    for (size_t i = 0; i < s->s->network_count; i++)
        max += s->s->networks[i].alias_count;
    *out = (struct plan_hosts){.names = arena_array(a, const char *, max)};

    if (named && own)
        add(out, host_name(a, s->s->domainname));
    else if (named)
        add(out, arena_printf(a, "%s.%s", s->label, domain));
    if (domain)
        add(out, arena_printf(a, "%s--%u.%s", s->label, port->target, domain));
    if (domain && port->ingress && !s->path_count && ingress_ports(v) == 1)
        add(out, domain);
    if (named)
        add_aliases(a, s->s, out);
}

bool plan_host_covered(const char *host, const char *domain)
{
    const char *dot = strchr(host, '.');
    return domain && (strcmp(host, domain) == 0 || (dot && strcmp(dot + 1, domain) == 0));
}

static bool is_public(const struct plan_port *p)
{
    return p->ingress || p->network;
}

/* Every port's names that the project's domain does not cover, each once. */
static void add_own_names(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_settings *s,
    struct plan_hosts *all)
{
    const char *domain = plan_public_domain(v, s);

    for (size_t i = 0; i < v->count; i++)
        for (size_t k = 0; k < v->services[i].port_count; k++) {
            struct plan_hosts h = {0};

            if (is_public(&v->services[i].ports[k]))
                plan_hosts(a, v, s, &v->services[i], &v->services[i].ports[k], &h);
            for (size_t j = 0; j < h.count; j++)
                if (!plan_host_covered(h.names[j], domain))
                    add(all, h.names[j]);
        }
}

void plan_domain_names(
    struct arena *arena,
    const struct compose_project *p,
    const struct plan_settings *s,
    const char *const **names,
    size_t *count)
{
    struct plan_view v;
    size_t max = 2; /* the domain and what is below it */

    plan_view_make(arena, p, &v);
    plan_doors(arena, s, &v);

    /* Beside its aliases a service has at most its domainname outside the project's domain. */
    for (size_t i = 0; i < v.count; i++)
        for (size_t k = 0; k < v.services[i].s->network_count; k++)
            max += v.services[i].s->networks[k].alias_count;
    struct plan_hosts all = {.names = arena_array(arena, const char *, max + 4 * v.count)};

    add_own_names(arena, &v, s, &all);

    const char *domain = plan_public_domain(&v, s);
    if (domain && (v.ingress || v.network)) {
        add(&all, domain);
        add(&all, arena_printf(arena, "*.%s", domain));
    }
    *names = all.names;
    *count = all.count;
}

bool plan_domain_is_network(
    const struct compose_project *p, const struct plan_settings *s, const char *name)
{
    cleanup_arena struct arena *a = arena_new();
    struct plan_view v;

    plan_view_make(a, p, &v);
    plan_doors(a, s, &v);
    for (size_t i = 0; i < v.count; i++)
        for (size_t k = 0; k < v.services[i].port_count; k++) {
            struct plan_hosts h = {0};

            if (v.services[i].ports[k].network)
                plan_hosts(a, &v, s, &v.services[i], &v.services[i].ports[k], &h);
            for (size_t j = 0; j < h.count; j++)
                if (strcmp(h.names[j], name) == 0)
                    return true;
        }
    return false;
}

/* ---- zones ---- */

/* Whether the name is the zone's own or lies below it, whole labels compared. */
static bool in_zone(const char *name, const char *zone)
{
    if (text_starts(name, "*."))
        name += 2;

    size_t n = strlen(name);
    size_t z = strlen(zone);
    bool ends_so = z && n >= z && strcmp(name + n - z, zone) == 0;
    return ends_so && (n == z || name[n - z - 1] == '.');
}

const struct plan_zone *plan_zone_of(
    const struct plan_facts *f,
    const char *name,
    const char *preferred,
    const struct plan_zone **twin)
{
    /* Stands for a zone that nobody has looked up yet: a plan without an account. */
    static const struct plan_zone any = {"", "Z00000000000"};
    const struct plan_zone *best = NULL;

    *twin = NULL;
    if (!f->zones_known)
        return &any;
    for (size_t i = 0; i < f->public_zone_count; i++) {
        const struct plan_zone *z = &f->public_zones[i];

        if (!in_zone(name, z->name))
            continue;
        if (text_eq(z->id, preferred)) {
            *twin = NULL;
            return z;
        }
        if (best && strcmp(best->name, z->name) == 0)
            *twin = z;
        if (!best || strlen(z->name) > strlen(best->name)) {
            best = z;
            *twin = NULL;
        }
    }

    return best;
}

const struct plan_zone *
plan_domain_zone(const struct compose_project *p, const struct plan_facts *f, const char *name)
{
    cleanup_arena struct arena *a = arena_new();
    struct plan_adopt adopt;
    const struct plan_zone *twin;

    (void)plan_adopt_read(a, p, &adopt, NULL);
    return plan_zone_of(f, name, adopt.public_zone.value, &twin);
}

bool plan_record_exists(const struct plan_facts *f, const char *name, const char *type)
{
    for (size_t i = 0; i < f->record_count; i++)
        if (strcmp(f->records[i].name, name) == 0 &&
            (!type || strcmp(f->records[i].type, type) == 0))
            return true;
    return false;
}
