/* How tasks ended, long after ECS forgot them: a rule of the project's stack writes each change of
 * a task's state into the log group /…/ecs, which outlives the stack. */
#pragma once

#include "engine/context.h"

/* Calls fn with each task that is told as STOPPED (in the shape of DescribeTasks; borrowed) by an
 * event that holds `word` as a whole: a task's id, a container's name. `since_ms`: not before that;
 * 0: all. No log group is no event. Suspends. */
int stopped_events_each(
    struct engine_context *c,
    const char *word,
    int64_t since_ms,
    void (*fn)(void *arg, json_t *task),
    void *arg,
    struct error *err);
