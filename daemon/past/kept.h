/* What is known of a deployment that somebody asks the log of: from this machine's store, else from
 * the account's bucket. */
#pragma once

#include "daemon/verb.h"
#include "engine/run/kept.h"
#include "engine/run/logs.h"

struct kept {
    bool known; /* here or in the account */
    int64_t begun_ms, ended_ms;
    struct kept_lines lines; /* texts in the project's arena */
    struct error why;        /* the account could not be asked */
};

/* Whatever is asked of a deployment that this machine knows is asked of its own project, stack and
 * region, wherever the shell stands: fills what `caller` leaves open. Texts go into `arena`. */
void kept_place(
    struct verb_call *v, struct arena *arena, const char *deployment, Defang__Caller *caller);

/* Sets the query's window and kept lines to those of the deployment, when it has ended badly.
 * `any_kind`: no log type was named. `k` must outlive the query; kept_done() is due. */
int kept_find(
    struct verb_call *v,
    const char *deployment,
    bool any_kind,
    struct flow_log_query *q,
    struct kept *k,
    struct error *err);

void kept_done(struct kept *k);
