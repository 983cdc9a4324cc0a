/* Allocation that aborts on failure (the journal recovers a killed job), and cleanup attributes.
 * Every size that comes from outside is bounded by base/limits.h before it gets here. */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <sys/param.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *ptr, size_t size) __attribute__((returns_nonnull));
void *xreallocarray(void *ptr, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrdup_null(const char *s); /* NULL stays NULL */
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
void *xmemdup(const void *p, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), malloc, returns_nonnull));

void mem_free_ptr(void *pp); /* frees *(void **)pp */
void mem_close_ptr(int *fd);

#define cleanup_free __attribute__((cleanup(mem_free_ptr)))
#define cleanup_fd                                                                                 \
    __attribute__((cleanup(mem_close_ptr), unused)) /* a lock is held and never read */

/* Takes a pointer out of a cleanup variable: `return steal(p);` */
#define steal(p)                                                                                   \
    ({                                                                                             \
        __typeof__(p) *pp_ = &(p);                                                                 \
        __typeof__(p) v_ = *pp_;                                                                   \
        *pp_ = NULL;                                                                               \
        v_;                                                                                        \
    })

#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
/* <sys/param.h> has its own that evaluate twice; uv.h includes it, so it is included first and then
 * replaced. */
#undef MIN
#undef MAX
#define MIN(a, b)                                                                                  \
    ({                                                                                             \
        __typeof__(a) a_ = (a);                                                                    \
        __typeof__(b) b_ = (b);                                                                    \
        a_ < b_ ? a_ : b_;                                                                         \
    })
#define MAX(a, b)                                                                                  \
    ({                                                                                             \
        __typeof__(a) a_ = (a);                                                                    \
        __typeof__(b) b_ = (b);                                                                    \
        a_ > b_ ? a_ : b_;                                                                         \
    })
