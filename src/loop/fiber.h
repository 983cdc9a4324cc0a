/* Fibers: long flows that read top to bottom. Each has its own small stack (mmap, guard page) on
 * the one loop thread, switched by ucontext with the sanitizers' annotations. Model: QEMU's block
 * layer.
 *
 * Suspending calls (fiber_sleep, fiber_wait, work_run, http_perform, aws_call, …) return a result;
 * a canceled fiber's current and every later wait returns -ECANCELED at once, and the fiber unwinds
 * by returning. Every wait has a deadline. What had already happened when the cancel came is not
 * lost: an event that is done gives its result. A fiber canceled before its first turn still runs.
 * Never suspend inside a libuv/libcurl callback. A fiber's stack is LIMIT_FIBER_STACK_BYTES: large
 * buffers go on the heap.
 *
 * More than LIMIT_FIBERS at once aborts: fan-out over outside data goes through a group with a
 * limit.
 *
 * Ownership: fiber_spawn gives a reference that fiber_join() or fiber_detach() consumes. */
#pragma once

#include "base/error.h"
#include "loop/loop.h"
#include <stdbool.h>
#include <stdint.h>

struct fiber;

#define FIBER_NO_DEADLINE INT64_MAX /* only for waits that something else is certain to end */

/* Starts running at the next turn of the loop. `name` is copied (for logs). */
struct fiber *fiber_spawn(struct loop *loop, const char *name, void (*fn)(void *arg), void *arg);
void fiber_detach(struct fiber *f);
/* Suspends until f has returned (a cancel of the caller does not end it: f must unwind first).
 * Consumes f. Several fibers may join f if all began before it returned; none may detach it then.
 */
void fiber_join(struct fiber *f);
void fiber_cancel(struct fiber *f); /* idempotent; wakes its wait */
bool fiber_is_canceled(void);       /* of the running fiber; false outside */
bool fiber_must_unwind(void);       /* canceled and not shielded: do not begin anything */
struct fiber *fiber_current(void);  /* NULL outside a fiber */
const char *fiber_name(const struct fiber *f);
size_t fiber_count(const struct loop *loop); /* all that have not ended */
void fiber_each(const struct loop *loop, void (*fn)(void *arg, const struct fiber *f), void *arg);

/* While shielded, waits are not ended by cancel: for cleanup that must talk to AWS. Nestable. */
void fiber_shield(bool on);

int fiber_sleep(int64_t ms); /* 0 or -ECANCELED */

/* A one-shot event: any code on the loop thread completes it, one fiber waits for it.
 *   struct fiber_event ev = FIBER_EVENT_INIT;  …hand &ev to a callback…  rc = fiber_wait(&ev,
 * deadline_ms); On -ETIMEDOUT/-ECANCELED the waiter must itself make sure that the callback will
 * not touch ev any more. */
struct fiber_event {
    bool done;
    int result;
    struct fiber *waiter;
};

#define FIBER_EVENT_INIT {0}
void fiber_event_complete(struct fiber_event *ev, int result); /* idempotent */
/* Returns ev->result, -ETIMEDOUT or -ECANCELED. timeout_ms is relative; FIBER_NO_DEADLINE allowed.
 */
int fiber_wait(struct fiber_event *ev, int64_t timeout_ms);

/* A condition that several fibers may wait on, any number of times (e.g. "credentials changed"). */
struct fiber_cond {
    struct fiber_waiter *first;
};

#define FIBER_COND_INIT {0}
int fiber_cond_wait(struct fiber_cond *c, int64_t timeout_ms); /* 0, -ETIMEDOUT, -ECANCELED */
void fiber_cond_broadcast(struct fiber_cond *c);

/* Fan-out: spawn n, wait for all; the first error cancels the rest and is the group's result. Every
 * fn runs once, also when the group was canceled before its turn (its first wait says so): it may
 * own arg. struct fiber_group *g = fiber_group_new(loop, limit);      limit = how many run at once,
 * 0 = all fiber_group_spawn(g, "part", fn, arg);                     int fn(void *arg, struct error
 * *err) rc = fiber_group_wait(g, err);                             also when the caller is
 * canceled: cancels, waits, -ECANCELED fiber_group_free(g);  (after wait) */
struct fiber_group;
struct fiber_group *fiber_group_new(struct loop *loop, unsigned limit);
void fiber_group_spawn(
    struct fiber_group *g, const char *name, int (*fn)(void *arg, struct error *err), void *arg);
void fiber_group_cancel(struct fiber_group *g);
int fiber_group_wait(struct fiber_group *g, struct error *err);
void fiber_group_free(struct fiber_group *g);
