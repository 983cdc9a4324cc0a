/* What a fiber can wait for: time, an event, a condition. All three are fiber_suspend() with
 * something that others can find the fiber by.
 *
 * A waiter of a condition lies on the stack of its fiber and is out of the ring again before the
 * call returns. An event that is done gives its result whatever else happened: what was done is
 * not lost by a cancel that came in the same turn. */
#include "loop/internal.h"

#include <errno.h>

int fiber_sleep(int64_t ms)
{
    int rc = fiber_suspend(ms);
    return rc == -ETIMEDOUT ? 0 : rc;
}

void fiber_event_complete(struct fiber_event *ev, int result)
{
    if (ev->done)
        return;
    ev->done = true;
    ev->result = result;
    if (ev->waiter)
        fiber_wake(ev->waiter, 0);
}

int fiber_wait(struct fiber_event *ev, int64_t timeout_ms)
{
    if (ev->done)
        return ev->result;
    if (ev->waiter)
        loop_die(
            "fiber '%s' waits for an event that '%s' waits for",
            fiber_name(fiber_current()),
            fiber_name(ev->waiter));
    ev->waiter = fiber_current();
    int rc = fiber_suspend(timeout_ms);
    ev->waiter = NULL;

    /* It may have happened between the deadline or the cancel and this line: then the result
     * counts. */
    return ev->done ? ev->result : rc;
}

int fiber_wait_shielded(struct fiber_event *ev, int64_t timeout_ms)
{
    fiber_shield(true);
    int rc = fiber_wait(ev, timeout_ms);
    fiber_shield(false);
    return rc;
}

/* On the stack of the fiber that waits; a ring, so that the last one is found at once. */
struct fiber_waiter {
    struct fiber *fiber;
    struct fiber_waiter *prev, *next;
    bool signaled;
};

static void waiter_link(struct fiber_cond *c, struct fiber_waiter *w)
{
    if (!c->first) {
        w->prev = w->next = w;
        c->first = w;
        return;
    }

    w->next = c->first;
    w->prev = c->first->prev;
    w->prev->next = w;
    w->next->prev = w;
}

static void waiter_unlink(struct fiber_cond *c, struct fiber_waiter *w)
{
    w->prev->next = w->next;
    w->next->prev = w->prev;
    if (c->first == w)
        c->first = w->next == w ? NULL : w->next;
}

int fiber_cond_wait(struct fiber_cond *c, int64_t timeout_ms)
{
    struct fiber_waiter w = {.fiber = fiber_current()};

    waiter_link(c, &w);
    int rc = fiber_suspend(timeout_ms);
    if (w.signaled)
        return 0;
    waiter_unlink(c, &w);
    return rc;
}

void fiber_cond_broadcast(struct fiber_cond *c)
{
    while (c->first) {
        struct fiber_waiter *w = c->first;
        waiter_unlink(c, w);
        w->signaled = true;
        fiber_wake(w->fiber, 0);
    }
}
