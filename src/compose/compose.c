/* compose_load(): the whole way from files to the model, and the loading of our own canonical
 * output.
 *
 * First the files are found and the environment read (read/find.c), then the project gets its
 * name, before anything is interpolated, then all files become one tree, which is made whole,
 * checked and bound. Every pass says all that it finds; the next one starts only on sound ground.
 * In the end the first mistake, by place in the files, is the error.
 *
 * Canonical text goes the same way, with all profiles active and no .env: what was chosen was
 * chosen when it was written, and what still is a variable there is a config. */
#include "compose/compose.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "compose/bind/bind.h"
#include "compose/read/normal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct load {
    struct arena *arena;
    struct workspace workspace;
    struct loader loader;
    struct compose_project *project;
    const char **profiles; /* that the files name */
    size_t profile_count;
    bool name_assumed;
};

static const char *const *active_profiles(struct load *x)
{
    VEC(const char *) all = {0};

    vec_push(&all, "defang");
    for (const char *const *p = x->workspace.options->profiles; p && *p; p++)
        vec_push(&all, *p);
    const char *list = env_get(x->workspace.env, "COMPOSE_PROFILES");
    char *rest = list ? arena_strdup(x->arena, list) : NULL;
    for (char *item; (item = strsep(&rest, ","));)
        if (*item)
            vec_push(&all, item);
    const char **out = arena_array(x->arena, const char *, all.len + 1);
    memcpy(out, all.items, all.len * sizeof *out);
    vec_free(&all);

    return out;
}

/* `name:` of the last file that says one; before anything is interpolated, because
 * ${COMPOSE_PROJECT_NAME} may stand anywhere. */
static int name_in_files(struct load *x, const char **name, struct error *err)
{
    *name = NULL;
    for (size_t i = 0; i < x->workspace.file_count; i++) {
        const struct parsed_file *file;
        int rc = loader_parse(&x->loader, x->workspace.files[i], &file, err);
        if (rc < 0)
            return rc;
        for (size_t k = 0; k < file->count; k++) {
            const struct yaml_node *said = yaml_get(file->documents[k], "name");
            const char *problem;
            if (said && said->kind == YAML_KIND_SCALAR && *said->value &&
                template_expand(
                    x->arena, said->value, workspace_lookup, x->workspace.env, name, &problem) < 0)
                *name = NULL; /* said again, with its position, by the pass over the whole file */
        }
    }

    return 0;
}

static int choose_name(struct load *x, struct error *err)
{
    struct workspace *w = &x->workspace;
    const char *said;
    int rc = name_in_files(x, &said, err);

    if (rc < 0)
        return rc;
    if (!w->name && said)
        w->name = workspace_normalise_name(x->arena, said);
    x->name_assumed = text_empty(w->name);
    if (x->name_assumed)
        w->name = workspace_normalise_name(x->arena, path_basename(w->dir));
    if (text_empty(w->name)) {
        rc = error_raise_errno(
            err, ERR_USAGE, EINVAL, "no project name: the folder %s gives none", w->dir);
        error_hint(err, "Say `name:` in the Compose file, or give -p/--project-name.");
        return rc;
    }

    env_set(w->env, "COMPOSE_PROJECT_NAME", w->name);

    return 0;
}

static void set_name(struct load *x, struct yaml_node *root)
{
    struct yaml_node *name = yaml_new_scalar(x->arena, root->pos, x->workspace.name, false);
    yaml_map_set(x->arena, root, yaml_new_scalar(x->arena, root->pos, "name", true), name);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void collect_profiles(struct load *x, const struct yaml_node *services)
{
    VEC(const char *) all = {0};

    for (size_t i = 0; services && services->kind == YAML_KIND_MAPPING && i < services->len; i++) {
        const struct yaml_node *own = yaml_get(services->pairs[i].value, "profiles");
        for (size_t k = 0; own && own->kind == YAML_KIND_SEQUENCE && k < own->len; k++)
            vec_push(&all, own->items[k]->value);
    }

    if (all.len)
        qsort(all.items, all.len, sizeof *all.items, by_text);
    x->profiles = arena_array(x->arena, const char *, all.len + 1);
    for (size_t i = 0; i < all.len; i++)
        if (i == 0 || strcmp(all.items[i], all.items[i - 1]) != 0)
            x->profiles[x->profile_count++] = all.items[i];
    vec_free(&all);
}

/* Every pass says all it finds; the next one starts only on sound ground. */
static bool finish_tree(struct load *x, const struct scope *scope, struct yaml_node *root)
{
    struct loader *l = &x->loader;
    struct normalise z = {.loader = l, .scope = scope, .project = x->workspace.name};

    set_name(x, root);
    shape_check_whole(x->arena, l->diags, root, &spec_project);
    if (diag_has_errors(l->diags))
        return false;

    const struct yaml_node *all = yaml_get(root, "services");
    collect_profiles(x, all);
    (void)normalise_default_network(&z, root);
    normalise_profiles(&z, root);
    normalise_environment(&z, root);
    normalise_tree(&z, root);

    /* Without interpolation a variable, or a profile, may settle what looks like a contradiction.
     */
    if (!x->workspace.options->no_interpolate)
        checks_run(l, root);
    refs_check(l, root, all);

    return !diag_has_errors(l->diags);
}

static void set_variables(struct compose_project *p, const struct env *env)
{
    size_t n = env_count(env);
    struct compose_kv *all = arena_array(p->arena, struct compose_kv, n + 1);

    for (size_t i = 0; i < n; i++) {
        const char *name = env_name(env, i);
        bool secret = env_name_is_secret(name);
        const char *value =
            template_is_no_text(env_value(env, i)) ? "(not UTF-8)" : env_value(env, i);
        all[i] = (struct compose_kv){
            .key = arena_strdup(p->arena, name),
            .value = secret ? NULL : arena_strdup(p->arena, value)};
    }

    p->variables = all;
    p->variable_count = n;
}

static int load_tree(struct load *x, struct error *err)
{
    struct workspace *w = &x->workspace;
    struct scope scope = {
        .dir = w->dir, .files = w->files, .file_count = w->file_count, .env = w->env};
    struct yaml_node *root;

    x->loader.profiles = active_profiles(x);
    int rc = loader_load_scope(&x->loader, &scope, &root, err);
    if (rc < 0)
        return rc;
    if (!root || !root->len) {
        if (diag_has_errors(x->loader.diags))
            return 0;
        rc = error_raise_errno(err, ERR_USAGE, EINVAL, "empty Compose file");
        error_at(err, loader_shown_path(&x->loader, w->files[0]), 1, 1);
        return rc;
    }

    if (!finish_tree(x, &scope, root))
        return 0;

    struct compose_project *p = arena_make(x->arena, struct compose_project);
    *p = (struct compose_project){
        .arena = x->arena,
        .name = w->name,
        .name_assumed = x->name_assumed,
        .working_dir = w->dir,
        .files = w->files,
        .file_count = w->file_count,
        .profiles = x->profiles,
        .profile_count = x->profile_count,
        .root = root,
        .raw = w->options->no_interpolate};
    set_variables(p, w->env);
    bind_project(p);
    x->project = p;

    return 0;
}

/* Mistakes that ended the work at once join those that were collected. */
static int conclude(
    struct load *x,
    int rc,
    struct compose_project **out,
    struct compose_diagnostics *diags,
    struct error *err)
{
    struct error stop = ERROR_INIT;

    if (rc < 0 && error_is_set(err) && (err->line || diag_has_errors(diags))) {
        error_move(&stop, err);
        diag_add_error(diags, &stop);
    }

    diag_sort(diags);
    if (!error_is_set(err)) {
        int found = diag_to_error(diags, err);
        rc = found ? found : rc;
    }

    workspace_done(&x->workspace);
    if (rc == 0) {
        *out = x->project;
        return 0;
    }

    arena_wipe_ptr(&x->arena);

    return rc;
}

static int load(
    const struct compose_options *o,
    bool canonical,
    struct compose_project **out,
    struct compose_diagnostics *d,
    struct error *err)
{
    struct load x = {.arena = arena_new()};
    struct compose_diagnostics own = {0};
    struct error local = ERROR_INIT;
    struct compose_diagnostics *diags = d ? d : &own;
    struct error *fault = err ? err : &local;

    x.loader = (struct loader){
        .arena = x.arena, .workspace = &x.workspace, .diags = diags, .canonical = canonical};
    *out = NULL;
    int rc = workspace_init(&x.workspace, x.arena, o, diags, fault);
    if (rc == 0)
        rc = choose_name(&x, fault);
    if (rc == 0)
        rc = load_tree(&x, fault);
    rc = conclude(&x, rc, out, diags, fault);
    compose_diagnostics_done(&own);
    error_done(&local);

    return rc;
}

int compose_load(
    const struct compose_options *o,
    struct compose_project **out,
    struct compose_diagnostics *d,
    struct error *err)
{
    return load(o, false, out, d, err);
}

int compose_load_canonical(
    const char *text, size_t n, struct compose_project **out, struct error *err)
{
    cleanup_free char *copy = xstrndup(text, n);
    static const char *const files[] = {"-", NULL};
    static const char *const profiles[] = {"*", NULL}; /* chosen when the text was made */
    struct env *env = env_new();

    env_set(env, "COMPOSE_DISABLE_ENV_FILE", "1");
    struct compose_options o = {
        .cwd = "/", .files = files, .profiles = profiles, .env = env, .stdin_text = copy};
    int rc = load(&o, true, out, NULL, err);
    env_free(env);
    return rc;
}
