/* strmap: text → small number, in an arena. For indexes of things built once and dropped whole.
 * Keys are borrowed and must live as long as the arena; order of insertion is the caller's business
 * (the value usually is a position in an array). */
#pragma once

#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strmap_slot {
    const char *key; /* NULL = free */
    size_t value;
    uint32_t hash;
};

struct strmap { /* zero-initialised = empty */
    struct strmap_slot *slots;
    size_t cap, len;
};

void strmap_put(
    struct arena *arena, struct strmap *m, const char *key, size_t value); /* replaces */
const size_t *strmap_get(const struct strmap *m, const char *key);         /* NULL when missing */
