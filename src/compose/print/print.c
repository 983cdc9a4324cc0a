/* The project as YAML and JSON: a fixed order, and texts that no reader takes for anything else.
 *
 * Known keys come in the order of the table, the others by name, so the same model gives the same
 * bytes; a job freezes them, and a digest is taken of them. Services alone stay in the order of the
 * file in what is frozen: of two that publish the same port the first has it. A YAML text is
 * written plain only where every reader, old or new, agrees that it is a text; else in JSON's
 * quotes, which are valid YAML. Literal dollars are doubled and configs written ${NAME}: the output
 * can be loaded again. */
#include "compose/print/print.h"

#include "base/mem.h"
#include "base/vec.h"
#include "compose/compose.h"
#include "compose/print/show.h"
#include "compose/template.h"
#include "compose/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct printer {
    struct arena *arena;
    struct str *out;
    bool raw;                         /* loaded without interpolation: dollars are as written */
    const struct yaml_node *unsorted; /* a mapping that keeps its order; NULL */
};

struct ranked_pair {
    const struct yaml_pair *pair;
    const struct spec *spec;
    const struct spec_key *key; /* place in the table; NULL behind all of them, by name */
};

static int compare_ranked(const void *pa, const void *pb)
{
    const struct ranked_pair *a = pa, *b = pb;
    if (a->key && b->key)
        return a->key < b->key ? -1 : 1;
    if (a->key || b->key)
        return a->key ? -1 : 1;
    return strcmp(a->pair->key->value, b->pair->key->value);
}

static struct ranked_pair rank(const struct yaml_pair *pair, const struct spec *spec)
{
    unsigned flags;
    const struct spec_key *key = spec_find_key(spec, pair->key);
    const struct spec *below = key ? key->spec : spec_value_of(spec, pair->key, &flags);
    return (struct ranked_pair){.pair = pair, .spec = below ? below : &spec_any, .key = key};
}

struct print_pairs
print_order(struct arena *arena, const struct yaml_node *map, const struct spec *spec)
{
    struct ranked_pair few[24],
        *all = map->len <= ARRAY_LEN(few) ? few : arena_array(arena, struct ranked_pair, map->len);

    for (size_t i = 0; i < map->len; i++)
        all[i] = rank(&map->pairs[i], spec);
    if (map->len <= ARRAY_LEN(few)) { /* as they are written, mostly in order */
        for (size_t i = 1; i < map->len; i++)
            for (size_t k = i; k > 0 && compare_ranked(&all[k - 1], &all[k]) > 0; k--) {
                struct ranked_pair swap = all[k];
                all[k] = all[k - 1];
                all[k - 1] = swap;
            }
    } else {
        qsort(all, map->len, sizeof *all, compare_ranked);
    }

    struct print_pairs o = {
        .items = arena_array(arena, const struct yaml_pair *, map->len + 1),
        .specs = arena_array(arena, const struct spec *, map->len + 1),
        .len = map->len};
    for (size_t i = 0; i < map->len; i++) {
        o.items[i] = all[i].pair;
        o.specs[i] = all[i].spec;
    }

    return o;
}

static struct print_pairs
as_written(struct arena *arena, const struct yaml_node *map, const struct spec *spec)
{
    struct print_pairs o = {
        .items = arena_array(arena, const struct yaml_pair *, map->len + 1),
        .specs = arena_array(arena, const struct spec *, map->len + 1),
        .len = map->len};

    for (size_t i = 0; i < map->len; i++) {
        struct ranked_pair one = rank(&map->pairs[i], spec);

        o.items[i] = one.pair;
        o.specs[i] = one.spec;
    }
    return o;
}

static const char *scalar_text(struct printer *p, const struct yaml_node *n)
{
    if (p->raw || !strpbrk(n->value, "$\xff\xfe")) /* no dollar, no PART_BEGIN, no PART_END */
        return n->value;
    cleanup_str struct str text = STR_INIT;
    template_print(&text, n->value);
    return arena_strdup(p->arena, str_get(&text));
}

/* What any reader takes for the same number: decimal, no grouping. */
static const char *number_text(struct printer *p, const struct yaml_node *n, bool json)
{
    char digits[YAML_DIGITS_MAX];
    cleanup_str struct str text = STR_INIT;
    double real;

    if (yaml_scalar_type(n) == YAML_TYPE_INT && yaml_scalar_digits(n, digits))
        return arena_strdup(p->arena, digits);
    if (yaml_scalar_float(n, &real) < 0)
        return "0";
    if (isnan(real))
        return json ? "null" : ".nan";
    if (isinf(real) && json)
        return real > 0 ? "1e999" : "-1e999";
    if (isinf(real))
        return real > 0 ? ".inf" : "-.inf";

    if (json)
        units_format_json_float(real, &text);
    else
        units_format_float(real, &text);
    return arena_strdup(p->arena, str_get(&text));
}

static void print_json_string(struct str *out, const char *text)
{
    str_append_char(out, '"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        size_t n = 0;
        while (c[n] >= 0x20 && c[n] < 0x7f && c[n] != '"' && c[n] != '\\')
            n++;
        if (n) {
            str_append_bytes(out, c, n);
            c += n;
            if (!*c)
                break;
        }
        if (*c == '"' || *c == '\\')
            str_appendf(out, "\\%c", *c);
        else if (*c == '\n')
            str_append(out, "\\n");
        else if (*c == '\t')
            str_append(out, "\\t");
        else if (*c < 0x20 || *c == 0x7f)
            str_appendf(out, "\\u%04x", *c);
        else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) /* C1 controls: YAML takes them only
                                                                escaped */
            str_appendf(out, "\\u%04x", *++c);
        else if (*c == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9)) {
            str_appendf(out, "\\u20%02x", c[2] - 0x80);
            c += 2;
        } else if (*c == 0xef && c[1] == 0xbb && c[2] == 0xbf) {
            str_append(out, "\\ufeff");
            c += 2;
        } else if (*c == 0xef && c[1] == 0xbf && c[2] >= 0xbe) {
            str_appendf(out, "\\uff%02x", c[2] + 0x40);
            c += 2;
        } else
            str_append_char(out, (char)*c);
    }

    str_append_char(out, '"');
}

static void indent(struct printer *p, unsigned depth)
{
    static const char blanks[] = "                                                                ";
    for (size_t left = 2 * (size_t)depth, n; left; left -= n) {
        n = MIN(left, sizeof blanks - 1);
        str_append_bytes(p->out, blanks, n);
    }
}

static void print_scalar(struct printer *p, const struct yaml_node *n, bool json);

static void
print_json(struct printer *p, const struct yaml_node *n, const struct spec *spec, unsigned depth)
{
    bool seq = n->kind == YAML_KIND_SEQUENCE;

    if (n->kind == YAML_KIND_SCALAR) {
        print_scalar(p, n, true);
        return;
    }

    if (!n->len) {
        str_append(p->out, seq ? "[]" : "{}");
        return;
    }

    struct print_pairs order = {0};
    if (!seq)
        order = print_order(p->arena, n, spec);
    str_append(p->out, seq ? "[" : "{");
    for (size_t i = 0; i < n->len; i++) {
        str_append(p->out, i ? ",\n" : "\n");
        indent(p, depth + 1);
        if (seq) {
            print_json(p, n->items[i], spec->items ? spec->items : &spec_any, depth + 1);
            continue;
        }
        print_json_string(p->out, order.items[i]->key->value);
        str_append(p->out, ": ");
        print_json(p, order.items[i]->value, order.specs[i], depth + 1);
    }

    str_append_char(p->out, '\n');
    indent(p, depth);
    str_append_char(p->out, seq ? ']' : '}');
}

/* A text that no YAML reader, old or new, takes for anything but itself. */
static bool is_plain_safe(const char *s)
{
    static const bool safe[256] = {
        ['a' ... 'z'] = true,
        ['A' ... 'Z'] = true,
        ['0' ... '9'] = true,
        ['_'] = true,
        ['.'] = true,
        ['/'] = true,
        ['-'] = true};
    static const char *const words[] = {
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", NULL};

    if (!((s[0] >= 'a' && s[0] <= 'z') || (s[0] >= 'A' && s[0] <= 'Z') || s[0] == '/'))
        return false;

    size_t n = 0;
    while (safe[(unsigned char)s[n]])
        n++;
    if (s[n] || n > 200)
        return false;
    for (const char *const *w = n <= 5 && strchr("ynotfiYNOTFI", s[0]) ? words : NULL; w && *w; w++)
        if (text_eq_nocase(s, *w))
            return false;

    return true;
}

static void print_scalar(struct printer *p, const struct yaml_node *n, bool json)
{
    switch (yaml_scalar_type(n)) {
    case YAML_TYPE_NULL:
        str_append(p->out, "null");
        return;
    case YAML_TYPE_BOOL:
        str_append(p->out, yaml_scalar_bool(n) ? "true" : "false");
        return;
    case YAML_TYPE_INT:
    case YAML_TYPE_FLOAT:
        str_append(p->out, number_text(p, n, json));
        return;
    default:
        break;
    }

    const char *text = scalar_text(p, n);
    if (!json && is_plain_safe(text))
        str_append(p->out, text);
    else
        print_json_string(p->out, text); /* also a valid YAML double-quoted scalar */
}

static void print_yaml_key(struct printer *p, const char *key)
{
    if (is_plain_safe(key))
        str_append(p->out, key);
    else
        print_json_string(p->out, key);
}

static void print_yaml(
    struct printer *p,
    const struct yaml_node *n,
    const struct spec *spec,
    unsigned depth,
    bool in_list);

static void print_yaml_child(
    struct printer *p, const struct yaml_node *n, const struct spec *spec, unsigned depth)
{
    if (n->kind == YAML_KIND_SCALAR || !n->len) {
        str_append_char(p->out, ' ');
        print_yaml(p, n, spec, depth, false);
        return;
    }

    str_append_char(p->out, '\n');
    print_yaml(p, n, spec, depth, false);
}

/* Ends with a newline. in_list: the first line's indentation is there already. */
static void print_yaml(
    struct printer *p,
    const struct yaml_node *n,
    const struct spec *spec,
    unsigned depth,
    bool in_list)
{
    bool seq = n->kind == YAML_KIND_SEQUENCE;

    if (n->kind == YAML_KIND_SCALAR || !n->len) {
        if (n->kind == YAML_KIND_SCALAR)
            print_scalar(p, n, false);
        else
            str_append(p->out, seq ? "[]" : "{}");
        str_append_char(p->out, '\n');
        return;
    }

    struct print_pairs order = {0};
    if (n == p->unsorted)
        order = as_written(p->arena, n, spec);
    else if (!seq)
        order = print_order(p->arena, n, spec);
    for (size_t i = 0; i < n->len; i++) {
        if (!in_list || i)
            indent(p, depth);
        if (seq) {
            str_append(p->out, "- ");
            print_yaml(p, n->items[i], spec->items ? spec->items : &spec_any, depth + 1, true);
            continue;
        }
        print_yaml_key(p, order.items[i]->key->value);
        str_append_char(p->out, ':');
        print_yaml_child(p, order.items[i]->value, order.specs[i], depth + 1);
    }
}

void compose_print_yaml(const struct compose_project *p, struct str *out)
{
    cleanup_arena struct arena *arena = arena_new();
    struct printer printer = {
        .arena = arena, .out = out, .raw = p->raw, .unsorted = yaml_get(p->root, "services")};
    print_yaml(&printer, p->root, &spec_project, 0, false);
}

void compose_show_yaml(const struct compose_project *p, struct str *out)
{
    cleanup_arena struct arena *arena = arena_new();
    struct printer printer = {.arena = arena, .out = out, .raw = p->raw};
    print_yaml(&printer, show_tree(arena, p->root, &spec_project, false), &spec_project, 0, false);
}

void compose_show_json(const struct compose_project *p, struct str *out)
{
    cleanup_arena struct arena *arena = arena_new();
    struct printer printer = {.arena = arena, .out = out, .raw = p->raw};
    print_json(&printer, show_tree(arena, p->root, &spec_project, true), &spec_project, 0);
    str_append_char(out, '\n');
}
