/* Readers that all of the model share: a text, a number, a list, a map of variables, extensions;
 * and the project's own parts (networks, volumes, secrets, configs).
 *
 * The tree has been checked and brought into long form before, so that a reader does not
 * complain: what is not there has its default. Interpolated texts keep their parts, because a
 * config value must stay recognisable in the model (template.h). */
#include "compose/bind/bind.h"

#include "compose/template.h"
#include "compose/units.h"

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

static void bind_networks(struct compose_project *p, const struct yaml_node *map)
{
    const struct yaml_pair **pairs = bind_sorted(p->arena, map);
    p->networks = arena_array(p->arena, struct compose_network, map->len);
    p->network_count = map->len;
    for (size_t i = 0; i < map->len; i++) {
        const struct yaml_node *n = pairs[i]->value;
        p->networks[i] = (struct compose_network){
            .name = pairs[i]->key->value,
            .pos = pairs[i]->key->pos,
            .external_name = bind_text(p->arena, n, "name"),
            .internal = bind_bool(n, "internal"),
            .external = bind_bool(n, "external")};
    }
}

static void bind_volumes(struct compose_project *p, const struct yaml_node *map)
{
    const struct yaml_pair **pairs = bind_sorted(p->arena, map);
    p->volumes = arena_array(p->arena, struct compose_volume, map->len);
    p->volume_count = map->len;
    for (size_t i = 0; i < map->len; i++)
        p->volumes[i] = (struct compose_volume){
            .name = pairs[i]->key->value,
            .pos = pairs[i]->key->pos,
            .driver = bind_text(p->arena, pairs[i]->value, "driver"),
            .external = bind_bool(pairs[i]->value, "external")};
}

static struct compose_file_source *
bind_sources(struct arena *a, const struct yaml_node *map, size_t *count)
{
    const struct yaml_pair **pairs = bind_sorted(a, map);
    struct compose_file_source *all = arena_array(a, struct compose_file_source, map->len);
    *count = map->len;
    for (size_t i = 0; i < map->len; i++) {
        const struct yaml_node *n = pairs[i]->value;
        all[i] = (struct compose_file_source){
            .name = pairs[i]->key->value,
            .pos = pairs[i]->key->pos,
            .file = bind_text(a, n, "file"),
            .environment = bind_text(a, n, "environment"),
            .content = bind_text(a, n, "content"),
            .external_name = bind_text(a, n, "name"),
            .external = bind_bool(n, "external")};
    }
    return all;
}

void bind_project(struct compose_project *p)
{
    const struct yaml_node *services = bind_map(p->root, "services"), *part;
    if (services) {
        const struct yaml_pair **pairs = bind_sorted(p->arena, services);
        p->services = arena_array(p->arena, struct compose_service, services->len);
        p->service_count = services->len;
        for (size_t i = 0; i < services->len; i++)
            bind_service(p->arena, pairs[i], &p->services[i]);
    }
    if ((part = bind_map(p->root, "networks")))
        bind_networks(p, part);
    if ((part = bind_map(p->root, "volumes")))
        bind_volumes(p, part);
    if ((part = bind_map(p->root, "secrets")))
        p->secrets = bind_sources(p->arena, part, &p->secret_count);
    if ((part = bind_map(p->root, "configs")))
        p->configs = bind_sources(p->arena, part, &p->config_count);
    p->extensions = bind_extensions(p->arena, p->root);
}
