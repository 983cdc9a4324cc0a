/* The Dockerfiles of a project's builds, looked at before anything is touched. */
#pragma once

#include "compose/compose.h"
#include "loop/loop.h"

/* Reads and judges the Dockerfile of each service that is built, against what would be sent of its
 * context: findings go to `d`, the first error into `err`; `cwd` is where the caller stands. What
 * an image says of itself (HEALTHCHECK, EXPOSE) is taken over into `p`, where the files do not say
 * it. `p` has its gateways (plan_models_expand). Nothing is packed. Suspends. */
int dockerfiles_look(
    struct loop *loop,
    const char *cwd,
    struct compose_project *p,
    struct compose_diagnostics *d,
    struct error *err);
