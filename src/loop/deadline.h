/* Deadlines: a binary heap keyed by loop_now_ms, the only source of time-outs on the loop. Private
 * to src/loop.
 *
 * A deadline is embedded in its owner (a fiber, a loop timer); the heap borrows it while it is set.
 * Equal times fire in the order in which they were set. Units: milliseconds of clock_mono_ms. */
#pragma once

#include "base/vec.h"
#include <stdbool.h>
#include <stdint.h>

struct deadline {
    int64_t at_ms;
    uint64_t seq;
    size_t slot; /* 1-based place in the heap; 0 = not set */
    void (*fire)(struct deadline *d);
};

struct deadline_heap {
    VEC(struct deadline *) slots;
    uint64_t next_seq;
};

void deadline_heap_done(struct deadline_heap *heap); /* the heap must be empty */
void deadline_set(
    struct deadline_heap *heap, struct deadline *d, int64_t at_ms);  /* moves it when already set */
void deadline_clear(struct deadline_heap *heap, struct deadline *d); /* no effect when not set */
const struct deadline *deadline_first(const struct deadline_heap *heap); /* NULL when none */
/* Fires what is due at now_ms; a deadline set meanwhile waits for the next call, so that a zero
 * delay cannot starve the loop. */
void deadline_fire_due(struct deadline_heap *heap, int64_t now_ms);

static inline bool deadline_is_set(const struct deadline *d)
{
    return d->slot != 0;
}

/* now + delay without overflow; negative delays count as none. */
int64_t deadline_after(int64_t now_ms, int64_t delay_ms);
