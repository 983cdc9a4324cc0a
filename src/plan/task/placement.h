/* Where in the network a service's tasks run (placement.c). */
#pragma once

#include "plan/context.h"

/* NetworkConfiguration of an ECS service, or of a task that is run. `public`: in public subnets. A
 * new reference. */
json_t *plan_service_network(const struct plan_ctx *c, const struct plan_service *s, bool public);
