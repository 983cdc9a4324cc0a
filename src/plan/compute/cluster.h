/* The project's ECS cluster and its log groups (cluster.c). */
#pragma once

#include "plan/common/context.h"

/* Cluster, its capacity providers, and the output ClusterName. */
void plan_cluster(struct plan_ctx *c);

/* LogGroupBuilds, LogGroupEcs, LogGroupLogs, and the rule that writes ECS events into the second.
 */
void plan_logs(struct plan_ctx *c);
