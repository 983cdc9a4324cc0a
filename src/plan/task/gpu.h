/* Services with GPUs, which run on instances (gpu_size.c, gpu.c). */
#pragma once

#include "plan/context.h"

struct plan_machine {
    const char *type;
    unsigned gpus;
    double vcpus, memory_gib;
};

int plan_service_gpus(
    const struct plan_service *s); /* that the container asks for; -1: all there are */
bool plan_on_instances(
    const struct plan_view *v, const struct plan_service *s); /* its tasks do not run on Fargate */
const struct plan_machine *plan_machine(
    const struct plan_view *v,
    const struct plan_service *s); /* the cheapest that carries its task; NULL: none does */
const char *plan_machine_wish(
    const struct plan_service *s,
    struct yaml_pos
        *pos); /* deploy.placement.constraints: [node.machine == …]; NULL. pos may be NULL */
bool plan_machine_known(const char *type);
unsigned plan_machine_gpus(const struct plan_view *v, const struct plan_service *container);
unsigned plan_machine_memory(
    const struct plan_view *v,
    const struct plan_service
        *s); /* MiB of its task: as said, else its GPUs' part of the instance */
void plan_capacity(struct plan_ctx *c, json_t *providers); /* pushes their capacity providers */
void plan_gpu_task(const struct plan_ctx *c, const struct plan_service *s, json_t *task);
void plan_gpu_container(const struct plan_ctx *c, const struct plan_service *s, json_t *container);
