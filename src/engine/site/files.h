/* Static files, as plan_static_sites() lists them: after apply the buckets hold what the folders
 * hold. */
#pragma once

#include "engine/context.h"

/* Before anything is touched: a folder that is not there, is none, or leads out of the project is
 * an error with the position where it is named, or (without `refuse`) a warning. Suspends. */
int flow_static_look(
    struct loop *loop,
    const struct compose_project *p,
    bool refuse,
    struct compose_diagnostics *d,
    struct error *err);

/* *changed: files that were uploaded or removed. */
int flow_static_put(
    struct engine_context *c,
    const struct plan_static *list,
    size_t count,
    size_t *changed,
    struct error *err);
