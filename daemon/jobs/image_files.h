/* Files of a build as they lie on this machine, looked at before it is sent and when it failed. */
#pragma once

#include "daemon/jobs/job.h"
#include "engine/context.h"
#include "plan/plan.h"

/* How much disk the build gets (plan_build_storage()), by what its files name. Suspends. */
unsigned image_storage(struct job *j, const struct plan_build *b, uint64_t content_bytes);

/* Puts "…/Dockerfile:12: " before the message, the line of the instruction that failed, when it is
 * known and the file still says so. Suspends. */
void image_error_at(
    struct job *j,
    const struct plan_build *b,
    const struct engine_failure *failure,
    struct error *err);
