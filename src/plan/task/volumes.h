/* Named volumes on EFS (volumes.c). */
#pragma once

#include "plan/context.h"

void plan_volumes(struct plan_ctx *c);
json_t *plan_volume_definition(
    const struct plan_ctx *c,
    const struct plan_volume *v,
    const char *name); /* of a task definition's Volumes */
void plan_depend_on_volumes(
    struct plan_ctx *c, const struct plan_service *s, const char *logical_id);
void plan_volume_statements(
    struct plan_ctx *c, const struct plan_service *s, json_t *statements); /* for the task role */
