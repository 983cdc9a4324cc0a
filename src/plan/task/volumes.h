/* Named volumes on EFS (volumes.c). */
#pragma once

#include "plan/context.h"

void plan_view_volumes(
    struct arena *a,
    const struct compose_project *p,
    struct plan_view *v); /* part of plan_view_make */
const struct plan_volume *plan_volume_get(const struct plan_view *v, const char *name); /* NULL */
const char *
plan_volume_option(const struct plan_volume *v, const char *key); /* of driver_opts; NULL */
bool plan_mounts_volume(const struct compose_service *s, const char *volume, bool writing);
/* Two tasks at once would write the same files where one is meant to: the old one stops before the
 * new one starts, as in Compose. */
bool plan_stops_first(const struct plan_view *v, const struct plan_service *s);
void plan_volumes(struct plan_ctx *c);
json_t *plan_volume_definition(
    const struct plan_ctx *c,
    const struct plan_volume *v,
    const char *name); /* of a task definition's Volumes */
void plan_depend_on_volumes(
    struct plan_ctx *c, const struct plan_service *s, const char *logical_id);
void plan_volume_statements(
    struct plan_ctx *c, const struct plan_service *s, json_t *statements); /* for the task role */
