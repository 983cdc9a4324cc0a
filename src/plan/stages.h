/* Services that run once and end, and the stages of a deployment that they part. */
#pragma once

#include "plan/graph/graph.h"
#include "plan/request.h"

/* A one-off is a task definition without an ECS service. The engine runs a task of it when
 * its hash is not that of the last run that succeeded; then it is `pending`, and what depends on it
 * comes in a later stage. Stages 1 … count: the last one is the whole (plan_request.stage 0).
 * One-offs of a stage run after it. */
struct plan_once {
    const char *service, *hash; /* hash: of all that makes the container */
    const char *output;         /* of the template: JSON {"cluster", "taskDefinition", "container",
                                   "assignPublicIp", "securityGroups", "subnets"} */
    unsigned stage;             /* after which it runs; 0: it does not run in this deployment */
    int64_t timeout_ms;         /* after which it is stopped */
    bool optional;              /* those who wait for it do so with required: false */
    const char **before;
    size_t before_count; /* who waits for it */
};

#define PLAN_ONCE_TIMEOUT_MS (60LL * 60 * 1000) /* where the file says none */

struct plan_stages {
    struct plan_once *once;
    size_t once_count;
    unsigned count;
};

/* `whole` is the graph of r with stage 0; in `arena`. Sorted by service; one-offs without a replica
 * are left out: they never run. */
void plan_stages(
    struct arena *arena,
    const struct plan_request *r,
    const struct graph *whole,
    struct plan_stages *out);
