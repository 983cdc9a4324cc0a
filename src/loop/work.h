/* CPU or disk work on libuv's thread pool. `fn` runs on another thread on input that it owns for
 * the duration; it must not touch the loop, fibers or anything shared. The caller's fiber is
 * suspended until it returned: a cancel sets *canceled (if given), which long work polls, and
 * work_run still waits for fn to end before it returns -ECANCELED, so input on the stack is safe.
 */
#pragma once

#include "loop/loop.h"
#include <stdatomic.h>

int work_run(struct loop *loop, void (*fn)(void *arg), void *arg, atomic_bool *canceled);

/* The same for what takes seconds and more (packing, hashing of large files): never on more than
 * half of the threads, so that short work of others finds one. Who comes later waits his turn. */
int work_run_long(struct loop *loop, void (*fn)(void *arg), void *arg, atomic_bool *canceled);

/* The same for short work that can fail: what fn returned, with its error; -ECANCELED with an error
 * when it was not even begun. A cancel in mid-work is for the next wait to tell. */
int work_call(
    struct loop *loop, int (*fn)(void *arg, struct error *err), void *arg, struct error *err);

/* Before the first loop is made: how many threads the pool has, unless UV_THREADPOOL_SIZE is set
 * (a process has one pool, and it grows no more). */
void work_set_threads(void);
