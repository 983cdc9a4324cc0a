/* Types of values: which one a node has, how the wrong one is told, and the casts of the table.
 *
 * A scalar has the type that YAML gives it. Only where the table says so a text is read as a number
 * or a switch: there a variable may stand, which always gives a text. A float that is whole is
 * taken where a whole number is wanted. */
#include "compose/spec/shape_types.h"

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

unsigned shape_type_of(const struct yaml_node *n)
{
    static const unsigned of_scalar[] = {
        [YAML_TYPE_NULL] = T_NULL,
        [YAML_TYPE_BOOL] = T_BOOL,
        [YAML_TYPE_INT] = T_INT,
        [YAML_TYPE_FLOAT] = T_FLOAT,
        [YAML_TYPE_STRING] = T_STR,
    };

    if (n->kind == YAML_KIND_MAPPING)
        return T_MAP;
    if (n->kind == YAML_KIND_SEQUENCE)
        return T_SEQ;
    return of_scalar[yaml_scalar_type(n)];
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

/* What the number or the word would have to be: a text that is read further is not mended by quotes
 * alone. NULL: there is nothing that surely helps. */
static const char *mend_of_scalar(
    struct arena *arena, const struct yaml_node *n, const struct spec *spec, unsigned type)
{
    bool any_text = (spec->types & T_STR) && !spec->cast && !spec->choices &&
                    (!spec->form || spec->form == FORM_PATH);

    if (spec->form == FORM_DURATION && (type & T_NUM))
        return arena_printf(arena, "Say the unit: %ss.", n->value);
    return any_text ? arena_printf(arena, "Put it in quotes: \"%s\".", n->value) : NULL;
}

void shape_complain_type(
    struct shape *s, const struct yaml_node *n, const struct spec *spec, const struct spot *spot)
{
    cleanup_str struct str wanted = STR_INIT;

    describe_types(spec, &wanted);
    unsigned type = shape_type_of(n);
    const char *hint = NULL;

    if (type & (T_BOOL | T_NUM))
        hint = mend_of_scalar(s->arena, n, spec, type);
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
        static const char *const yes[] = {"true", "y", "yes", "on"};
        static const char *const no[] = {"false", "n", "no", "off"};

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

struct yaml_node *
shape_cast(struct shape *s, struct yaml_node *n, const struct spec *spec, const struct spot *spot)
{
    long long whole;
    double real;

    if (shape_type_of(n) == T_FLOAT && (spec->types & T_NUM) == T_INT &&
        yaml_scalar_float(n, &real) == 0 && fabs(real) < 1e15) {
        whole = (long long)real;
        if ((double)whole >= real && (double)whole <= real) /* 3.0 */
            return yaml_new_scalar(s->arena, n->pos, arena_printf(s->arena, "%lld", whole), true);
    }

    if (!spec->cast || shape_type_of(n) != T_STR)
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
