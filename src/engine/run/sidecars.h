/* Private to the room. */
#pragma once

#include "engine/run/status_reader.h"

/* Adds a row for each sidecar of `service`. `containers`: of its task definition as deployed. No
 * call for a service without sidecars. */
int sidecars_read(
    struct status_reader *r,
    const char *service,
    const char *service_arn,
    const json_t *containers,
    struct error *err);
