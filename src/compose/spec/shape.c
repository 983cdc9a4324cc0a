/* The first pass over a parsed file: variables filled in, types cast, keys and types checked
 * against the table.
 *
 * A value that a variable gave is a text, whatever it looks like: only the table casts, so `ports:
 * ${PORT}` and `image: ${TAG}` each get what they need. What is wrong is told and left out of the
 * result, and the passes behind see only sound nodes. A required key whose value was wrong keeps a
 * mark (TAG_BROKEN), so that nobody calls it missing.
 *
 * What another file may still bring (required keys, keys with nothing behind them) is judged after
 * merging, by shape_check_whole(). */
#include "compose/spec/shape.h"

#include "base/str.h"
#include "compose/spec/shape_types.h"

#include <ctype.h>
#include <string.h>

/* What is left of config parts in a place that cannot take them. */
static const char *settle_parts(
    struct shape *s,
    const struct yaml_node *n,
    const char *text,
    unsigned flags,
    const struct spot *spot)
{
    if ((flags & KEY_CONFIG) || !template_has_parts(text))
        return text;

    const char *name = template_first_part(s->arena, text);
    if (flags & KEY_BLANK) {
        compose_diagnose(
            s->diags,
            COMPOSE_WARNING,
            n->pos,
            arena_printf(s->arena, "Define %s in .env, or write ${%s:-}.", name, name),
            "%s: variable %s is not set; it is taken as empty",
            spot_text(s->arena, spot),
            name);
        return template_drop_parts(s->arena, text);
    }

    compose_diagnose(
        s->diags,
        COMPOSE_ERROR,
        n->pos,
        arena_printf(
            s->arena,
            "Define %s in .env, or give a default: ${%s:-…}. A config value can stand only in "
            "environment and in the content of configs.",
            name,
            name),
        "%s: variable %s is not set",
        spot_text(s->arena, spot),
        name);

    return NULL;
}

static struct yaml_node *shape_scalar(
    struct shape *s,
    const struct yaml_node *n,
    const struct spec *spec,
    unsigned flags,
    const struct spot *spot)
{
    struct yaml_node *out = yaml_copy_shallow(s->arena, n);

    if (s->lookup && strchr(n->value, '$')) {
        const char *text, *problem;
        if (template_expand(s->arena, n->value, s->lookup, s->lookup_arg, &text, &problem) < 0) {
            const char *hint =
                text_starts(problem, "invalid") ? "A literal dollar is written $$." : NULL;
            compose_diagnose(
                s->diags,
                COMPOSE_ERROR,
                n->pos,
                hint,
                "%s: %s",
                spot_text(s->arena, spot),
                problem);
            return NULL;
        }
        text = settle_parts(s, n, text, flags, spot);
        if (!text)
            return NULL;
        out->filled = template_has_variable(n->value);
        out->value = text;
        out->plain = false; /* a text, whatever it looks like: only the table casts */
    }

    return shape_cast(s, out, spec, spot);
}

/* Nobody reads hints behind so many mistakes, and each costs a search. */
#define HINTED_MISTAKES 1000

static const char *const *key_names(struct arena *arena, const struct spec *spec)
{
    size_t n = 0;

    while (spec->keys[n].name)
        n++;
    const char **names = arena_array(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = spec->keys[i].name;
    return names;
}

static void complain_unknown(
    struct shape *s, const struct yaml_node *key, const struct spec *spec, const struct spot *up)
{
    bool flooded = s->diags && s->diags->len > HINTED_MISTAKES;
    const char *near = flooded ? NULL : text_nearest(key->value, key_names(s->arena, spec));
    const char *hint = near ? arena_printf(s->arena, "Did you mean \"%s\"?", near) : NULL;

    if (up)
        compose_diagnose(
            s->diags,
            COMPOSE_ERROR,
            key->pos,
            hint,
            "%s: unknown key \"%s\"",
            spot_text(s->arena, up),
            key->value);
    else
        compose_diagnose(
            s->diags, COMPOSE_ERROR, key->pos, hint, "unknown top-level key \"%s\"", key->value);
}

static bool name_matches(const char *name, enum spec_names names)
{
    if (names == NAMES_ANY)
        return true;
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return false;
    return *name != '\0';
}

static struct yaml_node *shape_node(
    struct shape *s,
    const struct yaml_node *n,
    const struct spec *spec,
    unsigned flags,
    const struct spot *spot);

static void shape_pair(
    struct shape *s,
    const struct yaml_pair *pair,
    const struct spec *spec,
    unsigned flags,
    const struct spot *spot,
    struct yaml_node *out)
{
    unsigned own;

    if (yaml_scalar_type(pair->key) != YAML_TYPE_STRING) {
        compose_diagnose(
            s->diags,
            COMPOSE_ERROR,
            pair->key->pos,
            arena_printf(s->arena, "Put it in quotes: \"%s\".", pair->key->value),
            "%s: the key %s is not a text",
            spot_text(s->arena, spot),
            pair->key->value);
        return;
    }

    const struct spec *value_spec = spec_value_of(spec, pair->key, &own);
    if (!value_spec) {
        complain_unknown(s, pair->key, spec, spot);
        return;
    }

    bool nameless =
        (spec->types & T_SEQ) && !*pair->key->value; /* where a list of NAME=VALUE may stand */
    if (!spec->keys && (nameless || !name_matches(pair->key->value, spec->names))) {
        compose_diagnose(
            s->diags,
            COMPOSE_ERROR,
            pair->key->pos,
            "Names are made of letters, digits, '.', '_' and '-'.",
            "%s: \"%s\" is not a valid name",
            spot_text(s->arena, spot),
            pair->key->value);
        return;
    }

    struct spot here = {.up = spot, .key = pair->key->value};
    unsigned inherited = (own & (KEY_CONFIG | KEY_BLANK)) ? own : flags;
    struct yaml_node *value = shape_node(s, pair->value, value_spec, inherited, &here);

    /* It was said, if wrongly: nobody shall call it missing. */
    if (!value && (own & KEY_REQUIRED)) {
        value = yaml_new_scalar(s->arena, pair->value->pos, "", false);
        value->tag = TAG_BROKEN;
    }

    if (value)
        yaml_map_set(s->arena, out, pair->key, value);
}

static struct yaml_node *shape_collection(
    struct shape *s,
    const struct yaml_node *n,
    const struct spec *spec,
    unsigned flags,
    const struct spot *spot)
{
    bool seq = n->kind == YAML_KIND_SEQUENCE;
    struct yaml_node *out =
        seq ? yaml_new_sequence(s->arena, n->pos) : yaml_new_mapping(s->arena, n->pos);

    out->tag = n->tag;
    for (size_t i = 0; i < n->len; i++) {
        if (!seq) {
            shape_pair(s, &n->pairs[i], spec, flags, spot, out);
            continue;
        }
        struct spot here = {.up = spot, .index = i};
        struct yaml_node *item =
            shape_node(s, n->items[i], spec->items ? spec->items : &spec_any, flags, &here);
        if (item)
            yaml_seq_push(s->arena, out, item);
    }

    return out;
}

static bool check_choice(
    struct shape *s, const struct yaml_node *n, const struct spec *spec, const struct spot *spot)
{
    if (!spec->choices || n->kind != YAML_KIND_SCALAR || (!s->lookup && strchr(n->value, '$')))
        return true;

    cleanup_str struct str list = STR_INIT;
    for (const char *const *c = spec->choices; *c; c++) {
        if (strcmp(*c, n->value) == 0)
            return true;
        str_appendf(&list, "%s%s", list.len ? ", " : "", *c);
    }

    const char *near = text_nearest(n->value, spec->choices);
    compose_diagnose(
        s->diags,
        COMPOSE_ERROR,
        n->pos,
        near ? arena_printf(s->arena, "Did you mean \"%s\"?", near) : NULL,
        "%s must be one of %s, not \"%s\"",
        spot_text(s->arena, spot),
        str_get(&list),
        n->value);

    return false;
}

static struct yaml_node *shape_node(
    struct shape *s,
    const struct yaml_node *n,
    const struct spec *spec,
    unsigned flags,
    const struct spot *spot)
{
    if (tag_is_reset(n)) /* its value does not matter */
        return yaml_copy_shallow(s->arena, n);

    struct yaml_node *out = (struct yaml_node *)n;
    if (n->kind == YAML_KIND_SCALAR) {
        out = shape_scalar(s, n, spec, flags, spot);
        if (!out)
            return NULL;
    }

    unsigned type = shape_type_of(out);

    /* A file merged before it may hold the value: shape_check_whole(). */
    bool later = type == T_NULL && spot && spot->key;
    if (!(spec->types & type) && !later) {
        shape_complain_type(s, out, spec, spot);
        return NULL;
    }

    if (!check_choice(s, out, spec, spot))
        return NULL;
    return out->kind == YAML_KIND_SCALAR ? out : shape_collection(s, out, spec, flags, spot);
}

struct yaml_node *
shape_tree(struct shape *shape, const struct yaml_node *root, const struct spec *spec)
{
    return shape_node(shape, root, spec, 0, NULL);
}

struct whole {
    struct arena *arena;
    struct compose_diagnostics *diags;
};

static void check_whole(
    struct whole *w, const struct yaml_node *n, const struct spec *spec, const struct spot *spot)
{
    if (yaml_is_null(n) && !(spec->types & T_NULL)) {
        struct shape s = {.arena = w->arena, .diags = w->diags};
        shape_complain_type(&s, n, spec, spot);
        return;
    }

    for (const struct spec_key *k = n->kind == YAML_KIND_MAPPING ? spec->keys : NULL; k && k->name;
         k++)
        if ((k->flags & KEY_REQUIRED) && !yaml_get(n, k->name))
            compose_diagnose(
                w->diags,
                COMPOSE_ERROR,
                n->pos,
                NULL,
                "%s: \"%s\" is missing",
                spot_text(w->arena, spot),
                k->name);
    for (size_t i = 0; i < n->len; i++) {
        bool seq = n->kind == YAML_KIND_SEQUENCE;
        struct spot here = {.up = spot, .key = seq ? NULL : n->pairs[i].key->value, .index = i};
        unsigned flags;
        const struct spec *below = seq ? spec->items : spec_value_of(spec, n->pairs[i].key, &flags);
        if (below)
            check_whole(w, seq ? n->items[i] : n->pairs[i].value, below, &here);
    }
}

void shape_check_whole(
    struct arena *arena,
    struct compose_diagnostics *diags,
    const struct yaml_node *root,
    const struct spec *spec)
{
    struct whole w = {.arena = arena, .diags = diags};
    check_whole(&w, root, spec, NULL);
}
