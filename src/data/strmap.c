#include "data/strmap.h"

#include <string.h>

static uint32_t hash_text(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h ^ (h >> 15);
}

static struct strmap_slot *
find_slot(struct strmap_slot *slots, size_t cap, const char *key, uint32_t hash)
{
    size_t i = hash & (cap - 1);
    while (slots[i].key && (slots[i].hash != hash || strcmp(slots[i].key, key) != 0))
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static void grow(struct arena *arena, struct strmap *m)
{
    size_t cap = m->cap ? m->cap * 2 : 32;
    struct strmap_slot *slots = arena_array(arena, struct strmap_slot, cap);

    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].key)
            *find_slot(slots, cap, m->slots[i].key, m->slots[i].hash) = m->slots[i];
    m->slots = slots;
    m->cap = cap;
}

void strmap_put(struct arena *arena, struct strmap *m, const char *key, size_t value)
{
    if (m->len * 2 >= m->cap)
        grow(arena, m);
    uint32_t hash = hash_text(key);
    struct strmap_slot *slot = find_slot(m->slots, m->cap, key, hash);
    if (!slot->key)
        m->len++;
    *slot = (struct strmap_slot){.key = key, .value = value, .hash = hash};
}

const size_t *strmap_get(const struct strmap *m, const char *key)
{
    if (!m->cap)
        return NULL;
    const struct strmap_slot *slot = find_slot(m->slots, m->cap, key, hash_text(key));
    return slot->key ? &slot->value : NULL;
}
