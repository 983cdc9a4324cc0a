/* Cross references: services, networks, volumes, secrets and configs that are named must be
 * defined; dependencies make no circle.
 *
 * A service whose profile is not active is not in the project, but it exists: that is another
 * message. A dependency with `required: false` that is not there is no mistake; it is marked with
 * TAG_ABSENT. */
#include "base/mem.h"
#include "base/str.h"
#include "compose/read/normal.h"

#include <string.h>

struct refs {
    struct loader *l;
    const struct yaml_node *root, *all;
};

static const char **names_of(struct arena *arena, const struct yaml_node *map)
{
    size_t n = map && map->kind == YAML_KIND_MAPPING ? map->len : 0;
    const char **names = arena_array(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = map->pairs[i].key->value;
    return names;
}

/* "network" → section "networks" */
static void complain_missing(
    struct refs *r,
    struct yaml_pos pos,
    const char *service,
    const char *what,
    const char *name,
    const struct yaml_node *section)
{
    struct arena *arena = r->l->arena;
    const char *near = text_nearest(name, names_of(arena, section));
    const char *hint =
        near ? arena_printf(arena, "Did you mean \"%s\"?", near)
             : arena_printf(arena, "Add \"%s\" under the top-level %ss:.", name, what);

    compose_diagnose(
        r->l->diags,
        COMPOSE_ERROR,
        pos,
        hint,
        "services.%s: %s \"%s\" is not defined",
        service,
        what,
        name);
}

static void check_source(
    struct refs *r,
    const char *service,
    const struct yaml_node *list,
    const char *what,
    const char *section)
{
    const struct yaml_node *defined = yaml_get(r->root, section);
    for (size_t i = 0; list && list->kind == YAML_KIND_SEQUENCE && i < list->len; i++) {
        const struct yaml_node *source = yaml_get(list->items[i], "source");
        if (source && source->kind == YAML_KIND_SCALAR && !yaml_get(defined, source->value))
            complain_missing(r, source->pos, service, what, source->value, defined);
    }
}

static void check_volumes(struct refs *r, const char *service, const struct yaml_node *list)
{
    const struct yaml_node *defined = yaml_get(r->root, "volumes");

    for (size_t i = 0; list && list->kind == YAML_KIND_SEQUENCE && i < list->len; i++) {
        const struct yaml_node *type = yaml_get(list->items[i], "type"),
                               *source = yaml_get(list->items[i], "source");
        if (type && source && text_eq(type->value, "volume") && !text_empty(source->value) &&
            !strchr(source->value, '$') && !yaml_get(defined, source->value))
            complain_missing(r, source->pos, service, "volume", source->value, defined);
    }
}

static void check_names(
    struct refs *r,
    const char *service,
    const struct yaml_node *map,
    const char *what,
    const char *section)
{
    const struct yaml_node *defined = yaml_get(r->root, section);
    for (size_t i = 0; map && map->kind == YAML_KIND_MAPPING && i < map->len; i++)
        if (!yaml_get(defined, map->pairs[i].key->value))
            complain_missing(
                r, map->pairs[i].key->pos, service, what, map->pairs[i].key->value, defined);
}

static void
check_dependencies(struct refs *r, const char *service, struct yaml_node *node, bool is_job)
{
    struct yaml_node *all = yaml_get(node, "depends_on");
    const struct yaml_node *services = yaml_get(r->root, "services");

    if (!all || all->kind != YAML_KIND_MAPPING)
        return;
    for (size_t i = 0; i < all->len; i++) {
        const struct yaml_node *key = all->pairs[i].key,
                               *required = yaml_get(all->pairs[i].value, "required");
        if (yaml_get(services, key->value) ||
            (is_job && yaml_get(yaml_get(r->root, "jobs"), key->value)))
            continue;
        bool inactive = r->l->canonical || yaml_get(r->all, key->value) != NULL;
        if (inactive && required && !yaml_scalar_bool(required)) {
            all->pairs[i].value->tag = TAG_ABSENT;
            continue;
        }
        const char *near =
            inactive ? NULL : text_nearest(key->value, names_of(r->l->arena, services));
        const char *hint = inactive ? "Activate its profile with --compose-profile (or in "
                                      "COMPOSE_PROFILES), or say `required: false`."
                           : near   ? arena_printf(r->l->arena, "Did you mean \"%s\"?", near)
                                    : NULL;
        compose_diagnose(
            r->l->diags,
            COMPOSE_ERROR,
            key->pos,
            hint,
            inactive ? "services.%s depends on \"%s\", whose profile is not active"
                     : "services.%s depends on \"%s\", which is not defined",
            service,
            key->value);
    }
}

/* `service:name` as a build context: the image of a service that is built here. */
static void check_contexts(struct refs *r, const char *service, const struct yaml_node *map)
{
    for (size_t i = 0; map && map->kind == YAML_KIND_MAPPING && i < map->len; i++) {
        const struct yaml_node *value = map->pairs[i].value;
        if (value->kind != YAML_KIND_SCALAR || !text_starts(value->value, "service:"))
            continue;
        const struct yaml_node *other = yaml_get(r->all, value->value + strlen("service:"));
        if (!other || !yaml_get(other, "build"))
            compose_diagnose(
                r->l->diags,
                COMPOSE_ERROR,
                value->pos,
                NULL,
                other ? "services.%s: additional context %s: that service has no build"
                      : "services.%s: additional context %s: there is no such service",
                service,
                map->pairs[i].key->value);
    }
}

static void check_service(struct refs *r, const char *name, struct yaml_node *s)
{
    const struct yaml_node *build = yaml_get(s, "build"), *nets = yaml_get(s, "networks");

    check_names(r, name, nets, "network", "networks");
    check_names(r, name, yaml_get(s, "models"), "model", "models");
    check_source(r, name, yaml_get(s, "secrets"), "secret", "secrets");
    check_source(r, name, yaml_get(build, "secrets"), "secret", "secrets");
    check_source(r, name, yaml_get(s, "configs"), "config", "configs");
    check_volumes(r, name, yaml_get(s, "volumes"));
    check_contexts(r, name, yaml_get(build, "additional_contexts"));
    check_dependencies(r, name, s, false);
}

void refs_check(struct loader *l, struct yaml_node *root, const struct yaml_node *all)
{
    struct refs r = {.l = l, .root = root, .all = all};
    struct yaml_node *services = yaml_get(root, "services");

    if (!services || services->kind != YAML_KIND_MAPPING)
        return;
    for (size_t i = 0; i < services->len; i++)
        check_service(&r, services->pairs[i].key->value, services->pairs[i].value);
    const struct yaml_node *jobs = yaml_get(root, "jobs");
    for (size_t i = 0; jobs && i < jobs->len; i++) {
        const struct yaml_node *key = jobs->pairs[i].key;
        check_dependencies(&r, key->value, jobs->pairs[i].value, true);
        if (yaml_get(all, key->value))
            compose_diagnose(
                l->diags,
                COMPOSE_ERROR,
                key->pos,
                "Give one of them another name.",
                "\"%s\" is both a service and a job",
                key->value);
    }

    cycle_check(l, services);
}
