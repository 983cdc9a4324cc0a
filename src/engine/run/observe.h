/* ECS while an apply runs: what each service does, and why a task of this deployment stopped, read
 * before a roll back takes it away. */
#pragma once

#include "engine/context.h"

struct flow_observer;

/* Begins to look, in a fiber of its own. Borrows c and g until it is stopped. */
struct flow_observer *flow_observe_start(struct engine_context *c, const struct graph *g);

/* Lets it look once more, ends it, and hands over what it gathered; frees. `failure` NULL: nobody
 * asks, it ends at once. `o` may be NULL. */
void flow_observe_stop(struct flow_observer *o, struct engine_failure *failure);

/* Waits until every service of the graph is steady, or one failed (ERR_CLOUD, the reason in
 * `failure`), or ERR_TIMEOUT. */
int flow_observe_steady(
    struct engine_context *c,
    const struct graph *g,
    int64_t timeout_ms,
    struct engine_failure *failure,
    struct error *err);
