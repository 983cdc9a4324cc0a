/* Which files make the project, what its environment is, and what it is called. */
#pragma once

#include "compose/diag.h"
#include "compose/template.h"
#include "data/strmap.h"

struct workspace {
    struct arena *arena;
    struct compose_diagnostics *diags;
    const struct compose_options *options;
    const char *dir;    /* project folder, absolute */
    const char **files; /* absolute, or "-" */
    size_t file_count;
    struct env *env; /* the caller's, then --env-file or .env below it; COMPOSE_PROJECT_NAME in the
                        end; owned */
    const char
        *name; /* from -p or COMPOSE_PROJECT_NAME; NULL: name: in the files, else the folder */
    size_t files_read; /* against LIMIT_COMPOSE_FILES */
};

int workspace_init(
    struct workspace *w,
    struct arena *arena,
    const struct compose_options *o,
    struct compose_diagnostics *diags,
    struct error *err);
void workspace_done(struct workspace *w);
const char *workspace_lookup(
    void *arg, const char *name); /* a template_lookup_fn; arg is the workspace's env */
/* Adds the variables of an env file below those of env. */
int workspace_add_env_file(
    struct workspace *w, struct env *env, const char *path, struct error *err);
int workspace_read(
    struct workspace *w, const char *path, const char **text, size_t *n, struct error *err);
/* Lower-case letters, digits, '_' and '-', starting with a letter or digit; may come out empty. */
const char *workspace_normalise_name(struct arena *arena, const char *text);
