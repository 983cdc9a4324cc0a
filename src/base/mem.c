/* Allocation that aborts. A daemon that is out of memory has no way to go on that is tested; one
 * that starts again has its journal.
 *
 * So no caller checks for NULL, and in return every size that comes from outside is bounded
 * (base/limits.h) before it gets here. */
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((noreturn)) static void out_of_memory(size_t size)
{
    /* No allocation, no stdio: write what is known and let the supervisor restart us. */
    char text[64];
    int n = snprintf(text, sizeof text, "<2>out of memory: %zu bytes\n", size);
    if (n > 0)
        (void)!write(STDERR_FILENO, text, (size_t)n);
    abort();
}

void *xmalloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void *xrealloc(void *ptr, size_t size)
{
    void *p = realloc(ptr, size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void *xreallocarray(void *ptr, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        out_of_memory(SIZE_MAX);
    return xrealloc(ptr, total);
}

char *xstrdup(const char *s)
{
    return xmemdup(s, strlen(s) + 1);
}

char *xstrdup_null(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
    size_t len = n ? strnlen(s, n) : 0; /* an empty field of a message has no bytes at all */
    char *p = xmalloc(len + 1);
    if (len)
        memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

void *xmemdup(const void *p, size_t n)
{
    void *copy = xmalloc(n);
    if (n)
        memcpy(copy, p, n);
    return copy;
}

char *xasprintf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *out = NULL;
    int n = vasprintf(&out, fmt, ap);
    va_end(ap);
    if (n < 0)
        out_of_memory(0);
    return out;
}

void mem_free_ptr(void *pp)
{
    void *p;
    memcpy(&p, pp, sizeof p); /* pp is some T **: read it without breaking aliasing */
    free(p);
    p = NULL;
    memcpy(pp, &p, sizeof p);
}

void mem_close_ptr(int *fd)
{
    if (*fd < 0)
        return;

    int saved = errno; /* cleanup runs after the return value was computed, callers may still look
                          at errno */
    close(*fd);
    errno = saved;
    *fd = -1;
}
