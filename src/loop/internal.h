/* What the files of src/loop share: the loop object and the fiber scheduler. Private to src/loop.
 *
 * Everything runs on the loop thread. A turn is: poll libuv, fire deadlines, run the fibers that
 * are ready, run what was deferred. Fibers run between two polls, never inside a callback of libuv
 * or libcurl, so they may call either freely. */
#pragma once

#include "loop/deadline.h"
#include "loop/fiber.h"
#include "loop/loop.h"
#include <setjmp.h>
#include <stdatomic.h>
#include <ucontext.h>
#include <uv.h>

/* Stacks that wait for their next fiber; more than this many are given back to the kernel. */
#define FIBER_STACKS_KEPT 64

struct fiber_stack {
    void *base; /* lowest usable byte, above the guard page; NULL = none */
    size_t bytes;
};

struct fiber {
    struct loop *loop;
    char *name;
    void (*fn)(void *arg);
    void *arg;

    struct fiber *next_ready;
    struct fiber *prev, *next; /* of every fiber that has not returned */

    struct deadline deadline;
    int wake_result;
    unsigned shield_depth;
    unsigned joiners;
    bool started, finished, canceled, waiting, interruptible, detached;

    struct fiber_cond ended;
    struct fiber_stack stack;
    jmp_buf context;
    void *asan_fake_stack;
    void *tsan_fiber;
};

struct fiber_sched {
    struct fiber *ready_first, **ready_last;
    struct fiber *all;
    size_t count;     /* not yet returned */
    bool closing;     /* new fibers start out canceled */
    ucontext_t entry; /* of the fiber that is entered for the first time */
    jmp_buf context;
    void *asan_fake_stack;
    const void *asan_stack_bottom;
    size_t asan_stack_bytes;
    void *tsan_fiber;
    struct fiber_stack kept[FIBER_STACKS_KEPT];
    size_t kept_count;
};

struct loop_deferred {
    void (*fn)(void *arg);
    void *arg;
};

#define LOOP_HOLDER_BYTES 32

/* held.c: who has the loop at this moment. Written by the loop, read by the guard's thread. */
struct loop_holder {
    _Atomic int64_t since_ms; /* CLOCK_MONOTONIC; 0: it polls */
    _Atomic uint64_t name[LOOP_HOLDER_BYTES / 8];
    int64_t cpu_ns;
    int64_t limit_ms; /* 0: nobody asks */
    void (*fn)(void *arg, const char *by, int64_t held_ms, int64_t cpu_ms);
    void *arg;
};

struct loop {
    uv_loop_t uv;
    struct loop_holder holder;
    struct deadline_heap deadlines;
    /* On alarm_fd, a timerfd set to the first deadline; keeps the loop alive while one is set. */
    uv_poll_t alarm;
    int alarm_fd;
    int64_t alarm_at_ms; /* INT64_MAX = disarmed */
    VEC(struct loop_deferred) deferred;
    struct fiber_sched sched;
    bool stopping, polling;
    /* Threads, children and transfers under way: real time passes while there are any. */
    unsigned outside;
    unsigned long_work; /* turns taken in the lane for long work (work.c) */
    struct fiber_cond long_free;
    void (*jump)(void *arg, int64_t at_ms);
    void *jump_arg;
};

/* Around all that runs between two polls. */
void loop_hold(struct loop *loop, const char *name);
void loop_release(struct loop *loop);
void loop_poll_measured(struct loop *loop, uv_run_mode mode); /* uv_run(), its callbacks measured */
/* From another thread: the name of the holder and since when (CLOCK_MONOTONIC, ms); 0: none. */
int64_t loop_held_since(struct loop *loop, char name[LOOP_HOLDER_BYTES]);

void sched_init(struct fiber_sched *sched);
void sched_run_ready(struct fiber_sched *sched);
void sched_cancel_all(struct fiber_sched *sched);
void sched_done(struct fiber_sched *sched);

static inline bool sched_has_ready(const struct fiber_sched *sched)
{
    return sched->ready_first != NULL;
}

/* Something was made ready: a poll that is under way must not block. libuv runs its timers before
 * it blocks, so that what they wake would otherwise wait for the next input. */
void loop_nudge(struct loop *loop);

/* fiber_context.c: stacks and switches. */
struct fiber_stack fiber_stack_take(struct fiber_sched *sched);
void fiber_stack_give(struct fiber_sched *sched, struct fiber_stack stack);
void fiber_stacks_unmap(struct fiber_sched *sched);
void fiber_context_resume(struct fiber *f);  /* scheduler → fiber, returns when it suspends */
void fiber_context_suspend(struct fiber *f); /* fiber → scheduler */
__attribute__((noreturn)) void fiber_context_exit(struct fiber *f); /* the last switch */
__attribute__((noreturn)) void fiber_main(struct fiber *f);         /* first frame of each fiber */

/* Suspends the running fiber until fiber_wake(), a deadline (-ETIMEDOUT) or, when not shielded, a
 * cancel
 * (-ECANCELED). */
int fiber_suspend(int64_t timeout_ms);
void fiber_wake(struct fiber *f, int result); /* no effect on a fiber that is not waiting */
/* fiber_wait that a cancel does not end: for what must be over before the caller's frame may go. */
int fiber_wait_shielded(struct fiber_event *ev, int64_t timeout_ms);

/* A broken rule of this folder's contracts: says which, and aborts. */
__attribute__((noreturn, format(printf, 1, 2))) void loop_die(const char *fmt, ...);
