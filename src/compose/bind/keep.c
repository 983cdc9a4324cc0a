/* Services taken out of a loaded project, in the tree and in the typed model: as if the files did
 * not have them. What the others say of one that goes (that they wait for it, link to it, are built
 * from it) goes too, so that the tree can be printed and loaded again. */
#include "base/str.h"
#include "compose/compose.h"

#include <string.h>

struct keeping {
    struct compose_project *p;
    compose_keep_fn *kept;
    void *arg;
};

/* Whether the word, up to the first of `ends`, is a service of the project that goes. */
static bool goes(const struct keeping *k, const char *word, const char *ends)
{
    const char *name = arena_strndup(k->p->arena, word, strcspn(word, ends));

    return compose_service_get(k->p, name) && !k->kept(k->arg, name);
}

static void drop_keys(const struct keeping *k, struct yaml_node *map)
{
    for (size_t i = map && map->kind == YAML_KIND_MAPPING ? map->len : 0; i-- > 0;)
        if (goes(k, map->pairs[i].key->value, ""))
            yaml_map_remove(map, map->pairs[i].key->value);
}

/* "db:database", "db:ro". */
static void drop_items(const struct keeping *k, struct yaml_node *list)
{
    size_t n = 0;

    if (!list || list->kind != YAML_KIND_SEQUENCE)
        return;
    for (size_t i = 0; i < list->len; i++) {
        const struct yaml_node *item = list->items[i];

        if (item->kind != YAML_KIND_SCALAR || !goes(k, item->value, ":"))
            list->items[n++] = list->items[i];
    }
    list->len = n;
}

static void drop_contexts(const struct keeping *k, struct yaml_node *map)
{
    for (size_t i = map && map->kind == YAML_KIND_MAPPING ? map->len : 0; i-- > 0;) {
        const struct yaml_node *value = map->pairs[i].value;

        if (value->kind == YAML_KIND_SCALAR && text_starts(value->value, "service:") &&
            goes(k, value->value + strlen("service:"), ""))
            yaml_map_remove(map, map->pairs[i].key->value);
    }
}

static void clean_node(const struct keeping *k, struct yaml_node *service)
{
    drop_keys(k, yaml_get(service, "depends_on"));
    drop_items(k, yaml_get(service, "links"));
    drop_items(k, yaml_get(service, "volumes_from"));
    drop_contexts(k, yaml_get(yaml_get(service, "build"), "additional_contexts"));
}

static void clean(const struct keeping *k, struct compose_service *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->depends_on_count; i++)
        if (!goes(k, s->depends_on[i].service, ""))
            s->depends_on[n++] = s->depends_on[i];
    s->depends_on_count = n;

    n = 0;
    for (size_t i = 0; i < s->build.context_count; i++) {
        const char *value = s->build.contexts[i].value;
        bool service = value && text_starts(value, "service:");

        if (!service || !goes(k, value + strlen("service:"), ""))
            s->build.contexts[n++] = s->build.contexts[i];
    }
    s->build.context_count = n;
}

void compose_keep_services(struct compose_project *p, compose_keep_fn *kept, void *arg)
{
    const struct keeping k = {p, kept, arg};
    struct yaml_node *all = p->root ? yaml_get(p->root, "services") : NULL;
    size_t n = 0;

    for (size_t i = 0; all && i < all->len; i++)
        clean_node(&k, all->pairs[i].value);
    for (size_t i = 0; i < p->service_count; i++)
        clean(&k, &p->services[i]);
    drop_keys(&k, all);

    for (size_t i = 0; i < p->service_count; i++)
        if (kept(arg, p->services[i].name))
            p->services[n++] = p->services[i];
    p->service_count = n;
}
