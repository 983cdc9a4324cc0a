/* All files of a scope, in their order: each is read, what it includes and extends is brought in,
 * then it is merged over the ones before.
 *
 * A scope is the project, or one entry of `include`; an include is a scope again, so this and
 * include.c call each other. It ends, since include.c refuses a file that is being loaded. */
#include "compose/read/loader.h"

#include "compose/read/merge.h"

int loader_load_scope(
    struct loader *l, const struct scope *scope, struct yaml_node **out, struct error *err)
{
    struct merge merge = {.arena = l->arena, .diags = l->diags};
    struct env *env = l->workspace->options->no_interpolate ? NULL : scope->env;
    *out = NULL;
    for (size_t i = 0; i < scope->file_count; i++) {
        struct yaml_node *root;
        int rc = loader_read(l, scope->files[i], scope->dir, env, &root, err);
        if (rc == 0 && root)
            rc = loader_apply_includes(l, scope, root, err);
        if (rc < 0)
            return rc;
        if (!root)
            continue;
        loader_apply_extends(l, scope, scope->files[i], root);
        yaml_map_remove(root, "version");
        *out = merge_settle(&merge, merge_tree(&merge, *out, root, &spec_project), &spec_project);
    }

    return 0;
}
