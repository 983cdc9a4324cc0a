/* Cross references: services, networks, volumes, secrets and configs that are named must be defined;
 * dependencies make no circle. */
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "compose/loader.h"

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
static void complain_missing(struct refs *r, struct yaml_pos pos, const char *service, const char *what,
                             const char *name, const struct yaml_node *section)
{
    struct arena *arena = r->l->arena;
    const char *near = text_nearest(name, names_of(arena, section));
    const char *hint = near ? arena_printf(arena, "Did you mean \"%s\"?", near)
                            : arena_printf(arena, "Add \"%s\" under the top-level %ss:.", name, what);
    compose_diagnose(r->l->diags, COMPOSE_ERROR, pos, hint, "services.%s: %s \"%s\" is not defined", service,
                     what, name);
}

static void check_source(struct refs *r, const char *service, const struct yaml_node *list, const char *what,
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

static void check_names(struct refs *r, const char *service, const struct yaml_node *map, const char *what,
                        const char *section)
{
    const struct yaml_node *defined = yaml_get(r->root, section);
    for (size_t i = 0; map && map->kind == YAML_KIND_MAPPING && i < map->len; i++)
        if (!yaml_get(defined, map->pairs[i].key->value))
            complain_missing(r, map->pairs[i].key->pos, service, what, map->pairs[i].key->value, defined);
}

static void check_dependencies(struct refs *r, const char *service, struct yaml_node *node)
{
    struct yaml_node *all = yaml_get(node, "depends_on");
    const struct yaml_node *services = yaml_get(r->root, "services");
    if (!all || all->kind != YAML_KIND_MAPPING)
        return;
    for (size_t i = 0; i < all->len; i++) {
        const struct yaml_node *key = all->pairs[i].key,
                               *required = yaml_get(all->pairs[i].value, "required");
        if (yaml_get(services, key->value))
            continue;
        bool inactive = yaml_get(r->all, key->value) != NULL;
        if (inactive && required && !yaml_scalar_bool(required)) {
            yaml_map_remove(all, key->value);
            i--;
            continue;
        }
        const char *near = inactive ? NULL : text_nearest(key->value, names_of(r->l->arena, services));
        const char *hint = inactive ? "Activate its profile with --profile, or say `required: false`."
                           : near   ? arena_printf(r->l->arena, "Did you mean \"%s\"?", near)
                                    : NULL;
        compose_diagnose(r->l->diags, COMPOSE_ERROR, key->pos, hint,
                         inactive ? "services.%s depends on \"%s\", whose profile is not active"
                                  : "services.%s depends on \"%s\", which is not defined",
                         service, key->value);
    }
    if (!all->len)
        yaml_map_remove(node, "depends_on");
}

static void check_service(struct refs *r, const struct yaml_node *key, struct yaml_node *s)
{
    const char *name = key->value;
    struct compose_diagnostics *diags = r->l->diags;
    const struct yaml_node *build = yaml_get(s, "build"), *mode = yaml_get(s, "network_mode"),
                           *nets = yaml_get(s, "networks");
    if (!build && !yaml_get(s, "image") && !yaml_get(s, "provider"))
        compose_diagnose(diags, COMPOSE_ERROR, key->pos, "Say `image:` or `build:`.",
                         "services.%s has neither an image nor a build", name);
    const struct yaml_node *inline_file = yaml_get(build, "dockerfile_inline");
    if (inline_file && yaml_get(build, "dockerfile"))
        compose_diagnose(diags, COMPOSE_ERROR, inline_file->pos, "Keep one of the two.",
                         "services.%s.build: dockerfile and dockerfile_inline exclude each other", name);
    if (mode && nets && nets->len)
        compose_diagnose(diags, COMPOSE_ERROR, mode->pos, "Keep one of the two.",
                         "services.%s: network_mode and networks exclude each other", name);
    const struct yaml_node *test = yaml_get(yaml_get(s, "healthcheck"), "test");
    if (test && test->kind == YAML_KIND_SEQUENCE && test->len && test->items[0]->kind == YAML_KIND_SCALAR) {
        const char *form = test->items[0]->value;
        if (strcmp(form, "CMD") != 0 && strcmp(form, "CMD-SHELL") != 0 && strcmp(form, "NONE") != 0)
            compose_diagnose(
                diags, COMPOSE_ERROR, test->items[0]->pos, NULL,
                "services.%s.healthcheck.test must start with CMD, CMD-SHELL or NONE, not \"%s\"", name,
                form);
    }
    const struct yaml_node *replicas = yaml_get(yaml_get(s, "deploy"), "replicas");
    long long count;
    if (replicas && replicas->kind == YAML_KIND_SCALAR && yaml_scalar_int(replicas, &count) == 0 && count < 0)
        compose_diagnose(diags, COMPOSE_ERROR, replicas->pos, NULL,
                         "services.%s.deploy.replicas must not be negative", name);
    check_names(r, name, nets, "network", "networks");
    check_names(r, name, yaml_get(s, "models"), "model", "models");
    check_source(r, name, yaml_get(s, "secrets"), "secret", "secrets");
    check_source(r, name, yaml_get(build, "secrets"), "secret", "secrets");
    check_source(r, name, yaml_get(s, "configs"), "config", "configs");
    check_volumes(r, name, yaml_get(s, "volumes"));
    check_dependencies(r, name, s);
}

/* A service that waits for nobody who still waits is taken away, until none is left or a circle is. */
static void check_cycle(struct refs *r, const struct yaml_node *services)
{
    struct arena *arena = r->l->arena;
    struct strmap at = {0};
    size_t n = services->len, done = 0;
    size_t *open = arena_array(arena, size_t, n + 1), *ready = arena_array(arena, size_t, n + 1),
           ready_len = 0;
    VEC(size_t) *users = arena_array(arena, typeof(*users), n + 1);
    for (size_t i = 0; i < n; i++)
        strmap_put(arena, &at, services->pairs[i].key->value, i);
    for (size_t i = 0; i < n; i++) {
        const struct yaml_node *deps = yaml_get(services->pairs[i].value, "depends_on");
        for (size_t k = 0; deps && deps->kind == YAML_KIND_MAPPING && k < deps->len; k++) {
            const size_t *to = strmap_get(&at, deps->pairs[k].key->value);
            if (!to)
                continue;
            open[i]++;
            vec_push(&users[*to], i);
        }
        if (!open[i])
            ready[ready_len++] = i;
    }
    for (; done < ready_len; done++)
        vec_each(user, &users[ready[done]]) if (--open[*user] == 0) ready[ready_len++] = *user;
    for (size_t i = 0; i < n; i++)
        vec_free(&users[i]);
    if (done == n)
        return;
    /* from any that is left, every step along a dependency that is left stays among them: it must come round
     */
    size_t now = 0;
    while (!open[now])
        now++;
    bool *seen = arena_array(arena, bool, n + 1);
    cleanup_str struct str way = STR_INIT;
    size_t *path = arena_array(arena, size_t, n + 1), len = 0;
    while (!seen[now]) {
        seen[now] = true;
        path[len++] = now;
        const struct yaml_node *deps = yaml_get(services->pairs[now].value, "depends_on");
        for (size_t k = 0; k < deps->len; k++) {
            const size_t *to = strmap_get(&at, deps->pairs[k].key->value);
            if (to && open[*to]) {
                now = *to;
                break;
            }
        }
    }
    size_t start = 0;
    while (path[start] != now)
        start++;
    for (size_t i = start; i < len && way.len < 400; i++)
        str_appendf(&way, "%s → ", services->pairs[path[i]].key->value);
    str_append(&way, services->pairs[now].key->value);
    compose_diagnose(r->l->diags, COMPOSE_ERROR, yaml_get(services->pairs[now].value, "depends_on")->pos,
                     "Take one of these dependencies away.", "depends_on makes a circle: %s", str_get(&way));
}

static void check_file_sources(struct refs *r, const char *section, const char *what, bool content)
{
    const struct yaml_node *all = yaml_get(r->root, section);
    for (size_t i = 0; all && all->kind == YAML_KIND_MAPPING && i < all->len; i++) {
        const struct yaml_node *one = all->pairs[i].value, *key = all->pairs[i].key;
        if (yaml_scalar_bool(yaml_get(one, "external")))
            continue;
        int n = (yaml_get(one, "file") != NULL) + (yaml_get(one, "environment") != NULL) +
                (yaml_get(one, "content") != NULL);
        if (n == 0)
            compose_diagnose(r->l->diags, COMPOSE_ERROR, key->pos, NULL,
                             "%s \"%s\" must say file, environment%s or external: true", what, key->value,
                             content ? ", content" : "");
        else if (n > 1)
            compose_diagnose(r->l->diags, COMPOSE_ERROR, key->pos, "Keep one of them.",
                             "%s \"%s\": file, environment%s exclude each other", what, key->value,
                             content ? " and content" : "");
    }
}

void refs_check(struct loader *l, struct yaml_node *root, const struct yaml_node *all)
{
    struct refs r = {.l = l, .root = root, .all = all};
    struct yaml_node *services = yaml_get(root, "services");
    check_file_sources(&r, "secrets", "secret", false);
    check_file_sources(&r, "configs", "config", true);
    if (!services || services->kind != YAML_KIND_MAPPING)
        return;
    for (size_t i = 0; i < services->len; i++)
        check_service(&r, services->pairs[i].key, services->pairs[i].value);
    check_cycle(&r, services);
}
