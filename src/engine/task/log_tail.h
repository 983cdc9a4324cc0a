/* The end of one stream of CloudWatch Logs: what a failed task said last. */
#pragma once

#include "engine/context.h"

/* The last `lines` lines, oldest first, joined with '\n'; malloc'd. *text NULL when there are none,
 * or no such stream. */
int flow_log_tail(
    struct engine_context *c,
    const char *group,
    const char *stream,
    unsigned lines,
    char **text,
    struct error *err);
