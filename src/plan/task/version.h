/* Which version of a service a plan deploys (version.c). */
#pragma once

#include "plan/common/context.h"

/* 16 hex digits that change whenever the service's tasks do. malloc'd; fails as
 * plan_task_definition() does. */
int plan_version_hash(struct plan_ctx *c, const struct plan_service *s, char **out);

/* The deployment's id that the service carries: of the deployed template while the hash is the
 * same, else this deployment's. */
const char *
plan_version_deployment(const struct plan_ctx *c, const struct plan_service *s, const char *hash);

/* Notes the service in the template's metadata, for the next plan and for status. */
void plan_version_note(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, const char *hash);
