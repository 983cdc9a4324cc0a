/* One file of a project: read, parsed once however often it is named, its documents brought into
 * canonical form and merged.
 *
 * The order is fixed: shape before canon, since a variable may stand for a whole short form, and
 * canon before merge, since a list and a mapping of the same thing could not be merged otherwise.
 */
#include "compose/read/loader.h"

#include "base/mem.h"
#include "compose/read/aliases.h"
#include "compose/read/merge.h"
#include "compose/spec/canon.h"
#include "compose/spec/shape.h"

#include <string.h>

/* As a person would write it: relative when it is below the folder that the command was typed in.
 */
const char *loader_shown_path(const struct loader *l, const char *path)
{
    const char *cwd = l->workspace->options->cwd;
    size_t n = strlen(cwd);
    if (strcmp(path, "-") == 0)
        return "<stdin>";
    return n > 1 && strncmp(path, cwd, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

int loader_parse(
    struct loader *l, const char *path, const struct parsed_file **out, struct error *err)
{
    const size_t *at = strmap_get(&l->parsed_index, path);

    if (at) {
        *out = &l->parsed[*at];
        return 0;
    }

    const char *text;
    size_t n;
    struct parsed_file file;
    int rc = workspace_read(l->workspace, path, &text, &n, err);
    if (rc == 0)
        rc = yaml_parse_all(
            l->arena, loader_shown_path(l, path), text, n, &file.documents, &file.count, err);
    if (rc < 0)
        return rc;

    struct merge merge = {.arena = l->arena, .diags = l->diags};
    for (size_t i = 0; i < file.count; i++)
        aliases_promote(&merge, file.documents[i]);

    if (l->parsed_count == l->parsed_cap) {
        l->parsed_cap = l->parsed_cap ? l->parsed_cap * 2 : 8;
        struct parsed_file *grown = arena_array(l->arena, struct parsed_file, l->parsed_cap);
        if (l->parsed_count)
            memcpy(grown, l->parsed, l->parsed_count * sizeof *grown);
        l->parsed = grown;
    }

    l->parsed[l->parsed_count] = file;
    strmap_put(l->arena, &l->parsed_index, arena_strdup(l->arena, path), l->parsed_count);
    *out = &l->parsed[l->parsed_count++];
    return 0;
}

static const char *canonical_lookup(void *arg, const char *name)
{
    return NULL; /* whatever is still a variable there is a config */
}

static struct yaml_node *
prepare(struct loader *l, const struct yaml_node *document, const char *base, struct env *env)
{
    const struct env *home = env ? env : l->workspace->env; /* ~ is no variable */
    struct shape shape = {
        .arena = l->arena,
        .diags = l->diags,
        .lookup = env ? workspace_lookup : NULL,
        .lookup_arg = env};

    if (l->canonical)
        shape.lookup = canonical_lookup;
    struct yaml_node *root = shape_tree(&shape, document, &spec_project);
    struct canon canon = {
        .arena = l->arena,
        .diags = l->diags,
        .base = base,
        .project = l->workspace->dir,
        .home = home ? env_get(home, "HOME") : NULL,
        .lenient = !shape.lookup};
    return root && root->kind == YAML_KIND_MAPPING ? canon_tree(&canon, root, &spec_project) : NULL;
}

int loader_read(
    struct loader *l,
    const char *path,
    const char *base,
    struct env *env,
    struct yaml_node **out,
    struct error *err)
{
    const struct parsed_file *file;
    struct merge merge = {.arena = l->arena, .diags = l->diags};
    *out = NULL;
    int rc = loader_parse(l, path, &file, err);

    for (size_t i = 0; rc == 0 && i < file->count; i++) {
        struct yaml_node *next = prepare(l, file->documents[i], base, env);
        *out = merge_tree(&merge, *out, next, &spec_project);
    }

    return rc;
}
