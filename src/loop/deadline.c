/* The binary heap of deadlines. Each knows its own slot, so that one is moved or taken out without
 * a search: a fiber sets and clears one with every wait.
 *
 * Equal times are told apart by the order in which they were set. While due ones fire, those that
 * were set meanwhile wait for the next call; their sequence numbers say which they are. */
#include "loop/deadline.h"

#include <assert.h>

static bool earlier(const struct deadline *a, const struct deadline *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->seq < b->seq;
}

static void place(struct deadline_heap *heap, size_t index, struct deadline *d)
{
    heap->slots.items[index] = d;
    d->slot = index + 1;
}

static void sift_up(struct deadline_heap *heap, size_t index)
{
    struct deadline *d = heap->slots.items[index];

    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (!earlier(d, heap->slots.items[parent]))
            break;
        place(heap, index, heap->slots.items[parent]);
        index = parent;
    }

    place(heap, index, d);
}

static void sift_down(struct deadline_heap *heap, size_t index)
{
    struct deadline *d = heap->slots.items[index];

    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->slots.len)
            break;
        if (child + 1 < heap->slots.len &&
            earlier(heap->slots.items[child + 1], heap->slots.items[child]))
            child++;
        if (!earlier(heap->slots.items[child], d))
            break;
        place(heap, index, heap->slots.items[child]);
        index = child;
    }

    place(heap, index, d);
}

void deadline_heap_done(struct deadline_heap *heap)
{
    assert(heap->slots.len == 0);
    vec_free(&heap->slots);
}

void deadline_set(struct deadline_heap *heap, struct deadline *d, int64_t at_ms)
{
    deadline_clear(heap, d);
    d->at_ms = at_ms;
    d->seq = heap->next_seq++;
    vec_push(&heap->slots, d);
    sift_up(heap, heap->slots.len - 1);
}

void deadline_clear(struct deadline_heap *heap, struct deadline *d)
{
    if (!deadline_is_set(d))
        return;

    size_t index = d->slot - 1;
    assert(heap->slots.items[index] == d);
    d->slot = 0;
    struct deadline *moved = vec_pop(&heap->slots);
    if (moved == d)
        return;
    place(heap, index, moved);
    sift_up(heap, index);
    sift_down(heap, moved->slot - 1);
}

const struct deadline *deadline_first(const struct deadline_heap *heap)
{
    return heap->slots.len ? heap->slots.items[0] : NULL;
}

void deadline_fire_due(struct deadline_heap *heap, int64_t now_ms)
{
    uint64_t end_seq = heap->next_seq;

    while (heap->slots.len) {
        struct deadline *d = heap->slots.items[0];
        if (d->at_ms > now_ms || d->seq >= end_seq)
            return;
        deadline_clear(heap, d);
        d->fire(d);
    }
}

int64_t deadline_after(int64_t now_ms, int64_t delay_ms)
{
    int64_t at_ms;
    if (delay_ms <= 0)
        return now_ms;
    return __builtin_add_overflow(now_ms, delay_ms, &at_ms) ? INT64_MAX : at_ms;
}
