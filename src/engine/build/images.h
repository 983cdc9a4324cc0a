/* What a deployment's images are worth keeping for: while it is tried, and when it has become a
 * release. */
#pragma once

#include "engine/context.h"

/* Of one deployment, in the order of its builds. All borrowed. */
struct build_images {
    struct engine_context *c;
    const struct plan_build *builds;
    char *const *uris; /* by digest, or by tag where the engine builds; NULL: not there */
    size_t count;
    bool some; /* of a deployment of some services: the others' releases stay */
};

/* Before anything can run from them. What cannot be kept is a warning. Suspends. */
void images_hold(const struct build_images *im);

/* The deployment has succeeded: its images are a release, the oldest releases and all trials are
 * let go. */
void images_release(const struct build_images *im);

/* It has failed: trials are let go, but for what runs all the same. Shielded from cancel. */
void images_let_go(const struct build_images *im);
