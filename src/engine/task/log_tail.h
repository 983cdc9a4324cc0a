/* The end of one stream of CloudWatch Logs: what a failed task said last. */
#pragma once

#include "engine/context.h"

/* The last `lines` lines, oldest first: [[time_ms, "text"], …]; of long ones the beginning, and of
 * many bytes (LIMIT_EVIDENCE_LOG_BYTES) the end. *out NULL when there are none, or no such
 * stream. */
int flow_log_lines(
    struct engine_context *c,
    const char *group,
    const char *stream,
    unsigned lines,
    json_t **out,
    struct error *err);

/* The texts of the last `most` of them, joined with '\n'; malloc'd. NULL for NULL. */
char *flow_lines_text(const json_t *lines, size_t most);

/* Both in one, uncut. *text NULL when there are none. */
int flow_log_tail(
    struct engine_context *c,
    const char *group,
    const char *stream,
    unsigned lines,
    char **text,
    struct error *err);
