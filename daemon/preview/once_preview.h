/* Which services that run once an `up` would run, for `plan`. */
#pragma once

#include "daemon/verb.h"
#include "engine/context.h"

struct once_preview {
    Defang__PlanRun **runs;
    size_t n_runs;
    unsigned stages;
}; /* in the arena */

/* *graph is r's whole; it is planned again with those that would run, and r->pending is filled. */
int once_preview(
    struct engine_context *c,
    struct arena *arena,
    struct plan_request *r,
    struct graph **graph,
    struct once_preview *out,
    struct error *err);
