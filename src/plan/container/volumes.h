/* Named volumes on EFS (volumes.c). Which there are and who mounts them is the view's
 * (plan/view.h). */
#pragma once

#include "plan/common/context.h"

/* File systems, mount targets, access points, and the security group that lets the app in. After
 * the network and its security groups. */
void plan_volumes(struct plan_ctx *c);

/* An entry `name` of a task definition's Volumes. A new reference. */
json_t *
plan_volume_definition(const struct plan_ctx *c, const struct plan_volume *v, const char *name);

/* Whoever mounts a volume waits for its mount targets. */
void plan_depend_on_volumes(
    struct plan_ctx *c, const struct plan_service *s, const char *logical_id);

/* Pushes a statement of the task's role for each volume that its containers mount. */
void plan_volume_statements(struct plan_ctx *c, const struct plan_service *s, json_t *statements);
