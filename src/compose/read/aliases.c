/* Keys that were tried out as x-… before the specification took them: such a file goes on meaning
 * what it meant. Done where a document was parsed, so that everything behind knows one name only.
 *
 * The extension stands below the key itself when both are there. Source: the table of the
 * reference loader. A node that an anchor shares is visited again, and then has nothing left to
 * rename. */
#include "compose/read/aliases.h"

#include "compose/read/merge.h"
#include "compose/spec/spec.h"

static void rename_key(
    struct merge *m,
    struct yaml_node *map,
    const char *from,
    const char *to,
    const struct spec *spec)
{
    struct yaml_node *said = map->kind == YAML_KIND_MAPPING ? yaml_get(map, from) : NULL;
    if (!said)
        return;

    struct yaml_node *own = yaml_get(map, to);
    struct yaml_node *both = said;
    if (own && !yaml_is_null(own))
        both = merge_tree(m, yaml_copy_deep(m->arena, said), yaml_copy_deep(m->arena, own), spec);

    struct yaml_node *name = yaml_new_scalar(m->arena, said->pos, to, true);
    yaml_map_remove(map, from);
    yaml_map_set(m->arena, map, name, both);
}

static void rename_in_service(struct merge *m, struct yaml_node *service)
{
    if (service->kind != YAML_KIND_MAPPING)
        return;
    rename_key(m, service, "x-develop", "develop", &spec_develop);

    const struct yaml_node *develop = yaml_get(service, "develop");
    const struct yaml_node *watch = develop ? yaml_get(develop, "watch") : NULL;
    for (size_t i = 0; watch && watch->kind == YAML_KIND_SEQUENCE && i < watch->len; i++)
        rename_key(m, watch->items[i], "x-initialSync", "initial_sync", &spec_any);
}

void aliases_promote(struct merge *m, struct yaml_node *document)
{
    const struct yaml_node *services = yaml_get(document, "services");

    for (size_t i = 0; services && services->kind == YAML_KIND_MAPPING && i < services->len; i++)
        rename_in_service(m, services->pairs[i].value);
}
