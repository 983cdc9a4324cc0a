/* .env files by the grammar of the reference loader's dotenv package.
 *
 * A statement is a name, then `=` or `:`, then a value: as it is to the end of the line, in single
 * quotes literally, in double quotes with escapes and over several lines. Values but the literal
 * ones are interpolated, from the lookup first and then from the file's own names so far. A dollar
 * that was escaped is kept from interpolation.
 *
 * The first mistake ends the file. It names its line and quotes no value, since these files hold
 * passwords. */
#include "compose/read/dotenv.h"

#include "base/mem.h"
#include "data/strmap.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct parser {
    struct arena *arena;
    const char *file, *p;
    unsigned line;
    bool raw;
    template_lookup_fn *lookup;
    void *lookup_arg;
    struct dotenv *out;
    struct strmap own; /* name → position in out */
    struct error *err;
};

static int fail(struct parser *d, const char *what, const char *detail)
{
    int rc = error_raise_errno(d->err, ERR_USAGE, EINVAL, "%s%s", what, detail);
    error_at(d->err, d->file, d->line, 1);
    return rc;
}

static const char *lookup(void *arg, const char *name)
{
    struct parser *d = arg;
    const char *value = d->lookup ? d->lookup(d->lookup_arg, name) : NULL;
    if (value)
        return value;
    const size_t *at = strmap_get(&d->own, name);
    return at ? d->out->items[*at].value : NULL;
}

static int expand(struct parser *d, const char *text, const char **out)
{
    const char *problem;
    int rc = template_expand(d->arena, text, lookup, d, out, &problem);
    return rc < 0 ? fail(d, problem, "") : 0;
}

static void push(struct parser *d, const char *name, const char *value, unsigned line)
{
    struct dotenv *o = d->out;

    if (o->len == o->cap) {
        size_t cap = o->cap ? o->cap * 2 : 16;
        struct dotenv_entry *items = arena_array(d->arena, struct dotenv_entry, cap);
        if (o->len)
            memcpy(items, o->items, o->len * sizeof *items);
        o->items = items;
        o->cap = cap;
    }

    strmap_put(d->arena, &d->own, name, o->len);
    o->items[o->len++] = (struct dotenv_entry){
        .name = name, .value = value, .pos = {.file = d->file, .line = line, .column = 1}};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

static void skip_to_statement(struct parser *d)
{
    for (;;) {
        while (isspace((unsigned char)*d->p))
            if (*d->p++ == '\n')
                d->line++;
        if (*d->p != '#')
            return;
        d->p += strcspn(d->p, "\n");
    }
}

static const char *trimmed(struct arena *arena, const char *start, const char *end)
{
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    return arena_strndup(arena, start, (size_t)(end - start));
}

static int read_name(struct parser *d, const char **name, bool *bare)
{
    if (strncmp(d->p, "export", 6) == 0 && is_blank(d->p[6])) {
        d->p += 6;
        while (is_blank(*d->p))
            d->p++;
    }

    const char *start = d->p;
    while (*d->p && !strchr("=:\n", *d->p)) {
        unsigned char c = (unsigned char)*d->p;
        if (!isalnum(c) && !is_blank((char)c) && !strchr("_.-[]", c) && c < 0x80)
            return fail(
                d, "not a variable name: ", arena_strndup(d->arena, start, strcspn(start, "\n=")));
        d->p++;
    }
    *bare = *d->p == '\0' || *d->p == '\n';
    *name = trimmed(d->arena, start, d->p);
    if (!**name)
        return fail(d, "a value without a name", "");
    if (strpbrk(*name, " \t"))
        return fail(d, "a variable name cannot hold a blank: ", *name);
    if (!*bare)
        d->p++;
    return 0;
}

static int octal_digit(char c)
{
    return c >= '0' && c <= '7' ? c - '0' : -1;
}

static void append_rune(struct str *out, unsigned rune)
{
    if (rune < 0x80) {
        str_append_char(out, (char)rune);
        return;
    }
    str_append_char(out, (char)(0xc0 | rune >> 6));
    str_append_char(out, (char)(0x80 | (rune & 0x3f)));
}

/* The escape at s (a backslash); what it means is appended, and its length returned. Dollars stay
 * protected from interpolation. */
static size_t append_escape(struct str *out, const char *s)
{
    static const char names[] = "abfnrtv\"\\", means[] = "\a\b\f\n\r\t\v\"\\";
    const char *known = s[1] ? strchr(names, s[1]) : NULL;

    if (known) {
        str_append_char(out, means[known - names]);
        return 2;
    }

    if (s[1] == '$') {
        str_append(out, "$$");
        return 2;
    }

    if (s[1] == '0' && octal_digit(s[2]) >= 0 && octal_digit(s[3]) >= 0 && octal_digit(s[4]) >= 0) {
        unsigned rune =
            (unsigned)(octal_digit(s[2]) << 6 | octal_digit(s[3]) << 3 | octal_digit(s[4]));
        if (rune && rune < 256) {
            append_rune(out, rune);
            return 5;
        }
    }

    str_append_char(out, '\\');

    return 1;
}

static int read_double_quoted(struct parser *d, struct str *content, const char **value)
{
    cleanup_str struct str plain = STR_INIT;

    for (const char *s = str_get(content); *s;) {
        if (*s == '\\') {
            s += append_escape(&plain, s);
            continue;
        }
        str_append_char(&plain, *s++);
    }

    return expand(d, arena_strdup(d->arena, str_get(&plain)), value);
}

static int read_quoted(struct parser *d, const char **value)
{
    char quote = *d->p++;
    unsigned opened = d->line;
    cleanup_str struct str content = STR_INIT;

    for (; *d->p && *d->p != quote; d->p++) {
        if (*d->p == '\\' && d->p[1] == quote) {
            d->p++;
        } else if (*d->p == '\\' && d->p[1]) {
            str_append_char(
                &content,
                *d->p++); /* the pair stays together: "\\" does not escape the quote behind it */
        }
        if (*d->p == '\n')
            d->line++;
        str_append_char(&content, *d->p);
    }

    if (!*d->p) {
        d->line = opened;
        return fail(d, "a quote is opened and never closed", "");
    }

    d->p++;
    if (quote == '"')
        return read_double_quoted(d, &content, value);
    *value = arena_strdup(d->arena, str_get(&content));
    return 0;
}

static int read_unquoted(struct parser *d, const char **value)
{
    const char *start = d->p, *end = start + strcspn(start, "\n");
    d->p = end;
    const char *text = arena_strndup(d->arena, start, (size_t)(end - start));
    const char *comment = strstr(text, " #");
    text = trimmed(d->arena, text, comment ? comment : text + strlen(text));
    return expand(d, text, value);
}

static int read_value(struct parser *d, const char **value)
{
    if (d->raw) {
        const char *end = d->p + strcspn(d->p, "\n");
        bool cr = end > d->p && end[-1] == '\r';
        *value = arena_strndup(d->arena, d->p, (size_t)(end - d->p) - cr);
        d->p = end;
        return 0;
    }

    while (is_blank(*d->p))
        d->p++;
    return *d->p == '"' || *d->p == '\'' ? read_quoted(d, value) : read_unquoted(d, value);
}

int dotenv_parse(
    struct arena *arena,
    const char *file,
    const char *text,
    bool raw,
    template_lookup_fn *lookup_fn,
    void *lookup_arg,
    struct dotenv *out,
    struct error *err)
{
    struct parser d = {
        .arena = arena,
        .file = arena_strdup(arena, file),
        .p = text,
        .line = 1,
        .raw = raw,
        .lookup = lookup_fn,
        .lookup_arg = lookup_arg,
        .out = out,
        .err = err};
    *out = (struct dotenv){0};
    if (strncmp(d.p, "\xef\xbb\xbf", 3) == 0)
        d.p += 3;
    for (skip_to_statement(&d); *d.p; skip_to_statement(&d)) {
        const char *name = NULL, *value = NULL;
        bool bare = false;
        unsigned line = d.line;
        int rc = read_name(&d, &name, &bare);
        if (rc == 0)
            rc = bare ? 0 : read_value(&d, &value);
        if (rc < 0)
            return rc;

        if (bare)
            value = lookup(&d, name);
        if (template_is_no_text(value))
            return fail(&d, template_no_text(arena, name), "");
        push(&d, name, value, line);
    }

    return 0;
}
