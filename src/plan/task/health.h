/* Health checks (healthcheck.c). */
#pragma once

#include "data/object.h"
#include "plan/plan.h"

struct plan_health_url {
    char path[340];
    unsigned port;
    bool found;
};

/* From a healthcheck's test: the last argument that holds a loopback URL wins, per field. Defaults
 * "/", 80. */
void plan_health_url(const char *const *test, size_t count, struct plan_health_url *out);

struct plan_health_timing {
    unsigned interval, timeout, healthy, unhealthy;
};

void plan_target_group_timing(
    const struct plan_settings *s,
    const struct compose_healthcheck *h,
    struct plan_health_timing *out);
bool plan_has_health(const struct compose_healthcheck *h);
json_t *plan_container_health(const struct compose_healthcheck *h); /* NULL when it has none */
