/* Interpolation, by the chapter of that name in the Compose specification.
 *
 * A name that nothing defines becomes a config part: PART_BEGIN NAME PART_END, two bytes that
 * UTF-8 never has, so texts with parts are cut, joined and compared like any other. Words of
 * operators nest and are expanded only when they are taken.
 *
 * Nested defaults could blow a short text up, so all that is written counts against one budget
 * (LIMIT_COMPOSE_TEXT_BYTES), and the depth is bounded too. */
#include "compose/template.h"

#include "base/limits.h"
#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct expansion {
    struct arena *arena;
    template_lookup_fn *lookup;
    void *arg;
    const char **problem;
    size_t budget; /* bytes that may still be written: nested defaults cannot blow up */
    unsigned depth;
};

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t name_length(const char *s, const char *end)
{
    if (s == end || !is_name_start(*s))
        return 0;
    size_t n = 1;
    while (s + n < end && is_name_char(s[n]))
        n++;
    return n;
}

bool template_is_name(const char *text)
{
    size_t n = strlen(text);
    return n && name_length(text, text + n) == n;
}

bool template_is_no_text(const char *value)
{
    return text_eq(value, TEMPLATE_NO_TEXT);
}

const char *template_no_text(struct arena *arena, const char *name)
{
    return arena_printf(arena, "variable %s holds bytes that are not UTF-8 text", name);
}

static int emit(struct expansion *x, struct str *out, const char *text, size_t n)
{
    if (n > x->budget) {
        *x->problem = "the text grows too large when its variables are filled in";
        return -EINVAL;
    }

    x->budget -= n;
    str_append_bytes(out, text, n);
    return 0;
}

static int emit_part(struct expansion *x, struct str *out, const char *name)
{
    char mark = PART_BEGIN;
    int rc = emit(x, out, &mark, 1);
    if (rc == 0)
        rc = emit(x, out, name, strlen(name));
    mark = PART_END;
    return rc < 0 ? rc : emit(x, out, &mark, 1);
}

static int expand_range(struct expansion *x, const char *s, const char *end, struct str *out);

static int fail_required(struct expansion *x, const char *name, const char *s, const char *end)
{
    cleanup_str struct str reason = STR_INIT;
    int rc = expand_range(x, s, end, &reason);

    if (rc < 0)
        return rc;
    *x->problem = reason.len
                      ? arena_printf(
                            x->arena,
                            "required variable %s is missing a value: %s",
                            name,
                            template_plain(x->arena, str_get(&reason)))
                      : arena_printf(x->arena, "required variable %s is missing a value", name);
    return -EINVAL;
}

/* What follows the name inside the braces: an operator and a word, or nothing. */
static int expand_operator(
    struct expansion *x, const char *name, const char *op, const char *end, struct str *out)
{
    const char *value = x->lookup(x->arg, name);

    if (template_is_no_text(value)) {
        *x->problem = template_no_text(x->arena, name);
        return -EINVAL;
    }

    if (op == end)
        return value ? emit(x, out, value, strlen(value)) : emit_part(x, out, name);

    bool empty_counts = *op == ':';
    const char *word = op + empty_counts;
    bool present = value && !(empty_counts && !*value);
    switch (word < end ? *word : '\0') {
    case '-':
        return present ? emit(x, out, value, strlen(value)) : expand_range(x, word + 1, end, out);
    case '+':
        return present ? expand_range(x, word + 1, end, out) : 0;
    case '?':
        return present ? emit(x, out, value, strlen(value)) : fail_required(x, name, word + 1, end);
    default:
        *x->problem = arena_printf(
            x->arena, "invalid interpolation format: ${%s%.*s}", name, (int)MIN(end - op, 40), op);
        return -EINVAL;
    }
}

static const char *closing_brace(const char *s, const char *end)
{
    int open = 1;

    for (; s < end; s++) {
        if (*s == '{')
            open++;
        else if (*s == '}' && --open == 0)
            return s;
    }

    return NULL;
}

/* *s stands behind a `$`; moved behind the reference. */
static int expand_reference(struct expansion *x, const char **s, const char *end, struct str *out)
{
    const char *p = *s;

    if (p < end && *p == '$') {
        *s = p + 1;
        return emit(x, out, "$", 1);
    }

    bool braced = p < end && *p == '{';
    const char *close = braced ? closing_brace(p + 1, end) : end;
    const char *start = braced ? p + 1 : p;
    size_t n = close ? name_length(start, close) : 0;
    if (!n && !braced) /* "$1", "5 $": a dollar */
        return emit(x, out, "$", 1);
    if (!n) {
        *x->problem =
            arena_printf(x->arena, "invalid interpolation format: $%.*s", (int)MIN(end - p, 40), p);
        return -EINVAL;
    }

    const char *name = arena_strndup(x->arena, start, n);
    *s = braced ? close + 1 : start + n;
    return expand_operator(x, name, start + n, braced ? close : start + n, out);
}

static int expand_range(struct expansion *x, const char *s, const char *end, struct str *out)
{
    if (++x->depth > LIMIT_COMPOSE_TEMPLATE_DEPTH) {
        *x->problem = "variables nested too deeply";
        return -EINVAL;
    }

    int rc = 0;
    while (rc == 0 && s < end) {
        const char *dollar = memchr(s, '$', (size_t)(end - s));
        rc = emit(x, out, s, (size_t)((dollar ? dollar : end) - s));
        if (rc < 0 || !dollar)
            break;
        s = dollar + 1;
        rc = expand_reference(x, &s, end, out);
    }

    x->depth--;

    return rc;
}

int template_expand(
    struct arena *arena,
    const char *text,
    template_lookup_fn *lookup,
    void *arg,
    const char **out,
    const char **problem)
{
    *out = text;
    if (!strchr(text, '$'))
        return 0;

    struct expansion x = {
        .arena = arena,
        .lookup = lookup,
        .arg = arg,
        .problem = problem,
        .budget = LIMIT_COMPOSE_TEXT_BYTES};
    cleanup_str struct str result = STR_INIT;
    int rc = expand_range(&x, text, text + strlen(text), &result);
    if (rc == 0)
        *out = arena_strndup(arena, str_get(&result), result.len);
    return rc;
}

bool template_has_variable(const char *text)
{
    for (const char *p = text; (p = strchr(p, '$')); p += 2)
        if (p[1] != '$')
            return p[1] != '\0';
    return false;
}

bool template_has_parts(const char *text)
{
    return strchr(text, PART_BEGIN) != NULL;
}

/* The next part at or behind s: its name in [*name, *name + *n); returns the byte behind it, NULL
 * when there is none. */
static const char *next_part(const char *s, const char **begin, size_t *n)
{
    const char *open = strchr(s, PART_BEGIN);
    const char *close = open ? strchr(open, PART_END) : NULL;

    if (!close)
        return NULL;
    *begin = open + 1;
    *n = (size_t)(close - open) - 1;
    return close + 1;
}

const char *template_first_part(struct arena *arena, const char *text)
{
    const char *name;
    size_t n;
    return next_part(text, &name, &n) ? arena_strndup(arena, name, n) : NULL;
}

const char *template_drop_parts(struct arena *arena, const char *text)
{
    cleanup_str struct str out = STR_INIT;
    const char *name, *rest;
    size_t n;

    while ((rest = next_part(text, &name, &n))) {
        str_append_bytes(&out, text, (size_t)(name - 1 - text));
        text = rest;
    }

    str_append(&out, text);
    return arena_strdup(arena, str_get(&out));
}

static void add_part(
    struct arena *arena, struct compose_part ***tail, bool is_config, const char *text, size_t n)
{
    if (!n)
        return;

    struct compose_part *part = arena_make(arena, struct compose_part);
    part->is_config = is_config;
    part->text = arena_strndup(arena, text, n);
    **tail = part;
    *tail = &part->next;
}

struct compose_text template_to_text(struct arena *arena, const char *text, struct yaml_pos pos)
{
    struct compose_text out = {.pos = pos};
    struct compose_part **tail = &out.first;
    const char *name, *rest;
    size_t n;

    while ((rest = next_part(text, &name, &n))) {
        add_part(arena, &tail, false, text, (size_t)(name - 1 - text));
        add_part(arena, &tail, true, name, n);
        text = rest;
    }

    add_part(arena, &tail, false, text, strlen(text));
    return out;
}

static void print_text(struct str *out, const char *text, bool double_dollars)
{
    for (; *text; text++) {
        if (*text == PART_BEGIN)
            str_append(out, "${");
        else if (*text == PART_END)
            str_append_char(out, '}');
        else if (*text == '$' && double_dollars)
            str_append(out, "$$");
        else
            str_append_char(out, *text);
    }
}

void template_print(struct str *out, const char *text)
{
    print_text(out, text, true);
}

const char *template_plain(struct arena *arena, const char *text)
{
    if (!template_has_parts(text))
        return text;
    cleanup_str struct str out = STR_INIT;
    print_text(&out, text, false);
    return arena_strdup(arena, str_get(&out));
}
