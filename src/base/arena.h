/* Arena: things built once and dropped whole (a parsed project, a graph, a decoded reply). No
 * per-object free. Memory is zeroed. Pointers stay valid until arena_free(). */
#pragma once

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL ok */
void arena_free_ptr(struct arena **a);
void arena_wipe_ptr(struct arena **a); /* cleanses, then frees: where secrets were among it */
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
#define arena_make(a, T)     ((T *)arena_alloc((a), sizeof(T)))
#define arena_array(a, T, n) ((T *)arena_alloc((a), sizeof(T) * (n)))
char *arena_strdup(struct arena *a, const char *s); /* NULL stays NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define cleanup_arena       __attribute__((cleanup(arena_free_ptr)))
#define cleanup_arena_wiped __attribute__((cleanup(arena_wipe_ptr)))
