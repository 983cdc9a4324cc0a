/* Deployments of some services (make/partial.c): `up SERVICE…`. What is named, and what it cannot
 * do without, is planned as the files say; every other service that is deployed stays as it is, and
 * one that is not stays out. Texts in the arena that is given. */
#pragma once

#include "base/error.h"
#include "plan/request.h"

struct plan_partial {
    const char **only; /* what is deployed anew, sorted by name */
    size_t only_count;
    const char **held; /* deployed, and left as it is */
    size_t held_count;
    const char **out; /* not deployed, and left out */
    size_t out_count;
};

/* `previous` is the deployed template, NULL: nothing is. With `no_deps` only what is named, and
 * what shares a task or an image with it. ERR_USAGE for a name that is no service's. */
int plan_partial(
    struct arena *a,
    const struct compose_project *p,
    const char *const *names,
    size_t count,
    bool no_deps,
    const json_t *previous,
    struct plan_partial *out,
    struct error *err);

/* Whether the request leaves the service as it is deployed (view/stages.c). */
bool plan_is_held(const struct plan_request *r, const char *service);
