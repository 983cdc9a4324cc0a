/* CPU or disk work on libuv's thread pool. `fn` runs on another thread on input that it owns for
 * the duration; it must not touch the loop, fibers or anything shared. The caller's fiber is
 * suspended until it returned: a cancel sets *canceled (if given), which long work polls, and
 * work_run still waits for fn to end before it returns -ECANCELED, so input on the stack is safe.
 */
#pragma once

#include "loop/loop.h"
#include <stdatomic.h>

int work_run(struct loop *loop, void (*fn)(void *arg), void *arg, atomic_bool *canceled);
