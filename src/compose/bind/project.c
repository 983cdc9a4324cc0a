/* The project's own parts: networks, volumes, secrets and configs; its services are bound by
 * service.c. Whatever is listed is sorted by name, so that a plan never depends on the order
 * in the file. */
#include "base/str.h"
#include "compose/bind/bind.h"
#include <string.h>

#define VOLUMES_FROM_DEPTH 4

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

/* An ARN, or the path of a parameter: neither is the name of a config, which has neither ':' nor
 * '/'. */
static bool names_elsewhere(const char *name)
{
    return name && (text_starts(name, "arn:") || *name == '/');
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
        if (all[i].external && names_elsewhere(all[i].external_name))
            all[i].reference = all[i].external_name;
    }

    return all;
}

/* ---- volumes_from ---- */

static bool mounts_at(const struct compose_service *s, const char *target)
{
    for (size_t i = 0; i < s->volume_count; i++)
        if (text_eq(s->volumes[i].target, target))
            return true;
    return false;
}

/* The named volumes of `from` at the places that are free. Anonymous ones and folders belong to the
 * container that has them. */
static void
take_mounts(struct arena *a, struct compose_service *s, const struct compose_service *from, bool ro)
{
    struct compose_mount *all =
        arena_array(a, struct compose_mount, s->volume_count + from->volume_count + 1);

    for (size_t i = 0; i < s->volume_count; i++)
        all[i] = s->volumes[i];
    s->volumes = all;

    for (size_t i = 0; i < from->volume_count; i++) {
        struct compose_mount m = from->volumes[i];

        if (!text_eq(m.type, "volume") || text_empty(m.source) || mounts_at(s, m.target))
            continue;
        m.read_only = m.read_only || ro;
        s->volumes[s->volume_count++] = m;
    }
}

/* "db" or "db:ro"; what "container:…" names is no service. */
static void take_volumes_from(struct compose_project *p, struct compose_service *s)
{
    const struct yaml_node *list = s->node ? bind_seq(s->node, "volumes_from") : NULL;

    for (size_t i = 0; list && i < list->len; i++) {
        const char *text = list->items[i]->value ? list->items[i]->value : "";
        size_t length = strcspn(text, ":");
        const char *name = arena_strndup(p->arena, text, length);
        const struct compose_service *from = compose_service_get(p, name);

        if (from && from != s)
            take_mounts(p->arena, s, from, text_eq(text + length, ":ro"));
    }
}

/* As often as services may stand behind one another: what comes first in the alphabet need not come
 * first here. */
static void bind_volumes_from(struct compose_project *p)
{
    bool any = false;

    for (size_t i = 0; i < p->service_count; i++)
        any = any || (p->services[i].node && bind_seq(p->services[i].node, "volumes_from"));
    for (unsigned depth = 0; any && depth < VOLUMES_FROM_DEPTH; depth++)
        for (size_t i = 0; i < p->service_count; i++)
            take_volumes_from(p, &p->services[i]);
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
        bind_volumes_from(p);
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
