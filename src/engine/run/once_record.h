/* What is known of the last run of a service that runs once: a record in SSM, whichever machine ran
 * it. */
#pragma once

#include "engine/context.h"

struct flow_run {
    bool known; /* false: there is no record, and nothing else is set */
    char *hash, *deployment, *task, *reason;
    int exit_code; /* -1: it had none */
    int64_t ended_ms;
};

void flow_run_done(struct flow_run *r);

/* Why it has to run: "new", "changed" or "failed before"; NULL: it has run as it is. */
const char *flow_run_why(const struct flow_run *last, const char *hash);

/* `out` has room for `count`; known is false where there is no record. */
int flow_runs_read(
    struct engine_context *c,
    const char *const *services,
    size_t count,
    struct flow_run *out,
    struct error *err);

/* `reason` NULL for a run that ended well. */
int flow_run_write(
    struct engine_context *c,
    const struct plan_once *o,
    const char *task,
    int exit_code,
    const char *reason,
    struct error *err);

/* Removes the records of all services but those in `keep`; count 0 = all. */
int flow_runs_prune(
    struct engine_context *c, const char *const *keep, size_t count, struct error *err);
