/* Variables, quotes and escapes of a text, as Dockerfiles know them: $X, ${X}, ${X:-d}, ${X-d},
 * ${X:+a}, ${X+a}, ${X:?e}, ${X?e}, ${X#p}, ${X##p}, ${X%p}, ${X%%p}, ${X/p/r}, ${X//p/r}. Quotes
 * are a shell's: nothing is special between '…', only $, " and the escape between "…".
 *
 * The text and its words come out of one pass. Words are split where blanks stand outside of
 * quotes, also inside of what a variable brought; "<<" takes the blanks behind it along, so that a
 * heredoc's name stays with it.
 *
 * A value that is not known before the build makes the text unknown, not wrong: what it is then
 * said of is left alone. So does a text that grows by more than LIMIT_DOCKERFILE_VALUE_BYTES. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct lex {
    struct arena *a;
    const struct dockerfile_expand *e;
    const char *p;
    bool raw_escapes;
    unsigned depth;
    const char *problem;
    struct dockerfile_expanded *out;
};

/* The word that grows, beside the text. Nested texts have none. */
struct word {
    struct str text;
    bool begun;
};

static bool fail(struct lex *l, const char *problem)
{
    if (!l->problem)
        l->problem = problem;
    return false;
}

static void word_raw(struct word *w, const char *text, size_t n)
{
    if (!w)
        return;
    str_append_bytes(&w->text, text, n);
    w->begun = true;
}

static void word_end(struct lex *l, struct word *w)
{
    if (w->text.len)
        dockerfile_texts_add(l->a, &l->out->words, arena_strdup(l->a, str_get(&w->text)));
    str_clear(&w->text);
    w->begun = false;
}

/* Text in which blanks count. */
static void word_split(struct lex *l, struct word *w, const char *text)
{
    while (w && *text) {
        size_t blank = dockerfile_blank(text);

        if (!blank)
            word_raw(w, text, 1);
        else if (w->begun && w->text.len)
            word_end(l, w);
        text += blank ? blank : 1;
    }
}

static bool
stop_on(struct lex *l, char stop, bool raw, bool pattern, struct str *out, struct word *w);

/* ---- names and values ---- */

static const char *read_name(struct lex *l)
{
    const char *start = l->p;

    if (isdigit((unsigned char)*start))
        while (isdigit((unsigned char)*l->p))
            l->p++;
    else if (*start && strchr("@*#?-$!", *start))
        l->p++;
    else
        while (isalnum((unsigned char)*l->p) || *l->p == '_')
            l->p++;

    return arena_strndup(l->a, start, (size_t)(l->p - start));
}

static int get(struct lex *l, const char *name, const char **value)
{
    int is = l->e->lookup ? l->e->lookup(l->e->arg, name, value) : DOCKERFILE_UNSET;

    if (is != DOCKERFILE_SET)
        *value = "";
    if (is == DOCKERFILE_UNKNOWN)
        l->out->unknown = true;
    return is;
}

static void put_plain(struct lex *l, const char *name, bool braces, struct str *out)
{
    const char *value;
    int is = get(l, name, &value);

    if (is == DOCKERFILE_UNSET && l->e->keep_unset)
        str_appendf(out, braces ? "${%s}" : "$%s", name);
    else
        str_append(out, value);
    if (is == DOCKERFILE_UNSET)
        dockerfile_texts_add(l->a, &l->out->unset, name);
}

/* ---- ${X…} ---- */

/* "-", ":-", "+", ":+", "?", ":?" */
static bool put_default(
    struct lex *l, const char *name, char how, bool colon, const char *word, struct str *out)
{
    const char *value;
    int is = get(l, name, &value);
    bool has = is != DOCKERFILE_UNSET && !(colon && is == DOCKERFILE_SET && !*value);

    if (how == '-')
        str_append(out, has ? value : word);
    else if (how == '+')
        str_append(out, has ? word : "");
    else if (has)
        str_append(out, value);
    else
        return fail(
            l,
            arena_printf(
                l->a,
                "%s: %s",
                name,
                *word   ? word
                : colon ? "must not be empty"
                        : "must be set"));

    return true;
}

/* "#", "##", "%", "%%" */
static bool
put_trimmed(struct lex *l, const char *name, char how, const char *word, struct str *out)
{
    const char *value;
    struct dockerfile_pattern p = {.greedy = *word == how};

    p.text = word + p.greedy;
    if (!dockerfile_pattern_ok(p.text))
        return fail(l, arena_printf(l->a, "the pattern \"%s\" cannot be read", p.text));
    get(l, name, &value);
    str_append(
        out,
        how == '#' ? dockerfile_trim_head(l->a, p, value) : dockerfile_trim_tail(l->a, p, value));

    return true;
}

static bool put_modified(struct lex *l, const char *name, struct str *out)
{
    cleanup_str struct str word = STR_INIT;
    const char *value, *start = l->p;
    bool colon = *l->p == ':';
    char how = l->p[colon];

    l->p += colon + (how != 0);
    bool known = how && strchr(colon ? "-+?" : "-+?#%", how);
    if (!known && (!colon || !l->e->keep_unset || (how && strchr("#%", how))))
        return fail(
            l,
            arena_printf(
                l->a, "${%s%.*s…} has a modifier that is none", name, colon + (how != 0), start));

    bool pattern = known && (how == '#' || how == '%');
    if (!stop_on(l, '}', pattern, pattern, &word, NULL))
        return false;
    if (l->e->keep_unset && get(l, name, &value) == DOCKERFILE_UNSET) {
        str_appendf(out, "${%s%.*s%s}", name, colon + 1, start, str_get(&word));
        return true;
    }
    if (!known)
        return fail(l, "a ${…} has a modifier that is none");

    return pattern ? put_trimmed(l, name, how, str_get(&word), out)
                   : put_default(l, name, how, colon, str_get(&word), out);
}

/* "/", "//" */
static bool put_replaced(struct lex *l, const char *name, struct str *out)
{
    cleanup_str struct str pattern = STR_INIT, by = STR_INIT;
    const char *value;
    bool all = l->p[1] == '/';

    l->p += 1 + all;
    if (!stop_on(l, '/', true, true, &pattern, NULL) || !stop_on(l, '}', true, false, &by, NULL))
        return false;
    if (get(l, name, &value) == DOCKERFILE_UNSET && l->e->keep_unset) {
        str_appendf(out, "${%s/%s/%s}", name, str_get(&pattern), str_get(&by));
        return true;
    }
    if (!dockerfile_pattern_ok(str_get(&pattern)))
        return fail(l, arena_printf(l->a, "the pattern \"%s\" cannot be read", str_get(&pattern)));
    str_append(out, dockerfile_replace(l->a, str_get(&pattern), str_get(&by), all, value));

    return true;
}

/* At the dollar. */
static bool dollar(struct lex *l, struct str *out)
{
    l->p++;
    if (*l->p != '{') {
        const char *name = read_name(l);

        if (*name)
            put_plain(l, name, false, out);
        else
            str_append_char(out, '$');
        return true;
    }

    l->p++;
    if (!*l->p)
        return fail(l, "a ${ has no }");
    if (strchr("{}:", *l->p))
        return fail(l, "a ${…} names no variable");

    const char *name = read_name(l);
    if (*l->p == '}') {
        l->p++;
        put_plain(l, name, true, out);
        return true;
    }

    return *l->p == '/' ? put_replaced(l, name, out) : put_modified(l, name, out);
}

/* ---- quotes ---- */

static bool single_quotes(struct lex *l, bool pattern, struct str *out)
{
    bool raw = l->e->raw_quotes;

    if (raw)
        str_append_char(out, '\'');
    for (l->p++; *l->p && *l->p != '\''; l->p++) {
        if (pattern && *l->p == l->e->escape)
            str_append_char(out, *l->p);
        str_append_char(out, *l->p);
    }
    if (!*l->p)
        return fail(l, "a ' has no second one");
    if (raw)
        str_append_char(out, '\'');
    l->p++;

    return true;
}

/* An escape inside of "…": it takes the meaning of three characters away, and is itself otherwise.
 */
static void quoted_escape(struct lex *l, bool pattern, struct str *out)
{
    char next = l->p[1];

    if (!next) {
        l->p++;
    } else if (next == '"' || next == '$' || next == l->e->escape) {
        if (l->raw_escapes)
            str_append_char(out, *l->p);
        str_append_char(out, next);
        l->p += 2;
    } else {
        if (l->raw_escapes && (!l->e->raw_quotes || pattern))
            str_append_char(out, *l->p);
        str_append_char(out, *l->p++);
    }
}

static bool double_quotes(struct lex *l, bool pattern, struct str *out)
{
    bool raw = l->e->raw_quotes;

    if (raw)
        str_append_char(out, '"');
    l->p++;
    while (*l->p && *l->p != '"') {
        if (*l->p == '$') {
            if (!dollar(l, out))
                return false;
        } else if (*l->p == l->e->escape) {
            quoted_escape(l, pattern, out);
        } else {
            str_append_char(out, *l->p++);
        }
    }
    if (!*l->p)
        return fail(l, "a \" has no second one");
    if (raw)
        str_append_char(out, '"');
    l->p++;

    return true;
}

/* ---- the whole ---- */

/* Quotes, a variable, or what may begin a heredoc. */
static bool special(struct lex *l, bool pattern, struct str *out, struct word *w)
{
    cleanup_str struct str part = {.max = LIMIT_DOCKERFILE_BYTES + LIMIT_DOCKERFILE_VALUE_BYTES};
    char first = *l->p;
    bool ok = true;

    if (first == '\'') {
        ok = single_quotes(l, pattern, &part);
    } else if (first == '"') {
        ok = double_quotes(l, pattern, &part);
    } else if (first == '$') {
        ok = dollar(l, &part);
    } else {
        size_t n = l->p[1] == '<' ? 2 + strspn(l->p + 2, "\t\r ") : 1;

        str_append_bytes(&part, l->p, n);
        l->p += n;
    }
    if (!ok)
        return false;

    str_append(out, str_get(&part));
    if (first == '$')
        word_split(l, w, str_get(&part));
    else
        word_raw(w, str_get(&part), part.len);

    return true;
}

/* An escape outside of quotes, and what it escapes. */
static void escaped(struct lex *l, struct str *out, struct word *w)
{
    if (l->raw_escapes) {
        str_append_char(out, *l->p);
        word_raw(w, l->p, 1);
    }
    l->p++;
    if (!*l->p)
        return;
    str_append_char(out, *l->p);
    word_raw(w, l->p, 1);
    l->p++;
}

static bool
stop_on(struct lex *l, char stop, bool raw, bool pattern, struct str *out, struct word *w)
{
    bool before = l->raw_escapes, ok = true;

    if (l->depth >= LIMIT_DOCKERFILE_DEPTH)
        return fail(l, "the variables are nested too deeply");
    l->depth++;
    l->raw_escapes = raw;

    while (ok && *l->p && !(stop && *l->p == stop)) {
        if (strchr("$<'\"", *l->p)) {
            ok = special(l, pattern, out, w);
        } else if (*l->p == l->e->escape) {
            escaped(l, out, w);
        } else {
            char one[2] = {*l->p, 0};
            size_t blank = w ? dockerfile_blank(l->p) : 0;

            if (blank && w->begun && w->text.len)
                word_end(l, w);
            else if (!blank)
                word_raw(w, one, 1);
            for (size_t i = 0; i < (blank ? blank : 1); i++)
                str_append_char(out, *l->p++);
        }
    }

    l->raw_escapes = before;
    l->depth--;
    if (ok && stop && !*l->p)
        return fail(l, stop == '}' ? "a ${ has no }" : "a ${…/ has no second /");
    l->p += ok && stop;

    return ok;
}

int dockerfile_expand(
    struct arena *a,
    const struct dockerfile_expand *e,
    const char *text,
    struct dockerfile_expanded *out,
    const char **problem)
{
    cleanup_str struct str all = {.max = strlen(text) + LIMIT_DOCKERFILE_VALUE_BYTES};
    struct word w = {.text = {.max = all.max}};
    struct lex l = {.a = a, .e = e, .p = text, .out = out};

    *out = (struct dockerfile_expanded){.text = ""};
    bool ok = stop_on(&l, 0, e->raw_escapes, false, &all, &w);
    if (ok)
        word_end(&l, &w);
    if (!str_ok(&all) || !str_ok(&w.text))
        out->unknown = true;
    str_done(&w.text);

    out->text = arena_strdup(a, str_get(&all));
    *problem = l.problem;

    return ok ? 0 : -EINVAL;
}
