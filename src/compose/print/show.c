/* The tree as `docker compose config` shows it: what says nothing is left out, and what the
 * reference fills in is filled in.
 *
 * Whether a key says nothing is decided by its flags in the table (KEY_ZERO and those beside it);
 * YAML and JSON differ in a few. This is for people and for comparison; what a job freezes is
 * compose_print_yaml()'s. */
#include "compose/print/show.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

struct show {
    struct arena *arena;
    bool json;
};

static void put(struct show *s, struct yaml_node *map, const char *key, struct yaml_node *value)
{
    yaml_map_set(s->arena, map, yaml_new_scalar(s->arena, map->pos, key, true), value);
}

static bool is_zero(const struct yaml_node *n, const struct spec *spec)
{
    double value;

    switch (yaml_scalar_type(n)) {
    case YAML_TYPE_NULL:
        return true;
    case YAML_TYPE_BOOL:
        return !yaml_scalar_bool(n);
    case YAML_TYPE_INT:
    case YAML_TYPE_FLOAT:
        return yaml_scalar_float(n, &value) == 0 && value >= 0 && value <= 0;
    default:
        return !*n->value || (spec->form == FORM_BYTES && text_eq(n->value, "0")) ||
               (spec->form == FORM_DURATION && text_eq(n->value, "0s"));
    }
}

/* Whether a key of a known mapping says nothing. */
static bool
is_silent(const struct show *s, const struct yaml_node *n, const struct spec *spec, unsigned flags)
{
    if (yaml_is_null(n))
        return true;
    if (flags & (KEY_ZERO | KEY_NULLED))
        return false;
    if (flags & KEY_TRUE)
        return yaml_scalar_bool(n);
    if (n->kind == YAML_KIND_SCALAR)
        return is_zero(n, spec);
    if (n->len)
        return false;
    return n->kind == YAML_KIND_SEQUENCE || !spec->keys || ((flags & KEY_STRUCT) && !s->json);
}

static struct yaml_node *
show_node(struct show *s, const struct yaml_node *n, const struct spec *spec);

/* What a key has in JSON although nobody said it. */
static struct yaml_node *
absent(struct show *s, const struct yaml_node *map, const struct spec_key *key)
{
    if (key->flags & KEY_NULLED)
        return yaml_new_scalar(s->arena, map->pos, "null", true);
    return key->flags & KEY_STRUCT ? show_node(s, yaml_new_mapping(s->arena, map->pos), key->spec)
                                   : NULL;
}

static struct yaml_node *
show_mapping(struct show *s, const struct yaml_node *n, const struct spec *spec)
{
    struct yaml_node *out = yaml_new_mapping(s->arena, n->pos);

    for (size_t i = 0; i < n->len; i++) {
        unsigned flags;
        const struct spec *below = spec_value_of(spec, n->pairs[i].key, &flags);
        if (!below)
            below = &spec_any;
        struct yaml_node *value = show_node(s, n->pairs[i].value, below);
        if (!spec->keys || below == &spec_any || !is_silent(s, value, below, flags))
            yaml_map_set(s->arena, out, n->pairs[i].key, value);
    }

    for (const struct spec_key *k = s->json ? spec->keys : NULL; k && k->name; k++)
        if ((k->flags & (KEY_NULLED | KEY_STRUCT)) && !yaml_get(out, k->name))
            put(s, out, k->name, absent(s, n, k));

    return out;
}

/* {default: null, k: /path} → [default, "k: /path"] */
static struct yaml_node *show_ssh(struct show *s, const struct yaml_node *n)
{
    struct yaml_node *out = yaml_new_sequence(s->arena, n->pos);

    for (size_t i = 0; i < n->len; i++) {
        const char *id = n->pairs[i].key->value;
        const struct yaml_node *path = n->pairs[i].value;
        const char *text = yaml_is_null(path) || !*path->value
                               ? id
                               : arena_printf(s->arena, "%s: %s", id, path->value);
        yaml_seq_push(s->arena, out, yaml_new_scalar(s->arena, n->pos, text, false));
    }

    return out;
}

static struct yaml_node *show_options(struct show *s, const struct yaml_node *n)
{
    struct yaml_node *out = yaml_copy_shallow(s->arena, n);
    for (size_t i = 0; i < out->len; i++)
        if (yaml_is_null(out->pairs[i].value))
            out->pairs[i].value = yaml_new_scalar(s->arena, n->pos, "", false);
    return out;
}

static int by_text(const void *a, const void *b)
{
    return strcmp((*(struct yaml_node *const *)a)->value, (*(struct yaml_node *const *)b)->value);
}

static struct yaml_node *show_hosts(struct show *s, const struct yaml_node *n)
{
    struct yaml_node *out = yaml_copy_shallow(s->arena, n);
    if (out->len)
        qsort(out->items, out->len, sizeof *out->items, by_text);
    return out;
}

static struct yaml_node *show_mode(struct show *s, const struct yaml_node *n)
{
    long long mode;
    if (yaml_scalar_type(n) != YAML_TYPE_INT || yaml_scalar_int(n, &mode) < 0)
        return (struct yaml_node *)n;
    return yaml_new_scalar(
        s->arena, n->pos, arena_printf(s->arena, "0%llo", (unsigned long long)mode), false);
}

static void add_defaults(struct show *s, struct yaml_node *out, const struct spec *spec)
{
    if (spec == &spec_port && !yaml_get(out, "mode"))
        put(s, out, "mode", yaml_new_scalar(s->arena, out->pos, "ingress", false));
    bool device = spec == spec_devices.items || spec == spec_gpus.items;
    if (device && !yaml_get(out, "count") && !yaml_get(out, "device_ids"))
        put(s, out, "count", yaml_new_scalar(s->arena, out->pos, "-1", true));
}

static struct yaml_node *
show_node(struct show *s, const struct yaml_node *n, const struct spec *spec)
{
    if (spec == &spec_any)
        return (struct yaml_node *)n;
    if (n->kind == YAML_KIND_SCALAR)
        return spec == &spec_file_mode ? show_mode(s, n) : (struct yaml_node *)n;
    if (n->kind == YAML_KIND_SEQUENCE) {
        if (spec->form == FORM_HOSTS)
            return show_hosts(s, n);
        if (!spec->items || !spec->items->keys)
            return (struct yaml_node *)n;
        struct yaml_node *out = yaml_new_sequence(s->arena, n->pos);
        for (size_t i = 0; i < n->len; i++)
            yaml_seq_push(s->arena, out, show_node(s, n->items[i], spec->items));
        return out;
    }

    if (spec->form == FORM_SSH)
        return show_ssh(s, n);
    if (!spec->keys && spec->values && spec->values->form == FORM_OPTION)
        return show_options(s, n);
    if (!spec->keys && (!spec->values || (spec->values->types & T_MAP) == 0))
        return (struct yaml_node *)n; /* names and texts */

    struct yaml_node *out = show_mapping(s, n, spec);
    add_defaults(s, out, spec);

    return out;
}

struct yaml_node *
show_tree(struct arena *arena, const struct yaml_node *root, const struct spec *spec, bool json)
{
    struct show s = {.arena = arena, .json = json};
    return show_node(&s, root, spec);
}
