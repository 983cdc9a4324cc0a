/* Where a project of a caller comes from (plan/origin.h says what is in it and why). */
#pragma once

#include "compose/model.h"
#include "daemon/daemon.h"
#include "data/json.h"
#include "proto/defang.pb-c.h"

/* *out is a new object, *source too: {"commit", "branch"} of the repository, or NULL. Suspends: the
 * files are looked at on the thread pool. */
int origin_find(
    struct daemon *d,
    const Defang__Caller *caller,
    const struct compose_project *model,
    json_t **out,
    json_t **source,
    struct error *err);
