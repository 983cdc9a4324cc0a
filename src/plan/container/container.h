/* One container of a task (container.c). */
#pragma once

#include "plan/common/context.h"

/* An entry of ContainerDefinitions for the service or sidecar `s`. The volumes that it mounts are
 * added to `task`, the properties of its task definition. `*out` is the caller's; ERR_FAILED when
 * the service's image is not there yet, and then NULL. */
int plan_container_definition(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *deployment,
    json_t *task,
    json_t **out);
