/* Mounts: "[source:]target[:options]".
 *
 * A source that is a path (from the folder, from home, or a Windows drive) is a bind mount, any
 * other name a volume; the colon of a drive letter divides nothing. Options are ro, nocopy, z, Z
 * and the kinds of propagation; any other is let pass, as the reference does. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/spec/canon.h"
#include "compose/spec/shape.h"

#include <ctype.h>
#include <string.h>

static bool is_drive(const char *s)
{
    return isalpha((unsigned char)s[0]) && s[1] == ':';
}

static bool is_drive_path(const char *s)
{
    return (is_drive(s) && (s[2] == '\\' || s[2] == '/')) || text_starts(s, "\\\\");
}

static bool is_host_path(const char *source)
{
    return *source && (strchr("./~", *source) || text_starts(source, "\\\\") || is_drive(source));
}

/* Cuts at colons, but not behind a single letter: the reference loader takes that for a Windows
 * drive. Returns the number of parts, more than max when there are more.
 */
static size_t split_mount(char *text, char *parts[], size_t max)
{
    size_t count = 0;
    char *start = text;

    for (char *p = text;; p++) {
        if (*p == ':' && p == start + 1 && isalpha((unsigned char)*start))
            continue;
        if (*p && *p != ':')
            continue;
        bool end = !*p;
        *p = '\0';
        if (count < max)
            parts[count] = start;
        count++;
        if (end)
            return count;
        start = p + 1;
    }
}

static const char *clean_target(struct canon *c, const char *target)
{
    cleanup_free char *folded = path_absolute("/", target);
    return arena_strdup(c->arena, *target == '/' || !folded[1] ? folded : folded + 1);
}

static struct yaml_node *sub_map(struct canon *c, struct yaml_node *mount, const char *key)
{
    struct yaml_node *map = yaml_get(mount, key);
    if (!map) {
        map = yaml_new_mapping(c->arena, mount->pos);
        canon_set(c, mount, key, map);
    }
    return map;
}

static void apply_options(struct canon *c, struct yaml_node *mount, char *options)
{
    for (char *option; (option = strsep(&options, ","));) {
        if (text_eq(option, "ro"))
            canon_set(c, mount, "read_only", canon_plain(c, mount, "true"));
        else if (text_eq(option, "nocopy"))
            canon_set(c, sub_map(c, mount, "volume"), "nocopy", canon_plain(c, mount, "true"));
        else if (text_eq(option, "z") || text_eq(option, "Z"))
            canon_set(c, sub_map(c, mount, "bind"), "selinux", canon_text(c, mount, option));
        else if (
            text_ends(option, "private") || text_ends(option, "shared") ||
            text_ends(option, "slave"))
            canon_set(c, sub_map(c, mount, "bind"), "propagation", canon_text(c, mount, option));
    }
}

static struct yaml_node *
expand_short(struct canon *c, const struct yaml_node *n, const struct spot *spot)
{
    static const char HINT[] =
        "Mounts look like ./data:/var/lib/data, name:/path or ./conf:/etc/conf:ro.";
    char *parts[3];
    size_t count = split_mount(arena_strdup(c->arena, n->value), parts, 3);
    struct yaml_node *mount = yaml_new_mapping(c->arena, n->pos);
    bool empty = false;

    for (size_t i = 0; i < count && i < 3; i++)
        empty = empty || !*parts[i];
    if (count > 3 || empty) {
        canon_complain(c, n, HINT, spot, "\"%s\" is not a mount", n->value);
        canon_set(c, mount, "type", canon_text(c, n, "volume"));
        return mount;
    }

    const char *source = count > 1 ? parts[0] : NULL;
    bool bind = source && is_host_path(source);
    canon_set(c, mount, "type", canon_text(c, n, bind ? "bind" : "volume"));
    if (source)
        canon_set(c, mount, "source", canon_text(c, n, source));
    canon_set(c, mount, "target", canon_text(c, n, count > 1 ? parts[1] : parts[0]));
    if (count == 3)
        apply_options(c, mount, parts[2]);
    if (bind)
        canon_set(c, sub_map(c, mount, "bind"), "create_host_path", canon_plain(c, n, "true"));

    /* So short a text the reference takes for a target and looks no further. */
    else if (strlen(n->value) > 2)
        (void)sub_map(c, mount, "volume");

    return mount;
}

struct yaml_node *canon_volume(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    if (n->kind == YAML_KIND_SCALAR && c->lenient && strchr(n->value, '$'))
        return n;

    struct yaml_node *mount = n->kind == YAML_KIND_SCALAR ? expand_short(c, n, spot) : n;
    struct yaml_node *type = yaml_get(mount, "type"), *source = yaml_get(mount, "source"),
                     *target = yaml_get(mount, "target");
    if (!target && n->kind == YAML_KIND_MAPPING)
        canon_complain(
            c, mount, "Say where it is mounted: target: /path.", spot, "a mount needs a target");
    if (target && target->kind == YAML_KIND_SCALAR)
        canon_set(c, mount, "target", canon_text(c, target, clean_target(c, target->value)));
    if (type && text_eq(type->value, "bind")) {
        if (!source)
            canon_complain(c, mount, NULL, spot, "a mount of type bind needs a source");
        else if (!is_drive_path(source->value))
            canon_set(c, mount, "source", canon_text(c, source, canon_path(c, source->value)));
    }

    return mount;
}
