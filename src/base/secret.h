/* A value that must not be seen: wiped when dropped, excluded from logs by type. Only secret_get()
 * reveals it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct secret {
    char *data; /* NUL-terminated; NULL when unset */
    size_t len;
};

#define SECRET_INIT {0}

void secret_set(struct secret *s, const char *text); /* copies; NULL unsets */
void secret_set_bytes(struct secret *s, const void *data, size_t n);
void secret_copy(struct secret *to, const struct secret *from);
void secret_done(struct secret *s);

static inline const char *secret_get(const struct secret *s)
{
    return s->data ? s->data : "";
}

static inline bool secret_is_set(const struct secret *s)
{
    return s->data != NULL;
}

void secret_wipe(void *data, size_t n); /* not optimised away */

/* malloc() and friends for libraries through whose hands secrets go (curl, jansson, expat): what is
 * given back is wiped first. */
void *secret_malloc(size_t n);
void *secret_calloc(size_t count, size_t n);
void *secret_realloc(void *old, size_t n);
char *secret_strdup(const char *text);
void secret_free(void *p);

#define cleanup_secret __attribute__((cleanup(secret_done)))
