/* One walk over a parsed file: variables filled in, types cast, keys and types checked against
 * the table.
 *
 * Per node: expand it (template), cast it to what the table says, check it, go on below. The
 * result is a new tree without what was wrong, so that later passes see only sound nodes; every
 * mistake is in the diagnostics, an unknown key with the nearest known one. Tags of YAML that
 * Compose gives a meaning (`!reset`, `!override`) travel on the node; merge.c settles them. */
#include "compose/spec/shape.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool tag_is_reset(const struct yaml_node *n)
{
    return n && text_eq(n->tag, "!reset");
}

bool tag_is_override(const struct yaml_node *n)
{
    return n && text_eq(n->tag, "!override");
}

static unsigned type_of(const struct yaml_node *n)
{
    static const unsigned of_scalar[] = {
        [YAML_TYPE_NULL] = T_NULL,
        [YAML_TYPE_BOOL] = T_BOOL,
        [YAML_TYPE_INT] = T_INT,
        [YAML_TYPE_FLOAT] = T_FLOAT,
        [YAML_TYPE_STRING] = T_STR,
    };
    return n->kind == YAML_KIND_MAPPING    ? T_MAP
           : n->kind == YAML_KIND_SEQUENCE ? T_SEQ
                                           : of_scalar[yaml_scalar_type(n)];
}

static const char *type_name(unsigned type)
{
    switch (type) {
    case T_NULL:
        return "empty";
    case T_BOOL:
        return "a boolean";
    case T_INT:
        return "a whole number";
    case T_FLOAT:
        return "a number";
    case T_SEQ:
        return "a list";
    case T_MAP:
        return "a mapping";
    default:
        return "a text";
    }
}

/* "a text, a list or a mapping" */
static void describe_types(const struct spec *spec, struct str *out)
{
    unsigned types = spec->types;
    if (spec->cast == CAST_BOOL || spec->cast == CAST_INT || spec->cast == CAST_UMASK ||
        spec->cast == CAST_FLOAT)
        types &= ~(unsigned)T_STR; /* taken only because a variable may stand there */
    if (types & T_FLOAT)
        types &= ~(unsigned)T_INT;
    if (types != T_NULL)
        types &= ~(unsigned)T_NULL;
    bool first = true;
    for (unsigned t = 1; t <= T_MAP; t <<= 1) {
        if (!(types & t))
            continue;
        types &= ~t;
        str_appendf(out, "%s%s", first ? "" : types ? ", " : " or ", type_name(t));
        first = false;
    }
}

static void complain_type(
    struct shape *s, const struct yaml_node *n, const struct spec *spec, const struct spot *spot)
{
    cleanup_str struct str wanted = STR_INIT;
    describe_types(spec, &wanted);
    unsigned type = type_of(n);
    bool quoted_helps = (spec->types & T_STR) && !spec->cast && (type & (T_BOOL | T_NUM));
    const char *hint =
        quoted_helps ? arena_printf(s->arena, "Put it in quotes: \"%s\".", n->value) : NULL;
    compose_diagnose(
        s->diags,
        COMPOSE_ERROR,
        n->pos,
        hint,
        "%s must be %s, not %s",
        spot_text(s->arena, spot),
        str_get(&wanted),
        type_name(type));
}

static bool
cast_text(const struct yaml_node *n, enum spec_cast cast, const char **text, struct arena *arena)
{
    struct yaml_node plain = {.kind = YAML_KIND_SCALAR, .value = n->value, .plain = true};
    enum yaml_type type = yaml_scalar_type(&plain);
    long long whole;
    if (cast == CAST_BOOL) {
        static const char *const yes[] = {"true", "y", "yes", "on"}, *const no[] = {
                                                                         "false", "n", "no", "off"};
        for (size_t i = 0; i < 4; i++) {
            if (text_eq_nocase(n->value, yes[i]) || text_eq_nocase(n->value, no[i])) {
                *text = text_eq_nocase(n->value, yes[i]) ? "true" : "false";
                return true;
            }
        }
        return false;
    }
    if (cast == CAST_INT) { /* digits of a text are decimal, whatever they begin with */
        char *end;
        errno = 0;
        whole = strtoll(n->value, &end, 10);
        if (errno || *end || end == n->value || isspace((unsigned char)n->value[0]))
            return false;
        *text = arena_printf(arena, "%lld", whole);
        return true;
    }
    *text = n->value;
    return (type == YAML_TYPE_INT && yaml_scalar_int(&plain, &whole) == 0) ||
           (cast == CAST_FLOAT && type == YAML_TYPE_FLOAT);
}

/* A text in a place of another type: what a variable gave, or what stands in quotes. */
static struct yaml_node *
cast_scalar(struct shape *s, struct yaml_node *n, const struct spec *spec, const struct spot *spot)
{
    long long whole;
    double real;
    if (type_of(n) == T_FLOAT && (spec->types & T_NUM) == T_INT &&
        yaml_scalar_float(n, &real) == 0 && fabs(real) < 1e15) {
        whole = (long long)real;
        if ((double)whole >= real && (double)whole <= real) /* 3.0 */
            return yaml_new_scalar(s->arena, n->pos, arena_printf(s->arena, "%lld", whole), true);
    }
    if (!spec->cast || type_of(n) != T_STR)
        return n;
    if (!s->lookup && strchr(n->value, '$'))
        return n;
    const char *text;
    if (!cast_text(n, spec->cast, &text, s->arena)) {
        static const char *const names[] = {
            [CAST_BOOL] = "true or false",
            [CAST_INT] = "a whole number",
            [CAST_UMASK] = "a whole number",
            [CAST_FLOAT] = "a number"};
        compose_diagnose(
            s->diags,
            COMPOSE_ERROR,
            n->pos,
            NULL,
            "%s must be %s, not \"%s\"",
            spot_text(s->arena, spot),
            names[spec->cast],
            n->value);
        return NULL;
    }
    struct yaml_node *cast = yaml_new_scalar(s->arena, n->pos, text, true);
    cast->tag = tag_is_reset(n) || tag_is_override(n) ? n->tag : NULL;
    return cast;
}

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
            "environment, "
            "build args, command, entrypoint, healthcheck.test and content.",
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
    return cast_scalar(s, out, spec, spot);
}

#define HINTED_MISTAKES                                                                            \
    1000 /* nobody reads hints behind so many mistakes, and each costs a search */

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
    if (!value &&
        (own & KEY_REQUIRED)) { /* it was said, if wrongly: nobody shall call it missing */
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
    unsigned type = type_of(out);
    bool later = type == T_NULL && spot &&
                 spot->key; /* a file merged before it may hold the value: shape_check_whole() */
    if (!(spec->types & type) && !later) {
        complain_type(s, out, spec, spot);
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
        complain_type(&s, n, spec, spot);
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
