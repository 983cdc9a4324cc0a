/* Services with GPUs, which run on instances of the account and not on Fargate: how many GPUs a
 * task has and what instance carries it (gpu_size.c), and the instances themselves (gpu.c). */
#pragma once

#include "plan/common/context.h"

/* ---- sizes (gpu_size.c) ---- */

struct plan_machine {
    const char *type;
    unsigned gpus;
    double vcpus, memory_gib;
};

/* GPUs that the container asks for; -1: all there are. */
int plan_service_gpus(const struct plan_service *s);

/* Whether the service's tasks run on instances. */
bool plan_on_instances(const struct plan_view *v, const struct plan_service *s);

/* The instance type that deploy.placement.constraints names ([node.machine == …]), and where; NULL
 * when it names none. `pos` may be NULL. */
const char *plan_machine_wish(const struct plan_service *s, struct yaml_pos *pos);
bool plan_machine_known(const char *type);

/* The cheapest instance that carries the service's task; NULL: none does. */
const struct plan_machine *plan_machine(const struct plan_view *v, const struct plan_service *s);

/* GPUs of the container on the instance of its task: as many as it asks for, or all. */
unsigned plan_machine_gpus(const struct plan_view *v, const struct plan_service *container);

/* MiB of the service's task: as said, else its GPUs' part of the instance. */
unsigned plan_machine_memory(const struct plan_view *v, const struct plan_service *s);

/* ---- instances (gpu.c) ---- */

/* Adds the instances of all services that need some; pushes Refs of their capacity providers. */
void plan_capacity(struct plan_ctx *c, json_t *providers);

/* Changes the properties of a task definition, and adds to a container's, what instances take
 * otherwise than Fargate. The second does nothing where the container has no GPU. */
void plan_gpu_task(const struct plan_ctx *c, const struct plan_service *s, json_t *task);
void plan_gpu_container(const struct plan_ctx *c, const struct plan_service *s, json_t *container);
