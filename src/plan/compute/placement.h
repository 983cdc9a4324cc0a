/* Where a service's tasks run: the cluster, and the network (placement.c). */
#pragma once

#include "plan/common/context.h"

/* Ref, or the name of the project's own cluster; a new reference. */
json_t *plan_cluster_ref(const struct plan_ctx *c);

/* The same as it stands inside Fn::Sub: "${Cluster}", or the name. */
const char *plan_cluster_sub(const struct plan_ctx *c);

/* NetworkConfiguration of an ECS service, or of a task that is run. `public`: in public subnets. A
 * new reference. */
json_t *plan_service_network(const struct plan_ctx *c, const struct plan_service *s, bool public);
