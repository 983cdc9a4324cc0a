/* `include`: another project's resources, loaded in their own folder and environment, added to this
 * file's.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "compose/read/environment.h"

#include <errno.h>
#include <string.h>

static int
fail_at(const struct yaml_node *n, struct error *err, const char *what, const char *detail)
{
    int rc = error_raise_errno(err, ERR_USAGE, EINVAL, "include: %s%s", what, detail);
    error_at(err, n->pos.file, n->pos.line, n->pos.column);
    return rc;
}

/* Does `path` stand in the chain of files that include each other, up to the one that says so now?
 * A file beside them (-f a -f b, where a includes b) may be included: it is merged with itself. */
static bool is_including(
    const struct loader *l, const struct scope *up, const struct yaml_node *said, const char *path)
{
    const char *shown = loader_shown_path(l, path);
    const char *by = said->pos.file;

    for (; up; by = up->by, up = up->up)
        if (text_eq(by, shown))
            return true;
    return false;
}

static int resolve_paths(
    struct loader *l,
    const struct scope *up,
    const struct yaml_node *entry,
    struct scope *scope,
    struct error *err)
{
    const struct yaml_node *paths = yaml_get(entry, "path"),
                           *folder = yaml_get(entry, "project_directory");

    if (!paths || paths->kind != YAML_KIND_SEQUENCE || !paths->len)
        return fail_at(entry, err, "\"path\" is missing", "");

    const char **files = arena_array(l->arena, const char *, paths->len);
    for (size_t i = 0; i < paths->len; i++) {
        files[i] = path_absolute_in(l->arena, up->dir, paths->items[i]->value);
        if (is_including(l, up, paths->items[i], files[i]))
            return fail_at(
                paths->items[i],
                err,
                "a circle: this file includes itself by way of ",
                paths->items[i]->value);
        if (!file_exists(files[i]))
            return fail_at(paths->items[i], err, "no such file: ", paths->items[i]->value);
    }

    cleanup_free char *parent = path_dirname(files[0]);
    scope->by = paths->items[0]->pos.file;
    scope->files = files;
    scope->file_count = paths->len;
    scope->dir = folder && !yaml_is_null(folder)
                     ? path_absolute_in(l->arena, up->dir, folder->value)
                     : arena_strdup(l->arena, parent);

    return 0;
}

static int add_environment(
    struct loader *l,
    const struct scope *up,
    const struct yaml_node *entry,
    struct scope *scope,
    struct error *err)
{
    const struct yaml_node *files = yaml_get(entry, "env_file");

    scope->env = env_dup(up->env);
    if (files && files->kind == YAML_KIND_SEQUENCE) {
        for (size_t i = files->len; i-- > 0;) {
            int rc = workspace_add_env_file(
                l->workspace,
                scope->env,
                path_absolute_in(l->arena, up->dir, files->items[i]->value),
                err);
            if (rc < 0 && error_is_set(err) && err->line)
                return rc;
            if (rc < 0)
                return fail_at(
                    files->items[i], err, "cannot read env_file ", files->items[i]->value);
        }
        return 0;
    }

    const char *path = path_absolute_in(l->arena, scope->dir, ".env");
    return file_exists(path) && !file_is_dir(path)
               ? workspace_add_env_file(l->workspace, scope->env, path, err)
               : 0;
}

/* Both define it: what includes stands over what is included. */
static void merge_conflict(
    struct loader *l, struct yaml_node *own, const struct yaml_pair *included, const char *section)
{
    struct merge merge = {.arena = l->arena, .diags = l->diags};
    unsigned flags;
    const struct spec *spec = spec_value(&spec_project, section, &flags)->values;
    struct yaml_node *over = yaml_get(own, included->key->value);
    struct yaml_node *merged =
        merge_tree(&merge, yaml_copy_deep(l->arena, included->value), over, spec);

    merged->pos = over->pos;
    yaml_map_set(l->arena, own, included->key, merge_settle(&merge, merged, spec));
}

static void import_section(
    struct loader *l,
    struct yaml_node *root,
    const struct yaml_node *entry,
    const char *section,
    const struct yaml_node *from)
{
    struct yaml_node *own = yaml_get(root, section);

    if (!own || own->kind != YAML_KIND_MAPPING) {
        own = yaml_new_mapping(l->arena, from->pos);
        yaml_map_set(l->arena, root, yaml_new_scalar(l->arena, from->pos, section, true), own);
    }

    for (size_t i = 0; i < from->len; i++) {
        const struct yaml_node *before = yaml_get(own, from->pairs[i].key->value);
        if (!before)
            yaml_map_set(l->arena, own, from->pairs[i].key, from->pairs[i].value);
        else if (!yaml_equal(before, from->pairs[i].value))
            merge_conflict(l, own, &from->pairs[i], section);
    }
}

static int include_one(
    struct loader *l,
    const struct scope *up,
    struct yaml_node *root,
    const struct yaml_node *entry,
    struct error *err)
{
    static const char *const sections[] = {
        "services", "networks", "volumes", "secrets", "configs", "models", "jobs"};
    struct scope scope = {.up = up};
    struct yaml_node *loaded = NULL;
    int rc = resolve_paths(l, up, entry, &scope, err);

    if (rc == 0)
        rc = add_environment(l, up, entry, &scope, err);
    if (rc == 0)
        rc = loader_load_scope(l, &scope, &loaded, err);
    if (rc == 0 && loaded) {
        struct normalise z = {.loader = l, .scope = &scope};
        normalise_environment(&z, loaded); /* now: its environment is not this one's */
        for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
            const struct yaml_node *from = yaml_get(loaded, sections[i]);
            if (from && from->kind == YAML_KIND_MAPPING)
                import_section(l, root, entry, sections[i], from);
        }
    }

    env_free(scope.env);

    return rc;
}

int loader_apply_includes(
    struct loader *l, const struct scope *scope, struct yaml_node *root, struct error *err)
{
    struct yaml_node *list = yaml_get(root, "include");
    int rc = 0;

    for (size_t i = 0; rc == 0 && list && list->kind == YAML_KIND_SEQUENCE && i < list->len; i++)
        rc = include_one(l, scope, root, list->items[i], err);
    if (list)
        yaml_map_remove(root, "include");
    return rc;
}
