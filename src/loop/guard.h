/* The guard: a thread beside the loop that hears what a loop which stands cannot hear.
 *
 * It alone receives SIGTERM and SIGINT, tells the loop, and sees to it that the process ends within
 * a bounded time, whatever the loop and the threads of the pool are at. When the loop stands for
 * seconds, it names in the log what holds it (loop_on_held() tells of shorter ones when they are
 * over). One guard a process.
 *
 * An end without unwinding is as a crash: only for programs whose state is whole at every moment.
 */
#pragma once

#include "loop/loop.h"

/* First of all, before any other thread is made: they inherit that these signals are not theirs.
 * Until guard_attach() a signal ends the process as it would without a guard. */
void guard_start(void);

/* From now on a signal calls fn(arg) on the loop, and `end_ms` later the process has ended. */
void guard_attach(struct loop *loop, int64_t end_ms, void (*fn)(void *arg), void *arg);
/* The same without a signal: the end has begun. */
void guard_end(void);
/* Before the loop is freed. The end that has begun stays bounded. */
void guard_detach(void);
