/* A service's task definition (taskdef.c). */
#pragma once

#include "base/str.h"
#include "plan/common/context.h"

/* Properties of AWS::ECS::TaskDefinition for a container service with all its sidecars. `*out` is
 * the caller's, also when an error is returned (NULL, or as far as it came). */
int plan_task_definition(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t **out);

/* Appends a line for each config that the task's containers draw from, with what marks its value
 * (plan_config_mark): a config that is set anew is a new task. */
void plan_task_configs(struct plan_ctx *c, const struct plan_service *s, struct str *out);
