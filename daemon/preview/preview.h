/* What an `up` would do now, without doing it: what is deployed, images that are there, the plan.
 * Nothing is uploaded, built or changed; contexts are packed for their digests alone. Shared by
 * `plan` and `eject`. */
#pragma once

#include "daemon/preview/once_preview.h"
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
    bool gather;                  /* what an `up` would refuse becomes a refusal and no error */
    VEC(Defang__Diagnostic *) refusals; /* in the project's arena */
    struct once_preview once;           /* services that run once and would */
};

/* `v` has its session and project, and an engine when one was chosen; it outlives *p. Suspends. *p
 * is to be given back also when this fails. */
int preview_make(struct preview *p, struct verb_call *v, bool gather, struct error *err);
void preview_done(struct preview *p);

/* The plan over what is deployed, with images made up and no context packed: enough to tell what
 * would be replaced or removed. p->graph is NULL when nothing is deployed. Otherwise as above. */
int preview_compare(struct preview *p, struct verb_call *v, struct error *err);

/* ERR_REFUSED, with the way out, when no `up` changes what is deployed as it stands. */
int preview_unchangeable(const struct preview *p, struct error *err);

/* Takes *err, which is emptied, among the refusals: 0. When it is none of a check (a cancel, a call
 * that failed) it is left where it is, and its code comes back. */
int preview_refusal(struct preview *p, struct error *err);
