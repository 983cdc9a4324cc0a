/* The view: which ports of a service are reachable from where (defang.md 6.4, 6.5). Part of
 * plan_view_make(), which has told the kind of the service before.
 *
 * A port is for the load balancer unless it is a host port or UDP, which it cannot carry. A host
 * port is open to the internet when the service is on a public network. `expose` and managed stores
 * are for the project's own services. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/view/adopt.h"
#include "plan/view/extensions.h"
#include "plan/view/parts.h"
#include <string.h>

static bool on_public_network(const struct compose_project *p, const struct compose_service *s)
{
    if (!s->network_count)
        return true;
    for (size_t i = 0; i < s->network_count; i++) {
        const struct compose_network *n = compose_network_get(p, s->networks[i].name);
        if (strcmp(s->networks[i].name, "default") == 0 && !(n && n->internal))
            return true;
    }
    return false;
}

static bool has_port(const struct plan_service *v, uint16_t target, const char *protocol)
{
    for (size_t i = 0; i < v->port_count; i++)
        if (v->ports[i].target == target && strcmp(v->ports[i].protocol, protocol) == 0)
            return true;
    return false;
}

static void add_port(struct plan_service *v, struct plan_port port)
{
    if (has_port(v, port.target, port.protocol))
        return;
    v->ports[v->port_count++] = port;
    v->ingress = v->ingress || port.ingress;
    v->open = v->open || port.open;
}

static uint16_t mongodb_port(const struct compose_service *s)
{
    long long port = 27017;
    bool said = false;

    for (size_t i = 0; i < s->command_count; i++) {
        const char *word = s->command[i],
                   *value = text_starts(word, "--port=") ? word + strlen("--port=") : NULL;
        if (text_eq(word, "--port") && i + 1 < s->command_count)
            value = s->command[i + 1];
        if (value && text_parse_int(value, 1, 65535, &port) == 0)
            said = true;
        if (!said && (text_eq(word, "--shardsvr") || text_eq(word, "--configsvr")))
            port = text_eq(word, "--shardsvr") ? 27018 : 27019;
    }
    return (uint16_t)port;
}

/* PGPORT, when it is plain text. */
static uint16_t postgres_port(const struct compose_service *s)
{
    long long port = 5432;

    for (size_t i = 0; i < s->environment_count; i++) {
        const struct compose_part *part = s->environment[i].value.first;
        bool plain = part && !part->is_config && !part->next;

        if (plain && strcmp(s->environment[i].name, "PGPORT") == 0)
            (void)text_parse_int(part->text, 1, 65535, &port);
    }
    return (uint16_t)port;
}

static uint16_t redis_port(const struct compose_service *s)
{
    long long port = 6379;

    for (size_t i = 0; i + 1 < s->command_count; i++)
        if (strcmp(s->command[i], "--port") == 0)
            (void)text_parse_int(s->command[i + 1], 1, 65535, &port);
    return (uint16_t)port;
}

/* The port that a store's own clients use, from the variable or flag its image knows. */
static uint16_t store_port(const struct compose_service *s, enum plan_kind kind)
{
    if (kind == PLAN_MONGODB)
        return mongodb_port(s);
    return kind == PLAN_POSTGRES ? postgres_port(s) : redis_port(s);
}

static const char *
ingress_protocol(const struct compose_service *s, const struct compose_port *port)
{
    const char *protocol =
        port->app_protocol ? port->app_protocol : plan_adopt_protocol(s, port->target);
    return protocol ? protocol : "http";
}

static void add_published(struct plan_service *v, const struct compose_port *c, bool public_network)
{
    bool container = v->kind == PLAN_CONTAINER;
    bool udp = text_eq(c->protocol, "udp");
    bool host_mode = c->mode ? strcmp(c->mode, "host") == 0 : udp;
    bool host = !container || host_mode;

    struct plan_port port = {
        .target = c->target,
        .protocol = udp ? "udp" : "tcp",
        .app_protocol = host ? NULL : ingress_protocol(v->s, c),
        .listener = c->listener,
        .published = c->published,
        .ingress = !host,
        .open = host && container && public_network && plan_llm_may_open(v->s),
        .published_host = host && container && public_network,
        .pos = c->pos};
    add_port(v, port);
}

static void add_private(struct plan_service *v, uint16_t target)
{
    add_port(v, (struct plan_port){.target = target, .protocol = "tcp", .pos = v->s->pos});
}

/* A managed store listens on one port, and the project alone reaches it. */
static void keep_one(struct plan_service *v)
{
    uint16_t port = v->port_count ? v->ports[0].target : store_port(v->s, v->kind);

    v->port_count = 0;
    v->ingress = false;
    v->open = false;
    add_private(v, port);
}

static bool is_litellm(const struct compose_service *s)
{
    return plan_wants_llm(s) && s->image && strstr(s->image, "litellm");
}

void plan_view_ports(struct arena *a, const struct compose_project *p, struct plan_service *v)
{
    const struct compose_service *s = v->s;
    bool public_network = on_public_network(p, s);

    v->ports = arena_array(a, struct plan_port, s->port_count + s->expose_count + 1);
    if (v->kind == PLAN_SIDECAR || v->kind == PLAN_STATIC)
        return; /* the address and its ports are the other service's */

    for (size_t i = 0; i < s->port_count; i++)
        add_published(v, &s->ports[i], public_network);
    for (size_t i = 0; i < s->expose_count; i++)
        add_private(v, s->expose[i]);

    if (v->kind != PLAN_CONTAINER)
        keep_one(v);
    else if (!v->port_count && is_litellm(s))
        add_private(v, 4000); /* what that image listens on */
}

const struct plan_port *plan_ingress_port(const struct plan_service *s, unsigned target)
{
    for (size_t i = 0; i < s->port_count; i++)
        if (s->ports[i].ingress && s->ports[i].target == target)
            return &s->ports[i];
    return NULL;
}
