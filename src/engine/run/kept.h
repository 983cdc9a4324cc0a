/* What was kept of a deployment that failed, as lines of a log. */
#pragma once

#include "base/vec.h"
#include "engine/run/logs.h"

/* What daemon/jobs/evidence.c put into the account's bucket. *doc: new; NULL when there is none, or
 * no bucket. ERR_FAILED when it is none of ours. */
int kept_fetch(struct engine_context *c, const char *deployment, json_t **doc, struct error *err);

struct kept_lines {
    struct engine_log *items;
    size_t len, cap;
};

/* Those of the items that `q` asks for; without kinds (no run, build or ecs named: `any_kind`) all.
 * Into `arena`, in which all texts are copied. */
void kept_lines_of(
    struct arena *arena,
    const json_t *items,
    const struct flow_log_query *q,
    bool any_kind,
    struct kept_lines *out);

/* "deployment  ROLLED_BACK: service api failed: …" */
void kept_lines_end(
    struct arena *arena,
    const char *state,
    const char *message,
    int64_t ended_ms,
    struct kept_lines *out);

void kept_lines_done(struct kept_lines *l);
