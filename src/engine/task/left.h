/* What a task that failed left, kept with the deployment before anything of it goes. */
#pragma once

#include "engine/context.h"

/* One container whose lines are wanted. */
struct task_stream {
    const char *container, *stream;
};

struct task_left {
    const char *kind, *service; /* task | build */
    const char *id;             /* of the task */
    const json_t *task;         /* as ECS says; NULL: it knows it no more */
    const char *reason;
    const char *group; /* of the log */
    const struct task_stream *streams;
    size_t stream_count;
};

/* Reads the last lines of each stream and hands all of it to the sink. Lines that cannot be read
 * are left out: the reason stands for itself. `tail`: the last `most` lines of the first stream, as
 * text, malloc'd or NULL; may be NULL. */
void task_left_keep(struct engine_context *c, const struct task_left *t, size_t most, char **tail);
