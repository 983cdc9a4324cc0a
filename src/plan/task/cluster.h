/* The project's ECS cluster and its log groups (cluster.c). */
#pragma once

#include "plan/context.h"

/* Ref, or the name of the project's own cluster; a new reference. */
json_t *plan_cluster_ref(const struct plan_ctx *c);

/* The same as it stands inside Fn::Sub: "${Cluster}", or the name. */
const char *plan_cluster_sub(const struct plan_ctx *c);

/* Cluster, its capacity providers, and the output ClusterName. */
void plan_cluster(struct plan_ctx *c);

/* LogGroupBuilds, LogGroupEcs, LogGroupLogs, and the rule that writes ECS events into the second.
 */
void plan_logs(struct plan_ctx *c);
