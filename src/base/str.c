/* The growing buffer of base/str.h.
 *
 * It never moves its bytes with realloc(), which could leave a copy of a secret behind where
 * str_wipe() does not reach: it takes a new piece, copies and wipes the old one. Past its maximum
 * it drops what comes and remembers that it did, so a writer of many pieces checks once, at the
 * end. */
#include "base/str.h"

#include "base/mem.h"
#include "base/secret.h"
#include <stdio.h>
#include <string.h>

/* Room for n more bytes and the NUL, or sets overflow. */
static bool reserve(struct str *s, size_t n)
{
    size_t max = s->max ? s->max : STR_MAX_DEFAULT;

    if (s->overflow || n > max || s->len > max - n) {
        s->overflow = true;
        return false;
    }

    size_t need = s->len + n + 1;
    if (need <= s->cap)
        return true;

    size_t cap = s->cap ? s->cap : 64;
    while (cap < need)
        cap *= 2;

    /* No realloc: it could leave a copy of a secret behind, out of reach of str_wipe. */
    char *grown = xmalloc(cap);
    if (s->data) {
        memcpy(grown, s->data, s->len);
        secret_wipe(s->data, s->len);
        free(s->data);
    }

    s->data = grown;
    s->cap = cap;

    return true;
}

void str_reserve(struct str *s, size_t n)
{
    reserve(s, n);
}

void str_append_bytes(struct str *s, const void *bytes, size_t n)
{
    if (!reserve(s, n))
        return;
    if (n)
        memcpy(s->data + s->len, bytes, n);
    s->len += n;
    s->data[s->len] = '\0';
}

void str_append(struct str *s, const char *text)
{
    str_append_bytes(s, text, strlen(text));
}

void str_append_char(struct str *s, char c)
{
    if (s->len + 1 < s->cap && s->len + 1 < (s->max ? s->max : STR_MAX_DEFAULT) && !s->overflow) {
        s->data[s->len++] = c;
        s->data[s->len] = '\0';
        return;
    }
    str_append_bytes(s, &c, 1);
}

void str_vappendf(struct str *s, const char *fmt, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        s->overflow = true;
    else if (reserve(s, (size_t)n)) {
        vsnprintf(s->data + s->len, (size_t)n + 1, fmt, again);
        s->len += (size_t)n;
    }

    va_end(again);
}

void str_appendf(struct str *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str_vappendf(s, fmt, ap);
    va_end(ap);
}

void str_clear(struct str *s)
{
    str_truncate(s, 0);
    s->overflow = false;
}

void str_truncate(struct str *s, size_t len)
{
    if (len >= s->len)
        len = s->len;
    s->len = len;
    if (s->data)
        s->data[len] = '\0';
}

void str_done(struct str *s)
{
    size_t max = s->max;
    free(s->data);
    *s = (struct str){.max = max};
}

void str_wipe(struct str *s)
{
    if (s->data)
        secret_wipe(s->data, s->cap);
    str_done(s);
}

char *str_take(struct str *s)
{
    char *text = s->data ? s->data : xstrdup("");
    size_t max = s->max;
    *s = (struct str){.max = max};
    return text;
}
