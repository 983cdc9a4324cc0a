/* What the task's lines say. Private to the room. */
#pragma once

#include "engine/context.h"
#include "engine/stack/rows.h"

struct pulumi_events {
    struct engine_context *c;
    struct rows *rows;         /* owned; NULL: events without rows */
    const struct graph *graph; /* types by logical id; NULL when not known */
    char *first_failure;       /* in Pulumi's words; NULL when nothing failed */
    unsigned changed, images_built;
};

void pulumi_events_done(struct pulumi_events *e);

/* True when the line was an event of ours; other lines are for people. Never suspends. */
bool pulumi_events_line(struct pulumi_events *e, const char *line);
