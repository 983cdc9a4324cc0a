/* Two canonical trees become one, by the table: a later file over an earlier one, a service over
 * the one that it extends.
 *
 * Mappings go key by key, lists are appended, scalars replaced; where the table says otherwise
 * (commands, ulimits, logging, subnets) it is done so. !override replaces, !reset takes away; both
 * tags stay in the tree until merge_settle(), as there may be a third file. Doubles in lists with
 * a key go there too: the later one counts, at the place of the first.
 *
 * Source: chapter "Merge" of the Compose specification, and what the reference loader does where
 * it is silent. */
#include "compose/read/merge.h"

#include "base/str.h"
#include "compose/spec/shape.h"
#include "data/strmap.h"

#include <string.h>

static const char *member(const struct yaml_node *n, const char *key, const char *fallback)
{
    const struct yaml_node *value = yaml_get(n, key);
    return value && value->kind == YAML_KIND_SCALAR ? value->value : fallback;
}

/* What makes an item of a list the same item; NULL when nothing does. */
static const char *item_key(struct merge *m, const struct yaml_node *n, enum spec_unique unique)
{
    bool map = n->kind == YAML_KIND_MAPPING;

    switch (unique) {
    case UNIQUE_TEXT:
        if (n->kind != YAML_KIND_SCALAR)
            return NULL;
        return arena_strndup(m->arena, n->value, strcspn(n->value, "="));
    case UNIQUE_PORT:
        return map ? arena_printf(
                         m->arena,
                         "%s:%s:%s/%s",
                         member(n, "host_ip", "0.0.0.0"),
                         member(n, "published", ""),
                         member(n, "target", ""),
                         member(n, "protocol", "tcp"))
                   : NULL;
    case UNIQUE_TARGET:
        return map ? member(n, "target", member(n, "source", NULL)) : NULL;
    case UNIQUE_SOURCE_OR_TARGET:
        return map ? member(n, "target", member(n, "source", NULL)) : NULL;
    case UNIQUE_PATH:
        return map ? member(n, "path", NULL) : NULL;
    default:
        return NULL;
    }
}

/* A later item takes the place of an earlier one with the same key. */
static struct yaml_node *
drop_doubles(struct merge *m, struct yaml_node *seq, enum spec_unique unique)
{
    struct strmap seen = {0};
    struct yaml_node *out = yaml_new_sequence(m->arena, seq->pos);

    out->tag = seq->tag;
    for (size_t i = 0; i < seq->len; i++) {
        const char *key = item_key(m, seq->items[i], unique);
        const size_t *at = key ? strmap_get(&seen, key) : NULL;
        if (at) {
            out->items[*at] = seq->items[i];
            continue;
        }
        if (key)
            strmap_put(m->arena, &seen, key, out->len);
        yaml_seq_push(m->arena, out, seq->items[i]);
    }

    return out;
}

static bool contains(const struct yaml_node *seq, size_t len, const struct yaml_node *item)
{
    for (size_t i = 0; i < len; i++)
        if (yaml_equal(seq->items[i], item))
            return true;
    return false;
}

/* Texts by a hash, the rest by comparing: lists of mappings are short. */
static struct yaml_node *
append(struct merge *m, struct yaml_node *base, const struct yaml_node *over)
{
    struct strmap seen = {0};
    size_t before = base->len;

    for (size_t i = 0; i < before; i++)
        if (base->items[i]->kind == YAML_KIND_SCALAR)
            strmap_put(m->arena, &seen, base->items[i]->value, i);
    for (size_t i = 0; i < over->len; i++) {
        struct yaml_node *item = over->items[i];
        bool scalar = item->kind == YAML_KIND_SCALAR;
        if (scalar ? strmap_get(&seen, item->value) != NULL : contains(base, before, item))
            continue;
        yaml_seq_push(m->arena, base, item);
    }

    return base;
}

static struct yaml_node *merge_node(
    struct merge *m,
    struct yaml_node *base,
    struct yaml_node *over,
    const struct spec *spec,
    const struct spot *spot);

static struct yaml_node *merge_maps(
    struct merge *m,
    struct yaml_node *base,
    struct yaml_node *over,
    const struct spec *spec,
    const struct spot *spot)
{
    struct yaml_node *gone = NULL; /* keys that a !reset took out */

    for (size_t i = 0; i < over->len; i++) {
        struct yaml_node *key = over->pairs[i].key, *value = over->pairs[i].value;
        struct yaml_node *before = yaml_get(base, key->value);
        if (!before) {
            if (!tag_is_reset(value))
                yaml_map_set(m->arena, base, key, value);
            continue;
        }
        unsigned flags;
        const struct spec *below = spec_value_of(spec, key, &flags);
        struct spot here = {.up = spot, .key = key->value};
        struct yaml_node *merged = merge_node(m, before, value, below ? below : &spec_any, &here);
        if (merged) {
            yaml_map_set(m->arena, base, key, merged);
            continue;
        }
        if (!gone)
            gone = yaml_new_sequence(m->arena, over->pos);
        yaml_seq_push(m->arena, gone, key);
    }

    for (size_t i = 0; gone && i < gone->len; i++)
        yaml_map_remove(base, gone->items[i]->value);

    return base;
}

static bool same_driver(const struct yaml_node *a, const struct yaml_node *b)
{
    const char *left = member(a, "driver", NULL), *right = member(b, "driver", NULL);
    return !left || !right || strcmp(left, right) == 0;
}

static struct yaml_node *merge_subnets(
    struct merge *m,
    struct yaml_node *base,
    struct yaml_node *over,
    const struct spec *spec,
    const struct spot *spot)
{
    for (size_t i = 0; i < over->len; i++) {
        const char *subnet = member(over->items[i], "subnet", NULL);
        struct yaml_node *same = NULL;
        for (size_t k = 0; subnet && k < base->len && !same; k++)
            if (text_eq(member(base->items[k], "subnet", NULL), subnet))
                same = base->items[k];
        if (same)
            merge_maps(m, same, over->items[i], spec->items, spot);
        else
            yaml_seq_push(m->arena, base, over->items[i]);
    }

    return base;
}

static struct yaml_node *merge_same_kind(
    struct merge *m,
    struct yaml_node *base,
    struct yaml_node *over,
    const struct spec *spec,
    const struct spot *spot)
{
    if (over->kind == YAML_KIND_SCALAR)
        return over;
    if (over->kind == YAML_KIND_MAPPING)
        return spec->merge == MERGE_LOGGING && !same_driver(base, over)
                   ? over
                   : merge_maps(m, base, over, spec, spot);
    return spec->merge == MERGE_IPAM ? merge_subnets(m, base, over, spec, spot)
                                     : append(m, base, over);
}

/* NULL: nothing stays. */
static struct yaml_node *merge_node(
    struct merge *m,
    struct yaml_node *base,
    struct yaml_node *over,
    const struct spec *spec,
    const struct spot *spot)
{
    if (tag_is_reset(over))
        return NULL;
    if (tag_is_override(over) || spec->merge == MERGE_REPLACE)
        return over;
    if (yaml_is_null(over))
        return spot && spec->types & T_SCALAR && spec->types & T_NULL && spec->form != FORM_OPTION
                   ? over
                   : base;
    if (yaml_is_null(base))
        return over;
    if (base->kind == over->kind)
        return merge_same_kind(m, base, over, spec, spot);
    if (spec->merge == MERGE_ULIMIT || spec == &spec_any)
        return over;
    compose_diagnose(
        m->diags,
        COMPOSE_ERROR,
        over->pos,
        "Use !override to replace it.",
        "%s: cannot be merged with what %s:%u says: one is a list, the other a mapping or a text",
        spot_text(m->arena, spot),
        base->pos.file,
        base->pos.line);

    return base;
}

struct yaml_node *
merge_tree(struct merge *m, struct yaml_node *base, struct yaml_node *over, const struct spec *spec)
{
    if (!base || !over)
        return base ? base : over;
    return merge_node(m, base, over, spec, NULL);
}

static struct yaml_node *settle(struct merge *m, struct yaml_node *n, const struct spec *spec)
{
    if (tag_is_override(n))
        n->tag = NULL;
    if (n->kind == YAML_KIND_SEQUENCE) {
        size_t kept = 0;
        for (size_t i = 0; i < n->len; i++)
            if (!tag_is_reset(n->items[i]))
                n->items[kept++] = settle(m, n->items[i], spec->items ? spec->items : &spec_any);
        n->len = kept;
        return spec->unique ? drop_doubles(m, n, spec->unique) : n;
    }

    if (n->kind != YAML_KIND_MAPPING)
        return n;

    struct yaml_node *out = n;
    for (size_t i = 0; i < n->len && out == n; i++)
        if (tag_is_reset(n->pairs[i].value))
            out = yaml_new_mapping(m->arena, n->pos);
    for (size_t i = 0; i < n->len; i++) {
        struct yaml_pair *pair = &n->pairs[i];
        if (tag_is_reset(pair->value))
            continue;
        unsigned flags;
        const struct spec *below = spec_value_of(spec, pair->key, &flags);
        struct yaml_node *value = settle(m, pair->value, below ? below : &spec_any);
        if (out == n)
            pair->value = value;
        else
            yaml_map_set(m->arena, out, pair->key, value);
    }

    return out;
}

struct yaml_node *merge_settle(struct merge *m, struct yaml_node *n, const struct spec *spec)
{
    return tag_is_reset(n) ? yaml_new_mapping(m->arena, n->pos) : settle(m, n, spec);
}
