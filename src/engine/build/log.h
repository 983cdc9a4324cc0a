/* What a build printed, kept in the project's build bucket: it outlives the log group. */
#pragma once

#include "engine/build/place.h"
#include "engine/context.h"

/* Of the task `task_arn`, whose journal keys begin with `key`. For later readers: that it cannot be
 * kept stops nothing. */
void build_log_keep(
    struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place,
    const char *key,
    const char *task_arn);

/* The image is there: an earlier life of this deployment may have died between its push and the
 * log. */
void build_log_resume(struct engine_context *c, const struct plan_build *b);
