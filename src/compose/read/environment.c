/* A service's environment: env_file entries below its own, and names without a value taken from
 * the project's environment. Labels from files go the same way.
 *
 * It is done for each scope by itself, as an included project has an environment of its own, and
 * once: hooks that are done carry a tag. Whether a service is active is asked here, because the
 * files of one that is not are not read. */
#include "compose/read/environment.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "compose/read/dotenv.h"

#include <errno.h>
#include <string.h>

bool normalise_is_active(const struct loader *l, const char *name, const struct yaml_node *service)
{
    const char *const *active = l->profiles;
    const struct yaml_node *own = yaml_get(service, "profiles");

    if (!own || own->kind != YAML_KIND_SEQUENCE || !own->len)
        return true;

    /* A profile may be a variable: all are shown, as the reference does. */
    if (l->workspace->options->no_interpolate)
        return true;
    for (const char *const *named = l->workspace->options->named; named && *named; named++)
        if (strcmp(*named, name) == 0)
            return true;
    for (; *active; active++) {
        if (strcmp(*active, "*") == 0)
            return true;
        for (size_t i = 0; i < own->len; i++)
            if (own->items[i]->kind == YAML_KIND_SCALAR &&
                strcmp(own->items[i]->value, *active) == 0)
                return true;
    }

    return false;
}

const char *const normalise_sections[] = {"services", "jobs", NULL};

static const char *no_lookup(void *arg, const char *name)
{
    return NULL;
}

static struct yaml_node *null_at(struct loader *l, struct yaml_pos pos)
{
    return yaml_new_scalar(l->arena, pos, "null", true);
}

static void add_entries(struct loader *l, struct yaml_node *all, const struct dotenv *file)
{
    for (size_t i = 0; i < file->len; i++) {
        const struct dotenv_entry *e = &file->items[i];
        struct yaml_node *value =
            e->value ? yaml_new_scalar(l->arena, e->pos, e->value, false) : null_at(l, e->pos);
        yaml_map_set(l->arena, all, yaml_new_scalar(l->arena, e->pos, e->name, true), value);
    }
}

/* False, with a diagnostic, when the file is absent or wrong. */
static bool read_file(
    const struct normalise *z,
    const struct yaml_node *path,
    const char *what,
    bool raw,
    struct dotenv *out)
{
    struct loader *l = z->loader;
    struct error err = ERROR_INIT;
    cleanup_str struct str text = STR_INIT;
    int rc = file_read(path->value, LIMIT_COMPOSE_ENV_BYTES, &text, &err);

    if (rc == -ENOENT) {
        error_done(&err);
        compose_diagnose(
            l->diags,
            COMPOSE_ERROR,
            path->pos,
            "Create it, or take its name away.",
            "%s file %s does not exist",
            what,
            path->value);
        return false;
    }

    if (rc == 0 && !text_utf8_valid(str_get(&text), text.len))
        rc = error_raise_errno(
            &err, ERR_USAGE, EILSEQ, "%s file %s is not UTF-8", what, path->value);
    if (rc == 0)
        rc = dotenv_parse(
            l->arena,
            path->value,
            str_get(&text),
            raw,
            z->scope->env ? workspace_lookup : no_lookup,
            z->scope->env,
            out,
            &err);
    if (rc < 0)
        diag_add_error(l->diags, &err);
    str_wipe(&text);

    return rc == 0;
}

static void
read_env_file(const struct normalise *z, const struct yaml_node *entry, struct yaml_node *all)
{
    const struct yaml_node *path = yaml_get(entry, "path"), *required = yaml_get(entry, "required"),
                           *format = yaml_get(entry, "format");
    struct dotenv file;

    if (!path || path->kind != YAML_KIND_SCALAR)
        return;
    if (required && !yaml_scalar_bool(required) && !file_exists(path->value))
        return;
    if (read_file(z, path, "env", format && text_eq(format->value, "raw"), &file))
        add_entries(z->loader, all, &file);
}

/* Labels from files stand below the service's own. */
static void read_label_files(const struct normalise *z, struct yaml_node *service)
{
    struct loader *l = z->loader;
    const struct yaml_node *files = yaml_get(service, "label_file"),
                           *own = yaml_get(service, "labels");

    if (!files || files->kind != YAML_KIND_SEQUENCE ||
        l->canonical) /* there they are among the labels */
        return;

    struct yaml_node *all = yaml_new_mapping(l->arena, own ? own->pos : files->pos);
    for (size_t i = 0; i < files->len; i++) {
        struct dotenv file;
        if (read_file(z, files->items[i], "label", false, &file))
            for (size_t k = 0; k < file.len; k++)
                yaml_map_set(
                    l->arena,
                    all,
                    yaml_new_scalar(l->arena, file.items[k].pos, file.items[k].name, true),
                    yaml_new_scalar(
                        l->arena,
                        file.items[k].pos,
                        file.items[k].value ? template_drop_parts(l->arena, file.items[k].value)
                                            : "",
                        false));
    }

    for (size_t i = 0; own && own->kind == YAML_KIND_MAPPING && i < own->len; i++)
        yaml_map_set(l->arena, all, own->pairs[i].key, own->pairs[i].value);
    yaml_map_set(l->arena, service, yaml_new_scalar(l->arena, all->pos, "labels", true), all);
}

static void take_from_environment(const struct normalise *z, struct yaml_node *map)
{
    for (size_t i = 0; map && map->kind == YAML_KIND_MAPPING && i < map->len; i++) {
        struct yaml_pair *pair = &map->pairs[i];
        const char *value = yaml_is_null(pair->value) && z->scope->env
                                ? env_get(z->scope->env, pair->key->value)
                                : NULL;
        if (!value)
            continue;

        if (template_is_no_text(value)) {
            compose_diagnose(
                z->loader->diags,
                COMPOSE_ERROR,
                pair->key->pos,
                "Export it anew as UTF-8, or unset it.",
                "%s",
                template_no_text(z->loader->arena, pair->key->value));
            continue;
        }

        pair->value = yaml_new_scalar(z->loader->arena, pair->value->pos, value, false);
        pair->value->filled = true;
    }
}

/* A job's files are read when it runs, as the reference leaves them. */
static void resolve_job(const struct normalise *z, struct yaml_node *job)
{
    take_from_environment(z, yaml_get(job, "environment"));
    take_from_environment(z, yaml_get(yaml_get(job, "build"), "args"));
}

static void resolve_service(const struct normalise *z, struct yaml_node *service)
{
    struct loader *l = z->loader;
    struct yaml_node *files = yaml_get(service, "env_file"),
                     *own = yaml_get(service, "environment");

    /* Files stay named: what they say may hold variables. */
    if (l->workspace->options->no_interpolate) {
        take_from_environment(z, own);
        return;
    }

    if (files && files->kind == YAML_KIND_SEQUENCE) {
        struct yaml_node *all = yaml_new_mapping(l->arena, own ? own->pos : files->pos);
        for (size_t i = 0; i < files->len; i++)
            read_env_file(z, files->items[i], all);
        for (size_t i = 0; own && own->kind == YAML_KIND_MAPPING && i < own->len; i++)
            yaml_map_set(l->arena, all, own->pairs[i].key, own->pairs[i].value);
        yaml_map_remove(service, "env_file");
        own = all;
        if (all->len)
            yaml_map_set(
                l->arena, service, yaml_new_scalar(l->arena, all->pos, "environment", true), all);
    }

    read_label_files(z, service);
    take_from_environment(z, own);
    take_from_environment(z, yaml_get(yaml_get(service, "build"), "args"));
}

static const char *const ENVIRONMENT[] = {"environment", "env_file", "labels", "label_file", NULL};

bool normalise_is_environment(const char *key)
{
    for (const char *const *k = ENVIRONMENT; *k; k++)
        if (text_eq(*k, key))
            return true;
    return false;
}

/* A hook's files and names stand above its service's; once, because an include has its own
 * environment. */
static void resolve_hooks(const struct normalise *z, const struct yaml_node *service)
{
    struct loader *l = z->loader;
    struct yaml_node *hooks = yaml_get(service, "pre_start");

    if (!hooks || hooks->kind != YAML_KIND_SEQUENCE || l->canonical ||
        text_eq(hooks->tag, "!resolved"))
        return;
    for (size_t i = 0; i < hooks->len; i++) {
        struct yaml_node *base = yaml_new_mapping(l->arena, service->pos);
        for (const char *const *k = ENVIRONMENT; *k; k++)
            if (yaml_get(service, *k))
                yaml_map_set(
                    l->arena,
                    base,
                    yaml_new_scalar(l->arena, service->pos, *k, true),
                    yaml_copy_deep(l->arena, yaml_get(service, *k)));
        struct merge merge = {.arena = l->arena, .diags = l->diags};
        hooks->items[i] = merge_settle(
            &merge, merge_tree(&merge, base, hooks->items[i], &spec_pre_start), &spec_pre_start);
        resolve_service(z, hooks->items[i]);
    }

    hooks->tag = "!resolved"; /* ours; never printed */
}

void normalise_environment(const struct normalise *z, struct yaml_node *root)
{
    for (const char *const *section = normalise_sections; *section; section++) {
        const struct yaml_node *all = yaml_get(root, *section);
        for (size_t i = 0; all && all->kind == YAML_KIND_MAPPING && i < all->len; i++) {
            struct yaml_node *service = all->pairs[i].value;
            if (service->kind != YAML_KIND_MAPPING ||
                !normalise_is_active(z->loader, all->pairs[i].key->value, service))
                continue;
            if (text_eq(*section, "jobs")) {
                resolve_job(z, service);
                continue;
            }
            resolve_hooks(z, service);
            resolve_service(z, service);
        }
    }
}
