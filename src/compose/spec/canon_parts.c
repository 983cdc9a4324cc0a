/* What the forms are made with: scalars, mappings and lists that stand where the short form stood
 * (so a later message still names that line), paths, and the message about a form.
 *
 * Knows no form, so that each of them can use it without a circle. */
#include "compose/spec/canon.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

void canon_complain(
    struct canon *c,
    const struct yaml_node *n,
    const char *hint,
    const struct spot *spot,
    const char *fmt,
    ...)
{
    va_list ap;

    va_start(ap, fmt);
    cleanup_str struct str text = STR_INIT;
    str_vappendf(&text, fmt, ap);
    va_end(ap);
    compose_diagnose(
        c->diags, COMPOSE_ERROR, n->pos, hint, "%s: %s", spot_text(c->arena, spot), str_get(&text));
    if (c->diags)
        c->diags->items[c->diags->len - 1].rule = compose_rule(c->diags, "compose", fmt);
}

struct yaml_node *canon_text(struct canon *c, const struct yaml_node *like, const char *value)
{
    struct yaml_node *n = yaml_new_scalar(c->arena, like->pos, value, false);
    n->filled = like->filled;
    return n;
}

struct yaml_node *canon_plain(struct canon *c, const struct yaml_node *like, const char *value)
{
    return yaml_new_scalar(c->arena, like->pos, value, true);
}

void canon_set(struct canon *c, struct yaml_node *map, const char *key, struct yaml_node *value)
{
    yaml_map_set(c->arena, map, yaml_new_scalar(c->arena, value->pos, key, true), value);
}

struct yaml_node *canon_map_like(struct canon *c, const struct yaml_node *n)
{
    struct yaml_node *map = yaml_new_mapping(c->arena, n->pos);
    map->tag = n->tag;
    return map;
}

struct yaml_node *canon_seq_like(struct canon *c, const struct yaml_node *n)
{
    struct yaml_node *seq = yaml_new_sequence(c->arena, n->pos);
    seq->tag = n->tag;
    return seq;
}

bool canon_is_url(const char *context)
{
    static const char *const prefixes[] = {
        "https://",
        "http://",
        "git://",
        "github.com/",
        "git@",
        "ssh://",
        "oci://",
        "docker-image://",
        "service:",
        "target:",
        NULL};

    for (const char *const *p = prefixes; *p; p++)
        if (text_starts(context, *p))
            return true;

    return strstr(context, "://") != NULL;
}

/* "../../": the way up from `dir` to where `shared` bytes of it still hold. */
static const char *way_up(struct canon *c, const char *dir, size_t shared)
{
    const char *up = "";

    for (const char *p = dir + shared; *p; p++)
        if (*p == '/')
            up = arena_printf(c->arena, "../%s", up);
    return up;
}

const char *canon_below(struct canon *c, const char *path)
{
    if (strchr("/~", *path) || !c->project || strcmp(c->base, c->project) == 0)
        return path;

    cleanup_free char *full = path_absolute(c->base, path);
    cleanup_free char *target = xasprintf("%s/", full), *from = xasprintf("%s/", c->project);
    size_t shared = 0; /* up to and with a slash */

    for (size_t i = 0; target[i] && target[i] == from[i]; i++)
        if (target[i] == '/')
            shared = i + 1;

    const char *rest = strlen(target) > shared
                           ? arena_strndup(c->arena, target + shared, strlen(target) - shared - 1)
                           : "";
    const char *below = arena_printf(c->arena, "%s%s", way_up(c, from, shared), rest);
    return *below ? below : ".";
}

const char *canon_path(struct canon *c, const char *path)
{
    if (!*path || *path == '/')
        return path;
    cleanup_free char *expanded = c->home ? path_expand_home(path, c->home) : xstrdup(path);
    cleanup_free char *absolute = path_absolute(c->base, expanded);
    return arena_strdup(c->arena, absolute);
}
