/* Readers of the whole tree that the parts of a project share.
 *
 * The passes before have checked types and written every value in one notation, so nothing here
 * can fail: what is not there, or (without interpolation) is no number yet, is the fallback.
 * Strings of the tree are shared, as both live in the project's arena. Lists made of mappings are
 * sorted by name: a plan must not depend on the order in a file. */
#include "compose/bind/bind.h"

#include "compose/compose.h"
#include "compose/template.h"

#include <stdlib.h>
#include <string.h>

struct yaml_node *bind_map(const struct yaml_node *n, const char *key)
{
    struct yaml_node *value = yaml_get(n, key);
    return value && value->kind == YAML_KIND_MAPPING ? value : NULL;
}

struct yaml_node *bind_seq(const struct yaml_node *n, const char *key)
{
    struct yaml_node *value = yaml_get(n, key);
    return value && value->kind == YAML_KIND_SEQUENCE ? value : NULL;
}

static const struct yaml_node *scalar(const struct yaml_node *n, const char *key)
{
    const struct yaml_node *value = yaml_get(n, key);
    return value && value->kind == YAML_KIND_SCALAR && !yaml_is_null(value) ? value : NULL;
}

const char *bind_text(struct arena *a, const struct yaml_node *n, const char *key)
{
    const struct yaml_node *value = scalar(n, key);
    return value ? template_plain(a, value->value) : NULL;
}

bool bind_bool(const struct yaml_node *n, const char *key)
{
    return yaml_scalar_bool(yaml_get(n, key));
}

long long bind_int(const struct yaml_node *n, const char *key, long long fallback)
{
    const struct yaml_node *value = scalar(n, key);
    long long out;
    return value && yaml_scalar_int(value, &out) == 0 ? out : fallback;
}

double bind_float(const struct yaml_node *n, const char *key, double fallback)
{
    const struct yaml_node *value = scalar(n, key);
    double out;
    return value && yaml_scalar_float(value, &out) == 0 ? out : fallback;
}

int64_t bind_bytes(const struct yaml_node *n, const char *key, int64_t fallback)
{
    const struct yaml_node *value = scalar(n, key);
    int64_t bytes = value ? compose_parse_bytes(value->value) : -1;
    return bytes < 0 ? fallback : bytes;
}

int64_t bind_duration_ms(const struct yaml_node *n, const char *key, int64_t fallback)
{
    const struct yaml_node *value = scalar(n, key);
    int64_t ms = value ? compose_parse_duration_ms(value->value) : -1;
    return ms < 0 ? fallback : ms;
}

const char **bind_texts(struct arena *a, const struct yaml_node *seq, size_t *count)
{
    *count = seq ? seq->len : 0;
    const char **texts = arena_array(a, const char *, *count + 1);
    for (size_t i = 0; i < *count; i++)
        texts[i] =
            seq->items[i]->kind == YAML_KIND_SCALAR ? template_plain(a, seq->items[i]->value) : "";
    return texts;
}

static int compare_keys(const void *pa, const void *pb)
{
    const struct yaml_pair *const *a = pa, *const *b = pb;
    return strcmp((*a)->key->value, (*b)->key->value);
}

const struct yaml_pair **bind_sorted(struct arena *a, const struct yaml_node *map)
{
    const struct yaml_pair **pairs = arena_array(a, const struct yaml_pair *, map->len + 1);
    for (size_t i = 0; i < map->len; i++)
        pairs[i] = &map->pairs[i];
    qsort(pairs, map->len, sizeof *pairs, compare_keys);
    return pairs;
}

static struct compose_text bare_config(struct arena *a, const char *name, struct yaml_pos pos)
{
    struct compose_part *part = arena_make(a, struct compose_part);
    *part = (struct compose_part){.is_config = true, .text = name};
    return (struct compose_text){.first = part, .pos = pos};
}

struct compose_env *bind_env(struct arena *a, const struct yaml_node *map, size_t *count)
{
    *count = map ? map->len : 0;
    if (!*count)
        return NULL;

    struct compose_env *all = arena_array(a, struct compose_env, *count);
    const struct yaml_pair **pairs = bind_sorted(a, map);
    for (size_t i = 0; i < *count; i++) {
        const char *name = pairs[i]->key->value;
        const struct yaml_node *value = pairs[i]->value;
        all[i].name = name;
        all[i].is_null = yaml_is_null(value);
        all[i].value = all[i].is_null ? bare_config(a, name, pairs[i]->key->pos)
                                      : template_to_text(a, value->value, value->pos);
    }

    return all;
}

struct yaml_node *bind_extensions(struct arena *a, const struct yaml_node *n)
{
    struct yaml_node *found = NULL;

    for (size_t i = 0; n->kind == YAML_KIND_MAPPING && i < n->len; i++) {
        if (!spec_is_extension(n->pairs[i].key->value))
            continue;
        if (!found)
            found = yaml_new_mapping(a, n->pos);
        yaml_map_set(a, found, n->pairs[i].key, n->pairs[i].value);
    }

    return found;
}
