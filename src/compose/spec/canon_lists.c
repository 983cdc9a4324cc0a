/* Forms that may be written as a list or as a mapping: NAME=value, names alone, depends_on, hosts,
 * and what may be one text or a list of texts.
 *
 * Each takes the node as it was written and returns the long form; what is already long comes back
 * as it is. A mistake is a diagnostic, and the entry is left out or kept as the next pass bears it.
 */
#include "compose/spec/canon.h"

#include "base/str.h"
#include "compose/spec/shape.h"
#include "compose/template.h"

#include <string.h>

/* ["A=1", "B"] → {A: "1", B: null} */
struct yaml_node *canon_kv(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    if (n->kind != YAML_KIND_SEQUENCE)
        return n;

    struct yaml_node *map = canon_map_like(c, n);
    for (size_t i = 0; i < n->len; i++) {
        const struct yaml_node *item = n->items[i];
        const char *eq = strchr(item->value, '=');
        const char *name =
            eq ? arena_strndup(c->arena, item->value, (size_t)(eq - item->value)) : item->value;
        if (text_ends(name, " ")) {
            struct spot here = {.up = spot, .index = i};
            canon_complain(
                c,
                item,
                "Take the blank before the '=' away.",
                &here,
                "\"%s\" is not a name",
                name);
            continue;
        }
        if (template_has_parts(name)) {
            const char *unset = template_first_part(c->arena, name);
            struct spot here = {.up = spot, .index = i};
            canon_complain(
                c,
                item,
                "A config value can stand only behind the '='.",
                &here,
                "variable %s is not set",
                unset);
            continue;
        }
        struct yaml_node *value = eq ? canon_text(c, item, eq + 1) : canon_plain(c, item, "null");
        if (tag_is_reset(item))
            value->tag = item->tag;
        canon_set(c, map, name, value);
    }

    return map;
}

/* ["a", "b"] → {a: null, b: null} */
struct yaml_node *canon_names(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    if (n->kind != YAML_KIND_SEQUENCE)
        return n;

    struct yaml_node *map = canon_map_like(c, n);
    for (size_t i = 0; i < n->len; i++) {
        struct spot here = {.up = spot, .index = i};
        if (yaml_get(map, n->items[i]->value))
            canon_complain(
                c, n->items[i], NULL, &here, "\"%s\" is named twice", n->items[i]->value);
        else
            canon_set(c, map, n->items[i]->value, canon_plain(c, n->items[i], "null"));
    }

    return map;
}

struct yaml_node *canon_depends_on(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    struct yaml_node *map = canon_names(c, n, spot);

    for (size_t i = 0; i < map->len; i++) {
        struct yaml_node *value = map->pairs[i].value;
        if (tag_is_reset(value))
            continue;
        if (value->kind != YAML_KIND_MAPPING && n->kind == YAML_KIND_SEQUENCE) {
            struct yaml_node *key = map->pairs[i].key;
            value = map->pairs[i].value = yaml_new_mapping(c->arena, value->pos);
            canon_set(c, value, "condition", canon_text(c, key, "service_started"));
        }
        if (value->kind == YAML_KIND_MAPPING && !yaml_get(value, "required"))
            canon_set(c, value, "required", canon_plain(c, value, "true"));
    }

    return map;
}

struct yaml_node *canon_list(struct canon *c, struct yaml_node *n)
{
    if (n->kind != YAML_KIND_SCALAR || yaml_is_null(n))
        return n;
    struct yaml_node *seq = canon_seq_like(c, n), *item = yaml_copy_shallow(c->arena, n);
    item->tag = NULL;
    yaml_seq_push(c->arena, seq, item);
    return seq;
}

/* An empty text is no server. */
struct yaml_node *canon_dns(struct canon *c, struct yaml_node *n)
{
    struct yaml_node *list = canon_list(c, n);
    size_t kept = 0;

    for (size_t i = 0; list->kind == YAML_KIND_SEQUENCE && i < list->len; i++)
        if (*list->items[i]->value)
            list->items[kept++] = list->items[i];
    list->len = kept;
    return list;
}

static void push_host(
    struct canon *c,
    struct yaml_node *seq,
    const struct yaml_node *from,
    const char *host,
    const char *ip)
{
    size_t n = strlen(ip);
    if (ip[0] == '[' && n > 1 && ip[n - 1] == ']')
        ip = arena_strndup(c->arena, ip + 1, n - 2);
    yaml_seq_push(c->arena, seq, canon_text(c, from, arena_printf(c->arena, "%s=%s", host, ip)));
}

/* {host: ip} or {host: [ip, ip]} → ["host=ip", …]; "host:ip" → "host=ip" */
struct yaml_node *canon_hosts(struct canon *c, struct yaml_node *n)
{
    struct yaml_node *seq = canon_seq_like(c, n);

    for (size_t i = 0; n->kind == YAML_KIND_SEQUENCE && i < n->len; i++) {
        const struct yaml_node *item = n->items[i];
        const char *mark = strchr(item->value, '=');
        if (!mark)
            mark = strchr(item->value, ':');
        if (mark)
            push_host(
                c,
                seq,
                item,
                arena_strndup(c->arena, item->value, (size_t)(mark - item->value)),
                mark + 1);
        else
            yaml_seq_push(c->arena, seq, n->items[i]);
    }

    for (size_t i = 0; n->kind == YAML_KIND_MAPPING && i < n->len; i++) {
        const struct yaml_node *value = n->pairs[i].value;
        bool many = value->kind == YAML_KIND_SEQUENCE;
        for (size_t k = 0; k < (many ? value->len : 1); k++)
            push_host(
                c,
                seq,
                many ? value->items[k] : value,
                n->pairs[i].key->value,
                (many ? value->items[k] : value)->value);
    }

    return seq;
}
