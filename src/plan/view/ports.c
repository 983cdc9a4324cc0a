/* The view: which ports of a service are reachable from where (defang.md 6.4, 6.5). Part of
 * plan_view_make(), which has told the kind of the service before.
 *
 * A published port goes one of four ways. What speaks HTTP, as far as anybody knows (known.h), is
 * behind the load balancer, on the number that it is published at. What does not is for the
 * project's own services, until the file says `mode: ingress`: then it is behind the network load
 * balancer. A host port and UDP are the task's own, open to the internet when the service is on a
 * public network. And what Docker binds to the loopback address is for the project alone.
 *
 * One port of the container that is published twice is one port with two numbers. `expose` and
 * managed stores are for the project's own services. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/view/adopt.h"
#include "plan/view/extensions.h"
#include "plan/view/parts.h"
#include "plan/view/probe.h"
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

enum plan_address plan_host_address(const char *host_ip)
{
    static const char *const any[] = {"0.0.0.0", "::", "[::]", "*", "0:0:0:0:0:0:0:0"};
    static const char *const own[] = {"::1", "[::1]", "localhost", "0:0:0:0:0:0:0:1"};

    if (text_empty(host_ip))
        return PLAN_ADDRESS_ANY;
    for (size_t i = 0; i < ARRAY_LEN(any); i++)
        if (text_eq_nocase(host_ip, any[i]))
            return PLAN_ADDRESS_ANY;
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (text_eq_nocase(host_ip, own[i]))
            return PLAN_ADDRESS_LOOPBACK;

    bool loopback = text_starts(host_ip, "127.") || text_starts(host_ip, "::ffff:127.");
    return loopback ? PLAN_ADDRESS_LOOPBACK : PLAN_ADDRESS_OTHER;
}

/* ---- what it speaks ---- */

/* "tcp" → "TCP": how the network load balancer calls it; NULL for what is no transport. */
static const char *transport(const char *word)
{
    static const char *const known[] = {"TCP", "TLS", "UDP"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (text_eq_nocase(word, known[i]))
            return known[i];
    return NULL;
}

static const char *http_of(const char *word)
{
    static const struct {
        const char *word, *protocol;
    } known[] = {
        {"http", "http"},
        {"http1", "http"},
        {"http/1.1", "http"},
        {"ws", "http"},
        {"https", "https"},
        {"wss", "https"},
        {"http2", "http2"},
        {"h2c", "http2"},
        {"grpc", "grpc"}};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (text_eq_nocase(word, known[i].word))
            return known[i].protocol;
    return NULL;
}

/* A test that makes a request to the port says that it speaks HTTP, whatever its number. */
static bool is_probed(struct arena *a, const struct compose_service *s, unsigned target)
{
    struct plan_probe probe;

    plan_probe_read(a, s, &probe);
    return probe.http && probe.has_port && probe.port == target;
}

/* Fills app_protocol, or speaks; answers with the transport where the file names one. */
static const char *read_protocol(
    struct arena *a,
    const struct compose_service *s,
    const struct compose_port *c,
    struct plan_port *port)
{
    const char *word = c->app_protocol;
    const struct plan_known *known = plan_known_port(s, c->target);

    if (text_empty(word))
        word = plan_adopt_protocol(s, c->target);
    if (strcmp(port->protocol, "udp") == 0) {
        port->speaks = "UDP";
        return "UDP";
    }
    if (!text_empty(word)) {
        port->app_protocol = http_of(word);
        if (!port->app_protocol)
            port->speaks = known ? known->speaks : arena_strdup(a, word);
        return transport(word);
    }

    if (known && !is_probed(a, s, c->target))
        port->speaks = known->speaks;
    else
        port->app_protocol = c->target == 443 ? "https" : "http";
    return NULL;
}

/* ---- which way it is reached ---- */

static void choose_way(
    struct plan_port *port, const struct compose_port *c, const char *word, bool public_network)
{
    bool udp = strcmp(port->protocol, "udp") == 0;
    bool host_mode = c->mode ? strcmp(c->mode, "host") == 0 : udp;

    if (plan_host_address(c->host_ip) == PLAN_ADDRESS_LOOPBACK)
        port->why = PLAN_PRIVATE_LOOPBACK;
    else if (host_mode)
        port->open = public_network;
    else if (port->app_protocol)
        port->ingress = true;
    else if (c->mode)
        port->network = word ? word : "TCP";
    else
        port->why = PLAN_PRIVATE_NO_HTTP;

    if (!port->ingress)
        port->app_protocol = NULL;
}

/* "8080", "8000-8005"; nothing for 0, which Docker takes for any port. */
static void read_published(struct arena *a, const struct compose_port *c, struct plan_port *port)
{
    const char *text = c->published ? c->published : "";
    const char *dash = strchr(text, '-');
    const char *first = dash ? arena_strndup(a, text, (size_t)(dash - text)) : text;
    long long from, to;

    if (text_parse_int(first, 1, 65535, &from) < 0)
        return;
    to = from;
    if (dash && text_parse_int(dash + 1, from, 65535, &to) < 0)
        return;
    port->published = arena_array(a, struct plan_publish, 1);
    port->published[0] = (struct plan_publish){(uint16_t)from, (uint16_t)to, c->pos};
    port->published_count = 1;
}

static struct plan_port *
find_port(const struct plan_service *v, uint16_t target, const char *protocol)
{
    for (size_t i = 0; i < v->port_count; i++)
        if (v->ports[i].target == target && strcmp(v->ports[i].protocol, protocol) == 0)
            return &v->ports[i];
    return NULL;
}

/* The same port of the container once more: both numbers lead to it, and the more public way is
 * its way. */
static void join_port(struct arena *a, struct plan_port *old, const struct plan_port *port)
{
    bool reached = port->ingress || port->network || port->open;

    if (reached && !old->ingress && !old->network) {
        struct plan_port before = *old;

        *old = *port;
        old->open = old->open || before.open;
        if (before.why != PLAN_NOT_PRIVATE || before.open)
            return;
        old->published = before.published;
        old->published_count = before.published_count;
    } else if (port->why != PLAN_NOT_PRIVATE) {
        return; /* another way to what is reached already */
    }
    for (size_t i = 0; i < old->published_count && port->published_count; i++)
        if (old->published[i].from == port->published[0].from)
            return;

    struct plan_publish *all = arena_array(a, struct plan_publish, old->published_count + 1);
    if (old->published_count)
        memcpy(all, old->published, old->published_count * sizeof *all);
    if (port->published_count)
        all[old->published_count++] = port->published[0];
    old->published = all;
}

static void add_port(struct arena *a, struct plan_service *v, struct plan_port port)
{
    struct plan_port *old = find_port(v, port.target, port.protocol);

    if (old)
        join_port(a, old, &port);
    else
        v->ports[v->port_count++] = port;
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

static void add_published(
    struct arena *a, struct plan_service *v, const struct compose_port *c, bool public_network)
{
    struct plan_port port = {
        .target = c->target,
        .protocol = text_eq(c->protocol, "udp") ? "udp" : "tcp",
        .listener = c->listener,
        .pos = c->pos};

    if (v->kind == PLAN_CONTAINER) {
        const char *word = read_protocol(a, v->s, c, &port);

        choose_way(&port, c, word, public_network);
        port.published_host = port.open;
        port.open = port.open && plan_llm_may_open(v->s);
        read_published(a, c, &port);
    }
    add_port(a, v, port);
}

static void add_private(struct arena *a, struct plan_service *v, uint16_t target)
{
    if (!find_port(v, target, "tcp"))
        add_port(a, v, (struct plan_port){.target = target, .protocol = "tcp", .pos = v->s->pos});
}

/* What ECS cannot register any more. */
static void keep_doors(struct plan_service *v)
{
    size_t doors = 0;

    for (size_t i = 0; i < v->port_count; i++) {
        struct plan_port *port = &v->ports[i];

        if ((!port->ingress && !port->network) || doors++ < PLAN_SERVICE_DOORS)
            continue;
        port->ingress = false;
        port->network = NULL;
        port->app_protocol = NULL;
        port->why = PLAN_PRIVATE_TOO_MANY;
    }
}

static void count_ways(struct plan_service *v)
{
    v->ingress = v->network = v->open = false;
    for (size_t i = 0; i < v->port_count; i++) {
        v->ingress = v->ingress || v->ports[i].ingress;
        v->network = v->network || v->ports[i].network;
        v->open = v->open || v->ports[i].open;
    }
}

void plan_view_recount(struct plan_view *v)
{
    v->ingress = v->network = false;
    for (size_t i = 0; i < v->count; i++) {
        count_ways(&v->services[i]);
        v->ingress = v->ingress || v->services[i].ingress;
        v->network = v->network || v->services[i].network;
    }
}

/* A managed store listens on one port, and the project alone reaches it. */
static void keep_one(struct arena *a, struct plan_service *v)
{
    uint16_t port = v->port_count ? v->ports[0].target : store_port(v->s, v->kind);

    v->port_count = 0;
    add_private(a, v, port);
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
        add_published(a, v, &s->ports[i], public_network);
    for (size_t i = 0; i < s->expose_count; i++)
        add_private(a, v, s->expose[i]);

    if (v->kind != PLAN_CONTAINER)
        keep_one(a, v);
    else if (!v->port_count && is_litellm(s))
        add_private(a, v, 4000); /* what that image listens on */
    keep_doors(v);
    count_ways(v);
}

const struct plan_port *plan_ingress_port(const struct plan_service *s, unsigned target)
{
    for (size_t i = 0; i < s->port_count; i++)
        if (s->ports[i].ingress && s->ports[i].target == target)
            return &s->ports[i];
    return NULL;
}

unsigned plan_network_health(const struct plan_service *s, const struct plan_port *p)
{
    if (strcmp(p->protocol, "udp") != 0)
        return p->target;
    for (size_t i = 0; i < s->port_count; i++)
        if (strcmp(s->ports[i].protocol, "tcp") == 0)
            return s->ports[i].target;
    return p->target;
}

bool plan_is_behind_network(const struct plan_service *s, unsigned target)
{
    for (size_t i = 0; i < s->port_count; i++)
        if (s->ports[i].network && s->ports[i].target == target &&
            strcmp(s->ports[i].protocol, "tcp") == 0)
            return true;
    return false;
}
