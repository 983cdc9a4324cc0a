/* Ports: "[host_ip:][published:]target[/protocol]", ranges expanded to one port each.
 *
 * A range of host ports over as many container ports is taken pair by pair; over a single one it
 * stays a range, of which the host takes any that is free. An IPv6 address stands in brackets. How
 * many ports one entry may become is bounded (LIMIT_COMPOSE_PORT_RANGE). */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/spec/canon.h"
#include "compose/spec/shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct range {
    long long from, to;
};

static int parse_range(struct arena *arena, const char *text, struct range *out)
{
    const char *dash = strchr(text, '-');
    const char *from = dash ? arena_strndup(arena, text, (size_t)(dash - text)) : text;

    if (text_parse_int(from, 0, 65535, &out->from) < 0)
        return -EINVAL;
    out->to = out->from;
    if (dash && text_parse_int(dash + 1, 0, 65535, &out->to) < 0)
        return -EINVAL;
    return out->to < out->from ? -EINVAL : 0;
}

static void push_port(
    struct canon *c,
    struct yaml_node *seq,
    const struct yaml_node *from,
    const char *ip,
    const char *published,
    long long target,
    const char *protocol)
{
    struct yaml_node *map = yaml_new_mapping(c->arena, from->pos);

    if (ip && *ip)
        canon_set(c, map, "host_ip", canon_text(c, from, ip));
    canon_set(c, map, "target", canon_plain(c, from, arena_printf(c->arena, "%lld", target)));
    if (published)
        canon_set(c, map, "published", canon_text(c, from, published));
    canon_set(c, map, "protocol", canon_text(c, from, protocol));
    map->tag = "!short"; /* ours: how it was written; never merged, never printed */
    yaml_seq_push(c->arena, seq, map);
}

struct entry {
    const char *ip, *published, *target, *protocol;
};

static void split_entry(struct arena *arena, const char *text, struct entry *e)
{
    char *copy = arena_strdup(arena, text), *slash = strrchr(copy, '/');
    *e = (struct entry){.protocol = "tcp"};
    if (slash) {
        *slash = '\0';
        if (slash[1])
            e->protocol = slash + 1;
    }

    char *colon = strrchr(copy, ':');
    if (!colon || strchr(colon, ']')) {
        e->target = copy;
        return;
    }
    *colon = '\0';
    e->target = colon + 1;
    char *before = strrchr(copy, ':');
    if (!before || strchr(before, ']')) {
        e->published = copy;
        return;
    }
    *before = '\0';
    e->published = before + 1;
    size_t n = strlen(copy);
    if (copy[0] == '[' && n > 1 && copy[n - 1] == ']') {
        copy[n - 1] = '\0';
        copy++;
    } else if (strchr(copy, ':')) { /* an IPv6 address stands in brackets */
        e->target = "";
    }

    e->ip = copy;
}

static const char *lower(struct arena *arena, const char *text)
{
    cleanup_free char *low = text_lower(text);
    return arena_strdup(arena, low);
}

static void expand_short(
    struct canon *c, struct yaml_node *seq, const struct yaml_node *n, const struct spot *spot)
{
    static const char HINT[] =
        "Ports look like 80, \"8080:80\", \"127.0.0.1:8080:80/udp\" or \"3000-3005:3000-3005\".";
    struct entry e;
    struct range target, published = {0};

    split_entry(c->arena, n->value, &e);
    const char *protocol = lower(c->arena, e.protocol);
    bool has_published = e.published && *e.published;
    if (!text_eq(protocol, "tcp") && !text_eq(protocol, "udp") && !text_eq(protocol, "sctp")) {
        canon_complain(
            c, n, "The protocol is tcp, udp or sctp.", spot, "unknown protocol \"%s\"", e.protocol);
        return;
    }

    if (parse_range(c->arena, e.target, &target) < 0 || target.from == 0 ||
        (has_published && parse_range(c->arena, e.published, &published) < 0)) {
        canon_complain(c, n, HINT, spot, "\"%s\" is not a port", n->value);
        return;
    }

    long long targets = target.to - target.from, room = published.to - published.from;
    bool shared =
        has_published && room != targets && targets == 0; /* one target, any port of the range */
    if (has_published && room != targets && !shared) {
        canon_complain(c, n, HINT, spot, "\"%s\": the two ranges differ in length", n->value);
        return;
    }

    if (targets >= LIMIT_COMPOSE_PORT_RANGE) {
        canon_complain(
            c,
            n,
            NULL,
            spot,
            "\"%s\" means more than %d ports",
            n->value,
            LIMIT_COMPOSE_PORT_RANGE);
        return;
    }

    for (long long i = 0; i <= targets; i++) {
        const char *at = NULL;
        if (shared)
            at = e.published;
        else if (has_published)
            at = arena_printf(c->arena, "%lld", published.from + i);
        push_port(c, seq, n, e.ip, at, target.from + i, protocol);
    }
}

static void finish_long(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    struct yaml_node *target = yaml_get(n, "target");
    long long port;

    if (!target)
        canon_complain(c, n, NULL, spot, "\"target\" is missing");
    else if (
        target->kind == YAML_KIND_SCALAR && !(c->lenient && strchr(target->value, '$')) &&
        (yaml_scalar_int(target, &port) < 0 || port < 1 || port > 65535))
        canon_complain(c, target, NULL, spot, "port %s is not between 1 and 65535", target->value);
    if (!yaml_get(n, "protocol"))
        canon_set(c, n, "protocol", canon_text(c, n, "tcp"));
}

struct yaml_node *canon_ports(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    struct yaml_node *seq = yaml_new_sequence(c->arena, n->pos);

    for (size_t i = 0; i < n->len; i++) {
        struct yaml_node *item = n->items[i];
        struct spot here = {.up = spot, .index = i};
        bool as_is = tag_is_reset(item) ||
                     (c->lenient && item->kind == YAML_KIND_SCALAR && strchr(item->value, '$'));
        if (!as_is && item->kind == YAML_KIND_SCALAR) {
            expand_short(c, seq, item, &here);
            continue;
        }
        if (!as_is)
            finish_long(c, item, &here);
        yaml_seq_push(c->arena, seq, item);
    }

    return seq;
}
