/* The one event loop of a process: libuv, the fiber scheduler, deferred work, deadlines.
 *
 * Everything here runs on the loop thread. Callbacks from libuv and libcurl store a result and wake
 * a fiber, nothing else. Lifetime: loop_new → use → loop_stop (or all work done) → loop_free, which
 * runs the loop until every handle is closed and asserts that no fiber is left. */
#pragma once

#include "base/error.h"
#include <stdint.h>
#include <uv.h>

struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *loop); /* NULL ok; cancels every fiber, then closes */
/* Cancels every fiber and runs the loop until all have returned: call it before freeing what they
 * use, then loop_free. */
void loop_cancel_fibers(struct loop *loop);
uv_loop_t *loop_uv(struct loop *loop);
void loop_run(struct loop *loop); /* until loop_stop() or nothing is left to wait for */
void loop_stop(struct loop *loop);
int64_t loop_now_ms(struct loop *loop); /* monotonic (clock_mono_ms) */

/* Runs fn(arg) once at the end of this turn of the loop, after I/O, before blocking: "commit, then
 * publish" hooks in here. */
void loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg);

/* fn(arg, by, held_ms, cpu_ms) after something held the loop, and with it everybody else, for
 * `limit_ms` or more: the name of a fiber, "callbacks", "timers" or "deferred work". A machine that
 * slept or is busy makes it long too: then the time on the processor is short. */
void loop_on_held(
    struct loop *loop,
    int64_t limit_ms,
    void (*fn)(void *arg, const char *by, int64_t held_ms, int64_t cpu_ms),
    void *arg);

/* Timers for code that is not a fiber. */
struct loop_timer;
struct loop_timer *loop_timer_start(
    struct loop *loop, int64_t delay_ms, int64_t repeat_ms, void (*fn)(void *arg), void *arg);
void loop_timer_stop(
    struct loop_timer *t); /* NULL ok; frees (also one that has fired); fn is not called again */

/* Runs main_fn as a fiber to its end and returns: for tests and one-shot tools. */
void loop_run_fiber(struct loop *loop, const char *name, void (*main_fn)(void *arg), void *arg);

/* Tests (tests/unit/lib/fake_clock.h): with a replaced clock that stands still, an idle loop calls
 * jump(arg, at_ms) with the first deadline instead of blocking for it. While work, children or curl
 * transfers are under way, time stands still and real I/O is waited for. */
void loop_use_virtual_time(struct loop *loop, void (*jump)(void *arg, int64_t at_ms), void *arg);
