/* A container's variables (environment.c). */
#pragma once

#include "plan/common/context.h"

/* Entries of a container's Environment and Secrets, sorted by name; both are the caller's and may
 * be empty. Names of services in values are rewritten. */
void plan_environment(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *deployment,
    json_t **environment,
    json_t **secrets);

/* The ARN of the parameter that holds this config value. A new Fn::Sub. */
json_t *plan_config_arn(const struct plan_ctx *c, const char *name);

/* The ARN of a parameter by its whole name, "/Defang/…". A new Fn::Sub. */
json_t *plan_parameter_arn(const char *parameter);
