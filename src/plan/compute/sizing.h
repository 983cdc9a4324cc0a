/* What the containers of a task ask for together. The size that Fargate makes of it is
 * plan_fargate_size() in plan/plan.h, the instance that carries it is gpu.h's. */
#pragma once

#include "plan/view/view.h"

/* Sums over the containers of s's task: vCPUs, and memory in MiB. 0 where none of them says. */
void plan_task_needs(
    const struct plan_view *v, const struct plan_service *s, double *vcpus, double *memory_mib);

/* GiB of disk that the task's containers ask for together, rounded up; 0: none asks. */
unsigned plan_task_storage(const struct plan_view *v, const struct plan_service *s);

/* storage_opt.size in GiB, 0 when it is not said; false when it is no size. */
bool plan_storage_size(const struct compose_service *s, double *gib);
