/* Nodes: looking up, building, copying, comparing. Parsing is in yaml_parse.c, scalar types in
 * yaml_scalar.c.
 */
#include "data/yaml.h"

#include "data/strmap.h"

#include <string.h>

/* Below this a linear search is as fast as a hash and needs no memory. */
#define INDEX_FROM 16

static size_t find_pair(const struct yaml_node *map, const char *key)
{
    if (map->index) {
        const size_t *at = strmap_get(map->index, key);
        return at ? *at : map->len;
    }

    for (size_t i = 0; i < map->len; i++) {
        const char *name = map->pairs[i].key->value;
        if (*name == *key && strcmp(name, key) == 0)
            return i;
    }

    return map->len;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_KIND_MAPPING)
        return NULL;
    size_t i = find_pair(map, key);
    return i < map->len ? map->pairs[i].value : NULL;
}

static struct yaml_node *new_node(struct arena *arena, enum yaml_kind kind, struct yaml_pos pos)
{
    struct yaml_node *n = arena_make(arena, struct yaml_node);
    n->kind = kind;
    n->pos = pos;
    return n;
}

struct yaml_node *
yaml_new_scalar(struct arena *arena, struct yaml_pos pos, const char *value, bool plain)
{
    struct yaml_node *n = new_node(arena, YAML_KIND_SCALAR, pos);
    n->value = arena_strdup(arena, value);
    n->plain = plain;
    return n;
}

struct yaml_node *yaml_new_mapping(struct arena *arena, struct yaml_pos pos)
{
    return new_node(arena, YAML_KIND_MAPPING, pos);
}

struct yaml_node *yaml_new_sequence(struct arena *arena, struct yaml_pos pos)
{
    return new_node(arena, YAML_KIND_SEQUENCE, pos);
}

static void build_index(struct arena *arena, struct yaml_node *map)
{
    map->index = arena_make(arena, struct strmap);
    for (size_t i = 0; i < map->len; i++)
        strmap_put(arena, map->index, map->pairs[i].key->value, i);
}

void yaml_map_set(
    struct arena *arena, struct yaml_node *map, struct yaml_node *key, struct yaml_node *value)
{
    size_t i = find_pair(map, key->value);

    if (i < map->len) {
        map->pairs[i].value = value;
        return;
    }

    if (map->len == map->cap) {
        size_t cap = map->cap ? map->cap * 2 : 4;
        struct yaml_pair *pairs = arena_array(arena, struct yaml_pair, cap);
        if (map->len)
            memcpy(pairs, map->pairs, map->len * sizeof *pairs);
        map->pairs = pairs;
        map->cap = cap;
    }

    map->pairs[map->len++] = (struct yaml_pair){.key = key, .value = value};
    if (map->index)
        strmap_put(arena, map->index, key->value, map->len - 1);
    else if (map->len > INDEX_FROM)
        build_index(arena, map);
}

bool yaml_map_remove(struct yaml_node *map, const char *key)
{
    size_t i = find_pair(map, key);

    if (i == map->len)
        return false;
    memmove(&map->pairs[i], &map->pairs[i + 1], (map->len - i - 1) * sizeof *map->pairs);
    map->len--;
    map->index = NULL; /* positions moved; the next insertion builds it again */
    return true;
}

void yaml_seq_push(struct arena *arena, struct yaml_node *seq, struct yaml_node *item)
{
    if (seq->len == seq->cap) {
        size_t cap = seq->cap ? seq->cap * 2 : 4;
        struct yaml_node **items = arena_array(arena, struct yaml_node *, cap);
        if (seq->len)
            memcpy(items, seq->items, seq->len * sizeof *items);
        seq->items = items;
        seq->cap = cap;
    }

    seq->items[seq->len++] = item;
}

struct yaml_node *yaml_copy_shallow(struct arena *arena, const struct yaml_node *n)
{
    struct yaml_node *copy = arena_make(arena, struct yaml_node);
    *copy = *n;
    copy->items = NULL;
    copy->pairs = NULL;
    copy->index = NULL;
    copy->len = copy->cap = 0;
    for (size_t i = 0; n->kind == YAML_KIND_SEQUENCE && i < n->len; i++)
        yaml_seq_push(arena, copy, n->items[i]);
    for (size_t i = 0; n->kind == YAML_KIND_MAPPING && i < n->len; i++)
        yaml_map_set(arena, copy, n->pairs[i].key, n->pairs[i].value);
    return copy;
}

struct yaml_node *yaml_copy_deep(struct arena *arena, const struct yaml_node *n)
{
    struct yaml_node *copy = yaml_copy_shallow(arena, n);
    for (size_t i = 0; copy->kind == YAML_KIND_SEQUENCE && i < copy->len; i++)
        copy->items[i] = yaml_copy_deep(arena, copy->items[i]);
    for (size_t i = 0; copy->kind == YAML_KIND_MAPPING && i < copy->len; i++)
        copy->pairs[i].value = yaml_copy_deep(arena, copy->pairs[i].value);
    return copy;
}

bool yaml_equal(const struct yaml_node *a, const struct yaml_node *b)
{
    if (yaml_is_null(a) || yaml_is_null(b))
        return yaml_is_null(a) && yaml_is_null(b);
    if (a->kind != b->kind)
        return false;
    if (a->kind == YAML_KIND_SCALAR)
        return yaml_scalar_type(a) == yaml_scalar_type(b) && strcmp(a->value, b->value) == 0;
    if (a->len != b->len)
        return false;
    for (size_t i = 0; i < a->len; i++) {
        if (a->kind == YAML_KIND_SEQUENCE) {
            if (!yaml_equal(a->items[i], b->items[i]))
                return false;
            continue;
        }
        size_t at = find_pair(b, a->pairs[i].key->value);
        if (at == b->len || !yaml_equal(a->pairs[i].value, b->pairs[at].value))
            return false;
    }

    return true;
}
