/* What `config` leaves out: networks, volumes, secrets, configs and models that nothing of the
 * project uses, as `docker compose config` does.
 *
 * Tree and typed model are both cut, since the one is printed and the other planned. Hooks count
 * as users like their service. */
#include "base/str.h"
#include "compose/compose.h"
#include "data/strmap.h"

#include <string.h>

struct used {
    struct arena *arena;
    struct strmap networks, volumes, secrets, configs, models;
};

static void add(struct used *u, struct strmap *set, const struct yaml_node *name)
{
    if (name && name->kind == YAML_KIND_SCALAR && *name->value)
        strmap_put(u->arena, set, name->value, 1);
}

static void add_keys(struct used *u, struct strmap *set, const struct yaml_node *n)
{
    for (size_t i = 0; n && n->kind == YAML_KIND_MAPPING && i < n->len; i++)
        add(u, set, n->pairs[i].key);
    for (size_t i = 0; n && n->kind == YAML_KIND_SEQUENCE && i < n->len; i++)
        add(u, set, n->items[i]);
}

static void
add_sources(struct used *u, struct strmap *set, const struct yaml_node *list, const char *type)
{
    for (size_t i = 0; list && list->kind == YAML_KIND_SEQUENCE && i < list->len; i++) {
        const struct yaml_node *said = yaml_get(list->items[i], "type");
        if (!type || (said && text_eq(said->value, type)))
            add(u, set, yaml_get(list->items[i], "source"));
    }
}

static void look_at(struct used *u, const struct yaml_node *service)
{
    add_keys(u, &u->networks, yaml_get(service, "networks"));
    add_keys(u, &u->models, yaml_get(service, "models"));
    add_sources(u, &u->volumes, yaml_get(service, "volumes"), "volume");
    add_sources(u, &u->configs, yaml_get(service, "configs"), NULL);
    add_sources(u, &u->secrets, yaml_get(service, "secrets"), NULL);
    add_sources(u, &u->secrets, yaml_get(yaml_get(service, "build"), "secrets"), NULL);
    const struct yaml_node *hooks = yaml_get(service, "pre_start");
    for (size_t i = 0; hooks && hooks->kind == YAML_KIND_SEQUENCE && i < hooks->len; i++)
        look_at(u, hooks->items[i]);
}

static void keep(struct yaml_node *root, const char *section, const struct strmap *set)
{
    struct yaml_node *map = yaml_get(root, section);
    size_t kept = 0;

    if (!map || map->kind != YAML_KIND_MAPPING)
        return;
    for (size_t i = 0; i < map->len; i++)
        if (strmap_get(set, map->pairs[i].key->value))
            map->pairs[kept++] = map->pairs[i];
    map->len = kept;
    map->index = NULL; /* positions moved */
    if (!kept)
        yaml_map_remove(root, section);
}

#define KEEP_TYPED(items, count, set)                                                              \
    do {                                                                                           \
        size_t kept_ = 0;                                                                          \
        for (size_t i_ = 0; i_ < (count); i_++)                                                    \
            if (strmap_get(&(set), (items)[i_].name))                                              \
                (items)[kept_++] = (items)[i_];                                                    \
        (count) = kept_;                                                                           \
    } while (0)

void compose_drop_unused(struct compose_project *p)
{
    static const char *const sections[] = {"services", "jobs", NULL};
    struct used u = {.arena = p->arena};

    for (const char *const *s = sections; *s; s++) {
        const struct yaml_node *all = yaml_get(p->root, *s);
        for (size_t i = 0; all && all->kind == YAML_KIND_MAPPING && i < all->len; i++)
            look_at(&u, all->pairs[i].value);
    }

    keep(p->root, "networks", &u.networks);
    keep(p->root, "volumes", &u.volumes);
    keep(p->root, "secrets", &u.secrets);
    keep(p->root, "configs", &u.configs);
    keep(p->root, "models", &u.models);
    KEEP_TYPED(p->networks, p->network_count, u.networks);
    KEEP_TYPED(p->volumes, p->volume_count, u.volumes);
    KEEP_TYPED(p->secrets, p->secret_count, u.secrets);
    KEEP_TYPED(p->configs, p->config_count, u.configs);
}
