/* Rows by path, and the values that lie at a path (keys.h).
 *
 * A path is looked up by itself, then by what is above it: "logging.options" has a row, and what a
 * driver calls its options has none. Values are found by walking the tree along the path: "*" goes
 * into each entry of a mapping, a list is gone through without a word of the path. */
#include "plan/keys/keys.h"
#include "base/mem.h"
#include "base/str.h"
#include <string.h>

static const struct plan_key *row_at(const struct plan_key *rows, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].path, path) == 0)
            return &rows[i];
    return NULL;
}

const struct plan_key *plan_key_of(const char *path)
{
    size_t n;
    const struct plan_key *rows =
        *path == '/' ? plan_keys_of_project(&n) : plan_keys_of_service(&n);
    cleanup_free char *nearest = xstrdup(path);

    for (;;) {
        const struct plan_key *row = row_at(rows, n, nearest);
        char *dot = strrchr(nearest, '.');

        if (row || !dot)
            return row;
        *dot = '\0';
    }
}

bool plan_key_below(const char *path)
{
    size_t n, length = strlen(path);
    const struct plan_key *rows =
        *path == '/' ? plan_keys_of_project(&n) : plan_keys_of_service(&n);

    for (size_t i = 0; i < n; i++)
        if (strncmp(rows[i].path, path, length) == 0 && rows[i].path[length] == '.')
            return true;
    return false;
}

/* An empty list asks for nothing, and neither does an empty text or a switch that is off. */
static bool says_something(const struct yaml_node *n)
{
    if (yaml_is_null(n))
        return false;
    if (n->kind == YAML_KIND_SCALAR)
        return !text_empty(n->value) && strcmp(n->value, "false") != 0;
    return n->len > 0;
}

struct visit {
    struct arena *a;
    void (*found)(void *arg, const char *as_written, const struct yaml_node *value);
    void *arg;
};

static void
visit(const struct visit *v, const struct yaml_node *n, const char *path, const char *as_written);

static void visit_key(
    const struct visit *v,
    const struct yaml_node *value,
    const char *rest,
    const char *above,
    const char *name)
{
    const char *dot = *above ? "." : "";

    visit(v, value, rest, arena_printf(v->a, "%s%s%s", above, dot, name));
}

static void
visit(const struct visit *v, const struct yaml_node *n, const char *path, const char *as_written)
{
    if (!*path) {
        if (says_something(n))
            v->found(v->arg, as_written, n);
        return;
    }
    for (size_t i = 0; n->kind == YAML_KIND_SEQUENCE && i < n->len; i++)
        visit(v, n->items[i], path, as_written);
    if (n->kind != YAML_KIND_MAPPING)
        return;

    size_t length = strcspn(path, ".");
    const char *rest = path[length] ? path + length + 1 : "";
    bool any = length == 1 && *path == '*';

    for (size_t i = 0; i < n->len; i++) {
        const char *name = n->pairs[i].key->value;
        bool meant = strlen(name) == length && strncmp(name, path, length) == 0;

        if (any || meant)
            visit_key(v, n->pairs[i].value, rest, as_written, name);
    }
}

void plan_key_each(
    struct arena *a,
    const struct yaml_node *root,
    const char *path,
    void (*found)(void *arg, const char *as_written, const struct yaml_node *value),
    void *arg)
{
    const struct visit v = {a, found, arg};

    visit(&v, root, *path == '/' ? path + 1 : path, "");
}
