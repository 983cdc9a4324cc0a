/* Values that must not be seen: copied, wiped when dropped, and an allocator that wipes what is
 * given back.
 *
 * The allocator is for libraries (libcurl, jansson, expat) that take functions of this form and
 * through whose buffers secrets go. It asks malloc how large a piece is, so it wipes the whole of
 * it, and a realloc is always a copy: the old piece could not be wiped after it moved. */
#include "base/secret.h"

#include "base/mem.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void secret_wipe(void *data, size_t n)
{
    if (data && n)
        explicit_bzero(data, n);
}

void secret_set_bytes(struct secret *s, const void *data, size_t n)
{
    char *copy = xmalloc(n + 1); /* before the old one is dropped: data may lie inside it */

    if (n)
        memcpy(copy, data, n);
    copy[n] = '\0';
    secret_done(s);
    s->data = copy;
    s->len = n;
}

void secret_set(struct secret *s, const char *text)
{
    if (text)
        secret_set_bytes(s, text, strlen(text));
    else
        secret_done(s);
}

void secret_copy(struct secret *to, const struct secret *from)
{
    if (to == from)
        return;
    if (from->data)
        secret_set_bytes(to, from->data, from->len);
    else
        secret_done(to);
}

void secret_done(struct secret *s)
{
    if (!s)
        return;
    if (s->data)
        secret_wipe(s->data, s->len);
    free(s->data);
    *s = (struct secret)SECRET_INIT;
}

void *secret_malloc(size_t n)
{
    return malloc(n);
}

void *secret_calloc(size_t count, size_t n)
{
    return calloc(count, n);
}

void secret_free(void *p)
{
    if (p)
        explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

/* Never in place: growing could leave a copy behind. */
void *secret_realloc(void *old, size_t n)
{
    void *grown = malloc(n ? n : 1);

    if (grown && old) {
        size_t had = malloc_usable_size(old);
        memcpy(grown, old, had < n ? had : n);
        secret_free(old);
    }

    return grown;
}

char *secret_strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = malloc(n);

    return copy ? memcpy(copy, text, n) : NULL;
}
