/* Services that run once (plan_once). */
#pragma once

#include "engine/context.h"

/* Whether it has run in this deployment, perhaps in an earlier life. */
int flow_once_done(
    struct engine_context *c, const struct plan_once *o, bool *done, struct error *err);

/* Runs a task of it once in this deployment, whatever happens to the daemon, and waits for its end.
 * `outputs`: of the deployed stack. Any end but exit code 0 is ERR_CLOUD, with the reason in
 * `failure`. */
int flow_once_run(
    struct engine_context *c,
    const struct plan_once *o,
    const json_t *outputs,
    struct engine_failure *failure,
    struct error *err);

/* Stops those of this deployment that still run: for a cancel that was asked for before a restart.
 * Best effort, shielded from cancel. */
void flow_once_stop(struct engine_context *c, const json_t *outputs);
