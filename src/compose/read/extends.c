/* `extends`: a service over the one it names, in the same file or another. Each service is
 * resolved once, whatever extends it, and each other file is read once.
 *
 * The way down is recursive and remembered as a chain on the stack: a service that is met again
 * while it is busy makes a circle, and the chain is its message. The depth is bounded
 * (LIMIT_COMPOSE_EXTENDS_DEPTH). The base is copied before it is merged, for another may extend it
 * too. */
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "compose/read/loader.h"

#include <string.h>

enum state { OPEN, BUSY, DONE };

struct extends_file {
    const char *path, *dir;
    struct yaml_node *services; /* canonical; resolved ones are put back */
    struct strmap states;
};

struct link { /* the chain that is being followed, for cycles and their message */
    const struct link *up;
    const struct extends_file *file;
    const char *service;
    unsigned depth;
};

struct extender {
    struct loader *l;
    struct env *env;
};

static void
complain(struct extender *x, const struct yaml_node *at, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
complain(struct extender *x, const struct yaml_node *at, const char *hint, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    cleanup_str struct str text = STR_INIT;
    str_vappendf(&text, fmt, ap);
    va_end(ap);
    compose_diagnose(x->l->diags, COMPOSE_ERROR, at->pos, hint, "%s", str_get(&text));
}

static struct extends_file *
open_file(struct extender *x, const char *path, const struct yaml_node *at)
{
    struct loader *l = x->l;
    const size_t *known = strmap_get(&l->extends_index, path);

    if (known)
        return l->extends_files[*known];

    cleanup_free char *folder = path_dirname(path);
    const char *dir = arena_strdup(l->arena, folder);
    struct yaml_node *root;
    struct error err = ERROR_INIT;
    if (loader_read(l, path, dir, x->env, &root, &err) < 0) {
        if (err.line) {
            diag_add_error(l->diags, &err);
        } else {
            complain(
                x, at, NULL, "extends: %s", err.message ? err.message : "the file cannot be read");
            error_done(&err);
        }
        root = NULL;
    }

    struct extends_file *file = arena_make(l->arena, struct extends_file);
    *file = (struct extends_file){
        .path = arena_strdup(l->arena, path),
        .dir = dir,
        .services = root ? yaml_get(root, "services") : NULL};
    if (l->extends_count == l->extends_cap) {
        l->extends_cap = l->extends_cap ? l->extends_cap * 2 : 8;
        struct extends_file **grown = arena_array(l->arena, struct extends_file *, l->extends_cap);
        if (l->extends_count)
            memcpy(grown, l->extends_files, l->extends_count * sizeof(struct extends_file *));
        l->extends_files = grown;
    }

    l->extends_files[l->extends_count] = file;
    strmap_put(l->arena, &l->extends_index, file->path, l->extends_count++);

    return file;
}

static void complain_cycle(
    struct extender *x,
    const struct link *chain,
    const struct extends_file *file,
    const char *service,
    const struct yaml_node *at)
{
    cleanup_str struct str way = STR_INIT;

    str_append(&way, service);
    for (const struct link *k = chain; k; k = k->up) {
        cleanup_str struct str longer = STR_INIT;
        str_appendf(&longer, "%s → %s", k->service, str_get(&way));
        str_clear(&way);
        str_append(&way, str_get(&longer));
        if ((k->file == file && strcmp(k->service, service) == 0) || way.len > 400)
            break;
    }

    complain(
        x,
        at,
        "A service cannot extend itself, not even by way of others.",
        "extends makes a circle: %s",
        str_get(&way));
}

static struct yaml_node *resolve(
    struct extender *x,
    struct extends_file *file,
    const char *service,
    const struct link *chain,
    const struct yaml_node *at);

/* The base that `extends` names, resolved, or NULL with a diagnostic. */
static struct yaml_node *find_base(
    struct extender *x,
    struct extends_file *file,
    const char *service,
    const struct yaml_node *extends,
    const struct link *chain)
{
    const struct yaml_node *ref = yaml_get(extends, "service"), *other = yaml_get(extends, "file");
    struct link here = {
        .up = chain, .file = file, .service = service, .depth = chain ? chain->depth + 1 : 1};

    if (!ref || ref->kind != YAML_KIND_SCALAR || yaml_is_null(ref)) {
        complain(x, extends, NULL, "services.%s.extends: \"service\" is missing", service);
        return NULL;
    }

    if (text_eq(ref->tag, TAG_BROKEN))
        return NULL;
    if (here.depth > LIMIT_COMPOSE_EXTENDS_DEPTH) {
        complain(
            x,
            extends,
            NULL,
            "services.%s: more than %d services extend each other",
            service,
            LIMIT_COMPOSE_EXTENDS_DEPTH);
        return NULL;
    }

    struct extends_file *from = file;
    if (other && !yaml_is_null(other)) {
        cleanup_free char *path = path_absolute(file->dir, other->value);
        from = open_file(x, path, other);
    }

    if (!from->services && from != file)
        return NULL;
    if (!yaml_get(from->services, ref->value)) {
        complain(
            x,
            ref,
            NULL,
            "services.%s extends \"%s\", which is not defined in %s",
            service,
            ref->value,
            other ? other->value : "this file");
        return NULL;
    }

    return resolve(x, from, ref->value, &here, ref);
}

static struct yaml_node *resolve(
    struct extender *x,
    struct extends_file *file,
    const char *service,
    const struct link *chain,
    const struct yaml_node *at)
{
    struct yaml_node *node = yaml_get(file->services, service);
    const size_t *state = strmap_get(&file->states, service);

    if (state && *state == BUSY) {
        complain_cycle(x, chain, file, service, at);
        return NULL;
    }

    struct yaml_node *extends = yaml_get(node, "extends");
    if ((state && *state == DONE) || !extends || extends->kind != YAML_KIND_MAPPING)
        return node;
    strmap_put(x->l->arena, &file->states, service, BUSY);
    struct yaml_node *base = find_base(x, file, service, extends, chain);
    yaml_map_remove(node, "extends");
    if (base) {
        struct merge merge = {.arena = x->l->arena, .diags = x->l->diags};
        struct yaml_node *merged =
            merge_tree(&merge, yaml_copy_deep(x->l->arena, base), node, &spec_service);
        merged->pos = node->pos;
        node = merge_settle(&merge, merged, &spec_service);
        yaml_map_set(
            x->l->arena,
            file->services,
            yaml_new_scalar(x->l->arena, node->pos, service, true),
            node);
    }

    strmap_put(x->l->arena, &file->states, service, DONE);

    return node;
}

void loader_apply_extends(
    struct loader *l, const struct scope *scope, const char *path, struct yaml_node *root)
{
    struct yaml_node *services = yaml_get(root, "services");

    if (!services || services->kind != YAML_KIND_MAPPING)
        return;

    struct extender x = {.l = l, .env = l->workspace->options->no_interpolate ? NULL : scope->env};
    struct extends_file file = {.path = path, .dir = scope->dir, .services = services};
    for (size_t i = 0; i < services->len; i++)
        resolve(&x, &file, services->pairs[i].key->value, NULL, services->pairs[i].key);
}
