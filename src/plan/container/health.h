/* Health checks (healthcheck.c): what a service's healthcheck becomes for the load balancer, and
 * for ECS. */
#pragma once

#include "data/json.h"
#include "plan/plan.h"

/* ---- for the load balancer ---- */

/* Seconds; numbers of checks in a row. */
struct plan_health_timing {
    unsigned interval, timeout, healthy, unhealthy;
};

void plan_target_group_timing(
    const struct plan_settings *s,
    const struct compose_healthcheck *h,
    struct plan_health_timing *out);

/* ---- for ECS ---- */

bool plan_has_health(const struct compose_healthcheck *h);

/* HealthCheck of a container definition; NULL when it has none. */
json_t *plan_container_health(const struct compose_healthcheck *h);
