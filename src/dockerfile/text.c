/* Blanks and lists of texts. BuildKit trims with Unicode's idea of a blank: a no-break space that
 * was pasted from a web page is one there, and so it is here. */
#include "base/mem.h"
#include "dockerfile/internal.h"

#include <string.h>

/* U+2000 to U+200A, U+2028, U+2029, U+202F: E2 80 .. */
static bool is_blank_e280(unsigned char third)
{
    return (third >= 0x80 && third <= 0x8a) || third == 0xa8 || third == 0xa9 || third == 0xaf;
}

size_t dockerfile_blank(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    if (*u == ' ' || (*u >= '\t' && *u <= '\r'))
        return 1;
    if (*u == 0xc2 && (u[1] == 0x85 || u[1] == 0xa0))
        return 2;
    if (*u == 0xe1 && u[1] == 0x9a && u[2] == 0x80)
        return 3;
    if (*u == 0xe2 && u[1] == 0x80 && is_blank_e280(u[2]))
        return 3;
    if (*u == 0xe2 && u[1] == 0x81 && u[2] == 0x9f)
        return 3;

    return *u == 0xe3 && u[1] == 0x80 && u[2] == 0x80 ? 3 : 0;
}

const char *dockerfile_skip_blanks(const char *p)
{
    for (size_t n; (n = dockerfile_blank(p)) > 0;)
        p += n;
    return p;
}

const char *dockerfile_trim(struct arena *a, const char *text)
{
    const char *start = dockerfile_skip_blanks(text), *end = start;

    for (const char *p = start; *p;) {
        size_t n = dockerfile_blank(p);

        p += n ? n : 1;
        if (!n)
            end = p;
    }

    return arena_strndup(a, start, (size_t)(end - start));
}

void dockerfile_texts_add(struct arena *a, struct dockerfile_texts *l, const char *text)
{
    if (l->len == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 4;
        const char **items = arena_array(a, const char *, cap);

        if (l->len)
            memcpy(items, l->items, l->len * sizeof *items);
        l->items = items;
        l->cap = cap;
    }

    l->items[l->len++] = text;
}
