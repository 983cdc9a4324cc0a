/* The patterns of ${X#p}, ${X%p} and ${X/p/r}: `*` is any text, `?` one character, a backslash
 * takes the meaning of *, ? and \ away (before } and / it is only there for the ${…}).
 *
 * What matches is found from left to right, a `*` trying the shortest first or the longest, as the
 * modifier asks. Matching a tail is matching a head of both turned around. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <string.h>

#define PATTERN_BYTES 512 /* more is no pattern that anybody wrote */

/* A pattern as steps, so that matching knows nothing of backslashes. */
struct step {
    char kind; /* '*', '?', or 0: the byte */
    char byte;
};

struct steps {
    struct step *items;
    size_t len, tries;
    bool greedy;
};

bool dockerfile_pattern_ok(const char *pattern)
{
    for (const char *p = pattern; *p; p++) {
        if (*p != '\\')
            continue;
        if (p[1] && !strchr("*?\\}/", p[1]))
            return false;
        if (!p[1])
            return false;
        p++;
    }

    return strlen(pattern) <= PATTERN_BYTES;
}

static struct steps compile(struct arena *a, const char *pattern, bool greedy)
{
    struct steps s = {.items = arena_array(a, struct step, strlen(pattern) + 1), .greedy = greedy};

    for (const char *p = pattern; *p; p++) {
        struct step *one = &s.items[s.len++];

        *one = (struct step){0};
        if (*p == '\\' && p[1])
            one->byte = *++p;
        else if (*p == '*' || *p == '?')
            one->kind = *p;
        else
            one->byte = *p;
    }

    return s;
}

/* The length of the head of `text` that matches from step i on, or -1. Only a star recurses. */
static ptrdiff_t match(struct steps *s, size_t i, const char *text)
{
    const char *p = text;

    for (; i < s->len && s->items[i].kind != '*'; i++, p++)
        if (!*p || (s->items[i].kind != '?' && s->items[i].byte != *p))
            return -1;
    if (i == s->len)
        return p - text;

    while (i + 1 < s->len && s->items[i + 1].kind == '*')
        i++;

    size_t most = strcspn(p, "\n");
    for (size_t k = 0; k <= most; k++) {
        const char *from = p + (s->greedy ? most - k : k);

        if (s->tries++ > LIMIT_DOCKERFILE_STEPS)
            return -1;
        ptrdiff_t rest = match(s, i + 1, from);
        if (rest >= 0)
            return from - text + rest;
    }

    return -1;
}

const char *dockerfile_trim_head(struct arena *a, struct dockerfile_pattern p, const char *value)
{
    struct steps s = compile(a, p.text, p.greedy);
    ptrdiff_t n = match(&s, 0, value);

    return n > 0 ? value + n : value;
}

static char *turned(struct arena *a, const char *text)
{
    size_t n = strlen(text);
    char *out = arena_strdup(a, text);

    for (size_t i = 0; i < n; i++)
        out[i] = text[n - 1 - i];
    return out;
}

const char *dockerfile_trim_tail(struct arena *a, struct dockerfile_pattern p, const char *value)
{
    struct steps s = compile(a, p.text, p.greedy);
    char *back = turned(a, value);

    for (size_t i = 0; i < s.len / 2; i++) {
        struct step other = s.items[s.len - 1 - i];

        s.items[s.len - 1 - i] = s.items[i];
        s.items[i] = other;
    }

    ptrdiff_t n = match(&s, 0, back);
    return arena_strndup(a, value, strlen(value) - (size_t)(n > 0 ? n : 0));
}

/* What an empty match is replaced by, BuildKit puts between all characters; so do we. */
const char *dockerfile_replace(
    struct arena *a, const char *pattern, const char *by, bool all, const char *value)
{
    struct steps s = compile(a, pattern, true);
    cleanup_str struct str out = {.max = LIMIT_DOCKERFILE_VALUE_BYTES};
    bool done = false, after_match = false;

    for (const char *p = value;; p++) {
        ptrdiff_t n = done ? -1 : match(&s, 0, p);

        if (n > 0 || (n == 0 && !after_match)) {
            str_append(&out, by);
            done = !all;
        }
        after_match = n > 0;
        if (n > 0) {
            p += n - 1;
            continue;
        }
        if (!*p)
            break;
        str_append_char(&out, *p);
    }

    return arena_strdup(a, str_get(&out));
}
