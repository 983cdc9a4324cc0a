/* What the specification says is meant when it is not written: networks, names, dependencies,
 * defaults.
 *
 * Done after merging, for a default must not stand over what another file says, and before
 * references are checked, as what is implied (the default network, a dependency by `links` or by
 * `service:` in a namespace) is a reference too. Every node that is made stands at the place of
 * the one that implied it, so a message still leads somewhere. Source: the normalisation of the
 * reference loader. */
#include "compose/read/normal.h"
#include "base/str.h"

#include <string.h>

static struct yaml_node *key_of(struct loader *l, const struct yaml_node *like, const char *name)
{
    return yaml_new_scalar(l->arena, like->pos, name, true);
}

static void set(struct loader *l, struct yaml_node *map, const char *name, struct yaml_node *value)
{
    yaml_map_set(l->arena, map, key_of(l, map, name), value);
}

static void set_text(struct loader *l, struct yaml_node *map, const char *name, const char *text)
{
    set(l, map, name, yaml_new_scalar(l->arena, map->pos, text, false));
}

static void set_plain(struct loader *l, struct yaml_node *map, const char *name, const char *text)
{
    set(l, map, name, yaml_new_scalar(l->arena, map->pos, text, true));
}

static struct yaml_node *map_at(const struct yaml_node *n, const char *name)
{
    struct yaml_node *value = yaml_get(n, name);
    return value && value->kind == YAML_KIND_MAPPING ? value : NULL;
}

static struct yaml_node *need_map(struct loader *l, struct yaml_node *n, const char *name)
{
    struct yaml_node *map = map_at(n, name);
    if (!map) {
        map = yaml_new_mapping(l->arena, n->pos);
        set(l, n, name, map);
    }
    return map;
}

void normalise_profiles(const struct normalise *z, struct yaml_node *root)
{
    for (const char *const *section = normalise_sections; *section; section++) {
        struct yaml_node *all = map_at(root, *section);
        if (!all)
            continue;
        struct yaml_node *kept = yaml_new_mapping(z->loader->arena, all->pos);
        for (size_t i = 0; i < all->len; i++)
            if (normalise_is_active(z->loader, all->pairs[i].key->value, all->pairs[i].value))
                yaml_map_set(z->loader->arena, kept, all->pairs[i].key, all->pairs[i].value);
        set(z->loader, root, *section, kept);
    }
}

static void normalise_build(const struct normalise *z, struct yaml_node *service)
{
    struct yaml_node *build = map_at(service, "build");

    if (!build)
        return;
    if (!yaml_get(build, "context"))
        set_text(z->loader, build, "context", z->scope->dir);
    if (!yaml_get(build, "dockerfile") && !yaml_get(build, "dockerfile_inline"))
        set_text(z->loader, build, "dockerfile", "Dockerfile");
}

static void imply_dependency(
    struct loader *l,
    struct yaml_node *service,
    const struct yaml_node *why,
    const char *name,
    bool restart)
{
    struct yaml_node *all = need_map(l, service, "depends_on");

    if (yaml_get(all, name))
        return;

    struct yaml_node *one = yaml_new_mapping(l->arena, why->pos);
    set_text(l, one, "condition", "service_started");
    if (restart)
        set_plain(l, one, "restart", "true");
    set_plain(l, one, "required", "true");
    yaml_map_set(l->arena, all, key_of(l, why, name), one);
}

static void
imply_from_list(struct loader *l, struct yaml_node *service, const char *key, bool restart)
{
    const struct yaml_node *list = yaml_get(service, key);

    for (size_t i = 0; list && list->kind == YAML_KIND_SEQUENCE && i < list->len; i++) {
        const char *text = list->items[i]->value;
        if (!text_starts(text, "container:"))
            imply_dependency(
                l,
                service,
                list->items[i],
                arena_strndup(l->arena, text, strcspn(text, ":")),
                restart);
    }
}

static void imply_dependencies(struct loader *l, struct yaml_node *service)
{
    static const char *const namespaces[] = {"network_mode", "ipc", "pid", "uts", "cgroup"};

    imply_from_list(l, service, "links", true);
    for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
        const struct yaml_node *mode = yaml_get(service, namespaces[i]);
        if (mode && mode->kind == YAML_KIND_SCALAR && text_starts(mode->value, "service:"))
            imply_dependency(l, service, mode, mode->value + strlen("service:"), true);
    }

    imply_from_list(l, service, "volumes_from", false);
}

static void place_secrets(struct loader *l, struct yaml_node *service)
{
    const struct yaml_node *list = yaml_get(service, "secrets");

    for (size_t i = 0; list && list->kind == YAML_KIND_SEQUENCE && i < list->len; i++) {
        struct yaml_node *one = list->items[i];
        const struct yaml_node *source = yaml_get(one, "source");
        if (source && !yaml_get(one, "target"))
            set_text(l, one, "target", arena_printf(l->arena, "/run/secrets/%s", source->value));
    }
}

/* Returns whether the service is in the default network. */
static bool normalise_networks(struct loader *l, struct yaml_node *service)
{
    if (service->kind != YAML_KIND_MAPPING || yaml_get(service, "provider") ||
        yaml_get(service, "network_mode"))
        return false;

    struct yaml_node *networks = map_at(service, "networks");
    if (!networks || !networks->len)
        set_plain(l, need_map(l, service, "networks"), "default", "null");
    return yaml_get(yaml_get(service, "networks"), "default") != NULL;
}

/* The default network is there also for those whose profile is not active. */
bool normalise_default_network(const struct normalise *z, struct yaml_node *root)
{
    bool used = false;

    for (const char *const *section = normalise_sections; *section; section++) {
        const struct yaml_node *all = map_at(root, *section);
        for (size_t i = 0; all && i < all->len; i++)
            used |= normalise_networks(z->loader, all->pairs[i].value);
    }

    if (used && !yaml_get(map_at(root, "networks"), "default"))
        set_plain(z->loader, need_map(z->loader, root, "networks"), "default", "null");
    return used;
}

/* What a hook does not say itself it has from its service; its volumes are its own. Environment and
 * labels came before (read/environment.c). */
static void complete_hooks(struct loader *l, struct yaml_node *service)
{
    const struct yaml_node *hooks = yaml_get(service, "pre_start");

    for (size_t i = 0;
         !l->canonical && hooks && hooks->kind == YAML_KIND_SEQUENCE && i < hooks->len;
         i++) {
        struct yaml_node *base = yaml_new_mapping(l->arena, service->pos);
        for (size_t k = 0; k < service->len; k++) {
            const char *key = service->pairs[k].key->value;
            if (spec_find(&spec_pre_start, key) && !text_eq(key, "volumes") &&
                !normalise_is_environment(key))
                yaml_map_set(
                    l->arena,
                    base,
                    service->pairs[k].key,
                    yaml_copy_deep(l->arena, service->pairs[k].value));
        }
        struct merge merge = {.arena = l->arena, .diags = l->diags};
        hooks->items[i] = merge_settle(
            &merge, merge_tree(&merge, base, hooks->items[i], &spec_pre_start), &spec_pre_start);
    }
}

static void name_resources(const struct normalise *z, struct yaml_node *root)
{
    static const char *const sections[] = {"networks", "volumes", "secrets", "configs"};

    for (size_t s = 0; s < sizeof sections / sizeof *sections; s++) {
        struct yaml_node *all = map_at(root, sections[s]);
        for (size_t i = 0; all && i < all->len; i++) {
            if (all->pairs[i].value->kind != YAML_KIND_MAPPING)
                all->pairs[i].value = yaml_new_mapping(z->loader->arena, all->pairs[i].key->pos);
            struct yaml_node *one = all->pairs[i].value;
            const char *key = all->pairs[i].key->value;
            if (yaml_get(one, "name"))
                continue;
            bool external = yaml_scalar_bool(yaml_get(one, "external"));
            set_text(
                z->loader,
                one,
                "name",
                external ? key : arena_printf(z->loader->arena, "%s_%s", z->project, key));
        }
    }
}

/* `scale` is the older word for deploy.replicas. */
static void merge_scale(struct loader *l, const char *name, struct yaml_node *service)
{
    struct yaml_node *scale = yaml_get(service, "scale"), *deploy = map_at(service, "deploy");
    struct yaml_node *replicas = deploy ? yaml_get(deploy, "replicas") : NULL;

    if (l->workspace->options->no_interpolate) /* both are shown as they are written */
        return;
    if (scale && replicas && !yaml_equal(replicas, scale))
        compose_diagnose(
            l->diags,
            COMPOSE_ERROR,
            scale->pos,
            "Keep only deploy.replicas.",
            "services.%s: scale and deploy.replicas differ",
            name);
    if (scale && deploy)
        set(l, deploy, "replicas", scale);
}

static void drop_empty(struct yaml_node *service)
{
    static const char *const keys[] = {"deploy", "develop"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (yaml_get(service, keys[i]) && yaml_is_null(yaml_get(service, keys[i])))
            yaml_map_remove(service, keys[i]);
}

void normalise_tree(const struct normalise *z, struct yaml_node *root)
{
    (void)need_map(z->loader, root, "services");
    for (const char *const *section = normalise_sections; *section; section++) {
        struct yaml_node *all = map_at(root, *section);
        for (size_t i = 0; all && i < all->len; i++) {
            struct yaml_node *service = all->pairs[i].value;
            if (service->kind != YAML_KIND_MAPPING)
                continue;
            normalise_build(z, service);
            imply_dependencies(z->loader, service);
            place_secrets(z->loader, service);
            drop_empty(service);
            merge_scale(z->loader, all->pairs[i].key->value, service);
            complete_hooks(z->loader, service);
        }
    }

    name_resources(z, root);
}
