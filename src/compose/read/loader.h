/* The way from files to one merged canonical tree: read → shape → canon → include → extends →
 * merge. */
#pragma once

#include "compose/read/find.h"
#include "compose/read/merge.h"
#include "compose/spec/canon.h"
#include "compose/spec/shape.h"

struct parsed_file { /* by path: a file that is named twice is read once */
    struct yaml_node **documents;
    size_t count;
};

struct scope {              /* of the project, or of one include */
    const struct scope *up; /* who included it */
    const char *by;         /* the file that says so, as positions name it; NULL at the top */
    const char *dir;        /* relative paths start here */
    const char *const *files;
    size_t file_count;
    struct env *env;
};

struct loader {
    struct arena *arena;
    struct workspace *workspace;
    struct compose_diagnostics *diags;
    struct strmap parsed_index;
    struct parsed_file *parsed;
    size_t parsed_count, parsed_cap;
    struct strmap extends_index; /* base files of extends, extends.c */
    struct extends_file **extends_files;
    size_t extends_count, extends_cap;
    const char *const *profiles; /* active ones, ends with NULL */
    bool canonical; /* loading our own output: names are final, variables are config parts */
};

const char *loader_shown_path(const struct loader *l, const char *path); /* for messages */
int loader_parse(
    struct loader *l, const char *path, const struct parsed_file **out, struct error *err);
/* One file, its documents merged, in canonical form; *out may be NULL for an empty file. `env`
 * NULL: no interpolation. */
int loader_read(
    struct loader *l,
    const char *path,
    const char *base,
    struct env *env,
    struct yaml_node **out,
    struct error *err);
/* All files of a scope, includes and extends done. */
int loader_load_scope(
    struct loader *l, const struct scope *scope, struct yaml_node **out, struct error *err);

int loader_apply_includes(
    struct loader *l, const struct scope *scope, struct yaml_node *root, struct error *err);
void loader_apply_extends(
    struct loader *l, const struct scope *scope, const char *path, struct yaml_node *root);
