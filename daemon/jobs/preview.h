/* What an `up` would do now, without doing it: what is deployed, images that are there, the plan.
 * Nothing is uploaded, built or changed; contexts are packed for their digests alone. Shared by
 * `plan` and `eject`. */
#pragma once

#include "daemon/jobs/once_preview.h"
#include "daemon/verb.h"

#include "base/vec.h"
#include "engine/context.h"
#include "engine/engine.h"

struct preview {
    struct verb_call *v;
    struct engine_context context;
    struct plan_request request;
    struct plan_facts *facts;
    struct plan_image *images;
    struct engine_template deployed;
    struct plan_build *plan_builds;
    size_t plan_build_count; /* finished */
    struct graph *graph;
    VEC(char *) builds, unknowns; /* in the project's arena */
    struct once_preview once;     /* services that run once and would */
};

/* `v` has its session and project, and an engine when one was chosen; it outlives *p. Suspends. *p
 * is to be given back also when this fails. */
int preview_make(struct preview *p, struct verb_call *v, struct error *err);
void preview_done(struct preview *p);
