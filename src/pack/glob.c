/* One pattern of an ignore file as tokens, matched as a set of states: at each character of the
 * path it is known which tokens may come next. Time is pattern times path, whatever the pattern;
 * nothing goes back.
 *
 * moby sorts patterns into four kinds, and the kind decides in corner cases ("**x" ends-with, but
 * "**x?" whole names): so do we. */
#include "pack/glob.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include <stdint.h>
#include <string.h>

enum kind { KIND_EXACT, KIND_PREFIX, KIND_SUFFIX, KIND_TOKENS };

enum token_type {
    TOKEN_CHAR,
    TOKEN_ONE,     /* ?: any character but "/" */
    TOKEN_MANY,    /* *: any number of them */
    TOKEN_FOLDERS, /* ** in the middle: nothing, or anything that ends in "/" */
    TOKEN_ALL,     /* ** at the end */
    TOKEN_CLASS,
};

struct range {
    uint32_t low, high;
};

struct token {
    enum token_type type;
    uint32_t c;   /* TOKEN_CHAR */
    bool negated; /* TOKEN_CLASS */
    size_t first_range, ranges;
};

struct glob {
    char *text; /* the cleaned pattern */
    enum kind kind;
    size_t head_len;
    VEC(struct token) tokens;
    VEC(struct range) ranges;
    bool *now, *next; /* which tokens may come next: one more than there are tokens */
};

/* A broken byte stands for itself, above all characters. */
static uint32_t decode(const char **p)
{
    const unsigned char *u = (const unsigned char *)*p;
    size_t len = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;

    if (len == 1 || strnlen(*p, len) < len || !text_utf8_valid(*p, len)) {
        (*p)++;
        return u[0] < 0x80 ? u[0] : 0x110000u + u[0];
    }

    uint32_t c = u[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++)
        c = c << 6 | (u[i] & 0x3fu);
    *p += len;
    return c;
}

/* A character of a class; "-" and "]" must be escaped. */
static bool class_char(const char **p, uint32_t *c)
{
    if (**p == '\0' || **p == '-' || **p == ']')
        return false;
    if (**p == '\\' && *++*p == '\0')
        return false;
    *c = decode(p);
    return true;
}

static bool compile_class(struct glob *g, const char **p)
{
    struct token t = {.type = TOKEN_CLASS, .first_range = g->ranges.len};

    if (**p == '^') {
        t.negated = true;
        ++*p;
    }

    while (**p != ']' || t.ranges == 0) {
        struct range r;
        if (!class_char(p, &r.low))
            return false;
        r.high = r.low;
        if (**p == '-') {
            ++*p;
            if (!class_char(p, &r.high) || r.high < r.low)
                return false;
        }
        vec_push(&g->ranges, r);
        t.ranges++;
    }

    ++*p;
    vec_push(&g->tokens, t);

    return true;
}

static void push(struct glob *g, enum token_type type, uint32_t c)
{
    struct token t = {.type = type, .c = c};
    vec_push(&g->tokens, t);
}

/* After the second star. */
static void compile_double_star(struct glob *g, const char **p, bool first)
{
    if (**p == '/')
        ++*p;
    if (**p) {
        push(g, TOKEN_FOLDERS, 0);
        g->kind = KIND_TOKENS;
    } else if (g->kind == KIND_EXACT) {
        g->kind = KIND_PREFIX;
    } else {
        push(g, TOKEN_ALL, 0);
        g->kind = KIND_TOKENS;
    }

    if (first)
        g->kind = KIND_SUFFIX;
}

static bool compile(struct glob *g)
{
    for (const char *p = g->text; *p;) {
        const char *start = p;
        uint32_t c = decode(&p);
        if (c == '*' && *p == '*') {
            p++;
            compile_double_star(g, &p, start == g->text);
            continue;
        }
        if (c == '[') {
            if (!compile_class(g, &p))
                return false;
        } else if (c == '\\') {
            if (!*p)
                return false;
            push(g, TOKEN_CHAR, decode(&p));
        } else if (c == '*' || c == '?') {
            push(g, c == '*' ? TOKEN_MANY : TOKEN_ONE, 0);
        } else {
            push(g, TOKEN_CHAR, c);
            if (c !=
                ']') /* a plain character leaves the kind as it is; "]" alone does not in moby */
                continue;
        }
        g->kind = KIND_TOKENS;
    }

    return true;
}

struct glob *glob_compile(const char *pattern)
{
    struct glob *g = xcalloc(1, sizeof *g);

    g->text = xstrdup(pattern);
    if (!compile(g)) {
        glob_free(g);
        return NULL;
    }

    g->head_len = strcspn(pattern, "*?[\\");
    g->now = xcalloc(g->tokens.len + 1, sizeof *g->now);
    g->next = xcalloc(g->tokens.len + 1, sizeof *g->next);
    return g;
}

void glob_free(struct glob *g)
{
    if (!g)
        return;
    free(g->text);
    free(g->now);
    free(g->next);
    vec_free(&g->tokens);
    vec_free(&g->ranges);
    free(g);
}

static bool in_class(const struct glob *g, const struct token *t, uint32_t c)
{
    for (size_t i = 0; i < t->ranges; i++) {
        const struct range *r = &g->ranges.items[t->first_range + i];
        if (c >= r->low && c <= r->high)
            return !t->negated;
    }
    return t->negated;
}

/* Marks token i as possible, and those behind it when it may match nothing. */
static void reach(const struct glob *g, bool *set, size_t i)
{
    for (;; i++) {
        set[i] = true;
        if (i == g->tokens.len)
            return;
        enum token_type type = g->tokens.items[i].type;
        if (type != TOKEN_MANY && type != TOKEN_ALL && type != TOKEN_FOLDERS)
            return;
    }
}

static void step(struct glob *g, uint32_t c)
{
    memset(g->next, 0, (g->tokens.len + 1) * sizeof *g->next);
    for (size_t i = 0; i < g->tokens.len; i++) {
        if (!g->now[i])
            continue;
        const struct token *t = &g->tokens.items[i];
        switch (t->type) {
        case TOKEN_CHAR:
            if (c == t->c)
                reach(g, g->next, i + 1);
            break;
        case TOKEN_ONE:
            if (c != '/')
                reach(g, g->next, i + 1);
            break;
        case TOKEN_MANY:
            if (c != '/')
                reach(g, g->next, i);
            break;
        case TOKEN_ALL:
            reach(g, g->next, i);
            break;
        case TOKEN_FOLDERS:
            g->next[i] = true; /* still inside: the tokens behind it open only after a "/" */
            if (c == '/')
                reach(g, g->next, i + 1);
            break;
        case TOKEN_CLASS:
            if (in_class(g, t, c))
                reach(g, g->next, i + 1);
            break;
        }
    }

    bool *swap = g->now;
    g->now = g->next;
    g->next = swap;
}

static bool match_tokens(struct glob *g, const char *path)
{
    memset(g->now, 0, (g->tokens.len + 1) * sizeof *g->now);
    reach(g, g->now, 0);
    while (*path)
        step(g, decode(&path));
    return g->now[g->tokens.len];
}

bool glob_match(struct glob *g, const char *path)
{
    switch (g->kind) {
    case KIND_EXACT:
        return !strcmp(path, g->text);
    case KIND_PREFIX:
        return !strncmp(path, g->text, strlen(g->text) - 2);
    case KIND_SUFFIX: /* "**" or "**x" or "**" "/x": the slash may be the one before the path's
                         start */
        return text_ends(path, g->text + 2) || (g->text[2] == '/' && !strcmp(path, g->text + 3));
    case KIND_TOKENS:
        return match_tokens(g, path);
    }

    return false;
}

const char *glob_head(const struct glob *g, size_t *len)
{
    *len = g->head_len;
    return g->text;
}
