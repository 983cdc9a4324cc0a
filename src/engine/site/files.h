/* Static files, as plan_static_sites() lists them: after apply the buckets hold what the folders
 * hold. */
#pragma once

#include "engine/context.h"

/* *changed: files that were uploaded or removed. */
int flow_static_put(
    struct engine_context *c,
    const struct plan_static *list,
    size_t count,
    size_t *changed,
    struct error *err);
